"""Letters and the application form: what each says, on A4 and in Word, to whom, and no number in full."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from applications.states import State
from tests import stages
from tests.leaks import KINDS
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.workflow.views.test_printing import of_document
from tests.world import World
from workflow import letters, reviews
from workflow.models import Act, Deadline, DeadlineKind, Decision, PostingKind
from workflow.proceedings import Cut
from workflow.results import Ref
from workflow.reviews import FaultText


def decision(case: Any, act: Act) -> Decision:
    return Decision.objects.get(application=case, act=act)


def page(world: World, name: str, *args: Any) -> str:
    response = as_(world.clerk).get(url(name, *args))
    assert response.status_code == 200
    return response.content.decode()


def test_a_return_lists_all_its_faults_with_its_due_date_and_delivery(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    faults = [FaultText("缺少土地承包合同"), FaultText("面积与确权证不一致。", visible_before=True)]
    delivered = moment.date() + timedelta(days=1)
    stages.do(
        reviews.send_back(
            [Ref.of(case)], by=world.reviewer, now=moment, faults=faults, delivered_on=delivered
        )
    )
    made = decision(case, Act.SEND_BACK)
    due = Deadline.objects.get(application=case, kind=DeadlineKind.CORRECTION)
    letter = letters.write(made)
    assert letter.title == "退回补正告知书"
    assert letter.items == ("缺少土地承包合同。", "面积与确权证不一致。")
    assert (letter.delivered_on, letter.body) == (delivered, "示例镇人民政府")
    text = page(world, "letter", case.pk, made.pk)
    assert "<li>缺少土地承包合同。</li><li>面积与确权证不一致。</li>" in text
    day = due.due_on
    assert f"请在{day.year}年{day.month}月{day.day}日以前（含当日）" in text
    assert f"共{due.days}个工作日" in text
    assert f"送达日期：{delivered.year}年{delivered.month}月{delivered.day}日" in text
    assert "示例镇人民政府（盖章）" in text
    assert letters.BLANK_NUMBER in text
    assert "上次退回" not in text
    words = of_document(as_(world.clerk).get(url("letter-document", case.pk, made.pk)))
    assert "1. 缺少土地承包合同。" in words
    assert "2. 面积与确权证不一致。" in words
    assert "示例镇人民政府（盖章）" in words


@pytest.mark.parametrize(
    ("state", "by", "title", "above", "body"),
    [
        (State.VILLAGE_REVIEW, "clerk", "不予上报告知书", "示例镇人民政府", "示例1村"),
        (State.TOWNSHIP_REVIEW, "reviewer", "不予批准告知书", "示例区乡村振兴局", "示例镇人民政府"),
        (State.DISTRICT_REVIEW, "approver", "不予批准告知书", "上一级主管部门", "示例区乡村振兴局"),
    ],
)
def test_a_refusal_names_its_reason_and_the_body_above(
    world: World, state: State, by: str, title: str, above: str, body: str
) -> None:
    case, moment = stages.reach(world, state)
    stages.do(
        reviews.reject(
            [Ref.of(case)],
            by=getattr(world, by),
            now=moment,
            reason_code="facts",
            opinion="实际没有种植",
        )
    )
    made = decision(case, Act.REJECT)
    text = page(world, "letter", case.pk, made.pk)
    for told in (
        f"<h1>{title}</h1>",
        "原因：申报情况与事实不符。",
        "理由：实际没有种植。",
        f"可以向{above}",
        f"{body}（盖章）",
        "申报3亩、900.00元",
        case.number,
    ):
        assert told in text
    assert ("不需要经过村里同意" in text) is (state is State.VILLAGE_REVIEW)
    words = of_document(as_(world.clerk).get(url("letter-document", case.pk, made.pk)))
    assert title in words
    assert "理由：实际没有种植。" in words


def test_a_lapse_has_its_letter_too(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    later = moment + timedelta(days=30)
    Deadline.objects.filter(application=case, settled_at__isnull=True).update(reminded_at=moment)
    stages.do(
        reviews.lapse([Ref.of(stages.again(case))], by=world.reviewer, now=later, opinion="多次联系未交")
    )
    letter = letters.write(decision(case, Act.LAPSE))
    assert letter.title == "逾期终止告知书"
    assert letter.paragraphs[0] == "理由：多次联系未交。"
    assert "示例区乡村振兴局" in letter.paragraphs[2]


def test_a_row_wrong_on_display_is_told_in_the_same_letter(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    stages.do(reviews.correct([Ref.of(stages.again(case))], by=world.clerk, now=moment, opinion="面积写错了"))
    letter = letters.write(decision(case, Act.CORRECT))
    assert (letter.title, letter.items) == ("退回补正告知书", ("面积写错了。",))
    assert "已经从公示中撤出" in letter.opening
    assert "重新公示满期" in "".join(letter.paragraphs)


def test_the_case_page_leads_to_its_papers(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    client = as_(world.clerk)
    with clock_at(moment):
        before = client.get(case.get_absolute_url()).context["prints"]
        assert [offer.label for offer in before] == ["打印申请表"]
        stages.returned(world, case, by=world.reviewer, now=moment)
        address = url("letter", case.pk, decision(case, Act.SEND_BACK).pk)
        after = client.get(case.get_absolute_url())
        (record,) = after.context["prints"][1:]
        assert record.label == "告知书在审批记录里打印"
        assert address in client.get(record.url).content.decode()


@pytest.mark.parametrize("name", ["letter", "letter-document"])
def test_a_decision_without_a_letter_of_another_case_or_of_a_draft_is_not_found(
    world: World, name: str
) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    other, _ = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, other, by=world.reviewer, now=moment)
    returned = decision(other, Act.SEND_BACK)
    client = as_(world.clerk)
    for args in (
        (case.pk, decision(case, Act.PASS_VILLAGE).pk),
        (case.pk, returned.pk),
        (other.pk, 10**9),
        (10**9, returned.pk),
        (10**30, 10**30),
    ):
        assert client.get(url(name, *args)).status_code == 404
    assert client.get(url(name, other.pk, returned.pk)).status_code == 200
    for stranger in (world.clerks[1], world.stranger):
        assert as_(stranger).get(url(name, other.pk, returned.pk)).status_code == 404


def test_the_form_shows_every_level_and_masks_every_number(world: World) -> None:
    household = world.household(name="示例户主甲")
    household.phone = "13000001234"
    household.save()
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW, household=household)
    cut = {case.pk: Cut(Decimal(2), Decimal(600), "2亩×300元=600元")}
    stages.do(reviews.pass_on([Ref.of(case)], by=world.reviewer, now=moment, opinion="核实为2亩", cuts=cut))
    text = page(world, "application-form", case.pk)
    number = case.payee.id_number
    assert number
    for told in (
        "2021年示例种植补助申请表",
        "示例户主甲",
        f"{number[:2]}{'*' * 13}{number[-3:]}",
        "130****1234",
        "申报数量</th><td>3亩",
        "900.00元",
        "核定数量</th><td>2亩",
        "600.00元",
        "情况与申请一致。情况属实。核实人：王村一、钱队员。",
        "应到30人，到会24人，同意24人，评议通过",
        "同意。经办人：王村一。",
        "核实为2亩。经办人：李审核。",
        "示例镇人民政府（盖章）",
        "示例区乡村振兴局（盖章）",
        "申请人（签名、按手印）",
    ):
        assert told in text, told
    words = of_document(as_(world.clerk).get(url("application-form-document", case.pk)))
    whole = "\n".join(words)
    for leaked in (number, "13000001234", case.payee.card_number):
        assert leaked not in text
        assert leaked not in whole
    assert not [kind for kind, pattern in KINDS.items() if pattern.search(whole.replace(case.number, ""))]
    assert "核实为2亩。经办人：李审核。" in whole


def test_an_opinion_that_no_longer_stands_is_not_printed(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    assert "同意。经办人：王村一。" in page(world, "application-form", case.pk)
    stages.returned(world, case, by=world.reviewer, now=moment)
    assert "同意。经办人：王村一。" in page(world, "application-form", case.pk)
    other, moment = stages.reach(world, State.VILLAGE_POSTING)
    stages.do(reviews.take_back([Ref.of(other)], by=world.clerk, now=moment, opinion="填错了"))
    assert "经办人：王村一。" not in page(world, "application-form", other.pk)


def test_papers_take_twelve_queries_at_most(world: World) -> None:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    stages.returned(world, case, by=world.approver, now=moment)
    client = as_(world.supervisor)
    made = decision(case, Act.SEND_BACK)
    with clock_at(moment):
        for address in (
            url("letter", case.pk, made.pk),
            url("letter-document", case.pk, made.pk),
            url("application-form", case.pk),
            url("application-form-document", case.pk),
        ):
            assert queries(client, address) <= 12
