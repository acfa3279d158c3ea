"""Acts on one case and on a ticked list: every act by its page, once per click, never on an outdated page."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from applications.models import Application, RequiredPaper
from applications.states import State
from notifications.models import Message
from registry.models import Interest, User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, key_of, url
from tests.world import World
from workflow import sweeps
from workflow.models import Act, Decision, PostingKind
from workflow.views.acts import PAGES

REASON = {"opinion": "示例理由。"}


def overdue_correction(world: World) -> tuple[Application, datetime]:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    late = moment + timedelta(days=20)
    sweeps.remind(now=late)
    return stages.again(case), late


def returned_case(world: World) -> tuple[Application, datetime]:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    return stages.again(case), moment


def displayed_case(world: World) -> tuple[Application, datetime]:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    return stages.again(case), moment


def at(state: State) -> Any:
    return lambda world: stages.reach(world, state)


# slug: how to get there, who, what is typed, the act that is kept, where the case is then
ACTS: dict[str, tuple[Any, str, dict[str, Any], Act, State]] = {
    "submit": (at(State.DRAFT), "clerk", {}, Act.SUBMIT, State.VILLAGE_REVIEW),
    "pass": (at(State.TOWNSHIP_REVIEW), "reviewer", {}, Act.PASS_TOWNSHIP, State.TOWNSHIP_POSTING),
    "resubmit": (returned_case, "clerk", {}, Act.RESUBMIT, State.TOWNSHIP_REVIEW),
    "send_back": (
        at(State.TOWNSHIP_REVIEW),
        "reviewer",
        {"faults": "缺少合同。\n\n面积不一致。"},
        Act.SEND_BACK,
        State.TOWNSHIP_CORRECTION,
    ),
    "return_to_township": (
        at(State.DISTRICT_REVIEW),
        "approver",
        REASON,
        Act.RETURN_TO_TOWNSHIP,
        State.TOWNSHIP_REVIEW,
    ),
    "take_back": (at(State.TOWNSHIP_POSTING), "reviewer", REASON, Act.TAKE_BACK, State.TOWNSHIP_REVIEW),
    "stop": (at(State.ANNOUNCEMENT), "approver", REASON, Act.STOP, State.DISTRICT_REVIEW),
    "correct": (displayed_case, "clerk", REASON, Act.CORRECT, State.VILLAGE_CORRECTION),
    "reject": (
        at(State.DISTRICT_REVIEW),
        "approver",
        {**REASON, "reason_code": "facts"},
        Act.REJECT,
        State.REJECTED,
    ),
    "lapse": (overdue_correction, "reviewer", REASON, Act.LAPSE, State.LAPSED),
    "withdraw": (at(State.DISTRICT_REVIEW), "clerk", REASON, Act.WITHDRAW, State.WITHDRAWN),
    "discard": (at(State.DRAFT), "clerk", {}, Act.DISCARD, State.WITHDRAWN),
    "revoke": (at(State.ANNOUNCED), "approver", REASON, Act.REVOKE, State.REVOKED),
}


def page_of(case: Application, slug: str) -> str:
    return url("application-act", case.pk, slug)


def test_every_act_of_the_pages_has_a_row_here() -> None:
    assert set(ACTS) == set(PAGES)


@pytest.mark.parametrize("slug", ACTS)
def test_act_is_done_by_its_page_once_per_key(world: World, slug: str) -> None:
    reach, who, typed, act, target = ACTS[slug]
    case, moment = reach(world)
    client, address = as_(getattr(world, who)), page_of(case, slug)
    with clock_at(moment):
        shown = client.get(address)
        assert shown.status_code == 200
        sent = {**typed, "revision": case.revision, "key": key_of(shown)}
        first = client.post(address, sent)
        assert (first.status_code, first["Location"]) == (302, case.get_absolute_url())
        done = Decision.objects.filter(application=case, act=act).order_by("-pk")[0]
        assert (done.by, done.target) == (getattr(world, who), target)
        assert Application.objects.get(pk=case.pk).state == target
        before = everything()
        again = client.post(address, sent)
    assert (again.status_code, again["Location"]) == (302, case.get_absolute_url())
    assert everything() == before


@pytest.mark.parametrize("slug", ACTS)
def test_outdated_page_is_answered_with_what_changed_and_changes_nothing(world: World, slug: str) -> None:
    reach, who, typed, _, _ = ACTS[slug]
    case, moment = reach(world)
    before = everything()
    with clock_at(moment):
        client = as_(getattr(world, who))
        for revision in (f"{case.revision - 1}", ""):
            sent = {**typed, "revision": revision, "key": stages.key()}
            response = client.post(page_of(case, slug), sent)
            assert response.status_code == 409
            last = case.history.order_by("seq").last()
            assert last is not None
            assert response.context["changes"][-1]["by"] == (last.by.name if last.by else "系统")
            assert response.context["changes"][-1]["text"].endswith(last.text)
    assert everything() == before


def test_who_comes_too_late_opens_no_transaction_and_keeps_nobody_waiting(world: World) -> None:
    case = stages.submitted(world)
    client = as_(world.clerk)
    with clock_at(world.now):
        old = {"opinion": "同意", "revision": case.revision, "key": uuid4().hex}
        assert client.post(page_of(case, "pass"), old).status_code == 302
        before = everything()
        with CaptureQueriesContext(connection) as captured:
            late = client.post(page_of(case, "pass"), {**old, "key": uuid4().hex})
        statements = [query["sql"] for query in captured]
        again = client.post(page_of(case, "pass"), old)
    assert late.status_code == 409
    assert {statement.lstrip("(").split()[0] for statement in statements} == {"SELECT"}
    assert "FOR NO KEY UPDATE" not in "".join(statements)
    assert again.status_code == 302
    assert everything() == before


@pytest.mark.parametrize("slug", ACTS)
def test_act_is_refused_to_others_and_not_found_by_strangers(world: World, slug: str) -> None:
    reach, who, typed, _, _ = ACTS[slug]
    case, moment = reach(world)
    before = everything()
    sent = {**typed, "revision": case.revision, "key": stages.key()}
    others = {"clerk": "reviewer", "reviewer": "clerk", "approver": "reviewer"}
    expected = [(getattr(world, others[who]), 403), (world.supervisor, 403), (world.stranger, 404)]
    with clock_at(moment):
        for person, status in expected:
            assert as_(person).get(page_of(case, slug)).status_code == status
            assert as_(person).post(page_of(case, slug), sent).status_code == status
    assert everything() == before


@pytest.mark.parametrize("slug", ACTS)
def test_act_on_a_relatives_case_is_refused_except_the_households_own_withdrawal(
    world: World, slug: str
) -> None:
    reach, who, typed, _, _ = ACTS[slug]
    case, moment = reach(world)
    person: User = getattr(world, who)
    Interest.objects.create(user=person, household=case.household, kind="own", declared_on=moment.date())
    before = everything()
    with clock_at(moment):
        sent = {**typed, "revision": case.revision, "key": stages.key()}
        response = as_(person).post(page_of(case, slug), sent)
    assert response.status_code == (302 if slug == "withdraw" else 403)
    if slug != "withdraw":
        assert "这是您本人家庭或近亲属家庭的申请" in response.content.decode()
        assert everything() == before


@pytest.mark.parametrize("slug", ACTS)
def test_act_that_the_state_has_no_room_for_leads_back_with_a_sentence(world: World, slug: str) -> None:
    case, _ = stages.reach(world, State.DRAFT if slug not in {"submit", "discard"} else State.VILLAGE_REVIEW)
    with clock_at(world.now):
        response = as_(world.clerk).get(page_of(case, slug), follow=True)
    assert response.redirect_chain == [(case.get_absolute_url(), 302)]
    assert f"不能办理“{PAGES[slug].label}”。" in response.content.decode()


def test_unknown_act_is_not_found(world: World) -> None:
    case = stages.draft(world)
    assert as_(world.clerk).get(page_of(case, "nonsense")).status_code == 404
    assert as_(world.clerk).post(page_of(case, "announce")).status_code == 404


def refused(world: World, person: User, case: Application, slug: str, moment: datetime, **typed: Any) -> Any:
    """Send a form that must be refused; nothing may change."""
    before = everything()
    sent = {"revision": case.revision, "key": stages.key(), **typed}
    with clock_at(moment):
        response = as_(person).post(page_of(case, slug), sent)
    assert response.status_code == 422
    assert everything() == before
    return response


REFUSALS = [
    ("reject", {"opinion": "写了很多字。"}, "不予批准必须选择原因。"),
    ("reject", {"reason_code": "facts", "opinion": "  "}, "不予批准必须写明理由。"),
    ("reject", {"reason_code": "nonsense", "opinion": "写了很多字。"}, "选择一个有效的选项"),
    ("send_back", {"faults": " \n "}, "退回补正必须一次性列明需要补正的内容，至少一条。"),
    ("pass", {"quantity": "2"}, "核减数量或金额时必须写明理由。"),
    ("pass", {"quantity": "4", "opinion": "写了很多字。"}, "审核时只能核减数量或金额，不能调高"),
    ("pass", {"amount": "901", "opinion": "写了很多字。"}, "审核时只能核减数量或金额，不能调高"),
    ("pass", {"quantity": "0", "opinion": "写了很多字。"}, "数量必须大于0。"),
    ("pass", {"quantity": "2", "amount": "700", "opinion": "写了很多字。"}, "2亩按标准最多600.00元"),
    ("pass", {"amount": "-1", "opinion": "写了很多字。"}, "核减后的数量必须大于0，金额不能为负"),
    ("pass", {"quantity": "两亩", "opinion": "写了很多字。"}, "输入一个数字。"),
    ("return_to_township", {"opinion": ""}, "请写明理由。"),
]


@pytest.mark.parametrize(("slug", "typed", "sentence"), REFUSALS)
def test_refusal_says_why_keeps_what_was_typed_and_changes_nothing(
    world: World, slug: str, typed: dict[str, str], sentence: str
) -> None:
    state = State.DISTRICT_REVIEW if slug == "return_to_township" else State.TOWNSHIP_REVIEW
    case, moment = stages.reach(world, state)
    person = world.approver if slug == "return_to_township" else world.reviewer
    page = refused(world, person, case, slug, moment, **typed).content.decode()
    assert sentence in page
    for text in typed.values():
        assert text.strip() in page


def test_refused_form_can_be_put_right_and_sent_again(world: World) -> None:
    case = stages.draft(world)
    stages.do(stages.intake.submit([stages.Ref.of(case)], by=world.clerk, now=world.now))
    case = stages.again(case)
    response = refused(world, world.clerk, case, "pass", world.now, opinion="情况属实。")
    assert "还没有登记情况属实的入户核实" in response.content.decode()
    assert "情况属实。" in response.content.decode()
    fresh = key_of(response)
    stages.visit(world, case)
    stages.meeting(world, [case])
    with clock_at(world.now):
        sent = {"opinion": "情况属实。", "revision": stages.again(case).revision, "key": fresh}
        assert as_(world.clerk).post(page_of(case, "pass"), sent).status_code == 302
    assert stages.again(case).state == State.VILLAGE_POSTING


CUTS = [
    ({"quantity": "2"}, "2", "600.00", "2亩 × 300.00元/亩 = 600.00元"),
    ({"amount": "500"}, "3", "500.00", "3亩 × 300.00元/亩 = 900.00元；核减为500.00元"),
    ({"quantity": "2", "amount": "550.5"}, "2", "550.50", "2亩 × 300.00元/亩 = 600.00元；核减为550.50元"),
    ({"quantity": "2.5", "amount": "750"}, "2.5", "750.00", "2.5亩 × 300.00元/亩 = 750.00元；核减为750.00元"),
]


@pytest.mark.parametrize(("typed", "quantity", "amount", "working"), CUTS)
def test_cut_lowers_the_figures_with_reason_and_working(
    world: World, typed: dict[str, str], quantity: str, amount: str, working: str
) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        sent = {**typed, "opinion": "实测面积。", "revision": case.revision, "key": stages.key()}
        assert as_(world.reviewer).post(page_of(case, "pass"), sent).status_code == 302
        page = as_(world.reviewer).get(f"{case.get_absolute_url()}?tab=history").content.decode()
    now = stages.again(case)
    assert (now.quantity, now.amount, now.working) == (Decimal(quantity), Decimal(amount), working)
    assert (now.claimed_quantity, now.claimed_amount) == (3, 900)
    decision = Decision.objects.get(application=case, act=Act.PASS_TOWNSHIP)
    assert (decision.amount_before, decision.amount_after) == (900, Decimal(amount))
    assert (decision.opinion, decision.working) == ("实测面积。", working)
    assert f"900.00元减为{amount}元" in page


def test_amount_that_was_cut_stays_cut_when_only_the_quantity_is_lowered_later(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        sent = {"amount": "500", "opinion": "减。", "revision": case.revision, "key": stages.key()}
        as_(world.reviewer).post(page_of(case, "pass"), sent)
    later = stages.ran(world, [case], kind=PostingKind.TOWNSHIP, now=moment)
    case = stages.again(case)
    with clock_at(later):
        sent = {"quantity": "2", "opinion": "再减。", "revision": case.revision, "key": stages.key()}
        assert as_(world.approver).post(page_of(case, "pass"), sent).status_code == 302
    assert (stages.again(case).quantity, stages.again(case).amount) == (2, 500)


def test_return_numbers_all_faults_with_papers_and_flags_what_was_overlooked(world: World) -> None:
    paper = RequiredPaper.objects.create(programme=world.grain, name="承包合同", compulsory=False)
    case, moment = returned_case(world)
    with clock_at(moment):
        stages.do(stages.intake.resubmit([stages.Ref.of(case)], by=world.clerk, now=moment))
        case = stages.again(case)
        sent = {
            "faults": "面积不一致。\n  \n姓名写错。",
            "papers": [paper.pk],
            "overlooked": "没有签名。",
            "revision": case.revision,
            "key": stages.key(),
        }
        assert as_(world.reviewer).post(page_of(case, "send_back"), sent).status_code == 302
    decision = Decision.objects.filter(application=case, act=Act.SEND_BACK).order_by("-pk")[0]
    assert list(decision.faults.values_list("number", "text", "paper", "visible_before")) == [
        (1, "面积不一致。", None, False),
        (2, "姓名写错。", None, False),
        (3, "缺少材料：承包合同。", paper.pk, False),
        (4, "没有签名。", None, True),
    ]
    with clock_at(moment):
        page = as_(world.clerk).get(case.get_absolute_url()).content.decode()
    assert "上次退回时已可发现" in page
    assert Message.objects.filter(event="sent_back", application=case, recipient=world.clerk).count() == 4


def test_first_return_does_not_ask_what_was_overlooked(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        form = as_(world.reviewer).get(page_of(case, "send_back")).context["form"]
    assert "overlooked" not in form.fields
    assert "papers" not in form.fields


def test_page_of_an_act_says_beforehand_what_the_law_would_refuse(world: World) -> None:
    case, moment = displayed_case(world)
    with clock_at(moment):
        page = as_(world.clerk).get(page_of(case, "take_back")).content.decode()
    assert "现在不能办理" in page
    assert "该申请正在公示栏上公示，不能直接收回" in page
