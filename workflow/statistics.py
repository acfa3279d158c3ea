"""Figures of a region and year: by programme, by village, days per step, shares returned and refused."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from statistics import median

from django.db.models import Count, Q, QuerySet, Sum

from applications.models import Application, HistoryEntry
from applications.states import State
from registry.models import Region
from registry.scope import within
from workflow import summaries
from workflow.models import Act, Decision
from workflow.steps import STEPS

SECONDS_A_DAY = 86_400


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
    """How many of the cases handed in were returned or refused at a level, or withdrawn."""

    label: str
    cases: int
    of: int

    @property
    def percent(self) -> float:
        return round(100 * self.cases / self.of, 1) if self.of else 0.0


def handed_in(region: Region, *, year: int) -> QuerySet[Application]:
    """Cases of the year's programmes in the region that were ever handed in."""
    rows = Application.objects.filter(within([region.prefix]), programme__year=year)
    return rows.exclude(state=State.DRAFT).filter(decisions__act=Act.SUBMIT).distinct()


def by_programme(region: Region, *, year: int, as_of: date) -> list[Group]:
    return _groups(region, "programme__name", year=year, as_of=as_of)


def by_village(region: Region, *, year: int, as_of: date) -> list[Group]:
    return _groups(region, "village__name", year=year, as_of=as_of)


def _groups(region: Region, field: str, *, year: int, as_of: date) -> list[Group]:
    rows = (
        summaries.announced(region, year=year, as_of=as_of)
        .order_by()
        .values(field)
        .annotate(
            cases=Count("pk", distinct=True),
            households=Count("household", distinct=True),
            persons=Count("member", distinct=True),
            total=Sum("amount"),
        )
        .order_by("-total", field)
    )
    return [
        Group(row[field], row["cases"], row["households"], row["persons"], row["total"] or Decimal(0))
        for row in rows
    ]


def days_per_step(region: Region, *, year: int) -> list[StepTime]:
    """Mean, median and longest stay per step, from the history lines that entered and left it; one statement."""
    lines = (
        HistoryEntry.objects.filter(
            within([region.prefix], "application__village__code"), application__programme__year=year
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


def shares(region: Region, *, year: int) -> list[Share]:
    """Returned, refused and withdrawn cases out of those handed in; two statements."""
    base = handed_in(region, year=year)
    total = base.count()
    decisions = Decision.objects.filter(application__in=base).order_by()
    counted = decisions.aggregate(
        returned=Count("application", filter=Q(act=Act.SEND_BACK), distinct=True),
        corrected=Count("application", filter=Q(act=Act.CORRECT), distinct=True),
        cut=Count("application", filter=Q(act__in=_PASSES, working__gt=""), distinct=True),
        refused=Count("application", filter=Q(act=Act.REJECT), distinct=True),
        withdrawn=Count("application", filter=Q(act=Act.WITHDRAW), distinct=True),
        announced=Count("application", filter=Q(act=Act.ANNOUNCE), distinct=True),
    )
    labels = {
        "returned": "退回补正",
        "corrected": "公示更正",
        "cut": "核减",
        "refused": "不予批准",
        "withdrawn": "撤回",
        "announced": "已公告",
    }
    return [Share(label, counted[name], total) for name, label in labels.items()]


_PASSES = [Act.PASS_VILLAGE, Act.PASS_TOWNSHIP, Act.PASS_DISTRICT]
