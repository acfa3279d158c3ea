"""Objections of the public (异议): lodge, accept, not accept, investigate, decide, withdraw, pass on.

An open objection stops every forward step of the one case it names, and nothing else. The objector stands in
no history line and in no message.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from applications.machine import WrongState
from applications.states import Level
from notifications import catalogue
from notifications.outbox import Notice
from registry import appointments
from registry.models import User
from registry.refusal import Refused
from workflow import deadlines, engine, numbers, permissions, receipts, remedies, sheets
from workflow.models import (
    Channel,
    DeadlineKind,
    Objection,
    ObjectionOutcome,
    ObjectionState,
    PostingEntry,
    PostingState,
)
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result
from workflow.steps import LEVEL_ROLE

MAX_FACTS = 5000


class BadObjection(Refused):
    """An objection that names no fact, or a step in its handling that lacks something."""


class WrongObjectionState(Refused):
    """The objection is not in the state that this step starts from."""


@dataclass(frozen=True)
class Complaint:
    """What the objector says, and how it came in."""

    channel: Channel
    facts: str
    anonymous: bool = False
    name: str = ""
    phone: str = ""
    concerns_cadre: bool = False


def handling_level(posting_level: Level, complaint: Complaint) -> Level:
    """Who handles it: the level that posted, but the township where village cadres or their kin are concerned."""
    if complaint.concerns_cadre and posting_level is Level.VILLAGE:
        return Level.TOWNSHIP
    return posting_level


def lodge(
    entry: PostingEntry,
    *,
    complaint: Complaint,
    now: datetime,
    by: User | None = None,
    received_at: datetime | None = None,
    key: str | None = None,
) -> Objection:
    """Take in an objection to one row of a sheet that is or was displayed; `by` None is the public web form."""
    received = received_at or now
    if received > now:
        raise BadObjection("收到时间不能晚于现在。")
    if not complaint.facts.strip():
        raise BadObjection("请写明异议的具体事实，例如什么人、什么情况与公示不符。")
    if len(complaint.facts) > MAX_FACTS:
        raise BadObjection(f"异议内容请控制在{MAX_FACTS}字以内。")
    if not complaint.anonymous and not complaint.name.strip():
        raise BadObjection("实名异议请填写姓名；不愿留名可以选择匿名。")
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="lodge", by=by.pk if by else None, at=now)) is not None:
            return Objection.objects.get(pk=before[0].pk)
        # The posting row is locked before the case: closing counts open objections under the same lock.
        locked = engine.locked([Ref(entry.application_id)], postings=[entry.posting_id])
        posting = locked.postings[entry.posting_id]
        proceeding = Proceeding(locked, by, now)
        case = locked.cases[entry.application_id]
        if by is not None and proceeding.actor is not None:
            permissions.may_lodge(proceeding.actor, case).enforce()
        if posting.state == PostingState.DRAFT:
            raise BadObjection("该名单还没有公示，不能提出异议。")
        on = timezone.localdate(received)
        if posting.displayed_on is not None and on < posting.displayed_on:
            raise BadObjection("收到时间早于名单张贴的日期，请核对。")
        objection = Objection.objects.create(  # type: ignore[misc]
            receipt=numbers.receipt(),
            application=case,
            posting=posting,
            entry=entry,
            channel=complaint.channel,
            anonymous=complaint.anonymous,
            objector_name="" if complaint.anonymous else complaint.name.strip(),
            objector_phone=complaint.phone.strip(),
            facts=complaint.facts.strip(),
            concerns_cadre=complaint.concerns_cadre,
            received_at=received,
            received_by=by,
            late=posting.closes_on is None or on > posting.closes_on,
            handling_level=handling_level(posting.level, complaint),
        )
        due = deadlines.enter_objection(
            objection,
            DeadlineKind.ACCEPTANCE,
            days=case.programme.acceptance_days,
            at=now,
            calendar=proceeding.calendar,
            start=on,
        )
        proceeding.touch(case, "objection_received", text=f"收到异议（回执{objection.receipt}）。")
        proceeding.write()
        context = {"number": case.number, "receipt": objection.receipt, "due": due.due_on}
        proceeding.say(
            [_to_handlers(objection, catalogue.OBJECTION_RECEIVED, context, proceeding, "received")]
        )
        receipts.keep(key, [Result(objection.pk, "", True)])
        return objection


def accept(objection: Objection, *, by: User, now: datetime) -> Objection:
    """Take the objection on (受理); from now ten working days run for its decision."""

    def take(kept: Objection, proceeding: Proceeding) -> None:
        kept.accept()
        _write(kept, ObjectionState.RECEIVED, accepted_at=now)
        deadlines.enter_objection(
            kept,
            DeadlineKind.OBJECTION,
            days=kept.application.programme.objection_days,
            at=now,
            calendar=proceeding.calendar,
        )

    return _handle(objection, take, act="objection_accepted", word="受理", by=by, now=now)


def not_accept(objection: Objection, *, by: User, now: datetime, reason: str) -> Objection:
    """Refuse to take the objection on, with the reason: no fact named, or the same fact already decided."""
    _require(reason, "不予受理必须写明理由。")

    def refuse(kept: Objection, proceeding: Proceeding) -> None:
        kept.not_accept()
        _write(kept, ObjectionState.RECEIVED, reason=reason.strip(), decided_at=now, decided_by=by)

    return _end(objection, refuse, act="objection_not_accepted", word="不予受理", by=by, now=now)


def investigate(objection: Objection, *, by: User, now: datetime, investigators: Sequence[str]) -> Objection:
    """Begin the investigation with at least two people (调查)."""
    people = _two_people(investigators)

    def begin(kept: Objection, proceeding: Proceeding) -> None:
        kept.investigate()
        _write(kept, ObjectionState.ACCEPTED, investigators=people)

    return _handle(objection, begin, act="objection_investigating", word="开始调查", by=by, now=now)


def withdraw(objection: Objection, *, by: User, now: datetime, reason: str) -> Objection:
    """The objector takes the objection back (撤回); the case's days count as if nothing had been said."""
    _require(reason, "请写明撤回的情况。")

    def take_back(kept: Objection, proceeding: Proceeding) -> None:
        source = kept.state
        kept.withdraw()
        _write(kept, source, reason=reason.strip(), decided_at=now, decided_by=by)

    return _end(objection, take_back, act="objection_withdrawn", word="异议人撤回", by=by, now=now)


