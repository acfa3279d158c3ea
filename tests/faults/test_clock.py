"""R-13, injected: whatever the clock does, nothing closes early, nothing is told twice, nothing is forgotten."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from celery import beat
from django.utils import timezone

from applications.states import State
from config.celery import Scheduler, app
from notifications import outbox
from notifications.models import Message, MessageState
from registry import clock
from tests import stages
from tests.faults import truth
from tests.faults.system import ROOT
from tests.workflow.views.pages import clock_at
from tests.world import World, programme
from workflow import health, seals, sweeps, tasks
from workflow.models import Deadline, Heartbeat, Lease, Posting, PostingKind, PostingState

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JUMPS = {"+1 h": HOUR, "-1 h": -HOUR, "+10 d": 10 * DAY, "-10 d": -10 * DAY}


def rounds(moments: Iterator[datetime]) -> None:
    """A round and a delivery at each of the moments, as they come."""
    for moment in moments:
        assert sweeps.run(now=moment).failed == []
        outbox.drain(now=moment)


def days(first: datetime, number: int, shift: timedelta = timedelta(0)) -> Iterator[datetime]:
    """A moment every six hours."""
    return (first + shift + n * timedelta(hours=6) for n in range(4 * number))


def wrong(now: datetime) -> list[str]:
    with clock_at(now):
        return [*truth.postings(set()), *truth.deadlines(), *truth.messages(set())]


def facts() -> dict[str, Any]:
    return {
        "sheets": list(Posting.objects.order_by("pk").values_list("pk", "state", "closed_at")),
        "due dates": list(Deadline.objects.order_by("pk").values_list("pk", "reminded_at", "escalated_at")),
        "messages": Message.objects.count(),
    }


@pytest.mark.django_db
@pytest.mark.parametrize("jump", list(JUMPS))
def test_a_clock_that_jumps_makes_nothing_early_and_nothing_twice(
    world: World, jump: str, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    for number in range(4):
        moment = world.now + number * DAY
        case, at = stages.reach(world, State.VILLAGE_POSTING, now=moment)
        stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=at)
        stages.submitted(world, now=moment)
    begin = world.now + 9 * DAY
    rounds(days(begin, 2))
    before = facts()
    rounds(iter([begin + 2 * DAY + JUMPS[jump]]))
    if JUMPS[jump] < timedelta(0):
        assert facts() == before, "after a jump back nothing is due that was not due before"
    rounds(days(begin + 2 * DAY, 2, JUMPS[jump]))
    # The clock is put right, and the days go on.
    rounds(days(begin + 4 * DAY, 16))
    assert wrong(begin + 20 * DAY) == []
    assert set(Posting.objects.values_list("state", flat=True)) == {PostingState.CLOSED}
    assert Deadline.objects.filter(reminded_at__isnull=True, settled_at__isnull=True).count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("displayed_on", "last_day"),
    [
        (date(2024, 2, 19), date(2024, 2, 29)),
        (date(2024, 2, 20), date(2024, 3, 1)),
        (date(2023, 2, 20), date(2023, 3, 2)),
        (date(2021, 12, 21), date(2021, 12, 31)),
        (date(2020, 12, 25), date(2021, 1, 4)),
    ],
    ids=[
        "onto the leap day",
        "over the leap day",
        "no leap year",
        "to the year's end",
        "over the year's end",
    ],
)
def test_a_sheet_hangs_to_the_last_second_of_its_last_day(
    world: World, displayed_on: date, last_day: date
) -> None:
    moment = timezone.make_aware(datetime.combine(displayed_on, time(9)))
    grant = programme(
        world.county,
        year=displayed_on.year,
        opens_on=date(displayed_on.year, 1, 1),
        closes_on=date(displayed_on.year, 12, 31),
    )
    case, _ = stages.reach(world, State.VILLAGE_POSTING, now=moment, programme=grant)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    assert posting.closes_on == last_day
    midnight = timezone.make_aware(datetime.combine(last_day + DAY, time(0)))
    assert sweeps.run(now=midnight - timedelta(seconds=1)).closed == 0
    assert sweeps.run(now=midnight).closed == 1
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


@pytest.mark.django_db
def test_a_lease_given_before_the_clock_was_set_back_stops_nobody(world: World) -> None:
    assert sweeps.claim("sweep", holder="killed", now=world.now)
    back = world.now - 10 * DAY
    assert sweeps.claim("sweep", holder="the next", now=back)
    # A lease of the present is respected all the same.
    assert not sweeps.claim("sweep", holder="another", now=back)
    assert Lease.objects.get().holder == "the next"


@pytest.mark.django_db
def test_a_sweep_goes_on_after_the_clock_was_set_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: world.now)
    tasks.sweep()
    sweeps.claim("sweep", holder="killed", now=world.now)
    monkeypatch.setattr(clock, "now", lambda: world.now - 10 * DAY)
    tasks.sweep()
    assert Heartbeat.objects.get(name="sweep").at == world.now - 10 * DAY


@pytest.mark.django_db
def test_a_sign_of_life_in_the_future_is_no_sign_of_life(world: World) -> None:
    sweeps.run(now=world.now)
    after = {found.name: found for found in health.findings(health.Look(world.now - timedelta(minutes=1)))}
    assert not after["sweep"].ok
    assert "时钟被往回拨过" in after["sweep"].sentence
    sweeps.run(now=world.now - timedelta(minutes=1))
    assert {found.name: found.ok for found in health.findings(health.Look(world.now))}["sweep"]


@pytest.mark.django_db
def test_messages_written_before_the_clock_was_set_back_are_sent_and_their_retries_still_wait(
    world: World,
) -> None:
    stages.returned(world, stages.submitted(world), by=world.clerk, now=world.now)
    letter = Message.objects.filter(channel="email").latest("pk")
    Message.objects.filter(pk=letter.pk).update(subject="一行\n又一行")
    back = world.now - 10 * DAY
    outbox.drain(now=back)
    assert set(Message.objects.filter(channel="in_app").values_list("state", flat=True)) == {
        MessageState.SENT
    }
    assert Message.objects.get(pk=letter.pk).attempts == 1
    outbox.drain(now=back + timedelta(seconds=30))
    assert Message.objects.get(pk=letter.pk).attempts == 1, "the growing delay counts by the new clock"
    outbox.drain(now=back + timedelta(minutes=3))
    assert Message.objects.get(pk=letter.pk).attempts == 2


@pytest.mark.django_db
def test_a_letter_cut_off_before_the_clock_was_set_back_comes_to_a_person(world: World) -> None:
    stages.returned(world, stages.submitted(world), by=world.clerk, now=world.now)
    letter = Message.objects.filter(pk=Message.objects.filter(channel="email").latest("pk").pk)
    letter.update(state=MessageState.SENDING, next_try_at=world.now + outbox.CLAIM)
    outbox.drain(now=world.now)
    assert letter.get().state == MessageState.SENDING
    outbox.drain(now=world.now - 10 * DAY)
    assert (letter.get().state, letter.get().error) == (MessageState.DEAD, outbox.UNCERTAIN)


@pytest.mark.django_db
def test_the_seals_are_looked_at_again_after_the_clock_was_set_back(world: World) -> None:
    seals.look(now=world.now)
    seals.look(now=world.now - 10 * DAY)
    assert Heartbeat.objects.get(name=seals.NAME).at == world.now - 10 * DAY


def sent_after_a_jump_back(kind: type[beat.Scheduler], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a beat sends within ninety seconds after its clock was set back by ten days."""
    sent: list[str] = []
    monkeypatch.setattr(kind, "apply_entry", lambda self, entry, producer=None: sent.append(entry.name))
    monkeypatch.setattr(kind, "producer", None)
    with time_machine.travel(datetime(2021, 3, 20, tzinfo=UTC), tick=False) as traveller:
        scheduler = kind(app=app, lazy=True)
        scheduler.merge_inplace(app.conf.beat_schedule)

        def ticks(seconds: int) -> None:
            for _ in range(seconds):
                traveller.shift(1)
                while scheduler.tick() == 0:
                    pass

        ticks(90)
        assert {"sweep", "deliver"} <= set(sent)
        sent.clear()
        traveller.shift(-10 * DAY)
        ticks(90)
    return sent


