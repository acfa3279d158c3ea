"""On whose desk a case lies (办理人): take it, give it back, hand it over, and urge whoever holds it.

The state does not move: the engine writes the task's owner, and each act leaves its line in history.
"""

from collections.abc import Sequence
from datetime import date, datetime, time

from django.db import transaction
from django.utils import timezone

from applications.models import Application, HistoryEntry
from applications.standing import Standing
from applications.states import Level, State
from notifications import catalogue
from notifications.catalogue import Event
from notifications.outbox import Notice
from registry import appointments
from registry.appointments import Actor
from registry.models import User
from registry.refusal import Refused
from workflow import engine, permissions, receipts
from workflow.models import Deadline
from workflow.permissions import Verdict
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result
from workflow.steps import LEVEL_ROLE, STEPS, staff_label


class CustodyRefused(Refused):
    """A case that cannot change its desk like this."""


def take(
    refs: Sequence[Ref], *, by: User, now: datetime, reason: str = "", key: str | None = None
) -> list[Result]:
    """Take cases to the own desk (取件); one that another has taken only with a reason (接手)."""
    reason = reason.strip()
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="take", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        actor = appointments.actor(by, on=proceeding.today)

        def may(application: Application) -> Verdict:
            holder = proceeding.taken.get(application.pk)
            verdict = permissions.may_take(actor, application, taken=holder)
            if not verdict or holder is None or reason:
                return verdict
            return Verdict(False, f"这件申请由{holder.name}办理，接手必须写明理由。")

        for ref in refs:
            holder = proceeding.taken.get(ref.pk)
            text = f"原由{holder.name}办理，由{by.name}接手，理由：{reason}" if holder else "取件办理。"
            act = "take_over" if holder else "take"
            proceeding.step(ref, act, _stands, permitted=may, level=_level(proceeding, ref), text=text)
        before_me = [key for key in _moved(proceeding) if key in proceeding.taken]
        former = User.objects.in_bulk([proceeding.taken[key].by_id for key in before_me])
        _give(proceeding, by)
        proceeding.say(
            [
                _notice(proceeding, catalogue.TAKEN_OVER, key, [former[proceeding.taken[key].by_id]], reason)
                for key in before_me
            ]
        )
        receipts.keep(key, proceeding.results)
        return proceeding.results


