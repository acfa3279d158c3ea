"""What people do on the pages on a case's way, click by click."""

from playwright.sync_api import expect

from applications.models import Application, Programme
from registry.models import Household
from tests.browser.visitor import Visitor
from tests.world import photo
from workflow.models import Posting

ITEMS = {
    "funding": "示例资金〔示例〕",
    "construction_period": "2021年",
    "result": "已完成",
    "inspection": "合格",
    "performance": "达到",
    "responsible": "示例单位〔示例〕",
}
"""What the page does not fill in by itself."""


def picture() -> dict[str, object]:
    """A photo as a file field takes it."""
    taken = photo()
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": taken.read()}


def enter(clerk: Visitor, household: Household, programme: Programme, *, quantity: str = "3") -> Application:
    """From the desk: pick the household and the programme, fill in the form, keep it as a draft."""
    clerk.go("/")
    clerk.follow("录入申请")
    clerk.follow(household.head.name)
    row = clerk.page.get_by_role("row").filter(has_text=programme.name)
    row.get_by_role("link", name="选这个项目").click()
    clerk.fill(quantity=quantity, reason="扩大种植。")
    clerk.page.get_by_label("申请人已签署承诺").check()
    clerk.press("保存草稿")
    clerk.sees("已保存，金额900.00元")
    return Application.objects.get(household=household, programme=programme)


def submit(clerk: Visitor, case: Application) -> None:
    clerk.follow("提交申请")
    clerk.press("提交申请")
    clerk.sees(f"申请{case.number}申请已提交。")


def open_case(person: Visitor, case: Application) -> None:
    """By the menu and the list, as somebody who looks for it."""
    person.menu("申请")
    person.follow(case.number)


def visit(clerk: Visitor) -> None:
    clerk.follow("登记入户核实")
    fill_visit(clerk)


def fill_visit(clerk: Visitor) -> None:
    clerk.fill(name2="钱队员", post2="驻村工作队", findings="情况与申请一致。")
    clerk.page.get_by_label("情况属实", exact=True).check()
    clerk.page.locator("[name=photos]:not([capture])").set_input_files(picture())  # type: ignore[arg-type]
    clerk.press("保存核实记录")
    clerk.sees("入户核实已登记。")


def meet(clerk: Visitor) -> None:
    clerk.follow("登记评议会")
    fill_meeting(clerk)


def fill_meeting(clerk: Visitor) -> None:
    clerk.fill(entitled="30", present="24", chair="钱主任", minutes="逐户评议。")
    clerk.press("保存评议记录")
    clerk.sees("评议会已登记。")


def pass_on(person: Visitor, case: Application, *, label: str) -> None:
    open_case(person, case)
    person.follow(label)
    person.press(label)
    person.sees(f"申请{case.number}已通过，等待公示。")


def draft_sheet(person: Visitor, *, tab: str = "待公示") -> Posting:
    """From the list of what waits: all that waits, with the headings as prefilled."""
    person.menu("公示")
    person.page.get_by_role("link", name=tab).first.click()
    person.follow("拟稿")
    person.press("生成拟稿")
    person.sees("公示已拟稿")
    return Posting.objects.latest("pk")


def display(person: Visitor, posting: Posting) -> None:
    """Record that the sheet hangs, with its witness and its photo."""
    person.follow("登记张贴")
    person.fill(place="公开栏", witness="吴监督")
    person.page.locator("[name=photo]:not([capture])").set_input_files(picture())  # type: ignore[arg-type]
    person.press("登记张贴")
    person.sees("已登记张贴，公示期开始计算", "名单与张贴时封存的名单一致。")
    expect(person.page.locator("main .photos img")).to_have_count(1)
    posting.refresh_from_db()


def photograph_end(person: Visitor, posting: Posting) -> None:
    """Register the photo of the sheet after its last day, which its announcement asks for."""
    person.go(posting.get_absolute_url())
    person.follow("登记期满照片")
    person.page.locator("[name=photo]:not([capture])").set_input_files(picture())  # type: ignore[arg-type]
    person.press("保存照片")
    person.sees("期满照片已保存。")


def announce(person: Visitor, posting: Posting) -> None:
    """Write the ten items and publish."""
    person.follow("填写公告十项")
    person.fill(**ITEMS)
    person.press("保存")
    person.sees("公告十项已保存。")
    person.follow("发布公告")
    person.press("发布公告")
    person.confirm()
    person.sees("公告已发布，列入公告的申请已办结")
    posting.refresh_from_db()
