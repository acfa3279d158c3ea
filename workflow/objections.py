"""Objections of the public (异议): lodge, confirm, accept, not accept, investigate, decide, withdraw, pass on, tell.

An open objection stops every forward step of the one case it names, and nothing else. The objector stands in
no history line and in no message. Every verb on an objection serves an appeal (复核) too.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from applications.machine import WrongState
from applications.states import Level, State
from notifications import catalogue
from registry.models import User
from workflow import arrears, deadlines, engine, notices, permissions, receipts, remedies
from workflow.complaints import (
    MAX_FACTS,
    BadObjection,
    Complaint,
    handling_level,
    take_in,
    to_handlers,
    under_lock,
)
from workflow.models import (
    DeadlineKind,
    Objection,
    ObjectionOutcome,
    ObjectionState,
    ObjectorTold,
    PostingEntry,
    PostingState,
    Telling,
    Way,
)
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result

__all__ = ["MAX_FACTS", "BadObjection", "Complaint", "WrongObjectionState"]


class WrongObjectionState(BadObjection):
    """The objection is not in the state that this step starts from."""


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
    complaint.enforce()
    # Before the locks are taken: drawing a photo anew may take a second.
    complaint = complaint.with_clean_photos()
    arrears.make_up([entry.application_id], now=now, by=received)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="lodge", by=by.pk if by else None, at=now)) is not None:
            return Objection.objects.get(pk=before[0].pk)
        # The posting row is locked before the case: closing counts open objections under the same lock.
        locked = engine.locked([Ref(entry.application_id)], postings=[entry.posting_id])
        posting = locked.postings[entry.posting_id]
        proceeding = Proceeding(locked, by, now)
        case = locked.cases[entry.application_id]
        if proceeding.actor is not None:
            permissions.may_lodge(proceeding.actor, case).enforce()
        permissions.takes_objections(entry).enforce()
        if posting.state == PostingState.DRAFT:
            raise BadObjection("该名单还没有公示，不能提出异议。")
        on = timezone.localdate(received)
        if posting.displayed_on is not None and on < posting.displayed_on:
            raise BadObjection("收到时间早于名单张贴的日期，请核对。")
        level = handling_level(posting.level, complaint, case, on=proceeding.today)
        made = take_in(entry, proceeding=proceeding, complaint=complaint, received=received, level=level)
        receipts.keep(key, [Result(made.pk, "", True)])
        return made


def confirm(objection: Objection, *, by: User, now: datetime, key: str | None = None) -> Objection:
    """Note that an objection taken in over the limit was confirmed by a call (电话核实)."""

    def check(kept: Objection, proceeding: Proceeding) -> None:
        if not kept.waits_for_a_call:
            raise BadObjection("该异议不需要电话核实，或者已经核实。")
        _write(kept, kept.state, confirmed_at=now, confirmed_by=by)

    return _handle(objection, check, act="objection_confirmed", word="已电话核实", by=by, now=now, key=key)


def accept(objection: Objection, *, by: User, now: datetime, key: str | None = None) -> Objection:
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

    return _handle(objection, take, act="objection_accepted", word="受理", by=by, now=now, key=key)


def not_accept(
    objection: Objection, *, by: User, now: datetime, reason: str, key: str | None = None
) -> Objection:
    """Refuse to take the objection on, with the reason: no fact named, or the same fact already decided."""
    _require(reason, "不予受理必须写明理由。")

    def refuse(kept: Objection, proceeding: Proceeding) -> None:
        _discreet(kept, reason)
        kept.not_accept()
        _write(kept, ObjectionState.RECEIVED, reason=reason.strip(), decided_at=now, decided_by=by)

    return _end(objection, refuse, act="objection_not_accepted", word="不予受理", by=by, now=now, key=key)


def investigate(
    objection: Objection, *, by: User, now: datetime, investigators: Sequence[str], key: str | None = None
) -> Objection:
    """Begin the investigation with at least two people (调查); an appeal is looked into by others."""
    people = _two_people(investigators)

    def begin(kept: Objection, proceeding: Proceeding) -> None:
        before = kept.appeal_of.investigators if kept.appeal_of else []
        if again := [name for name in people if name in before]:
            raise BadObjection(f"{'、'.join(again)}参加过原来的调查，复核要由其他人调查。")
        kept.investigate()
        _write(kept, ObjectionState.ACCEPTED, investigators=people)

    return _handle(objection, begin, act="objection_investigating", word="开始调查", by=by, now=now, key=key)


def withdraw(
    objection: Objection, *, by: User, now: datetime, reason: str, key: str | None = None
) -> Objection:
    """The objector takes the objection back (撤回); the case's days count as if nothing had been said."""
    _require(reason, "请写明撤回的情况。")

    def take_back(kept: Objection, proceeding: Proceeding) -> None:
        _discreet(kept, reason)
        source = kept.state
        kept.withdraw()
        _write(kept, source, reason=reason.strip(), decided_at=now, decided_by=by)

    return _end(objection, take_back, act="objection_withdrawn", word="异议人撤回", by=by, now=now, key=key)


def pass_on(
    objection: Objection, *, by: User, now: datetime, to: str, reason: str, key: str | None = None
) -> Objection:
    """Pass an objection about the township or the district itself to the body that can judge it (移送)."""
    _require(to, "请填写移送的单位。")
    _require(reason, "请写明移送的理由。")

    def hand_over(kept: Objection, proceeding: Proceeding) -> None:
        _discreet(kept, to, reason)
        source = kept.state
        kept.pass_on()
        values = {"passed_to": to.strip(), "reason": reason.strip(), "decided_at": now, "decided_by": by}
        _write(kept, source, **values)

    return _end(objection, hand_over, act="objection_passed_on", word="移送", by=by, now=now, key=key)


