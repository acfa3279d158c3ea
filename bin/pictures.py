"""Take the pictures of docs/pictures and of the help pages (static/help) from a running demonstration:
`python bin/pictures.py http://127.0.0.1:8000 [NAME...]`.

Needs Playwright, Debian's Chromium and Pillow, all of them in requirements-dev.txt or on a developer's machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
DOCS, HELP = ROOT / "docs" / "pictures", ROOT / "static" / "help"
CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]
PASSWORD = "demo-2021"
DESK = (1366, 768)
PHONE = (390, 844)
MARGIN = 48
COLOURS = 128
"""Enough for pages that are text on plain ground, and a third of the bytes."""

Walk = Callable[[Page], None]


def _stay(page: Page) -> None:
    """The page after signing in, or the public board."""


def _open_case(page: Page) -> None:
    """The most advanced case that waits for the township: it has sheets, papers and a history behind it."""
    page.goto("/applications/?state=township_review")
    page.locator("main td.cell-main a").first.click()


def _print_sheet(page: Page) -> None:
    """The print view of a village sheet that hangs."""
    page.goto("/postings/?tab=displayed")
    page.get_by_role("link", name="村级公示").first.click()
    page.get_by_role("link", name="打印", exact=True).click()
    page.emulate_media(media="print")


def _enter(page: Page) -> None:
    """A form that is filled in: the first household of the village that may apply under the first programme."""
    page.goto("/applications/new/")
    page.locator("main a[href*='household=']").first.click()
    page.wait_for_load_state("networkidle")
    programme = page.locator("main a[href*='programme=']")
    if programme.count():
        programme.first.click()


def _diagram(page: Page) -> None:
    """The picture of a case that was sent back."""
    page.goto("/applications/?state=township_correction")
    page.locator("main td.cell-main a").first.click()
    page.get_by_role("link", name="流程图").click()


def _programme(page: Page) -> None:
    page.goto("/programmes/")
    page.locator("main td.cell-main a").first.click()


def _progress(page: Page) -> None:
    page.goto("/public/progress/")


PICTURES: dict[str, tuple[str, tuple[int, int], Walk]] = {
    "desk": ("xiang1", DESK, _stay),
    "public": ("", DESK, _stay),
    "case": ("xiang1", DESK, _open_case),
    "phone": ("cun1", PHONE, _stay),
    "sheet": ("cun1", (794, 620), _print_sheet),
    "help/village-desk": ("cun1", PHONE, _stay),
    "help/village-enter": ("cun1", DESK, _enter),
    "help/township-desk": ("xiang1", DESK, _stay),
    "help/township-case": ("xiang1", DESK, _open_case),
    "help/diagram": ("xiang1", DESK, _diagram),
    "help/district-desk": ("qu1", DESK, _stay),
    "help/supervisor-desk": ("jiandu", DESK, _stay),
    "help/administrator-programme": ("admin", DESK, _programme),
    "help/household-progress": ("", PHONE, _progress),
}
"""Name: who looks (nobody: the public board), the window, and the way there."""


def take(browser: Browser, address: str, name: str) -> Path:
    """One picture, reduced to a palette."""
    login, (width, height), walk = PICTURES[name]
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        is_mobile=width < 640,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    page = context.new_page()
    page.goto("/login/" if login else "/public/")
    if login:
        page.locator("[name=username]").fill(login)
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        page.wait_for_url(f"{address}/")
    walk(page)
    page.wait_for_load_state("networkidle")
    folder = HELP if name.startswith("help/") else DOCS
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name.removeprefix('help/')}.png"
    page.screenshot(path=target)
    context.close()
    with Image.open(target) as full:
        # On screen a print view has no margins.
        margin = MARGIN if name == "sheet" else 0
        ImageOps.expand(full.convert("RGB"), margin, "white").quantize(COLOURS).save(target, optimize=True)
    return target


def main(arguments: list[str]) -> int:
    if not arguments:
        print("usage: pictures.py ADDRESS [NAME...]", file=sys.stderr)
        return 2
    address, names = arguments[0].rstrip("/"), arguments[1:] or list(PICTURES)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for name in names:
            target = take(browser, address, name)
            print(f"{target.name}: {target.stat().st_size // 1024} kB")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
