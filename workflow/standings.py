"""Gathering the facts around cases: two statements for any number of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import OuterRef, QuerySet, Value

from applications.models import Application
from applications.standing import Standing
from applications.states import Level
from workflow.models import (
    DECIDING,
    OPEN_OBJECTION,
    Decision,
    EntryOutcome,
    Objection,
    PostingEntry,
    PostingKind,
    PostingState,
)

RAN = frozenset({EntryOutcome.PASSED, EntryOutcome.NOT_PASSED})
"""Outcomes of entries whose sheet ran its full period and that were not taken out."""


def covers(entry: PostingEntry, application: Application) -> bool:
    """The entry ran its full period, was not taken out, and shows at least the quantity and amount of now.

    Household, person and programme of a case never change; who is paid and by which standard may.
    """
    return (
        entry.posting.state == PostingState.CLOSED
        and entry.outcome in RAN
        and application.payee_id == entry.payee_id
        and application.option == entry.option
        and application.quantity <= entry.quantity
        and application.amount <= entry.amount
    )


def covering_entries() -> QuerySet[PostingEntry]:
    """`covers` as a condition on an outer query of cases: the entries of a case that cover it."""
    return PostingEntry.objects.filter(
        application=OuterRef("pk"),
        outcome__in=RAN,
        posting__state=PostingState.CLOSED,
        payee=OuterRef("payee"),
        option=OuterRef("option"),
        quantity__gte=OuterRef("quantity"),
        amount__gte=OuterRef("amount"),
    )


def of(applications: Sequence[Application]) -> dict[int, Standing]:
    """The standing of each case, by key. `applications` carry the amounts that coverage is judged by."""
    keys = [application.pk for application in applications]
    by_key = {application.pk: application for application in applications}
    covered: dict[int, set[Level]] = defaultdict(set)
    displayed: set[int] = set()
    for entry in _entries(keys):
        if entry.outcome == EntryOutcome.ON_DISPLAY:
            displayed.add(entry.application_id)
        elif entry.level != PostingKind.ANNOUNCEMENT and covers(entry, by_key[entry.application_id]):
            covered[entry.application_id].add(Level(entry.level))
    objections, deciders = _objections_and_deciders(keys)
    return {
        key: Standing(
            covered=frozenset(covered[key]),
            on_display=key in displayed,
            open_objections=objections[key],
            deciders=_with_enterer(by_key[key], deciders[key]),
        )
        for key in keys
    }


def _entries(keys: Iterable[int]) -> Iterable[PostingEntry]:
    return (
        PostingEntry.objects.filter(application__in=list(keys), outcome__in=[EntryOutcome.ON_DISPLAY, *RAN])
        .select_related("posting")
        .order_by("pk")
    )


def _objections_and_deciders(
    keys: Iterable[int],
) -> tuple[dict[int, int], dict[int, dict[Level, set[int]]]]:
    """How many open objections each case has, and who decided on it at which level. One statement for both."""
    objections: dict[int, int] = defaultdict(int)
    deciders: dict[int, dict[Level, set[int]]] = defaultdict(lambda: defaultdict(set))
    objected = Objection.objects.filter(application__in=list(keys), state__in=list(OPEN_OBJECTION)).order_by()
    decided = Decision.objects.filter(application__in=list(keys), act__in=list(DECIDING)).order_by()
    rows = objected.values_list("application_id", Value(""), Value(0)).union(
        decided.values_list("application_id", "level", "by_id"), all=True
    )
    for application, level, by in rows:
        if level:
            deciders[application][Level(level)].add(by)
        else:
            objections[application] += 1
    return objections, deciders


def _with_enterer(application: Application, found: dict[Level, set[int]]) -> dict[Level, frozenset[int]]:
    """Entering for the household and 村级申报 are one level."""
    everybody = {level: frozenset(people) for level, people in found.items()}
    village = everybody.get(Level.VILLAGE, frozenset())
    return {**everybody, Level.VILLAGE: village | {application.entered_by_id}}
