"""The demonstration township: loaded once, told by the real verbs, refused outside a demo."""

import json
from collections.abc import Iterator
from datetime import date
from io import StringIO
from itertools import pairwise

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import authenticate
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase, override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from stdnum.cn import uscc

from applications.models import Application, Attachment, Programme
from applications.states import State
from applications.terms import DayUnit, Term
from notifications.models import Message, MessageState, WakeUpFailure
from registry import appointments, clock, demo, identity
from registry.models import (
    Category,
    DemoMarker,
    Household,
    Member,
    MemberStatus,
    Region,
    RegionLevel,
    Role,
    User,
)
from workflow import drafts, postings, sweeps
from workflow.calendar import Calendar, Day
from workflow.demo import loading
from workflow.demo.timetable import display_ending_on, latest_display, passage
from workflow.demo.township import TOWNSHIP_PUBLISHER
from workflow.demo_accounts import DEMO_LOGINS, DEMO_PASSWORD
from workflow.models import (
    Counter,
    Deadline,
    EntryOutcome,
    HolidayNotice,
    Objection,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.sheets import PUBLIC_FIELDS


def counts() -> dict[str, int]:
    """How many rows each table of the project holds."""
    ours = ("registry", "applications", "notifications", "workflow", "viewflow")
    models = [model for model in apps.get_models() if model._meta.app_label in ours]
    return {model._meta.label: model._base_manager.count() for model in models}


class CutShort(Exception):
    """Somebody pressed Ctrl-C while the demonstration was loading."""


def cut_short(done: int, of: int) -> None:
    if done == 30:
        raise CutShort


@pytest.fixture(scope="class")
def loaded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A load that was cut short, then the whole load; gives what the second one said. Rolled back at the end."""
    with django_db_blocker.unblock(), override_settings(DEMO=True):
        atomics = TestCase._enter_atomics()
        try:
            with pytest.raises(CutShort):
                loading.load(now=clock.now(), told=cut_short)
            assert Counter.objects.get(name=loading.PROGRESS).value == loading.BEGUN
            # PostgreSQL empties no table while constraints of the surrounding transaction are still to be checked.
            connection.check_constraints()
            said = StringIO()
            call_command("load_demo", stdout=said)
            yield said.getvalue()
        finally:
            TestCase._rollback_atomics(atomics)
            ContentType.objects.clear_cache()


@pytest.mark.usefixtures("loaded", "db")
class TestTownship:
    def test_a_load_that_was_cut_short_is_begun_again_and_leaves_one_township(self, loaded: str) -> None:
        assert loaded == (
            "演示数据已载入：1个镇2个村、20户52人、2个项目；32件申请分布在16种状态，公示和公告29张，异议3件。\n"
        )
        assert Counter.objects.get(name=loading.PROGRESS).value == loading.FINISHED
        assert DemoMarker.objects.count() == 1
        assert [region.level for region in Region.objects.order_by("code")] == [
            RegionLevel.PROVINCE,
            RegionLevel.CITY,
            RegionLevel.COUNTY,
            RegionLevel.TOWNSHIP,
            RegionLevel.VILLAGE,
            RegionLevel.VILLAGE,
        ]

    def test_a_case_lies_in_every_state(self) -> None:
        assert set(Application.objects.values_list("state", flat=True)) == set(State)

    def test_cases_tasks_and_history_agree(self) -> None:
        said = StringIO()
        call_command("check_workflow", stdout=said)
        assert said.getvalue() == "已核对32件申请：状态、任务和办理记录一致。\n"

    def test_a_second_load_changes_nothing_and_says_so(self) -> None:
        before, said = counts(), StringIO()
        call_command("load_demo", stdout=said)
        assert said.getvalue() == "演示数据此前已经载入，没有改动。\n"
        assert counts() == before

    def test_a_load_outside_demo_mode_is_refused_and_changes_nothing(self) -> None:
        before = counts()
        with override_settings(DEMO=False), pytest.raises(CommandError, match=r"^系统不在演示模式下"):
            call_command("load_demo")
        assert counts() == before

    def test_frozen_rows_hold_public_fields_only_and_no_private_word(self) -> None:
        shown = PostingEntry.objects.exclude(outcome=EntryOutcome.PICKED).values_list("row", flat=True)
        private = {"身份证", "银行", "电话", "残", "病", "致贫", "脱贫", "低保", *Category.labels}
        for member in Member.objects.select_related("household"):
            private |= {member.id_number, member.card_number, member.phone}
            private |= {member.household.address, member.household.phone, member.household.number}
        assert "" not in private
        assert len(shown) == PostingEntry.objects.count() - 1
        for row in shown:
            assert set(row) == set(PUBLIC_FIELDS)
            text = json.dumps(row, ensure_ascii=False)
            assert [word for word in private if word in text] == []

    def test_two_of_one_name_in_one_group_are_told_apart_and_never_by_their_numbers(self) -> None:
        tails = [head.id_number[-4:] for head in Member.objects.filter(name="王长根")]
        sheets = (
            Posting.objects.exclude(state=PostingState.DRAFT).filter(entries__row__name="王长根").distinct()
        )
        assert len(tails) == len(set(tails)) == 2
        assert sheets.count() == 4
        for sheet in sheets:
            rows = list(sheet.entries.order_by("position").values_list("row", flat=True))
            apart = [row["told_apart"] for row in rows if row["name"] == "王长根"]
            assert sorted(apart) == ["同名之1", "同名之2"]
            assert {row["told_apart"] for row in rows if row["name"] != "王长根"} <= {""}
            assert not [tail for tail in tails if tail in "".join(apart)]

    def test_the_due_sheet_closes_in_the_first_sweep_and_the_others_hang_on(self) -> None:
        now = clock.now()
        (due,) = postings.due(now=now)
        hanging = Posting.objects.on_display().count()
        done = sweeps.run(now=now)
        assert (done.closed, done.failed) == (1, [])
        closed = Posting.objects.get(pk=due)
        assert closed.state == PostingState.CLOSED
        assert [entry.application.state for entry in closed.entries.all()] == [State.TOWNSHIP_REVIEW] * 3
        assert Posting.objects.on_display().count() == hanging - 1 == 3

    def test_one_case_is_held_at_a_closed_sheet_by_an_objection_under_investigation(self) -> None:
        entry = PostingEntry.objects.get(outcome=EntryOutcome.NOT_PASSED)
        objection = Objection.objects.get(application=entry.application)
        assert entry.posting.state == PostingState.CLOSED
        assert "期满时1件有未办结异议" in entry.posting.certificate
        assert entry.application.state == State.VILLAGE_POSTING
        assert objection.state == Objection.State.INVESTIGATING
        due = Deadline.objects.get(objection=objection, settled_at__isnull=True)
        assert due.due_on >= clock.today()

    def test_one_objection_has_just_come_in_on_a_displayed_sheet_and_one_was_not_upheld(self) -> None:
        fresh = Objection.objects.get(state=Objection.State.RECEIVED)
        ended = Objection.objects.get(state=Objection.State.DECIDED)
        assert fresh.posting.state == PostingState.DISPLAYED
        assert fresh.application.state == State.DISTRICT_POSTING
        assert ended.outcome == Objection.Outcome.NOT_UPHELD
        assert ended.application.state == State.ANNOUNCED

    def test_each_desk_has_something_to_do(self) -> None:
        county = Region.objects.get(level=RegionLevel.COUNTY)
        assert drafts.waiting(PostingKind.VILLAGE, county).count() == 1
        assert drafts.waiting(PostingKind.TOWNSHIP, county).count() == 1
        assert Posting.objects.filter(state=PostingState.DRAFT).count() == 1
        assert Application.objects.filter(state=State.ANNOUNCEMENT).count() == 2
        assert Application.objects.filter(state=State.DISTRICT_REVIEW).count() == 2
        assert Application.objects.filter(state=State.TOWNSHIP_REVIEW).count() == 4
        assert Application.objects.filter(state=State.VILLAGE_REVIEW).count() == 2
        escalated = Deadline.objects.filter(escalated_at__isnull=False, settled_at__isnull=True)
        assert escalated.filter(application__member__name="彭亮", due_on__lt=clock.today()).count() == 1

    def test_messages_were_delivered_on_the_way_and_nobody_was_woken(self) -> None:
        assert set(Message.objects.values_list("state", flat=True)) <= {
            MessageState.SENT,
            MessageState.WITHDRAWN,
        }
        told = Message.objects.filter(state=MessageState.SENT).values_list("recipient__username", flat=True)
        # The supervisor hears of what the district is late with, and that depends on the calendar.
        assert set(told) - {"jiandu"} == {"cun1", "cun1b", "cun2", "xiang1", "xiang2", "qu1", "qu2"}
        assert WakeUpFailure.objects.count() == 0

    def test_the_story_lies_in_the_past_and_in_the_order_of_time(self) -> None:
        now = clock.now()
        for case in Application.objects.all():
            moments = list(case.history.order_by("seq").values_list("at", flat=True))
            assert all(earlier <= later for earlier, later in pairwise(moments))
            assert moments[-1] <= now
            assert case.programme.opens_on <= case.applied_on <= case.programme.closes_on
        assert not Message.objects.filter(created_at__gt=now).exists()

    def test_every_login_signs_in_and_wears_its_hat(self) -> None:
        today = clock.today()
        roles = {}
        for login in DEMO_LOGINS:
            user = authenticate(username=login["username"], password=login["password"])
            assert isinstance(user, User)
            assert user.name == login["name"]
            roles[login["username"]] = appointments.actor(user, on=today).roles
        assert roles == {
            "cun1": (Role.VILLAGE_CLERK,),
            "cun1b": (Role.VILLAGE_CLERK,),
            "cun2": (Role.VILLAGE_CLERK,),
            "xiang1": (Role.TOWNSHIP_REVIEWER,),
            "xiang2": (Role.TOWNSHIP_REVIEWER,),
            "qu1": (Role.DISTRICT_APPROVER,),
            "qu2": (Role.DISTRICT_APPROVER,),
            "jiandu": (Role.SUPERVISOR,),
            "admin": (Role.ADMINISTRATOR,),
        }
        managers = User.objects.filter(is_staff=True, is_superuser=True)
        assert list(managers.values_list("username", flat=True)) == ["admin"]

    def test_the_logins_are_printed_and_only_in_a_demo(self) -> None:
        said = StringIO()
        call_command("demo_logins", stdout=said)
        lines = said.getvalue().splitlines()
        assert len(lines) == 2 + len(DEMO_LOGINS)
        for login, line in zip(DEMO_LOGINS, lines[2:], strict=True):
            assert line.split(maxsplit=3) == [login["username"], DEMO_PASSWORD, login["name"], login["roles"]]
        with override_settings(DEMO=False), pytest.raises(CommandError, match=r"^系统不在演示模式下"):
            call_command("demo_logins", stdout=StringIO())

    def test_nothing_real_is_invented(self) -> None:
        today = clock.today()
        for member in Member.objects.all():
            assert identity.check_id_number(member.id_number, today=today).number.startswith("999999")
            assert identity.sex(member.id_number) in identity.Sex
            assert "〔示例〕" in member.card_number
            assert "〔示例〕" in member.phone
        for region in Region.objects.all():
            assert region.code.startswith("99")
            region.full_clean()
            assert all("〔示例〕" in phone for phone in (region.phone, region.discipline_phone) if phone)
        codes = dict(Region.objects.exclude(publisher_code="").values_list("level", "publisher_code"))
        assert codes[RegionLevel.TOWNSHIP] == TOWNSHIP_PUBLISHER
        assert uscc.is_valid(codes[RegionLevel.COUNTY])
        assert codes[RegionLevel.COUNTY].startswith("0099")
        for programme in Programme.objects.all():
            programme.full_clean()
            assert "〔示例〕" in programme.legal_basis
            assert all("〔示例〕" in plan.citation for plan in programme.posting_plans.all())
            assert all(plan.days >= 3 for plan in programme.posting_plans.all())
        for posting in Posting.objects.exclude(number=""):
            assert "示例" in posting.number
            assert posting.hotline == "12317"

    def test_households_differ_as_real_ones_do(self) -> None:
        households = Household.objects.all()
        names = list(Member.objects.values_list("name", flat=True))
        assert {household.category for household in households} == set(Category)
        assert {len(name) for name in names} == {2, 3, 4}
        assert Member.objects.filter(status=MemberStatus.DECEASED).count() == 1
        assert Member.objects.filter(status=MemberStatus.MOVED).count() == 1
        assert Member.objects.filter(public_employee=True).count() == 1
        periods = sorted(household.monitor_periods.count() for household in households)
        assert periods == [0] * 18 + [1, 2]
        assert all(household.head is not None for household in households)

    def test_no_two_files_are_the_same(self) -> None:
        digests = list(Attachment.objects.values_list("sha256", flat=True))
        assert len(digests) == len(set(digests)) > 0
        assert set(Attachment.objects.values_list("content_type", flat=True)) == {
            "image/jpeg",
            "application/pdf",
        }


REAL = {
    "people": lambda: User.objects.create(username="somebody", name="某人"),
    "places": lambda: Region.objects.create(code="990000000000", name="某省", level=RegionLevel.PROVINCE),
}


@pytest.mark.django_db
@pytest.mark.parametrize("what", REAL)
def test_a_database_with_other_data_is_refused_and_not_marked(what: str) -> None:
    REAL[what]()
    before = counts()
    with override_settings(DEMO=True), pytest.raises(CommandError, match=r"^数据库里已有其他数据"):
        call_command("load_demo", verbosity=0)
    assert counts() == before
    assert not demo.is_demo_database()


@pytest.mark.django_db
def test_an_empty_database_outside_demo_mode_stays_empty() -> None:
    assert not django_settings.DEMO
    before = counts()
    with pytest.raises(CommandError, match=r"^系统不在演示模式下"):
        call_command("load_demo", verbosity=0)
    assert counts() == before
    assert not HolidayNotice.objects.exists()


@pytest.mark.django_db
def test_logins_that_are_not_there_are_not_printed() -> None:
    with override_settings(DEMO=True):
        demo.mark(now=timezone.now())
        with pytest.raises(CommandError, match=r"^演示账号还没有载入"):
            call_command("demo_logins", stdout=StringIO())


CALENDAR = Calendar(
    {date(2021, 10, day): Day(is_workday=False, name="国庆节") for day in range(1, 8)}, frozenset({2021})
)
TEN_DAYS = Term(10, DayUnit.CALENDAR)
THREE_DAYS = Term(3, DayUnit.CALENDAR, rolls=False)


@pytest.mark.parametrize(
    ("before", "term", "shown"),
    [
        # Ten days after Monday 6 September is Thursday 16 September: over before the 17th.
        (date(2021, 9, 17), TEN_DAYS, date(2021, 9, 6)),
        # From the 21st on a sheet would run into the festival and on to 8 October.
        (date(2021, 10, 8), TEN_DAYS, date(2021, 9, 20)),
        (date(2021, 10, 9), TEN_DAYS, date(2021, 9, 28)),
        # Three days after Thursday; a sheet of Friday would end on Monday itself.
        (date(2021, 9, 13), THREE_DAYS, date(2021, 9, 9)),
    ],
)
def test_latest_display_is_the_last_working_day_whose_period_ends_in_time(
    before: date, term: Term, shown: date
) -> None:
    assert latest_display(before, term=term, calendar=CALENDAR) == shown
    assert CALENDAR.period(shown, term).last_day < before


def test_a_sheet_that_does_not_roll_can_end_on_any_day() -> None:
    for day in range(1, 31):
        shown = display_ending_on(date(2021, 9, day), term=THREE_DAYS, calendar=CALENDAR)
        assert CALENDAR.period(shown, THREE_DAYS).last_day == date(2021, 9, day)


def test_a_passage_is_in_order_and_ends_on_the_day_asked_for() -> None:
    terms = dict.fromkeys(("village", "township", "district"), TEN_DAYS)
    days = passage(State.ANNOUNCED, on=date(2021, 12, 1), terms=terms, calendar=CALENDAR)
    assert days[State.ANNOUNCED] == date(2021, 12, 1)
    assert len(days) == 9
    for earlier, later in pairwise(reversed(days.values())):
        assert earlier <= later
