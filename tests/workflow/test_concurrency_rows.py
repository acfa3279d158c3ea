"""Many at once: numbers without gaps, claims counted one after the other, leases, rounds and messages."""

from datetime import datetime

import pytest
from django.db import transaction
from django.utils import timezone

from applications.models import Application
from notifications import channels, outbox
from notifications.models import Message
from registry.refusal import Refused
from tests import stages
from tests.workflow import races
from tests.world import MU, World
from workflow import (
    intake,
    numbers,
    sweeps,
)
from workflow.models import (
    Deadline,
    Posting,
    PostingKind,
    PostingState,
)

MANY = 20

pytestmark = races.ON_POSTGRESQL


def test_twenty_posting_numbers_at_once_have_no_gap_even_where_some_are_given_up(world: World) -> None:
    def number(keep: bool) -> str:
        with transaction.atomic():
            found = numbers.posting(PostingKind.TOWNSHIP, world.township, world.now.date())
            if not keep:
                raise Refused("不张贴了。")
            return found

    outcomes = races.together([lambda keep=place % 4 != 0: number(keep) for place in range(MANY)])
    assert races.tally(outcomes) == {"done": 15, "refused": 5}
    kept = sorted(int(text.split("〕")[1].removesuffix("号")) for text in outcomes if isinstance(text, str))
    assert kept == list(range(1, 16))


def test_twenty_applications_entered_at_once_have_numbers_without_a_gap(world: World) -> None:
    on = timezone.localdate(world.now)
    forms = [intake.Form(world.grain, world.household(), MU, on, committed=True) for _ in range(MANY)]
    outcomes = races.together(
        [lambda form=form: intake.enter(form, by=world.clerk, now=world.now) for form in forms]
    )
    assert races.tally(outcomes) == {"done": MANY}
    serials = sorted(int(number[-5:]) for number in Application.objects.values_list("number", flat=True))
    assert serials == list(range(1, MANY + 1))
    races.assert_clean()


def test_one_person_entered_by_many_at_once_for_one_programme_has_one_case(world: World) -> None:
    household = world.household()
    person = world.member(household)
    form = intake.Form(
        world.travel,
        household,
        MU.from_float(1),
        timezone.localdate(world.now),
        member=person,
        committed=True,
    )
    outcomes = races.together([lambda: intake.enter(form, by=world.clerk, now=world.now)] * 6)
    assert races.tally(outcomes) == {"done": 1, "refused": 5}
    assert Application.objects.filter(member=person).count() == 1


def test_one_household_entered_by_many_at_once_stays_under_its_cap(world: World) -> None:
    form = intake.Form(world.grain, world.household(), MU * 5, timezone.localdate(world.now), committed=True)
    outcomes = races.together([lambda: intake.enter(form, by=world.clerk, now=world.now)] * 4)
    assert races.unexpected(outcomes) == []
    assert sum(Application.objects.values_list("amount", flat=True)) <= 5000


def test_a_lease_asked_for_by_many_at_once_is_held_by_one(world: World) -> None:
    outcomes = races.together(
        [lambda name=name: sweeps.claim("sweep", holder=str(name), now=world.now) for name in range(MANY)]
    )
    assert sorted(outcomes) == [False] * (MANY - 1) + [True]


def test_rounds_side_by_side_close_each_sheet_and_remind_of_each_due_date_once(world: World) -> None:
    sheets = [races.on_display(world)[1] for _ in range(3)]
    waiting = stages.submitted(world)
    due = Deadline.objects.get(application=waiting, settled_at__isnull=True)
    moment = max(stages.after(sheets[0]), stages.after(sheets[0]) + (due.due_on - due.starts_on))
    rounds = races.together([lambda: sweeps.run(now=moment)] * 4)
    assert races.unexpected(rounds) == []
    assert [done.failed for done in rounds] == [[]] * 4
    assert sum(done.closed for done in rounds) == 3
    assert (
        sum(done.reminded for done in rounds)
        == Message.objects.filter(event="reminder", channel="in_app").count() / 2
    )
    assert set(Posting.objects.values_list("state", flat=True)) == {PostingState.CLOSED}
    races.assert_clean()


def test_a_message_taken_up_by_many_workers_at_once_is_sent_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages.returned(world, stages.submitted(world), by=world.clerk, now=world.now)
    message = Message.objects.filter(channel="email").first()
    assert message is not None
    sent: list[int] = []

    class Counting:
        def send(self, message: Message, *, now: datetime) -> None:
            sent.append(message.pk)

    monkeypatch.setitem(channels.SENDERS, "email", Counting())
    outcomes = races.together([lambda: outbox.deliver(message.pk, now=world.now)] * MANY)
    assert sorted(outcomes) == [False] * (MANY - 1) + [True]
    assert sent == [message.pk]
