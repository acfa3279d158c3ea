"""Picking what to enter: the household, the programme, what was begun and not finished, and who comes next."""

from datetime import date

from django.db.models import Exists, F, Max, OuterRef, QuerySet

from applications.models import Application, Programme, ProgrammeKind
from applications.states import LIVE
from registry.appointments import Actor
from registry.models import Household, Role
from registry.scope import lineage
from workflow import worklists

RECORDS = frozenset({ProgrammeKind.TRAINING, ProgrammeKind.FINANCE})
RECENT = 6


def programmes_open(village: str, *, today: date) -> list[Programme]:
    """The programmes open today for a village's code, the newest version of each."""
    rows = Programme.objects.filter(
        region__code__in=lineage(village),
        active=True,
        opens_on__lte=today,
        closes_on__gte=today,
    ).exclude(kind__in=RECORDS)
    newest: dict[tuple[int, str, int], Programme] = {}
    for row in rows.select_related("region").order_by("year", "code", "version"):
        newest[row.region_id, row.code, row.year] = row
    return list(newest.values())


def programmes_for(household: Household, *, today: date) -> list[Programme]:
    """Those of them whose categories fit the household."""
    found = programmes_open(household.village.code, today=today)
    return [row for row in found if household.category in row.target_categories]


def recent(actor: Actor) -> QuerySet[Household]:
    """The households that the person entered for last."""
    entered = Application.objects.filter(entered_by=actor.user_id).order_by()
    last = entered.values("household").annotate(last=Max("pk")).order_by("-last")[:RECENT]
    rows = worklists.households(actor, roles=(Role.VILLAGE_CLERK,))
    rows = rows.filter(pk__in=[row["household"] for row in last])
    return rows.annotate(last=Max("applications__pk")).order_by(F("last").desc())


def following(actor: Actor, household: Household, programme: Programme) -> Household | None:
    """The next household of the village without a case under the programme, after the last back at the first."""
    cases = Application.objects.filter(
        household=OuterRef("pk"),
        programme__region=programme.region_id,
        programme__code=programme.code,
        programme__year=programme.year,
        state__in=list(LIVE),
    )
    rows = worklists.households(actor, roles=(Role.VILLAGE_CLERK,)).filter(
        ~Exists(cases), village=household.village_id, category__in=programme.target_categories
    )
    rows = rows.exclude(pk=household.pk).exclude(pk__in=actor.interests).order_by("number")
    return rows.filter(number__gt=household.number).first() or rows.first()
