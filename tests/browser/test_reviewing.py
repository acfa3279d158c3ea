"""A township reviewer works through a queue: by keyboard on a desk, by touch on a phone, and without any script."""

from datetime import datetime

import pytest
from playwright.sync_api import expect

from applications.models import Application
from applications.states import State
from tests import stages
from tests.browser.conftest import Open, set_clock
from tests.browser.visitor import Visitor
from tests.world import World, photo
from workflow import custody, intake
from workflow.models import Fault, PostingKind
from workflow.results import Ref

pytestmark = pytest.mark.browser


def in_review(world: World, count: int) -> list[Application]:
    """Cases in 乡级审核, one of them with a paper, and the clock at the day they got there."""
    cases = [stages.draft(world) for _ in range(count)]
    intake.attach(Ref(cases[0].pk), paper=None, upload=photo(), by=world.clerk, now=world.now)
    for case in cases:
        stages.do(intake.submit([Ref(case.pk)], by=world.clerk, now=world.now))
        stages.visit(world, case)
    stages.meeting(world, cases)
    stages.passed(world, cases, by=world.clerk, now=world.now)
    now: datetime = stages.ran(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    set_clock(now)
    return [stages.again(case) for case in cases]


def stands_at(visitor: Visitor, case: Application) -> None:
    """The page shows this case, and marks it in the queue; its script, which listens for keys, has run."""
    expect(visitor.page.locator(".review-case")).to_contain_text(case.number)
    expect(visitor.page.locator(".queue [aria-current]")).to_contain_text(case.beneficiary_name)
    visitor.page.wait_for_load_state("load")


def test_a_reviewer_works_through_a_queue_by_keyboard(site: World, window: Open) -> None:
    first, second, third, fourth = in_review(site, 4)
    reviewer = window(site.reviewer)
    reviewer.follow("逐件审核")
    reviewer.sees("键盘：j 下一件，k 上一件，1 通过")
    press = reviewer.page.keyboard.press
    stands_at(reviewer, first)
    press("j")
    stands_at(reviewer, second)
    press("k")
    stands_at(reviewer, first)

    press("1")
    expect(reviewer.page.get_by_role("button", name="乡级审核通过")).to_be_focused()
    assert stages.again(first).state == State.TOWNSHIP_REVIEW
    press("Enter")
    reviewer.sees(f"申请{first.number}（{first.beneficiary_name}）已通过，等待公示。")
    stands_at(reviewer, second)

    press("2")
    faults = reviewer.page.get_by_label("需要补正的内容")
    expect(faults).to_be_focused()
    # While something is typed the keys are letters.
    reviewer.page.keyboard.type("jk123 缺合同\n面积写错")
    stands_at(reviewer, second)
    expect(faults).to_have_value("jk123 缺合同\n面积写错")
    reviewer.press("退回补正")
    reviewer.sees(f"申请{second.number}（{second.beneficiary_name}）已退回补正。")
    stands_at(reviewer, third)

    press("3")
    reviewer.page.get_by_label("申报情况与事实不符").check()
    reviewer.page.get_by_label("具体理由").fill("现场丈量不足。")
    reviewer.press("不予批准")
    reviewer.confirm()
    reviewer.sees(f"申请{third.number}（{third.beneficiary_name}）已作出决定")
    stands_at(reviewer, fourth)
    assert [stages.again(case).state for case in (first, second, third, fourth)] == [
        State.TOWNSHIP_POSTING,
        State.TOWNSHIP_CORRECTION,
        State.REJECTED,
        State.TOWNSHIP_REVIEW,
    ]
    texts = Fault.objects.filter(decision__application=second).order_by("number")
    assert list(texts.values_list("text", flat=True)) == ["jk123 缺合同", "面积写错"]


def test_keys_do_nothing_where_there_is_nothing_to_press(site: World, window: Open) -> None:
    (only,) = in_review(site, 1)
    custody.take([Ref.of(only)], by=site.second_reviewer, now=stages.timezone.now())
    reviewer = window(site.reviewer)
    reviewer.go("/review/")
    stands_at(reviewer, only)
    for key in ("j", "k", "1", "2", "3", "x"):
        reviewer.page.keyboard.press(key)
    reviewer.sees("这件申请由李复核办理")
    assert reviewer.visited[-1] == "/review/"
    assert stages.again(only).state == State.TOWNSHIP_REVIEW


def test_a_reviewer_works_through_a_queue_by_touch(site: World, window: Open) -> None:
    first, second, third = in_review(site, 3)
    reviewer = window(site.reviewer, phone=True)
    reviewer.page.get_by_role("link", name="逐件审核", exact=True).tap()
    rows = reviewer.page.locator(".queue-rows")
    expect(rows).to_be_hidden()
    reviewer.page.locator(".queue-fold summary").tap()
    expect(rows).to_be_visible()
    rows.get_by_role("link").nth(1).tap()
    expect(reviewer.page.locator(".review-case")).to_contain_text(second.number)
    expect(rows).to_be_hidden()
    reviewer.page.get_by_role("button", name="乡级审核通过").tap()
    reviewer.sees(f"申请{second.number}（{second.beneficiary_name}）已通过，等待公示。", third.number)
    reviewer.page.get_by_role("link", name="上一件", exact=True).tap()
    reviewer.sees(first.number)
    reviewer.page.get_by_role("link", name="退回补正", exact=True).tap()
    reviewer.page.get_by_label("需要补正的内容").fill("缺合同")
    reviewer.page.get_by_role("button", name="退回补正").tap()
    reviewer.sees(f"申请{first.number}（{first.beneficiary_name}）已退回补正。")
    assert [stages.again(case).state for case in (first, second, third)] == [
        State.TOWNSHIP_CORRECTION,
        State.TOWNSHIP_POSTING,
        State.TOWNSHIP_REVIEW,
    ]


def test_the_page_needs_no_script(site: World, window: Open) -> None:
    first, second = in_review(site, 2)
    reviewer = window(site.reviewer, javascript=False)
    reviewer.follow("逐件审核")
    reviewer.follow("下一件")
    reviewer.sees(second.number)
    reviewer.follow("退回补正")
    reviewer.fill(faults="缺合同")
    reviewer.press("退回补正")
    reviewer.sees(f"申请{second.number}（{second.beneficiary_name}）已退回补正。", first.number)
    reviewer.press("乡级审核通过")
    reviewer.sees("已通过，等待公示", "现在没有待您审核的申请。")
    assert [stages.again(case).state for case in (first, second)] == [
        State.TOWNSHIP_POSTING,
        State.TOWNSHIP_CORRECTION,
    ]
