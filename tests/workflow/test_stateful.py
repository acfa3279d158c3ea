"""Any verbs in any order by anybody: each is done or refused, and after each everything agrees."""

import os

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from applications.models import Application
from applications.states import State
from tests import stages
from tests.workflow import invariants, machine
from tests.world import World
from workflow.models import (
    ObjectionOutcome,
    Posting,
    PostingEntry,
    PostingKind,
)

EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "100" if connection.vendor == "sqlite" else "30"))
"""Sequences a run tries; fewer on PostgreSQL, where each takes longer; STATEFUL_EXAMPLES=1000 for what R-01 asks."""

STEPS = 15
START = (
    State.VILLAGE_REVIEW,
    State.VILLAGE_POSTING,
    State.TOWNSHIP_REVIEW,
    State.DISTRICT_REVIEW,
    State.ANNOUNCEMENT,
)


def test_whatever_is_done_in_whatever_order_everything_agrees(world: World) -> None:
    moments = []
    for state in START:
        _, moment = stages.reach(world, state)
        moments.append(moment)
    households = [world.household() for _ in range(3)]
    assert connection.in_atomic_block
    run_state_machine_as_test(
        lambda: machine.Township(world, households, max(moments) - world.now),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    assert Application.objects.count() == len(START)


LATER: dict[tuple[State, ObjectionOutcome], State] = {
    (State.DISTRICT_REVIEW, ObjectionOutcome.NOT_UPHELD): State.DISTRICT_REVIEW,
    (State.DISTRICT_REVIEW, ObjectionOutcome.CORRECTED): State.DISTRICT_CORRECTION,
    (State.DISTRICT_REVIEW, ObjectionOutcome.CANCELLED): State.REJECTED,
    (State.ANNOUNCEMENT, ObjectionOutcome.NOT_UPHELD): State.ANNOUNCEMENT,
    (State.ANNOUNCEMENT, ObjectionOutcome.CORRECTED): State.DISTRICT_REVIEW,
    (State.ANNOUNCEMENT, ObjectionOutcome.CANCELLED): State.REJECTED,
    (State.ANNOUNCED, ObjectionOutcome.NOT_UPHELD): State.ANNOUNCED,
    (State.ANNOUNCED, ObjectionOutcome.CORRECTED): State.ANNOUNCED,
    (State.ANNOUNCED, ObjectionOutcome.CANCELLED): State.ANNOUNCED,
}


@pytest.mark.parametrize(("state", "outcome"), LATER, ids=[f"{state}, {end}" for state, end in LATER])
def test_the_village_decides_a_late_objection_wherever_its_case_is_by_then(
    world: World, state: State, outcome: ObjectionOutcome
) -> None:
    case, moment = stages.reach(world, state)
    objection = stages.lodged(world, case, Posting.objects.get(kind=PostingKind.VILLAGE), now=moment)
    assert stages.decided(objection, outcome, by=world.clerk, now=moment).done
    assert stages.again(case).state == LATER[state, outcome]
    assert invariants.faults() == []


@pytest.mark.parametrize("state", START)
def test_what_must_hold_does_hold_at_the_start(world: World, state: State) -> None:
    stages.reach(world, state)
    assert invariants.faults() == []


def test_what_must_hold_is_seen_to_be_broken_where_it_is(world: World) -> None:
    case, _ = stages.reach(world, State.ANNOUNCED)
    PostingEntry.objects.filter(application=case, level=PostingKind.TOWNSHIP).update(amount=1)
    other, at = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [other], kind=PostingKind.VILLAGE, now=at)
    assert invariants.faults() == [f"{case.number}: announced without a covering posting at township"]
    PostingEntry.objects.filter(posting=posting).update(outcome="removed")
    found = invariants.faults()
    assert f"{posting.pk}: a displayed sheet without an entry" in found
    assert any("0 open due dates in village_posting" in fault for fault in found)
