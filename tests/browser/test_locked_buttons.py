"""A form's button while something is under way: locked by a submit, not unlocked by a preview, free after a refusal."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Request, Route, expect

from applications.models import Application
from tests.browser.conftest import Open
from tests.browser.visitor import Visitor
from tests.world import World

pytestmark = pytest.mark.browser

SAVE = "保存草稿"


def at_the_form(site: World, window: Open) -> Visitor:
    clerk = window(site.clerk)
    clerk.go(f"/applications/new/?household={site.household().pk}&programme={site.grain.pk}")
    return clerk


def filled(clerk: Visitor, *, quantity: str = "3") -> None:
    clerk.fill(quantity=quantity, reason="扩大种植。")
    clerk.page.get_by_label("申请人已签署承诺").check()


def button(clerk: Visitor) -> Locator:
    return clerk.page.locator("main").get_by_role("button", name=SAVE, exact=True)


def is_preview(request: Request) -> bool:
    return request.method == "POST" and "preview=1" in request.url


def is_submit(request: Request) -> bool:
    return request.method == "POST" and "preview=1" not in request.url


class Gate:
    """Holds the requests of one kind until they are let through."""

    def __init__(self, visitor: Visitor, kind: Callable[[Request], bool]) -> None:
        self.page, self.kind, self.held = visitor.page, kind, list[Route]()
        self.page.route("**/applications/new/**", self._meet)

    def _meet(self, route: Route) -> None:
        if self.kind(route.request):
            self.held.append(route)
        else:
            route.fallback()

    def wait(self, count: int = 1) -> None:
        for _ in range(100):
            if len(self.held) >= count:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"only {len(self.held)} requests came")


def test_a_preview_that_comes_back_does_not_unlock_a_submit_under_way(site: World, window: Open) -> None:
    clerk = at_the_form(site, window)
    previews, submits = Gate(clerk, is_preview), Gate(clerk, is_submit)
    filled(clerk)
    previews.wait()
    expect(button(clerk)).to_be_enabled()
    button(clerk).click(no_wait_after=True)
    submits.wait()
    # An answer without content leaves the page as it stood when the submit left: one can look at it.
    submits.held[0].fulfill(status=204)
    expect(button(clerk)).to_be_disabled()
    previews.held[-1].fulfill(status=200, content_type="text/html", body="预算回来了")
    clerk.page.wait_for_function("document.querySelector('#amount').textContent.includes('预算回来了')")
    clerk.page.wait_for_timeout(300)
    assert button(clerk).is_disabled()
    assert len(submits.held) == 1


def test_a_double_click_posts_once(site: World, window: Open) -> None:
    clerk = at_the_form(site, window)
    filled(clerk)
    submits = Gate(clerk, is_submit)
    button(clerk).dblclick(no_wait_after=True)
    submits.wait()
    clerk.page.wait_for_timeout(300)
    assert len(submits.held) == 1
    submits.held[0].continue_()
    clerk.sees("已保存，金额900.00元")
    assert len(submits.held) == 1
    assert Application.objects.count() == 1


def test_after_a_refused_submit_the_button_works_again(site: World, window: Open) -> None:
    clerk = at_the_form(site, window)
    filled(clerk, quantity="0")
    clerk.expected.add(422)
    clerk.press(SAVE)
    clerk.sees("没有提交成功，请先改正标红的内容。")
    assert Application.objects.count() == 0
    expect(button(clerk)).to_be_enabled()
    filled(clerk)
    clerk.press(SAVE)
    clerk.sees("已保存，金额900.00元")
    assert Application.objects.count() == 1
