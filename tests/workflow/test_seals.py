"""A list changed in the database is found while it still hangs, told of once, and named by the check (名单封存)."""

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.models import Message
from tests import stages
from tests.workflow.views.sheets import on_display, waiting
from tests.world import World
from workflow import postings, seals, sweeps, tasks
from workflow.models import Heartbeat, Lease, Posting, PostingEntry, PostingKind, PostingState


def tampered(posting: Posting) -> Posting:
    entry = posting.entries.get(position=1)
    PostingEntry.objects.filter(pk=entry.pk).update(row={**entry.row, "amount": "9000.00"})
    return posting


def checked() -> tuple[str, str]:
    """What `check_workflow` says of cases and sheets, and its complaint if there is one."""
    out, err = StringIO(), StringIO()
    try:
        call_command("check_workflow", skip_history=True, stdout=out, stderr=err)
    except CommandError as refusal:
        return err.getvalue(), str(refusal)
    return err.getvalue(), ""


def told() -> set[tuple[str, str]]:
    return set(Message.objects.filter(event="list_tampered").values_list("recipient__name", "subject"))


def test_sound_sheets_on_display_and_closed_pass_the_check(world: World) -> None:
    closed = on_display(world, 2)
    postings.close(closed.pk, now=stages.after(closed))
    on_display(world, 1)
    stages.sheet(world, waiting(world, 1), kind=PostingKind.VILLAGE, now=world.now)
    assert checked() == ("", "")


@pytest.mark.parametrize("state", [PostingState.DISPLAYED, PostingState.CLOSED, PostingState.TAKEN_DOWN])
def test_the_check_names_the_sheet_whose_list_was_changed(world: World, state: PostingState) -> None:
    posting, other = on_display(world, 1), on_display(world, 1, village=1)
    if state is PostingState.CLOSED:
        postings.close(posting.pk, now=stages.after(posting))
    if state is PostingState.TAKEN_DOWN:
        postings.take_down(posting, by=world.clerk, now=world.now, reason="标题有误。")
    tampered(posting)
    assert Posting.objects.get(pk=posting.pk).state == state
    assert checked() == (f"{posting.number}: its list is not what was sealed\n", "发现1处不一致。")
    assert other.number not in checked()[0]
    assert told() == set()


@pytest.mark.parametrize("changed", [{"digest": ""}, {"text": "改过。"}, {"number": "改过"}])
def test_a_heading_or_a_seal_that_was_changed_is_found_too(world: World, changed: dict[str, str]) -> None:
    posting = on_display(world, 1)
    Posting.objects.filter(pk=posting.pk).update(**changed)
    assert list(seals.broken(seals.sealed())) == [posting]


def test_a_row_that_is_gone_or_added_is_found(world: World) -> None:
    posting = on_display(world, 2)
    posting.entries.get(position=2).delete()
    assert list(seals.broken(seals.sealed())) == [posting]


def test_administrators_are_told_once_and_before_the_last_day(world: World) -> None:
    posting = tampered(on_display(world, 1))
    on_display(world, 1, village=1)
    assert seals.look(now=world.later(1)) == 1
    first = told()
    assert first == {(world.administrator.name, f"名单被改动：{posting.number}")}
    body = Message.objects.filter(event="list_tampered").earliest("pk").body
    assert body == (
        f"{posting.number}的名单与张贴时封存的名单不一致。查清以前，这张公示期满也不会办结。"
        "请立即核查数据库。其他公示不受影响。"
    )
    count = Message.objects.filter(event="list_tampered").count()
    assert seals.look(now=world.later(2)) == 1
    sweeps.run(now=stages.after(posting))
    assert Message.objects.filter(event="list_tampered").count() == count
    assert Posting.objects.get(pk=posting.pk).state == PostingState.DISPLAYED


def test_nobody_is_told_of_sound_sheets(world: World) -> None:
    on_display(world, 2)
    assert seals.look(now=world.later(1)) == 0
    assert told() == set()
    assert list(Heartbeat.objects.values_list("name", "items")) == [("seals", 0)]


def test_the_look_is_once_a_local_day(world: World) -> None:
    morning = world.later(1).replace(hour=1)
    assert seals.look(now=morning) == 0
    tampered(on_display(world, 1))
    assert seals.look(now=morning + timedelta(hours=1)) == 0
    assert seals.look(now=morning + timedelta(days=1)) == 1


def test_sheets_are_read_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two statements for each piece and one that finds the end; what is found does not depend on the size."""
    changed = [tampered(on_display(world, 1)) for _ in range(5)]
    monkeypatch.setattr(seals, "CHUNK", 2)
    with CaptureQueriesContext(connection) as captured:
        assert list(seals.broken(seals.sealed())) == changed
    assert len(captured) == 7


def test_a_task_that_finds_the_lease_taken_does_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tampered(on_display(world, 1))
    moment: datetime = world.later(1)
    monkeypatch.setattr("registry.clock.now", lambda: moment)
    assert sweeps.claim("sweep", holder="a sweep", now=moment)
    assert sweeps.claim("seals", holder="another machine", now=moment)
    assert tasks.look_at_seals() == 0
    assert told() == set()
    sweeps.give_back("seals", holder="another machine", now=moment)
    assert tasks.look_at_seals() == 1
    assert Lease.objects.get(name="seals").until == moment
    assert tasks.look_at_seals() == 0


def test_beat_asks_for_the_look(world: World) -> None:
    assert tasks.look_at_seals.name in {turn["task"] for turn in settings.CELERY_BEAT_SCHEDULE.values()}
