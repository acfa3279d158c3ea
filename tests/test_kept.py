"""What is put back from memory is what was made; what is written beside it is noticed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from applications.models import Application
from applications.states import State
from registry.models import Household
from tests import kept, stages
from tests.workflow.year import undone
from tests.world import World, programme
from workflow import consistency
from workflow.models import DisplayPhoto


@pytest.fixture(autouse=True)
def nothing_kept(db: None) -> None:
    kept.WAY.kept.clear()
    kept.lose()


def twice(make: Callable[[], Any]) -> tuple[Any, Any, dict[kept.Table, kept.Rows]]:
    """Make, undo, put back: what was given first and then, and the rows, which are the same both times."""
    with undone():
        first, made = make(), kept._rows()
    assert kept._rows() != made
    with asked() as statements:
        again = make()
        assert len(statements) < 5, "made by its verbs once more"
    assert kept._rows() == made
    return first, again, made


@contextmanager
def asked() -> Iterator[list[str]]:
    """The statements that ask, of which putting back has none."""
    seen: list[str] = []

    def see(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("SELECT"):
            seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(see):
        yield seen


def test_a_township_put_back_equals_the_one_that_was_laid_out() -> None:
    first, again, rows = twice(kept.world)
    assert sum(map(len, rows.values())) > 30
    assert again == first
    assert again.clerk is not first.clerk


@pytest.mark.parametrize("state", [State.VILLAGE_REVIEW, State.TOWNSHIP_POSTING, State.ANNOUNCED])
def test_a_case_put_back_equals_the_one_that_was_led_there(state: State) -> None:
    def led() -> tuple[World, Application, Application]:
        world = kept.world()
        kind = programme(world.county, quantity_unit="公里")
        one, moment = stages.reach(world, state)
        two, _ = stages.reach(world, State.TOWNSHIP_REVIEW, now=moment, programme=kind, quantity=Decimal(2))
        return world, one, two

    first, again, _ = twice(led)
    assert again == first
    assert again[1].state == state
    assert list(consistency.faults()) == []


def test_whoever_writes_in_between_gets_the_real_verbs(db: None) -> None:
    def changed(name: str) -> str:
        world = kept.world()
        household = world.household()
        Household.objects.filter(pk=household.pk).update(group=name)
        assert not kept.WAY.is_known
        return stages.reach(world, State.VILLAGE_REVIEW, household=household)[0].household.group

    with undone():
        assert changed("第八村民组") == "第八村民组"
    assert changed("第九村民组") == "第九村民组"


def test_what_is_rolled_back_is_not_taken_for_done() -> None:
    world = kept.world()
    with undone():
        stages.reach(world, State.VILLAGE_REVIEW)
    assert not kept.WAY.is_known
    stages.reach(world, State.VILLAGE_REVIEW)
    assert Application.objects.count() == 1


def test_a_file_that_a_test_removed_is_there_again() -> None:
    def shown() -> Path:
        world = kept.world()
        stages.reach(world, State.TOWNSHIP_REVIEW)
        photo = DisplayPhoto.objects.earliest("pk")
        return Path(photo.attachment.file.path)

    with undone():
        path = shown()
        content = path.read_bytes()
        path.write_bytes(b"another")
    assert shown() == path
    assert path.read_bytes() == content


def test_other_settings_get_the_real_verbs(settings: Any) -> None:
    world = kept.world()
    assert kept.WAY.is_known
    settings.PASSWORD_DAYS = 3
    assert not kept.WAY.is_known
    stages.reach(world, State.VILLAGE_REVIEW)
    assert len(kept.WAY.kept) == 1


def test_what_is_made_a_second_time_is_built_upon_anew(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many stages are kept: those that rest upon one that had to go fit no more."""
    with undone():
        stages.reach(kept.world(), State.TOWNSHIP_REVIEW)
    monkeypatch.setattr(kept, "MOST", len(kept.WAY.kept))
    for _ in range(2):
        kept.WAY.kept = {key: one for key, one in kept.WAY.kept.items() if "draft" not in str(key)}
        with undone():
            case, _ = stages.reach(kept.world(), State.TOWNSHIP_REVIEW)
            assert case.state == State.TOWNSHIP_REVIEW
            assert list(consistency.faults()) == []


def test_what_a_test_changed_in_memory_counts_and_does_not_outlive_it(db: None) -> None:
    with undone():
        world = kept.world()
        world.grain.name = "另一个名称〔示例〕"
        case = stages.draft(world)
        assert case.programme.name != world.grain.name
    world = kept.world()
    assert world.grain.name == "示例种植补助"
    before = len(kept.WAY.kept)
    stages.draft(world)
    assert world.grain.name == "示例种植补助"
    assert len(kept.WAY.kept) > before
