"""The synthetic year through every verb: after it the published paragraph stands, and every case can be accounted for."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models
from django.test import TestCase
from django.utils import timezone

from applications.models import (
    Application,
    Attachment,
    BenefitRecord,
    HistoryEntry,
    PostingPlan,
    VerificationVisit,
)
from applications.states import Level, State
from registry import clock
from registry.models import Household, Member, Region, RegionLevel
from registry.models import User as Person
from tests import scan
from tests.world import build as build_world
from workflow import calendar, standings, summaries, sweeps
from workflow.management.commands import replay_amounts
from workflow.models import (
    Act,
    Deadline,
    Decision,
    DisplayPhoto,
    EntryOutcome,
    Objection,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
    Receipt,
)
from workflow.township import layout, rows, year
from workflow.township.casebook import ENDS, Casebook, moment
from workflow.township.courses import CUT, Course
from workflow.township.places import TOWNSHIP

YEAR = 2021
# Rows of the machinery, which live today and not in the year that is told.
TODAY = {"HolidayNotice.entered_at", "Lease.until", "User.last_login"}


def township() -> Region:
    return Region.objects.get(code=TOWNSHIP)


@pytest.mark.any_database
class AfterTheYear(TestCase):
    """One full replay, looked at from all sides. A year of every course is told on either database, below."""

    book: Casebook
    said: str

    @classmethod
    def setUpTestData(cls) -> None:
        out = StringIO()
        call_command("replay_year", YEAR, stdout=out, stderr=StringIO())
        cls.said = out.getvalue()

    def setUp(self) -> None:
        self.book = casebook()

    def announced(self) -> list[Application]:
        return list(Application.objects.filter(state=State.ANNOUNCED).order_by("pk"))

    def test_the_summary_is_the_published_paragraph_character_for_character(self) -> None:
        published = (rows.folder(YEAR) / "paragraph.txt").read_text(encoding="utf-8").rstrip("\n")
        assert summaries.paragraph(township(), year=YEAR, as_of=year.LAST_DAY) == published
        assert published in self.said
        assert "307户741人,边缘户21户62人" in self.said

    def test_every_row_ends_where_its_course_ends_with_the_amount_of_the_rules(self) -> None:
        computed = rows.amounts(self.book.year.grants)
        cases = Application.objects.in_bulk(list(self.book.rows))
        assert len(cases) == Application.objects.count() == len(self.book.year.grants)
        for key, grant in self.book.rows.items():
            case = cases[key]
            assert case.state == ENDS.get(grant.course, State.ANNOUNCED), grant.row
            assert case.entered_by_id is not None
            if grant.course.counts:
                expected = (grant.final, grant.claimed, computed[grant.row].value)
                assert (case.quantity, case.claimed_quantity, case.amount) == expected, grant.row
                assert case.was_cut == (grant.course in CUT)

    def test_state_tasks_and_history_agree(self) -> None:
        out = StringIO()
        call_command("check_workflow", stdout=out, stderr=StringIO())
        assert (
            out.getvalue().strip()
            == f"已核对{Application.objects.count()}件申请：状态、任务和办理记录一致，公示名单与封存一致。"
        )

    def test_an_announced_case_ran_its_full_days_at_all_three_levels(self) -> None:
        covering = PostingEntry.objects.filter(
            outcome=EntryOutcome.PASSED, posting__state=PostingState.CLOSED
        )
        sheets: dict[tuple[int, str], list[Posting]] = {}
        for entry in covering.select_related("posting", "posting__display"):
            sheets.setdefault((entry.application_id, entry.level), []).append(entry.posting)
        plans = {(plan.programme_id, plan.level): plan for plan in PostingPlan.objects.all()}
        for case in self.announced():
            for level in Level:
                sheet = sheets[case.pk, level][-1]
                counted = [number for _, number, _ in sheet.ledger if number]
                assert counted == list(range(1, plans[case.programme_id, level].days + 1))
                assert sheet.displayed_on is not None
                assert sheet.closed_at is not None
                assert sheet.ledger[-1][0] == f"{sheet.closes_on}"
                assert sheet.closed_at == moment(date_after(sheet), "00:05")

    def test_an_announced_case_has_deciders_at_three_levels_and_nobody_twice(self) -> None:
        found = standings.of(self.announced())
        assert len(found) == 236
        for standing in found.values():
            people = [standing.deciders[level] for level in Level]
            assert all(people)
            assert sum(len(group) for group in people) == len(frozenset().union(*people))

    def test_the_meeting_comes_before_the_board_and_the_board_before_the_township(self) -> None:
        for case in self.announced():
            first = case.entries.filter(level=Level.VILLAGE).order_by("pk").first()
            assert first is not None
            assert first.posting.displayed_on >= case.appraisals.earliest("meeting__held_on").meeting.held_on
            passed = case.decisions.filter(act=Act.PASS_TOWNSHIP).earliest("at")
            assert passed.at > case.history.filter(act="close_village_posting").earliest("at").at

    def test_every_moment_in_the_rows_lies_in_the_year(self) -> None:
        seen = 0
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                name = f"{model.__name__}.{field.name}"
                if isinstance(field, models.DateTimeField) and name not in TODAY:
                    moments = model._default_manager.exclude(**{f"{field.name}__isnull": True})
                    seen += moments.count()
                    assert not moments.exclude(**{f"{field.name}__year": YEAR}).exists(), name
        assert seen > 5000

    def test_nothing_is_decided_before_it_arrived(self) -> None:
        for key in self.book.rows:
            times = list(
                HistoryEntry.objects.filter(application=key).order_by("seq").values_list("at", flat=True)
            )
            assert times == sorted(times)

    def test_reviews_are_done_in_time_but_for_the_households_that_did_not_answer(self) -> None:
        late = [due for due in Deadline.objects.all() if due.settled_at and _settled_on(due) > due.due_on]
        courses = Counter(self.book.row(due.application_id).course for due in late)
        assert set(courses) <= {Course.LAPSED}

    def test_objections_ended_as_their_rows_say_and_the_held_case_went_on_alone(self) -> None:
        outcomes = Counter(Objection.objects.values_list("state", "outcome"))
        assert outcomes == {
            ("decided", "not_upheld"): 6,
            ("decided", "corrected"): 2,
            ("decided", "cancelled"): 2,
        }
        held = [key for key, grant in self.book.rows.items() if grant.course is Course.OBJECTED_HELD]
        for key in held:
            entry = PostingEntry.objects.get(application=key, level=Level.TOWNSHIP)
            closed, decided = entry.posting.closed_at, Objection.objects.get(application=key).decided_at
            assert closed is not None
            assert decided is not None
            assert closed < decided
            left = HistoryEntry.objects.get(application=key, act="close_township_posting")
            assert left.at == decided

    def test_a_corrected_row_hangs_again_on_a_sheet_linked_to_the_old_one(self) -> None:
        for key, grant in self.book.rows.items():
            if grant.course is not Course.CORRECTED:
                continue
            old, new = PostingEntry.objects.filter(application=key, level=Level.VILLAGE).order_by("pk")
            assert (old.outcome, new.outcome) == (EntryOutcome.REMOVED, EntryOutcome.PASSED)
            assert new.posting.supplements_id == old.posting_id
            assert new.repeats_id == old.pk
            assert (old.quantity, new.quantity) == (grant.quantity, grant.amended)

    def test_no_photo_and_no_paper_is_used_twice(self) -> None:
        digests = list(Attachment.objects.values_list("sha256", flat=True))
        assert len(digests) == len(set(digests))
        boards = Posting.objects.filter(state=PostingState.CLOSED).values("display").distinct().count()
        ends = DisplayPhoto.objects.filter(moment=DisplayPhoto.Moment.END)
        assert ends.values("display").distinct().count() == boards
        assert VerificationVisit.objects.filter(photos__isnull=True).count() == 0

    def test_announcements_come_before_the_summary_and_carry_the_districts_code(self) -> None:
        sheets = Posting.objects.filter(kind=PostingKind.ANNOUNCEMENT).select_related(
            "announcement", "region"
        )
        numbers = [sheet.announcement.index_number for sheet in sheets]
        assert len(numbers) == len(set(numbers)) > 10
        code = self.book.township.county.publisher_code
        assert all(number.startswith(f"{code}/2021") for number in numbers)
        assert max(sheet.displayed_on for sheet in sheets if sheet.displayed_on) <= year.LAST_DAY

    def test_records_are_loans_and_training_and_no_cases(self) -> None:
        assert BenefitRecord.objects.filter(programme__kind="finance").count() == 17
        assert BenefitRecord.objects.filter(programme__kind="training").count() == 28
        assert not Application.objects.filter(programme__kind__in=["finance", "training"]).exists()

    def test_amounts_computed_again_agree_with_all_cases(self) -> None:
        out = StringIO()
        call_command("replay_amounts", stdout=out, stderr=StringIO())
        assert out.getvalue().strip() == f"已按各自的项目版本复算{len(self.book.rows)}件申请，金额全部一致。"

    def test_an_amount_changed_behind_the_verbs_is_found(self) -> None:
        case = next(case for case in self.announced() if not case.was_cut)
        Application.objects.filter(pk=case.pk).update(amount=case.amount - 1)
        errors = StringIO()
        with pytest.raises(CommandError, match="发现1处金额不一致"):
            call_command("replay_amounts", stderr=errors)
        assert case.number in errors.getvalue()
        assert "没有核减决定" in errors.getvalue()
        Application.objects.filter(pk=case.pk).update(amount=case.amount - 1, claimed_amount=case.amount + 1)
        assert len(list(replay_amounts.faults(replay_case(case.pk)))) == 2

    def test_a_cut_without_its_decision_is_found(self) -> None:
        decision = next(one for one in Decision.objects.all() if one.is_cut)
        case = replay_case(decision.application_id)
        assert list(replay_amounts.faults(case)) == []
        rule_amount = case.amount
        Application.objects.filter(pk=case.pk).update(quantity=case.claimed_quantity)
        assert list(replay_amounts.faults(replay_case(case.pk))) == []
        Decision.objects.filter(pk=decision.pk).update(amount_after=rule_amount + 1)
        assert len(list(replay_amounts.faults(replay_case(case.pk)))) == 1

    def test_nothing_leaks_from_any_page_or_sheet(self) -> None:
        # A3 says what A4 says in larger letters: the demonstration's sheets are read on both.
        found = scan.everything(Posting.objects.latest("created_at").created_at, ("print/", "document/"))
        assert (found.leaks, found.sheets > 50, found.papers["certificate/"] > 50) == ([], True, True)

    def test_a_second_run_refuses_and_changes_nothing(self) -> None:
        before = (Application.objects.count(), HistoryEntry.objects.count(), Receipt.objects.count())
        with pytest.raises(CommandError, match="已经重放完毕"):
            call_command("replay_year", YEAR, stdout=StringIO(), stderr=StringIO())
        assert before == (Application.objects.count(), HistoryEntry.objects.count(), Receipt.objects.count())


def _settled_on(due: Deadline) -> date:
    assert due.settled_at is not None
    return timezone.localdate(due.settled_at)


def date_after(sheet: Posting) -> date:
    assert sheet.closes_on is not None
    return sheet.closes_on + timedelta(days=1)


def replay_case(key: int) -> Application:
    return next(case for case in replay_amounts.cases() if case.pk == key)


def casebook() -> Casebook:
    """The book as a new process would open it."""
    call_command("load_holidays", years=[2020, 2022], verbosity=0)
    place = layout.lay_out(now=moment(year.FIRST_DAY, "08:00"))
    return Casebook(place, rows.load(YEAR), calendar.load())


def short() -> Casebook:
    """A small year: of each course its first row, and one loan and one course of training."""
    book = casebook()
    seen: dict[Course, rows.Grant] = {}
    for grant in book.year.grants:
        seen.setdefault(grant.course, grant)
    few = tuple(grant for grant in book.year.grants if grant in seen.values())
    whole = book.year
    small = replace(whole, grants=few, loans=whole.loans[:1], training=whole.training[:1])
    return Casebook(book.township, small, book.calendar)


def test_a_small_year_of_every_course_ends_in_agreement_with_itself(db: None) -> None:
    book = short()
    year.tell(book)
    out = StringIO()
    call_command("check_workflow", stdout=out, stderr=StringIO())
    call_command("replay_amounts", stdout=out, stderr=StringIO())
    assert out.getvalue().splitlines() == [
        f"已核对{len(book.rows)}件申请：状态、任务和办理记录一致，公示名单与封存一致。",
        f"已按各自的项目版本复算{len(book.rows)}件申请，金额全部一致。",
    ]
    assert {grant.course for grant in book.rows.values()} == set(Course)
    for key, grant in book.rows.items():
        assert Application.objects.get(pk=key).state == ENDS.get(grant.course, State.ANNOUNCED), grant.row


def test_a_township_with_cases_of_somebody_else_is_refused(db: None) -> None:
    book = short()
    village = [grant for grant in book.year.grants if grant.course is Course.DISCARDED]
    few = Casebook(book.township, replace(book.year, grants=tuple(village)), book.calendar)
    for day in year.days():
        year.tell_day(few, day)
        if few.cases:
            break
    Receipt.objects.all().delete()
    with pytest.raises(year.ForeignCases):
        year.tell(short())
    assert Application.objects.count() == 1


def test_a_row_left_open_at_the_end_is_named(db: None) -> None:
    book = short()
    grants = tuple(grant for grant in book.year.grants if grant.course is Course.STRAIGHT)
    late = replace(book.year, waves={**book.year.waves, grants[0].wave: date(2021, 9, 27)}, grants=grants)
    with pytest.raises(year.YearCutShort, match=grants[0].row):
        year.tell(Casebook(book.township, late, book.calendar))


def test_a_database_of_other_households_is_refused_unless_it_is_a_demonstration(db: None) -> None:
    world = build_world()
    world.household()
    with pytest.raises(CommandError, match="空数据库或演示库"):
        call_command("replay_year", YEAR, stdout=StringIO(), stderr=StringIO())
    assert Region.objects.filter(level=RegionLevel.TOWNSHIP, name="寒亭镇").count() == 0
    assert (Household.objects.count(), Member.objects.count()) == (1, 1)


def test_the_year_waits_for_no_sweep_that_holds_the_lease(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflow.management.commands.replay_year.PATIENCE", 1)
    monkeypatch.setattr("workflow.management.commands.replay_year.sleep", lambda _: None)
    assert sweeps.claim("sweep", holder="another", now=clock.now())
    with pytest.raises(CommandError, match="定时任务正在运行"):
        call_command("replay_year", YEAR, stdout=StringIO(), stderr=StringIO())
    assert Application.objects.count() == 0
    assert Person.objects.count() == 22
