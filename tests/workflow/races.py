"""Running acts side by side: threads that start together, and a database that several connections can share."""

import sqlite3
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from applications import history
from applications.models import Application
from applications.states import State
from notifications.models import Message
from registry.refusal import Refused
from tests import stages
from tests.world import World
from workflow import (
    consistency,
    reviews,
)
from workflow.models import (
    Decision,
    Posting,
    PostingKind,
)
from workflow.results import Ref, Result

ON_POSTGRESQL = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="the configured database is not PostgreSQL: set DATABASE_URL, as CI does in its second run",
    ),
]
"""Marks of tests that need several writers at a time."""

ON_SQLITE = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the configured database is not SQLite"),
]

PATIENCE = 240
"""Seconds after which a thread that has not come back is a fault."""

Outcome = Any
"""What an act answered, or the exception it raised."""


def together(acts: Sequence[Callable[[], Any]]) -> list[Outcome]:
    """Start all acts at the same moment, each in a thread with a connection of its own."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Outcome:
        try:
            gate.wait(PATIENCE)
            return act()
        except Exception as failure:
            return failure
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(run, act) for act in acts]]


def tally(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many were done, how many refused with a sentence; anything else stands under its own name."""
    found: dict[str, int] = {}
    for outcome in outcomes:
        word = _word(outcome)
        found[word] = found.get(word, 0) + 1
    return found


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Refused):
        return "refused"
    if isinstance(outcome, Exception):
        return f"{type(outcome).__name__}: {outcome}".splitlines()[0]
    results = outcome if isinstance(outcome, list) else [outcome]
    done = all(result.done if isinstance(result, Result) else True for result in results)
    plain = all(result.sentence for result in results if isinstance(result, Result) and not result.done)
    return "done" if done else ("refused" if plain else "refused without a sentence")


def unexpected(outcomes: Sequence[Outcome]) -> list[str]:
    """Every exception that is not a refusal: deadlocks, locked databases, broken constraints."""
    return [
        f"{type(outcome).__name__}: {outcome} {[frame.name for frame in traceback.extract_tb(outcome.__traceback__)]}"
        for outcome in outcomes
        if isinstance(outcome, Exception) and not isinstance(outcome, Refused)
    ]


@contextmanager
def on_file(path: Path) -> Iterator[Path]:
    """Let this process work on a copy of its in-memory SQLite database in a file, as an installation does.

    Threads and other processes open connections of their own to the file. The database in memory stays untouched.
    """
    assert connection.vendor == "sqlite"
    connection.ensure_connection()
    memory, name = connection.connection, connection.settings_dict["NAME"]
    memory.execute("VACUUM INTO ?", [str(path)])
    connection.connection = None
    connection.settings_dict["NAME"] = str(path)
    try:
        yield path
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
        connection.connection = memory


def journal(path: Path) -> str:
    """The journal mode of a database file."""
    with sqlite3.connect(path) as file:
        mode: str = file.execute("PRAGMA journal_mode").fetchone()[0]
    return mode


def assert_clean() -> None:
    assert list(consistency.faults()) == []
    for case in Application.objects.all():
        assert history.faults(case) == []


def assert_one_decision(case: Application, outcomes: list[Outcome], *, act: str, lines: int = 1) -> None:
    """One was done and all others refused in plain words; what was written was written once."""
    assert tally(outcomes) == {"done": 1, "refused": len(outcomes) - 1}
    assert Decision.objects.filter(application=case, act=act).count() == 1
    assert case.history.filter(act=act).count() == lines
    assert Message.objects.filter(event="to_post").values("fact").distinct().count() == 1
    recipients = Message.objects.filter(event="to_post").values_list("recipient", flat=True)
    assert len(recipients) == len(set(recipients)) == 2
    assert_clean()


def pass_village(world: World, ref: Ref, *, key: str | None = None) -> Callable[[], list[Result]]:
    return lambda: reviews.pass_on([ref], by=world.clerk, now=world.now, key=key)


def on_display(world: World) -> tuple[Application, Posting, datetime]:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    return stages.again(case), posting, stages.after(posting)
