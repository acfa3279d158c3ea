"""What the lists are narrowed, searched and sorted by, and their sums; each begins with what a person may see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Case, Count, Exists, Model, OuterRef, Q, QuerySet, Sum, When

from applications.models import Application
from applications.states import FINAL, OPEN, REVIEWS, State
from registry.appointments import Actor
from registry.models import Household, Member, MemberStatus, MonitorPeriod, Relationship
from registry.scope import within
from workflow import doubts, worklists
from workflow.doubts import Bounds
from workflow.models import Decision, Posting, PostingEntry
from workflow.steps import STEPS

Rows = TypeVar("Rows", bound=Model)
SOON = timedelta(days=3)
GROUPS = {"open": OPEN, "ended": FINAL}
"""States that are asked for together: all that is under way, all that has ended."""
CHAIN = Case(
    *(When(state=state, then=place) for place, state in enumerate([State.DRAFT, *STEPS])), default=99
)
"""A state's place in the chain; what has ended comes last."""


@dataclass(frozen=True)
class Sums:
    """Cases with their distinct households and persons, and the money that stands now, in yuan."""

    cases: int
    households: int
    persons: int
    amount: Decimal


def sums(cases: QuerySet[Application]) -> Sums:
    """The sums over cases. Persons are those helped one by one, as in the year's figures. One statement."""
    found = cases.order_by().aggregate(
        cases=Count("pk"),
        households=Count("household", distinct=True),
        persons=Count("member", distinct=True),
        amount=Sum("amount"),
    )
    return Sums(found["cases"], found["households"], found["persons"], found["amount"] or Decimal(0))


def sums_behind(rows: QuerySet[Any]) -> Sums:
    """The sums over the cases that rows hang on, each case once."""
    return sums(Application.objects.filter(pk__in=rows.order_by().values("application")))


def named(text: str, case: str = "") -> Q:
    """Cases (or what hangs on them) by number, household number, or the name of whom they are about."""
    people = Member.objects.called(text).values("pk")
    heads = Member.objects.called(text).filter(relationship=Relationship.HEAD).values("household")
    return (
        Q(**{f"{case}number__icontains": text})
        | Q(**{f"{case}household__number__icontains": text})
        | Q(**{f"{case}member__in": people})
        | Q(**{f"{case}payee__in": people})
        | Q(**{f"{case}household__in": heads})
    )


def of_case(rows: QuerySet[Rows], wanted: Mapping[str, Any], case: str = "") -> QuerySet[Rows]:
    """Keep what is asked of the case itself: programme, place, and a text."""
    if "programme" in wanted:
        rows = rows.filter(**{f"{case}programme": wanted["programme"]})
    if "village" in wanted:
        rows = rows.filter(within([wanted["village"].prefix], f"{case}village__code"))
    if text := wanted.get("q", "").strip():
        rows = rows.filter(named(text, case))
    return rows


def between(
    rows: QuerySet[Rows], wanted: Mapping[str, Any], field: str, *, moment: bool = False
) -> QuerySet[Rows]:
    """Keep the days from `since` to `until`, both counted."""
    day = f"{field}__date" if moment else field
    bounds = {"since": f"{day}__gte", "until": f"{day}__lte"}
    return rows.filter(**{bound: wanted[name] for name, bound in bounds.items() if name in wanted})


def bounds(actor: Actor) -> Bounds:
    """What the amounts of the cases that a person sees are compared with."""
    return doubts.bounds(Application.objects.visible_to(actor))


def cases(
    actor: Actor, wanted: Mapping[str, Any], *, today: date, known: Callable[[], Bounds] | None = None
) -> QuerySet[Application]:
    """The cases a person may see, as far as the filter asks for them; `known` gives the bounds for the doubts."""
    rows = between(of_case(Application.objects.visible_to(actor), wanted), wanted, "applied_on")
    if "state" in wanted:
        states = GROUPS.get(wanted["state"]) or [wanted["state"]]
        rows = rows.filter(state__in=list(states))
    if "due" in wanted:
        rows = rows.filter(worklists.is_over(today) if wanted["due"] == "over" else worklists.is_near(today))
    if "mine" in wanted:
        own = wanted["mine"] == "taken"
        rows = rows.filter(worklists.is_taken_by(actor) if own else worklists.mine(actor))
    if "doubts" in wanted:
        doubtful = doubts.is_doubtful(known() if known else bounds(actor))
        rows = doubts.annotated(rows).filter(doubtful if wanted["doubts"] == "some" else ~doubtful)
        rows = rows.filter(state__in=list(REVIEWS))
    return rows


