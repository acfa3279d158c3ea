"""Every page works without JavaScript: signing in, entering a case and submitting it."""

import pytest

from applications.states import State
from tests import stages
from tests.browser import steps
from tests.browser.conftest import Open
from tests.world import World

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
