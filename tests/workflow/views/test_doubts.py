"""Doubts in the list: which case is clean, which deserves a second look and why, and a filter for either."""

from decimal import Decimal
from typing import Any

from applications.models import Application
from applications.states import State
from registry.models import User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, submitted_in_sets
from tests.world import World
from workflow import intake
from workflow.results import Ref


def shown(person: User, query: str) -> dict[int, Any]:
    page = as_(person).get(f"/applications/{query}").context["page_obj"]
    return {case.pk: getattr(case, "doubts", None) for case in page}


def test_each_doubt_is_said_in_the_list_and_the_filter_parts_the_clean_from_the_doubtful(
    world: World,
) -> None:
    clean, *others = submitted_in_sets(world, 6)
    far, returned, *clean_too = others
    Application.objects.filter(pk=far.pk).update(amount=Decimal(900), claimed_amount=Decimal(900))
    stages.returned(world, returned, by=world.clerk, now=world.now)
    stages.do(intake.resubmit([Ref.of(stages.again(returned))], by=world.clerk, now=world.now))
    draft = stages.draft(world)
    with clock_at(world.now):
        found = shown(world.clerk, "")
        assert found[clean.pk] == ()
        assert found[far.pk] == ("金额超过本项目待办平均数的一倍",)
        assert found[returned.pk] == ("退回补正过",)
        assert found[draft.pk] is None
        assert set(shown(world.clerk, "?doubts=some")) == {far.pk, returned.pk}
        assert set(shown(world.clerk, "?doubts=none")) == {clean.pk, *(case.pk for case in clean_too)}
        text = as_(world.clerk).get("/applications/?doubts=some").content.decode()
    assert "有疑点" in text
    assert "退回补正过" in text


def test_a_cut_is_a_doubt_of_the_next_level(world: World) -> None:
    case, now = stages.reach(world, State.TOWNSHIP_REVIEW)
    Application.objects.filter(pk=case.pk).update(amount=case.amount - 100)
    with clock_at(now):
        assert shown(world.reviewer, "?state=township_review") == {case.pk: ("已核减100.00元",)}
        assert shown(world.reviewer, "?doubts=none") == {}


def test_list_with_flags_and_filter_stays_within_twelve_queries(world: World) -> None:
    submitted_in_sets(world, 120)
    for query in ("", "?doubts=none", "?doubts=some&q=示例", "?state=village_review&doubts=none&page=2"):
        assert queries(as_(world.clerk), f"/applications/{query}") <= 12
