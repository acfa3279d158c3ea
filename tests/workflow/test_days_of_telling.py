"""When a due date is reminded of, near, and told of above: as the programme's version of the case sets it."""

from datetime import date, datetime, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from applications.models import Application, Programme
from applications.states import State
from tests import stages
from tests.world import World, programme
from workflow import sweeps, worklists
from workflow.models import Deadline


def at(day: str) -> datetime:
    return timezone.make_aware(datetime.combine(date.fromisoformat(day), time(9)))


def submitted(world: World, **values: Any) -> Deadline:
    """A case handed in on Monday 1 March: five working days, to Monday 8 March."""
    world.grain = programme(world.county, **values)
    case, _ = stages.reach(world, State.VILLAGE_REVIEW)
    due = Deadline.objects.get(application=case)
    assert due.due_on == date(2021, 3, 8)
    return due


def test_without_a_word_from_the_programme_it_is_as_it_always_was(world: World) -> None:
    due = submitted(world)
    assert (due.remind_on, due.near_on, due.escalate_on) == (
        date(2021, 3, 4),
        date(2021, 3, 4),
        date(2021, 3, 9),
    )


def test_each_programme_is_told_of_on_its_own_days(world: World) -> None:
    due = submitted(world, reminder_days=3, near_days=1, escalation_days=2)
    assert (due.remind_on, due.near_on, due.escalate_on) == (
        date(2021, 3, 3),
        date(2021, 3, 5),
        date(2021, 3, 11),
    )
    assert (sweeps.remind(now=at("2021-03-02")), sweeps.remind(now=at("2021-03-03"))) == (0, 1)
    assert (sweeps.escalate(now=at("2021-03-10")), sweeps.escalate(now=at("2021-03-11"))) == (0, 1)
    near = [Application.objects.filter(worklists.is_near(date(2021, 3, day))).count() for day in (4, 5, 8, 9)]
    assert near == [0, 1, 1, 0]
    over = [Application.objects.filter(worklists.is_over(date(2021, 3, day))).count() for day in (8, 9)]
    assert over == [0, 1]


def test_a_reminder_never_comes_before_the_term_and_nought_is_the_day_itself(world: World) -> None:
    assert submitted(world, reminder_days=20, near_days=20).remind_on == date(2021, 3, 1)
    due = submitted(world, reminder_days=0, near_days=0)
    assert due.remind_on == due.near_on == due.due_on


@pytest.mark.parametrize("name", ["reminder_days", "near_days", "escalation_days"])
def test_more_than_twenty_days_are_refused_with_a_sentence(world: World, name: str) -> None:
    made: Programme = world.grain
    setattr(made, name, 21)
    with pytest.raises(ValidationError) as refused:
        made.clean_fields()
    (sentence,) = refused.value.message_dict[name]
    assert sentence.startswith("最")
    assert sentence.endswith("。")
    setattr(made, name, 20)
    made.clean_fields()
