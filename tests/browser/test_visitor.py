"""The windows notice what they are there to notice."""

import pytest

from tests.browser.conftest import Open
from tests.world import World

pytestmark = pytest.mark.browser

PLANTED = {
    "console.error('planted')": "planted",
    "setTimeout(() => { throw new Error('thrown'); })": "thrown",
    "fetch('/no-such-page/')": "404 GET /no-such-page/",
    "document.querySelector('main').style.minWidth = '3000px'; dispatchEvent(new Event('load'))": "wider than",
}


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_fault_is_noted(site: World, window: Open, planted: str, phone: bool) -> None:
    visitor = window(phone=phone)
    visitor.go("/public/")
    assert visitor.faults == []
    visitor.page.evaluate(f"() => {{ {planted}; }}")
    # What comes by the network or a timer takes as long as the machine has other things to do.
    for _ in range(50):
        visitor.page.wait_for_timeout(200)
        if visitor.faults:
            break
    found, visitor.faults = visitor.faults, []
    assert len(found) == 1
    assert PLANTED[planted] in found[0]
