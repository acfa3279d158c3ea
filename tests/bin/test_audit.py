"""The audit of the pins says what it found, what nobody knew, and when nobody could be asked."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from bin import audit

FAULTY = {"dependencies": [{"name": "django", "version": "2.0", "vulns": [{"id": "PYSEC-1"}]}]}
EMPTY = {"dependencies": [{"name": "django", "version": "2.0", "vulns": []}]}
UNKNOWN: dict[str, Any] = {"dependencies": [{"name": "django", "skip_reason": "not found on PyPI"}]}
CLEAN = {"dependencies": [{"name": "celery", "version": "5.7.0", "vulns": []}]}


def answering(monkeypatch: pytest.MonkeyPatch, canary: Any, pins: Any = CLEAN) -> list[str]:
    """A service that answers so for the canary and for the pins; what it was asked, as text."""
    asked: list[str] = []

    def ask(service: str, requirements: Path) -> Any:
        asked.append(requirements.read_text(encoding="utf-8"))
        return canary if audit.CANARY in asked[-1] else pins

    monkeypatch.setattr(audit, "ask", ask)
    return asked


@pytest.mark.parametrize("canary", ["no route to host", EMPTY, UNKNOWN], ids=["silent", "ignorant", "empty"])
def test_a_service_that_does_not_know_the_canary_was_not_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], canary: Any
) -> None:
    asked = answering(monkeypatch, canary)
    assert audit.main() == audit.NOT_ASKED
    assert "NOT CHECKED: no vulnerability service could be asked" in capsys.readouterr().out
    assert len(asked) == len(audit.SERVICES), "of the pins nothing was asked"


@pytest.mark.parametrize(
    ("pins", "code", "said"),
    [
        (CLEAN, 0, "0 known faults"),
        (FAULTY, audit.FOUND, "django 2.0: PYSEC-1"),
        (UNKNOWN, audit.FOUND, "NOT CHECKED, unknown to the service: django"),
        ("gone away", audit.NOT_ASKED, "NOT CHECKED: pypi answered for the canary only"),
    ],
    ids=["clean", "faulty", "unknown", "silent"],
)
def test_what_the_service_says_is_what_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pins: Any, code: int, said: str
) -> None:
    answering(monkeypatch, FAULTY, pins)
    assert audit.main() == code
    assert said in capsys.readouterr().out


def test_every_pin_of_both_files_is_asked_about() -> None:
    lines = audit.pinned().splitlines()
    assert "Django==5.2.19" in lines
    assert any(line.startswith("pytest==") for line in lines)
    assert not [line for line in lines if "#" in line or line.startswith("-")]


def test_the_stage_does_not_take_silence_for_a_pass() -> None:
    text = (audit.ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert f"NOT_ASKED={audit.NOT_ASKED}" in text
    assert 'stage "known faults of pins" known_faults' in text
    assert 'verdict="NOT CHECKED"' in text


@pytest.mark.parametrize(
    ("unchecked", "failed", "last", "code"),
    [
        ("(audit)", "()", "NOT CHECKED: audit; ", 0),
        ("(audit)", "(lint)", "NOT CHECKED: audit; ", 1),
        ("()", "(lint)", "failed: lint; ", 1),
        ("()", "()", "total ", 0),
    ],
)
def test_what_was_not_checked_is_the_last_thing_said(
    unchecked: str, failed: str, last: str, code: int
) -> None:
    text = (audit.ROOT / ".ci" / "run").read_text(encoding="utf-8")
    parts = [text[text.index(f"{name}() {{") :] for name in ("say", "minutes", "finish")]
    functions = [parts[0].splitlines()[0], parts[1].splitlines()[0], parts[2][: parts[2].index("\n}") + 2]]
    script = f"rows=(); unchecked={unchecked}; failed={failed}; began=0; BUDGET_MINUTES=45\n"
    done = subprocess.run(
        ["bash", "-c", script + "\n".join(functions) + "\nfinish"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1].startswith(last)
    assert done.returncode == code
