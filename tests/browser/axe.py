"""Looks at a page with axe-core: what is serious, by which rules, and once only where looks share a load."""

from pathlib import Path
from typing import Any

import axe_playwright_python

from tests.browser.visitor import Visitor

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
SEVERE = {"serious", "critical"}
RULES: dict[str, Any] = {
    # Contrast is among the faults of WCAG 2 AA; the rest is what WCAG 2.1 A and AA can be tested for.
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]},
    # What passed needs no description of each of its elements: that is half of the time.
    "resultTypes": ["violations"],
}
NAMES = ("button-name", "link-name", "label", "select-name", "summary-name")
PLACES = ("scrollable-region-focusable", "aria-hidden-focus")
FOLDED = {**RULES, "preload": False, "runOnly": {"type": "rule", "values": [*NAMES, *PLACES]}}
"""What can come out differently where things fold up; the rest is the same page."""
LARGE = {
    **FOLDED,
    "runOnly": {"type": "rule", "values": [*NAMES, *PLACES, "color-contrast", "link-in-text-block"]},
}
"""The same, where the colours are others too."""


def severe(visitor: Visitor, rules: dict[str, Any] = RULES, look: str = "") -> list[str]:
    """The serious and critical faults of the page as it stands; `look` is what a fault is told with."""
    page = visitor.page
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("(rules) => axe.run(document, rules)", rules)["violations"]
    return [
        f"{_place(visitor)} {look}: {fault['id']} ({fault['impact']}): {fault['nodes'][0]['html'][:200]}"
        for fault in found
        if fault["impact"] in SEVERE
    ]


def too_wide(visitor: Visitor, look: str = "") -> list[str]:
    """Whether the page is wider than its window."""
    wide, window = visitor.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    return [f"{_place(visitor)} {look}: {wide} wide at {window}"] if wide > window else []


def _place(visitor: Visitor) -> str:
    return visitor.page.url.removeprefix(visitor.address)
