"""When a due date rests (暂停): while the case is being corrected, and while an objection forbids every forward step."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from applications.models import Application
from applications.states import State
from notifications.models import Channel, Message
from tests import stages
from tests.workflow.views.pages import as_, clock_at
from tests.world import World
from workflow import calendar, deadlines, intake, reviews, sweeps, worklists
from workflow.calendar import Calendar, Rest
from workflow.models import Deadline, DeadlineKind, Objection, Posting, PostingKind
from workflow.results import Ref


def at(day: str) -> datetime:
    return timezone.make_aware(datetime.combine(date.fromisoformat(day), time(9)))


def before_the_township(world: World) -> tuple[Application, Posting]:
    """A case that came before the township on Friday 12 March: five working days, to Friday 19 March."""
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    assert timezone.localdate(moment) == date(2021, 3, 12)
    due = open_due(case)
    assert (due.due_on, due.remind_on) == (date(2021, 3, 19), date(2021, 3, 17))
    return case, Posting.objects.get(kind=PostingKind.VILLAGE, entries__application=case)


def open_due(case: Application) -> Deadline:
    return Deadline.objects.get(application=case, objection__isnull=True, settled_at__isnull=True)


def ledger(due: Deadline, *, today: date | None = None) -> list[tuple[int, int | None, str]]:
    """The lines that are no week-end, by day of the month."""
    lines = deadlines.explain(due, calendar.load(), today=today).ledger
    return [(line.day.day, line.number, line.why) for line in lines if line.why not in ("周六", "周日")]


OBJECTED = "暂停：有未办结的异议，不能进入下一步"
CORRECTED = "暂停：退回补正"


def corrected(world: World, case: Application, *, sent_back: str, back: str) -> Deadline:
    stages.returned(world, case, by=world.reviewer, now=at(sent_back))
    assert open_due(case).kind == DeadlineKind.CORRECTION
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=at(back)))
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
    return open_due(case)


def test_a_review_goes_on_after_a_correction_with_the_days_that_were_left(world: World) -> None:
    case, _ = before_the_township(world)
    due = corrected(world, case, sent_back="2021-03-16", back="2021-03-18")
    assert (due.starts_on, due.days, due.due_on, due.remind_on) == (
        date(2021, 3, 12),
        5,
        date(2021, 3, 24),
        date(2021, 3, 22),
    )
    assert ledger(due) == [
        (12, None, "首日不计"),
        (15, 1, "工作日"),
        (16, None, CORRECTED),
        (17, None, CORRECTED),
        (18, None, CORRECTED),
        (19, 2, "工作日"),
        (22, 3, "工作日"),
        (23, 4, "工作日"),
        (24, 5, "工作日"),
    ]


def test_two_corrections_rest_twice(world: World) -> None:
    case, _ = before_the_township(world)
    corrected(world, case, sent_back="2021-03-16", back="2021-03-18")
    due = corrected(world, case, sent_back="2021-03-22", back="2021-03-23")
    assert len(due.rests) == 2
    assert due.due_on == date(2021, 3, 26)
    assert [number for _, number, _ in ledger(due) if number] == [1, 2, 3, 4, 5]


def test_a_review_that_was_overdue_has_one_day_left_after_a_correction(world: World) -> None:
    case, _ = before_the_township(world)
    due = corrected(world, case, sent_back="2021-03-22", back="2021-03-24")
    assert due.due_on == date(2021, 3, 25)
    assert ledger(due)[5:] == [
        (19, 5, "工作日"),
        (20, None, "期限已满"),
        (21, None, "期限已满"),
        (22, None, CORRECTED),
        (23, None, CORRECTED),
        (24, None, CORRECTED),
        (25, None, "暂停结束后至少留1个工作日（工作日）"),
    ]


def test_a_case_that_starts_again_at_the_village_has_a_term_of_its_own(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    stages.do(
        reviews.correct([Ref.of(stages.again(case))], by=world.clerk, now=at("2021-03-03"), opinion="有误。")
    )
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=at("2021-03-05")))
    due = open_due(case)
    assert (due.kind, due.starts_on, due.rests, due.due_on) == (
        DeadlineKind.STEP,
        date(2021, 3, 5),
        [],
        date(2021, 3, 12),
    )


def objected(world: World, case: Application, posting: Posting, day: str) -> Objection:
    return stages.lodged(world, case, posting, now=at(day))


def test_while_an_objection_is_open_nobody_is_reminded_of_what_may_not_be_done(world: World) -> None:
    case, posting = before_the_township(world)
    objection = objected(world, case, posting, "2021-03-16")
    due = open_due(case)
    assert due.paused_on == date(2021, 3, 16)
    for day in ("2021-03-17", "2021-03-20", "2021-03-31"):
        assert sweeps.run(now=at(day)).failed == []
    due.refresh_from_db()
    assert (due.reminded_at, due.escalated_at) == (None, None)
    # The objection has due dates of its own, and those are told.
    told = Message.objects.filter(event__in=["reminder", "escalation"], channel=Channel.IN_APP)
    assert {one.fact for one in told} == {f"deadline:{Deadline.objects.get(objection=objection).pk}"}
    assert Application.objects.filter(worklists.is_over(date(2021, 3, 31))).count() == 0
    with clock_at(at("2021-03-24")):
        page = as_(world.reviewer).get(case.get_absolute_url()).content.decode()
        assert f"<strong>{OBJECTED}。</strong>" in page
        # Four of the five working days are left: 25, 26, 29, 30 March.
        explained = as_(world.reviewer).get(f"{case.get_absolute_url()}?due=explain").content.decode()
        assert "如果今天恢复，到2021-03-30" in explained
        late = as_(world.reviewer).get("/overdue/").context["page_obj"].object_list
    assert due.pk not in [row.pk for row in late]


def test_when_the_objection_is_settled_the_term_goes_on_and_is_reminded_of(world: World) -> None:
    case, posting = before_the_township(world)
    objection = objected(world, case, posting, "2021-03-16")
    stages.decided(objection, "not_upheld", by=world.clerk, now=at("2021-03-25"))
    due = open_due(case)
    assert (due.paused_on, due.due_on, due.remind_on) == (None, date(2021, 3, 31), date(2021, 3, 29))
    assert ledger(due)[1:3] == [(15, 1, "工作日"), (16, None, OBJECTED)]
    assert ledger(due)[-4:] == [(26, 2, "工作日"), (29, 3, "工作日"), (30, 4, "工作日"), (31, 5, "工作日")]
    assert sweeps.remind(now=at("2021-03-28")) == 0
    assert sweeps.remind(now=at("2021-03-29")) == 1
    assert sweeps.escalate(now=at("2021-03-31")) == 0
    assert sweeps.escalate(now=at("2021-04-01")) == 1


def test_two_objections_rest_until_the_last_is_settled(world: World) -> None:
    case, posting = before_the_township(world)
    first, second = (objected(world, case, posting, day) for day in ("2021-03-16", "2021-03-17"))
    stages.decided(first, "not_upheld", by=world.clerk, now=at("2021-03-18"))
    assert open_due(case).paused_on == date(2021, 3, 16)
    stages.decided(second, "not_upheld", by=world.clerk, now=at("2021-03-22"))
    due = open_due(case)
    assert (due.paused_on, due.due_on) == (None, date(2021, 3, 26))


def test_a_reminder_that_was_early_comes_again_after_a_rest(world: World) -> None:
    case, posting = before_the_township(world)
    assert sweeps.remind(now=at("2021-03-17")) == 1
    objection = objected(world, case, posting, "2021-03-18")
    reminded = Message.objects.filter(event="reminder", application=case, channel=Channel.IN_APP)
    assert set(reminded.values_list("state", flat=True)) == {"withdrawn"}
    stages.decided(objection, "not_upheld", by=world.clerk, now=at("2021-03-25"))
    due = open_due(case)
    # 15 to 17 March are used, 26 and 29 March are left.
    assert (due.due_on, due.remind_on, due.reminded_at) == (
        date(2021, 3, 29),
        date(2021, 3, 25),
        at("2021-03-17"),
    )
    late = objected(world, case, posting, "2021-03-26")
    stages.decided(late, "not_upheld", by=world.clerk, now=at("2021-04-01"))
    due = open_due(case)
    assert (due.due_on, due.remind_on) == (date(2021, 4, 5), date(2021, 4, 1))


def test_a_case_sent_back_while_it_is_objected_to_comes_back_resting(world: World) -> None:
    case, posting = before_the_township(world)
    objection = objected(world, case, posting, "2021-03-16")
    due = corrected(world, case, sent_back="2021-03-17", back="2021-03-18")
    assert due.paused_on == date(2021, 3, 18)
    assert [rest[:2] for rest in due.rests] == [["2021-03-16", "2021-03-18"]]
    stages.decided(objection, "not_upheld", by=world.clerk, now=at("2021-03-19"))
    due = open_due(case)
    # 15 March is used: 22, 23, 24, 25 March.
    assert (due.paused_on, due.due_on) == (None, date(2021, 3, 25))


def test_a_sheet_to_be_put_up_and_a_correction_do_not_rest(world: World) -> None:
    case, posting = before_the_township(world)
    stages.returned(world, case, by=world.reviewer, now=at("2021-03-15"))
    objected(world, case, posting, "2021-03-16")
    due = open_due(case)
    assert (due.kind, due.paused_on) == (DeadlineKind.CORRECTION, None)


DAYS = st.integers(0, 60).map(lambda number: date(2021, 3, 1) + timedelta(days=number))
RESTS = st.lists(
    st.tuples(DAYS, st.integers(0, 12)).map(
        lambda pair: Rest(pair[0], pair[0] + timedelta(days=pair[1]), "退回补正")
    ),
    max_size=4,
)
OFF = st.frozensets(DAYS, max_size=8)


# The machine that draws may be slow; what is drawn is small.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(DAYS, st.integers(1, 20), RESTS, OFF)
def test_a_term_with_rests_counts_each_working_day_outside_them_and_no_other(
    start: date, days: int, rests: list[Rest], off: frozenset[date]
) -> None:
    known = Calendar({day: calendar.Day(False, "示例节") for day in off}, frozenset({2021}))
    rests = [rest for rest in rests if rest.first >= start]
    period = known.working_term(start, days, rests)
    lines = period.ledger
    assert [line.day for line in lines] == [start + timedelta(days=n) for n in range(len(lines))]
    assert (period.start, period.last_day) == (lines[0].day, lines[-1].day)
    assert [line.number for line in lines if line.number] == list(range(1, days + 1))
    for line in lines:
        resting = any(rest.holds(line.day) for rest in rests)
        assert line.why.startswith("暂停：") is resting
        assert line.number is None or (known.is_working(line.day) and not resting and line.day > start)
    # The last day is one on which somebody works, after every rest; without rests the term is the plain one.
    assert known.is_working(period.last_day)
    assert all(period.last_day > rest.last for rest in rests)
    plain = known.working_term(start, days)
    assert period.last_day >= plain.last_day
    if not rests:
        assert period == plain
    # Replayed: the rests kept as rows give the same end and the same lines.
    kept = [[f"{rest.first}", f"{rest.last}", rest.why] for rest in rests]
    due = Deadline(starts_on=start, days=days, due_on=period.last_day, rests=kept)
    assert deadlines.explain(due, known) == period
