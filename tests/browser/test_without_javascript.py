"""Every page works without JavaScript: signing in, entering, narrowing a list, passing it whole, and lists from Excel.

Reviewing case by case without a script is in test_reviewing.py.
"""

import pytest
from playwright.sync_api import expect

from applications.models import Application
from applications.states import State
from tests import stages
from tests.browser import steps
from tests.browser.conftest import Open
from tests.browser.test_reviewing import in_review
from tests.workflow.filled import filled
from tests.world import World
from workflow import claim_rows, imports
from workflow.models import ImportJob

pytestmark = pytest.mark.browser


def test_a_case_is_entered_and_submitted_without_javascript(site: World, window: Open) -> None:
    household = site.household()
    clerk = window(site.clerk, javascript=False)
    case = steps.enter(clerk, household, site.grain)
    assert (case.quantity, case.amount, case.committed) == (3, 900, True)
    steps.submit(clerk, case)
    assert stages.again(case).state == State.VILLAGE_REVIEW


def test_the_amount_is_shown_before_saving_without_javascript(site: World, window: Open) -> None:
    household = site.household()
    clerk = window(site.clerk, javascript=False)
    clerk.go(f"/applications/new/?household={household.pk}&programme={site.grain.pk}")
    clerk.fill(quantity="3")
    clerk.press("先算金额")
    clerk.sees("900.00 元")
    assert household.applications.count() == 0


def test_a_list_is_narrowed_sorted_and_passed_without_javascript(site: World, window: Open) -> None:
    first, second, third = in_review(site, 3)
    reviewer = window(site.reviewer, javascript=False)
    reviewer.menu("申请")
    reviewer.page.get_by_label("环节", exact=True).select_option("township_review")
    reviewer.fill(q=second.household.number)
    reviewer.press("查询")
    expect(reviewer.page.locator("#cases tbody tr")).to_have_count(1)
    reviewer.fill(q="")
    reviewer.press("查询")
    reviewer.page.locator("#cases thead").get_by_role("link", name="编号").click()
    rows = reviewer.page.locator("#cases tbody tr")
    expect(rows.first).to_contain_text(first.number)
    reviewer.page.get_by_label(f"选择{first.number}").check()
    reviewer.page.get_by_label(f"选择{third.number}").check()
    reviewer.press("乡级审核通过（已选）")
    reviewer.sees("已通过，等待公示：2件。", first.number, third.number)
    reviewer.follow("返回名单")
    expect(rows).to_have_count(1)
    assert [stages.again(case).state for case in (first, second, third)] == [
        State.TOWNSHIP_POSTING,
        State.TOWNSHIP_REVIEW,
        State.TOWNSHIP_POSTING,
    ]


def test_a_list_from_excel_goes_in_without_javascript(site: World, window: Open) -> None:
    homes = [site.household() for _ in range(2)]
    content = filled(
        claim_rows.template(site.grain, site.village),
        [{"户编号": home.number, "数量": many} for home, many in zip(homes, (3, 99), strict=True)],
    )
    clerk = window(site.clerk, javascript=False)
    clerk.menu("申请")
    clerk.follow("Excel导入")
    clerk.page.get_by_label("导入内容").select_option(f"{site.grain.pk}")
    clerk.press("下一步")
    expect(clerk.page.locator("main").get_by_role("link", name="下载模板")).to_be_visible()
    clerk.page.locator("[name=workbook]").set_input_files(
        {"name": "list.xlsx", "mimeType": "application/octet-stream", "buffer": content}
    )
    clerk.press("上传并检查")
    clerk.sees("数量99亩超过每户最多50亩", "确认录入")
    clerk.page.locator("[name=mode][value=good]").check()
    clerk.press("确认录入")
    clerk.sees("已处理1行，共2行")
    imports.work(ImportJob.objects.get().pk, now=site.now)
    # The page looks again by itself, without a script.
    clerk.sees("已录入1行，有问题的1行没有录入")
    assert [case.household for case in Application.objects.all()] == homes[:1]
