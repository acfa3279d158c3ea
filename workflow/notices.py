"""Which moves are told to whom: from the moves of a verb to notices for the outbox."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

from applications.models import Application
from applications.states import CORRECTIONS, FINAL, OPEN, Level, State
from notifications import catalogue
from notifications.catalogue import Event
from notifications.outbox import Notice
from registry import appointments
from registry.models import Role, User
from workflow.engine import Move
from workflow.models import Act, Deadline, Decision
from workflow.steps import STEPS


def clerks_of(applications: Iterable[Application], *, on: date) -> dict[int, list[User]]:
    """The village clerks of each case's village, by case: one statement."""
    cases = list(applications)
    by_code = appointments.holders(Role.VILLAGE_CLERK, {case.village.code for case in cases}, on=on)
    return {case.pk: by_code[case.village.code] for case in cases}


def of_moves(
    moves: Sequence[Move],
    decisions: Sequence[Decision],
    dues: Mapping[int, Deadline],
    *,
    batch: UUID,
    on: date,
) -> list[Notice]:
    """The notices that follow from the moves: arrivals together per desk, outcomes per case."""
    by_case = {decision.application_id: decision for decision in decisions}
    return [*_arrivals(moves, dues, batch=batch, on=on), *_outcomes(moves, by_case, dues, on=on)]


def _arrivals(moves: Sequence[Move], dues: Mapping[int, Deadline], *, batch: UUID, on: date) -> list[Notice]:
    """One message per desk and batch, not one per case: a hundred cases before lunch are one line."""
    desks: dict[tuple[State, str], list[Move]] = defaultdict(list)
    for move in moves:
        if move.target in STEPS and move.target not in CORRECTIONS:
            desks[move.target, move.application.village.code].append(move)
    people = {
        role: appointments.holders(role, {code for state, code in desks if STEPS[state].role is role}, on=on)
        for role in {STEPS[state].role for state, _ in desks}
    }
    groups: dict[tuple[State, tuple[int, ...]], list[Move]] = defaultdict(list)
    users: dict[tuple[int, ...], list[User]] = {}
    for (state, code), arrived in desks.items():
        found = people[STEPS[state].role][code]
        key = tuple(user.pk for user in found)
        users[key] = found
        groups[state, key].extend(arrived)
    found_notices = []
    for (state, key), arrived in groups.items():
        step = STEPS[state]
        due = dues.get(arrived[0].application.pk)
        found_notices.append(
            Notice(
                event=catalogue.TO_POST if step.is_posting else catalogue.ARRIVED,
                fact=f"batch:{batch}",
                stage=state.value[:20],
                recipients=users[key],
                context={
                    "step": step.staff_label,
                    "count": len(arrived),
                    "programme": arrived[0].application.programme.name,
                    "due": due.due_on if due else "",
                },
                url="/",
            )
        )
    return found_notices


def _outcomes(
    moves: Sequence[Move], decisions: Mapping[int, Decision], dues: Mapping[int, Deadline], *, on: date
) -> list[Notice]:
    told = [
        move
        for move in moves
        if move.target in CORRECTIONS or move.target in FINAL or _was_cut(move, decisions)
    ]
    if not told:
        return []
    clerks = clerks_of((move.application for move in told), on=on)
    return [
        notice
        for move in told
        if (decision := decisions.get(move.application.pk)) is not None
        for notice in _outcome(move, decision, dues, clerks[move.application.pk])
    ]


def _was_cut(move: Move, decisions: Mapping[int, Decision]) -> bool:
    decision = decisions.get(move.application.pk)
    return decision is not None and decision.is_cut


# What the officers are told, and what the household.
OUTCOMES: dict[State, tuple[Event, Event]] = {
    State.REJECTED: (catalogue.REJECTED, catalogue.HOME_REJECTED),
    State.ANNOUNCED: (catalogue.ANNOUNCED, catalogue.HOME_ANNOUNCED),
    State.WITHDRAWN: (catalogue.ENDED, catalogue.HOME_ENDED),
    State.LAPSED: (catalogue.ENDED, catalogue.HOME_LAPSED),
    State.REVOKED: (catalogue.ENDED, catalogue.HOME_REVOKED),
}
RECONSIDERED_BY = {
    Level.VILLAGE: "乡镇人民政府",
    Level.TOWNSHIP: "区级主管部门",
    Level.DISTRICT: "上一级主管部门",
}
"""Whom a household asks to look at a decision of this level again (复核)."""


def _events(move: Move, decision: Decision) -> tuple[Event, Event]:
    if move.target in CORRECTIONS:
        if decision.act == Act.CORRECT:
            return catalogue.TO_CORRECT, catalogue.HOME_TO_CORRECT
        return catalogue.SENT_BACK, catalogue.HOME_SENT_BACK
    if move.target in FINAL:
        return OUTCOMES[move.target]
    return catalogue.CUT, catalogue.HOME_CUT


def _outcome(
    move: Move, decision: Decision, dues: Mapping[int, Deadline], clerks: Sequence[User]
) -> Iterator[Notice]:
    """One notice for the officers, one for the household; a draft that was thrown away concerns the village alone."""
    case = move.application
    officers, home = _events(move, decision)
    due = dues.get(case.pk)
    context = {
        "number": case.number,
        "name": case.beneficiary_name,
        "programme": case.programme.name,
        "level": decision.get_level_display(),
        "above": RECONSIDERED_BY[Level(decision.level)],
        "village": case.village.name,
        "faults": decision.opinion.rstrip("。"),
        "reason": (decision.opinion or decision.get_reason_code_display()).rstrip("。"),
        "amount": case.amount,
        "due": due.due_on if due else "",
        "outcome": State(case.state).label,
    }
    fact = f"decision:{decision.pk}"
    yield Notice(
        event=officers,
        fact=fact,
        recipients=[*clerks, case.entered_by],
        context=context,
        application=case.pk,
        url=case.get_absolute_url(),
    )
    if move.source is not State.DRAFT:
        yield Notice(
            event=home,
            fact=fact,
            recipients=(),
            household=case.household,
            context=context,
            application=case.pk,
        )


def of_objection(
    case: Application, moves: Sequence[Move], *, objection: int, outcome: str, reason: str
) -> list[Notice]:
    """What the household hears of an objection to its case, where the case's own outcome does not say it already."""
    told = any(move.target in CORRECTIONS or move.target in FINAL for move in moves if move.steps)
    if told or case.state not in OPEN | {State.ANNOUNCED}:
        return []
    return [
        Notice(
            event=catalogue.HOME_OBJECTION,
            fact=f"objection:{objection}",
            stage="decided",
            recipients=(),
            household=case.household,
            context={
                "number": case.number,
                "programme": case.programme.name,
                "village": case.village.name,
                "outcome": outcome,
                "reason": reason.rstrip("。"),
            },
            application=case.pk,
        )
    ]
