"""R-20: what a round cannot do rests, longer each time, is shown with its reason, and stops nothing behind it."""

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from applications import digests
from applications.models import Application
from applications.states import State
from notifications.models import Channel, Message
from tests import stages
from tests.workflow import written
from tests.workflow.test_sweeps import covered_again, on_display
from tests.world import World
from workflow import health, reminders, setbacks, sweeps
from workflow.models import (
    Deadline,
    DeadlineKind,
    Heartbeat,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
    Setback,
    SetbackKind,
)


def over(case: Application, *, day: datetime) -> Deadline:
    """An open due date, not yet saved, that has passed with the day itself."""
    on = timezone.localdate(day)
    return Deadline(
        application=case,
        kind=DeadlineKind.STEP,
        starts_on=on,
        days=5,
        due_on=on,
        remind_on=on,
        near_on=on,
        escalate_on=on,
        set_at=day,
    )


def poisoned(world: World, number: int, *, day: datetime) -> list[Deadline]:
    """Open due dates on cases that have ended: the older the day, the further in front they stand."""
    made = [over(stages.draft(world), day=day) for _ in range(number)]
    # A draft has no step, as a withdrawn case has none: nobody's desk, and an error in every sweep.
    return Deadline.objects.bulk_create(made)


def late(world: World) -> tuple[Deadline, datetime]:
    """A sound due date that has passed, and the morning after."""
    case = stages.submitted(world)
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    return due, timezone.make_aware(datetime.combine(due.due_on + timedelta(days=1), time(9)))


def test_a_due_date_on_a_case_that_has_ended_stops_neither_the_others_nor_the_sign_of_life(
    world: World,
) -> None:
    due, moment = late(world)
    (bad,) = poisoned(world, 1, day=world.later(-30))
    done = sweeps.run(now=moment)
    assert (done.reminded, done.escalated) == (1, 1)
    assert sorted(done.failed) == [f"escalation {bad.pk}", f"reminder {bad.pk}"]
    due.refresh_from_db()
    bad.refresh_from_db()
    assert (due.reminded_at, due.escalated_at) == (moment, moment)
    assert (bad.reminded_at, bad.escalated_at) == (None, None)
    told = Message.objects.filter(event="reminder", channel=Channel.IN_APP)
    assert {one.application_id for one in told} == {due.application_id}
    beat = Heartbeat.objects.get(name="sweep")
    assert (beat.at, beat.items) == (moment, 2)
    assert beat.kinds == {"reminded": 1, "escalated": 1, "failed": 2}
    rows = Setback.objects.values_list("kind", "key", "attempts", "first_at", "next_try_at")
    assert sorted(rows) == [
        ("escalation", bad.pk, 1, moment, moment + timedelta(minutes=1)),
        ("reminder", bad.pk, 1, moment, moment + timedelta(minutes=1)),
    ]
    said = f"申请{bad.application.number}现在是“草稿”，却还有没有办结的期限，请核查。"
    assert set(Setback.objects.values_list("reason", flat=True)) == {said}


def test_250_poisoned_due_dates_in_front_starve_nobody_behind_them(world: World) -> None:
    case = stages.draft(world)
    _, moment = late(world)
    on = timezone.localdate(world.later(-30))
    # One open due date a case: so many drafts, written in one go, and all of them ordered first.
    cases = Application.objects.bulk_create(
        Application(
            number=f"示例毒-{number:04d}",
            programme=case.programme,
            village=case.village,
            household=case.household,
            payee=case.payee,
            quantity=case.quantity,
            claimed_quantity=case.quantity,
            amount=case.amount,
            claimed_amount=case.amount,
            applied_on=on,
            entered_by=world.clerk,
            entered_at=world.now,
        )
        for number in range(250)
    )
    Deadline.objects.bulk_create(over(one, day=world.later(-30)) for one in cases)
    done = sweeps.run(now=moment)
    assert (done.reminded, done.escalated, len(done.failed)) == (1, 1, 500)
    assert Setback.objects.count() == 500
    again = sweeps.run(now=moment)
    assert (again.items, again.failed) == (0, [])


def test_a_poisoned_sheet_and_a_poisoned_case_rest_and_the_others_go_on(world: World) -> None:
    _, bad = on_display(world)
    _, good = on_display(world)
    PostingEntry.objects.filter(posting=bad).update(amount=1)
    moment = stages.after(bad)
    assert sweeps.run(now=moment).closed == 1
    assert Posting.objects.get(pk=good.pk).state == PostingState.CLOSED
    row = Setback.objects.get()
    assert (row.kind, row.key) == (SetbackKind.CLOSING, bad.pk)
    assert row.reason == f"{bad.number}的名单与张贴时封存的名单不一致，期满不能办结，请立即核查。"


