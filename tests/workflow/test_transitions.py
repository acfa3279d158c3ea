"""The law of a case, state by state: what may happen to it, in memory and through the verbs."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from applications.machine import ComputedOtherwise, WrongState, transition_table
from applications.models import Application
from applications.standing import NotCovered, OnDisplay, OpenObjection, SamePersonTwice, Standing
from applications.states import CORRECTIONS, LEVEL_OF, POSTINGS, Level, State
from registry import appointments
from registry.models import Role
from registry.refusal import Refused
from tests import stages
from tests.workflow import law_stages, written
from tests.workflow.law_table import ALL_LEVELS, FORWARD, WRITTEN_DOWN, call, in_memory, neutral, sources
from tests.workflow.law_verbs import VERBS, Tried
from tests.world import World
from workflow import announcements, postings, reviews
from workflow.models import Objection, PostingEntry, PostingKind
from workflow.results import Result

METHODS = sorted(transition_table())
CHINESE_SENTENCE = re.compile(r".*[\u4e00-\u9fff].*。")


def test_machine_declares_exactly_the_transitions_written_down() -> None:
    declared = {state: {} for state in State}
    for name, pairs in transition_table().items():
        for source, target in pairs.items():
            declared[source][name] = target
    assert declared == WRITTEN_DOWN


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("state", State)
def test_each_transition_reaches_its_one_target_or_is_refused_and_changes_nothing(
    state: State, name: str
) -> None:
    case = in_memory(state)
    before = dict(vars(case))
    target = WRITTEN_DOWN[state].get(name)
    if target is None:
        with pytest.raises(WrongState):
            call(case, name, neutral(name))
        assert vars(case) == before
    else:
        call(case, name, neutral(name))
        assert case.state == target
        assert {**vars(case), "state": state} == {**before, "state": state}


@pytest.mark.parametrize("state", State)
def test_no_transition_writes_the_row_by_itself(world: World, state: State) -> None:
    case, _ = law_stages.at(world, state)
    assert case.state == state
    row = Application.objects.filter(pk=case.pk).values()
    before = list(row.all())
    for name in METHODS:
        fresh = stages.again(case)
        if name in WRITTEN_DOWN[state]:
            call(fresh, name, neutral(name), by=-1)
            assert fresh.state == WRITTEN_DOWN[state][name]
        else:
            with pytest.raises(WrongState):
                call(fresh, name, neutral(name), by=-1)
            assert fresh.state == state
        assert list(row.all()) == before


def refusal_cases() -> Iterator[tuple[str, State, Standing, type[Exception]]]:
    """Every transition × every fact that the law asks about: the refusal that must come."""
    for name in METHODS:
        for state in sources(name):
            if name in FORWARD:
                yield name, state, Standing(covered=ALL_LEVELS, open_objections=1), OpenObjection
            level = LEVEL_OF.get(state, Level.DISTRICT)
            for needed in NEEDS.get(name, ()):
                yield name, state, Standing(covered=ALL_LEVELS - {needed}), NotCovered
            if name in UNDECIDED:
                continue
            # What village staff do for the household counts at the village, wherever it was returned from.
            own = Level.VILLAGE if name in ("resubmit", "restart") else level
            for other in set(Level) - {own}:
                covered = neutral(name).covered
                yield name, state, Standing(covered, deciders={other: frozenset({1})}), SamePersonTwice
            if name == "take_back":
                yield name, state, Standing(ALL_LEVELS, on_display=True), OnDisplay


VILLAGE, TOWNSHIP, DISTRICT = Level
NEEDS = {
    "close_village_posting": (VILLAGE,),
    "pass_township_review": (VILLAGE,),
    "close_township_posting": (VILLAGE, TOWNSHIP),
    "pass_district_review": (VILLAGE, TOWNSHIP),
    "close_district_posting": (VILLAGE, TOWNSHIP, DISTRICT),
    "announce": (VILLAGE, TOWNSHIP, DISTRICT),
}
UNDECIDED = (
    "close_village_posting",
    "close_township_posting",
    "close_district_posting",
    "withdraw",
    "discard",
)
"""A period that ends and a household's own wish are nobody's decision at a level."""


@pytest.mark.parametrize(("name", "state", "standing", "refusal"), list(refusal_cases()))
def test_law_refuses_and_the_case_stays_as_it_was(
    name: str, state: State, standing: Standing, refusal: type[Exception]
) -> None:
    case = in_memory(state)
    before = dict(vars(case))
    with pytest.raises(refusal) as caught:
        call(case, name, standing, by=1)
    assert vars(case) == before
    assert isinstance(caught.value, Refused)
    assert CHINESE_SENTENCE.fullmatch(caught.value.sentence)


@pytest.mark.parametrize("name", sorted(set(METHODS) - set(FORWARD)))
def test_backward_steps_are_free_under_an_open_objection(name: str) -> None:
    for state in sources(name):
        case = in_memory(state)
        call(case, name, Standing(neutral(name).covered, open_objections=3))
        assert case.state == WRITTEN_DOWN[state][name]


@pytest.mark.parametrize("level", Level)
def test_one_person_may_act_twice_at_one_level(level: Level) -> None:
    standing = Standing(ALL_LEVELS, deciders={level: frozenset({1})})
    review = {VILLAGE: "village", TOWNSHIP: "township", DISTRICT: "district"}[level]
    for name in (f"pass_{review}_review", "send_back", "reject"):
        case = in_memory(State(f"{review}_review"))
        call(case, name, standing, by=1)
        assert case.state == WRITTEN_DOWN[State(f"{review}_review")][name]


COVERED_SETS = [
    frozenset(),
    *({level} for level in Level),
    {VILLAGE, TOWNSHIP},
    {TOWNSHIP, DISTRICT},
    ALL_LEVELS,
]


@pytest.mark.parametrize("state", sorted(CORRECTIONS))
@pytest.mark.parametrize("covered", COVERED_SETS, ids=lambda levels: "+".join(sorted(levels)) or "none")
def test_way_back_from_a_correction_is_computed_from_what_is_covered(
    state: State, covered: frozenset[Level]
) -> None:
    due = "resubmit" if set(LEVEL_OF[state].below) <= set(covered) else "restart"
    other = {"resubmit": "restart", "restart": "resubmit"}[due]
    case = in_memory(state)
    with pytest.raises((ComputedOtherwise, WrongState)):
        call(case, other, Standing(frozenset(covered)))
    assert case.state == state
    call(case, due, Standing(frozenset(covered)))
    assert case.state == WRITTEN_DOWN[state][due]


def answer(verb: Any, tried: Tried) -> str:
    """Nothing where the verb was done, else the sentence it was refused with."""
    try:
        found = verb.do(tried)
    except Refused as refused:
        return refused.sentence
    results = found if isinstance(found, Sequence) else [found]
    return "".join(one.sentence for one in results if isinstance(one, Result) and not one.done)


def tried(verb: Any, it: Tried, *, done: bool, before: Any) -> str:
    """What is wrong with a verb's answer; nothing where it is done, or refused with a sentence, as it must be."""
    with written.undone():
        try:
            sentence = answer(verb, it)
        except Exception as crash:
            return f"{verb.name}: {crash!r}"
        changed = written.everything() != before
    if done:
        return "" if changed and not sentence else f"{verb.name}: not done, {sentence!r}"
    if not CHINESE_SENTENCE.fullmatch(sentence):
        return f"{verb.name}: refused with {sentence!r}"
    return f"{verb.name}: refused, yet rows changed" if changed else ""


