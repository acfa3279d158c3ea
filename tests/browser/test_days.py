"""A day of each role, by real clicks, on a desk and on a telephone: what its people do between morning and evening."""

import pytest
from playwright.sync_api import expect

from applications.models import Application, AppraisalItem
from applications.states import State
from registry import clock
from tests import stages
from tests.browser import steps
from tests.browser.conftest import Open, set_clock, wait
from tests.browser.test_reviewing import in_review
from tests.browser.visitor import Visitor
from tests.world import World
from workflow.models import Fault, PostingKind, PostingState

pytestmark = pytest.mark.browser

on_each = pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])


def tick(person: Visitor, cases: list[Application]) -> None:
    for case in cases:
        person.page.get_by_label(f"选择{case.number}").check()


def photographed(clerk: Visitor) -> None:
    """A paper by the camera's button: it is sent as soon as it is taken."""
    clerk.page.locator("[data-send]:not([capture])").last.set_input_files(steps.picture())  # type: ignore[arg-type]
    expect(clerk.page.locator("#held img")).to_have_count(1)


def entered(clerk: Visitor, *, quantity: str, button: str) -> None:
    clerk.fill(quantity=quantity, reason="扩大种植。")
    clerk.page.get_by_label("申请人已签署承诺").check()
    photographed(clerk)
    clerk.press(button)


@on_each
def test_a_clerk_enters_two_households_appraises_and_declares_them(
    site: World, window: Open, phone: bool
) -> None:
    first, second = site.household(name="欧阳示例"), site.household(name="诸葛示例")
    clerk = window(site.clerk, phone=phone)
    clerk.follow("录入申请")
    clerk.fill(q="oysl")
    clerk.press("查询")
    clerk.follow(first.head.name)
    row = clerk.page.get_by_role("row").filter(has_text=site.grain.name)
    row.get_by_role("link", name="选这个项目").click()
    entered(clerk, quantity="3", button="保存并录下一户")
    # The next household comes by itself; nothing of the first one is left in the form.
    clerk.sees(second.number, "已保存，金额900.00元")
    entered(clerk, quantity="2", button="保存草稿")
    clerk.sees("已保存，金额600.00元")

    clerk.menu("申请")
    cases = list(Application.objects.order_by("pk"))
    tick(clerk, cases)
    clerk.press("提交申请（已选）")
    clerk.confirm()
    clerk.sees("申请已提交：2件。")

    for _ in cases:
        clerk.menu("核实申报")
        clerk.page.get_by_role("link", name="去核实").first.click()
        steps.fill_visit(clerk)
    clerk.menu("核实申报")
    clerk.sees("入户核实都已登记。", "还有2件没有评议")
    clerk.follow(f"{site.village.name}登记评议会")
    steps.fill_meeting(clerk)
    clerk.menu("核实申报")
    clerk.sees("2件样样齐全")
    clerk.press("申报已勾选的")
    clerk.confirm()
    clerk.sees("已申报，等待村级公示。（2件）")

    steps.open_case(clerk, cases[0])
    clerk.page.get_by_role("link", name="打印查询凭条").first.click()
    clerk.sees(stages.again(cases[0]).inquiry_code)
    assert {stages.again(case).state for case in cases} == {State.VILLAGE_POSTING}
    assert [case.attachments.filter(kind="paper").count() for case in cases] == [1, 1]
    assert AppraisalItem.objects.filter(application__in=cases, in_favour=24).count() == 2


@on_each
def test_a_reviewer_returns_one_case_passes_the_rest_and_hangs_the_list(
    site: World, window: Open, phone: bool
) -> None:
    first, second, *rest = in_review(site, 4)
    reviewer = window(site.reviewer, phone=phone)
    reviewer.follow("逐件审核")
    reviewer.sees(first.number)
    reviewer.follow("退回补正")
    reviewer.fill(faults="缺少土地承包合同复印件\n申请表没有签名")
    reviewer.press("退回补正")
    reviewer.sees(f"申请{first.number}（{first.beneficiary_name}）已退回补正。", second.number)
    reviewer.press("乡级审核通过")
    reviewer.sees(f"申请{second.number}（{second.beneficiary_name}）已通过，等待公示。")
    reviewer.follow("名单和批量办理")
    tick(reviewer, rest)
    reviewer.press("乡级审核通过（已选）")
    reviewer.confirm()
    reviewer.sees("已通过，等待公示：2件。", *(case.number for case in rest))
    posting = steps.draft_sheet(reviewer)
    steps.display(reviewer, posting)
    assert posting.state == PostingState.DISPLAYED
    listed = posting.entries.order_by("application").values_list("application", flat=True)
    assert list(listed) == [case.pk for case in (second, *rest)]
    assert stages.again(first).state == State.TOWNSHIP_CORRECTION
    assert Fault.objects.filter(decision__application=first).count() == 2


@on_each
def test_an_approver_passes_a_list_returns_one_case_and_announces(
    site: World, window: Open, phone: bool
) -> None:
    ready, moment = stages.reach(site, State.ANNOUNCEMENT)
    site.now = moment
    cases = in_review(site, 3)
    now = clock.now()
    stages.passed(site, cases, by=site.reviewer, now=now)
    now = stages.ran(site, cases, kind=PostingKind.TOWNSHIP, now=now)
    set_clock(now)
    *good, odd = cases
    approver = window(site.approver, phone=phone)
    approver.page.locator("main .tile").filter(has_text="区级审定").click()
    tick(approver, good)
    approver.press("区级审定通过（已选）")
    approver.confirm()
    approver.sees("已通过，等待公示：2件。")
    steps.open_case(approver, odd)
    approver.follow("退回乡级重审")
    approver.fill(opinion="面积与承包合同不一致，请重新核对。")
    approver.press("退回乡级重审")
    approver.sees(f"申请{odd.number}已退回乡级重审。")
    posting = steps.draft_sheet(approver, tab="公告")
    steps.announce(approver, posting)
    assert (posting.kind, posting.state) == (PostingKind.ANNOUNCEMENT, PostingState.PUBLISHED)
    assert [stages.again(case).state for case in (ready, *good, odd)] == [
        State.ANNOUNCED,
        State.DISTRICT_POSTING,
        State.DISTRICT_POSTING,
        State.TOWNSHIP_REVIEW,
    ]


@on_each
def test_a_supervisor_reads_what_is_late_and_an_administrator_looks_after_the_year(
    site: World, window: Open, phone: bool
) -> None:
    late = stages.submitted(site, household=site.household(name="欧阳示例"))
    wait(30)
    supervisor = window(site.supervisor, phone=phone)
    supervisor.sees("超期没有办结的", late.number)
    supervisor.page.get_by_role("link", name="超期").first.click()
    supervisor.sees("督办", site.village.name)
    supervisor.follow(late.number)
    supervisor.follow("审批记录")
    supervisor.sees("王村一", "提交")
    # Who only reads is offered no act.
    expect(supervisor.page.locator("main form[method=post]")).to_have_count(0)
    supervisor.menu("统计")
    supervisor.sees("年统计")
    supervisor.menu("信息记录")
    expect(supervisor.page.locator("h1")).to_have_count(1)

    administrator = window(site.administrator, phone=phone)
    administrator.menu("节假日")
    administrator.sees("示例通知〔示例〕")
    administrator.follow("2021年")
    administrator.sees("2021年")
    administrator.menu("运行")
    administrator.sees("运行状况", "到期巡检")
    administrator.menu("账号")
    administrator.sees(site.clerk.name)
    assert stages.again(late).state == State.VILLAGE_REVIEW
