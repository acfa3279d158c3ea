"""What all verbs on cases share: collect the steps of many cases in memory, then write them in sets.

A proceeding opens no transaction and locks nothing: the verb hands it the locked rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from applications.amounts import money
from applications.machine import WrongState
from applications.models import Application
from applications.standing import Standing
from applications.states import Level, State, holder
from notifications import outbox
from notifications.tasks import deliver
from registry import appointments
from registry.appointments import Actor
from registry.models import User
from registry.refusal import Refused
from workflow import deadlines, engine, notices, permissions, standings
from workflow.calendar import Calendar
from workflow.calendar import load as load_calendar
from workflow.models import Act, Deadline, Decision
from workflow.permissions import Taken, Verdict
from workflow.results import Ref, Result, refusal
from workflow.steps import staff_label

Law = Callable[[Application, Standing], None]


class NoSuchCase(Refused):
    """A reference to a case that does not exist (any more) in the asked scope."""

    def __init__(self) -> None:
        super().__init__("没有找到这件申请。")


@dataclass(frozen=True)
class Cut:
    """A reviewer lowers quantity or amount (核减), with the working of the new amount."""

    quantity: Decimal
    amount: Decimal
    working: str


@dataclass
class Proceeding:
    """One verb in progress. `by` is None where the system acts by rule (a posting's period has ended)."""

    locked: engine.Locked
    by: User | None
    at: datetime
    batch: UUID = field(default_factory=uuid4)
    results: list[Result] = field(default_factory=list)
    moves: list[engine.Move] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    starts: dict[int, date] = field(default_factory=dict)
    dues: dict[int, Deadline] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.standings = standings.of(list(self.locked.cases.values()))

    @cached_property
    def calendar(self) -> Calendar:
        """Read where something is due: who comes too late with a form waits for nothing more than its refusal."""
        return load_calendar()

    @cached_property
    def actor(self) -> Actor | None:
        return appointments.actor(self.by, on=self.today) if self.by else None

    @cached_property
    def taken(self) -> dict[int, Taken]:
        """Who has taken which of the locked cases."""
        return engine.taken(self.locked.cases)

    @property
    def today(self) -> date:
        return timezone.localdate(self.at)

    def regather(self) -> None:
        """Look at the facts again after the verb has changed some of them (entries, objections)."""
        self.standings = standings.of(list(self.locked.cases.values()))

    def step(
        self,
        ref: Ref,
        act: str,
        law: Law,
        *,
        permitted: Callable[[Application], Verdict] | None = None,
        level: Level | None = None,
        opinion: str = "",
        reason_code: str = "",
        cut: Cut | None = None,
        delivered_on: date | None = None,
        text: str = "",
        data: Mapping[str, object] | None = None,
    ) -> Application | None:
        """Make one case's step in memory, or note why not. Returns the case where it was made."""
        application = self.locked.cases.get(ref.pk)
        if application is None:
            self.results.append(Result(ref.pk, "", False, NoSuchCase().sentence))
            return None
        source = State(application.state)
        before = (application.quantity, application.amount)
        try:
            engine.compare(application, ref)
            if permitted is not None:
                permitted(application).enforce()
            changed = _apply(cut, application)
            law(application, self.standings[application.pk])
        except Refused as refused:
            self.results.append(refusal(application, refused))
            return None
        except WrongState:
            sentence = f"申请{application.number}现在是“{staff_label(source)}”，不能这样办理。"
            self.results.append(Result(application.pk, application.number, False, sentence))
            return None
        figures = {
            "quantity": str(application.quantity),
            "amount": str(application.amount),
            "claimed": str(application.claimed_amount),
            "payee": application.payee_id,
            "option": application.option,
        }
        self.moves.append(
            engine.Move(
                application=application,
                source=source,
                act=act,
                text=text or opinion,
                level=level,
                data={**figures, **(data or {})},
                changed=changed,
            )
        )
        if self.by is not None and level is not None and act in Act.values:
            self.decisions.append(
                Decision(
                    application=application,
                    act=act,
                    level=level,
                    by=self.by,
                    at=self.at,
                    source=source,
                    target=application.state,
                    opinion=opinion,
                    reason_code=reason_code,
                    quantity_before=before[0],
                    quantity_after=application.quantity,
                    amount_before=before[1],
                    amount_after=application.amount,
                    working=cut.working if cut else "",
                    delivered_on=delivered_on,
                    batch=self.batch,
                )
            )
        if delivered_on is not None:
            self.starts[application.pk] = delivered_on
        self.results.append(Result(application.pk, application.number, True))
        return application

    def act(
        self,
        ref: Ref,
        act: Act,
        law: Law,
        *,
        level: Level | None = None,
        opinion: str = "",
        reason_code: str = "",
        cut: Cut | None = None,
        delivered_on: date | None = None,
    ) -> Application | None:
        """One officer's act on one case, asked of its predicate, at the level that holds the case."""
        case = self.locked.cases.get(ref.pk)
        held = holder(case.state) if case else None
        return self.step(
            ref,
            act,
            law,
            permitted=lambda application: self._permitted(act, application),
            level=level or held,
            opinion=opinion,
            reason_code=reason_code,
            cut=cut,
            delivered_on=delivered_on,
        )

    def _permitted(self, act: Act, application: Application) -> Verdict:
        if self.actor is None:
            return permissions.YES
        return permissions.may(self.actor, act, application, taken=self.taken.get(application.pk))

    def touch(
        self,
        application: Application,
        act: str,
        *,
        text: str = "",
        level: Level | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Note an act that changes no state (a visit, a sheet put up): one history line, one revision more."""
        self.moves.append(
            engine.Move(application, State(application.state), act, text, level, dict(data or {}))
        )

    def write(self) -> None:
        """Write facts, states, Viewflow's rows, history, due dates and messages, each in sets."""
        Decision.objects.bulk_create(self.decisions)
        engine.save_moves(self.moves, by=self.by.pk if self.by else None, at=self.at, batch=self.batch)
        stepped = [move for move in self.moves if move.steps]
        if stepped:
            self.dues = deadlines.enter(
                [move.application for move in stepped],
                at=self.at,
                calendar=self.calendar,
                starts=self.starts,
                objected={key for key, standing in self.standings.items() if standing.open_objections},
            )
            self.say(notices.of_moves(stepped, self.decisions, self.dues, batch=self.batch, on=self.today))

    def say(self, messages: Sequence[outbox.Notice]) -> None:
        """Write message rows and wake the deliverer after commit."""
        if messages:
            outbox.announce(messages, at=self.at)
            outbox.wake(deliver, at=self.at)


def _apply(cut: Cut | None, application: Application) -> tuple[str, ...]:
    """Lower the figures in memory; raising them is no cut but a correction."""
    if cut is None:
        return ()
    if cut.quantity > application.quantity or cut.amount > application.amount:
        raise CutAbove
    if cut.quantity <= 0 or cut.amount < 0:
        raise CutBelow
    if cut.quantity != money(cut.quantity) or cut.amount != money(cut.amount):
        raise CutUnkept
    if (cut.quantity, cut.amount) == (application.quantity, application.amount):
        return ()
    if not cut.working.strip():
        raise CutUnexplained
    rule, unit = application.programme.parsed_rule, application.programme.quantity_unit
    due = rule.compute(cut.quantity, unit=unit, given=application.basis)
    if cut.amount > due.value:
        raise CutOverStandard(f"核减后的金额不能超过按标准计算的{due.value:.2f}元（{due.working}）。")
    application.quantity, application.amount, application.working = cut.quantity, cut.amount, cut.working
    return ("quantity", "amount", "working")


class CutAbove(Refused):
    """A cut that raises something."""

    def __init__(self) -> None:
        super().__init__("审核时只能核减数量或金额，不能调高；需要调高请退回补正。")


class CutUnkept(Refused):
    """Figures finer than a case keeps and a sheet shows."""

    def __init__(self) -> None:
        super().__init__("核减后的数量和金额最多两位小数。")


class CutUnexplained(Refused):
    """A cut without the working of the new amount."""

    def __init__(self) -> None:
        super().__init__("核减必须写明计算过程。")


class CutOverStandard(Refused):
    """A cut that leaves more than the rule gives for the quantity left."""


class CutBelow(Refused):
    """A cut down to nothing is a refusal."""

    def __init__(self) -> None:
        super().__init__("核减后的数量必须大于0，金额不能为负；全部不予补助请选择不予批准。")
