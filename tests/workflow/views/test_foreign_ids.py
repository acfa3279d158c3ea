"""Ids of another village in a form, an address or a list: refused, nothing changed, not a byte of the other village."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import resolve

from applications.models import Application, Programme, RequiredPaper
from notifications.models import Message, MessageState
from registry.models import Household, RegionLevel
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import all_rows
from tests.workflow.views.sheets import heading as typed_again
from tests.world import World, programme, region
from workflow.models import Posting, PostingKind
from workflow.views.drafting import address as picker

NAME = "金丝雀户主"


@dataclass
class Two:
    """The first village's things, and those of its neighbour, whose clerk swaps the ids."""

    world: World
    draft: Application
    waiting: Application
    slip: Message
    sheet: Posting
    hanging: Posting
    own_draft: Application
    own_waiting: Application
    own_submitted: Application
    own_sheet: Posting

    @property
    def foreign(self) -> Household:
        return self.draft.household

    @property
    def own(self) -> Household:
        return self.own_draft.household


def waiting_in(world: World, village: int, name: str) -> Application:
    case = stages.submitted(world, village=village, household=world.household(village=village, name=name))
    stages.passed(world, [case], by=world.clerks[village], now=world.now)
    return stages.again(case)


@pytest.fixture
def two(world: World) -> Two:
    cache.clear()
    returned = stages.submitted(world, household=world.household(name=NAME))
    stages.returned(world, returned, by=world.clerk, now=world.now)
    drafts = {
        village: stages.draft(
            world,
            village=village,
            household=world.household(village=village, name=NAME if not village else ""),
        )
        for village in (0, 1)
    }

    def sheet(village: int) -> Posting:
        listed = waiting_in(world, village, "" if village else NAME)
        return stages.sheet(world, [listed], kind=PostingKind.VILLAGE, now=world.now, village=village)

    shown = waiting_in(world, 0, NAME)
    return Two(
        world=world,
        draft=drafts[0],
        waiting=waiting_in(world, 0, NAME),
        slip=Message.objects.get(household=returned.household, channel="slip"),
        sheet=sheet(0),
        hanging=stages.displayed(world, [shown], kind=PostingKind.VILLAGE, now=world.now),
        own_draft=drafts[1],
        own_waiting=waiting_in(world, 1, ""),
        own_submitted=stages.submitted(world, village=1),
        own_sheet=sheet(1),
    )


@dataclass(frozen=True)
class Sent:
    """What is posted where; on top of the form as it was shown, where `shown` is set."""

    address: str
    body: dict[str, Any]
    shown: bool = False


def ref(case: Application) -> str:
    return f"{case.pk}:{case.revision}"


def enter(two: Two, grant: Programme, **swapped: Any) -> Sent:
    query = f"?household={two.own.pk}&programme={grant.pk}"
    return Sent(url("application-new") + query, {"quantity": "2", "committed": "on", **swapped}, shown=True)


def draft_sheet(two: Two, **swapped: Any) -> Sent:
    world = two.world
    return Sent(picker(PostingKind.VILLAGE, world.villages[1].pk, world.grain.pk), swapped, shown=True)


def elsewhere() -> Programme:
    """A programme of a district that nobody here has an appointment in."""
    return programme(region("990102000000", "外区", RegionLevel.COUNTY), name=NAME)


def foreign_paper(two: Two) -> RequiredPaper:
    return RequiredPaper.objects.create(programme=elsewhere(), name=NAME, compulsory=True)


def member(household: Household) -> int:
    return household.members.get().pk


MEETING = {
    "kind": "assembly",
    "held_on": "2021-03-01",
    "place": "村部",
    "entitled": "30",
    "present": "24",
    "chair": "钱主任",
    "recorder": "孙文书",
    "minutes": "逐户评议。",
}

