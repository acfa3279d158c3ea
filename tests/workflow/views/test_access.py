"""Every address for every person: the answers are those of the table in `access`, and a refusal changes nothing."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, TestCase
from django.urls import URLPattern, reverse
from django.utils import timezone
from openpyxl import load_workbook

from applications.models import MeetingKind
from applications.states import State
from notifications.models import Message, MessageState
from registry import appointments
from registry.models import InterestKind, Role
from tests import stages
from tests.workflow.filled import filled, upload
from tests.workflow.views import access
from tests.workflow.views.access import LOGIN, MAY, NOTHING, REASON, ROWS, Row
from tests.workflow.views.pages import as_, clock_at
from tests.workflow.views.sheets import all_rows
from tests.world import NOW, World, build, photo, user
from workflow import claim_rows, custody, fieldwork, imports, intake, interests, objections, spreadsheets
from workflow.complaints import Complaint
from workflow.fieldwork import Minutes
from workflow.models import Act, Channel, Posting, PostingKind
from workflow.results import Ref
from workflow.urls import urlpatterns
from workflow.views.accounts import PAGES as ACCOUNT_PAGES
from workflow.views.acts import PAGES
from workflow.views.custody import PAGES as CUSTODY_PAGES
from workflow.views.objecting import STEP_PAGES

NAME = "金丝雀户主"
MINUTES = Minutes(
    kind=MeetingKind.ASSEMBLY,
    held_on=NOW.date(),
    place="村部",
    entitled=30,
    present=24,
    chair="钱主任",
    recorder="孙文书",
    minutes="逐户评议。",
)
REFUSED = {LOGIN: 302, REASON: 403, NOTHING: 404}
OTHER_WAYS = ("options", "put", "patch", "delete", "trace")


def objection(world: World, posting: Posting, **said: Any) -> Any:
    return objections.lodge(
        posting.entries.get(),
        complaint=Complaint(Channel.VISIT, "面积不足。", **{"anonymous": True, **said}),
        by=world.clerk,
        now=world.now,
    )


def things(world: World) -> dict[str, Any]:
    """One of each thing that an address names, all of the first village, made with the real verbs."""

    def household() -> Any:
        return world.household(name=NAME)

    announced, later = stages.reach(world, State.ANNOUNCED, household=household())
    approved, latest = stages.reach(world, State.ANNOUNCEMENT, household=household())
    draft_of_announcement = stages.sheet(world, [approved], kind=PostingKind.ANNOUNCEMENT, now=latest)
    at_township, _ = stages.reach(world, State.TOWNSHIP_REVIEW, household=household())
    at_district, _ = stages.reach(world, State.DISTRICT_REVIEW, household=household())
    world.now = max(later, latest)

    draft = stages.draft(world, household=household())
    paper = intake.attach(Ref(draft.pk), paper=None, upload=photo(), by=world.clerk, now=world.now)
    declared = stages.submitted(world, household=household())
    returned = stages.submitted(world, household=household())
    stages.returned(world, returned, by=world.clerk, now=world.now)
    taken = stages.submitted(world, household=household())
    batch = stages.key()
    stages.do(custody.take([Ref.of(taken)], by=world.clerk, now=world.now, key=batch))
    waiting, listed, *shown = (stages.submitted(world, household=household()) for _ in range(6))
    stages.passed(world, [waiting, listed, *shown], by=world.clerk, now=world.now)
    sheet_draft = stages.sheet(world, [listed], kind=PostingKind.VILLAGE, now=world.now)
    sheets = [stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=world.now) for case in shown]
    by_clerk = objection(world, sheets[1])
    to_cadre = objection(world, sheets[2], concerns_cadre=True, photos=(photo(),))
    answered = objection(world, sheets[3], concerns_cadre=True, anonymous=False, name="周反映")
    stages.decided(answered, "not_upheld", by=world.reviewer, now=world.now)
    meeting = fieldwork.record_meeting(
        world.village,
        minutes=replace(MINUTES, held_on=timezone.localdate(world.now)),
        votes={declared.pk: 24},
        papers=[photo()],
        by=world.clerk,
        now=world.now,
    )
    Message.objects.filter(recipient=world.clerk).update(state=MessageState.SENT)
    home = household()
    filled_in = filled(claim_rows.template(world.grain, world.village), [{"户编号": home.number, "数量": 99}])
    uploaded = imports.take_in(
        upload(filled_in), village=world.village, programme=world.grain, by=world.clerk, now=world.now
    )
    tie = interests.declare(
        world.second_clerk, household(), kind=InterestKind.RELATIVE, by=world.second_clerk, now=world.now
    )
    assert tie is not None
    kept = household()
    return {
        "list": uploaded.pk,
        "announced": announced.pk,
        "approved": approved.pk,
        "announcement": draft_of_announcement.pk,
        "at_township": at_township.pk,
        "at_district": at_district.pk,
        "draft": draft.pk,
        "declared": declared.pk,
        "returned": returned.pk,
        "taken": taken.pk,
        "batch": batch,
        "return": returned.decisions.get(act=Act.SEND_BACK).pk,
        "passed": waiting.pk,
        "displayed": shown[0].pk,
        "sheet_draft": sheet_draft.pk,
        "sheet": sheets[0].pk,
        "sheet_closed": Posting.objects.get(kind=PostingKind.VILLAGE, entries__application=approved).pk,
        "entry": sheets[0].entries.get().pk,
        "objection": by_clerk.pk,
        "objection_to_cadre": to_cadre.pk,
        "objection_answered": answered.pk,
        "household": kept.pk,
        "member": kept.members.get().pk,
        "account": world.clerk.pk,
        "tie": tie.pk,
        "village": world.village.pk,
        "village_code": world.village.code,
        "township_code": world.township.code,
        "grain": world.grain.pk,
        "travel": world.travel.pk,
        "meeting": meeting.pk,
        "message": Message.objects.filter(recipient=world.clerk, channel="in_app").earliest("pk").pk,
        "slip": Message.objects.filter(household=returned.household, channel="slip").earliest("pk").pk,
        "paper_of_case": paper.uid,
        "paper_of_meeting": meeting.papers.get().uid,
        "photo_of_sheet": sheets[0].display.photos.get().attachment.uid,
        "photo_of_objector": to_cadre.evidence.get().attachment.uid,
    }


def people(world: World) -> dict[str, Any]:
    """The persons of the table; nobody for the anonymous one."""
    gone = user("吴停用")
    appointments.appoint(
        gone, role=Role.VILLAGE_CLERK, region=world.village, starts_on=NOW.date(), by=world.administrator
    )
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    return {
        "anonymous": None,
        "deactivated": gone,
        "unappointed": user("郑无职"),
        "clerk": world.clerk,
        "neighbour": world.clerks[1],
        "reviewer": world.reviewer,
        "stranger": world.stranger,
        "approver": world.approver,
        "supervisor": world.supervisor,
        "administrator": world.administrator,
    }


def shown_by(response: Any) -> str:
    """What a reader sees of an answer: the text of a page, the cells of a workbook (its bytes are compressed)."""
    content = response.getvalue()
    if response.get("Content-Type") != spreadsheets.CONTENT_TYPE:
        return str(content.decode(errors="replace"))
    sheets = load_workbook(BytesIO(content)).worksheets
    return "\n".join(f"{value}" for one in sheets for row in one.iter_rows(values_only=True) for value in row)


def expected(row: Row, who: str, way: str) -> int:
    """The status that the table promises; for a page that takes no POST, 405 or a refusal before it."""
    cell = row.rule.cells[who]
    if cell != MAY:
        return REFUSED[cell]
    signed_in = who not in ("anonymous", "deactivated")
    status = row.other.get(way) if signed_in else None
    return status or getattr(row, way) or 405


def names_of_urls() -> set[str]:
    return {str(pattern.name) for pattern in urlpatterns if isinstance(pattern, URLPattern)}


def missing_rows(names: set[str]) -> set[str]:
    return names - {row.name for row in ROWS}


def test_every_address_stands_in_the_table() -> None:
    assert missing_rows(names_of_urls()) == set()
    assert {row.name for row in ROWS} <= names_of_urls()
    assert missing_rows({"desk", "brand-new"}) == {"brand-new"}


def test_every_act_and_every_step_stands_in_the_table() -> None:
    assert {row.args[1] for row in ROWS if row.name == "application-act"} == {f"={act}" for act in PAGES}
    assert {row.args[1] for row in ROWS if row.name == "application-custody"} == {
        f"={act}" for act in CUSTODY_PAGES
    }
    assert {row.args[1] for row in ROWS if row.name == "account-act"} == {f"={act}" for act in ACCOUNT_PAGES}
    assert {row.args[1] for row in ROWS if row.name == "objection-step"} == {
        f"={step}" for step in STEP_PAGES
    }


def test_no_two_rows_are_called_the_same() -> None:
    labels = [row.label for row in ROWS]
    assert sorted(set(labels)) == sorted(labels)


def test_written_table_is_the_one_that_is_tested() -> None:
    written = (settings.BASE_DIR / "docs" / "access.md").read_text(encoding="utf-8")
    assert written == access.document(), "python -m tests.workflow.views.access > docs/access.md"


@pytest.mark.any_database
class TheAccessTable(TestCase):
    """The world is laid out once; every test asks all cells and names those that differ."""

    @classmethod
    def setUpTestData(cls) -> None:
        world = build()
        cls.found = things(world)
        cls.now = world.now
        cls.persons = people(world)

    def setUp(self) -> None:
        cache.clear()
        self.clients = {who: as_(person) if person else Client() for who, person in self.persons.items()}

    def address(self, row: Row) -> str:
        args = [arg[1:] if arg.startswith("=") else self.found[arg] for arg in row.args]
        return reverse(row.name, args=args) + "?" + row.query.format(**self.found)

    def ask(self, who: str, way: str, address: str) -> Any:
        response = getattr(self.clients[who], way)(address)
        if address.startswith(reverse("logout")):
            person = self.persons[who]
            self.clients[who] = as_(person) if person else Client()
        return response

    def faults(self, row: Row, who: str, way: str) -> list[str]:
        """What is wrong with one cell."""
        response = self.ask(who, way, self.address(row))
        cell = f"{way} {row.label} by {who}"
        wrong = []
        status, right = response.status_code, expected(row, who, way)
        # A page without POST says so before it looks for its thing.
        no_such_way = getattr(row, way) is None and row.rule.cells[who] in (NOTHING, REASON)
        if status != right and not (no_such_way and status == 405):
            wrong.append(f"{cell}: {status}, not {right}")
        if row.rule.cells[who] == LOGIN and not response.get("Location", "").startswith(reverse("login")):
            wrong.append(f"{cell}: does not lead to the login page")
        private = status not in (302, 405) and who in access.OUTSIDE and row.rule is not access.PUBLIC
        if private and NAME in shown_by(response):
            wrong.append(f"{cell}: shows the name of a household")
        return wrong

    def test_every_page_answers_as_the_table_says(self) -> None:
        with clock_at(self.now):
            wrong = [fault for row in ROWS for who in self.persons for fault in self.faults(row, who, "get")]
        assert not wrong, "\n".join(wrong)

    def test_every_empty_post_is_answered_as_the_table_says_and_changes_nothing(self) -> None:
        wrong, before = [], all_rows()
        with clock_at(self.now):
            for row in ROWS:
                wrong += [fault for who in self.persons for fault in self.faults(row, who, "post")]
                if (after := all_rows()) != before:
                    wrong.append(f"post {row.label}: changed something")
                    before = after
        assert not wrong, "\n".join(wrong)

    def test_every_address_answers_head_as_get_and_no_other_method_and_changes_nothing(self) -> None:
        """For nobody and for the clerk, once for each address of the URLconf: which is why each stands in the table."""
        wrong, before = [], all_rows()
        with clock_at(self.now):
            for row in {row.name: row for row in ROWS}.values():
                for who in ("anonymous", "clerk"):
                    head = self.ask(who, "head", self.address(row))
                    if head.status_code != (right := expected(row, who, "get")):
                        wrong.append(f"head {row.label} by {who}: {head.status_code}, not {right}")
                    if head.getvalue():
                        wrong.append(f"head {row.label} by {who}: has a body")
                    for way in OTHER_WAYS:
                        if (status := self.ask(who, way, self.address(row)).status_code) != 405:
                            wrong.append(f"{way} {row.label} by {who}: {status}, not 405")
        assert not wrong, "\n".join(wrong)
        assert all_rows() == before

    def test_the_name_looked_for_is_on_the_pages_of_those_who_may_read_it(self) -> None:
        with clock_at(self.now):
            for name, thing in (("application-detail", "displayed"), ("household-detail", "household")):
                page = self.clients["clerk"].get(reverse(name, args=[self.found[thing]]))
                assert NAME in page.content.decode()
            for name in ("application-list", "household-list"):
                address = f"{reverse(name)}?export=1&q={NAME}"
                assert NAME in shown_by(self.clients["clerk"].get(address)), name
                assert NAME not in shown_by(self.clients["neighbour"].get(address)), name
