"""Hostile files at every door: refused or nothing but a picture, in little time and little memory (S-13)."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from tests.applications.hostile import HARMLESS, READ, all_files

pytestmark = pytest.mark.any_database

FILES = all_files()
SECONDS, MEGABYTES = 10, 300
"""Two seconds are wanted of a machine that does nothing else; five times as many fail here. The memory is exact."""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What became of each file, in a fork of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.applications.hostile_child"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": "sqlite://:memory:"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return {one["name"]: one for one in map(json.loads, done.stdout.splitlines())}


def test_the_table_is_long_enough_and_each_file_has_its_own_name() -> None:
    names = [f"{file.name}, {file.door}" for file in FILES]
    assert len(set(names)) == len(names)
    assert len({file.name for file in FILES}) >= 60
    assert {file.name for file in FILES if file.outcome == READ} == set(HARMLESS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.name}, {file.door}")
def test_a_hostile_file_is_refused_or_kept_as_nothing_but_a_picture(told: dict[str, Any], file: Any) -> None:
    one = told[f"{file.name}, {file.door}"]
    assert one["outcome"] == file.outcome, one
    assert one["megabytes"] <= MEGABYTES, one
    assert one["seconds"] <= SECONDS, one
