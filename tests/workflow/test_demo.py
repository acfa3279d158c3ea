"""The demonstration township: loaded once, told by the real verbs, refused outside a demo."""

import json
from collections.abc import Iterator
from io import StringIO
from itertools import pairwise

import pytest
from django.contrib.auth import authenticate
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test import RequestFactory, TestCase, override_settings
from pytest_django import DjangoDbBlocker
from rich.cells import cell_len
from stdnum.cn import uscc

from applications.amounts import plain
from applications.models import Application, Attachment, BenefitRecord, Programme, ProgrammeKind
from applications.states import OPEN, Level, State
from notifications.models import Channel, Message, MessageState, WakeUpFailure
from registry import appointments, clock, identity
from registry.masking import mask_card, mask_phone
from registry.models import (
    Appointment,
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
from tests import scan
from tests.workflow.rows import counts
from workflow import drafts, postings, summaries, sweeps
from workflow.demo import loading
from workflow.demo_accounts import DEMO_LOGINS, DEMO_PASSWORD, by_role
from workflow.models import (
    Act,
    Counter,
    Deadline,
    Decision,
    EntryOutcome,
    Objection,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.sheets import PUBLIC_FIELDS
from workflow.township import rows
from workflow.township.places import TOWNSHIP_PUBLISHER


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


@pytest.mark.any_database
@pytest.mark.usefixtures("loaded", "db")
class TestTownship:
    def test_a_load_that_was_cut_short_is_begun_again_and_leaves_one_township(self, loaded: str) -> None:
        assert loaded == (
            "演示数据已载入：1个镇8个村（社区）、328户803人、8个项目；"
            "129件申请分布在16种状态，公示和公告106张，异议6件。\n"
        )
        assert Counter.objects.get(name=loading.PROGRESS).value == loading.FINISHED
        assert DemoMarker.objects.count() == 1
        assert [region.level for region in Region.objects.order_by("code")] == [
            RegionLevel.PROVINCE,
            RegionLevel.CITY,
            RegionLevel.COUNTY,
            RegionLevel.TOWNSHIP,
            *[RegionLevel.VILLAGE] * 8,
        ]

    def test_a_case_lies_in_every_state(self) -> None:
        assert set(Application.objects.values_list("state", flat=True)) == set(State)

    def test_cases_tasks_and_history_agree(self) -> None:
        said = StringIO()
        call_command("check_workflow", stdout=said)
        assert said.getvalue() == "已核对129件申请：状态、任务和办理记录一致，公示名单与封存一致。\n"

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

    def test_households_and_persons_are_those_of_the_published_summary(self) -> None:
        figures = json.loads((rows.folder(2021) / "figures.json").read_text(encoding="utf-8"))["households"]
        lifted, marginal = figures["lifted_out"], figures["marginal"]
        published = {
            Category.LOW_INCOME: lifted["low_income_insured"],
            Category.EXTREMELY_POOR: lifted["extremely_poor_supported"],
            Category.GENERAL: lifted["general"],
            Category.MARGINAL: marginal,
        }
        region = Region.objects.get(name="寒亭镇")
        table = summaries.household_table(region, as_of=clock.today())
        found = {line.category: {"households": line.households, "persons": line.persons} for line in table}
        assert found == published
        assert summaries.household_sentence(region, as_of=clock.today()).startswith(
            "有已脱贫户307户741人,边缘户21户62人。"
        )
        assert set(Household.objects.values_list("village", flat=True)) == set(
            Region.objects.filter(level=RegionLevel.VILLAGE).values_list("pk", flat=True)
        )

    def test_every_kind_has_a_programme_that_is_open_and_its_cases_or_records(self) -> None:
        today = clock.today()
        open_now = Programme.objects.filter(year=today.year, opens_on__lte=today, closes_on__gte=today)
        assert set(open_now.values_list("kind", flat=True)) == set(ProgrammeKind)
        assert open_now.count() == Programme.objects.count()
        recorded = {ProgrammeKind.FINANCE, ProgrammeKind.TRAINING}
        cases = Application.objects.values_list("programme__kind", flat=True)
        assert set(cases) == set(ProgrammeKind) - recorded
        announced = Application.objects.filter(state=State.ANNOUNCED)
        assert set(announced.values_list("programme__kind", flat=True)) == set(ProgrammeKind) - recorded
        records = BenefitRecord.objects.filter(programme__year=today.year)
        assert set(records.values_list("programme__kind", flat=True)) == recorded
        assert not records.filter(recorded_at__gt=clock.now()).exists()

    def test_every_village_has_cases_that_wait_and_cases_that_were_announced(self) -> None:
        villages = set(Region.objects.filter(level=RegionLevel.VILLAGE).values_list("name", flat=True))
        for states in (OPEN, {State.ANNOUNCED}):
            found = Application.objects.filter(state__in=states).values_list("village__name", flat=True)
            assert set(found) == villages

    def test_the_year_in_a_paragraph_is_counted_from_announced_cases_and_records(self) -> None:
        today, said = clock.today(), StringIO()
        call_command("annual_summary", year=today.year, region="寒亭镇", stdout=said)
        announced = Application.objects.filter(state=State.ANNOUNCED)
        farms = announced.filter(programme__kind=ProgrammeKind.INDUSTRY)
        total = sum(case.amount for case in farms)
        assert f"共申报产业振兴到户项目{farms.count()}个,合计补助金额{plain(total)}元。" in said.getvalue()
        assert "截至目前共放贷6户,24万元。" in said.getvalue()
        assert "组织16名贫困户参加贫困劳动者就业技能培训。" in said.getvalue()

    def test_cases_took_every_turn(self) -> None:
        acts = set(Decision.objects.values_list("act", flat=True))
        assert set(Act) - acts == {Act.TAKE_BACK, Act.STOP, Act.RESTART, Act.DISCARD}
        outcomes = Objection.objects.values_list("state", "outcome")
        assert sorted(outcomes) == [
            ("decided", "cancelled"),
            ("decided", "corrected"),
            ("decided", "not_upheld"),
            ("investigating", ""),
            ("received", ""),
            ("received", ""),
        ]
        cut = Application.objects.filter(quantity__lt=F("claimed_quantity"))
        assert cut.count() == 2
        assert set(cut.values_list("state", flat=True)) == {State.ANNOUNCED}
        announced = Posting.objects.filter(kind=PostingKind.ANNOUNCEMENT).dates("displayed_on", "day")
        # Six announcements, and the correction that goes with the case that was revoked.
        assert len(announced) == 7
        assert (announced[5] - announced[0]).days > 90

    def test_nothing_leaks_from_any_page_or_sheet(self) -> None:
        """Every page, sheet, paper and answer of the public site, link by link."""
        found = scan.everything(clock.now())
        assert found.leaks == []
        assert "public-objection" in found.pages
        assert found.sheets > 20
        assert found.papers["certificate/"] > 10
        assert found.states == set(State) - {State.DRAFT}

    def test_frozen_rows_hold_public_fields_only_and_no_private_word(self) -> None:
        shown = PostingEntry.objects.exclude(outcome=EntryOutcome.PICKED).values_list("row", flat=True)
        private = {"身份证", "银行", "电话", "残", "病", "致贫", "脱贫", "低保", *Category.labels}
        paid = Application.objects.values_list("household", flat=True)
        for member in Member.objects.filter(household__in=paid).select_related("household"):
            private |= {member.id_number, member.card_number, member.phone}
            private |= {member.household.address, member.household.phone, member.household.number}
        assert "" not in private
        assert len(shown) == PostingEntry.objects.count() - 1
        for row in shown:
            assert set(row) == set(PUBLIC_FIELDS)
            text = json.dumps(row, ensure_ascii=False)
            assert [word for word in private if word in text] == []

    def test_two_of_one_name_in_one_group_are_told_apart_by_the_tails_of_their_numbers(self) -> None:
        tails = [head.id_number[-4:] for head in Member.objects.filter(name="王长根")]
        sheets = (
            Posting.objects.exclude(state=PostingState.DRAFT).filter(entries__row__name="王长根").distinct()
        )
        assert len(tails) == len(set(tails)) == 2
        # Village, township, district, announcement.
        assert sheets.count() == 4
        for sheet in sheets:
            rows = list(sheet.entries.order_by("position").values_list("row", flat=True))
            apart = [row["told_apart"] for row in rows if row["name"] == "王长根"]
            assert sorted(apart) == sorted(f"尾号{tail}" for tail in tails)
            assert {row["told_apart"] for row in rows if row["name"] != "王长根"} <= {""}

    def test_the_due_sheet_closes_in_the_first_sweep_and_the_others_hang_on(self) -> None:
        now = clock.now()
        (due,) = postings.due(now=now)
        hanging = Posting.objects.on_display().count()
        done = sweeps.run(now=now)
        assert (done.closed, done.failed) == (1, [])
        closed = Posting.objects.get(pk=due)
        assert closed.state == PostingState.CLOSED
        assert [entry.application.state for entry in closed.entries.all()] == [State.TOWNSHIP_REVIEW] * 3
        assert Posting.objects.on_display().count() == hanging - 1 == 4

    def test_one_case_is_held_at_a_closed_sheet_by_an_objection_under_investigation(self) -> None:
        entry = PostingEntry.objects.get(outcome=EntryOutcome.NOT_PASSED)
        objection = Objection.objects.get(application=entry.application)
        assert entry.posting.state == PostingState.CLOSED
        assert "期满时1件有未办结异议" in entry.posting.certificate
        assert entry.application.state == State.VILLAGE_POSTING
        assert objection.state == Objection.State.INVESTIGATING
        due = Deadline.objects.get(objection=objection, settled_at__isnull=True)
        assert due.due_on >= clock.today()

    def test_two_objections_have_just_come_in_and_one_was_not_upheld(self) -> None:
        new = Objection.objects.filter(state=Objection.State.RECEIVED).order_by("received_at")
        assert [one.handling_level for one in new] == [Level.TOWNSHIP, Level.DISTRICT]
        fresh = new[1]
        ended = Objection.objects.get(outcome=Objection.Outcome.NOT_UPHELD)
        assert fresh.posting.state == PostingState.DISPLAYED
        assert fresh.application.state == State.DISTRICT_POSTING
        assert ended.state == Objection.State.DECIDED
        assert ended.application.state == State.ANNOUNCED

    def test_each_desk_has_something_to_do(self) -> None:
        county = Region.objects.get(level=RegionLevel.COUNTY)
        assert drafts.waiting(PostingKind.VILLAGE, county).count() == 2
        assert drafts.waiting(PostingKind.TOWNSHIP, county).count() == 3
        assert Posting.objects.filter(state=PostingState.DRAFT).count() == 1
        assert Application.objects.filter(state=State.ANNOUNCEMENT).count() == 5
        assert Application.objects.filter(state=State.DISTRICT_REVIEW).count() == 8
        morning = Application.objects.filter(state=State.TOWNSHIP_REVIEW)
        assert morning.count() == 17
        assert morning.values("programme__kind").distinct().count() == 4
        at_villages = Application.objects.filter(state=State.VILLAGE_REVIEW)
        assert at_villages.count() == 10
        assert at_villages.values("village").distinct().count() == 7
        escalated = Deadline.objects.filter(escalated_at__isnull=False, settled_at__isnull=True)
        late = escalated.filter(application__state=State.TOWNSHIP_REVIEW, due_on__lt=clock.today())
        assert late.count() == 1

    def test_messages_were_delivered_on_the_way_and_nobody_was_woken(self) -> None:
        slips = Message.objects.filter(channel=Channel.SLIP)
        assert set(Message.objects.exclude(pk__in=slips).values_list("state", flat=True)) <= {
            MessageState.SENT,
            MessageState.WITHDRAWN,
        }
        # What is older than two days has been carried to the households, by their own clerks.
        assert slips.filter(state=MessageState.SENT, handled_by__isnull=False).exists()
        assert slips.filter(state=MessageState.PENDING).exists()
        told = (
            Message.objects.filter(state=MessageState.SENT)
            .exclude(pk__in=slips)
            .values_list("recipient__username", flat=True)
        )
        # The supervisor hears of what the district is late with, and that depends on the calendar.
        everybody = {login["username"] for login in DEMO_LOGINS}
        assert set(told) - {"jiandu"} == everybody - {"jiandu", "admin"}
        assert WakeUpFailure.objects.count() == 0

    def test_only_the_messages_of_the_last_days_are_unread(self) -> None:
        unread = Message.objects.unread()
        for login in DEMO_LOGINS:
            assert unread.filter(recipient__username=login["username"]).count() < 40, login["username"]
        inbox = User.objects.get(username="xiang1").pk
        assert Message.objects.inbox_of(inbox).unread().exists()

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
        villages = {}
        for login in DEMO_LOGINS:
            user = authenticate(
                RequestFactory().post("/login/"), username=login["username"], password=login["password"]
            )
            assert isinstance(user, User)
            assert user.name == login["name"]
            assert appointments.actor(user, on=today).roles == (login["role"],)
            appointment = Appointment.objects.select_related("region").get(user=user)
            assert login["place"].startswith(appointment.region.name)
            if login["role"] is Role.VILLAGE_CLERK:
                villages.setdefault(appointment.region.name, []).append(login["username"])
        assert {login["role"] for login in DEMO_LOGINS} == set(Role)
        assert [len(clerks) for _, clerks in sorted(villages.items())].count(1) == 7
        assert villages["示例一村"] == ["cun1", "cun1b"]
        assert len(villages) == 8
        managers = User.objects.filter(is_staff=True, is_superuser=True)
        assert list(managers.values_list("username", flat=True)) == ["admin"]

    def test_the_logins_are_printed_and_only_in_a_demo(self) -> None:
        said = StringIO()
        call_command("demo_logins", stdout=said)
        lines = said.getvalue().splitlines()
        assert lines[0] == f"演示账号〔示例〕，密码都是 {DEMO_PASSWORD}："
        for login, line in zip(DEMO_LOGINS, lines[1:], strict=True):
            assert line.split()[-3:] == [login["username"], login["name"], login["place"]]
        roles = [line.split()[0] for line in lines[1:] if line[2] != " "]
        assert roles == [group["role"] for group in by_role()]
        assert max(map(cell_len, lines)) <= 80
        with override_settings(DEMO=False), pytest.raises(CommandError, match=r"^系统不在演示模式下"):
            call_command("demo_logins", stdout=StringIO())

    def test_nothing_real_is_invented(self) -> None:
        today = clock.today()
        for member in Member.objects.all():
            assert identity.check_id_number(member.id_number, today=today).number.startswith("999999")
            assert identity.sex(member.id_number) in identity.Sex
            assert "〔示例〕" in member.card_number
            assert mask_phone(member.phone) == "900****〔示例〕"
            assert mask_card(member.card_number)[-4:].isdigit()
        for region in Region.objects.all():
            assert region.code.startswith("99")
            region.full_clean()
            assert all("〔示例〕" in phone for phone in (region.phone, region.discipline_phone) if phone)
        codes = dict(Region.objects.exclude(publisher_code="").values_list("level", "publisher_code"))
        assert codes[RegionLevel.TOWNSHIP] == TOWNSHIP_PUBLISHER
        assert uscc.is_valid(codes[RegionLevel.COUNTY])
        assert codes[RegionLevel.COUNTY].startswith("0099")
        for programme in Programme.objects.all():
            programme.clean_fields()
            assert "〔示例〕" in programme.legal_basis
            assert all("〔示例〕" in plan.citation for plan in programme.posting_plans.all())
            assert all(plan.days >= 3 for plan in programme.posting_plans.all())
        for posting in Posting.objects.exclude(number=""):
            assert "示例" in posting.number
            assert posting.hotline == "12317"

    def test_households_differ_as_real_ones_do(self) -> None:
        households = Household.objects.prefetch_related("members")
        names = list(Member.objects.values_list("name", flat=True))
        assert {household.category for household in households} == set(Category)
        assert len(names) == 803 + 2
        assert {len(name) for name in names} == {2, 3, 4}
        assert Member.objects.filter(status=MemberStatus.DECEASED).count() == 1
        assert Member.objects.filter(status=MemberStatus.MOVED).count() == 1
        assert Member.objects.filter(public_employee=True).count() == 1
        periods = sorted(household.monitor_periods.count() for household in households)
        assert periods == [0] * 326 + [1, 2]
        assert all(household.head is not None for household in households)

    def test_no_two_files_are_the_same(self) -> None:
        digests = list(Attachment.objects.values_list("sha256", flat=True))
        assert len(digests) == len(set(digests)) > 0
        assert set(Attachment.objects.values_list("content_type", flat=True)) == {
            "image/jpeg",
            "application/pdf",
        }
