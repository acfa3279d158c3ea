"""Due dates: set on entering a step, counted in working days around a holiday, settled on leaving (期限)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from applications.models import Application
from applications.states import State
from notifications.models import Message, MessageState
from registry.models import User
from tests import stages
from tests.stages import day
from tests.world import World
from workflow import calendar, deadlines, intake, objections, postings, releases, reviews, sweeps
from workflow.models import Channel, Deadline, DeadlineKind, Holiday, HolidayNotice, Posting, PostingKind
from workflow.results import Ref
from workflow.reviews import FaultText

START = timezone.make_aware(datetime.combine(day("2021-04-28"), datetime.min.time())) + timedelta(hours=9)
"""Wednesday 28 April 2021: two working days, five days off, then three in a row up to a worked Saturday."""

FAULTS = [FaultText("缺少土地承包合同复印件")]


@pytest.fixture(autouse=True)
def labour_day(world: World) -> None:
    """1 to 5 May off; Sunday 25 April and Saturday 8 May worked to make up for it; 3 to 5 April off."""
    notice = HolidayNotice.objects.get(year=2021)
    off = ["2021-04-03", "2021-04-04", "2021-04-05", *(f"2021-05-0{n}" for n in range(1, 6))]
    worked = ["2021-04-25", "2021-05-08"]
    Holiday.objects.bulk_create(
        Holiday(notice=notice, date=day(text), is_workday=text in worked, name="示例节〔示例〕")
        for text in [*off, *worked]
    )


def ref(case: Application) -> list[Ref]:
    return [Ref.of(stages.again(case))]


def open_due(case: Application, **values: object) -> Deadline:
    """The one open due date of the case's own step, or of its objection where asked for."""
    given = values or {"objection__isnull": True}
    return Deadline.objects.get(application=case, settled_at__isnull=True, **given)


ENTERED: dict[State, tuple[DeadlineKind, int, str, str]] = {
    # state: (kind, working days, due, reminder), counted by hand:
    # 29 and 30 April are 1 and 2, 6 and 7 May 3 and 4, Saturday 8 May is worked and 5, Monday 10 May is 6.
    State.VILLAGE_REVIEW: (DeadlineKind.STEP, 5, "2021-05-08", "2021-05-06"),
    State.VILLAGE_POSTING: (DeadlineKind.WAITING, 3, "2021-05-06", "2021-04-29"),
    State.TOWNSHIP_REVIEW: (DeadlineKind.STEP, 5, "2021-05-08", "2021-05-06"),
    State.TOWNSHIP_POSTING: (DeadlineKind.WAITING, 3, "2021-05-06", "2021-04-29"),
    State.DISTRICT_REVIEW: (DeadlineKind.STEP, 5, "2021-05-08", "2021-05-06"),
    State.DISTRICT_POSTING: (DeadlineKind.WAITING, 3, "2021-05-06", "2021-04-29"),
}


def entered(world: World, state: State) -> Application:
    """A case that enters this state on 28 April at nine, however long it lay in the state before."""
    before = stages.ORDER[stages.ORDER.index(state) - 1]
    case, _ = stages.reach(world, before)
    if state in (State.TOWNSHIP_REVIEW, State.DISTRICT_REVIEW):
        # Ten days that end on the day before: the term counts from the end of the period.
        kind, put_up = PostingKind(before.removesuffix("_posting")), START - timedelta(days=11)
        posting = stages.displayed(world, [case], kind=kind, now=put_up)
        assert postings.close(posting.pk, now=START).done
    else:
        stages.forward(world, case, state, START)
    assert stages.again(case).state == state
    return case


@pytest.mark.parametrize("state", ENTERED)
def test_a_step_entered_before_a_holiday_is_due_on_the_day_counted_by_hand(
    world: World, state: State
) -> None:
    kind, days, due_on, remind_on = ENTERED[state]
    due = open_due(entered(world, state))
    assert (due.kind, due.days, due.starts_on, due.due_on, due.remind_on, due.provisional) == (
        kind,
        days,
        day("2021-04-28"),
        day(due_on),
        day(remind_on),
        False,
    )


def approved(world: World, *, closes: datetime) -> Application:
    """A case that the district approved on 28 April, and whose last posting closed on the moment given."""
    case, _ = stages.reach(world, State.DISTRICT_REVIEW)
    stages.passed(world, [case], by=world.approver, now=START)
    posting = stages.displayed(world, [case], kind=PostingKind.DISTRICT, now=START)
    assert postings.close(posting.pk, now=closes).done
    assert stages.again(case).state == State.ANNOUNCEMENT
    return case


def test_the_announcement_is_due_twenty_working_days_after_the_approval(world: World) -> None:
    case = approved(world, closes=START + timedelta(days=15))
    due = open_due(case)
    assert (due.kind, due.days, due.provisional) == (DeadlineKind.ANNOUNCEMENT, 20, False)
    # 29 and 30 April are 1 and 2, 6 and 7 May 3 and 4, 8 May (worked) 5, then three weeks of five.
    assert (due.starts_on, due.due_on, due.remind_on) == (
        day("2021-04-28"),
        day("2021-05-28"),
        day("2021-05-26"),
    )
    ledger = deadlines.explain(due, calendar.load()).ledger
    assert (ledger[-1].day, ledger[-1].number) == (day("2021-05-28"), 20)