SWAPS: dict[str, tuple[int, Callable[[Two], Sent]]] = {
    "submit another village's draft in a batch": (
        404,
        lambda two: Sent(url("application-batch"), {"act": "submit", "ids": [ref(two.draft)], "key": "k"}),
    ),
    "submit it among own ones": (
        404,
        lambda two: Sent(
            url("application-batch"),
            {"act": "submit", "ids": [ref(two.own_draft), ref(two.draft)], "key": "k"},
        ),
    ),
    "pass it among own ones": (
        404,
        lambda two: Sent(
            url("application-batch"),
            {"act": "pass_on", "ids": [ref(two.own_submitted), ref(two.waiting)], "key": "k"},
        ),
    ),
    "enter for another village's household": (
        404,
        lambda two: Sent(
            f"{url('application-new')}?household={two.foreign.pk}&programme={two.world.grain.pk}",
            {"quantity": "2", "committed": "on", "applied_on": "2021-03-01", "key": "k"},
        ),
    ),
    "enter under another district's programme": (
        404,
        lambda two: Sent(
            f"{url('application-new')}?household={two.own.pk}&programme={elsewhere().pk}",
            {"quantity": "2", "committed": "on", "applied_on": "2021-03-01", "key": "k"},
        ),
    ),
    "enter with another household's payee": (
        422,
        lambda two: enter(two, two.world.grain, payee=member(two.foreign)),
    ),
    "enter for another household's member": (
        422,
        lambda two: enter(two, two.world.travel, member=member(two.foreign), quantity="1"),
    ),
    "enter as following another household's case": (
        422,
        lambda two: enter(two, two.world.travel, member=member(two.own), follows=two.draft.pk),
    ),
    "amend with another household's payee": (
        422,
        lambda two: Sent(
            url("application-amend", two.own_draft.pk), {"payee": member(two.foreign)}, shown=True
        ),
    ),
    "hand in a paper of another programme": (
        422,
        lambda two: Sent(
            url("application-attach", two.own_draft.pk), {"paper": foreign_paper(two).pk}, shown=True
        ),
    ),
    "appraise another village's case": (
        422,
        lambda two: Sent(
            url("meeting-new", two.world.villages[1].pk),
            {**MEETING, "key": "k", f"pick{two.draft.pk}": "on", f"vote{two.draft.pk}": "24"},
        ),
    ),
    "list another village's case on a sheet": (
        422,
        lambda two: draft_sheet(two, applications=[two.own_waiting.pk, two.waiting.pk]),
    ),
    "draft a sheet of another village": (
        404,
        lambda two: Sent(
            picker(PostingKind.VILLAGE, two.world.village.pk, two.world.grain.pk),
            {"applications": [two.waiting.pk], "title": "示例", "key": "k"},
        ),
    ),
    "draft a sheet under another district's programme": (
        404,
        lambda two: Sent(
            picker(PostingKind.VILLAGE, two.world.villages[1].pk, elsewhere().pk), {"title": "示例"}
        ),
    ),
    "put up another village's sheet beside the own": (
        404,
        lambda two: Sent(
            url("posting-display"),
            {"ids": f"{two.own_sheet.pk},{two.sheet.pk}", "place": "村部", "key": "k"},
        ),
    ),
    "hand over another village's slip": (404, lambda two: Sent(url("slip-list"), {"slip": [two.slip.pk]})),
    "read another person's message": (
        404,
        lambda two: Sent(
            url("message-read", Message.objects.filter(recipient=two.world.clerk).earliest("pk").pk), {}
        ),
    ),
    "send a dead message again": (
        404,
        lambda two: Sent(url("operations-resend"), {"message": [two.slip.pk]}),
    ),
    "let a thing that failed be tried again": (
        404,
        lambda two: Sent(url("operations-again"), {"setback": [1]}),
    ),
    "name another village's clerk as substitute": (
        422,
        lambda two: Sent(
            url("message-settings"),
            {"substitute": two.world.clerk.pk, "starts_on": "2021-03-01", "ends_on": "2021-03-02"},
        ),
    ),
}


def rows(world: World) -> dict[str, Any]:
    told = Message.objects.order_by("pk").values_list("pk", "state", "read_at", "sent_at", "handled_by")
    return {**all_rows(), "told": list(told)}


@pytest.mark.parametrize("what", SWAPS)
def test_another_villages_id_is_refused_logged_and_changes_nothing(
    two: Two, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """404 where the id names the thing of the page; 422 where it is one choice of a form, whose text is kept."""
    status, swap = SWAPS[what]
    neighbour = as_(two.world.clerks[1])
    Message.objects.filter(recipient__isnull=False).update(state=MessageState.SENT)
    with clock_at(two.world.now):
        sent = swap(two)
        body = sent.body
        if sent.shown:
            page = neighbour.get(sent.address)
            assert page.status_code == 200
            body = typed_again(page, **body)
        before = rows(two.world)
        caplog.clear()
        answer = neighbour.post(sent.address, body)
        lines = [record for record in caplog.records if record.name == "access.refused"]
        texts = [answer.content]
        if answer.status_code == 302:
            texts.append(neighbour.get(answer["Location"]).content)
    assert answer.status_code == status
    assert [vars(line)["user"] for line in lines] == [two.world.clerks[1].pk]
    route = f"/{resolve(sent.address.partition('?')[0]).route}"
    assert (vars(lines[0])["route"], vars(lines[0])["status"]) == (route, status)
    said = lines[0].getMessage()
    assert not [name for name in (NAME, two.world.clerks[1].name, two.foreign.number) if name in said]
    assert rows(two.world) == before
    secrets = [NAME, two.foreign.number, two.draft.number, two.waiting.number]
    assert [secret for secret in secrets if any(secret.encode() in text for text in texts)] == []


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("application-list", "village={village}"),
        ("application-list", "q={number}"),
        ("household-list", "village={village}"),
        ("household-list", "q=" + NAME),
        ("objection-list", "tab=all&village={village}"),
        ("posting-list", "tab=displayed"),
        ("application-new", "q=" + NAME),
        ("slip-list", ""),
        ("overdue-list", ""),
        ("meeting-list", ""),
        ("desk", ""),
    ],
)
def test_another_villages_id_or_name_in_a_filter_finds_nothing(two: Two, page: str, query: str) -> None:
    asked = query.format(village=two.world.village.pk, number=two.draft.number)
    with clock_at(two.world.now):
        answer = as_(two.world.clerks[1]).get(f"{url(page)}?{asked}")
    assert answer.status_code == 200
    # The page repeats what was asked for; whatever else it knew would show.
    secrets = [secret for secret in (NAME, two.foreign.number, two.draft.number) if secret not in asked]
    assert [secret for secret in secrets if secret in answer.content.decode()] == []


def test_another_villages_sheet_is_never_supplemented(two: Two) -> None:
    neighbour = as_(two.world.clerks[1])
    with clock_at(two.world.now):
        sent = draft_sheet(two, supplements=two.hanging.pk)
        answer = neighbour.post(sent.address, typed_again(neighbour.get(sent.address), **sent.body))
    made = Posting.objects.latest("pk")
    assert (answer.status_code, made.region, made.supplements) == (302, two.world.villages[1], None)
