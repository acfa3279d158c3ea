"""On PostgreSQL a sweep goes past what somebody holds and takes it in the next round, without waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from applications.models import Application
from applications.states import State
from tests import stages
from tests.workflow import races
from tests.workflow.test_sweeps import covered_again, morning, on_display
from tests.world import World
from workflow import closings, sweeps
from workflow.models import Deadline, Posting, PostingState

pytestmark = races.ON_POSTGRESQL


@contextmanager
def held(rows: object) -> Iterator[None]:
    """Another connection holds the rows, until the block is over."""
    taken, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(rows.select_for_update(no_key=True, of=("self",)))  # type: ignore[attr-defined]
                taken.set()
                over.wait(races.PATIENCE)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert taken.wait(races.PATIENCE)
        yield
    finally:
        over.set()
        thread.join()


def quickly(now: datetime) -> sweeps.Round:
    """A round that fails where it would wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '500ms'")
        try:
            return sweeps.run(now=now)
        finally:
            cursor.execute("SET lock_timeout = 0")


def test_a_held_sheet_and_a_sheet_with_a_held_case_are_passed_by(world: World) -> None:
    _, first = on_display(world)
    case, _ = on_display(world)
    _, free = on_display(world)
    moment = stages.after(first)
    with (
        held(Posting.objects.filter(pk=first.pk)),
        held(Application.objects.filter(pk=case.pk)),
    ):
        done = quickly(moment)
    assert (done.closed, done.failed, done.unfinished) == (1, [], False)
    closed = Posting.objects.filter(state=PostingState.CLOSED)
    assert set(closed.values_list("pk", flat=True)) == {free.pk}
    done = quickly(moment + timedelta(minutes=1))
    assert (done.closed, done.failed) == (2, [])
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


def test_the_cases_of_a_held_sheet_are_left_to_whoever_holds_it(world: World) -> None:
    """Else that round would find its cases taken by this one, and neither would close the sheet."""
    _, sheet = on_display(world)
    with held(Posting.objects.filter(pk=sheet.pk)), CaptureQueriesContext(connection) as asked:
        (result,) = closings.close_all([sheet.pk], now=stages.after(sheet), skip_locked=True)
    assert not result.done
    locks = [one["sql"] for one in asked if "FOR NO KEY UPDATE" in one["sql"]]
    assert locks
    assert not [sql for sql in locks if 'FROM "applications_application"' in sql]


def test_a_held_case_that_is_covered_is_passed_by(world: World) -> None:
    case, _ = covered_again(world)
    other, moment = covered_again(world)
    with held(Application.objects.filter(pk=case.pk)):
        done = quickly(moment)
    assert (done.released, done.failed) == (1, [])
    assert stages.again(case).state == State.TOWNSHIP_POSTING
    assert stages.again(other).state == State.DISTRICT_REVIEW
    assert quickly(moment).released == 1
    assert stages.again(case).state == State.DISTRICT_REVIEW


def test_a_held_due_date_is_passed_by(world: World) -> None:
    stages.submitted(world)
    stages.submitted(world)
    due = Deadline.objects.order_by("pk")[0]
    moment = morning(due.due_on + timedelta(days=1))
    with held(Deadline.objects.filter(pk=due.pk)):
        done = quickly(moment)
    assert (done.reminded, done.escalated, done.failed) == (1, 1, [])
    done = quickly(moment)
    assert (done.reminded, done.escalated, done.failed) == (1, 1, [])
