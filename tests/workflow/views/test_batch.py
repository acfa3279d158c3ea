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


def rows_of(person: User, response: Any) -> list[tuple[int, bool, str]]:
    """What the page behind the batch says row by row; its way back is the list as it was filtered."""
    assert response.status_code == 302
    page = as_(person).get(response["Location"])
    assert page.context["back_url"] == "/applications/?state=draft"
    assert all(case.number in page.content.decode() for _, case in page.context["rows"])
    return [(result.pk, result.done, result.sentence) for result, _ in page.context["rows"]]


def test_ticked_drafts_are_submitted_and_each_refusal_is_said(world: World) -> None:
    good = [stages.draft(world) for _ in range(2)]
    unsigned = stages.draft(world, committed=False)
    with clock_at(world.now):
        response = send(world.clerk, [*good, unsigned], "submit")
    assert rows_of(world.clerk, response) == [
        (unsigned.pk, False, "请先由申请人签署承诺，再提交申请。"),
        *((case.pk, True, "") for case in good),
    ]
    assert said(response) == []
    states = [stages.again(case).state for case in [*good, unsigned]]
    assert states == [State.VILLAGE_REVIEW, State.VILLAGE_REVIEW, State.DRAFT]


def test_same_key_twice_gives_one_decision_a_case(world: World) -> None:
    cases = [stages.draft(world) for _ in range(2)]
    with clock_at(world.now):
        key = stages.key()
        send(world.clerk, cases, "submit", key=key)
        before = everything()
        again = send(world.clerk, cases, "submit", key=key)
    assert rows_of(world.clerk, again) == [(case.pk, True, "") for case in cases]
    assert everything() == before
    assert Decision.objects.count() == 2


def test_row_that_changed_since_is_refused_and_the_others_pass(world: World) -> None:
    cases = [stages.submitted(world) for _ in range(2)]
    stages.visit(world, cases[0])
    with clock_at(world.now):
        response = send(world.clerk, cases, "pass_on")
    assert rows_of(world.clerk, response) == [
        (
            cases[0].pk,
            False,
            f"申请{cases[0].number}在您打开页面之后已被办理，请查看变化后重新操作。",
        ),
        (cases[1].pk, True, ""),
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


def test_all_of_a_filter_is_passed_over_every_page_with_the_revisions_that_were_shown(world: World) -> None:
    cases = submitted_in_sets(world, 120)
    for case in cases:
        stages.visit(world, case)
    stages.meeting(world, cases)
    with clock_at(world.now):
        page = as_(world.clerk).get("/applications/?state=village_review&doubts=none")
        batch = page.context["batch"]
        assert (len(page.context["page_obj"]), batch["n"]) == (50, 120)
        assert "全部120件（不只本页）" in page.content.decode()
        stages.visit(world, cases[119])
        response = as_(world.clerk).post(
            BATCH, {"act": "pass_on", "all": "1", "everything": batch["everything"], "key": stages.key()}
        )
        shown = as_(world.clerk).get(response["Location"])
    assert (shown.context["n_done"], shown.context["n_left"]) == (119, 1)
    assert shown.context["rows"][0][0].pk == cases[119].pk
    states = Application.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [*[State.VILLAGE_POSTING] * 119, State.VILLAGE_REVIEW]


def test_all_of_a_filter_is_offered_for_one_step_on_several_pages_up_to_two_hundred_cases(
    world: World,
) -> None:
    def offered(query: str) -> str:
        batch = as_(world.clerk).get(f"/applications/{query}").context["batch"]
        return str(batch["everything"])

    submitted_in_sets(world, 50)
    assert offered("?state=village_review") == ""
    submitted_in_sets(world, 150)
    assert len(offered("?state=village_review").split()) == 200
    assert offered("") == ""
    submitted_in_sets(world, 1)
    assert offered("?state=village_review") == ""


def test_all_without_what_the_list_gave_ticks_nothing(world: World) -> None:
    case = stages.submitted(world)
    response = as_(world.clerk).post(
        BATCH, {"act": "pass_on", "all": "1", "ids": ticked([case]), "key": stages.key()}
    )
    assert said(response) == [("warning", "请先勾选要办理的申请。")]
    assert stages.again(case).state == State.VILLAGE_REVIEW


def test_a_foreign_case_among_all_of_a_filter_hides_them_all(world: World) -> None:
    mine, foreign = stages.submitted(world), stages.submitted(world, village=1)
    before = everything()
    everything_given = " ".join(ticked([mine, foreign]))
    response = as_(world.clerk).post(
        BATCH, {"act": "pass_on", "all": "1", "everything": everything_given, "key": stages.key()}
    )
    assert response.status_code == 404
    assert everything() == before


def test_results_are_for_whoever_did_the_batch_and_lead_nowhere_else(world: World) -> None:
    cases = [stages.draft(world) for _ in range(2)]
    with clock_at(world.now):
        response = send(world.clerk, cases, "submit", next="https://example.invalid/")
    address = response["Location"]
    assert as_(world.clerk).get(address).context["back_url"] == "/applications/"
    assert as_(world.second_clerk).get(address).status_code == 404
    outside = f"{address.split('?')[0]}?next=https://example.invalid/"
    assert as_(world.clerk).get(outside).context["back_url"] == "/applications/"
