"""R-03, R-04 and R-05 with real processes: many at one case, and one form many times."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults import contention, injector, system
from tests.faults.system import System, Template

pytestmark = pytest.mark.broker

PEOPLE, PROCESSES = 50, 8
Town = tuple[System, dict[str, Any]]


def times(town: Town, full: int) -> int:
    """As often as R-03 to R-05 ask on PostgreSQL, where two may write at once; a tenth of it on SQLite, where the
    second waits for the first, whatever they do."""
    return full if town[0].database else full // 10


@pytest.fixture(scope="module")
def town(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Web alone: nobody needs waking here."""
    with template.copy(tmp_path_factory.mktemp("contests") / "system") as running:
        facts = injector.laid_out(running, ready=2, households=202)
        running.start("web")
        system.until(running.answers, seconds=system.STARTING, what="the web answers")
        yield running, facts


def test_of_fifty_browsers_one_decides_and_forty_nine_read_409(town: Town) -> None:
    """As many of a hundred rounds as fit; how long the answers take is looked at by `make faults` alone."""
    seconds = 25 if town[0].database else 5
    contest = contention.approvers_over_http(*town, threads=PEOPLE, rounds=100, seconds=seconds)
    assert len(contest.rounds) >= 2
    assert contest.wrong({"302": 1, "409": PEOPLE - 1}) == []


def test_a_form_loaded_before_the_case_was_changed_is_refused_a_hundred_times(town: Town) -> None:
    assert contention.stale_forms(*town, times=times(town, 100)) == []


def test_of_eight_processes_one_decides_a_hundred_times(town: Town) -> None:
    rounds = times(town, 100)
    contest = contention.approvers_in_processes(*town, processes=PROCESSES, rounds=rounds)
    assert len(contest.rounds) == rounds
    assert contest.wrong({"done": 1, "conflict": PROCESSES - 1}) == []


def test_without_the_guards_the_eight_processes_are_seen_to_collide(town: Town) -> None:
    running, facts = town
    if not running.database:
        pytest.skip("SQLite lets one writer in at a time: there the lock is the database's, not the engine's")
    contest = contention.approvers_in_processes(
        running, facts, processes=PROCESSES, rounds=1, options=["unguarded"]
    )
    assert contest.wrong({"done": 1, "conflict": PROCESSES - 1}) != []


def test_one_entry_sent_by_twenty_at_once_is_one_case(town: Town) -> None:
    assert contention.same_key(*town, keys=1, times=20, threads=20, seed=1) == (1, [])


def test_two_hundred_entries_sent_five_times_each_are_two_hundred_cases(town: Town) -> None:
    keys = times(town, 200)
    assert contention.same_key(*town, keys=keys, times=5, threads=8, seed=2) == (keys, [])
