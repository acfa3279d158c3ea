"""The public pages for everybody: no serious fault that axe-core knows, by keyboard, in every look, without a script."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from applications.models import Application
from applications.states import State
from tests import stages
from tests.browser.axe import FOLDED, RULES, severe, too_wide
from tests.browser.conftest import Laid, Open, set_clock
from tests.browser.visitor import DESK, PHONE, Visitor
from tests.workflow.views.sheets import on_display
from tests.world import World
from workflow import reviews
from workflow.models import Posting, PostingState
from workflow.results import Ref

pytestmark = pytest.mark.browser

LOOKS: dict[str, dict[str, str]] = {
    "usual": {},
    "elder": {"elder": "1"},
    "high contrast": {"contrast": "high", "size": "largest"},
    "elder, high contrast": {"elder": "1", "contrast": "high"},
}
# Every text of the page whose lines are closer than one and a half times its size.
CLOSE_LINES = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !one.getClientRects().length) return false;
  const style = getComputedStyle(one);
  return !(parseFloat(style.lineHeight) / parseFloat(style.fontSize) >= 1.499);
}).map((one) => `${one.tagName}.${one.className} ${getComputedStyle(one).lineHeight}`)"""
# Of the buttons of one choice the tab key reaches one; the arrow keys do the rest.
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((one) => one.type !== "hidden" && one.tabIndex >= 0 && one.checkVisibility({visibilityProperty: true}))
  .filter((one) => one.type !== "radio" || one === document.querySelector(`[type=radio][name="${one.name}"]`))
  .map((one) => one.outerHTML.slice(0, 160))"""
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  return {html: one.outerHTML.slice(0, 160), outline: style.outlineStyle, width: parseFloat(style.outlineWidth),
    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth};
}"""
SMALL_TARGETS = """(least) => [...document.querySelectorAll(
    ".public-nav a, .look-bar button, .btn, .big-links a, .fold > summary, .call a, main input, main select")]
  .filter((one) => one.type !== "hidden" && one.type !== "radio" && one.type !== "checkbox" && one.checkVisibility())
  .filter((one) => one.getBoundingClientRect().height < least)
  .map((one) => `${one.outerHTML.slice(0, 80)} ${one.getBoundingClientRect().height}`)"""


@dataclass
class Board:
    """What hangs, what was announced, what is over, and a case to ask for."""

    hanging: Posting
    announced: Posting
    ended: Posting
    case: Application

    @property
    def pages(self) -> list[str]:
        return [
            "/public/",
            "/public/announcements/",
            "/public/statistics/",
            "/public/progress/",
            "/public/receipt/",
            f"/public/postings/{self.hanging.pk}/",
            f"/public/postings/{self.announced.pk}/",
            f"/public/postings/{self.ended.pk}/",
            f"/public/entries/{self.hanging.entries.earliest('pk').pk}/object/",
            "/public/no-such-page/",
        ]


@dataclass
class Rare:
    """Pages that only an event brings about: a revocation, an objection that was answered."""

    corrected: Posting
    correction: Posting
    receipt: str


@pytest.fixture
def rare(site: World, board: Board, laid: Laid) -> Rare:
    made = laid.once("rare", lambda: events(site, board))
    # The copy brought the clock of the first time along.
    set_clock(site.now)
    return made


def events(site: World, board: Board) -> Rare:
    """An announcement of which a case was revoked, its correction, and an objection that may be appealed."""
    case, moment = stages.reach(site, State.ANNOUNCEMENT, household=site.household(name="吴示例"))
    corrected, _ = stages.announced(site, [case], now=moment)
    case = stages.again(case)
    stages.do(reviews.revoke([Ref.of(case)], by=site.approver, now=moment, opinion="重复领取。"))
    correction = Posting.objects.get(announcement__corrects__posting=corrected)
    entry = board.hanging.entries.earliest("pk")
    objection = stages.lodged(site, entry.application, board.hanging, now=site.now)
    stages.decided(objection, "not_upheld", by=site.clerk, now=site.now)
    return Rare(Posting.objects.get(pk=corrected.pk), correction, objection.receipt)


@pytest.fixture
def board(site: World, laid: Laid) -> Board:
    made, site.now = laid.once("board", lambda: (posted(site), site.now))
    set_clock(site.now)
    return made


