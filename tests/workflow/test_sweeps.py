"""What the clock does: rounds may run twice, late, or side by side, and one bad row stops nobody else."""

from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from applications.models import Application
from applications.states import State
from notifications.models import Channel, Message
from tests import stages
from tests.workflow import viewflow_way, written
from tests.world import World
from workflow import postings, releases, reviews, sweeps, tasks
from workflow.models import (
    Deadline,
    DeadlineKind,
    Heartbeat,
    Lease,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
    ReviewTask,
)
from workflow.results import Ref


def morning(day: object) -> datetime:
    """Nine in the morning of a local day."""
    return timezone.make_aware(datetime.combine(day, time(9)))  # type: ignore[arg-type]


def on_display(world: World, *, village: int = 0) -> tuple[Application, Posting]:
    case, moment = stages.reach(world, State.VILLAGE_POSTING, village=village)
    return case, stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment, village=village)


def counted(done: sweeps.Round) -> tuple[int, int, int, int, int]:
    return done.closed, done.released, done.reminded, done.escalated, len(done.failed)


def test_a_sheet_closes_in_the_first_round_after_its_last_day_and_not_before(world: World) -> None:
    case, posting = on_display(world)
    evening = stages.after(posting) - timedelta(seconds=1)
    assert counted(sweeps.run(now=evening)) == (0, 0, 0, 0, 0)
    assert stages.again(case).state == State.VILLAGE_POSTING
    assert counted(sweeps.run(now=stages.after(posting))) == (1, 0, 0, 0, 0)
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


def test_a_second_round_at_the_same_moment_writes_nothing(world: World) -> None:
    _, posting = on_display(world)
    stages.submitted(world)
    moment = stages.after(posting) + timedelta(days=20)
    first = sweeps.run(now=moment)
    assert counted(first) == (1, 0, 2, 2, 0)
    second: list[sweeps.Round] = []
    assert written.changed(lambda: second.append(sweeps.run(now=moment))) == set()
    assert counted(second[0]) == (0, 0, 0, 0, 0)


def test_rounds_one_after_the_other_take_up_what_has_come_due_since(world: World) -> None:
    _, first = on_display(world)
    moment = stages.after(first)
    later_case, at = stages.reach(world, State.VILLAGE_POSTING, now=moment - timedelta(days=3))
    second = stages.displayed(world, [later_case], kind=PostingKind.VILLAGE, now=at)
    assert sweeps.run(now=moment).closed == 1
    assert sweeps.run(now=stages.after(second)).closed == 1
    assert sweeps.run(now=stages.after(second)).closed == 0
    assert set(Posting.objects.values_list("state", flat=True)) == {PostingState.CLOSED}


def test_a_round_that_comes_days_late_does_what_the_days_before_would_have_done(world: World) -> None:
    case, posting = on_display(world)
    assert sweeps.run(now=stages.after(posting) + timedelta(days=30)).closed == 1
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    assert due.starts_on == posting.closes_on + timedelta(days=1)


def test_the_lease_is_held_by_one_runs_out_and_is_given_back(world: World) -> None:
    now = world.now
    assert sweeps.claim("sweep", holder="a", now=now)
    assert not sweeps.claim("sweep", holder="b", now=now)
    assert sweeps.claim("sweep", holder="a", now=now + timedelta(seconds=1))
    assert not sweeps.claim("sweep", holder="b", now=now + timedelta(seconds=1) + sweeps.LEASE / 2)
    assert sweeps.claim("sweep", holder="b", now=now + timedelta(seconds=1) + sweeps.LEASE)
    sweeps.give_back("sweep", holder="a", now=now + timedelta(seconds=2))
    assert not sweeps.claim("sweep", holder="a", now=now + timedelta(seconds=3) + sweeps.LEASE)
    sweeps.give_back("sweep", holder="b", now=now + timedelta(seconds=4) + sweeps.LEASE)
    assert sweeps.claim("sweep", holder="a", now=now + timedelta(seconds=4) + sweeps.LEASE)
    assert Lease.objects.count() == 1


def test_another_sweep_has_a_lease_of_its_own(world: World) -> None:
    assert sweeps.claim("sweep", holder="a", now=world.now)
    assert sweeps.claim("nightly", holder="b", now=world.now)


def test_a_task_that_finds_the_lease_taken_does_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, posting = on_display(world)
    moment = stages.after(posting)
    monkeypatch.setattr("registry.clock.now", lambda: moment)
    assert sweeps.claim("sweep", holder="another machine", now=moment)
    assert tasks.sweep() == 0
    assert Posting.objects.get().state == PostingState.DISPLAYED
    sweeps.give_back("sweep", holder="another machine", now=moment)
    assert tasks.sweep() == 2, "its photo asked for, and closed"
    assert Posting.objects.get().state == PostingState.CLOSED
    assert Lease.objects.get().until == moment


def test_a_task_that_fails_gives_its_lease_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.clock.now", lambda: world.now)

    def fails(**_: object) -> None:
        raise RuntimeError("no round today")

    monkeypatch.setattr(sweeps, "run", fails)
    with pytest.raises(RuntimeError, match="no round today"):
        tasks.sweep()
    assert sweeps.claim("sweep", holder="the next", now=world.now)


