"""Whose desk a case lies on, as pages: taken, given back, handed over, urged; and how the lists tell it."""

from datetime import datetime
from typing import Any

import pytest

from applications.models import Application, HistoryEntry
from applications.states import State
from notifications.models import Message
from registry.models import User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, queries, submitted_in_sets, url
from tests.world import World
from workflow import custody, engine
from workflow.results import Ref

WHY = "同事出差。"


@pytest.fixture
def waiting(world: World) -> tuple[Application, datetime]:
    return stages.reach(world, State.TOWNSHIP_REVIEW)


def send(person: User, case: Application, act: str, **values: Any) -> Any:
    sent = {"revision": stages.again(case).revision, "key": stages.key(), **values}
    return as_(person).post(url("application-custody", case.pk, act), sent)


def owner(case: Application) -> User | None:
    return engine.open_tasks([case.pk])[case.pk].owner


def page(person: User, case: Application) -> Any:
    return as_(person).get(case.get_absolute_url())


def labels(person: User, case: Application) -> set[str]:
    return {offer.label for offer in page(person, case).context["works"]}


def test_a_case_is_taken_given_back_and_handed_over_by_the_buttons_of_its_page(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    with clock_at(now):
        assert labels(world.reviewer, case) == {"取件", "转办", "打印查询凭条"}
        assert "现在由乡镇审核员（李审核、李复核）办理。" in page(world.clerk, case).content.decode()
        assert send(world.reviewer, case, "take").status_code == 302
        assert owner(case) == world.reviewer
        assert "现在由乡镇审核员李审核（已取件）办理。" in page(world.clerk, case).content.decode()
        assert labels(world.reviewer, case) == {"放回", "转办", "打印查询凭条"}
        assert labels(world.second_reviewer, case) == {"接手", "打印查询凭条"}
        assert send(world.reviewer, case, "give_back").status_code == 302
        assert owner(case) is None
        handed = send(world.reviewer, case, "hand_over", to=world.second_reviewer.pk, opinion=WHY)
        assert handed.status_code == 302
        assert owner(case) == world.second_reviewer
    acts = HistoryEntry.objects.filter(application=case).order_by("seq").values_list("act", flat=True)
    assert list(acts)[-3:] == ["take", "give_back", "hand_over"]


def test_taking_over_asks_for_a_reason(world: World, waiting: tuple[Application, datetime]) -> None:
    case, now = waiting
    with clock_at(now):
        send(world.reviewer, case, "take")
        before = everything()
        refused = send(world.second_reviewer, case, "take")
        assert refused.status_code == 422
        assert "接手同事正在办理的申请，必须写明理由。" in refused.content.decode()
        assert (everything(), owner(case)) == (before, world.reviewer)
        assert send(world.second_reviewer, case, "take", opinion=WHY).status_code == 302
    assert owner(case) == world.second_reviewer
    line = HistoryEntry.objects.filter(application=case, act="take_over").get()
    assert WHY.rstrip("。") in line.text


def test_handing_over_offers_the_colleagues_of_the_step_and_nobody_else(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    with clock_at(now):
        form = as_(world.reviewer).get(url("application-custody", case.pk, "hand_over")).context["form"]
        assert list(form.fields["to"].queryset) == [world.second_reviewer]
        before = everything()
        refused = send(world.reviewer, case, "hand_over", to=world.clerk.pk, opinion=WHY)
        assert refused.status_code == 422
        assert "只能转给同一步的其他经办人。" in refused.content.decode()
        assert (everything(), owner(case)) == (before, None)


def test_an_act_on_a_case_that_changed_since_is_a_conflict(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    with clock_at(now):
        send(world.reviewer, case, "take")
        before = everything()
        late = send(world.reviewer, case, "give_back", revision=case.revision)
    assert late.status_code == 409
    assert (everything(), owner(case)) == (before, world.reviewer)


def test_urging_leaves_its_trace_on_the_page_until_the_case_moves_on(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    with clock_at(now):
        assert "催办" in labels(world.clerk, case)
        assert "催办" not in labels(world.reviewer, case)
        assert send(world.clerk, case, "urge", opinion="农时不等人。").status_code == 302
        trace = "王村一催办：农时不等人。"
        assert [line.split(" ", 2)[2] for line in page(world.reviewer, case).context["urgings"]] == [trace]
        assert trace in page(world.reviewer, case).content.decode()
        before = everything()
        again = send(world.clerk, case, "urge", opinion="还没有办。")
        assert again.status_code == 422
        assert "一天只催办一次" in again.content.decode()
        assert everything() == before
        assert set(Message.objects.filter(event="urged").values_list("recipient__name", flat=True)) == {
            "李审核",
            "李复核",
        }
        stages.passed(world, [case], by=world.reviewer, now=now)
        assert page(world.clerk, case).context["urgings"] == []


def test_whoever_may_not_is_told_why_and_a_stranger_finds_nothing(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    with clock_at(now):
        before = everything()
        for person, act, status in (
            (world.clerk, "take", 403),
            (world.approver, "hand_over", 403),
            (world.reviewer, "urge", 403),
            (world.reviewer, "give_back", 403),
            (world.stranger, "take", 404),
            (world.reviewer, "nonsense", 404),
        ):
            address = url("application-custody", case.pk, act)
            assert as_(person).get(address).status_code == status
            assert send(person, case, act).status_code == status
        assert everything() == before


def rows(person: User, query: str) -> list[tuple[int, str | None]]:
    found = as_(person).get(f"/applications/{query}").context["page_obj"]
    return [(case.pk, case.taken_name) for case in found]


def test_list_tells_who_is_at_a_case_sorts_by_it_and_finds_the_own_ones(world: World) -> None:
    cases = submitted_in_sets(world, 3)
    custody.take([Ref.of(cases[1])], by=world.clerk, now=world.now)
    custody.take([Ref.of(cases[2])], by=world.second_clerk, now=world.now)
    with clock_at(world.now):
        assert rows(world.clerk, "?mine=taken") == [(cases[1].pk, "王村一")]
        assert rows(world.second_clerk, "?mine=taken") == [(cases[2].pk, "赵村员")]
        assert rows(world.reviewer, "?mine=taken") == []
        assert len(rows(world.clerk, "?mine=1")) == 3
        assert {name for _, name in rows(world.clerk, "?sort=holder")} == {None, "王村一", "赵村员"}
        assert rows(world.clerk, "?sort=holder")[-1] == (cases[0].pk, None)
        assert queries(as_(world.clerk), "/applications/?mine=taken&sort=-holder") <= 11


def batch(person: User, cases: list[Application], act: str) -> list[tuple[int, str]]:
    ids = [f"{case.pk}:{stages.again(case).revision}" for case in cases]
    response = as_(person).post("/applications/batch/", {"act": act, "ids": ids, "key": stages.key()})
    page = as_(person).get(response["Location"])
    return [(result.pk, result.sentence) for result, _ in page.context["rows"]]


def test_ticked_cases_are_taken_and_given_back_together_and_each_refusal_is_said(world: World) -> None:
    cases = submitted_in_sets(world, 3)
    custody.take([Ref.of(cases[2])], by=world.second_clerk, now=world.now)
    with clock_at(world.now):
        offered = as_(world.clerk).get("/applications/?state=village_review").context["batch"]["acts"]
        assert offered == [("pass_on", "村级申报"), ("take", "取件")]
        assert batch(world.clerk, cases, "take") == [
            (cases[2].pk, "这件申请由赵村员办理，接手必须写明理由。"),
            (cases[0].pk, ""),
            (cases[1].pk, ""),
        ]
        assert [owner(case) for case in cases] == [world.clerk, world.clerk, world.second_clerk]
        offered = as_(world.clerk).get("/applications/?state=village_review").context["batch"]["acts"]
        assert ("give_back", "放回") in offered
        assert batch(world.clerk, cases[:2], "give_back") == [(cases[0].pk, ""), (cases[1].pk, "")]
    assert [owner(case) for case in cases] == [None, None, world.second_clerk]


def test_a_case_that_a_colleague_has_taken_is_not_ready_in_the_list_of_declarations(world: World) -> None:
    case = stages.submitted(world)
    with clock_at(world.now):
        assert as_(world.clerk).get("/declarations/").context["ready"] == 1
        custody.take([Ref.of(case)], by=world.second_clerk, now=world.now)
        assert as_(world.clerk).get("/declarations/").context["ready"] == 0
        assert as_(world.second_clerk).get("/declarations/").context["ready"] == 1
