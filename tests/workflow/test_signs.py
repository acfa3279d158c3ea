"""Signs of life: who is written down, how often, and that a task is never stopped by it."""

from datetime import timedelta
from typing import Any

import pytest
from celery import signals
from django.db import DatabaseError

from registry import clock, tracing
from tests.world import World
from workflow import signs, tasks
from workflow.models import Heartbeat


def prerun(**headers: str) -> None:
    """What Celery does in a worker before a task begins."""
    tasks.sweep.push_request(id="0123456789abcdef", **headers)
    try:
        signals.task_prerun.send(sender=tasks.sweep, task_id="0123456789abcdef", task=tasks.sweep)
    finally:
        signals.task_postrun.send(sender=tasks.sweep, task=tasks.sweep)
        tasks.sweep.pop_request()


@pytest.mark.django_db
def test_a_task_is_a_sign_of_life_of_its_worker_and_of_the_beat_that_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: world.now)
    prerun(**{tracing.BEAT_HEADER: "one:7"})
    prerun()
    found = {(sign.kind, sign.where): sign.at for sign in signs.seen()}
    assert found == {("worker", tasks._here()): world.now, ("beat", "one:7"): world.now}


@pytest.mark.django_db
def test_a_sign_is_written_at_most_three_times_a_minute(world: World) -> None:
    assert signs.give(signs.WORKER, "one:1", now=world.now)
    assert not signs.give(signs.WORKER, "one:1", now=world.now + timedelta(seconds=19))
    assert signs.give(signs.WORKER, "one:1", now=world.now + timedelta(seconds=20))
    assert signs.seen()[0].at == world.now + timedelta(seconds=20)
    # The clock was set back: the new time counts.
    assert signs.give(signs.WORKER, "one:1", now=world.now - timedelta(days=1))
    assert signs.seen()[0].at == world.now - timedelta(days=1)


@pytest.mark.django_db
def test_a_new_worker_takes_along_those_silent_for_a_day_and_nothing_else(world: World) -> None:
    Heartbeat.objects.create(name="sweep", at=world.now - timedelta(days=9))
    signs.give(signs.WORKER, "old:1", now=world.now - timedelta(days=1, seconds=1))
    signs.give(signs.BEAT, "old:2", now=world.now - timedelta(days=1, seconds=1))
    signs.give(signs.WORKER, "young:1", now=world.now - timedelta(hours=23))
    signs.give(signs.WORKER, "new:1", now=world.now)
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {
        "sweep",
        "beat old:2",
        "worker young:1",
        "worker new:1",
    }


@pytest.mark.django_db
def test_two_processes_of_a_machine_with_a_long_name_stay_two(world: World) -> None:
    for number in ("1001", "1002"):
        signs.give(signs.WORKER, f"{'a' * 60}:{number}", now=world.now)
    assert sorted(sign.where[-4:] for sign in signs.seen()) == ["1001", "1002"]


def test_a_database_that_is_away_stops_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise DatabaseError("away")

    monkeypatch.setattr(clock, "now", away)
    prerun()