def faults(it: Tried, expected: set[str]) -> list[str]:
    """Every verb with the right person that is neither done as expected nor refused with nothing written."""
    before = written.everything()
    found = [tried(verb, it, done=verb.name in expected, before=before) for verb in VERBS]
    return [fault for fault in found if fault]


@pytest.mark.parametrize("state", State)
def test_each_verb_with_the_right_person_is_done_or_refused_with_a_sentence(
    world: World, state: State
) -> None:
    it = Tried(world, *law_stages.at(world, state))
    assert faults(it, {verb.name for verb in VERBS if state in verb.done_in}) == []


@pytest.mark.parametrize("state", sorted(POSTINGS))
def test_each_verb_on_a_case_on_display_is_done_or_refused_with_a_sentence(
    world: World, state: State
) -> None:
    it = Tried(world, *law_stages.on_display(world, state))
    assert faults(it, {verb.name for verb in VERBS if verb.done_on_display and state in verb.done_in}) == []


@pytest.mark.parametrize("state", sorted(CORRECTIONS))
def test_correction_nobody_answered_lapses_by_the_level_that_returned_it(world: World, state: State) -> None:
    case, _ = law_stages.at(world, state)
    moment = law_stages.overdue(case)
    person = law_stages.holder(world, LEVEL_OF[state])
    stages.do(reviews.lapse(law_stages.refs(case), by=person, now=moment, opinion="逾期未补正。"))
    assert stages.again(case).state == State.LAPSED


@pytest.mark.parametrize("state", [State.TOWNSHIP_REVIEW, State.DISTRICT_REVIEW, State.ANNOUNCEMENT])
def test_open_objection_stops_the_forward_verb_wherever_the_case_lies(world: World, state: State) -> None:
    case, moment = stages.reach(world, state)
    sheet = PostingEntry.objects.filter(application=case).latest("pk").posting
    if state is State.ANNOUNCEMENT:
        draft = stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment)
        announcements.write_items(draft, items=stages.ITEMS, by=world.approver, now=moment)
    stages.lodged(world, case, sheet, now=moment)
    before = written.everything()
    if state is State.ANNOUNCEMENT:
        with pytest.raises(Refused, match="1件未办结异议"):
            announcements.publish(draft.pk, by=world.approver, now=moment)
    else:
        (result,) = reviews.pass_on(
            law_stages.refs(case), by=law_stages.holder(world, LEVEL_OF[state]), now=moment
        )
        assert not result.done
        assert "1件未办结异议" in result.sentence
    assert written.everything() == before


