"""Somebody at a browser window: goes where a mouse goes, and everything that goes wrong on a page is noted."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect

from registry.models import User

PASSWORD = "browser-2021"
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
# What WCAG 2.1 asks a page to fit in without scrolling sideways (1.4.10 Reflow), and the oldest telephones have.
NARROW = {"width": 320, "height": 568}

# What could not be loaded is noted by its answer, with its status. An amount that is asked for again, or whose
# page is left, ends the request before it, and htmx calls that an error; a lost connection has a name of its own.
NO_FAULTS = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")

# A page that is wider than the window scrolls sideways: said on the console, where all faults are gathered.
TELL_OVERFLOW = """
window.addEventListener("load", () => {
  const wide = document.documentElement.scrollWidth;
  const room = Math.min(document.documentElement.clientWidth, window.screen.width);
  if (wide > room) console.error(`wider than the window: ${wide} > ${room} at ${location.pathname}`);
});
"""


@dataclass
class Visitor:
    """A window of its own, with its cookies, the pages it saw and their faults."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    """Answers from 400 on that the test is about."""

    def __post_init__(self) -> None:
        self.watch(self.page)

    def watch(self, page: Page) -> None:
        """Note what the page says on its console, what it throws, and every answer that is an error."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("response", self._response)
        page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(NO_FAULTS):
            self.faults.append(f"{message.text} ({message.location.get('url', '')})")

    def _response(self, response: Response) -> None:
        path = urlsplit(response.url).path
        if response.request.is_navigation_request():
            self.visited.append(path)
        if response.status >= 400 and response.status not in self.expected:
            self.faults.append(f"{response.status} {response.request.method} {path}")

    def _failed(self, request: Request) -> None:
        # A page that is left takes its unfinished requests along.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{request.failure} {request.url}")

    def go(self, path: str) -> None:
        """Type an address."""
        self.page.goto(f"{self.address}{path}")

    def follow(self, name: str, *, within: str = "main") -> None:
        """Click the first link with exactly this text."""
        self.page.locator(within).get_by_role("link", name=name, exact=True).first.click()

    def menu(self, name: str) -> None:
        """Click an entry of the main menu, folded out first where the window is narrow."""
        fold = self.page.locator(".nav-fold summary")
        if fold.is_visible():
            fold.click()
        self.page.get_by_role("navigation", name="主菜单").get_by_role("link", name=name).click()

    def press(self, name: str) -> None:
        """Click the button with exactly this text; where it leads to a page, that page is there."""
        self.page.locator("main").get_by_role("button", name=name, exact=True).click()
        # A click waits for the answer's first bytes only: the document may still be empty.
        self.page.wait_for_load_state()

    def confirm(self) -> None:
        """Say yes to the question that the page asks."""
        self.page.get_by_role("dialog").get_by_role("button", name="确定", exact=True).click()

    def fill(self, **typed: str) -> None:
        """Type into fields by their names."""
        for name, text in typed.items():
            self.page.locator(f"main [name={name}]").fill(text)

    def sees(self, *texts: str) -> None:
        """Each text stands in the page's main part."""
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text)

    def log_in(self, user: User) -> None:
        """Sign in on the login page and arrive at the desk."""
        self.go("/login/")
        self.fill(username=user.username, password=PASSWORD)
        self.press("登录")
        expect(self.page.get_by_role("heading", name="工作台", level=1)).to_be_visible()


def opened(
    browser: Browser, address: str, *, phone: bool = False, narrow: bool = False, javascript: bool = True
) -> Visitor:
    """A new window that shares nothing with the others."""
    size = NARROW if narrow else (PHONE if phone else DESK)
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        screen=size,  # type: ignore[arg-type]
        is_mobile=phone or narrow,
        has_touch=phone or narrow,
        java_script_enabled=javascript,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    context.set_default_timeout(15_000)
    if javascript:
        context.add_init_script(TELL_OVERFLOW)
    return Visitor(context.new_page(), address)
