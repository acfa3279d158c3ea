"""A broker that is away costs nobody an answer: the rows stand, the failed wake-ups are counted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from applications.models import Application
from applications.states import State
from notifications import outbox, tasks
from notifications.models import Message, MessageState, WakeUpFailure
from tests import stages
from tests.world import MU, World, photo
from workflow import (
    announcements,
    consistency,
    drafts,
    fieldwork,
    intake,
    objections,
    postings,
    reviews,
    sweeps,
)
from workflow.models import ObjectionOutcome, Posting, PostingKind
from workflow.postings import Display
from workflow.results import Ref

Capture = Any


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The broker is down: each publish is noted and fails as kombu fails."""
    calls: list[dict[str, Any]] = []

    def away(task: Any, *args: Any, **options: Any) -> None:
        calls.append({"task": task.name, **options})
        raise OperationalError("[Errno 111] Connection refused")

    monkeypatch.setattr("celery.app.task.Task.apply_async", away)
    return calls


Acts = list[tuple[str, Callable[[], object]]]


def a_whole_life(world: World) -> Acts:
    """The verbs of one case in order, with a return, a sheet taken down, an objection and its decision."""
    now = world.now
    case: list[int] = []
    sheet: list[int] = []
    moment: list[datetime] = [now]

    def ref() -> list[Ref]:
        return [Ref.of(Application.objects.get(pk=case[0]))]

    def enter() -> None:
        form = intake.Form(world.grain, world.household(), MU, timezone.localdate(now), committed=True)
        case.append(intake.enter(form, by=world.clerk, now=now).pk)

    def prepare(kind: PostingKind) -> None:
        sheet.append(stages.sheet(world, [Application.objects.get(pk=case[0])], kind=kind, now=moment[0]).pk)

    def display() -> None:
        posting = Posting.objects.get(pk=sheet[-1])
        act = Display("村务公开栏", moment[0], "吴监督", photo())
        assert postings.display([posting.pk], act=act, by=posting.created_by, now=moment[0])[0].done

    def close() -> None:
        moment[0] = stages.after(Posting.objects.get(pk=sheet[-1]))
        assert postings.close(sheet[-1], now=moment[0]).done
        stages.photographed(Posting.objects.get(pk=sheet[-1]), now=moment[0])

    def passing(by: Any) -> Callable[[], object]:
        return lambda: stages.do(reviews.pass_on(ref(), by=by, now=moment[0]))

    def object_and_decide() -> None:
        posting = Posting.objects.get(pk=sheet[-1])
        found = stages.lodged(world, Application.objects.get(pk=case[0]), posting, now=moment[0])
        result = stages.decided(found, ObjectionOutcome.NOT_UPHELD, by=world.clerk, now=moment[0])
        assert result.done

    def publish() -> None:
        posting = Posting.objects.get(pk=sheet[-1])
        announcements.write_items(posting, items=stages.ITEMS, by=world.approver, now=moment[0])
        assert announcements.publish(posting.pk, by=world.approver, now=moment[0])[0].done

    def take_down() -> None:
        posting = Posting.objects.get(pk=sheet[-1])
        assert postings.take_down(posting, by=world.clerk, now=moment[0], reason="被雨淋湿。")[0].done

    return [
        ("enter", enter),
        ("submit", lambda: stages.do(intake.submit(ref(), by=world.clerk, now=now))),
        (
            "return",
            lambda: stages.returned(world, Application.objects.get(pk=case[0]), by=world.clerk, now=now),
        ),
        ("resubmit", lambda: stages.do(intake.resubmit(ref(), by=world.clerk, now=now))),
        ("visit", lambda: stages.visit(world, Application.objects.get(pk=case[0]))),
        ("meeting", lambda: stages.meeting(world, [Application.objects.get(pk=case[0])])),
        ("pass at the village", passing(world.clerk)),
        ("prepare", lambda: prepare(PostingKind.VILLAGE)),
        ("display", display),
        ("take down", take_down),
        ("prepare again", lambda: prepare(PostingKind.VILLAGE)),
        ("display again", display),
        ("objection", object_and_decide),
        ("close", close),
        ("pass at the township", passing(world.reviewer)),
        ("prepare at the township", lambda: prepare(PostingKind.TOWNSHIP)),
        ("display at the township", display),
        ("close at the township", close),
        ("pass at the district", passing(world.approver)),
        ("prepare at the district", lambda: prepare(PostingKind.DISTRICT)),
        ("display at the district", display),
        ("close at the district", close),
        ("prepare the announcement", lambda: prepare(PostingKind.ANNOUNCEMENT)),
        ("announce", publish),
        ("sweep", lambda: sweeps.run(now=moment[0])),
        (
            "revoke",
            lambda: stages.do(reviews.revoke(ref(), by=world.approver, now=moment[0], opinion="骗取。")),
        ),
    ]


