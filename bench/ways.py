"""The ways of making the same steps: the engine's sets, the whole verbs around them, and Viewflow case by case."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from applications import history
from applications.models import Application
from applications.states import State
from bench.steps import Timed, timed
from registry.models import Household
from tests import world as township
from tests.workflow import viewflow_way
from workflow import consistency, engine, intake
from workflow.results import Ref

STEPS: dict[str, tuple[State, State]] = {
    "start": (State.DRAFT, State.VILLAGE_REVIEW),
    "pass": (State.VILLAGE_REVIEW, State.VILLAGE_POSTING),
    "end": (State.VILLAGE_POSTING, State.WITHDRAWN),
}
HOUSEHOLDS = 50


class Place:
    """A township of synthetic people in which cases are made by the thousand."""

    def __init__(self) -> None:
        self.world = township.build()
        self.households = [self.world.household() for _ in range(HOUSEHOLDS)]
        # A cent a case: what is measured is the writing of steps, and no household may reach its cap.
        rule = {**self.world.grain.rule, "unit_price": "0.01"}
        self.programme = township.programme(self.world.county, rule=rule)
        self.serial = count(1)
        self.engine_cases: list[int] = []

    @property
    def now(self) -> datetime:
        return self.world.now

    def drafts(self, number: int) -> list[Application]:
        """Drafts with the one line of history that entering writes."""
        rows = [self._draft(self.households[place % HOUSEHOLDS]) for place in range(number)]
        made = Application.objects.bulk_create(rows)
        moves = [engine.Move(case, State.DRAFT, "enter") for case in made]
        with transaction.atomic():
            engine.save_moves(moves, by=self.world.clerk.pk, at=self.now, batch=uuid4())
        return made

    def _draft(self, household: Household) -> Application:
        amount, quantity = Decimal("0.01"), Decimal(1)
        return Application(
            number=f"示例-{next(self.serial):07d}",
            programme=self.programme,
            village=self.world.village,
            household=household,
            payee=household.head,
            quantity=quantity,
            claimed_quantity=quantity,
            amount=amount,
            claimed_amount=amount,
            working="示例",
            clause="示例",
            applied_on=timezone.localdate(self.now),
            committed=True,
            entered_by=self.world.clerk,
            entered_at=self.now,
        )

    def round(self, number: int) -> dict[tuple[str, str], Timed]:
        """Each step once by each way on cases of its own, the ways taking turns."""
        ours, theirs, whole = self.drafts(number), self.drafts(number), self.drafts(number)
        self.engine_cases += [case.pk for case in (*ours, *whole)]
        found: dict[tuple[str, str], Timed] = {}
        for step, (source, target) in STEPS.items():
            found["Viewflow", step] = timed(self.by_viewflow(theirs, source, target))
            found["engine", step] = timed(self.by_engine(ours, source, target))
        found["whole verb", "start"] = timed(lambda: self.verb(whole, "submit"))
        found["whole verb", "end"] = timed(lambda: self.verb(whole, "withdraw"))
        return found

    def by_engine(self, cases: Sequence[Application], source: State, target: State) -> Callable[[], None]:
        """State, Viewflow's rows and history of all cases, in sets."""
        for case in cases:
            case.__dict__["state"] = target
        moves = [engine.Move(case, source, "step") for case in cases]

        def act() -> None:
            with transaction.atomic():
                engine.save_moves(moves, by=self.world.clerk.pk, at=self.now, batch=uuid4())

        return act

    def by_viewflow(self, cases: Sequence[Application], source: State, target: State) -> Callable[[], None]:
        """State and Viewflow's rows alone, case by case, all in one transaction: Viewflow at its best."""

        def act() -> None:
            with transaction.atomic():
                for case in cases:
                    viewflow_way.step(case, source=source, target=target, by=self.world.clerk)

        return act

    def verb(self, cases: Sequence[Application], name: str) -> None:
        """The verb as a page calls it: permission, law, decisions, due dates, history and messages as well."""
        refs = [Ref(case.pk) for case in cases]
        if name == "submit":
            results = intake.submit(refs, by=self.world.clerk, now=self.now)
        else:
            results = intake.withdraw(refs, by=self.world.clerk, now=self.now, opinion="示例")
        assert all(result.done for result in results), results[0].sentence

    def verify(self) -> None:
        """State, tasks and history agree for every case that was moved."""
        faults = list(consistency.faults())
        assert faults == [], faults[:3]
        for case in Application.objects.filter(pk__in=self.engine_cases[:200]):
            assert history.faults(case) == []
