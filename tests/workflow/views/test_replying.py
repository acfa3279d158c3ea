"""The letter that answers a named objector: what it says, whom it is for, and who never sees it (异议答复书)."""

import re
from datetime import datetime

import pytest
from django.test import Client

from applications.states import State
from registry.masking import mask_name
from registry.models import User
from tests import stages
from tests.workflow import written
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import World
from workflow import appeals, objections
from workflow.complaints import Complaint
from workflow.models import Channel, Objection, PostingEntry, PostingKind

NAME = "金丝雀反映人"


def objection(world: World, *, cadre: bool = False, anonymous: bool = False) -> Objection:
    case, _ = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=world.now)
    complaint = Complaint(
        Channel.VISIT,
        "面积不足。",
        anonymous=anonymous,
        name="" if anonymous else NAME,
        concerns_cadre=cadre,
    )
    return objections.lodge(PostingEntry.objects.get(posting=posting), complaint=complaint, now=world.now)


def letter(world: World, who: User, found: Objection, now: datetime) -> tuple[int, str]:
    with clock_at(now):
        answer = as_(who).get(url("objection-reply", found.pk))
    return answer.status_code, re.sub(r"<[^>]+>|\s+", "", answer.content.decode())


@pytest.mark.parametrize(
    ("outcome", "decision", "route"),
    [
        ("not_upheld", "异议不成立。名单上的这一条不变。", "10个工作日内，凭回执编号向乡级申请一次复核"),
        ("corrected", "更正。名单上的这一条已经撤出公示", "10个工作日内，凭回执编号向乡级申请一次复核"),
        ("cancelled", "取消。这一件申请不予批准", "仍有意见的，可以向上级主管部门、纪委反映"),
    ],
)
def test_it_says_findings_decision_reason_and_the_way_on(
    world: World, outcome: str, decision: str, route: str
) -> None:
    found = objection(world)
    stages.decided(found, outcome, by=world.clerk, now=world.later(1))
    before = written.everything()
    status, text = letter(world, world.clerk, found, world.later(1))
    assert status == 200
    assert (
        f"{mask_name(NAME)}：您于2021年3月1日对《{found.posting.title}》（{found.posting.number}）第1号提出的异议"
        in text
    )
    for said in (
        "调查人调查甲、调查乙",
        "认定的事实现场丈量。",
        "理由事实清楚。",
        f"处理结果{decision}",
        route,
    ):
        assert said in text, said
    assert found.receipt not in text
    assert "示例1村" in text
    assert written.everything() == before
    with clock_at(world.later(1)):
        page = as_(world.clerk).get(found.get_absolute_url()).content.decode()
    assert url("objection-reply", found.pk) in page


def test_an_appeal_is_answered_by_the_level_above_and_ends_there(world: World) -> None:
    found = objection(world)
    stages.decided(found, "not_upheld", by=world.clerk, now=world.now)
    again = appeals.lodge(found, facts="没有丈量西边的地。", now=world.now)
    stages.decided(again, "not_upheld", by=world.reviewer, now=world.now)
    status, text = letter(world, world.reviewer, again, world.now)
    assert status == 200
    assert "复核答复书" in text
    assert "复核的结果不能再申请复核。仍有意见的，可以向上级主管部门、纪委反映" in text
    assert letter(world, world.clerk, again, world.now)[0] == 403


@pytest.mark.parametrize("who", ["clerk", "second_clerk", "approver", "supervisor", "administrator"])
def test_the_level_complained_of_and_everybody_else_get_a_reason_and_no_name(world: World, who: str) -> None:
    found = objection(world, cadre=True)
    stages.decided(found, "not_upheld", by=world.reviewer, now=world.now)
    status, text = letter(world, getattr(world, who), found, world.now)
    assert (status, NAME in text) == (403, False)
    assert "这一步由当地的乡镇审核员办理，您没有这项任职。" in text
    with clock_at(world.now):
        assert "打印答复书" not in as_(getattr(world, who)).get(found.get_absolute_url()).content.decode()
    assert letter(world, world.reviewer, found, world.now)[0] == 200


def test_another_village_finds_nothing_and_nobody_is_sent_to_the_login(world: World) -> None:
    found = objection(world)
    stages.decided(found, "not_upheld", by=world.clerk, now=world.now)
    assert letter(world, world.clerks[1], found, world.now)[0] == 404
    with clock_at(world.now):
        assert Client().get(url("objection-reply", found.pk)).status_code == 302


@pytest.mark.parametrize(
    ("anonymous", "decided", "words"),
    [(False, False, "异议还没有处理结果"), (True, True, "异议人没有署名，凭回执编号查询结果")],
)
def test_there_is_no_letter_without_an_answer_or_without_a_name(
    world: World, anonymous: bool, decided: bool, words: str
) -> None:
    found = objection(world, anonymous=anonymous)
    if decided:
        stages.decided(found, "not_upheld", by=world.clerk, now=world.now)
    status, text = letter(world, world.clerk, found, world.now)
    assert status == 403
    assert words in text


def test_what_was_not_accepted_or_passed_on_is_answered_too(world: World) -> None:
    refused, passed = objection(world), objection(world)
    objections.not_accept(refused, by=world.clerk, now=world.now, reason="没有写明事实。")
    objections.pass_on(passed, by=world.clerk, now=world.now, reason="反映镇里的事。", to="区纪委〔示例〕")
    assert "处理结果不予受理理由没有写明事实。" in letter(world, world.clerk, refused, world.now)[1]
    assert "处理结果移送区纪委〔示例〕处理" in letter(world, world.clerk, passed, world.now)[1]