def tell(
    objection: Objection,
    *,
    by: User,
    now: datetime,
    matter: Telling,
    way: Way,
    told_on: date,
    key: str | None = None,
) -> Objection:
    """Record that the objector was told of the acceptance or the outcome: on which day, in which way (告知)."""

    def note(kept: Objection, proceeding: Proceeding) -> None:
        if not kept.can_be_told:
            raise BadObjection("异议人没有留下姓名和电话，请其凭回执编号查询，不用登记告知。")
        ended = kept.decided_at if kept.due_telling is Telling.OUTCOME else None
        happened = kept.accepted_at if matter is Telling.ACCEPTANCE else ended
        if happened is None:
            raise BadObjection(f"该异议还没有{matter.label}，不能登记告知。")
        if not timezone.localdate(happened) <= told_on <= proceeding.today:
            raise BadObjection(
                f"告知日期应在{matter.label}之日（{timezone.localdate(happened)}）和今天之间。"
            )
        if kept.tellings.filter(matter=matter).exists():
            raise BadObjection(f"已经登记过告知异议人{matter.label}。")
        ObjectorTold.objects.create(
            objection=kept, matter=matter, way=way, told_on=told_on, by=by, recorded_at=now
        )

    word = f"已将{matter.label}告知异议人"
    return _handle(objection, note, act="objector_told", word=word, by=by, now=now, key=key)


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
    arrears.make_up([objection.application_id], now=now)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="objection_decide", by=by.pk, at=now)) is not None:
            return before[0]
        kept, proceeding = under_lock(objection, by=by, now=now)
        if len(kept.investigators) < 2:
            raise BadObjection("异议须由两人以上调查后才能办结。")
        _discreet(kept, reason)
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
        remedies.run_again(proceeding, kept.application_id)
        case = proceeding.locked.cases[kept.application_id]
        word = f"异议（编号{kept.number}）办结：{ObjectionOutcome(outcome).label}。"
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
        told = ObjectionOutcome(outcome).label
        context = {"number": case.number, "objection": kept.number, "outcome": told}
        proceeding.say(
            [
                to_handlers(kept, catalogue.OBJECTION_DECIDED, context, proceeding, "decided"),
                *notices.of_objection(
                    case, proceeding.moves, objection=kept.pk, outcome=told, reason=reason.strip()
                ),
            ]
        )
        if case.state == State.ANNOUNCED and outcome != ObjectionOutcome.NOT_UPHELD:
            # What is announced only the district takes back, and not by itself: it has to be told.
            district = to_handlers(
                kept, catalogue.TO_REVOKE, context, proceeding, "revoke", level=Level.DISTRICT
            )
            proceeding.say([replace(district, url=case.get_absolute_url())])
        result = Result(case.pk, case.number, True, data={"state": str(case.state)})
        receipts.keep(key, [result])
        return result


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
    key: str | None,
) -> Objection:
    """One step in the handling: the objection changes, the case keeps its state and gets a history line."""
    arrears.make_up([objection.application_id], now=now)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act=act, by=by.pk, at=now)) is not None:
            return Objection.objects.get(pk=before[0].pk)
        kept, proceeding = under_lock(objection, by=by, now=now)
        _allowed(lambda: change(kept, proceeding), kept)
        proceeding.touch(kept.application, act, text=f"异议（编号{kept.number}）{word}。")
        proceeding.write()
        receipts.keep(key, [Result(kept.pk, kept.number, True)])
        return kept


def _end(
    objection: Objection,
    change: Callable[[Objection, Proceeding], None],
    *,
    act: str,
    word: str,
    by: User,
    now: datetime,
    key: str | None,
) -> Objection:
    """An end without a finding against the case: where its period is over the case goes on at once."""
    arrears.make_up([objection.application_id], now=now)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act=act, by=by.pk, at=now)) is not None:
            return Objection.objects.get(pk=before[0].pk)
        kept, proceeding = under_lock(objection, by=by, now=now)
        _allowed(lambda: change(kept, proceeding), kept)
        deadlines.settle_objection(kept.pk, at=now)
        proceeding.regather()
        remedies.run_again(proceeding, kept.application_id)
        remedies.go_on(proceeding, kept.application, f"异议（编号{kept.number}）{word}。")
        proceeding.write()
        context = {"number": kept.application.number, "objection": kept.number, "outcome": word}
        proceeding.say([to_handlers(kept, catalogue.OBJECTION_DECIDED, context, proceeding, act[10:])])
        receipts.keep(key, [Result(kept.pk, kept.number, True)])
        return kept


def _write(objection: Objection, source: str, **values: object) -> None:
    rows = Objection.objects.filter(pk=objection.pk, state=source)
    if rows.update(state=objection.state, revision=F("revision") + 1, **values) != 1:
        raise engine.StaleWrite(f"objection {objection.pk} is no longer {source}")
    for name, value in values.items():
        setattr(objection, name, value)


def _discreet(objection: Objection, *texts: str) -> None:
    """What is read below the handling level and kept in the case's history names no objector."""
    phone = objection.objector_phone
    is_number = sum(sign.isdigit() for sign in phone) > 4
    secrets = [secret for secret in (objection.objector_name, phone if is_number else "") if secret]
    if any(secret in text for secret in secrets for text in texts):
        raise BadObjection("理由会写入申请的办理记录，不能写出异议人的姓名和电话，请改写。")


def _two_people(names: Sequence[str]) -> list[str]:
    people = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(people) < 2:
        raise BadObjection("异议调查须有两名以上调查人，请写明姓名。")
    return people


def _require(text: str, sentence: str) -> None:
    if not text.strip():
        raise BadObjection(sentence)