def posted(site: World) -> Board:
    """A sheet that hangs beside an announcement and a sheet whose period is over."""
    case, moment = stages.reach(site, State.ANNOUNCEMENT, household=site.household(name="周示例"))
    announced, _ = stages.announced(site, [case], now=moment)
    site.now = moment
    hanging = on_display(site, 2)
    return Board(hanging, announced, Posting.objects.filter(state=PostingState.CLOSED).earliest("pk"), case)


def looking(window: Open, look: dict[str, str], **kind: bool) -> Visitor:
    visitor = window(**kind)
    visitor.expected = {404, 410, 422}
    visitor.page.context.add_cookies(
        [{"name": name, "value": value, "url": visitor.address} for name, value in look.items()]
    )
    return visitor


def ask(visitor: Visitor, code: str, name: str) -> None:
    visitor.go("/public/progress/")
    visitor.fill(code=code, name=name)
    visitor.press("查询")


def rare_pages(visitor: Visitor, board: Board, rare: Rare) -> Iterator[str]:
    """Go to one page after the other that an event or a mistake brings about; the name of each."""
    visitor.go(f"/public/postings/{rare.corrected.pk}/")
    visitor.sees("已撤销")
    yield "corrected announcement"
    visitor.go(f"/public/postings/{rare.correction.pk}/")
    visitor.sees(rare.correction.title)
    yield "correction"
    visitor.go(f"/public/postings/{board.hanging.pk}/?sum=000000000000")
    visitor.sees("您扫的纸和这一页的名单不一致")
    yield "wrong checksum"
    for code in (board.case.inquiry_code, "wrong"):
        ask(visitor, code, "周示例")
        yield f"progress, {code == 'wrong'}"
    visitor.go("/public/receipt/")
    visitor.fill(receipt="AAAA-BBBB-CCCC")
    visitor.press("查询")
    visitor.sees("没有查到")
    yield "unknown receipt"
    visitor.fill(receipt=rare.receipt)
    visitor.press("查询")
    visitor.sees("申请一次复核")
    yield "receipt with appeal form"
    visitor.press("申请复核")
    visitor.sees("请写明对处理结果哪一点不服")
    yield "appeal with errors"
    visitor.go(f"/public/entries/{board.hanging.entries.earliest('pk').pk}/object/")
    visitor.press("提交异议")
    expect(
        visitor.page.locator("main .errorlist, main .invalid-feedback, main [role=alert]").first
    ).to_be_visible()
    yield "objection with errors"


def looked_at(visitor: Visitor, name: str) -> Iterator[str]:
    """What is wrong with the page as it stands: on a desk, then in the window of a telephone."""
    for size, rules in ((DESK, RULES), (PHONE, FOLDED)):
        visitor.page.set_viewport_size(size)  # type: ignore[arg-type]
        look = f"{name} at {size['width']}"
        yield from severe(visitor, rules, look)
        yield from too_wide(visitor, look)
        for text in visitor.page.evaluate(CLOSE_LINES):
            yield f"{look}: {text}"


@pytest.mark.parametrize("look", LOOKS)
def test_no_public_page_has_a_serious_fault(board: Board, rare: Rare, window: Open, look: str) -> None:
    visitor = looking(window, LOOKS[look])
    wrong = []
    for path in board.pages:
        visitor.go(path)
        wrong += looked_at(visitor, path)
    for name in rare_pages(visitor, board, rare):
        wrong += looked_at(visitor, name)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("look", ["usual", "elder"])
def test_every_public_page_fits_a_window_of_320_pixels(
    board: Board, rare: Rare, window: Open, look: str
) -> None:
    # The window notes by itself which page is wider than it is.
    visitor = looking(window, LOOKS[look], narrow=True)
    for path in board.pages:
        visitor.go(path)
        assert visitor.page.evaluate("() => innerWidth") == 320, path
    assert len(list(rare_pages(visitor, board, rare))) == 9


def test_a_page_wider_than_320_pixels_is_noted(board: Board, window: Open) -> None:
    visitor = looking(window, {}, narrow=True)
    visitor.page.route("**/site.css", lambda route: route.fulfill(body="main { width: 400px; }"))
    visitor.go("/public/")
    expect(visitor.page.locator("main")).to_be_visible()
    assert "wider than the window: 4" in visitor.faults[0]
    visitor.faults.clear()


def test_the_search_for_faults_finds_a_planted_one(board: Board, window: Open) -> None:
    visitor = looking(window, {})
    visitor.go("/public/")
    visitor.page.evaluate("() => { document.querySelector('h1').style.color = '#eee'; }")
    assert "color-contrast (serious)" in severe(visitor)[0]
    visitor.page.evaluate("() => { document.querySelector('h1').style.lineHeight = '1.2'; }")
    assert len(visitor.page.evaluate(CLOSE_LINES)) == 1


