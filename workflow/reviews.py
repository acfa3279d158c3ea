"""What reviewers do: pass, return, refuse, give back, take back, stop, lapse, revoke. One case or many at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from applications.models import Application
from applications.standing import Standing
from applications.states import State, holder
from registry.models import User
from registry.refusal import Refused
from workflow import arrears, corrections, declarations, engine, permissions, receipts, sheets
from workflow.models import Act, Deadline, Fault, RefusalCode
from workflow.proceedings import Cut, Law, Proceeding
from workflow.results import Ref, Result

PASS: dict[State, Act] = {
    State.VILLAGE_REVIEW: Act.PASS_VILLAGE,
    State.TOWNSHIP_REVIEW: Act.PASS_TOWNSHIP,
    State.DISTRICT_REVIEW: Act.PASS_DISTRICT,
}


class ReasonMissing(Refused):
    """An act that needs a reason was asked for without one."""


class VillageWorkMissing(Refused):
    """A case the village cannot declare yet: no visit, no meeting, a paper missing."""


class BadDelivery(Refused):
    """A notice delivered before it was made."""


class NotOverdue(Refused):
    """A lapse before the correction's due date and its reminder have passed."""


@dataclass(frozen=True)
class FaultText:
    """One fault of a return, as the reviewer wrote it."""

    text: str
    paper_id: int | None = None
    visible_before: bool = False


def pass_on(
    refs: Sequence[Ref],
    *,
    by: User,
    now: datetime,
    opinion: str = "",
    cuts: Mapping[int, Cut] | None = None,
    key: str | None = None,
) -> list[Result]:
    """Pass cases from their review to the posting of the same level; a cut (核减) needs its reason as opinion."""
    cuts = cuts or {}
    if cuts:
        _require(opinion, "核减数量或金额时必须写明理由。")
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="pass_on", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        lacking = _village_work_lacking(proceeding.locked.cases.values())

        def law(application: Application, standing: Standing) -> None:
            if application.pk in lacking:
                raise VillageWorkMissing(lacking[application.pk])
            if application.state == State.TOWNSHIP_REVIEW:
                application.pass_township_review(standing, by=by.pk)
            elif application.state == State.DISTRICT_REVIEW:
                application.pass_district_review(standing, by=by.pk)
            else:
                application.pass_village_review(standing, by=by.pk)

        for ref in refs:
            case = proceeding.locked.cases.get(ref.pk)
            act = PASS.get(State(case.state), Act.PASS_VILLAGE) if case else Act.PASS_VILLAGE
            proceeding.act(ref, act, law, opinion=opinion or "同意", cut=cuts.get(ref.pk))
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def send_back(
    refs: Sequence[Ref],
    *,
    by: User,
    now: datetime,
    faults: Sequence[FaultText],
    delivered_on: date | None = None,
    key: str | None = None,
) -> list[Result]:
    """Return cases from their review for correction: all faults at once, in one numbered list (一次性告知)."""
    named = [fault for fault in faults if fault.text.strip()]
    if not named:
        raise ReasonMissing("退回补正必须一次性列明需要补正的内容，至少一条。")
    opinion = "；".join(f"{number}. {fault.text.strip()}" for number, fault in enumerate(named, 1))
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="send_back", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        if delivered_on is not None and delivered_on < proceeding.today:
            raise BadDelivery("送达日期不能早于退回的日期。")
        for ref in refs:
            proceeding.act(
                ref,
                Act.SEND_BACK,
                lambda application, standing: application.send_back(
                    standing, by=by.pk, level=holder(application.state)
                ),
                opinion=opinion,
                delivered_on=delivered_on or proceeding.today,
            )
        proceeding.write()
        Fault.objects.bulk_create(
            Fault(
                decision=decision,
                number=number,
                text=fault.text.strip(),
                paper_id=fault.paper_id,
                visible_before=fault.visible_before,
            )
            for decision in proceeding.decisions
            for number, fault in enumerate(named, 1)
        )
        receipts.keep(key, proceeding.results)
        return proceeding.results


def reject(
    refs: Sequence[Ref],
    *,
    by: User,
    now: datetime,
    reason_code: str,
    opinion: str,
    key: str | None = None,
) -> list[Result]:
    """Refuse cases with a reason (不予批准, at the village 不予上报); one on display leaves its sheet."""
    if reason_code not in RefusalCode.values:
        raise ReasonMissing("不予批准必须选择原因。")
    _require(opinion, "不予批准必须写明理由。")
    arrears.make_up([ref.pk for ref in refs], now=now)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="reject", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(sheets.locked_with_sheets(refs), by, now)
        refused = [
            proceeding.act(
                ref,
                Act.REJECT,
                lambda application, standing: application.reject(
                    standing, by=by.pk, level=holder(application.state)
                ),
                opinion=opinion,
                reason_code=reason_code,
            )
            for ref in refs
        ]
        sheets.take_out(
            [case for case in refused if case], reason="不予批准", locked=proceeding.locked, at=now
        )
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def return_to_township(
    refs: Sequence[Ref], *, by: User, now: datetime, opinion: str, key: str | None = None
) -> list[Result]:
    """The district gives cases back to the township's review, with a reason (退回乡级重审)."""
    _require(opinion, "退回乡级重审必须写明理由。")
    return _simple(
        refs,
        Act.RETURN_TO_TOWNSHIP,
        lambda application, standing: application.return_to_township(standing, by=by.pk),
        by=by,
        now=now,
        opinion=opinion,
        key=key,
    )