def decisions(actor: Actor, wanted: Mapping[str, Any]) -> QuerySet[Decision]:
    """What the person has decided, on cases that lie within their regions today."""
    own = Decision.objects.filter(
        within(actor.may_read_prefixes, "application__village__code"), by=actor.user_id
    )
    rows = between(of_case(own, wanted, "application__"), wanted, "at", moment=True)
    if "act" in wanted:
        rows = rows.filter(act=wanted["act"])
    if "state" in wanted:
        states = GROUPS.get(wanted["state"]) or [wanted["state"]]
        rows = rows.filter(application__state__in=list(states))
    return rows


def objections(rows: QuerySet[Any], wanted: Mapping[str, Any], *, today: date) -> QuerySet[Any]:
    """Objections as far as the filter asks for them; `rows` carry the due date. The objector is never searched."""
    rows = between(rows, wanted, "received_at", moment=True)
    plain = {"level": "handling_level", "channel": "channel"}
    rows = rows.filter(**{field: wanted[name] for name, field in plain.items() if name in wanted})
    if wanted.get("due") == "over":
        rows = rows.filter(due_on__lt=today)
    elif wanted.get("due") == "near":
        rows = rows.filter(near_on__lte=today, due_on__gte=today)
    text = wanted.get("q", "").strip()
    rows = of_case(rows, {name: wanted[name] for name in wanted if name != "q"}, "application__")
    return rows.filter(Q(number__icontains=text) | named(text, "application__")) if text else rows


def postings(actor: Actor, wanted: Mapping[str, Any], *, today: date) -> QuerySet[Posting]:
    """The sheets a person may see. A name is looked for among the rows of their own regions only."""
    visible = Posting.objects.visible_to(actor)
    if wanted.get("due") == "over":
        visible = visible.on_display().filter(closes_on__lt=today)
    elif wanted.get("due") == "near":
        visible = visible.on_display().filter(closes_on__range=(today, today + SOON))
    rows: QuerySet[Posting] = between(visible, wanted, "displayed_on")
    if "programme" in wanted:
        rows = rows.filter(programme=wanted["programme"])
    if "village" in wanted:
        rows = rows.filter(within([wanted["village"].prefix], "region__code"))
    if "kind" in wanted:
        rows = rows.filter(kind=wanted["kind"])
    if text := wanted.get("q", "").strip():
        listed = PostingEntry.objects.filter(
            within(actor.may_read_prefixes, "application__village__code"), named(text, "application__")
        )
        found = Q(title__icontains=text) | Q(number__icontains=text)
        rows = rows.filter(found | Q(pk__in=listed.values("posting")))
    return rows


def households(actor: Actor, wanted: Mapping[str, Any]) -> QuerySet[Household]:
    """The households of a person's villages."""
    rows = worklists.households(actor, text=wanted.get("q", ""))
    if "village" in wanted:
        rows = rows.filter(within([wanted["village"].prefix]))
    if "category" in wanted:
        rows = rows.filter(category=wanted["category"])
    if "monitor" in wanted:
        marked = MonitorPeriod.objects.filter(household=OuterRef("pk"), cleared_on__isnull=True)
        if wanted["monitor"] != "any":
            marked = marked.filter(monitor_type=wanted["monitor"])
        rows = rows.filter(Exists(marked))
    return rows


def received(year: int) -> QuerySet[Application]:
    """What was announced under a year's programmes: the money that the households get."""
    return Application.objects.filter(state=State.ANNOUNCED, programme__year=year)


def household_sums(rows: QuerySet[Household], *, year: int) -> Sums:
    """Households with their living members, and what they were announced in a year. Two statements."""
    alive = Q(members__status=MemberStatus.ALIVE)
    found = rows.order_by().aggregate(
        households=Count("pk", distinct=True), persons=Count("members", filter=alive)
    )
    given = received(year).filter(household__in=rows.order_by().values("pk")).order_by()
    money = given.aggregate(n=Count("pk"), amount=Sum("amount"))
    return Sums(money["n"], found["households"], found["persons"], money["amount"] or Decimal(0))