def pass_on(objection: Objection, *, by: User, now: datetime, to: str, reason: str) -> Objection:
    """Pass an objection about the township or the district itself to the body that can judge it (移送)."""
    _require(to, "请填写移送的单位。")
    _require(reason, "请写明移送的理由。")

    def hand_over(kept: Objection, proceeding: Proceeding) -> None:
        source = kept.state
        kept.pass_on()
        values = {"passed_to": to.strip(), "reason": reason.strip(), "decided_at": now, "decided_by": by}
        _write(kept, source, **values)

    return _end(objection, hand_over, act="objection_passed_on", word="移送", by=by, now=now)


def decide(
    objection: Objection,
    *,
    by: User,
    now: datetime,
    outcome: ObjectionOutcome,
    findings: str,
    reason: str,
    key: str | None = None,
) -> Result:
    """Decide an objection with its facts and a reason, and let the case follow.

    Not upheld: a case whose period is over passes at once. Corrected: the row is taken out and the case is
    corrected. Cancelled: the case is refused. Raises Refused where the case's own law forbids its step.
    """
    _require(findings, "请写明调查认定的事实。")
    _require(reason, "请写明处理理由。")
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="objection_decide", by=by.pk, at=now)) is not None:
            return before[0]
        kept, proceeding = _locked(objection, by=by, now=now)
        if len(kept.investigators) < 2:
            raise BadObjection("异议须由两人以上调查后才能办结。")
        _allowed(kept.decide, kept)
        _write(
            kept,
            ObjectionState.INVESTIGATING,
            outcome=outcome,
            findings=findings.strip(),
            reason=reason.strip(),
            decided_at=now,
            decided_by=by,
        )
        deadlines.settle_objection(kept.pk, at=now)
        proceeding.regather()
        case = proceeding.locked.cases[kept.application_id]
        word = f"异议（回执{kept.receipt}）办结：{ObjectionOutcome(outcome).label}。"
        if outcome == ObjectionOutcome.NOT_UPHELD:
            remedies.go_on(proceeding, case, word)
        elif outcome == ObjectionOutcome.CORRECTED:
            remedies.correct(proceeding, kept, case, word + reason.strip())
        else:
            remedies.cancel(proceeding, kept, case, word + reason.strip())
        refused = next((result for result in proceeding.results if not result.done), None)
        if refused is not None:
            raise BadObjection(refused.sentence)
        proceeding.write()
        remedies.number_faults(proceeding)
        context = {"number": case.number, "receipt": kept.receipt, "outcome": ObjectionOutcome(outcome).label}
        proceeding.say([_to_handlers(kept, catalogue.OBJECTION_DECIDED, context, proceeding, "decided")])
        result = Result(case.pk, case.number, True, data={"state": str(case.state)})
        receipts.keep(key, [result])
        return result


