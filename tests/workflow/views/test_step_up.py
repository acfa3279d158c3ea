"""A batch of final approvals and full numbers in a file ask for a code anew; what was typed goes through untouched."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from applications.models import Disclosure
from applications.states import State
from registry import clock
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import all_rows
from tests.workflow.views.test_second_factor import bound, code
from tests.world import World
from workflow.results import Ref

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
ROSTER = {"numbers": "full", "purpose": "payment", "reason": "发放资金，与银行核对账号", "village": ""}


@pytest.fixture(autouse=True)
def on(settings: Settings) -> None:
    settings.SECOND_FACTOR = True


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """How far the sessions' clock is ahead, in minutes."""
    ahead, ticks = {"by": 0.0}, clock.ticks
    monkeypatch.setattr(clock, "ticks", lambda: ticks() + 60 * ahead["by"])
    return ahead


def batch(case: Any) -> dict[str, str]:
    ref = Ref.of(case)
    return {"act": "pass_on", "ids": f"{ref.pk}:{ref.revision}", "key": uuid4().hex}


def sent_again(page: Any, **more: str) -> dict[str, str]:
    """The form of the page that asks, as a browser sends it."""
    # The page's head has a form of its own.
    found = dict(HIDDEN.findall(page.content.decode().partition("<h1>")[2]))
    found.pop("csrfmiddlewaretoken", None)
    return {**found, **more}


def asks(answer: Any) -> bool:
    return bool(answer.status_code == 422 and "再次验证" in answer.content.decode())


def roster(client: Client, world: World, **changes: str) -> Any:
    return client.post(url("household-roster"), {**ROSTER, "key": uuid4().hex, **changes})


def test_a_batch_of_final_approvals_waits_for_a_code_and_is_then_done_as_it_was_sent(
    world: World, minute: dict[str, float]
) -> None:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    client = bound(world.approver)
    minute["by"] = 6
    form = batch(case)
    with clock_at(moment):
        before = all_rows()
        asked = client.post(url("application-batch"), form)
        assert asks(asked)
        assert sent_again(asked) == form
        wrong = client.post(url("application-batch"), sent_again(asked, **{"step_up-code": "000000"}))
        assert asks(wrong)
        assert sent_again(wrong) == form
        assert stages.again(case).state == State.DISTRICT_REVIEW
        assert len(all_rows()) == len(before)


def test_the_right_code_lets_the_batch_through_and_counts_for_five_minutes(
    world: World, minute: dict[str, float]
) -> None:
    first, _ = stages.reach(world, State.DISTRICT_REVIEW)
    second, moment = stages.reach(world, State.DISTRICT_REVIEW)
    client = bound(world.approver)
    minute["by"] = 6
    with clock_at(moment):
        asked = client.post(url("application-batch"), batch(first))
        answer = client.post(
            url("application-batch"), sent_again(asked, **{"step_up-code": code(world.approver)})
        )
        assert answer.status_code == 302
        assert stages.again(first).state == State.DISTRICT_POSTING
        minute["by"] = 10.9
        assert client.post(url("application-batch"), batch(second)).status_code == 302
    assert stages.again(second).state == State.DISTRICT_POSTING


@pytest.mark.parametrize(("numbers", "asked"), [("full", True), ("masked", False)])
def test_full_numbers_in_a_file_ask_for_a_code_and_masked_ones_do_not(
    world: World, minute: dict[str, float], numbers: str, asked: bool
) -> None:
    world.household()
    client = bound(world.approver)
    minute["by"] = 6
    with clock_at(world.now):
        answer = roster(client, world, numbers=numbers)
        assert asks(answer) is asked
        assert Disclosure.objects.count() == 0
        if asked:
            again = sent_again(answer, **{"step_up-code": code(world.approver)})
            assert again["reason"] == ROSTER["reason"]
            answer = client.post(url("household-roster"), again)
            assert Disclosure.objects.count() == 1
    assert answer["Content-Type"].endswith("sheet")


def test_a_code_just_given_at_the_login_is_enough(world: World) -> None:
    world.household()
    with clock_at(world.now):
        assert roster(bound(world.approver), world).status_code == 200


@pytest.mark.parametrize("setting", ["SECOND_FACTOR", "STEP_UP_SECONDS"])
def test_where_it_is_off_nobody_is_asked(
    world: World, minute: dict[str, float], settings: Settings, setting: str
) -> None:
    world.household()
    client = bound(world.approver)
    minute["by"] = 6
    setattr(settings, setting, 0)
    with clock_at(world.now):
        assert roster(client, world).status_code == 200


def test_whose_role_needs_no_factor_is_not_asked(world: World, minute: dict[str, float]) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        assert as_(world.reviewer).post(url("application-batch"), batch(case)).status_code == 302
    assert stages.again(case).state == State.TOWNSHIP_POSTING
