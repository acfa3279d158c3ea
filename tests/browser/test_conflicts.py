"""Two tabs and two clicks: the later act learns what changed, the same act counts once."""

import re

import pytest

from applications.models import Application, HistoryEntry
from applications.states import State
from notifications.models import Message
from tests import stages
from tests.browser.conftest import Open
from tests.world import World
from workflow.models import Act, Decision

pytestmark = pytest.mark.browser


def test_the_older_of_two_tabs_learns_what_changed_and_changes_nothing(site: World, window: Open) -> None:
    case = stages.submitted(site)
    older = window(site.clerk)
    older.go(f"/applications/{case.pk}/pass/")
    newer = window(site.second_clerk)
    newer.go(f"/applications/{case.pk}/send_back/")
    newer.fill(faults="缺少土地承包合同复印件")
    newer.press("退回补正")
    newer.sees(f"申请{case.number}已退回补正。")
    before = everything(case.pk)

    older.expected.add(409)
    older.press("村级申报")
    older.sees("这件事的情况已经变了。", "赵村员", "缺少土地承包合同复印件")
    assert everything(case.pk) == before
    assert before[0] == State.VILLAGE_CORRECTION
    older.follow("查看最新情况")
    older.sees("现在是“", case.number)


def test_the_conflict_page_names_the_act_that_came_between_in_chinese(site: World, window: Open) -> None:
    case = stages.submitted(site)
    older = window(site.clerk)
    older.go(f"/applications/{case.pk}/send_back/")
    stages.passed(site, [case], by=site.second_clerk, now=site.now)
    older.fill(faults="缺少土地承包合同复印件")
    older.expected.add(409)
    older.press("退回补正")
    older.sees("这件事的情况已经变了。", "赵村员", "村级申报")
    assert re.search("[a-z_]{4,}", older.page.locator("main").inner_text()) is None


def test_a_double_click_on_the_pass_button_leaves_one_decision(site: World, window: Open) -> None:
    case = stages.submitted(site)
    clerk = window(site.clerk)
    clerk.go(f"/applications/{case.pk}/pass/")
    clerk.page.locator("main").get_by_role("button", name="村级申报", exact=True).dblclick(no_wait_after=True)
    clerk.sees(f"申请{case.number}已通过，等待公示。")
    assert_passed_once(case.pk)


def test_the_same_form_sent_twice_at_once_leaves_one_decision(site: World, window: Open) -> None:
    case = stages.submitted(site)
    clerk = window(site.clerk)
    clerk.go(f"/applications/{case.pk}/pass/")
    # Past the page's own lock: both requests leave before either is answered.
    answers = clerk.page.evaluate(
        """async () => {
            const send = () => fetch(location.href, {
                method: "POST", body: new URLSearchParams(new FormData(document.querySelector("main form"))),
            });
            return (await Promise.all([send(), send()])).map((answer) => answer.status);
        }"""
    )
    assert answers == [200, 200]
    assert_passed_once(case.pk)


def everything(pk: int) -> tuple[str, int, int, int, int]:
    """The case's state and revision, and how much is written about it."""
    case = Application.objects.get(pk=pk)
    return (
        case.state,
        case.revision,
        case.decisions.count(),
        case.history.count(),
        Message.objects.filter(application=pk).count(),
    )


def assert_passed_once(pk: int) -> None:
    assert Application.objects.get(pk=pk).state == State.VILLAGE_POSTING
    assert Decision.objects.filter(application=pk, act=Act.PASS_VILLAGE).count() == 1
    assert HistoryEntry.objects.filter(application=pk, act=Act.PASS_VILLAGE).count() == 1