def test_a_tampered_sheet_blocks_only_itself(world: World) -> None:
    bad_case, bad = on_display(world)
    good_case, good = on_display(world, village=1)
    other_case, other = on_display(world)
    entry = PostingEntry.objects.get(posting=bad)
    PostingEntry.objects.filter(pk=entry.pk).update(row={**entry.row, "amount": "9000.00"})
    done = sweeps.run(now=stages.after(bad))
    assert counted(done) == (2, 0, 0, 0, 1)
    assert done.failed == [f"{bad.number}的名单与张贴时封存的名单不一致，期满不能办结，请立即核查。"]
    assert {sheet.pk: sheet.state for sheet in Posting.objects.all()} == {
        bad.pk: PostingState.DISPLAYED,
        good.pk: PostingState.CLOSED,
        other.pk: PostingState.CLOSED,
    }
    assert stages.again(bad_case).state == State.VILLAGE_POSTING
    assert stages.again(good_case).state == stages.again(other_case).state == State.TOWNSHIP_REVIEW
    assert counted(sweeps.run(now=stages.after(bad))) == (0, 0, 0, 0, 0)
    assert counted(sweeps.run(now=stages.after(bad) + timedelta(minutes=1))) == (0, 0, 0, 0, 1)


def test_a_sheet_whose_case_lost_its_task_blocks_only_itself(world: World) -> None:
    bad_case, bad = on_display(world)
    good_case, _ = on_display(world)
    viewflow_way.open_task(bad_case).delete()
    done = sweeps.run(now=stages.after(bad))
    assert (done.closed, done.failed) == (1, [f"posting {bad.pk}"])
    assert Posting.objects.get(pk=bad.pk).state == PostingState.DISPLAYED
    assert stages.again(good_case).state == State.TOWNSHIP_REVIEW


def covered_again(world: World) -> tuple[Application, datetime]:
    """Back in 乡级公示 after a return from the district, covered by the township's earlier full period."""
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    stages.do(
        reviews.return_to_township([Ref.of(case)], by=world.approver, now=moment, opinion="请重审面积。")
    )
    stages.passed(world, [case], by=world.reviewer, now=moment)
    assert stages.again(case).state == State.TOWNSHIP_POSTING
    return stages.again(case), moment


def test_a_case_that_an_earlier_full_period_covers_is_released_without_a_new_sheet(world: World) -> None:
    case, moment = covered_again(world)
    assert counted(sweeps.run(now=moment)) == (0, 1, 0, 0, 0)
    assert stages.again(case).state == State.DISTRICT_REVIEW
    assert counted(sweeps.run(now=moment)) == (0, 0, 0, 0, 0)


def test_a_covered_case_that_lost_its_task_stops_neither_the_others_nor_the_reminders(world: World) -> None:
    bad, _ = covered_again(world)
    good, _ = covered_again(world)
    viewflow_way.open_task(bad).delete()
    due = Deadline.objects.get(application=bad, settled_at__isnull=True)
    done = sweeps.run(now=morning(due.remind_on))
    assert done.released == 1
    assert stages.again(good).state == State.DISTRICT_REVIEW
    assert stages.again(bad).state == State.TOWNSHIP_POSTING
    assert done.reminded == 1


def told(event: str) -> set[tuple[str, str]]:
    rows = Message.objects.filter(event=event, channel=Channel.IN_APP)
    return {(row.recipient.name, row.stage) for row in rows.select_related("recipient")}


DESKS: tuple[tuple[State, set[str], set[str]], ...] = (
    (State.VILLAGE_REVIEW, {"王村一", "赵村员"}, {"李审核", "李复核"}),
    (State.VILLAGE_POSTING, {"王村一", "赵村员"}, {"李审核", "李复核"}),
    (State.TOWNSHIP_REVIEW, {"李审核", "李复核"}, {"张审定", "张复审"}),
    (State.DISTRICT_REVIEW, {"张审定", "张复审"}, {"孙监督"}),
    (State.ANNOUNCEMENT, {"张审定", "张复审"}, {"孙监督"}),
)


@pytest.mark.parametrize(("state", "desk", "above"), DESKS, ids=[str(row[0]) for row in DESKS])
def test_the_desk_is_reminded_and_the_level_above_told_once_each(
    world: World, state: State, desk: set[str], above: set[str]
) -> None:
    case, _ = stages.reach(world, state)
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    early = morning(due.remind_on - timedelta(days=1))
    assert (sweeps.remind(now=early), sweeps.escalate(now=early)) == (0, 0)
    assert sweeps.remind(now=morning(due.remind_on)) == 1
    assert sweeps.escalate(now=morning(due.due_on)) == 0
    assert sweeps.escalate(now=morning(due.due_on + timedelta(days=1))) == 1
    assert told("reminder") == {(name, "reminder") for name in desk}
    assert told("escalation") == {(name, "escalation") for name in above}
    messages = Message.objects.count()
    for days in (2, 3, 30):
        late = morning(due.due_on + timedelta(days=days))
        assert (sweeps.remind(now=late), sweeps.escalate(now=late)) == (0, 0)
    assert Message.objects.count() == messages


