"""No unsound way to the announcement, no forward step under an open objection, no dead end: by looking everywhere."""

from collections.abc import Collection
from functools import cache

import pytest

from applications.machine import WrongState, transition_table
from applications.models import Application
from applications.standing import Standing
from applications.states import FINAL, LEVEL_OF, OPEN, Level, State
from registry.models import Role
from tests.workflow.law_table import FORWARD, call
from tests.workflow.law_walk import Facts, Machine, Step, Walk, stuck, walk
from workflow.models import Act
from workflow.permissions import role_for
from workflow.steps import CLOSE, STEPS

ENVIRONMENT = {"display", "take_down", "period ends", "objection", "not upheld", "amend"}


@cache
def real() -> Walk:
    return walk()


@cache
def staffed() -> Walk:
    """The walk in which another officer, who has not touched the case, is always at hand."""
    return walk(fresh=True)


def by_the_holder(facts: Facts, step: Step) -> bool:
    """An act that the role holding the case may do, and no withdrawal by the household."""
    if step.name == "lapse" or step.name not in Act.values or step.name == Act.WITHDRAW:
        return False
    return role_for(Act(step.name), facts.state) is STEPS[facts.state].role if facts.state in STEPS else True


def without_the_household(facts: Facts, step: Step) -> bool:
    return step.name not in (Act.WITHDRAW, Act.DISCARD)


def test_walk_is_not_empty_and_meets_every_state_and_every_transition() -> None:
    found = real()
    assert found.states == set(State)
    assert {step.name for steps in found.steps.values() for step in steps} == {
        *transition_table(),
        *ENVIRONMENT,
        "corrected",
        "cancelled",
    }
    assert len(found.steps) > 1000
    assert len(staffed().steps) > 500


def test_no_way_to_the_announcement_is_unsound() -> None:
    assert real().faults == set()


def test_every_open_case_can_be_ended_by_the_level_that_holds_it() -> None:
    ends = set(FINAL)
    assert stuck(staffed(), ends=ends, by=by_the_holder) == set()


def test_every_open_case_can_still_be_announced() -> None:
    assert stuck(staffed(), ends={State.ANNOUNCED}, by=without_the_household) == set()


def test_nothing_leaves_an_end_but_a_revocation() -> None:
    leaving = {
        (facts.state, step.name, step.after.state)
        for facts, steps in real().steps.items()
        if facts.state in FINAL
        for step in steps
    }
    assert leaving == {(State.ANNOUNCED, "revoke", State.REVOKED)}


CHECKS = {
    "objection": "refuse_open_objection",
    "covered": "refuse_uncovered",
    "people": "refuse_second_level",
}
POSTED = tuple(CLOSE.values())


def blind(names: Collection[str], check: str) -> Machine:
    """The machine with one check of some transitions left out."""
    lenient = type("Lenient", (Standing,), {check: lambda self, *given: None})

    def machine(case: Application, method: str, standing: Standing, **given: object) -> None:
        if method in names:
            standing = lenient(**{key: getattr(standing, key) for key in standing.__dataclass_fields__})
        call(case, method, standing, **given)  # type: ignore[arg-type]

    return machine


BROKEN = [
    *((name, CHECKS["objection"], f"{name} under an open objection") for name in FORWARD),
    *((name, CHECKS["covered"], f"{name} without a full posting that covers") for name in POSTED),
    *(
        (name, CHECKS["people"], "announced without three people at three levels")
        for name in (
            "pass_village_review",
            "pass_township_review",
            "pass_district_review",
            "announce",
            "send_back",
            "correct",
            "take_back",
            "return_to_township",
            "stop",
            "resubmit",
            "restart",
        )
    ),
    ("take_back", "refuse_on_display", "on display outside a posting after take_back"),
]


@pytest.mark.parametrize(("name", "check", "fault"), BROKEN)
def test_walk_finds_a_transition_without_its_check(name: str, check: str, fault: str) -> None:
    assert fault in walk(blind({name}, check), until=fault).faults


def test_announcement_asks_once_more_what_the_last_posting_asked() -> None:
    fault, check = "announce without a full posting that covers", CHECKS["covered"]
    assert fault in walk(blind({"close_district_posting", "announce"}, check), until=fault).faults
    assert fault not in walk(blind({"close_district_posting"}, check)).faults


def test_walk_finds_a_way_out_of_an_end() -> None:
    def machine(case: Application, method: str, standing: Standing, **given: object) -> None:
        if method == "stop" and case.state == State.REJECTED:
            case.__dict__["state"] = State.DISTRICT_REVIEW
        else:
            call(case, method, standing, **given)  # type: ignore[arg-type]

    fault = "stop leaves the end rejected"
    assert fault in walk(machine, until=fault).faults


def test_walk_finds_a_dead_end() -> None:
    def machine(case: Application, method: str, standing: Standing, **given: object) -> None:
        if method == "restart":
            raise WrongState("restart is not there")
        call(case, method, standing, **given)  # type: ignore[arg-type]

    broken = walk(machine, fresh=True)
    corrections = {State.TOWNSHIP_CORRECTION, State.DISTRICT_CORRECTION}
    assert stuck(broken, ends={State.ANNOUNCED}, by=without_the_household) >= corrections
    assert stuck(broken, ends=set(FINAL), by=by_the_holder) == corrections


def test_roles_of_the_model_are_those_of_the_steps() -> None:
    roles = {Level.VILLAGE: Role.VILLAGE_CLERK, Level.TOWNSHIP: Role.TOWNSHIP_REVIEWER}
    for state in OPEN:
        level = Level.VILLAGE if STEPS[state].is_correction else LEVEL_OF[state]
        assert STEPS[state].role == roles.get(level, Role.DISTRICT_APPROVER)
