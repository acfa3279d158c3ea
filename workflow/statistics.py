"""Figures of a region and year at the end of a day: by programme, by village, days per step, how cases ended."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from applications.models import Application, HistoryEntry
from applications.states import State
from registry.models import Region, RegionLevel
from registry.scope import within
from workflow import summaries
from workflow.models import Act, Decision
from workflow.steps import STEPS

SECONDS_A_DAY = 86_400
PASSES = (Act.PASS_VILLAGE, Act.PASS_TOWNSHIP, Act.PASS_DISTRICT)


@dataclass(frozen=True)
class Group:
    """Announced cases of one programme or one village."""

    name: str
    cases: int
    households: int
    persons: int
    amount: Decimal


@dataclass(frozen=True)
class StepTime:
    """How long cases stayed at one step, in days; only stays that have ended count."""

    label: str
    stays: int
    mean: float
    middle: float
    longest: float


@dataclass(frozen=True)
class Share:
    """How many of the cases handed in were returned or refused, or ended in another way."""

    label: str
    cases: int
    of: int

    @property
    def percent(self) -> float:
        return round(100 * self.cases / self.of, 1) if self.of else 0.0


def handed_in(region: Region, *, year: int, as_of: date) -> QuerySet[Application]:
    """Cases of the year's programmes in the region that had been handed in at the end of a day."""
    submitted = Decision.objects.filter(application=OuterRef("pk"), act=Act.SUBMIT, at__date__lte=as_of)
    return Application.objects.filter(within([region.prefix]), Exists(submitted), programme__year=year)


def by_programme(region: Region, *, year: int, as_of: date) -> list[Group]:
    """Announced cases per programme, all its versions together unless one was renamed; the most money first."""
    keys = ("programme__name", "programme__region", "programme__code")
    rows = _groups(region, *keys, year=year, as_of=as_of)
    return [_group(row["programme__name"], row) for row in rows]


def by_village(region: Region, *, year: int, as_of: date) -> list[Group]:
    """Announced cases per village; above a township a village is named with its own, since names repeat."""
    keys = ("village__name", "village__code", "village__parent__name")
    inside = region.level in (RegionLevel.TOWNSHIP, RegionLevel.VILLAGE)
    return [
        _group(
            row["village__name"] if inside else f"{row['village__parent__name']}{row['village__name']}", row
        )
        for row in _groups(region, *keys, year=year, as_of=as_of)
    ]


def _groups(region: Region, *keys: str, year: int, as_of: date) -> QuerySet[Application, dict[str, Any]]:
    return (
        summaries.announced(region, year=year, as_of=as_of)
        .order_by()
        .values(*keys)
        .annotate(
            cases=Count("pk", distinct=True),
            households=Count("household", distinct=True),
            persons=Count("member", distinct=True),
            total=Sum("amount"),
        )
        .order_by("-total", *keys)
    )


def _group(name: str, row: dict[str, Any]) -> Group:
    return Group(name, row["cases"], row["households"], row["persons"], row["total"])


def days_per_step(region: Region, *, year: int, as_of: date) -> list[StepTime]:
    """Mean, median and longest stay per step, from the history lines that entered and left it; one statement."""
    lines = (
        HistoryEntry.objects.filter(
            within([region.prefix], "application__village__code"),
            application__programme__year=year,
            at__date__lte=as_of,
        )
        .exclude(source=State.DRAFT, target=State.DRAFT)
        .order_by("application", "seq")
        .values_list("application_id", "source", "target", "at")
    )
    stays: dict[str, list[float]] = defaultdict(list)
    entered: dict[int, datetime] = {}
    for application, source, target, at in lines.iterator(chunk_size=2000):
        if source == target:
            continue
        if application in entered:
            stays[source].append((at - entered[application]).total_seconds() / SECONDS_A_DAY)
        entered[application] = at
    return [
        StepTime(
            step.public_label if not step.is_correction else step.staff_label,
            len(found),
            round(sum(found) / len(found), 1),
            round(median(found), 1),
            round(max(found), 1),
        )
        for state, step in STEPS.items()
        if (found := stays.get(state.value))
    ]


OUTCOMES = {
    "退回补正": Q(act=Act.SEND_BACK),
    "公示更正": Q(act=Act.CORRECT),
    "核减": Q(act__in=PASSES, working__gt=""),
    "不予批准": Q(act=Act.REJECT),
    "撤回": Q(act=Act.WITHDRAW),
    "逾期终止": Q(act=Act.LAPSE),
    "公告": Q(act=Act.ANNOUNCE),
    "公告后撤销": Q(act=Act.REVOKE),
}


def shares(region: Region, *, year: int, as_of: date) -> list[Share]:
    """What became of the cases handed in, each counted once in a line; two statements."""
    base = handed_in(region, year=year, as_of=as_of)
    counted = Decision.objects.filter(application__in=base, at__date__lte=as_of).aggregate(
        **{
            f"n{number}": Count("application", filter=which, distinct=True)
            for number, which in enumerate(OUTCOMES.values())
        }
    )
    total = base.count()
    return [Share(label, counted[f"n{number}"], total) for number, label in enumerate(OUTCOMES)]