def give_back(refs: Sequence[Ref], *, by: User, now: datetime, key: str | None = None) -> list[Result]:
    """Put cases back on the common desk of the step, where every colleague may decide them (放回)."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="give_back", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        actor = appointments.actor(by, on=proceeding.today)
        for ref in refs:
            proceeding.step(
                ref,
                "give_back",
                _stands,
                permitted=lambda application: permissions.may_give_back(
                    actor, application, taken=proceeding.taken.get(application.pk)
                ),
                level=_level(proceeding, ref),
                text="放回，由本级经办人办理。",
            )
        _give(proceeding, None)
        receipts.keep(key, proceeding.results)
        return proceeding.results


def hand_over(
    refs: Sequence[Ref], *, to: User, by: User, now: datetime, reason: str, key: str | None = None
) -> list[Result]:
    """Hand cases to a colleague of the same step, with a reason (转办); the colleague is told."""
    if not reason.strip():
        raise CustodyRefused("转办必须写明理由。")
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="hand_over", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        actor = appointments.actor(by, on=proceeding.today)
        colleague = appointments.actor(to, on=proceeding.today)

        def may(application: Application) -> Verdict:
            holder = proceeding.taken.get(application.pk)
            verdict = permissions.may_hand_over(actor, application, taken=holder)
            if not verdict:
                return verdict
            if to.pk == (holder.by_id if holder else by.pk):
                return Verdict(False, f"这件申请已经由{to.name}办理，请选择其他经办人。")
            if not permissions.may_work(colleague, application):
                return Verdict(
                    False, f"{to.name}不能办理这件申请：没有这一步的任职，或者是其近亲属家庭的申请。"
                )
            return permissions.YES

        for ref in refs:
            text = f"转给{to.name}办理，理由：{reason.strip()}"
            proceeding.step(
                ref, "hand_over", _stands, permitted=may, level=_level(proceeding, ref), text=text
            )
        _give(proceeding, to)
        moved = _moved(proceeding)
        proceeding.say([_notice(proceeding, catalogue.HANDED_OVER, key, [to], reason) for key in moved])
        receipts.keep(key, proceeding.results)
        return proceeding.results


def urge(
    refs: Sequence[Ref], *, by: User, now: datetime, reason: str, key: str | None = None
) -> list[Result]:
    """Urge whoever holds the case, from a level below, once a day (催办); the holder is told, history keeps it."""
    reason = reason.strip()
    if not reason:
        raise CustodyRefused("催办必须写明事由。")
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="urge", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        actor = appointments.actor(by, on=proceeding.today)
        urged = _urged_today(proceeding)

        def may(application: Application) -> Verdict:
            verdict = permissions.may_urge(actor, application)
            if verdict and application.pk in urged:
                return Verdict(False, "今天已经催办过，同一件申请一天只催办一次。")
            return verdict

        for ref in refs:
            proceeding.step(
                Ref(ref.pk),
                engine.URGE,
                _stands,
                permitted=may,
                level=_below(actor, proceeding, ref),
                text=reason,
            )
        proceeding.write()
        proceeding.say(_urgings(proceeding, reason))
        receipts.keep(key, proceeding.results)
        return proceeding.results


def colleagues(application: Application, *, besides: int | None, on: date) -> list[User]:
    """Who else may be handed this case: the holders of its step over its village. No relatives are looked up here."""
    state = State(application.state)
    if state not in STEPS:
        return []
    code = application.village.code
    return [
        user for user in appointments.holders(STEPS[state].role, [code], on=on)[code] if user.pk != besides
    ]


def _stands(application: Application, standing: Standing) -> None:
    """The law has nothing to say: the case stays where it is."""


def _level(proceeding: Proceeding, ref: Ref) -> Level | None:
    """The level whose desk it is: a correction lies with the village."""
    case = proceeding.locked.cases.get(ref.pk)
    if case is None:
        return None
    return Level.VILLAGE if case.is_in_correction else case.level


def _below(actor: Actor, proceeding: Proceeding, ref: Ref) -> Level | None:
    """The level that the urging person speaks for."""
    case = proceeding.locked.cases.get(ref.pk)
    if case is None or case.level is None:
        return None
    held = [level for level in case.level.below if actor.holds(LEVEL_ROLE[level], case.village.code)]
    return held[-1] if held else None


def _moved(proceeding: Proceeding) -> list[int]:
    return [move.application.pk for move in proceeding.moves]


def _give(proceeding: Proceeding, to: User | None) -> None:
    """Write the owner of the tasks of all cases that were not refused, and their history."""
    if moved := _moved(proceeding):
        engine.hand_over(list(engine.open_tasks(moved).values()), to=to, at=proceeding.at)
    proceeding.write()


def _notice(
    proceeding: Proceeding, event: Event, case_id: int, people: Sequence[User], reason: str, **more: object
) -> Notice:
    case = proceeding.locked.cases[case_id]
    by = proceeding.by.name if proceeding.by else ""
    return Notice(
        event=event,
        fact=f"custody:{case.pk}:{case.revision}",
        recipients=people,
        context={"number": case.number, "by": by, "reason": reason.strip().rstrip("。"), **more},
        application=case.pk,
        url=case.get_absolute_url(),
    )


def _urged_today(proceeding: Proceeding) -> set[int]:
    """The cases that were urged today already; under their locks."""
    begin = timezone.make_aware(datetime.combine(proceeding.today, time.min))
    lines = HistoryEntry.objects.filter(
        application__in=list(proceeding.locked.cases), act=engine.URGE, at__gte=begin
    )
    return set(lines.order_by().values_list("application_id", flat=True))


def _urgings(proceeding: Proceeding, reason: str) -> list[Notice]:
    """One notice per case, to whoever has taken it, or to all who hold its step."""
    moved = _moved(proceeding)
    cases = [proceeding.locked.cases[key] for key in moved]
    people: dict[int, list[User]] = {}
    for role in {STEPS[State(case.state)].role for case in cases}:
        of_role = [case for case in cases if STEPS[State(case.state)].role is role]
        found = appointments.holders(role, {case.village.code for case in of_role}, on=proceeding.today)
        people |= {case.pk: found[case.village.code] for case in of_role}
    owners = {key: task.owner for key, task in engine.open_tasks(moved).items() if task.owner is not None}
    dues = Deadline.objects.filter(application__in=moved, objection__isnull=True, settled_at__isnull=True)
    due = dict(dues.values_list("application_id", "due_on"))
    return [
        _notice(
            proceeding,
            catalogue.URGED,
            case.pk,
            [owners[case.pk]] if case.pk in owners else people[case.pk],
            reason,
            step=staff_label(case.state),
            due=due.get(case.pk, "没有规定"),
        )
        for case in cases
    ]
