"""Whoever put a sheet up is reminded of the photo of its end, once, and not when there is nothing to do any more."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from applications.models import Application
from notifications import outbox
from notifications.models import Channel, Message, MessageState
from tests import stages
from tests.workflow.test_sweeps import on_display
from tests.world import World
from workflow import postings, reviews, sweeps
from workflow.models import Posting, PostingState
from workflow.results import Ref

EVENT = "end_photo"


def last_day(posting: Posting) -> datetime:
    """Five past midnight of the sheet's last day."""
    return stages.after(posting) - timedelta(days=1) + timedelta(minutes=5)


def told() -> set[tuple[str, str, str]]:
    rows = Message.objects.filter(event=EVENT).select_related("recipient")
    return {(row.recipient.name, row.channel, row.state) for row in rows if row.recipient}


def test_the_poster_is_reminded_on_the_last_day_and_not_before_once(world: World) -> None:
    _, posting = on_display(world)
    assert sweeps.run(now=last_day(posting) - timedelta(minutes=6)).asked == 0
    assert sweeps.run(now=last_day(posting)).asked == 1
    waiting = {(world.clerk.name, str(channel), "pending") for channel in (Channel.IN_APP, Channel.EMAIL)}
    assert told() == waiting
    (message,) = Message.objects.filter(event=EVENT, channel=Channel.IN_APP)
    assert message.url == posting.get_absolute_url()
    assert posting.number in message.subject
    assert f"公示到{posting.closes_on}期满" in message.body
    for days in (0, 1, 2, 30):
        assert sweeps.run(now=last_day(posting) + timedelta(days=days, hours=1)).asked == 0
    assert told() == waiting


def test_a_round_that_comes_after_the_end_reminds_before_it_closes(world: World) -> None:
    _, posting = on_display(world)
    done = sweeps.run(now=stages.after(posting) + timedelta(days=9))
    assert (done.asked, done.closed) == (1, 1)
    assert Message.objects.filter(event=EVENT).count() == 2


def test_an_act_that_closes_an_ended_sheet_reminds_as_well(world: World) -> None:
    case, posting = on_display(world)
    stages.lodged(world, case, posting, now=stages.after(posting) + timedelta(hours=9))
    assert Posting.objects.get().state == PostingState.CLOSED
    assert Message.objects.filter(event=EVENT).count() == 2


def _photo(world: World, case: Application, posting: Posting, now: datetime) -> None:
    stages.photographed(posting, now=now)


def _take_down(world: World, case: Application, posting: Posting, now: datetime) -> None:
    postings.take_down(posting, by=world.clerk, now=now, reason="被雨淋湿。")


def _empty(world: World, case: Application, posting: Posting, now: datetime) -> None:
    stages.do(
        reviews.reject([Ref(case.pk)], by=world.clerk, now=now, reason_code="facts", opinion="与事实不符。")
    )


@pytest.mark.parametrize("end", [_photo, _take_down, _empty])
def test_the_reminder_is_withdrawn_when_the_photo_comes_or_the_sheet_comes_down(
    world: World, end: object
) -> None:
    case, posting = on_display(world)
    sweeps.run(now=last_day(posting))
    end(world, case, posting, last_day(posting) + timedelta(hours=9))  # type: ignore[operator]
    assert {state for _, _, state in told()} == {MessageState.WITHDRAWN}
    assert sweeps.run(now=stages.after(posting)).asked == 0
    assert {state for _, _, state in told()} == {MessageState.WITHDRAWN}


def test_an_excuse_withdraws_the_reminder_and_what_was_sent_stays_sent(world: World) -> None:
    _, posting = on_display(world)
    sweeps.run(now=last_day(posting))
    outbox.drain(now=last_day(posting))
    Message.objects.filter(event=EVENT, channel=Channel.EMAIL).update(state=MessageState.PENDING)
    sweeps.run(now=stages.after(posting))
    postings.excuse_end_photo(
        posting, reason="公示栏当天拆除。", by=world.clerk, now=stages.after(posting) + timedelta(hours=9)
    )
    name = world.clerk.name
    assert told() == {
        (name, Channel.IN_APP, MessageState.SENT),
        (name, Channel.EMAIL, MessageState.WITHDRAWN),
    }


def test_nobody_is_reminded_of_a_photo_that_is_there(world: World) -> None:
    _, posting = on_display(world)
    stages.photographed(posting, now=last_day(posting))
    assert sweeps.run(now=last_day(posting) + timedelta(hours=1)).asked == 0
    assert told() == set()


def test_where_the_poster_has_left_the_office_is_reminded(world: World) -> None:
    _, posting = on_display(world)
    type(world.clerk).objects.filter(pk=world.clerk.pk).update(is_active=False)
    assert sweeps.run(now=last_day(posting)).asked == 1
    assert {name for name, _, _ in told()} == {world.second_clerk.name}


def test_an_idle_round_still_takes_two_statements_on_the_last_day(world: World) -> None:
    _, posting = on_display(world)
    sweeps.run(now=last_day(posting))
    with CaptureQueriesContext(connection) as asked:
        sweeps.run(now=last_day(posting) + timedelta(minutes=1))
    assert len(asked) == 2
