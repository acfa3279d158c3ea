"""One act on a ticked list: what can be done is done, each refusal is said, and a second click changes nothing."""

from typing import Any

import pytest
from django.contrib.messages import get_messages

from applications.models import Application
from applications.states import State
from registry.models import User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, submitted_in_sets
from tests.world import World
from workflow.models import Decision

BATCH = "/applications/batch/"


def ticked(cases: list[Application]) -> list[str]:
    return [f"{case.pk}:{case.revision}" for case in cases]


def send(person: User, cases: list[Application], act: str, **values: Any) -> Any:
    sent = {"act": act, "ids": ticked(cases), "key": stages.key(), "next": "/applications/?state=draft"}
    return as_(person).post(BATCH, {**sent, **values})


def said(response: Any) -> list[tuple[str, str]]:
    return [(message.level_tag, message.message) for message in get_messages(response.wsgi_request)]


def test_ticked_drafts_are_submitted_and_each_refusal_is_said(world: World) -> None:
    good = [stages.draft(world) for _ in range(2)]
    unsigned = stages.draft(world, committed=False)
    with clock_at(world.now):
        response = send(world.clerk, [*good, unsigned], "submit")
    assert (response.status_code, response["Location"]) == (302, "/applications/?state=draft")
    assert said(response) == [
        ("success", "申请已提交（2件）"),
        ("error", f"{unsigned.number}：请先由申请人签署承诺，再提交申请。"),
    ]
    states = [stages.again(case).state for case in [*good, unsigned]]
    assert states == [State.VILLAGE_REVIEW, State.VILLAGE_REVIEW, State.DRAFT]


def test_same_key_twice_gives_one_decision_a_case(world: World) -> None:
    cases = [stages.draft(world) for _ in range(2)]
    with clock_at(world.now):
        key = stages.key()
        send(world.clerk, cases, "submit", key=key)
        before = everything()
        again = send(world.clerk, cases, "submit", key=key)
    assert said(again) == [("success", "申请已提交（2件）")]
    assert everything() == before
    assert Decision.objects.count() == 2


def test_row_that_changed_since_is_refused_and_the_others_pass(world: World) -> None:
    cases = [stages.submitted(world) for _ in range(2)]
    stages.visit(world, cases[0])
    with clock_at(world.now):
        response = send(world.clerk, cases, "pass_on")
    assert said(response) == [
        ("success", "已通过，等待公示（1件）"),
        (
            "error",
            f"{cases[0].number}：申请{cases[0].number}在您打开页面之后已被办理，请查看变化后重新操作。",
        ),
    ]
    assert [stages.again(case).state for case in cases] == [State.VILLAGE_REVIEW, State.VILLAGE_POSTING]


def test_case_of_another_level_in_the_list_is_refused_by_its_predicate(world: World) -> None:
    case = stages.submitted(world)
    before = everything()
    with clock_at(world.now):
        response = send(world.reviewer, [case], "pass_on")
    assert said(response) == [("error", f"{case.number}：这一步由当地的村级经办人办理，您没有这项任职。")]
    assert everything() == before


def test_list_with_a_case_that_the_person_may_not_see_is_not_found(world: World) -> None:
    mine, foreign = stages.draft(world), stages.draft(world, village=1)
    before = everything()
    assert send(world.clerk, [mine, foreign], "submit").status_code == 404
    assert everything() == before


@pytest.mark.parametrize("ids", ["x", "1", "1:x", "1:2:3", "-1:1", "999999999:1", "９:１", "1" * 30 + ":1"])
def test_ticks_that_no_list_made_are_not_found(world: World, ids: str) -> None:
    stages.draft(world)
    response = as_(world.clerk).post(BATCH, {"act": "submit", "ids": [ids], "key": stages.key()})
    assert response.status_code == 404


def test_batch_knows_two_acts_and_no_get(world: World) -> None:
    case = stages.draft(world)
    assert send(world.clerk, [case], "reject").status_code == 404
    assert as_(world.clerk).get(BATCH).status_code == 405


def test_nothing_ticked_is_said_and_an_outside_address_is_not_followed(world: World) -> None:
    response = as_(world.clerk).post(BATCH, {"act": "submit", "next": "https://example.invalid/"})
    assert (response.status_code, response["Location"]) == (302, "/applications/")
    assert said(response) == [("warning", "请先勾选要办理的申请。")]


def test_more_than_two_hundred_at_once_are_refused(world: World) -> None:
    cases = submitted_in_sets(world, 201)
    assert send(world.clerk, cases, "pass_on").status_code == 404
