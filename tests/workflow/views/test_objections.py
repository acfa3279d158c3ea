"""Objections at the desk: scope, who sees the objector, every step, and writing one down."""

from typing import Any

import pytest

from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.workflow.views.sheets import all_rows, on_display
from tests.world import World
from workflow import objections
from workflow.models import Channel, Objection, ObjectionState, Posting
from workflow.objections import Complaint
from workflow.views.objecting import STEP_PAGES

SECRET = "赵举报〔示例〕"
FACTS = "该户实际种植面积只有一亩。"


def named(world: World, posting: Posting, *, concerns_cadre: bool = False, position: int = 1) -> Objection:
    """A named objection by the web, one day after display."""
    complaint = Complaint(Channel.WEB, FACTS, name=SECRET, phone="〔示例〕", concerns_cadre=concerns_cadre)
    entry = posting.entries.get(position=position)
    return objections.lodge(entry, complaint=complaint, now=world.later(1))


def step_url(objection: Objection, step: str) -> str:
    return url("objection-step", objection.pk, step)


def test_objections_are_listed_by_urgency_for_their_regions(world: World) -> None:
    posting = on_display(world, 2)
    later = named(world, posting, position=1)
    objections.accept(later, by=world.clerk, now=world.later(1))
    sooner = named(world, posting, position=2)
    seen = {}
    for who in ("clerk", "reviewer", "approver", "supervisor", "stranger"):
        with clock_at(world.later(1)):
            page = as_(getattr(world, who)).get(url("objection-list"))
        seen[who] = [row.pk for row in page.context["page_obj"]]
    assert seen.pop("stranger") == []
    assert set(map(tuple, seen.values())) == {(sooner.pk, later.pk)}


@pytest.mark.parametrize("tab", ["open", "done", "all", "nonsense"])
def test_the_list_takes_no_more_statements_for_more_objections(world: World, tab: str) -> None:
    posting = on_display(world, 4)
    client = as_(world.clerk)
    address = f"{url('objection-list')}?tab={tab}"
    with clock_at(world.later(2)):
        for position in (1, 2):
            objections.not_accept(
                named(world, posting, position=position), by=world.clerk, now=world.later(2), reason="无事实"
            )
            named(world, posting, position=position)
        few = queries(client, address)
        for position in (3, 4):
            named(world, posting, position=position)
        assert queries(client, address) == few
    assert few <= 12


@pytest.mark.parametrize(
    ("concerns_cadre", "who", "sees"),
    [
        (False, "clerk", True),
        (False, "reviewer", True),
        (False, "approver", True),
        (False, "supervisor", False),
        (True, "clerk", False),
        (True, "second_clerk", False),
        (True, "reviewer", True),
        (True, "approver", True),
        (True, "supervisor", False),
    ],
)
def test_who_sees_the_objector_and_the_facts(
    world: World, concerns_cadre: bool, who: str, sees: bool
) -> None:
    posting = on_display(world, 1)
    objection = named(world, posting, concerns_cadre=concerns_cadre)
    client = as_(getattr(world, who))
    with clock_at(world.later(1)):
        detail = client.get(objection.get_absolute_url()).content.decode()
        lists = client.get(url("objection-list")).content.decode()
        sheet = client.get(posting.get_absolute_url()).content.decode()
    # Who objects stands masked even for those who handle it: in full it is asked for with a reason, and on record.
    assert SECRET not in detail
    assert (url("objector-shown", objection.pk) in detail, FACTS in detail) == (sees, sees)
    assert ("涉及村干部" in detail) is (sees and concerns_cadre)
    assert SECRET not in lists + sheet
    assert FACTS not in lists + sheet


def test_what_was_found_stays_hidden_from_the_level_complained_of(world: World) -> None:
    objection = named(world, on_display(world, 1), concerns_cadre=True)
    stages.decided(objection, "not_upheld", by=world.reviewer, now=world.later(2))
    with clock_at(world.later(3)):
        below = as_(world.clerk).get(objection.get_absolute_url()).content.decode()
        above = as_(world.reviewer).get(objection.get_absolute_url()).content.decode()
    assert "现场丈量。" in above
    assert "现场丈量。" not in below
    assert "异议不成立" in below


def test_a_stranger_finds_no_trace_of_an_objection(world: World) -> None:
    objection = named(world, on_display(world, 1))
    before = all_rows()
    for person in (world.stranger, world.clerks[1]):
        client = as_(person)
        assert client.get(objection.get_absolute_url()).status_code == 404
        for step in STEP_PAGES:
            assert client.get(step_url(objection, step)).status_code == 404
            assert client.post(step_url(objection, step), {"key": stages.key()}).status_code == 404
        entry = objection.entry_id
        assert client.get(url("objection-new", entry)).status_code == 404
        assert (
            client.post(url("objection-new", entry), {"key": stages.key(), "facts": "x"}).status_code == 404
        )
    assert all_rows() == before


