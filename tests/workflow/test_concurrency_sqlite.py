"""Several writers on one SQLite file: each waits for its turn, and nobody is told that the database is locked."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from applications.models import Application
from tests import stages
from tests.workflow import races
from tests.world import MU, World
from workflow import (
    intake,
    sweeps,
)
from workflow.results import Ref, Result

pytestmark = races.ON_SQLITE


@pytest.fixture
def sqlite_file(transactional_db: None, tmp_path: Path) -> Iterator[Path]:
    with races.on_file(tmp_path / "race.sqlite3") as path:
        yield path


def test_on_sqlite_eight_deciding_one_case_make_one_decision_and_no_locked_database(
    sqlite_file: Path, world: World
) -> None:
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    case = stages.submitted(world)
    outcomes = races.together([races.pass_village(world, Ref.of(case))] * 8)
    races.assert_one_decision(case, outcomes, act="pass_village_review")
    assert (
        races.journal(sqlite_file)
        == connection.settings_dict["OPTIONS"]["init_command"].rsplit("=")[-1].strip(";").lower()
    )


def test_on_sqlite_eight_times_the_same_form_answer_with_the_first_result(
    sqlite_file: Path, world: World
) -> None:
    case, key = stages.submitted(world), uuid4().hex
    outcomes = races.together([races.pass_village(world, Ref.of(case), key=key)] * 8)
    assert outcomes == [[Result(case.pk, case.number, True)]] * 8
    races.assert_clean()


def test_on_sqlite_writers_side_by_side_wait_for_their_turn(sqlite_file: Path, world: World) -> None:
    cases = [stages.submitted(world) for _ in range(8)]
    on = timezone.localdate(world.now)
    forms = [intake.Form(world.grain, world.household(), MU, on, committed=True) for _ in range(8)]
    outcomes = races.together(
        [races.pass_village(world, Ref.of(case)) for case in cases[:4]]
        + [lambda form=form: intake.enter(form, by=world.clerk, now=world.now) for form in forms]
        + [lambda: sweeps.run(now=world.now)] * 2
    )
    assert races.tally(outcomes) == {"done": 14}
    assert Application.objects.count() == 16
    races.assert_clean()