def take_back(
    refs: Sequence[Ref], *, by: User, now: datetime, opinion: str, key: str | None = None
) -> list[Result]:
    """The level that passed cases takes them back while they hang on no displayed sheet (收回)."""
    _require(opinion, "收回必须写明理由。")
    return _simple(
        refs,
        Act.TAKE_BACK,
        lambda application, standing: application.take_back(
            standing, by=by.pk, level=holder(application.state)
        ),
        by=by,
        now=now,
        opinion=opinion,
        key=key,
    )


def stop(
    refs: Sequence[Ref], *, by: User, now: datetime, opinion: str, key: str | None = None
) -> list[Result]:
    """The district stops cases before their announcement and reviews them again (暂停公告)."""
    _require(opinion, "暂停公告必须写明理由。")
    return _simple(
        refs,
        Act.STOP,
        lambda application, standing: application.stop(standing, by=by.pk),
        by=by,
        now=now,
        opinion=opinion,
        key=key,
    )


def correct(
    refs: Sequence[Ref], *, by: User, now: datetime, opinion: str, key: str | None = None
) -> list[Result]:
    """A row on display is wrong: its entry is taken out and the case starts again from the village (更正)."""
    _require(opinion, "更正必须写明公示内容哪里有误。")
    arrears.make_up([ref.pk for ref in refs], now=now)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="correct", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(sheets.locked_with_sheets(refs), by, now)
        levels = {key: holder(case.state) for key, case in proceeding.locked.cases.items()}
        corrected = [
            proceeding.act(
                ref,
                Act.CORRECT,
                lambda application, standing: application.correct(
                    standing, by=by.pk, level=levels[application.pk]
                ),
                opinion=opinion,
            )
            for ref in refs
        ]
        for case in corrected:
            if case is not None:
                sheets.take_out(
                    [case], reason="更正", locked=proceeding.locked, at=now, ran_at=levels[case.pk]
                )
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def lapse(
    refs: Sequence[Ref], *, by: User, now: datetime, opinion: str, key: str | None = None
) -> list[Result]:
    """End a correction nobody answered: by the level that returned it, after the due date and a reminder."""
    _require(opinion, "逾期终止必须写明理由。")
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="lapse", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        open_dues = Deadline.objects.filter(
            application__in=[ref.pk for ref in refs], objection__isnull=True, settled_at__isnull=True
        )
        dues = {due.application_id: due for due in open_dues}
        levels = {pk: permissions.returned_by(case) for pk, case in proceeding.locked.cases.items()}

        def law(application: Application, standing: Standing) -> None:
            due = dues.get(application.pk)
            if due is None or due.due_on >= proceeding.today or due.reminded_at is None:
                raise NotOverdue("补正期限未满或尚未催办，不能逾期终止。")
            application.lapse(standing, by=by.pk, level=levels[application.pk])

        for ref in refs:
            proceeding.act(ref, Act.LAPSE, law, level=levels.get(ref.pk), opinion=opinion)
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def revoke(
    refs: Sequence[Ref], *, by: User, now: datetime, opinion: str, key: str | None = None
) -> list[Result]:
    """The district revokes announced results, with a reason (撤销); each announcement gets its correction (更正公告)."""
    _require(opinion, "撤销必须写明理由。")
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="revoke", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(sheets.locked_with_sheets(refs, announced=True), by, now)
        revoked = [
            proceeding.act(
                ref,
                Act.REVOKE,
                lambda application, standing: application.revoke(standing, by=by.pk),
                opinion=opinion,
            )
            for ref in refs
        ]
        corrections.announce(
            [case for case in revoked if case], reason=opinion, locked=proceeding.locked, by=by, at=now
        )
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def _simple(
    refs: Sequence[Ref], act: Act, law: Law, *, by: User, now: datetime, opinion: str, key: str | None
) -> list[Result]:
    """A verb that moves cases and changes nothing else."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act=act, by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        for ref in refs:
            proceeding.act(ref, act, law, opinion=opinion)
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def _require(text: str, sentence: str) -> None:
    if not text.strip():
        raise ReasonMissing(sentence)


def _village_work_lacking(cases: Iterable[Application]) -> dict[int, str]:
    """What the village still has to do before it declares its cases; cases with nothing lacking are left out."""
    waiting = [case for case in cases if case.state == State.VILLAGE_REVIEW]
    found = declarations.work(waiting)
    return {key: f"{work.lacking[0]}，不能申报。" for key, work in found.items() if work.lacking}