@pytest.mark.parametrize("who", ["reviewer", "approver", "supervisor", "administrator"])
@pytest.mark.parametrize("step", STEP_PAGES)
def test_only_the_handling_level_takes_a_step(world: World, who: str, step: str) -> None:
    objection = named(world, on_display(world, 1))
    client = as_(getattr(world, who))
    before = all_rows()
    with clock_at(world.later(1)):
        assert client.get(step_url(objection, step)).status_code == 403
        assert client.post(step_url(objection, step), {"key": stages.key(), "reason": "x"}).status_code == 403
    assert all_rows() == before


def test_a_step_that_does_not_exist_is_not_found(world: World) -> None:
    objection = named(world, on_display(world, 1))
    assert as_(world.clerk).get(step_url(objection, "forget")).status_code == 404


TYPED: dict[str, dict[str, Any]] = {
    "accept": {},
    "not-accept": {"reason": "没有写明事实。"},
    "investigate": {"investigators": "调查甲\n调查乙"},
    "decide": {"outcome": "not_upheld", "findings": "现场丈量为三亩。", "reason": "事实清楚。"},
    "withdraw": {"reason": "异议人自己要求撤回。"},
    "pass-on": {"to": "区纪委监委〔示例〕", "reason": "反映乡镇干部。"},
    "confirm": {},
    "tell": {"matter": "outcome", "way": "by_phone", "told_on": "2021-03-04"},
}
LEADS_TO = {
    "accept": ObjectionState.ACCEPTED,
    "not-accept": ObjectionState.NOT_ACCEPTED,
    "investigate": ObjectionState.INVESTIGATING,
    "decide": ObjectionState.DECIDED,
    "withdraw": ObjectionState.WITHDRAWN,
    "pass-on": ObjectionState.PASSED_ON,
}


def brought_to(world: World, objection: Objection, state: ObjectionState) -> None:
    """By the real verbs, on the straight way or by one of the ends."""
    told: dict[str, Any] = {"by": world.clerk, "now": world.later(2)}
    if state in {ObjectionState.ACCEPTED, ObjectionState.INVESTIGATING, ObjectionState.DECIDED}:
        objections.accept(objection, **told)
    if state in {ObjectionState.INVESTIGATING, ObjectionState.DECIDED}:
        objections.investigate(objection, investigators=["甲", "乙"], **told)
    if state is ObjectionState.DECIDED:
        objections.decide(objection, outcome="not_upheld", findings="丈量", reason="清楚", **told)  # type: ignore[arg-type]
    if state is ObjectionState.NOT_ACCEPTED:
        objections.not_accept(objection, reason="没有事实", **told)
    if state is ObjectionState.WITHDRAWN:
        objections.withdraw(objection, reason="撤回", **told)
    if state is ObjectionState.PASSED_ON:
        objections.pass_on(objection, to="区纪委监委〔示例〕", reason="移送", **told)


@pytest.mark.parametrize("step", STEP_PAGES)
@pytest.mark.parametrize("state", ObjectionState)
def test_every_step_in_every_state(world: World, state: ObjectionState, step: str) -> None:
    objection = named(world, on_display(world, 1))
    brought_to(world, objection, state)
    client = as_(world.clerk)
    with clock_at(world.later(3)):
        offered = {action["url"] for action in client.get(objection.get_absolute_url()).context["actions"]}
        before = all_rows()
        answer = client.post(step_url(objection, step), {"key": stages.key(), **TYPED[step]})
    allowed = state in STEP_PAGES[step].sources
    if step == "confirm":
        allowed = False  # nothing to confirm: it did not come over the limit
    elif step == "tell":
        answered = {ObjectionState.DECIDED, ObjectionState.NOT_ACCEPTED, ObjectionState.PASSED_ON}
        allowed = state in answered
        under_way = {ObjectionState.ACCEPTED, ObjectionState.INVESTIGATING}
        assert (step_url(objection, step) in offered) is (state in answered | under_way)
    if step != "tell":
        assert (step_url(objection, step) in offered) is allowed
    if allowed:
        assert answer.status_code == 302
        assert Objection.objects.get(pk=objection.pk).state == LEADS_TO.get(step, state)
    else:
        assert answer.status_code == 422
        if state not in STEP_PAGES[step].sources:
            assert f"该异议现在是“{state.label}”" in answer.content.decode()
        assert all_rows() == before


