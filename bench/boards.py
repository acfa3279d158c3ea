"""Public rows in bulk for `bench.public`: sheets that hang, announcements, and the decisions the figures count."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from uuid import uuid4

from applications.models import Application
from applications.states import Level, State
from registry import clock
from registry.models import Household, Member, RegionLevel
from tests.world import World, build, region
from workflow.models import (
    Act,
    AnnouncementSheet,
    Decision,
    EntryOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.sheets import PUBLIC_FIELDS

BATCH = 2_000
TOWNSHIP_SIZE = 10


@dataclass(frozen=True)
class Boards:
    """One sheet of each sort, and a village that has rows."""

    hanging: Posting
    announced: Posting
    long: Posting
    village: str


def fill(rows: int, *, length: int, long: int, villages: int, hanging: int) -> Boards:
    """So many rows on sheets of `length`, one in `hanging` of them on display, and one sheet of `long` rows more."""
    world = build()
    heads = _heads(world, villages)
    sheets = [
        _posting(world, number, hangs=number % hanging == 0) for number in range(max(hanging, rows // length))
    ]
    sheets.append(_posting(world, len(sheets), hangs=True))
    made = Posting.objects.bulk_create(sheets, batch_size=BATCH)
    lengths = [length] * (len(made) - 1) + [long]
    places = [(posting, at) for posting, many in zip(made, lengths, strict=True) for at in range(1, many + 1)]
    _entries(world, heads, places)
    AnnouncementSheet.objects.bulk_create(
        AnnouncementSheet(
            posting=posting,
            place="示例",
            content="示例",
            index_number=f"示例/{posting.pk}",
            announced_on=posting.displayed_on,
        )
        for posting in made
        if posting.is_announcement
    )
    announced = min((one for one in made if one.is_announcement), key=lambda one: (one.displayed_on, one.pk))
    return Boards(made[0], announced, made[-1], heads[0].household.village.code)


def _heads(world: World, villages: int) -> list[Member]:
    """Two households in each of the villages; the rows are dealt out among them."""
    found = []
    township = world.township
    for number in range(villages):
        if number % TOWNSHIP_SIZE == 0:
            code = f"990101{100 + number // TOWNSHIP_SIZE}000"
            township = region(code, f"示例{number}镇", RegionLevel.TOWNSHIP, world.county)
        code = f"{township.code[:9]}{200 + number % TOWNSHIP_SIZE}"
        village = region(code, f"示例{number}号村", RegionLevel.VILLAGE, township)
        for _ in range(2):
            household = world.household()
            Household.objects.filter(pk=household.pk).update(village=village)
            found.append(Member.objects.select_related("household__village").get(household=household))
    return found


def _posting(world: World, number: int, *, hangs: bool) -> Posting:
    today = clock.today()
    on = today - timedelta(days=1 if hangs else number % 300)
    return Posting(
        kind=PostingKind.TOWNSHIP if hangs else PostingKind.ANNOUNCEMENT,
        region=world.township if hangs else world.county,
        programme=world.grain if number % 2 else world.travel,
        title=f"示例第{number}号{'公示' if hangs else '公告'}",
        legal_basis="示例文件〔示例〕",
        standard="每亩300元",
        text="现将名单公示如下。",
        objection_way="当面、电话或者网上提出。",
        number=f"示例〔{number}〕",
        state=PostingState.DISPLAYED if hangs else PostingState.PUBLISHED,
        created_by=world.clerk,
        created_at=clock.now(),
        displayed_on=on,
        days=10 if hangs else None,
        unit="calendar" if hangs else "",
        closes_on=today + timedelta(days=9) if hangs else None,
    )


def _entries(world: World, heads: list[Member], places: list[tuple[Posting, int]]) -> None:
    """The cases, their rows, and the decision that announced each of those that are announced."""
    waiting = iter(enumerate(places))
    while batch := list(islice(waiting, BATCH)):
        cases = Application.objects.bulk_create(
            _case(world, heads[number % len(heads)], posting, number) for number, (posting, _) in batch
        )
        pairs = [(case, posting, at) for case, (_, (posting, at)) in zip(cases, batch, strict=True)]
        PostingEntry.objects.bulk_create(_entry(case, posting, at) for case, posting, at in pairs)
        Decision.objects.bulk_create(
            _decision(world, case) for case, posting, _ in pairs if posting.is_announcement
        )


def _case(world: World, head: Member, posting: Posting, number: int) -> Application:
    return Application(
        number=f"示例-{number:07d}",
        programme=posting.programme,
        village=head.household.village,
        household=head.household,
        payee=head,
        quantity=3,
        claimed_quantity=3,
        amount=900,
        claimed_amount=900,
        applied_on=clock.today(),
        entered_by=world.clerk,
        entered_at=clock.now(),
    )


def _entry(case: Application, posting: Posting, at: int) -> PostingEntry:
    row = dict.fromkeys(PUBLIC_FIELDS, "示例")
    return PostingEntry(
        posting=posting,
        application=case,
        level=posting.kind,
        position=at,
        quantity=3,
        amount=900,
        payee=case.payee,
        row={
            **row,
            "id_tail": "",
            "claimed_amount": "900.00",
            "amount": "900.00",
            "quantity": "3",
            "unit": "亩",
        },
        outcome=EntryOutcome.ANNOUNCED if posting.is_announcement else EntryOutcome.ON_DISPLAY,
    )


def _decision(world: World, case: Application) -> Decision:
    return Decision(
        application=case,
        act=Act.ANNOUNCE,
        level=Level.DISTRICT,
        by=world.approver,
        at=clock.now() - timedelta(days=1),
        source=State.ANNOUNCEMENT,
        target=State.ANNOUNCED,
        quantity_before=3,
        quantity_after=3,
        amount_before=900,
        amount_after=900,
        batch=uuid4(),
    )
