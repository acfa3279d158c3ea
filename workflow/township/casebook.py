"""What the synthetic year has done so far (案卷): which case belongs to which row, and what lies on which desk.

Everything is read from the cases themselves, so that a year that was cut off goes on where it stopped.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property

from django.db.models import Max, QuerySet
from django.utils import timezone

from applications.models import Application
from applications.states import State
from registry.models import Household
from registry.scope import within
from workflow.calendar import Calendar
from workflow.models import Act, Decision, Receipt
from workflow.township.courses import Course
from workflow.township.layout import Township, Unit
from workflow.township.rows import Grant, Year

ENDS: dict[Course, State] = {
    Course.OBJECTED_CANCELLED: State.REJECTED,
    Course.REFUSED_VILLAGE: State.REJECTED,
    Course.REFUSED_TOWNSHIP: State.REJECTED,
    Course.REFUSED_DISTRICT: State.REJECTED,
    Course.WITHDRAWN: State.WITHDRAWN,
    Course.WITHDRAWN_LATE: State.WITHDRAWN,
    Course.DISCARDED: State.WITHDRAWN,
    Course.LAPSED: State.LAPSED,
    Course.REVOKED: State.REVOKED,
}
"""Where a course ends; those that are not named are announced."""


def moment(day: date, clock: str, minutes: int = 0) -> datetime:
    """A moment of a day by the township's clock."""
    return timezone.make_aware(datetime.combine(day, time.fromisoformat(clock))) + timedelta(minutes=minutes)


@dataclass
class Casebook:
    """The township, the rows and the calendar of one year, and the case of each row entered so far."""

    township: Township
    year: Year
    calendar: Calendar
    cases: dict[str, int] = field(default_factory=dict)
    rows: dict[int, Grant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        prefix = self.key("")
        for key, result in Receipt.objects.filter(key__startswith=prefix, act="enter").values_list(
            "key", "result"
        ):
            self.note(key.removeprefix(prefix).removesuffix(":enter"), result[0]["pk"])

    def note(self, row: str, case: int) -> None:
        """Remember the case of a row."""
        self.cases[row] = case
        self.rows[case] = self.grants[row]

    def key(self, *parts: object) -> str:
        """An idempotency key of the year: the same act of the same row or sitting has the same key."""
        return ":".join([f"replay-{self.year.year}", *(f"{part}" for part in parts)])

    def row(self, case: int) -> Grant:
        """The row that a case was entered from."""
        return self.rows[case]

    @cached_property
    def grants(self) -> dict[str, Grant]:
        return {grant.row: grant for grant in self.year.grants}

    @cached_property
    def households(self) -> dict[str, Household]:
        """The households of the township with their people, by number."""
        rows = Household.objects.filter(village__in=[unit.region for unit in self.township.units])
        return {row.number: row for row in rows.select_related("village").prefetch_related("members")}

    @cached_property
    def units(self) -> dict[int, Unit]:
        """The villages by their key."""
        return {unit.region.pk: unit for unit in self.township.units}

    def unit_of(self, application: Application) -> Unit:
        return self.units[application.village_id]

    def wave_day(self, wave: str, number: int) -> date:
        """The working day of a batch, its first day being number 0."""
        return self.calendar.add_working_days(self.year.waves[wave], number)

    def days_since(self, at: datetime | date | None, day: date) -> int:
        """Working days from a moment to a day; none before it."""
        if at is None:
            return 0
        start = timezone.localdate(at) if isinstance(at, datetime) else at
        return self.calendar.working_days_between(start, day)

    def desk(
        self, *states: State, before: datetime, courses: Iterable[Course] | None = None
    ) -> list[Application]:
        """The year's cases in some states that have lain there since before a moment, by village and entry.

        Nothing is taken up before it arrived: so a day that is told again repeats nothing.
        """
        keys = set(self.rows)
        if courses is not None:
            turns = set(courses)
            keys = {key for key, grant in self.rows.items() if grant.course in turns}
        # Most desks are empty on most days: one narrow look spares the wide one.
        lying = (
            keys and set(self.own().filter(state__in=states).order_by().values_list("pk", flat=True)) & keys
        )
        if not lying:
            return []
        rows = Application.objects.filter(pk__in=lying).annotate(last=Max("history__at"))
        rows = rows.filter(last__lt=before).select_related("programme", "village", "household")
        return list(rows.order_by("village__code", "pk"))

    def own(self) -> QuerySet[Application]:
        """The cases of the township in the year's programmes."""
        programmes = list(self.township.programmes.values())
        return Application.objects.filter(within([self.township.region.prefix]), programme__in=programmes)

    def decided(self, act: Act, *more: Act) -> dict[int, datetime]:
        """When an act was last done to each case of the year."""
        rows = Decision.objects.filter(application__in=list(self.cases.values()), act__in=[act, *more])
        return dict(
            rows.order_by().values("application").annotate(last=Max("at")).values_list("application", "last")
        )

    def unfinished(self) -> list[str]:
        """Rows that are not yet where their course ends, each with the state its case has."""
        states = dict(self.own().values_list("pk", "state"))
        found = []
        for row, grant in self.grants.items():
            state = states.get(self.cases.get(row, 0))
            if state != ENDS.get(grant.course, State.ANNOUNCED):
                found.append(f"{row} {grant.course} {state or '-'}")
        return found

    def strangers(self) -> int:
        """Cases of the township's programmes that no row of the year entered."""
        return self.own().exclude(pk__in=list(self.cases.values())).count()
