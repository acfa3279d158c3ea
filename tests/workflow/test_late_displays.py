"""A sheet is registered while the public board can still show it for its period (登记时间)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import QuerySet

from applications.models import PostingPlan
from applications.states import Level, State
from tests import stages
from tests.workflow import written
from tests.workflow.refusing import refused
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import World, photo
from workflow import postings
from workflow.displays import Display
from workflow.models import DisplayAct, Posting, PostingKind

VILLAGE = PostingKind.VILLAGE


def draft(world: World) -> Posting:
    case, _ = stages.reach(world, State.VILLAGE_POSTING)
    return stages.sheet(world, [case], kind=VILLAGE, now=world.now)


def register(world: World, posting: Posting, *, hung: datetime, at: datetime) -> object:
    act = Display(place="村务公开栏", displayed_at=hung, witness="吴监督", photo=photo())
    return postings.display([posting.pk], act=act, by=world.clerk, now=at)


@pytest.mark.parametrize(
    ("hung", "registered"),
    [(0, 0.2), (0, 1), (4, 7), (5, 7), (6, 7)],
    ids=["same day", "next day", "Friday on Monday", "Saturday on Monday", "Sunday on Monday"],
)
def test_a_sheet_may_be_registered_until_the_next_working_day(
    world: World, hung: float, registered: float
) -> None:
    posting = draft(world)
    register(world, posting, hung=world.later(hung), at=world.later(registered))
    kept = DisplayAct.objects.get()
    assert (kept.displayed_at, kept.recorded_at) == (world.later(hung), world.later(registered))
    posting.refresh_from_db()
    assert posting.displayed_on == world.later(hung).date()
    assert posting.closes_on == world.later(hung + 10).date()


@pytest.mark.parametrize(
    ("hung", "registered", "closes_on"),
    [(0, 2, "2021-03-15"), (4, 8, "2021-03-19"), (0, 40, "2021-04-20")],
    ids=["two days", "Friday on Tuesday", "forty days"],
)
def test_a_sheet_registered_later_has_to_be_put_up_anew(
    world: World, hung: float, registered: float, closes_on: str
) -> None:
    posting = draft(world)
    words = "公开栏上看不到满公示期的名单。请重新张贴"
    refused(
        lambda: register(world, posting, hung=world.later(hung), at=world.later(registered)),
        words,
    )
    # Put up anew, the same draft runs for its full period.
    register(world, posting, hung=world.later(registered), at=world.later(registered))
    posting.refresh_from_db()
    assert f"{posting.closes_on}" == closes_on


def test_a_period_that_is_all_but_over_is_not_registered_even_on_the_next_working_day(world: World) -> None:
    case, _ = stages.reach(world, State.VILLAGE_POSTING)
    # Past the manager, which keeps a programme with applications as it is.
    QuerySet(PostingPlan).filter(programme=world.grain, level=Level.VILLAGE).update(days=3)
    friday, monday = world.later(4), world.later(7)
    posting = stages.sheet(world, [case], kind=VILLAGE, now=friday)
    refused(
        lambda: register(world, posting, hung=friday, at=monday), "公示期到2021-03-08就结束了。现在登记，"
    )
    register(world, posting, hung=friday, at=friday + timedelta(hours=8))


def test_how_many_working_days_are_left_for_it_is_a_setting(world: World, settings: Any) -> None:
    settings.DISPLAY_REGISTERED_WITHIN = 0
    posting = draft(world)
    refused(lambda: register(world, posting, hung=world.now, at=world.later(1)), "最迟应当在2021-03-01登记")
    settings.DISPLAY_REGISTERED_WITHIN = 2
    register(world, posting, hung=world.now, at=world.later(2))


def test_page_and_certificate_say_when_it_was_registered(world: World) -> None:
    posting = draft(world)
    register(world, posting, hung=world.now, at=world.now + timedelta(hours=26))
    client = as_(world.clerk)
    with clock_at(world.later(2)):
        page = client.get(url("posting-detail", posting.pk)).content.decode()
    assert "<dt>张贴时间</dt><dd>2021-03-01 09:00</dd>" in page
    assert "<dt>登记时间</dt><dd>2021-03-02 11:00</dd>" in page
    posting.refresh_from_db()
    postings.close(posting.pk, now=stages.after(posting))
    posting.refresh_from_db()
    assert posting.certificate_facts["displayed_at"] == "2021-03-01 09:00"
    assert posting.certificate_facts["recorded_at"] == "2021-03-02 11:00"
    with clock_at(stages.after(posting)):
        paper = client.get(url("posting-certificate", posting.pk)).content.decode()
    assert "<dt>登记时间</dt><dd>2021-03-02 11:00</dd>" in paper


@pytest.mark.parametrize("typed", ["0001-01-01T00:00", "0021-03-01T09:00", "1999-12-31T23:59"])
def test_a_year_that_is_a_slip_of_the_pen_is_a_sentence_and_changes_nothing(world: World, typed: str) -> None:
    posting = draft(world)
    before = written.everything()
    client = as_(world.clerk)
    address = f"{url('posting-display')}?ids={posting.pk}"
    with clock_at(world.now):
        form = client.get(address).context["form"]
        sent = {
            "key": form["key"].value(),
            "ids": f"{posting.pk}",
            "place": "村务公开栏",
            "displayed_at": typed,
            "witness": "吴监督",
            "witness_post": "村务监督委员会",
            "photo": photo(),
        }
        answer = client.post(address, sent)
    assert answer.status_code == 422
    assert "请核对年份" in answer.content.decode()
    assert written.everything() == before
