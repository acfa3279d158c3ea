"""An objection by anybody from the public page, handled in the browser; the case then goes on."""

import pytest
from playwright.sync_api import expect

from applications.states import State
from registry import clock
from tests import stages
from tests.browser.conftest import Open, wait
from tests.world import World
from workflow.models import EntryOutcome, Objection, ObjectionOutcome, PostingEntry, PostingKind

pytestmark = pytest.mark.browser


def test_an_objection_from_the_public_page_holds_the_case_until_it_is_decided(
    site: World, window: Open
) -> None:
    case = stages.submitted(site)
    stages.passed(site, [case], by=site.clerk, now=site.now)
    moment = stages.ran(site, [case], kind=PostingKind.VILLAGE, now=site.now)
    wait(11)
    stages.passed(site, [case], by=site.reviewer, now=moment)
    posting = stages.displayed(site, [case], kind=PostingKind.TOWNSHIP, now=clock.now())

    neighbour = window()
    neighbour.go("/public/")
    neighbour.follow(posting.title)
    neighbour.page.get_by_role("link", name="提出异议").click()
    neighbour.page.get_by_label("不署名", exact=True).check()
    neighbour.fill(facts="该户实际种植面积不足三亩。")
    neighbour.expected.add(422)
    neighbour.press("提交异议")
    neighbour.sees("提交得太快了")
    assert Objection.objects.count() == 0
    clock.advance(seconds=5)
    neighbour.press("提交异议")
    neighbour.sees("异议已经收到")
    receipt = neighbour.page.locator("main .tile-n").inner_text()
    objection = Objection.objects.get(receipt=receipt)
    assert (objection.application_id, objection.anonymous) == (case.pk, True)

    wait(11)
    assert PostingEntry.objects.get(posting=posting).outcome == EntryOutcome.NOT_PASSED
    assert stages.again(case).state == State.TOWNSHIP_POSTING

    reviewer = window(site.reviewer)
    reviewer.menu("异议")
    reviewer.follow(objection.number)
    reviewer.follow("受理")
    reviewer.press("受理")
    reviewer.sees("异议已受理。")
    reviewer.follow("开始调查")
    reviewer.fill(investigators="调查甲\n调查乙")
    reviewer.press("开始调查")
    reviewer.sees("调查人已登记，调查开始。")
    reviewer.follow("办结")
    reviewer.page.get_by_label("异议不成立").check()
    reviewer.fill(findings="现场丈量为三亩。", reason="申报面积属实。")
    reviewer.press("办结")
    reviewer.sees("异议已办结。", "调查甲、调查乙")

    objection.refresh_from_db()
    assert objection.outcome == ObjectionOutcome.NOT_UPHELD
    assert PostingEntry.objects.get(posting=posting).outcome == EntryOutcome.PASSED
    assert stages.again(case).state == State.DISTRICT_REVIEW
    reviewer.follow(case.number)
    expect(reviewer.page.locator(".page-head")).to_contain_text("待区级审定")

    neighbour.go("/public/receipt/")
    neighbour.fill(receipt=receipt.replace("-", "").lower())
    neighbour.press("查询")
    neighbour.sees("异议不成立")
    assert "现场丈量" not in neighbour.page.content()
