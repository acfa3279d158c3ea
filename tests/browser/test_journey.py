"""One household's case by mouse: from the application to the announcement, on a desk and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from applications import history
from applications.states import State
from registry.models import Member
from tests import stages
from tests.browser import steps
from tests.browser.conftest import Open, wait
from tests.browser.visitor import Visitor
from tests.world import World
from workflow import consistency
from workflow.models import Decision, Posting, PostingKind, PostingState

pytestmark = pytest.mark.browser

ID_OR_MOBILE = re.compile(r"[1-9]\d{5}(19|20)\d{2}[01]\d[0-3]\d{4}[\dX]|(?<!\d)1[3-9]\d{9}(?!\d)")
"""The body's own 18-digit code, part of the index number, has no birthday in it."""


def assert_private(visitor: Visitor, member: Member) -> None:
    """What the visitor sees holds no number of the person's papers, phone or account."""
    assert ID_OR_MOBILE.search(member.id_number)
    shown = visitor.page.content()
    assert member.name in shown
    for secret in (member.id_number, member.id_number[-6:], member.card_number, member.household.phone):
        assert secret not in shown
    assert ID_OR_MOBILE.search(shown) is None


def test_a_case_goes_from_application_to_announcement_by_mouse(site: World, window: Open) -> None:
    household = site.household()
    household.phone = "甲乙丙丁〔示例〕"
    household.save()
    stranger = window()

    clerk = window(site.clerk)
    case = steps.enter(clerk, household, site.grain)
    steps.submit(clerk, case)
    steps.visit(clerk)
    steps.meet(clerk)
    steps.pass_on(clerk, case, label="村级申报")
    village = steps.draft_sheet(clerk)
    steps.display(clerk, village)
    stranger.go("/public/")
    stranger.follow(village.title)
    stranger.sees("900.00")
    assert_private(stranger, household.head)

    wait(11)
    steps.photograph_end(clerk, village)
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
    stranger.expected.add(410)
    stranger.page.reload()
    stranger.sees("这份公示的公示期已经结束。")
    stranger.expected.clear()

    reviewer = window(site.reviewer)
    reviewer.page.locator("main .tile").filter(has_text="乡级审核").click()
    expect(reviewer.page.locator("[data-checked-in=cases]")).to_have_text("已选 0 件")
    reviewer.page.get_by_label(f"选择{case.number}").check()
    expect(reviewer.page.locator("[data-checked-in=cases]")).to_have_text("已选 1 件")
    reviewer.press("乡级审核通过（已选）")
    reviewer.confirm()
    reviewer.sees("已通过，等待公示")
    township = steps.draft_sheet(reviewer)
    steps.display(reviewer, township)
    wait(11)
    steps.photograph_end(reviewer, township)

    approver = window(site.approver)
    steps.pass_on(approver, case, label="区级审定通过")
    district = steps.draft_sheet(approver)
    steps.display(approver, district)
    wait(11)
    steps.photograph_end(approver, district)

    posting = steps.draft_sheet(approver, tab="公告")
    steps.announce(approver, posting)
    assert (posting.kind, posting.state) == (PostingKind.ANNOUNCEMENT, PostingState.PUBLISHED)

    # Somebody else: the board stays a minute in the cache of who saw it.
    stranger = window()
    stranger.go("/public/")
    stranger.follow(posting.title)
    stranger.sees(posting.number, "900.00", "信息公开目录", *steps.ITEMS.values())
    assert_private(stranger, household.head)

    case = stages.again(case)
    assert (case.state, case.amount) == (State.ANNOUNCED, 900)
    assert Posting.objects.count() == 4
    passes = Decision.objects.filter(application=case, act__startswith="pass").order_by("pk")
    assert [one.by for one in passes] == [site.clerk, site.reviewer, site.approver]
    assert history.faults(case) == []
    assert list(consistency.faults()) == []


def test_a_clerk_enters_and_submits_a_case_on_a_phone(site: World, window: Open) -> None:
    household = site.household()
    clerk = window(site.clerk, phone=True)
    case = steps.enter(clerk, household, site.grain)
    steps.submit(clerk, case)
    steps.visit(clerk)
    for entry in ("工作台", "申请", "评议会", "公示", "异议", "户籍", "统计", "消息"):
        clerk.menu(entry)
        expect(clerk.page.locator("h1")).to_have_count(1)
    steps.open_case(clerk, case)
    for tab in clerk.page.locator("main .tabs a").all_inner_texts():
        clerk.follow(tab)
    assert stages.again(case).state == State.VILLAGE_REVIEW
    assert len(set(clerk.visited)) > 10
