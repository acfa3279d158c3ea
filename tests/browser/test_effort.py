"""What one case of 交通补贴 costs the clerk in typing and clicking: counted in the window, and as docs/entering.md says."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings

from applications.models import Application, Beneficiary, Programme, ProgrammeKind, RequiredPaper
from applications.states import State
from tests import stages
from tests.browser import steps
from tests.browser.conftest import Open
from tests.browser.visitor import Visitor
from tests.world import World, programme

pytestmark = pytest.mark.browser

MOST_TYPED = 6
DOCUMENT = "docs/entering.md"
# A click on a label makes the browser click its box too: that one has no place on the screen. Counted is what comes
# through to the page: what moves under the pointer is held back by Playwright at the window, and clicked again.
WATCH = """
document.addEventListener("click", (event) => {
  if (event.isTrusted && event.detail > 0) noted("click", location.pathname);
});
addEventListener("input", (event) => {
  const one = event.target;
  if (event.isTrusted && !["radio", "checkbox", "file"].includes(one.type) && one.tagName !== "SELECT") {
    noted("typed", `${location.pathname} ${one.name}`);
  }
}, true);
"""


@dataclass
class Effort:
    """What a person did: clicks of the mouse, and fields that they typed into."""

    clicks: int = 0
    typed: set[str] = field(default_factory=set)

    def note(self, _: Any, kind: str, what: str) -> None:
        if kind == "click":
            self.clicks += 1
        else:
            self.typed.add(what)


def travel(world: World) -> Programme:
    """As districts publish it: so much for each distance, with a paper that proves the work."""
    made = programme(
        world.county,
        kind=ProgrammeKind.TRANSPORT,
        name="示例交通补贴（分档）",
        standard="省外500元、省内市外400元、市内县外300元",
        beneficiary=Beneficiary.PERSON,
        quantity_unit="人",
        rule={
            "kind": "tiers",
            "tiers": {"省外": "500", "省内市外": "400", "市内县外": "300"},
            "clause": "示例文件〔示例〕",
        },
    )
    RequiredPaper.objects.create(programme=made, name="务工证明")
    return made


def form(clerk: Visitor, *, button: str) -> None:
    """All that the form asks for: the tier, the signature, the paper."""
    clerk.page.get_by_label("省外　500.00元").click()
    clerk.page.get_by_label("申请人已签署承诺").click()
    with clerk.page.expect_file_chooser() as chooser:
        clerk.page.get_by_label("务工证明（必须）").click()
    chooser.value.set_files(steps.picture())  # type: ignore[arg-type]
    clerk.page.locator("#held img").first.wait_for()
    clerk.press(button)


def written(line: str) -> tuple[int, int]:
    """Fields to type and clicks, as the document's table has them."""
    text = (settings.BASE_DIR / DOCUMENT).read_text(encoding="utf-8")
    found = re.search(rf"^\| {re.escape(line)} \| (\d+) \| (\d+) \|$", text, re.M)
    assert found, f"{DOCUMENT} has no line for “{line}”"
    return int(found[1]), int(found[2])


def test_a_case_takes_as_much_typing_and_clicking_as_the_document_says(site: World, window: Open) -> None:
    grant = travel(site)
    first, second = site.household(name="欧阳示例"), site.household(name="诸葛示例")
    clerk = window(site.clerk)
    effort = Effort()
    clerk.page.context.expose_binding("noted", effort.note)
    clerk.page.context.add_init_script(WATCH)
    clerk.go("/")

    clerk.follow("录入申请")
    search = clerk.page.locator("main [name=q]")
    search.click()
    clerk.page.keyboard.type("oysl")
    clerk.press("查询")
    clerk.follow(first.head.name)
    row = clerk.page.get_by_role("row").filter(has_text=grant.name)
    row.get_by_role("link", name="选这个项目").click()
    form(clerk, button="保存并录下一户")
    clerk.sees("已保存，金额500.00元", second.number)
    one = (len(effort.typed), effort.clicks)

    form(clerk, button="保存草稿")
    clerk.sees("已保存，金额500.00元")
    further = (len(effort.typed) - one[0], effort.clicks - one[1])
    clerk.follow("提交申请")
    clerk.press("提交申请")
    clerk.sees("申请已提交")
    handed_in = (len(effort.typed) - one[0] - further[0], effort.clicks - one[1] - further[1])

    assert {"first household": one, "next household": further, "handed in": handed_in} == {
        "first household": written("The first household of a sitting"),
        "next household": written("Each further household"),
        "handed in": written("Handing in one case"),
    }
    assert one[0] <= MOST_TYPED
    case = Application.objects.get(household=second)
    assert (stages.again(case).state, case.amount) == (State.VILLAGE_REVIEW, 500)