def test_each_failure_in_a_row_doubles_the_rest_up_to_six_hours(world: World) -> None:
    _, moment = late(world)
    poisoned(world, 1, day=world.later(-30))
    waits = []
    for attempt in range(1, 13):
        sweeps.run(now=moment)
        row = Setback.objects.get(kind=SetbackKind.REMINDER)
        assert (row.attempts, row.last_at) == (attempt, moment)
        waits.append(int((row.next_try_at - moment).total_seconds()) // 60)
        # A second early it is not tried: the sign of life alone is written.
        done = sweeps.run(now=row.next_try_at - timedelta(seconds=1))
        assert done.failed == []
        assert Setback.objects.get(kind=SetbackKind.REMINDER) == row
        moment = row.next_try_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]


def test_what_is_mended_is_done_at_its_next_try_and_forgotten(world: World) -> None:
    _, bad = on_display(world)
    entry = PostingEntry.objects.get(posting=bad)
    PostingEntry.objects.filter(pk=entry.pk).update(amount=1)
    moment = stages.after(bad)
    sweeps.run(now=moment)
    PostingEntry.objects.filter(pk=entry.pk).update(amount=entry.amount)
    assert sweeps.run(now=moment + timedelta(minutes=1)).closed == 1
    assert not Setback.objects.exists()


def test_what_was_settled_by_somebody_else_is_forgotten_when_its_time_comes(world: World) -> None:
    _, moment = late(world)
    (bad,) = poisoned(world, 1, day=world.later(-30))
    sweeps.run(now=moment)
    Deadline.objects.filter(pk=bad.pk).update(settled_at=moment)
    sweeps.run(now=moment + timedelta(seconds=30))
    assert Setback.objects.count() == 2
    sweeps.run(now=moment + timedelta(minutes=1))
    assert not Setback.objects.exists()


def test_a_clock_set_back_does_not_make_it_rest_for_days(world: World) -> None:
    _, bad = on_display(world)
    entry = PostingEntry.objects.get(posting=bad)
    PostingEntry.objects.filter(pk=entry.pk).update(amount=1)
    sweeps.run(now=stages.after(bad) + timedelta(days=10))
    PostingEntry.objects.filter(pk=entry.pk).update(amount=entry.amount)
    assert sweeps.run(now=stages.after(bad)).closed == 1


def test_again_now_brings_it_into_the_next_round_and_notes_who_asked(world: World) -> None:
    _, bad = on_display(world)
    entry = PostingEntry.objects.get(posting=bad)
    PostingEntry.objects.filter(pk=entry.pk).update(amount=1)
    moment = stages.after(bad)
    sweeps.run(now=moment)
    row = Setback.objects.get()
    asked = moment + timedelta(seconds=5)
    assert setbacks.again([row.pk, 999_999], by=world.administrator.pk, at=asked) == 1
    row.refresh_from_db()
    assert (row.next_try_at, row.asked_by) == (asked, world.administrator)
    assert len(sweeps.run(now=asked).failed) == 1
    row.refresh_from_db()
    assert (row.attempts, row.next_try_at) == (2, asked + timedelta(minutes=2))


