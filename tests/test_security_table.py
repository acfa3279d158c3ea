"""The table of docs/security.md names tests that are there, and every security test that the project set itself."""

import ast
import re
from functools import cache

import pytest
from django.conf import settings

TEXT = (settings.BASE_DIR / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
LATER = {"S-08", "S-12", "S-15", "S-21", "S-22"}
"""Not met yet, or this table itself (S-21); S-12 are the three administrators."""


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((settings.BASE_DIR / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_table_names_is_there(path: str, name: str) -> None:
    assert (settings.BASE_DIR / path).exists(), path
    assert name in functions_of(path)


def test_every_requirement_stands_in_the_table_or_among_what_is_left() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| S-")]
    met = {row.split()[1] for row in rows}
    assert met | LATER == {f"S-{number:02d}" for number in range(1, 23)}
    assert met & LATER == set()
    assert all("`tests/" in row for row in rows)
    assert len(NAMED) > 40


def test_a_test_that_is_not_there_would_be_noticed() -> None:
    assert "test_of_nothing" not in functions_of("tests/test_security_table.py")