@pytest.mark.parametrize("look", ["usual", "elder"])
def test_every_control_is_reached_by_the_tab_key_with_a_visible_focus(
    board: Board, window: Open, look: str
) -> None:
    visitor = looking(window, LOOKS[look])
    for path in board.pages:
        visitor.go(path)
        expected = visitor.page.evaluate(REACHABLE)
        reached = []
        for _ in expected:
            visitor.page.keyboard.press("Tab")
            focus = visitor.page.evaluate(FOCUSED)
            reached.append(focus["html"])
            assert focus["outline"] != "none", (path, focus)
            assert focus["width"] >= 2, (path, focus)
            assert focus["seen"], (path, focus)
        assert "跳到正文" in reached[0], path
        assert reached == expected, path


def test_the_skip_link_leads_past_the_menu(board: Board, window: Open) -> None:
    visitor = looking(window, {})
    visitor.go("/public/")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("main")).to_be_focused()
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.locator("#village")).to_be_focused()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_elders_have_large_type_and_large_targets(board: Board, window: Open, phone: bool) -> None:
    visitor = looking(window, LOOKS["elder"], phone=phone)
    for path in board.pages:
        visitor.go(path)
        size = visitor.page.evaluate("() => parseFloat(getComputedStyle(document.body).fontSize)")
        assert size >= 20, path
        assert visitor.page.evaluate(SMALL_TARGETS, 44) == [], path


def test_everything_works_without_a_script(board: Board, window: Open) -> None:
    visitor = looking(window, {}, javascript=False)
    visitor.go("/public/")
    root = visitor.page.locator("html")
    for button, classes in (("特大", "size-largest"), ("长辈版", "elder size-largest")):
        visitor.page.locator(".look-bar").get_by_role("button", name=button, exact=True).click()
        expect(root).to_have_class(classes)
    contrast = visitor.page.get_by_role("group", name="对比度")
    contrast.get_by_role("button", name="高", exact=True).click()
    expect(root).to_have_class("elder size-largest contrast-high")
    visitor.page.get_by_text("按村、项目、年份查找").click()
    visitor.page.get_by_label("年份").select_option("2021")
    visitor.press("查询")
    assert "year=2021" in visitor.page.url
    visitor.follow("全部公告")
    visitor.page.locator(".big-links a").first.click()
    visitor.sees(board.announced.title)
    ask(visitor, board.case.inquiry_code.lower(), "周示例")
    visitor.sees("已公告", "可以问谁", "区监督电话〔示例〕")
    visitor.page.locator(".look-bar").get_by_role("button", name="标准版", exact=True).click()
    expect(root).to_have_class("size-largest contrast-high")


def test_looks_are_switched_with_scripts_too(board: Board, window: Open) -> None:
    visitor = looking(window, {})
    visitor.go("/public/announcements/")
    visitor.page.get_by_role("button", name="长辈版").click()
    expect(visitor.page.locator("html")).to_have_class("elder")
    visitor.sees("不会操作，就打电话")
    assert visitor.page.url.endswith("/public/announcements/")


def test_the_clerks_slip_has_no_serious_fault(board: Board, site: World, window: Open) -> None:
    clerk = window(site.clerk)
    clerk.go(f"/applications/{board.case.pk}/")
    clerk.follow("打印查询凭条")
    clerk.sees(board.case.inquiry_code)
    assert severe(clerk) == []


def test_the_slips_code_fills_the_form_and_leaves_the_address(board: Board, window: Open) -> None:
    visitor = looking(window, {})
    visitor.go(f"/public/progress/#{board.case.inquiry_code}")
    expect(visitor.page.locator("#id_code")).to_have_value(board.case.inquiry_code)
    expect(visitor.page.locator("#id_name")).to_be_focused()
    assert visitor.page.url.endswith("/public/progress/")
    visitor.page.locator("#id_name").fill(board.case.beneficiary_name)
    visitor.page.get_by_role("button", name="查询", exact=True).click()
    visitor.sees("可以问谁")


def test_what_is_no_code_is_left_in_the_address(board: Board, window: Open) -> None:
    visitor = looking(window, {})
    visitor.go("/public/progress/#%22%3E%3Cscript%3E")
    expect(visitor.page.locator("#id_code")).to_have_value("")