def test_beat_goes_on_after_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = sent_after_a_jump_back(Scheduler, monkeypatch)
    assert (sent.count("sweep"), sent.count("deliver")) == (1, 2)


def test_celerys_own_beat_would_wait_for_the_old_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent_after_a_jump_back(beat.Scheduler, monkeypatch) == []


@pytest.mark.parametrize(("apart", "well"), [(29, True), (31, False), (300, False), (-300, False)])
def test_an_app_server_whose_clock_is_far_from_the_database_is_named(
    settings: Any, apart: int, well: bool
) -> None:
    """The database's moment is what everything is told; the machine's own is only compared with it."""
    settings.DEMO = False
    with time_machine.travel(datetime(2021, 3, 20, 1, tzinfo=UTC), tick=False):
        found = health._clocks(health.Look(timezone.now() + timedelta(seconds=apart)))
    assert found.ok is well
    assert f"相差{abs(apart)}秒" in found.sentence
    assert ("请校时" in found.sentence) is not well


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Shanghai"])
def test_a_host_in_a_zone_with_summer_time_counts_the_same_days(zone: str) -> None:
    """The hours in which these zones change their clocks are ordinary hours of Asia/Shanghai."""
    told = subprocess.run(
        [sys.executable, "-c", DAYS],
        cwd=ROOT,
        env={**os.environ, "TZ": zone, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["2021-03-14", "2021-03-15", "2021-03-28", "2021-03-29", "+0800"]


DAYS = """
import django, time
django.setup()
from datetime import UTC, datetime
from django.utils import timezone
for month, day, hour in ((3, 14, 15), (3, 14, 16), (3, 28, 15), (3, 28, 16)):
    print(timezone.localdate(datetime(2021, month, day, hour, 59 if hour == 15 else 0, tzinfo=UTC)))
print(time.strftime("%z"))
"""