def test_a_second_approval_starts_the_days_of_the_announcement_again(world: World) -> None:
    moment = START + timedelta(days=15)
    case = approved(world, closes=moment)
    stages.do(reviews.stop(ref(case), by=world.approver, now=moment, opinion="重审。"))
    stages.passed(world, [case], by=world.approver, now=moment)
    assert [one.done for one in releases.pass_covered([case.pk], now=moment + timedelta(days=1))] == [True]
    assert open_due(case).starts_on == moment.date()


def test_an_overdue_announcement_is_reminded_of_and_then_told_to_the_supervisor(world: World) -> None:
    case = approved(world, closes=START + timedelta(days=15))
    due = open_due(case)
    assert sweeps.remind(now=START + (due.remind_on - due.starts_on)) == 1
    assert sweeps.escalate(now=START + (due.due_on - due.starts_on)) == 0
    assert sweeps.escalate(now=START + (due.due_on - due.starts_on) + timedelta(days=1)) == 1
    told = Message.objects.filter(event__in=["reminder", "escalation"], application=case, channel="in_app")
    assert {(one.event, one.recipient, one.body) for one in told} == {
        ("reminder", who, f"申请（{case.number}）的公告期限是2021-05-28，请尽快办理。")
        for who in (world.approver, world.second_approver)
    } | {
        (
            "escalation",
            world.supervisor,
            f"申请（{case.number}）的公告已于2021-05-28到期仍未办理，请督促区级。",
        )
    }
    for sheet in Posting.objects.filter(entries__application=case):
        stages.photographed(sheet, now=START + timedelta(days=40))
    stages.announced(world, [case], now=START + timedelta(days=40))
    assert Deadline.objects.get(pk=due.pk).settled_at is not None


RETURNS = {
    State.VILLAGE_REVIEW: ("clerk", State.VILLAGE_CORRECTION),
    State.TOWNSHIP_REVIEW: ("reviewer", State.TOWNSHIP_CORRECTION),
    State.DISTRICT_REVIEW: ("approver", State.DISTRICT_CORRECTION),
}


@pytest.mark.parametrize("state", RETURNS)
def test_a_correction_counts_from_the_day_the_notice_was_delivered(world: World, state: State) -> None:
    name, target = RETURNS[state]
    officer: User = getattr(world, name)
    case, _ = stages.reach(world, state)
    eve = START - timedelta(days=1)
    stages.do(
        reviews.send_back(ref(case), by=officer, now=eve, faults=FAULTS, delivered_on=day("2021-04-28"))
    )
    due = open_due(case)
    assert stages.again(case).state == target
    assert (due.kind, due.starts_on, due.due_on, due.remind_on) == (
        DeadlineKind.CORRECTION,
        day("2021-04-28"),
        day("2021-05-08"),
        day("2021-05-06"),
    )
    assert due.set_at == eve


def test_without_a_day_of_delivery_a_correction_counts_from_today(world: World) -> None:
    case, _ = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=START - timedelta(days=1))
    due = open_due(case)
    # From Tuesday 27 April: 28, 29, 30 April, 6 and 7 May.
    assert (due.starts_on, due.due_on) == (day("2021-04-27"), day("2021-05-07"))


def test_leaving_a_step_settles_its_due_date_and_sets_the_next(world: World) -> None:
    case = entered(world, State.TOWNSHIP_REVIEW)
    first = open_due(case)
    later = START + timedelta(hours=3)
    stages.passed(world, [case], by=world.reviewer, now=later)
    first.refresh_from_db()
    assert first.settled_at == later
    assert open_due(case).kind == DeadlineKind.WAITING


