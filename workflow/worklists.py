"""What lies on whose desk: counts per step and lists of cases, within a person's regions and roles (待办)."""

from dataclasses import dataclass
from datetime import date

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)

from applications.models import Application, Programme
from applications.states import CORRECTIONS, Level, State
from registry.appointments import Actor
from registry.models import Household, Member, MonitorPeriod, Region, RegionLevel, Relationship, Role
from registry.scope import lineage, within
from workflow.models import (
    OPEN_OBJECTION,
    Act,
    Deadline,
    Decision,
    EntryOutcome,
    Objection,
    ObjectionOutcome,
    Posting,
    PostingEntry,
    PostingState,
    ReviewTask,
)
from workflow.permissions import Taken
from workflow.standings import RAN
from workflow.steps import LEVEL_ROLE, POSTING_STATE, STEPS

NOTHING = Q(pk__in=[])


@dataclass(frozen=True)
class Pile:
    """One step on a desk: its cases, those late and nearly late.

    At a posting step `waiting` cases wait for a sheet, `hanging` are on display, and the rest (`held`) have
    run their period and wait for an objection. Elsewhere all are waiting for the person.
    """

    state: State
    count: int
    over: int
    near: int
    hanging: int
    held: int

    @property
    def waiting(self) -> int:
        return self.count - self.hanging - self.held


def open_deadlines() -> QuerySet[Deadline]:
    """The due date of the step that a case is in, while it runs: one that rests is neither near nor over."""
    return Deadline.objects.filter(
        application=OuterRef("pk"),
        objection__isnull=True,
        settled_at__isnull=True,
        paused_on__isnull=True,
    )


def _resting() -> QuerySet[Deadline]:
    """The due date of the step that a case is in, while it rests."""
    return Deadline.objects.filter(
        application=OuterRef("pk"),
        objection__isnull=True,
        settled_at__isnull=True,
        paused_on__isnull=False,
    )


def is_over(today: date) -> Q:
    """Cases whose due date has passed."""
    return Q(Exists(open_deadlines().filter(due_on__lt=today)))


def is_near(today: date) -> Q:
    """Cases whose due date is near, as their programme sets it, and has not passed."""
    return Q(Exists(open_deadlines().filter(near_on__lte=today, due_on__gte=today)))


def is_hanging() -> Q:
    """Cases on a sheet that is on display."""
    return Q(Exists(PostingEntry.objects.filter(application=OuterRef("pk"), outcome=EntryOutcome.ON_DISPLAY)))


def is_held() -> Q:
    """Cases in a posting step whose period ran and covers them: they wait for an objection, not for a sheet."""
    of_this_step = NOTHING
    for level, state in POSTING_STATE.items():
        of_this_step |= Q(level=level, application__state=state)
    ran = PostingEntry.objects.filter(
        of_this_step,
        application=OuterRef("pk"),
        outcome__in=RAN,
        posting__state=PostingState.CLOSED,
        quantity__gte=OuterRef("quantity"),
        amount__gte=OuterRef("amount"),
    )
    return ~is_hanging() & Q(Exists(ran))


def mine(actor: Actor) -> Q:
    """The cases whose next act is this person's: the role that the step names, over the case's village."""
    found = NOTHING
    for role in actor.roles:
        states = [state for state, step in STEPS.items() if step.role is role]
        if role is Role.VILLAGE_CLERK:
            states.append(State.DRAFT)
        if states:
            found |= Q(within(actor.prefixes(role)), state__in=states)
    return found


def taken_tasks() -> QuerySet[ReviewTask]:
    """The open task of a case that somebody has taken (取件)."""
    return ReviewTask.objects.filter(
        process__approvalprocess__application=OuterRef("pk"), finished__isnull=True, owner__isnull=False
    )


def is_taken_by(actor: Actor) -> Q:
    """Cases that the person has taken to their own desk (我接手的)."""
    return Q(Exists(taken_tasks().filter(owner=actor.user_id)))


def piles(actor: Actor, *, today: date) -> list[Pile]:
    """The person's desk by step, in the order of the chain; for people who only read, all cases they see.

    One statement.
    """
    decides = any(actor.is_staff_of(level) for level in RegionLevel)
    cases = Application.objects.filter(mine(actor)) if decides else Application.objects.visible_to(actor)
    rows = (
        cases.order_by()
        .values("state")
        .annotate(
            count=Count("pk"),
            over=Count("pk", filter=is_over(today)),
            near=Count("pk", filter=is_near(today)),
            hanging=Count("pk", filter=is_hanging()),
            held=Count("pk", filter=is_held()),
        )
    )
    order = [State.DRAFT, *STEPS]
    found = {
        State(row["state"]): Pile(
            state=State(row["state"]),
            count=row["count"],
            over=row["over"],
            near=row["near"],
            hanging=row["hanging"],
            held=row["held"],
        )
        for row in rows
    }
    return [found[state] for state in order if state in found]


def cases(actor: Actor) -> QuerySet[Application]:
    """The cases a person may see, with what `dressed` adds."""
    return dressed(Application.objects.visible_to(actor))


