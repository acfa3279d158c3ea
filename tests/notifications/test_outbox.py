"""Messages as rows: one per fact, withdrawn, tried again with growing delay, dead at last, never sent twice."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from notifications import catalogue, channels, outbox
from notifications.catalogue import Event
from notifications.models import Channel, Message, MessageState
from notifications.outbox import Notice
from notifications.tasks import deliver
from registry import clock
from registry.models import User
from tests.world import World

CONTEXT = {"number": "示例-1", "kind": "办理", "due": "2021-03-05", "level": "村级"}


def notice(
    *people: User, fact: str = "deadline:1", stage: str = "reminder", event: Event = catalogue.REMINDER
) -> Notice:
    return Notice(event=event, fact=fact, stage=stage, recipients=people, context=CONTEXT, url="/x")


def pending(world: World, event: Event = catalogue.REMINDER) -> Message:
    """One waiting e-mail."""
    outbox.announce([notice(world.clerk, event=event)], at=world.now)
    return Message.objects.get(channel=Channel.EMAIL)


class Broken:
    """A channel that counts how often it was tried, and never works."""

    def __init__(self) -> None:
        self.tried = 0

    def send(self, message: Message, *, now: datetime) -> None:
        self.tried += 1
        raise OSError("no mail today")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Broken:
    channel = Broken()
    monkeypatch.setitem(channels.SENDERS, Channel.EMAIL, channel)
    return channel


def test_a_fact_told_twice_is_one_message_per_person_and_channel(world: World) -> None:
    for moment in (world.now, world.later(1)):
        outbox.announce([notice(world.clerk, world.reviewer)], at=moment)
    rows = Message.objects.order_by("recipient", "channel").values_list("recipient", "channel", "created_at")
    assert list(rows) == [
        (world.clerk.pk, "email", world.now),
        (world.clerk.pk, "in_app", world.now),
        (world.reviewer.pk, "email", world.now),
        (world.reviewer.pk, "in_app", world.now),
    ]


def test_a_person_named_twice_in_a_notice_gets_one_message_per_channel(world: World) -> None:
    outbox.announce([notice(world.clerk, world.clerk)], at=world.now)
    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    "other",
    [{"fact": "deadline:2"}, {"stage": "escalation"}, {"event": catalogue.ESCALATION}],
    ids=["another fact", "another stage", "another event"],
)
def test_another_fact_stage_or_event_is_another_message(world: World, other: dict[str, object]) -> None:
    outbox.announce([notice(world.clerk)], at=world.now)
    outbox.announce([notice(world.clerk, **other)], at=world.now)  # type: ignore[arg-type]
    assert Message.objects.filter(channel=Channel.IN_APP).count() == 2


def test_the_database_itself_keeps_a_message_from_being_doubled(world: World) -> None:
    message = pending(world)
    message.pk, message._state.adding = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        message.save()


def test_nobody_without_an_address_gets_an_e_mail_row(world: World) -> None:
    User.objects.filter(pk=world.clerk.pk).update(email="")
    world.clerk.refresh_from_db()
    outbox.announce([notice(world.clerk)], at=world.now)
    assert list(Message.objects.values_list("channel", flat=True)) == [Channel.IN_APP]


def test_a_desk_event_is_in_the_message_centre_only(world: World) -> None:
    context = {**CONTEXT, "step": "待村级申报", "count": 3, "programme": "示例"}
    outbox.announce(
        [Notice(event=catalogue.ARRIVED, fact="batch:1", recipients=[world.clerk], context=context)],
        at=world.now,
    )
    assert list(Message.objects.values_list("channel", flat=True)) == [Channel.IN_APP]


def test_what_is_withdrawn_is_not_sent_and_what_is_sent_is_not_withdrawn(world: World) -> None:
    outbox.announce([notice(world.clerk), notice(world.clerk, fact="deadline:2")], at=world.now)
    sent = Message.objects.get(fact="deadline:1", channel=Channel.EMAIL)
    assert outbox.deliver(sent.pk, now=world.now)
    assert outbox.withdraw(["deadline:1"], at=world.now) == 1
    states = dict(Message.objects.filter(fact="deadline:1").values_list("channel", "state"))
    assert states == {"email": MessageState.SENT, "in_app": MessageState.WITHDRAWN}
    assert len(outbox.due(now=world.later(1))) == 2
    outbox.drain(now=world.later(1))
    assert Message.objects.get(fact="deadline:1", channel=Channel.IN_APP).state == MessageState.WITHDRAWN
    assert outbox.withdraw([], at=world.now) == 0


def test_a_message_that_is_on_its_way_cannot_be_withdrawn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = pending(world)
    withdrawn: list[int] = []

    class Late(channels.Email):
        def send(self, message: Message, *, now: datetime) -> None:
            withdrawn.append(outbox.withdraw([message.fact], at=now))
            super().send(message, now=now)

    monkeypatch.setitem(channels.SENDERS, Channel.EMAIL, Late())
    assert outbox.deliver(message.pk, now=world.now)
    message.refresh_from_db()
    # The row in the message centre was still waiting; the letter was not.
    assert (withdrawn, message.state) == ([1], MessageState.SENT)


def test_a_failing_message_is_tried_after_about_2_4_8_minutes_and_is_dead_after_the_eighth(
    world: World, broken: Broken
) -> None:
    message = pending(world)
    waits: list[timedelta] = []
    moment = world.now
    for attempt in range(1, outbox.MAX_ATTEMPTS + 1):
        assert message.pk in outbox.due(now=moment)
        assert not outbox.deliver(message.pk, now=moment)
        message.refresh_from_db()
        assert message.attempts == attempt
        assert message.error == "OSError: no mail today"
        if message.state == MessageState.PENDING:
            waits.append(message.next_try_at - moment)
            early = message.next_try_at - timedelta(seconds=1)
            assert message.pk not in outbox.due(now=early)
            assert not outbox.deliver(message.pk, now=early)
            moment = message.next_try_at
    least = [timedelta(minutes=minutes) for minutes in (2, 4, 8, 16, 32, 64, 128)]
    assert len(waits) == len(least)
    for wait, shortest in zip(waits, least, strict=True):
        assert shortest <= wait <= shortest * (1 + outbox.JITTER)
    assert message.state == MessageState.DEAD
    assert broken.tried == outbox.MAX_ATTEMPTS == 8
    assert message.pk not in outbox.due(now=world.later(365))
    assert not outbox.deliver(message.pk, now=world.later(365))
    assert broken.tried == 8


def test_a_message_that_failed_is_sent_once_the_channel_works_again(
    world: World, broken: Broken, mailoutbox: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = pending(world)
    outbox.deliver(message.pk, now=world.now)
    monkeypatch.setitem(channels.SENDERS, Channel.EMAIL, channels.Email())
    message.refresh_from_db()
    assert outbox.deliver(message.pk, now=message.next_try_at)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.error) == (MessageState.SENT, 2, "")
    assert len(mailoutbox) == 1


def test_delivering_twice_sends_once(world: World, mailoutbox: list[object]) -> None:
    message = pending(world)
    assert outbox.deliver(message.pk, now=world.now)
    assert not outbox.deliver(message.pk, now=world.now)
    assert not outbox.deliver(message.pk, now=world.later(1))
    message.refresh_from_db()
    assert (message.state, message.sent_at, message.attempts) == (MessageState.SENT, world.now, 1)
    assert len(mailoutbox) == 1


def test_a_second_worker_finds_nothing_while_the_first_is_sending(
    world: World, mailoutbox: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = pending(world)
    second: list[bool] = []

    class Slow(channels.Email):
        def send(self, message: Message, *, now: datetime) -> None:
            second.append(outbox.deliver(message.pk, now=now))
            super().send(message, now=now)

    monkeypatch.setitem(channels.SENDERS, Channel.EMAIL, Slow())
    assert outbox.deliver(message.pk, now=world.now)
    assert second == [False]
    assert len(mailoutbox) == 1


def test_a_letter_whose_sender_died_is_not_sent_again_by_itself(
    world: World, mailoutbox: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = pending(world)

    class Dying(channels.Email):
        def send(self, message: Message, *, now: datetime) -> None:
            super().send(message, now=now)
            raise SystemExit

    with monkeypatch.context() as patched:
        patched.setitem(channels.SENDERS, Channel.EMAIL, Dying())
        with pytest.raises(SystemExit):
            outbox.deliver(message.pk, now=world.now)
    assert outbox.drain(now=world.now + outbox.CLAIM - timedelta(seconds=1)) == 1  # the message centre's
    message.refresh_from_db()
    assert message.state == MessageState.SENDING
    assert outbox.drain(now=world.now + outbox.CLAIM) == 0
    message.refresh_from_db()
    assert (message.state, message.error) == (MessageState.DEAD, outbox.UNCERTAIN)
    assert len(mailoutbox) == 1


def test_a_dead_message_is_sent_again_when_somebody_asks_for_it(
    world: World, broken: Broken, mailoutbox: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = pending(world)
    alive = Message.objects.get(channel=Channel.IN_APP)
    Message.objects.filter(pk=message.pk).update(state=MessageState.DEAD, attempts=8)
    monkeypatch.setitem(channels.SENDERS, Channel.EMAIL, channels.Email())
    asked = outbox.resend([message.pk, alive.pk], by=world.administrator.pk, at=world.later(1))
    assert asked == 1
    assert outbox.deliver(message.pk, now=world.later(1))
    message.refresh_from_db()
    assert (message.state, message.attempts, message.handled_by) == (
        MessageState.SENT,
        1,
        world.administrator,
    )
    assert len(mailoutbox) == 1


def test_a_channel_that_is_down_is_tried_once_a_round_and_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    class Down:
        def send(self, message: Message, *, now: datetime) -> None:
            tried.append(message.pk)
            raise channels.ChannelDown("邮件服务器连接不上。")

    monkeypatch.setitem(channels.SENDERS, Channel.EMAIL, Down())
    for number in range(3):
        outbox.announce([notice(world.clerk, fact=f"deadline:{number}")], at=world.now)
    assert outbox.drain(now=world.now) == 3  # those of the message centre
    assert len(tried) == 1
    waiting = Message.objects.filter(channel=Channel.EMAIL)
    assert set(waiting.values_list("state", flat=True)) == {MessageState.PENDING}
    assert sorted(waiting.values_list("attempts", flat=True)) == [0, 0, 1]


def test_a_channel_takes_no_more_in_a_round_than_its_limit(
    world: World, mailoutbox: list[object], settings: Settings
) -> None:
    settings.CHANNEL_LIMITS = {"email": 2}
    for number in range(5):
        outbox.announce([notice(world.clerk, fact=f"deadline:{number}")], at=world.now)
    assert [outbox.drain(now=world.now) for _ in range(4)] == [7, 2, 1, 0]
    assert len(mailoutbox) == 5


def test_due_messages_come_oldest_first_and_a_chunk_at_a_time(world: World) -> None:
    for number in range(5):
        outbox.announce([notice(world.clerk, fact=f"deadline:{number}")], at=world.later(-number))
    keys = outbox.due(now=world.now)
    assert len(keys) == 10
    moments = [Message.objects.get(pk=key).next_try_at for key in keys]
    assert moments == sorted(moments)
    assert outbox.due(now=world.now, limit=3) == keys[:3]
    Message.objects.filter(pk__in=keys[6:]).update(next_try_at=world.later(2))
    assert outbox.due(now=world.later(1)) == keys[:6]


def test_the_task_delivers_what_is_due_and_then_nothing(
    world: World, mailoutbox: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    from_now: datetime = world.now
    monkeypatch.setattr(clock, "now", lambda: from_now)
    outbox.announce([notice(world.clerk, world.reviewer)], at=world.now)
    outbox.announce([notice(world.clerk, fact="deadline:2")], at=world.now)
    Message.objects.filter(fact="deadline:2").update(next_try_at=world.later(1))
    assert deliver() == 4
    assert deliver() == 0
    assert Message.objects.filter(state=MessageState.SENT).count() == 4
    assert len(mailoutbox) == 2


def test_a_message_in_the_message_centre_is_the_recipients_alone(world: World) -> None:
    outbox.announce([notice(world.clerk)], at=world.now)
    assert not Message.objects.inbox_of(world.clerk.pk).exists()
    outbox.drain(now=world.now)
    assert Message.objects.inbox_of(world.clerk.pk).unread().count() == 1
    assert not Message.objects.inbox_of(world.reviewer.pk).exists()