ENDINGS: dict[str, Callable[[World, Application], object]] = {
    "withdrawn": lambda w, case: intake.withdraw(ref(case), by=w.clerk, now=START, opinion="不要了。"),
    "rejected": lambda w, case: reviews.reject(
        ref(case), by=w.reviewer, now=START, reason_code="facts", opinion="不符。"
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_case_that_has_ended_has_nothing_due(world: World, name: str) -> None:
    case = entered(world, State.TOWNSHIP_REVIEW)
    ENDINGS[name](world, case)
    assert not Deadline.objects.filter(application=case, settled_at__isnull=True).exists()


def test_hanging_on_the_board_nothing_is_due_and_after_taking_down_it_is_due_anew(world: World) -> None:
    case = entered(world, State.TOWNSHIP_POSTING)
    waiting = open_due(case)
    posting = stages.displayed(world, [case], kind=PostingKind.TOWNSHIP, now=START)
    assert not Deadline.objects.filter(application=case, settled_at__isnull=True).exists()
    down = START + timedelta(days=2)
    postings.take_down(posting, by=world.reviewer, now=down, reason="标题有误。")
    anew = open_due(case)
    assert anew.pk != waiting.pk
    # From Friday 30 April: 6, 7 and 8 May.
    assert (anew.kind, anew.starts_on, anew.due_on) == (
        DeadlineKind.WAITING,
        day("2021-04-30"),
        day("2021-05-08"),
    )


def lodged(world: World, *, received_at: datetime | None = None) -> tuple[Application, objections.Objection]:
    case, moment = stages.reach(world, State.VILLAGE_POSTING, now=START - timedelta(days=1))
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    entry = posting.entries.get()
    complaint = objections.Complaint(Channel.PHONE, "面积不足。", anonymous=True)
    made = objections.lodge(
        entry, complaint=complaint, now=START, by=world.clerk, received_at=received_at or START
    )
    return case, made


def test_an_objection_is_accepted_in_two_and_decided_in_ten_working_days(world: World) -> None:
    case, objection = lodged(world)
    due = open_due(case, objection=objection)
    assert (due.kind, due.starts_on, due.due_on, due.remind_on) == (
        DeadlineKind.ACCEPTANCE,
        day("2021-04-28"),
        day("2021-04-30"),
        day("2021-04-28"),
    )
    objections.accept(objection, by=world.clerk, now=START)
    due.refresh_from_db()
    assert due.settled_at == START
    decision = open_due(case, objection=objection)
    # 29 and 30 April, 6 to 8 May, 10 to 14 May.
    assert (decision.kind, decision.days, decision.due_on, decision.remind_on) == (
        DeadlineKind.OBJECTION,
        10,
        day("2021-05-14"),
        day("2021-05-12"),
    )
    objections.investigate(objection, by=world.clerk, now=START, investigators=["甲", "乙"])
    assert open_due(case, objection=objection).pk == decision.pk
    stages.decided(objection, "not_upheld", by=world.clerk, now=START)
    assert not Deadline.objects.filter(objection=objection, settled_at__isnull=True).exists()


def test_acceptance_counts_from_the_day_the_objection_came_in_not_from_its_writing_down(world: World) -> None:
    case, objection = lodged(world, received_at=START - timedelta(hours=20))
    # It came in on Tuesday 27 April: 28 and 29 April.
    assert open_due(case, objection=objection).due_on == day("2021-04-29")


def test_every_due_date_explains_itself_day_by_day(world: World) -> None:
    for state in ENTERED:
        entered(world, state)
    lodged(world)
    known = calendar.load()
    dues = list(Deadline.objects.all())
    assert len(dues) > 20
    for due in dues:
        period = deadlines.explain(due, known)
        assert (period.start, period.last_day) == (due.starts_on, due.due_on)
        assert [line.number for line in period.ledger if line.number] == list(range(1, due.days + 1))
        assert len(period.ledger) == (due.due_on - due.starts_on).days + 1
    review = next(due for due in dues if due.starts_on == day("2021-04-28") and due.days == 5)
    assert [(line.day.day, line.number, line.why) for line in deadlines.explain(review, known).ledger] == [
        (28, None, "首日不计"),
        (29, 1, "工作日"),
        (30, 2, "工作日"),
        *((n, None, "示例节〔示例〕") for n in range(1, 6)),
        (6, 3, "工作日"),
        (7, 4, "工作日"),
        (8, 5, "调休上班"),
    ]


def test_a_due_date_in_a_year_without_a_notice_is_provisional(world: World) -> None:
    HolidayNotice.objects.filter(year=2022).delete()
    late = START + timedelta(days=247)
    case, _ = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=late)
    due = open_due(case)
    assert (timezone.localdate(late), due.due_on, due.provisional) == (
        date(2021, 12, 31),
        date(2022, 1, 7),
        True,
    )


def test_the_reminder_goes_out_two_working_days_before_and_is_withdrawn_when_the_matter_is_settled(
    world: World,
) -> None:
    case = entered(world, State.TOWNSHIP_REVIEW)
    eve = START + timedelta(days=7)
    assert sweeps.remind(now=eve) == 0
    on_the_day = START + timedelta(days=8)
    assert timezone.localdate(on_the_day) == open_due(case).remind_on
    assert sweeps.remind(now=on_the_day) == 1
    reminders = Message.objects.filter(event="reminder", application=case)
    assert set(reminders.values_list("recipient__name", "state")) == {
        ("李审核", MessageState.PENDING),
        ("李复核", MessageState.PENDING),
    }
    stages.passed(world, [case], by=world.reviewer, now=on_the_day)
    assert set(reminders.values_list("state", flat=True)) == {MessageState.WITHDRAWN}


def test_what_is_overdue_is_told_once_to_the_level_above(world: World) -> None:
    case = entered(world, State.TOWNSHIP_REVIEW)
    on_time, late = START + timedelta(days=10), START + timedelta(days=11)
    assert timezone.localdate(on_time) == open_due(case).due_on
    assert sweeps.escalate(now=on_time) == 0
    assert (sweeps.escalate(now=late), sweeps.escalate(now=late)) == (1, 0)
    told = Message.objects.filter(event="escalation", application=case)
    assert set(told.values_list("recipient__name", flat=True)) == {"张审定", "张复审"}