def test_a_covered_case_that_cannot_leave_rests_as_well(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, moment = covered_again(world)
    good, _ = covered_again(world)
    whole = sweeps.releases.release

    def breaks(proceeding: object, key: int) -> object:
        if key == bad.pk:
            raise RuntimeError("no way out")
        return whole(proceeding, key)  # type: ignore[arg-type]

    monkeypatch.setattr(sweeps.releases, "release", breaks)
    done = sweeps.run(now=moment)
    assert (done.released, done.failed) == (1, [f"case {bad.pk}"])
    assert stages.again(good).state == State.DISTRICT_REVIEW
    assert stages.again(bad).state == State.TOWNSHIP_POSTING
    assert Setback.objects.get().reason == "RuntimeError: no way out"
    assert sweeps.run(now=moment).failed == []


def test_a_digest_that_cannot_be_written_stops_no_round(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(**_: object) -> None:
        raise RuntimeError("no digest")

    _, moment = late(world)
    with monkeypatch.context() as broken:
        broken.setattr(digests, "seal", breaks)
        done = sweeps.run(now=moment)
    assert (done.reminded, done.escalated, done.failed) == (1, 1, ["digest 0"])
    assert Heartbeat.objects.get(name="sweep").at == moment
    sweeps.run(now=moment + timedelta(minutes=1))
    assert digests.sealed(now=moment).exists()
    assert not Setback.objects.exists()


def test_only_the_first_line_of_an_error_is_kept() -> None:
    failure = ValueError("duplicate key\nDETAIL: Key (name)=(张三) already exists.")
    assert setbacks.worded(failure) == "ValueError: duplicate key"
    assert setbacks.worded(ValueError()) == "ValueError: "
    assert len(setbacks.worded(ValueError("x" * 999))) == 300


def test_health_shows_what_failed_three_times(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, bad = on_display(world)
    PostingEntry.objects.filter(posting=bad).update(amount=1)
    moment = stages.after(bad)
    for wait in (0, 1, 2):
        moment += timedelta(minutes=wait)
        assert health.stuck(health.Look(moment)).ok
        sweeps.run(now=moment)
    found = health.stuck(health.Look(moment))
    assert (found.name, found.ok) == ("stuck", False)
    assert found.sentence == "有1项到期事项反复没有办成，请在运行状况页面查看原因。"


def test_a_round_works_off_more_than_a_chunk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "CHUNK", 2)
    for _ in range(5):
        stages.submitted(world)
    hung = [on_display(world)[1] for _ in range(3)]
    moment = stages.after(hung[-1])
    done = sweeps.run(now=moment)
    # The three cases that go on have due dates of their own, not yet near.
    assert (done.closed, done.reminded, done.escalated, done.unfinished) == (3, 5, 5, False)


def test_a_round_stops_when_its_time_is_up_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "CHUNK", 2)
    for _ in range(5):
        stages.submitted(world)
    due = Deadline.objects.all()[0]
    moment = timezone.make_aware(datetime.combine(due.remind_on, time(9)))
    asked: list[bool] = []

    def once(seconds: float, renew: object) -> sweeps.GoOn:
        def go_on() -> bool:
            asked.append(True)
            return len(asked) <= 2

        return go_on

    with monkeypatch.context() as patched:
        patched.setattr(sweeps, "_until", once)
        done = sweeps.run(now=moment)
    assert (done.reminded, done.unfinished) == (4, True)
    assert Heartbeat.objects.get(name="sweep").unfinished
    assert not health.sweep(health.Look(moment)).sentence.endswith("处理4项。")
    done = sweeps.run(now=moment)
    assert (done.reminded, done.unfinished) == (1, False)


def test_a_round_renews_its_lease_and_stops_where_another_has_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "CHUNK", 1)
    for _ in range(3):
        stages.submitted(world)
    due = Deadline.objects.all()[0]
    moment = timezone.make_aware(datetime.combine(due.remind_on, time(9)))
    ticks = iter(range(0, 1000, 6))
    monkeypatch.setattr(sweeps.time, "monotonic", lambda: float(next(ticks)))
    answers = iter([True, False])
    renewed: list[bool] = []

    def renew() -> bool:
        renewed.append(next(answers))
        return renewed[-1]

    done = sweeps.run(now=moment, renew=renew)
    assert (renewed, done.reminded, done.unfinished) == ([True, False], 1, True)


def test_the_lag_is_the_lateness_of_the_oldest_thing_the_round_found(world: World) -> None:
    _, posting = on_display(world)
    sweeps.run(now=stages.after(posting) + timedelta(days=3, hours=2))
    assert Heartbeat.objects.get(name="sweep").lag_seconds == (3 * 24 + 2) * 3600
    sweeps.run(now=stages.after(posting) + timedelta(days=3, hours=2))
    assert Heartbeat.objects.get(name="sweep").lag_seconds == 0


def test_sheets_are_cut_into_chunks_by_the_rows_they_show(world: World) -> None:
    hung = []
    for number in (2, 3, 1, 4):
        cases = [stages.reach(world, State.VILLAGE_POSTING)[0] for _ in range(number)]
        sheet = stages.displayed(world, cases, kind=PostingKind.VILLAGE, now=world.now)
        hung.append(sheet.pk)
    assert sweeps.closings.within(hung, rows=5) == hung[:2]
    assert sweeps.closings.within(hung, rows=6) == hung[:3]
    assert sweeps.closings.within(hung, rows=1) == hung[:1]
    assert sweeps.closings.within(hung, rows=100) == hung


def test_a_chunk_of_one_row_is_reminded_of_once_whoever_asks_twice(world: World) -> None:
    due, moment = late(world)
    assert reminders.remind([due.pk], now=moment) == {due.pk}
    assert written.changed(lambda: reminders.remind([due.pk], now=moment)) == set()
