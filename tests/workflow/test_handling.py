"""The steps in handling an objection: in order, by two people, with facts and a reason (受理, 调查, 办结)."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from applications.models import HistoryEntry
from applications.states import State
from notifications.models import Message
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World
from workflow import numbers, objections
from workflow.models import Channel, Objection, ObjectionState, PostingEntry, PostingKind
from workflow.objections import Complaint


@pytest.fixture
def objection(world: World) -> Objection:
    """A named objection on the second day of a village's sheet."""
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    complaint = Complaint(
        Channel.PHONE, "该户实际种植面积不足。", name="吴异议人", phone="异议人电话〔示例〕"
    )
    return objections.lodge(
        PostingEntry.objects.get(posting=posting), complaint=complaint, now=world.later(1)
    )


Step = Callable[[World, Objection], Any]

STEPS: dict[str, Step] = {
    "accept": lambda w, one: objections.accept(one, by=w.clerk, now=w.later(2)),
    "not accept": lambda w, one: objections.not_accept(one, by=w.clerk, now=w.later(2), reason="重复。"),
    "investigate": lambda w, one: objections.investigate(
        one, by=w.clerk, now=w.later(2), investigators=["甲", "乙"]
    ),
    "decide": lambda w, one: objections.decide(
        one, by=w.clerk, now=w.later(2), outcome="not_upheld", findings="丈量。", reason="足额。"
    ),
    "withdraw": lambda w, one: objections.withdraw(one, by=w.clerk, now=w.later(2), reason="来电撤回。"),
    "pass on": lambda w, one: objections.pass_on(
        one, by=w.clerk, now=w.later(2), to="示例区纪委〔示例〕", reason="反映镇干部。"
    ),
}
WAY: dict[ObjectionState, tuple[str, ...]] = {
    ObjectionState.RECEIVED: (),
    ObjectionState.ACCEPTED: ("accept",),
    ObjectionState.INVESTIGATING: ("accept", "investigate"),
    ObjectionState.DECIDED: ("accept", "investigate", "decide"),
    ObjectionState.NOT_ACCEPTED: ("not accept",),
    ObjectionState.WITHDRAWN: ("withdraw",),
    ObjectionState.PASSED_ON: ("pass on",),
}
OPEN = {"withdraw": ObjectionState.WITHDRAWN, "pass on": ObjectionState.PASSED_ON}
LEADS: dict[ObjectionState, dict[str, ObjectionState]] = {
    ObjectionState.RECEIVED: {
        "accept": ObjectionState.ACCEPTED,
        "not accept": ObjectionState.NOT_ACCEPTED,
        **OPEN,
    },
    ObjectionState.ACCEPTED: {"investigate": ObjectionState.INVESTIGATING, **OPEN},
    ObjectionState.INVESTIGATING: {"decide": ObjectionState.DECIDED, **OPEN},
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", ObjectionState)
def test_every_step_starts_from_its_own_state_only(
    world: World, objection: Objection, state: ObjectionState, step: str
) -> None:
    for name in WAY[state]:
        STEPS[name](world, objection)
    assert Objection.objects.get().state == state
    target = LEADS.get(state, {}).get(step)
    if target is None:
        words = "两人以上调查后才能办结" if step == "decide" and not WAY[state][1:] else "不能这样处理"
        refused(lambda: [STEPS[step](world, objection)], words)
    else:
        STEPS[step](world, objection)
        assert Objection.objects.get().state == target


LACKING: dict[str, tuple[tuple[str, ...], Step, str]] = {
    "one investigator": (
        ("accept",),
        lambda w, one: objections.investigate(one, by=w.clerk, now=w.later(2), investigators=["甲", " "]),
        "须有两名以上调查人",
    ),
    "the same investigator twice": (
        ("accept",),
        lambda w, one: objections.investigate(one, by=w.clerk, now=w.later(2), investigators=["甲", "甲 "]),
        "须有两名以上调查人",
    ),
    "decided without facts": (
        ("accept", "investigate"),
        lambda w, one: objections.decide(
            one, by=w.clerk, now=w.later(2), outcome="cancelled", findings=" ", reason="不符。"
        ),
        "请写明调查认定的事实",
    ),
    "decided without a reason": (
        ("accept", "investigate"),
        lambda w, one: objections.decide(
            one, by=w.clerk, now=w.later(2), outcome="cancelled", findings="丈量。", reason=""
        ),
        "请写明处理理由",
    ),
    "not accepted without a reason": (
        (),
        lambda w, one: objections.not_accept(one, by=w.clerk, now=w.later(2), reason=" "),
        "不予受理必须写明理由",
    ),
    "passed on to nobody": (
        (),
        lambda w, one: objections.pass_on(one, by=w.clerk, now=w.later(2), to=" ", reason="反映镇干部。"),
        "请填写移送的单位",
    ),
    "withdrawn without a word": (
        (),
        lambda w, one: objections.withdraw(one, by=w.clerk, now=w.later(2), reason=""),
        "请写明撤回的情况",
    ),
}


@pytest.mark.parametrize("name", LACKING)
def test_a_step_that_lacks_something_is_refused(world: World, objection: Objection, name: str) -> None:
    before, step, words = LACKING[name]
    for earlier in before:
        STEPS[earlier](world, objection)
    refused(lambda: [step(world, objection)], words)


def test_the_objector_stands_in_no_history_line_and_no_message(world: World, objection: Objection) -> None:
    stages.decided(objection, "corrected", by=world.clerk, now=world.later(3))
    said = [
        *HistoryEntry.objects.values_list("text", flat=True),
        *Message.objects.values_list("subject", flat=True),
        *Message.objects.values_list("body", flat=True),
    ]
    assert len(said) > 20
    assert not [text for text in said if "吴异议人" in text or "异议人电话" in text]
    assert Objection.objects.get().objector_name == "吴异议人"


def test_an_anonymous_objection_keeps_no_name(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    entry = PostingEntry.objects.get(application=case)
    complaint = Complaint(Channel.WEB, "面积不足。", anonymous=True, name="吴异议人")
    assert objections.lodge(entry, complaint=complaint, now=moment).objector_name == ""


def test_a_receipt_is_twelve_characters_that_can_be_read_out(world: World, objection: Objection) -> None:
    one = "[2-9A-HJKMNP-Z]{4}"
    assert re.fullmatch(f"{one}-{one}-{one}", objection.receipt)
    found = {numbers.receipt() for _ in range(2000)}
    assert len(found) == 2000
    assert all(re.fullmatch(f"{one}-{one}-{one}", receipt) for receipt in found)