@pytest.mark.parametrize("state", sorted(POSTINGS))
def test_open_objection_holds_a_case_whose_period_has_ended(world: World, state: State) -> None:
    case, moment = stages.reach(world, state)
    sheet = stages.displayed(world, [case], kind=PostingKind(LEVEL_OF[state]), now=moment)
    objection = stages.lodged(world, case, sheet, now=moment)
    postings.close(sheet.pk, now=stages.after(sheet))
    assert stages.again(case).state == state
    handler = law_stages.holder(world, LEVEL_OF[state])
    stages.decided(objection, "not_upheld", by=handler, now=stages.after(sheet))
    (forward,) = (target for name, target in WRITTEN_DOWN[state].items() if name.startswith("close"))
    assert stages.again(case).state == forward


@pytest.mark.parametrize(
    ("state", "first", "role"),
    [
        (State.TOWNSHIP_REVIEW, "clerk", Role.TOWNSHIP_REVIEWER),
        (State.DISTRICT_REVIEW, "clerk", Role.DISTRICT_APPROVER),
        (State.DISTRICT_REVIEW, "reviewer", Role.DISTRICT_APPROVER),
    ],
)
def test_nobody_decides_at_two_levels_even_when_appointed_to_both(
    world: World, state: State, first: str, role: Role
) -> None:
    case, moment = stages.reach(world, state)
    person = getattr(world, first)
    place = world.township if role is Role.TOWNSHIP_REVIEWER else world.county
    appointments.appoint(person, role=role, region=place, starts_on=stages.day("2020-01-01"), by=None)
    before = written.everything()
    for verb in (verb for verb in VERBS if verb.name in ("pass_on", "send_back", "reject")):
        with written.undone(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(Tried, "person", person)
            assert "同一人不得在两级经办同一申请" in answer(verb, Tried(world, case, moment))
            assert written.everything() == before


AFTER_THE_VILLAGE = {
    # state: (where the case goes when the row is corrected, and when it is cancelled)
    State.TOWNSHIP_REVIEW: (State.TOWNSHIP_CORRECTION, State.REJECTED),
    State.TOWNSHIP_POSTING: (State.VILLAGE_CORRECTION, State.REJECTED),
    State.DISTRICT_REVIEW: (State.DISTRICT_CORRECTION, State.REJECTED),
    State.DISTRICT_POSTING: (State.VILLAGE_CORRECTION, State.REJECTED),
    State.ANNOUNCEMENT: (State.DISTRICT_REVIEW, State.REJECTED),
    State.TOWNSHIP_CORRECTION: (State.TOWNSHIP_CORRECTION, State.REJECTED),
    State.DISTRICT_CORRECTION: (State.DISTRICT_CORRECTION, State.REJECTED),
    State.ANNOUNCED: (State.ANNOUNCED, State.ANNOUNCED),
}


@pytest.mark.parametrize("outcome", ["corrected", "cancelled"])
@pytest.mark.parametrize("state", AFTER_THE_VILLAGE)
def test_late_objection_to_the_village_sheet_is_decided_by_the_clerk_who_declared_the_case(
    world: World, state: State, outcome: str
) -> None:
    case, moment = law_stages.at(world, state)
    sheet = PostingEntry.objects.get(application=case, level=PostingKind.VILLAGE).posting
    objection = stages.lodged(world, case, sheet, now=moment)
    stages.investigated(objection, by=world.clerk, now=moment)
    stages.decided(Objection.objects.get(pk=objection.pk), outcome, by=world.clerk, now=moment)
    assert stages.again(case).state == AFTER_THE_VILLAGE[state][outcome == "cancelled"]


@pytest.mark.parametrize(
    "state", [State.TOWNSHIP_POSTING, State.DISTRICT_REVIEW, State.DISTRICT_POSTING, State.ANNOUNCEMENT]
)
def test_who_passed_the_case_higher_up_does_not_decide_an_objection_at_the_village(
    world: World, state: State
) -> None:
    case, moment = law_stages.at(world, state)
    sheet = PostingEntry.objects.get(application=case, level=PostingKind.VILLAGE).posting
    objection = stages.lodged(world, case, sheet, now=moment)
    stages.investigated(objection, by=world.second_clerk, now=moment)
    both = world.approver if state in (State.DISTRICT_POSTING, State.ANNOUNCEMENT) else world.reviewer
    appointments.appoint(
        both, role=Role.VILLAGE_CLERK, region=world.village, starts_on=stages.day("2020-01-01"), by=None
    )
    before = written.everything()
    with pytest.raises(Refused, match="同一人不得在两级经办同一申请"):
        stages.decided(Objection.objects.get(pk=objection.pk), "corrected", by=both, now=moment)
    assert written.everything() == before
