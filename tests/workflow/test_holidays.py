"""Entering a year's holiday notice: what moves, what is only shown, what never moves, and who is told (节假日通知)."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from applications import history
from applications.models import Application, HistoryEntry, PostingPlan
from applications.states import State
from applications.terms import DayUnit
from notifications.models import Channel, Message, MessageState
from tests import stages
from tests.workflow import written
from tests.workflow.refusing import refused
from tests.world import World
from workflow import calendar, consistency, deadlines, holidays, intake, postings, sheets, sweeps
from workflow.holidays import Stretch, YearNotice
from workflow.management.commands.load_holidays import package_days
from workflow.models import (
    DateMove,
    Deadline,
    Holiday,
    HolidayNotice,
    Posting,
    PostingEntry,
    PostingKind,
)
from workflow.results import Ref

VILLAGE = PostingKind.VILLAGE


def at(day: str, hour: int = 9) -> datetime:
    return timezone.make_aware(datetime.combine(date.fromisoformat(day), time(hour)))


def off(first: str, last: str, name: str) -> Stretch:
    return Stretch(date.fromisoformat(first), date.fromisoformat(last), False, name)


def work(day: str, name: str) -> Stretch:
    return Stretch(date.fromisoformat(day), date.fromisoformat(day), True, name)


NATIONAL_2021 = YearNotice(
    2021,
    "示例通知〔示例〕",
    (
        off("2021-10-01", "2021-10-07", "国庆节"),
        work("2021-09-26", "国庆节调休"),
        work("2021-10-09", "国庆节调休"),
    ),
)
SPRING_2022 = YearNotice(
    2022,
    "示例通知2022〔示例〕",
    (
        off("2022-01-31", "2022-02-06", "春节"),
        work("2022-01-29", "春节调休"),
        work("2022-01-30", "春节调休"),
    ),
)


@pytest.fixture(autouse=True)
def open_beyond_the_year(world: World) -> None:
    """Applications are still taken in when the spring festival comes."""
    world.grain.closes_on = date(2022, 12, 31)
    world.grain.save()


def enter(world: World, notice: YearNotice, now: datetime, **values: Any) -> int:
    """Preview and confirm; returns how many ends moved."""
    seen = holidays.fingerprint(notice, holidays.foresee(notice, now=now))
    (result,) = holidays.enter(notice, by=world.administrator, now=now, seen=seen, **values)
    assert result.done
    return int(result.data["moved"])


def unnoticed(year: int) -> None:
    HolidayNotice.objects.filter(year=year).delete()


def working_days(world: World, days: int) -> None:
    PostingPlan.objects.filter(programme=world.grain).update(days=days, unit=DayUnit.WORKING)


def hung(world: World, now: datetime) -> tuple[Application, Posting]:
    case, moment = stages.reach(world, State.VILLAGE_POSTING, now=now)
    return case, stages.displayed(world, [case], kind=VILLAGE, now=moment)


def fresh(posting: Posting) -> Posting:
    return Posting.objects.get(pk=posting.pk)


def test_a_working_day_posting_across_the_national_day_moves_with_its_make_up_days(world: World) -> None:
    unnoticed(2021)
    working_days(world, 7)
    case, posting = hung(world, at("2021-09-24"))
    # By weekends only: 27, 28, 29, 30 September, 1, 4, 5 October.
    assert (posting.closes_on, posting.provisional) == (date(2021, 10, 5), True)
    before = posting.digest
    (shift,) = [one for one in holidays.foresee(NATIONAL_2021, now=at("2021-09-25")).shifts if one.posting]
    # 26 (made up), 27 to 30 September, 8 October, 9 (made up).
    assert (shift.before, shift.after, shift.earlier) == (date(2021, 10, 5), date(2021, 10, 9), False)
    enter(world, NATIONAL_2021, at("2021-09-25"))
    kept = fresh(posting)
    assert (kept.closes_on, kept.provisional) == (date(2021, 10, 9), False)
    assert kept.ledger[-1] == ["2021-10-09", 7, "调休上班"]
    assert ["2021-10-01", None, "国庆节"] in kept.ledger
    sheets.verify(kept, kept.entries.all())
    move = DateMove.objects.get(posting=posting)
    assert (move.moved_from, move.moved_to, move.digest, move.moved_by) == (
        date(2021, 10, 5),
        date(2021, 10, 9),
        before,
        world.administrator,
    )
    line = HistoryEntry.objects.get(application=case, act="dates_moved")
    assert line.text == f"公示{posting}由2021-10-05顺延到2021-10-09（示例通知〔示例〕）。"
    assert history.faults(stages.again(case)) == []
    told = Message.objects.filter(event="posting_moved", channel=Channel.IN_APP)
    assert set(told.values_list("recipient__name", flat=True)) == {"王村一", "赵村员"}
    assert "由2021-10-05顺延到2021-10-09" in told[0].body
    assert sweeps.run(now=at("2021-10-09", 23)).closed == 0
    assert sweeps.run(now=at("2021-10-10", 0)).closed == 1
    assert list(consistency.faults()) == []


def test_a_calendar_day_posting_that_ends_in_the_holiday_rolls_past_it(world: World) -> None:
    unnoticed(2021)
    _, posting = hung(world, at("2021-09-21"))
    assert posting.closes_on == date(2021, 10, 1)
    enter(world, NATIONAL_2021, at("2021-09-25"))
    assert fresh(posting).closes_on == date(2021, 10, 8)
    assert fresh(posting).ledger[-1] == ["2021-10-08", None, "顺延（工作日）"]


def test_a_due_date_across_the_spring_festival_moves_and_the_provisional_year_becomes_noticed(
    world: World,
) -> None:
    unnoticed(2022)
    case = stages.submitted(world, now=at("2021-12-29"))
    later = stages.submitted(world, now=at("2022-01-26"))
    quiet, moved = (Deadline.objects.get(application=one, settled_at=None) for one in (case, later))
    assert (moved.due_on, moved.provisional, quiet.due_on, quiet.provisional) == (
        date(2022, 2, 2),
        True,
        date(2022, 1, 5),
        True,
    )
    assert enter(world, SPRING_2022, at("2022-01-05")) == 1
    moved.refresh_from_db()
    quiet.refresh_from_db()
    # 27, 28 January, 29 and 30 made up, 7 February.
    assert (moved.due_on, moved.remind_on, moved.provisional) == (date(2022, 2, 7), date(2022, 1, 29), False)
    assert (quiet.due_on, quiet.provisional) == (date(2022, 1, 5), False)
    assert not HistoryEntry.objects.filter(application=case, act="dates_moved").exists()
    assert deadlines.explain(moved, calendar.load()).last_day == moved.due_on
    notice = HolidayNotice.objects.get(year=2022)
    assert (notice.citation, notice.entered_by, notice.holidays.count()) == (
        "示例通知2022〔示例〕",
        world.administrator,
        9,
    )
    told = Message.objects.filter(event="due_dates_moved")
    assert set(told.values_list("recipient__name", flat=True)) == {"王村一", "赵村员"}
    assert f"申请{later.number}的办理期限2022-02-02→2022-02-07" in told[0].body


def test_without_a_confirmed_preview_nothing_moves(world: World) -> None:
    unnoticed(2021)
    hung(world, at("2021-09-21"))
    now = at("2021-09-25")
    seen = holidays.fingerprint(NATIONAL_2021, holidays.foresee(NATIONAL_2021, now=now))
    assert written.changed(lambda: holidays.foresee(NATIONAL_2021, now=now)) == set()
    refused(
        lambda: holidays.enter(NATIONAL_2021, by=world.administrator, now=now, seen=""), "请重新核对后再确认"
    )
    hung(world, at("2021-09-21"))
    refused(
        lambda: holidays.enter(NATIONAL_2021, by=world.administrator, now=now, seen=seen),
        "要调整的日期有变化",
    )


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver", "supervisor"])
def test_only_an_administrator_enters_a_notice(world: World, who: str) -> None:
    unnoticed(2021)
    hung(world, at("2021-09-21"))
    now = at("2021-09-25")
    seen = holidays.fingerprint(NATIONAL_2021, holidays.foresee(NATIONAL_2021, now=now))
    refused(
        lambda: holidays.enter(NATIONAL_2021, by=getattr(world, who), now=now, seen=seen),
        "节假日通知由区县以上的系统管理员录入",
    )


def test_a_second_click_answers_with_the_first_result_and_moves_nothing_again(world: World) -> None:
    unnoticed(2021)
    hung(world, at("2021-09-21"))
    now, key = at("2021-09-25"), stages.key()
    seen = holidays.fingerprint(NATIONAL_2021, holidays.foresee(NATIONAL_2021, now=now))

    def click() -> Any:
        return holidays.enter(NATIONAL_2021, by=world.administrator, now=now, seen=seen, key=key)

    first = click()
    assert written.changed(click) == set()
    assert click() == first
    assert DateMove.objects.count() == 1


def test_a_closed_sheet_and_one_whose_last_day_has_ended_never_move(world: World) -> None:
    unnoticed(2021)
    _, closed = hung(world, at("2021-09-21"))
    _, ended = hung(world, at("2021-09-21"))
    postings.close(closed.pk, now=stages.after(closed))
    before = list(Posting.objects.order_by("pk").values())
    enter(world, NATIONAL_2021, stages.after(closed))
    assert not DateMove.objects.filter(posting__isnull=False).exists()
    assert list(Posting.objects.order_by("pk").values()) == before
    assert sweeps.run(now=stages.after(ended)).closed == 1


def test_a_settled_due_date_does_not_move(world: World) -> None:
    unnoticed(2022)
    case = stages.submitted(world, now=at("2022-01-26"))
    stages.passed(world, [case], by=world.clerk, now=at("2022-01-26"))
    settled = Deadline.objects.filter(settled_at__isnull=False).values().first()
    enter(world, SPRING_2022, at("2022-01-27"))
    assert Deadline.objects.filter(settled_at__isnull=False).values().first() == settled


def test_an_end_that_would_come_earlier_stays_as_announced_unless_the_administrator_says_so(
    world: World,
) -> None:
    working_days(world, 5)
    # Noticed without any day: the make-up Sunday of a corrected notice shortens the period.
    _, posting = hung(world, at("2021-09-23"))
    case = stages.submitted(world, now=at("2021-09-23"))
    due = Deadline.objects.get(application=case, settled_at=None)
    assert posting.closes_on == due.due_on == date(2021, 9, 30)
    now = at("2021-09-24")
    assert [one.after for one in holidays.foresee(NATIONAL_2021, now=now).earlier] == [date(2021, 9, 29)] * 2
    assert enter(world, NATIONAL_2021, now) == 0
    due.refresh_from_db()
    assert fresh(posting).closes_on == due.due_on == date(2021, 9, 30)
    assert fresh(posting).ledger[-2:] == [
        ["2021-09-29", 5, "工作日"],
        ["2021-09-30", None, "已公布至09月30日，不提前（工作日）"],
    ]
    assert deadlines.explain(due, calendar.load()).last_day == due.due_on
    assert not HistoryEntry.objects.filter(act="dates_moved").exists()
    assert enter(world, NATIONAL_2021, now, shorten=True) == 2
    due.refresh_from_db()
    assert fresh(posting).closes_on == due.due_on == date(2021, 9, 29)
    texts = HistoryEntry.objects.filter(act="dates_moved").values_list("text", flat=True)
    assert ["提前到2021-09-29" in text for text in texts] == [True, True]
    assert "提前到2021-09-29" in Message.objects.filter(event="posting_moved")[0].body


def test_a_shortened_sheet_is_not_found_closed_yesterday(world: World) -> None:
    working_days(world, 5)
    _, posting = hung(world, at("2021-09-23"))
    enter(world, NATIONAL_2021, at("2021-09-30"), shorten=True)
    assert fresh(posting).closes_on == date(2021, 9, 30)


def test_a_sheet_changed_in_the_database_is_shown_and_not_sealed_anew(world: World) -> None:
    unnoticed(2021)
    _, bad = hung(world, at("2021-09-21"))
    PostingEntry.objects.filter(posting=bad).update(amount=1)
    found = holidays.foresee(NATIONAL_2021, now=at("2021-09-25"))
    assert (found.tampered, [one for one in found.shifts if one.posting]) == ((bad,), [])
    enter(world, NATIONAL_2021, at("2021-09-25"))
    assert (fresh(bad).digest, fresh(bad).closes_on) == (bad.digest, bad.closes_on)


def test_an_entry_taken_out_and_an_open_objection_are_left_as_they_are(world: World) -> None:
    unnoticed(2021)
    cases = [stages.reach(world, State.VILLAGE_POSTING, now=at("2021-09-21"))[0] for _ in range(3)]
    posting = stages.displayed(world, cases, kind=VILLAGE, now=at("2021-09-21"))
    stages.do(
        intake.withdraw(
            [Ref.of(stages.again(cases[0]))], by=world.clerk, now=at("2021-09-22"), opinion="不要了。"
        )
    )
    stages.lodged(world, cases[1], posting, now=at("2021-09-24"))
    enter(world, NATIONAL_2021, at("2021-09-25"))
    lines = HistoryEntry.objects.filter(act="dates_moved").values_list("application_id", flat=True)
    assert sorted(lines) == sorted(case.pk for case in cases[1:])
    result = postings.close(posting.pk, now=stages.after(fresh(posting)))
    assert result.data == {"passed": 1, "held": 1}


def test_a_reminder_that_the_new_date_makes_too_early_is_taken_back_and_comes_again(world: World) -> None:
    unnoticed(2022)
    case = stages.submitted(world, now=at("2022-01-26"))
    due = Deadline.objects.get(application=case, settled_at=None)
    notice = YearNotice(2022, "示例〔示例〕", (off("2022-01-31", "2022-02-11", "春节"),))
    assert sweeps.remind(now=at(f"{due.remind_on}")) == 1
    enter(world, notice, at(f"{due.remind_on}", 15))
    due.refresh_from_db()
    assert due.reminded_at is None
    sent = Message.objects.filter(event="reminder", channel=Channel.IN_APP, recipient=world.clerk)
    assert [one.state for one in sent] == [MessageState.WITHDRAWN]
    assert sweeps.remind(now=at(f"{due.remind_on}")) == 1
    assert sorted(one.state for one in sent.all()) == [MessageState.PENDING, MessageState.WITHDRAWN]


def test_a_notice_entered_again_replaces_its_days(world: World) -> None:
    enter(world, NATIONAL_2021, at("2021-09-01"))
    shorter = YearNotice(2021, "更正的通知〔示例〕", (off("2021-10-01", "2021-10-03", "国庆节"),))
    enter(world, shorter, at("2021-09-02"))
    assert HolidayNotice.objects.filter(year=2021).count() == 1
    assert list(Holiday.objects.values_list("date", flat=True)) == [date(2021, 10, n) for n in (1, 2, 3)]


BAD: dict[str, tuple[tuple[Stretch, ...], str]] = {
    "no day off": ((work("2021-09-26", "国庆节调休"),), "至少填写一段放假"),
    "backwards": ((off("2021-10-07", "2021-10-01", "国庆节"),), "第1行：截止日期早于开始日期"),
    "too long": ((off("2021-10-01", "2021-11-01", "国庆节"),), "连续32天"),
    "another year": ((off("2022-10-01", "2022-10-02", "国庆节"),), "第1行：2022-10-01不在2021年"),
    "twice": (
        (off("2021-10-01", "2021-10-03", "国庆节"), off("2021-10-03", "2021-10-04", "国庆节")),
        "第2行：2021-10-03在前面的行里已经填写",
    ),
    "a weekday made up": (
        (off("2021-10-01", "2021-10-03", "国庆节"), work("2021-09-27", "调休")),
        "第2行：2021-09-27不是周末",
    ),
    "no name": ((off("2021-10-01", "2021-10-03", " "),), "第1行：请填写名称"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_notice_that_cannot_be_right_names_its_line(world: World, what: str) -> None:
    stretches, words = BAD[what]
    notice = YearNotice(2021, "示例〔示例〕", stretches)
    refused(lambda: holidays.foresee(notice, now=world.now), words)
    refused(lambda: holidays.enter(notice, by=world.administrator, now=world.now, seen=""), words)


def test_a_day_of_december_belongs_to_one_notice_only(world: World) -> None:
    eve = YearNotice(2022, "示例〔示例〕", (off("2021-12-31", "2022-01-02", "元旦"),))
    enter(world, eve, world.now)
    assert Holiday.objects.get(date="2021-12-31").notice.year == 2022
    twice = YearNotice(2021, "示例〔示例〕", (off("2021-12-31", "2021-12-31", "元旦"),))
    refused(lambda: holidays.foresee(twice, now=world.now), "已写在另一年的节假日通知里")


def test_the_years_that_the_package_knows_can_be_entered_by_hand_day_for_day(world: World) -> None:
    days = package_days(2021)
    stretches = tuple(Stretch(day, day, named.is_workday, named.name) for day, named in days.items())
    enter(world, YearNotice(2021, "示例〔示例〕", stretches), world.now)
    rows = Holiday.objects.values_list("date", "is_workday", "name")
    assert {day: (is_workday, name) for day, is_workday, name in rows} == {
        day: (named.is_workday, named.name) for day, named in days.items()
    }


def test_the_number_of_statements_does_not_grow_with_the_due_dates(world: World) -> None:
    unnoticed(2022)
    costs = []
    for number in (2, 6):
        now = at("2022-01-26")
        cases = [stages.submitted(world, now=now) for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            assert enter(world, SPRING_2022, now + timedelta(hours=1)) == number
        costs.append(len(captured))
        assert DateMove.objects.filter(deadline__application__in=cases).count() == number
        DateMove.objects.all().delete()
        Holiday.objects.all().delete()
        unnoticed(2022)
        Deadline.objects.update(settled_at=now)
    assert costs[0] == costs[1]