def test_a_correction_is_the_villages_to_be_reminded_of(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    assert due.kind == DeadlineKind.CORRECTION
    sweeps.run(now=morning(due.due_on + timedelta(days=1)))
    assert {name for name, _ in told("reminder")} == {"王村一", "赵村员"}
    assert {name for name, _ in told("escalation")} == {"李审核", "李复核"}


def test_an_objection_is_reminded_of_at_the_level_that_handles_it(world: World) -> None:
    case, posting = on_display(world)
    stages.lodged(world, case, posting, now=world.now, concerns_cadre=True)
    due = Deadline.objects.get(objection__application=case)
    assert sweeps.remind(now=morning(due.remind_on)) == 1
    assert {name for name, _ in told("reminder")} == {"李审核", "李复核"}


def test_a_settled_due_date_is_not_reminded_of(world: World) -> None:
    case = stages.submitted(world)
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    stages.do(
        reviews.reject(
            [Ref.of(case)], by=world.clerk, now=world.now, reason_code="facts", opinion="与事实不符。"
        )
    )
    assert counted(sweeps.run(now=morning(due.due_on + timedelta(days=5)))) == (0, 0, 0, 0, 0)
    assert told("reminder") == told("escalation") == set()


def test_more_due_dates_than_a_chunk_are_reminded_of_in_several_rounds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        stages.submitted(world)
    due = Deadline.objects.first()
    assert due is not None
    monkeypatch.setattr(sweeps, "CHUNK", 2)
    assert [sweeps.remind(now=morning(due.due_on)) for _ in range(4)] == [2, 2, 1, 0]
    assert Message.objects.filter(event="reminder", channel=Channel.IN_APP).count() == 10


def test_the_round_leaves_a_sign_of_life(world: World) -> None:
    sweeps.run(now=world.now)
    sweeps.run(now=world.later(1))
    assert list(Heartbeat.objects.values_list("name", "at", "items")) == [("sweep", world.later(1), 0)]


def statements(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


IDLE_STATEMENTS = 2
"""Of a round with nothing due: one question for everything, the sign of life."""
IDLE_TASK_STATEMENTS = 5
"""The same round as beat starts it: the clock, the lease taken and given back besides."""


def test_a_round_with_nothing_due_costs_the_same_however_many_cases_are_open(world: World) -> None:
    sweeps.run(now=world.now)
    costs = []
    for more in (0, 5, 30):
        for _ in range(more):
            stages.submitted(world)
        costs.append(statements(lambda: sweeps.run(now=world.now)))
    on_display(world)
    case, posting = on_display(world)
    stages.lodged(world, case, posting, now=world.now)
    assert sweeps.run(now=world.now).reminded == 1  # two days for acceptance: reminded of at once
    costs.append(statements(lambda: sweeps.run(now=world.now)))
    assert costs == [IDLE_STATEMENTS] * 4


def test_an_idle_round_of_the_task_costs_five_statements_however_many_cases_are_open(world: World) -> None:
    # The database's own clock, years after the world's: everything is reminded of and escalated in the first round.
    tasks.sweep()
    costs = []
    for more in (1, 20):
        for _ in range(more):
            stages.submitted(world)
        assert tasks.sweep() == 2 * more
        costs.append(statements(tasks.sweep))
    assert costs == [IDLE_TASK_STATEMENTS] * 2


def test_what_is_told_already_costs_an_idle_round_nothing_more(world: World) -> None:
    case = stages.submitted(world)
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    late = morning(due.due_on + timedelta(days=3))
    assert counted(sweeps.run(now=late))[2:4] == (1, 1)
    assert statements(lambda: sweeps.run(now=late)) == IDLE_STATEMENTS


def test_the_command_does_a_round_without_a_broker_and_names_a_failed_sheet(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case, posting = on_display(world)
    _, good = on_display(world)
    PostingEntry.objects.filter(posting=posting).update(amount=1)
    moment = stages.after(posting)
    monkeypatch.setattr("registry.clock.now", lambda: moment)
    call_command("sweep")
    out = capsys.readouterr()
    assert out.out.startswith("期满办结1张公示，放行0件，催办0件，督办0件，发送")
    assert posting.number in out.err
    assert stages.again(case).state == State.VILLAGE_POSTING
    assert Posting.objects.get(pk=good.pk).state == PostingState.CLOSED


def test_closing_a_closed_sheet_says_so_and_writes_nothing(world: World) -> None:
    _, posting = on_display(world)
    moment = stages.after(posting)
    assert postings.close(posting.pk, now=moment).done
    assert written.changed(lambda: postings.close(posting.pk, now=moment)) == set()


def test_releasing_a_released_case_again_writes_nothing(world: World) -> None:
    case, moment = covered_again(world)
    assert releases.covered_but_waiting() == [case.pk]
    (first,) = releases.pass_covered([case.pk], now=moment)
    assert first.done
    assert releases.covered_but_waiting() == []
    assert written.changed(lambda: releases.pass_covered([case.pk], now=moment)) == set()
    assert ReviewTask.objects.open().count() == 1