def dressed(rows: QuerySet[Application]) -> QuerySet[Application]:
    """Cases with their due date, whether they hang on a sheet, and are objected to."""
    due = open_deadlines()
    task = taken_tasks()
    objected = Objection.objects.filter(application=OuterRef("pk"), state__in=list(OPEN_OBJECTION))
    return rows.select_related("programme", "village", "household", "member", "payee").annotate(
        due_on=Subquery(due.values("due_on")[:1]),
        near_on=Subquery(due.values("near_on")[:1]),
        paused_on=Subquery(_resting().values("paused_on")[:1]),
        hanging=ExpressionWrapper(is_hanging(), BooleanField()),
        held=ExpressionWrapper(is_held(), BooleanField()),
        objected=Exists(objected),
        taken_by=Subquery(task.values("owner")[:1]),
        taken_name=Subquery(task.values("owner__name")[:1]),
    )


def taken(case: Application) -> Taken | None:
    """Who has taken a case of `cases`."""
    row = vars(case)
    return Taken(row["taken_by"], row["taken_name"]) if row["taken_by"] else None


def programmes(actor: Actor) -> QuerySet[Programme]:
    """The programmes of the person's regions and of those above them."""
    prefixes = actor.may_read_prefixes
    above = {code for prefix in prefixes for code in lineage(prefix)}
    return Programme.objects.filter(within(prefixes, "region__code") | Q(region__code__in=above))


def villages(actor: Actor, *roles: Role) -> QuerySet[Region]:
    """The villages where the person holds one of the roles; without roles, any role."""
    return Region.objects.within(actor.prefixes(*roles)).filter(level=RegionLevel.VILLAGE).order_by("code")


def places(actor: Actor) -> QuerySet[Region]:
    """The villages that the person reads, and the townships around them that lie within their regions too."""
    levels = [RegionLevel.TOWNSHIP, RegionLevel.VILLAGE]
    return Region.objects.within(actor.may_read_prefixes).filter(level__in=levels).order_by("code")


def households(actor: Actor, *, text: str = "", roles: tuple[Role, ...] = ()) -> QuerySet[Household]:
    """The households of those villages, by number or the name of a member, in characters or pinyin."""
    head = Member.objects.filter(household=OuterRef("pk"), relationship=Relationship.HEAD)
    monitored = MonitorPeriod.objects.filter(household=OuterRef("pk"), cleared_on__isnull=True)
    rows = (
        Household.objects.filter(within(actor.prefixes(*roles)))
        .select_related("village")
        .annotate(
            head_name=Subquery(head.values("name")[:1]),
            monitor=Subquery(monitored.values("monitor_type")[:1]),
        )
        .order_by("village__code", "number")
    )
    if text := text.strip():
        named = Member.objects.called(text).values("household")
        rows = rows.filter(Q(number__icontains=text) | Q(pk__in=named))
    return rows


def corrections(actor: Actor) -> QuerySet[Application]:
    """Cases sent back that the person's village has to correct, with what for, the most urgent first."""
    returns = Decision.objects.filter(application=OuterRef("pk"), act__in=[Act.SEND_BACK, Act.CORRECT])
    village = within(actor.prefixes(Role.VILLAGE_CLERK)) if Role.VILLAGE_CLERK in actor.roles else NOTHING
    rows = cases(actor).filter(village, state__in=list(CORRECTIONS))
    rows = rows.annotate(faults=Subquery(returns.order_by("-at", "-pk").values("opinion")[:1]))
    return rows.order_by(F("due_on").asc(nulls_last=True), "pk")


def hanging_sheets(actor: Actor) -> QuerySet[Posting]:
    """Sheets on display in the person's area, the next to end first."""
    count = PostingEntry.objects.filter(posting=OuterRef("pk"), outcome=EntryOutcome.ON_DISPLAY)
    return (
        Posting.objects.visible_to(actor)
        .on_display()
        .select_related("region", "programme")
        .annotate(
            hanging=Subquery(count.order_by().values("posting").annotate(n=Count("pk")).values("n")),
        )
        .order_by("closes_on", "pk")
    )


def to_revoke(actor: Actor) -> QuerySet[Objection]:
    """Objections upheld against results already announced: only the district can take those back (撤销)."""
    announced = PostingEntry.objects.filter(
        application=OuterRef("application"),
        outcome=EntryOutcome.ANNOUNCED,
        outcome_at__lte=OuterRef("decided_at"),
    )
    upheld = [ObjectionOutcome.CORRECTED, ObjectionOutcome.CANCELLED]
    here = within(actor.prefixes(Role.DISTRICT_APPROVER), "application__village__code")
    if Role.DISTRICT_APPROVER not in actor.roles:
        here = NOTHING
    return (
        Objection.objects.filter(here, Exists(announced), outcome__in=upheld)
        .filter(application__state=State.ANNOUNCED)
        .select_related("application__village")
        .order_by("decided_at", "pk")
    )


def objections_here(actor: Actor) -> QuerySet[Objection]:
    """Open objections that the person's level handles, the most urgent first."""
    here = NOTHING
    for level, role in LEVEL_ROLE.items():
        if role in actor.roles:
            here |= Q(
                within(actor.prefixes(role), "application__village__code"), handling_level=Level(level).value
            )
    due = Deadline.objects.filter(objection=OuterRef("pk"), settled_at__isnull=True)
    return (
        Objection.objects.visible_to(actor)
        .open()
        .filter(here)
        .select_related("application__village", "application__programme")
        .annotate(due_on=Subquery(due.values("due_on")[:1]), near_on=Subquery(due.values("near_on")[:1]))
        .order_by(F("due_on").asc(nulls_last=True), "pk")
    )