@pytest.mark.parametrize(
    ("step", "state", "changed", "sentence"),
    [
        ("not-accept", "received", {"reason": ""}, "请写明理由。"),
        ("investigate", "accepted", {"investigators": "调查甲"}, "异议调查须有两名以上调查人，请写明姓名。"),
        (
            "investigate",
            "accepted",
            {"investigators": "调查甲、调查甲"},
            "异议调查须有两名以上调查人，请写明姓名。",
        ),
        ("decide", "investigating", {"findings": " "}, "请写明调查认定的事实。"),
        ("decide", "investigating", {"reason": ""}, "请写明处理理由。"),
        ("decide", "investigating", {"outcome": ""}, "请选择处理结果。"),
        ("decide", "investigating", {"outcome": "forgiven"}, "选择一个有效的选项"),
        ("pass-on", "received", {"to": ""}, "请填写移送的单位。"),
    ],
)
def test_a_step_that_lacks_something_says_so_and_keeps_what_was_typed(
    world: World, step: str, state: str, changed: dict[str, str], sentence: str
) -> None:
    objection = named(world, on_display(world, 1))
    brought_to(world, objection, ObjectionState(state))
    before = all_rows()
    sent = {**TYPED[step], **changed}
    with clock_at(world.later(3)):
        page = as_(world.clerk).post(step_url(objection, step), {"key": stages.key(), **sent})
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert {name: page.context["form"][name].value() for name in sent} == sent
    assert all_rows() == before


@pytest.mark.parametrize("typed", ["甲甲\n乙乙", "甲甲、乙乙", "甲甲，乙乙", " 甲甲 \n\n乙乙 \n甲甲"])
def test_investigators_are_read_however_they_are_separated(world: World, typed: str) -> None:
    objection = named(world, on_display(world, 1))
    brought_to(world, objection, ObjectionState.ACCEPTED)
    with clock_at(world.later(3)):
        as_(world.clerk).post(
            step_url(objection, "investigate"), {"key": stages.key(), "investigators": typed}
        )
    assert Objection.objects.get().investigators == ["甲甲", "乙乙"]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("not_upheld", State.VILLAGE_POSTING),
        ("corrected", State.VILLAGE_CORRECTION),
        ("cancelled", State.REJECTED),
    ],
)
def test_the_case_follows_the_decision(world: World, outcome: str, state: State) -> None:
    posting = on_display(world, 1)
    objection = named(world, posting)
    brought_to(world, objection, ObjectionState.INVESTIGATING)
    with clock_at(world.later(3)):
        sent = {"key": stages.key(), **TYPED["decide"], "outcome": outcome}
        answer = as_(world.clerk).post(step_url(objection, "decide"), sent, follow=True)
    assert stages.again(objection.application).state == state
    assert "异议已办结。" in answer.content.decode()


def listed(client: Any, query: str) -> list[int]:
    page = client.get(f"{url('objection-list')}?{query}")
    return [row.pk for row in page.context["page_obj"]]


def test_the_list_is_narrowed_by_due_date_level_channel_village_kind_and_number(world: World) -> None:
    posting = on_display(world, 3)
    first = named(world, posting, position=1)
    cadre = named(world, posting, position=2, concerns_cadre=True)
    entry = posting.entries.get(position=3)
    letter = objections.lodge(
        entry,
        complaint=Complaint(Channel.LETTER, FACTS, anonymous=True, to_confirm=True),
        by=world.clerk,
        now=world.later(7),
    )
    objections.accept(cadre, by=world.reviewer, now=world.later(2))
    client = as_(world.reviewer)
    narrowed = {
        "": [first.pk, letter.pk, cadre.pk],
        "due=over": [first.pk],
        "due=near": [letter.pk],
        "level=township": [cadre.pk],
        "channel=letter": [letter.pk],
        "kind=call": [letter.pk],
        "kind=tell": [cadre.pk],
        "kind=appeal": [],
        f"village={world.village.pk}": [first.pk, letter.pk, cadre.pk],
        f"village={world.villages[1].pk}": [],
        f"q={cadre.number[-5:]}": [cadre.pk],
        f"q={entry.application.number}": [letter.pk],
        "due=nonsense&level=x&channel=%27&village=9999999999999999999&kind=y": [
            first.pk,
            letter.pk,
            cadre.pk,
        ],
    }
    with clock_at(world.later(8)):
        assert {query: listed(client, query) for query in narrowed} == narrowed
        text = client.get(url("objection-list")).content.decode()
    assert "2021-03-04</time> 已超期5天" in text
