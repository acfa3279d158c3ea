"""Every page of the workbench, as the table of access lists them: no serious fault, and none wider than its window.

Each page is loaded once; then its window is made narrow and its type large, as the page's own button does it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from tests.browser.axe import FOLDED, LARGE, RULES, severe, too_wide
from tests.browser.conftest import Open, set_clock
from tests.browser.visitor import DESK, PHONE, Visitor
from tests.workflow.views.access import MAY, PUBLIC, ROWS, Row
from tests.workflow.views.test_access import things
from tests.world import World

pytestmark = pytest.mark.browser

READERS = ("clerk", "reviewer", "approver", "supervisor", "administrator")
FULL = {**RULES, "preload": False}
"""The stylesheets, the same on all pages, are gone through in test_public_pages.py."""
PLANT = """() => document.querySelector("main").insertAdjacentHTML("beforeend",
  `<p class="planted">很淡的字</p><select><option>一</option></select><table><tr><td>${"宽".repeat(9)}</td></tr></table>`)
  || (document.querySelector(".planted").style.color = "#ddd")
  && (document.querySelector("main table").style.width = "700px")"""
WIDE = {"width": 1920, "height": 1080}
NO_PAGE = {
    "application-form-document": "a Word file",
    "letter-document": "a Word file",
    "township-roll-document": "a Word file",
    "posting-document": "a Word file",
    "flow-bpmn": "an XML file for other programs",
    "holiday-template": "a workbook",
    "import-template": "a workbook",
    "import-faults": "a workbook",
    "account-template": "a workbook",
    "attachment": "a picture or a PDF",
    "message-unread": "a part of the pages, asked for by htmx",
    "healthz": "one word for the watchdog",
    "readyz": "one word for the watchdog",
    "elder-mode": "leads on to another page",
    "application-batch": "a form's target only",
    "message-read": "a form's target only",
    "operations-resend": "a form's target only",
    "operations-again": "a form's target only",
    "logout": "a form's target only",
}
"""Names of addresses behind which no page of the workbench stands, and why."""

BOARD = {name for name in (row.name for row in ROWS) if name.startswith("public-")}
"""The public board has its own tests, in test_public_pages.py."""

FURTHER = (
    ("clerk", "/applications/{declared}/?tab=field"),
    ("clerk", "/applications/{displayed}/?tab=sheets"),
    ("clerk", "/applications/{displayed}/?due=explain"),
    ("clerk", "/applications/{returned}/?tab=history"),
    ("clerk", "/applications/{draft}/?tab=papers"),
    ("clerk", "/applications/?q=没有这个人"),
    ("clerk", "/applications/?state=draft"),
    ("clerk", "/applications/new/?household={household}&programme={travel}"),
    ("clerk", "/postings/?tab=displayed"),
    ("clerk", "/postings/?tab=closed"),
    ("clerk", "/objections/?tab=all"),
    ("reviewer", "/applications/?state=township_review"),
    ("reviewer", "/review/?case={at_township}&act=send_back"),
    ("reviewer", "/review/?case={at_township}&act=reject"),
    ("reviewer", "/review/?q=没有这个人"),
)
"""Views of a page that are no addresses of their own, and who looks at them."""

PAGES = [
    row
    for row in ROWS
    if row.get == 200 and row.name not in {*NO_PAGE, *BOARD} and "export=1" not in row.query
]


def test_every_address_is_looked_at_or_named_with_a_reason() -> None:
    assert {row.name for row in ROWS} == {row.name for row in PAGES} | set(NO_PAGE) | BOARD
    assert {row.name for row in PAGES} & (set(NO_PAGE) | BOARD) == set()


def address(row: Row, found: dict[str, Any]) -> str:
    args = [arg[1:] if arg.startswith("=") else found[arg] for arg in row.args]
    query = row.query.format(**found)
    return reverse(row.name, args=args) + (f"?{query}" if query else "")


def reader(row: Row) -> str:
    """Of those who may open the page the one nearest to the household; nobody signed in where nobody need be."""
    return next(
        (who for who in READERS if row.rule is not PUBLIC and row.rule.cells[who] == MAY), "anonymous"
    )


def pages(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Who opens which address: each page of the table once, further views of some, and the desk of everybody."""
    first = {(row.name, acted(row), bool(row.query)): row for row in reversed(PAGES)}
    listed = {(reader(row), address(row, found)) for row in first.values()}
    further = {(who, one.format(**found)) for who, one in FURTHER}
    return sorted(listed | further | {(who, reverse("desk")) for who in READERS})


def acted(row: Row) -> str:
    """The act that an address names: the page of the same act at another level is the same page."""
    return next((arg for arg in row.args if arg.startswith("=")), "")


def in_type(visitor: Visitor, *, elder: bool) -> list[str]:
    """Give the page its usual or its large type, as its own button does; whether it is wider than its window."""
    visitor.page.evaluate("(elder) => { document.documentElement.classList.toggle('elder', elder) }", elder)
    return too_wide(visitor, "长辈版" if elder else "usual")


def looked_at(visitor: Visitor, path: str) -> Iterator[str]:
    """What is wrong with one page: on a desk, on a telephone, and in 长辈版 on either."""
    resize = visitor.page.set_viewport_size
    resize(DESK)  # type: ignore[arg-type]
    visitor.go(path)
    yield from severe(visitor, FULL, "desk")
    yield from in_type(visitor, elder=False)
    yield from in_type(visitor, elder=True)
    resize(WIDE)  # type: ignore[arg-type]
    yield from in_type(visitor, elder=True)
    yield from in_type(visitor, elder=False)
    resize(PHONE)  # type: ignore[arg-type]
    yield from in_type(visitor, elder=False)
    yield from severe(visitor, FOLDED, "phone")
    yield from in_type(visitor, elder=True)
    yield from severe(visitor, LARGE, "长辈版")


def test_no_page_has_a_serious_fault_or_is_wider_than_its_window(site: World, window: Open) -> None:
    found = things(site)
    set_clock(site.now)
    users = {"anonymous": None, **{who: getattr(site, who) for who in READERS}}
    visitors = {who: window(user) for who, user in users.items()}
    wrong = [fault for who, path in pages(found) for fault in looked_at(visitors[who], path)]
    assert not wrong, "\n".join(wrong)


def test_the_look_at_a_page_finds_what_is_planted(site: World, window: Open) -> None:
    """The page's own faults are none: a text too pale, a box without a name and a table too wide are found."""
    visitor = window()
    visitor.go("/login/")
    visitor.page.evaluate(PLANT)
    found = severe(visitor, FULL, "desk")
    visitor.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    found += too_wide(visitor)
    assert [
        word for word in ("color-contrast", "select-name", "wide at 390") if word not in "\n".join(found)
    ] == []
    assert "color-contrast" in "\n".join(severe(visitor, LARGE, "长辈版"))
