"""The township's summary (乡镇上报汇总表): the cases that it passed under one programme, with totals per village."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from applications.models import Application, Programme
from applications.states import LEVEL_OF, OPEN, Level, State
from registry.appointments import Actor
from registry.models import Member, MemberStatus, Region, RegionLevel
from registry.refusal import Refused
from registry.scope import within
from workflow.models import Act, EntryOutcome, Posting, PostingKind, PostingState

PASSED = frozenset(
    {State.TOWNSHIP_POSTING, State.ANNOUNCED} | {state for state in OPEN if LEVEL_OF[state] is Level.DISTRICT}
)
"""Where a case lies while its township's pass stands."""

MOST_ROWS = 2_000
"""Lines of one paper: some fifty sheets of A4. More than that nobody seals as one."""


class RollTooLong(Refused):
    """More rows than one paper holds."""


@dataclass(frozen=True)
class Line:
    """One case on the paper."""

    position: int
    case: Application

    @property
    def name(self) -> str:
        return self.case.beneficiary_name


@dataclass(frozen=True)
class Sum:
    """Totals of a village, or of all."""

    cases: int
    households: int
    persons: int
    claimed: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Village:
    """One village's rows and their totals."""

    region: Region
    lines: Sequence[Line]
    total: Sum


@dataclass(frozen=True)
class Roll:
    """The whole paper."""

    township: Region
    programme: Programme
    villages: Sequence[Village]
    total: Sum
    posting: Posting | None
    since: date | None
    until: date | None

    @property
    def title(self) -> str:
        return f"{self.township.name}{self.programme}上报汇总表"


def townships(actor: Actor) -> QuerySet[Region]:
    """The townships that lie wholly within the person's regions: a village prints no paper of its township."""
    return Region.objects.within(actor.may_read_prefixes).filter(level=RegionLevel.TOWNSHIP).order_by("code")


def programmes(actor: Actor, township: Region) -> QuerySet[Programme]:
    """The programmes under which the township has passed something."""
    passed = _passed(actor, township).order_by().values("programme")
    return Programme.objects.filter(pk__in=passed)


def sheets(actor: Actor, township: Region) -> QuerySet[Posting]:
    """The township's own sheets that were put up."""
    shown = Posting.objects.visible_to(actor).filter(kind=PostingKind.TOWNSHIP, region=township)
    return (
        shown.exclude(state=PostingState.DRAFT).select_related("programme").order_by("-displayed_on", "-pk")
    )


def write(actor: Actor, township: Region, wanted: Mapping[str, Any]) -> Roll:
    """The paper of one programme: all that the township passed, or what one sheet or some days hold. Two statements."""
    programme: Programme = wanted["programme"]
    rows = _passed(actor, township).filter(programme=programme)
    if posting := wanted.get("posting"):
        rows = rows.filter(pk__in=posting.entries.exclude(outcome=EntryOutcome.REMOVED).values("application"))
    of_township = Q(decisions__act=Act.PASS_TOWNSHIP)
    rows = rows.annotate(passed_at=Max("decisions__at", filter=of_township))
    if since := wanted.get("since"):
        rows = rows.filter(passed_at__date__gte=since)
    if until := wanted.get("until"):
        rows = rows.filter(passed_at__date__lte=until)
    rows = rows.select_related("programme", "village", "household", "member", "payee")
    cases = list(rows.order_by("village__code", "household__number", "pk")[: MOST_ROWS + 1])
    if len(cases) > MOST_ROWS:
        raise RollTooLong(f"超过{MOST_ROWS}行，一张汇总表放不下。请按公示批次或者审核日期分开打印。")
    heads = {} if programme.per_person else _heads({case.household_id for case in cases})
    villages, position = [], 0
    for _, group in groupby(cases, key=lambda case: case.village_id):
        found = list(group)
        lines = [Line(position + number, case) for number, case in enumerate(found, 1)]
        position += len(found)
        villages.append(Village(found[0].village, lines, _sum(found, heads, per_person=programme.per_person)))
    total = _sum(cases, heads, per_person=programme.per_person)
    return Roll(
        township, programme, villages, total, wanted.get("posting"), wanted.get("since"), wanted.get("until")
    )


def _passed(actor: Actor, township: Region) -> QuerySet[Application]:
    rows = Application.objects.visible_to(actor).filter(within([township.prefix], "village__code"))
    return rows.in_states(PASSED)


def _heads(households: set[int]) -> dict[int, int]:
    """How many living persons each household has."""
    living = Member.objects.filter(household__in=households, status=MemberStatus.ALIVE).order_by()
    return dict(living.values_list("household").annotate(n=Count("pk")))


def _sum(cases: Sequence[Application], heads: Mapping[int, int], *, per_person: bool) -> Sum:
    """Persons are those helped one by one, or all living ones of the households that are helped as a whole."""
    households = {case.household_id for case in cases}
    persons = {case.member_id for case in cases if case.member_id}
    return Sum(
        cases=len(cases),
        households=len(households),
        persons=len(persons) if per_person else sum(heads.get(key, 0) for key in households),
        claimed=sum((case.claimed_amount for case in cases), Decimal(0)),
        amount=sum((case.amount for case in cases), Decimal(0)),
    )
