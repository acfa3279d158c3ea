"""A term that rests says so in the lists, in words and with its reason (暂停)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from applications.models import Application
from applications.states import State
from tests import stages
from tests.world import World
from workflow.models import Posting, PostingKind

PAGES = (
    # page, who reads it
    ("application-list", "reviewer"),
    ("application-list", "clerk"),
    ("application-list", "supervisor"),
    ("overdue-list", "reviewer"),
    ("overdue-list", "supervisor"),
    ("review", "reviewer"),
    ("case", "reviewer"),
)


def address(page: str, case: Application) -> str:
    if page == "case":
        return case.get_absolute_url()
    return reverse(page)


def shown(world: World, page: str, who: str, case: Application) -> str:
    client = Client()
    client.force_login(getattr(world, who))
    answer = client.get(address(page, case))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(("page", "who"), PAGES)
def test_a_term_that_rests_says_so_and_why_and_no_more_when_it_runs(
    world: World, monkeypatch: pytest.MonkeyPatch, page: str, who: str
) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    sheet = Posting.objects.get(kind=PostingKind.VILLAGE)
    later = moment + timedelta(days=30)
    monkeypatch.setattr("registry.clock.now", lambda: later)
    objection = stages.lodged(world, case, sheet, now=moment + timedelta(days=1))
    since = timezone.localdate(moment + timedelta(days=1))
    sentence = f"暂停：有未办结的异议，不能进入下一步（自{since}起）"
    assert sentence in shown(world, page, who, case)
    stages.decided(objection, "not_upheld", by=world.clerk, now=later)
    assert "暂停：" not in shown(world, page, who, case)


def test_another_regions_resting_terms_are_not_listed(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.lodged(world, case, Posting.objects.get(kind=PostingKind.VILLAGE), now=moment)
    client = Client()
    client.force_login(world.clerks[1])
    assert "暂停：" not in client.get(reverse("overdue-list")).content.decode()