def _locked(objection: Objection, *, by: User, now: datetime) -> tuple[Objection, Proceeding]:
    """Lock the sheets of the case, the case, and the objection, and ask whether the person may handle it."""
    locked = sheets.locked_with_sheets([Ref(objection.application_id)])
    kept = Objection.objects.select_for_update(of=("self",)).select_related("entry").get(pk=objection.pk)
    proceeding = Proceeding(locked, by, now)
    kept.application = locked.cases[objection.application_id]
    if proceeding.actor is not None:
        permissions.may_handle(proceeding.actor, kept).enforce()
    return kept, proceeding


def _allowed(transition: Callable[[], None], objection: Objection) -> None:
    try:
        transition()
    except WrongState:
        raise WrongObjectionState(f"该异议现在是“{objection.get_state_display()}”，不能这样处理。") from None


def _handle(
    objection: Objection,
    change: Callable[[Objection, Proceeding], None],
    *,
    act: str,
    word: str,
    by: User,
    now: datetime,
) -> Objection:
    """One step in the handling: the objection changes, the case keeps its state and gets a history line."""
    with transaction.atomic(durable=True):
        kept, proceeding = _locked(objection, by=by, now=now)
        _allowed(lambda: change(kept, proceeding), kept)
        proceeding.touch(kept.application, act, text=f"异议（回执{kept.receipt}）{word}。")
        proceeding.write()
        return kept


def _end(
    objection: Objection,
    change: Callable[[Objection, Proceeding], None],
    *,
    act: str,
    word: str,
    by: User,
    now: datetime,
) -> Objection:
    """An end without a finding against the case: where its period is over the case goes on at once."""
    with transaction.atomic(durable=True):
        kept, proceeding = _locked(objection, by=by, now=now)
        _allowed(lambda: change(kept, proceeding), kept)
        deadlines.settle_objection(kept.pk, at=now)
        proceeding.regather()
        remedies.go_on(proceeding, kept.application, f"异议（回执{kept.receipt}）{word}。")
        proceeding.write()
        context = {"number": kept.application.number, "receipt": kept.receipt, "outcome": word}
        proceeding.say([_to_handlers(kept, catalogue.OBJECTION_DECIDED, context, proceeding, act[10:])])
        return kept


def _write(objection: Objection, source: str, **values: object) -> None:
    rows = Objection.objects.filter(pk=objection.pk, state=source)
    if rows.update(state=objection.state, revision=F("revision") + 1, **values) != 1:
        raise engine.StaleWrite(f"objection {objection.pk} is no longer {source}")
    for name, value in values.items():
        setattr(objection, name, value)


def _two_people(names: Sequence[str]) -> list[str]:
    people = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(people) < 2:
        raise BadObjection("异议调查须有两名以上调查人，请写明姓名。")
    return people


def _require(text: str, sentence: str) -> None:
    if not text.strip():
        raise BadObjection(sentence)


def _to_handlers(
    objection: Objection,
    event: catalogue.Event,
    context: Mapping[str, object],
    proceeding: Proceeding,
    stage: str,
) -> Notice:
    code = objection.application.village.code
    role = LEVEL_ROLE[Level(objection.handling_level)]
    people = appointments.holders(role, {code}, on=proceeding.today)[code]
    return Notice(
        event=event,
        fact=f"objection:{objection.pk}",
        stage=stage,
        recipients=people,
        context=context,
        application=objection.application_id,
        url=objection.get_absolute_url(),
    )