def test_every_verb_answers_normally_while_the_broker_is_away(
    world: World, tried: list[dict[str, Any]], django_capture_on_commit_callbacks: Capture
) -> None:
    woken = 0
    for name, act in a_whole_life(world):
        messages = Message.objects.count()
        with django_capture_on_commit_callbacks(execute=True) as callbacks:
            act()
        assert bool(callbacks) == (Message.objects.count() > messages), name
        woken += len(callbacks)
    assert Application.objects.get().state == State.REVOKED
    assert list(consistency.faults()) == []
    assert woken == len(tried) == 16
    failures = WakeUpFailure.objects.values_list("task", "count", "last_error")
    assert list(failures) == [("notifications.tasks.deliver", 16, "OperationalError")]
    assert all(call["retry"] is False for call in tried)
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.PENDING}


def test_what_the_broker_did_not_take_is_found_by_the_next_round(
    world: World,
    tried: list[dict[str, Any]],
    django_capture_on_commit_callbacks: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        case = stages.submitted(world)
        stages.passed(world, [case], by=world.clerk, now=world.now)
    waiting = Message.objects.count()
    assert waiting == 4
    monkeypatch.setattr("registry.clock.now", lambda: world.now)
    assert tasks.deliver() == waiting
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}


def test_a_verb_that_is_rolled_back_wakes_nobody_and_leaves_no_message(
    world: World, tried: list[dict[str, Any]], django_capture_on_commit_callbacks: Capture
) -> None:
    case = stages.submitted(world)
    messages = Message.objects.count()

    def wake_and_fail() -> None:
        with transaction.atomic():
            outbox.wake(tasks.deliver, at=world.now)
            raise DatabaseError("disk full")

    with django_capture_on_commit_callbacks(execute=True) as callbacks, pytest.raises(DatabaseError):
        wake_and_fail()
    assert callbacks == []
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        results = reviews.pass_on([Ref(case.pk, case.revision - 1)], by=world.clerk, now=world.now)
    assert (results[0].done, callbacks, tried) == (False, [], [])
    assert Message.objects.count() == messages


def test_a_failure_that_cannot_be_counted_is_logged_and_harms_nobody(
    world: World,
    tried: list[dict[str, Any]],
    django_capture_on_commit_callbacks: Capture,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(WakeUpFailure.objects, "get_or_create", full)
    with django_capture_on_commit_callbacks(execute=True):
        outbox.wake(tasks.deliver, at=world.now)
    assert len(tried) == 1
    assert "the failed wake-up could not be counted" in caplog.text


def test_a_wake_up_is_published_after_commit_and_carries_no_more_than_its_name(
    world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Capture
) -> None:
    sent: list[tuple[tuple[object, ...], dict[str, Any]]] = []
    monkeypatch.setattr(
        "celery.app.task.Task.apply_async", lambda task, *args, **options: sent.append((args, options))
    )
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        stages.draft(world)
        case = stages.submitted(world)
    assert sent == []
    for callback in callbacks:
        callback()
    assert case.state == State.VILLAGE_REVIEW
    assert sent == [((), {"args": (), "retry": False})]
    assert WakeUpFailure.objects.count() == 0


def test_the_modules_that_write_cases_know_no_other_way_to_wake_a_worker() -> None:
    for module in (announcements, drafts, fieldwork, intake, objections, postings, reviews, sweeps):
        source = open(module.__file__, encoding="utf-8").read()  # noqa: SIM115
        assert ".delay(" not in source
        assert "apply_async" not in source
        assert "delay_on_commit" not in source
