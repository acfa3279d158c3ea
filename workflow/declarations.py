"""What the village has to have done before it declares a case (村级申报): a visit, an appraisal, the papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Sum

from applications import papers
from applications.models import Application, AppraisalItem, VerificationVisit


@dataclass(frozen=True)
class Work:
    """The village's work on one case as it stands."""

    visited: bool
    refuted: bool
    appraisal: AppraisalItem | None
    papers: tuple[str, ...]

    @property
    def lacking(self) -> list[str]:
        """What is still missing, in the order in which it is done; empty where the case may be declared."""
        found = []
        if not self.visited:
            found.append("还没有登记情况属实的入户核实")
        if self.appraisal is None:
            found.append("还没有经过民主评议")
        elif not self.appraisal.passed:
            found.append("民主评议没有通过")
        if self.papers:
            found.append(f"缺少材料：{'、'.join(self.papers)}")
        return found


def work(cases: Sequence[Application]) -> dict[int, Work]:
    """The work on each case, by key: three statements for any number of them."""
    if not cases:
        return {}
    keys = [case.pk for case in cases]
    visits = VerificationVisit.objects.filter(application__in=keys).order_by()
    said: dict[int, set[bool]] = {}
    for key, confirmed in visits.values_list("application_id", "confirmed"):
        said.setdefault(key, set()).add(confirmed)
    items = AppraisalItem.objects.filter(application__in=keys).select_related("meeting")
    appraised = {item.application_id: item for item in items.order_by("meeting__held_on", "pk")}
    missing = papers.missing(cases)
    return {
        key: Work(
            visited=True in said.get(key, ()),
            refuted=said.get(key) == {False},
            appraisal=appraised.get(key),
            papers=tuple(missing[key]),
        )
        for key in keys
    }


VISITED = Exists(VerificationVisit.objects.filter(application=OuterRef("pk"), confirmed=True))
APPRAISED = Exists(AppraisalItem.objects.filter(application=OuterRef("pk")))


def nearly_done() -> Any:
    """Of an outer query of cases those that were visited and appraised; `work` says whether all of it is right."""
    return ExpressionWrapper(Q(VISITED) & Q(APPRAISED), BooleanField())


@dataclass(frozen=True)
class Tally:
    """A village's list in numbers."""

    pk: int
    name: str
    n: int
    amount: Decimal
    to_visit: int
    to_appraise: int


def tallies(cases: QuerySet[Application]) -> list[Tally]:
    """The numbers of each village's list, counted by the database in one statement."""
    rows = (
        cases.order_by("village__code")
        .values("village_id", "village__name")
        .annotate(
            n=Count("pk"),
            amount_of_all=Sum("amount"),
            to_visit=Count("pk", filter=~VISITED),
            to_appraise=Count("pk", filter=~APPRAISED),
        )
    )
    return [
        Tally(
            row["village_id"],
            row["village__name"],
            row["n"],
            row["amount_of_all"],
            row["to_visit"],
            row["to_appraise"],
        )
        for row in rows
    ]
