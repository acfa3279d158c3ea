"""Appeals (复核): an objector asks the level above, once, to look again at how an objection was dealt with.

An appeal is an objection of its own: it has the same steps and due dates and holds the case in the same way. No
source names its term: ten working days are an inference, like the other terms of design.md.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from applications.states import Level
from registry.models import User
from workflow import deadlines, engine, permissions, receipts
from workflow.calendar import Calendar, Period
from workflow.complaints import BadObjection, Complaint, take_in
from workflow.models import Channel, Objection, ObjectionOutcome, ObjectionState, Telling
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result

APPEAL_DAYS = 10
"""Working days from the day the objector was told of the outcome, or from the outcome where nobody was told."""


class NoAppeal(BadObjection):
    """The handling of this objection is not, or no longer, open to an appeal."""


def period(objection: Objection, calendar: Calendar) -> Period:
    """The days in which an appeal may come in, explained day by day."""
    assert objection.decided_at is not None
    told = objection.tellings.filter(matter=Telling.OUTCOME).values_list("told_on", flat=True).first()
    start = told or timezone.localdate(objection.decided_at)
    return deadlines.explain_term(start, APPEAL_DAYS, calendar)


def refuse_unappealable(objection: Objection) -> None:
    """Whether the law has room for an appeal at all, whatever the day; raises NoAppeal."""
    if objection.appeal_of_id is not None:
        raise NoAppeal("复核只能申请一次，复核的结果不能再申请复核。")
    if Objection.objects.filter(appeal_of=objection.pk).exists():
        raise NoAppeal("这件异议已经申请过复核，不能重复申请。")
    upheld = objection.outcome == ObjectionOutcome.CANCELLED
    if objection.state not in {ObjectionState.DECIDED, ObjectionState.NOT_ACCEPTED} or upheld:
        raise NoAppeal("异议不予受理、不成立或者更正以后才可以申请复核。")
    if Level(objection.handling_level).above is None:
        raise NoAppeal("区级办结的异议在本系统没有上一级，可以向纪委或者上级主管部门反映，也可以拨打12317。")


def lodge(
    objection: Objection,
    *,
    facts: str,
    now: datetime,
    channel: Channel = Channel.WEB,
    by: User | None = None,
    to_confirm: bool = False,
    key: str | None = None,
) -> Objection:
    """Take in the objector's appeal against the handling of an objection; `by` None is the public page."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="appeal", by=by.pk if by else None, at=now)) is not None:
            return Objection.objects.get(pk=before[0].pk)
        locked = engine.locked([Ref(objection.application_id)], postings=[objection.posting_id])
        kept = Objection.objects.select_for_update(of=("self",)).select_related("entry").get(pk=objection.pk)
        proceeding = Proceeding(locked, by, now)
        case = locked.cases[kept.application_id]
        if proceeding.actor is not None:
            permissions.may_lodge(proceeding.actor, case).enforce()
        refuse_unappealable(kept)
        last = period(kept, proceeding.calendar).last_day
        if proceeding.today > last:
            raise NoAppeal(
                f"申请复核的期限是{last}，已经超过。仍有意见的，可以向上级主管部门反映或者拨打12317。"
            )
        complaint = _complaint(kept, facts=facts, channel=channel, to_confirm=to_confirm)
        complaint.enforce()
        above = Level(kept.handling_level).above
        assert above is not None
        told: dict[str, Any] = {"complaint": complaint, "received": now, "level": above, "appeal_of": kept}
        made = take_in(kept.entry, proceeding=proceeding, **told)
        receipts.keep(key, [Result(made.pk, made.number, True)])
        return made


def _complaint(objection: Objection, *, facts: str, channel: Channel, to_confirm: bool) -> Complaint:
    """The appeal comes from whoever objected; what is typed now is only why."""
    return Complaint(
        channel=channel,
        facts=facts,
        anonymous=objection.anonymous,
        name=objection.objector_name,
        phone=objection.objector_phone,
        concerns_cadre=objection.concerns_cadre,
        to_confirm=to_confirm,
    )
