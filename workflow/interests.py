"""Declared ties (回避关系): a person says which household is their own or a near relative's, and decides nothing there.

A declaration binds from its day. Nobody withdraws their own: an administrator does, with a reason, and the tie binds
until the end of that day. The row stays, so that it can be seen who was tied to whom when a case was decided.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from applications.models import Application
from registry import appointments
from registry.appointments import Actor
from registry.models import AccountAct, Household, Interest, InterestKind, User
from registry.refusal import Refused
from registry.scope import within
from workflow import accounts, permissions, receipts
from workflow.results import Result


class InterestRefused(Refused):
    """A tie that cannot be declared or withdrawn like this."""


def declare(
    person: User,
    household: Household,
    *,
    kind: InterestKind,
    by: User,
    now: datetime,
    note: str = "",
    key: str | None = None,
) -> Interest | None:
    """Declare that a household is a person's own or a near relative's; None where the same form did it before.

    By the person themselves, or by an administrator who keeps their login. It binds from today.
    """
    with transaction.atomic(durable=True):
        if receipts.first(key, act="declare_interest", by=by.pk, at=now) is not None:
            return None
        today = timezone.localdate(now)
        actor = appointments.actor(by, on=today)
        kept = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        permissions.may_declare_interest(actor, kept).enforce()
        if not Household.objects.visible_to(actor).filter(pk=household.pk).exists():
            raise InterestRefused("在您的管辖范围内没有找到这一户。")
        if Interest.objects.filter(user=kept, household=household, withdrawn_on__isnull=True).exists():
            raise InterestRefused("这个人与这户的回避关系已经登记。")
        made = Interest.objects.create(
            user=kept,
            household=household,
            kind=kind,
            declared_on=today,
            note=note.strip(),
            declared_by=by,
        )
        accounts.note(
            kept,
            AccountAct.DECLARE_INTEREST,
            by=by,
            now=now,
            reason=note.strip() or made.get_kind_display(),
            interest=made.pk,
            household=household.number,
        )
        receipts.keep(key, [Result(made.pk, household.number, True)])
        return made


def withdraw(
    interest: Interest, *, by: User, now: datetime, reason: str, key: str | None = None
) -> Interest | None:
    """Withdraw a declared tie that is none, or no longer one; it still binds today. The row stays.

    Never by the person themselves: a tie withdrawn in the morning would let them decide in the afternoon.
    """
    accounts.need_reason(reason)
    with transaction.atomic(durable=True):
        if receipts.first(key, act="withdraw_interest", by=by.pk, at=now) is not None:
            return None
        today = timezone.localdate(now)
        actor = appointments.actor(by, on=today)
        rows = Interest.objects.select_for_update(of=("self",), no_key=True).select_related(
            "user", "household__village"
        )
        kept = rows.get(pk=interest.pk)
        permissions.may_withdraw_interest(actor, kept).enforce()
        if kept.withdrawn_on is not None:
            raise InterestRefused("这项申报已经撤销。")
        kept.withdrawn_on = max(today, kept.declared_on)
        kept.withdrawn_by, kept.withdrawal_reason = by, reason.strip()
        kept.save(update_fields=["withdrawn_on", "withdrawn_by", "withdrawal_reason"])
        accounts.note(
            kept.user,
            AccountAct.WITHDRAW_INTEREST,
            by=by,
            now=now,
            reason=reason,
            interest=kept.pk,
            household=kept.household.number,
        )
        receipts.keep(key, [Result(kept.pk, kept.household.number, True)])
        return kept


def of_person(person: User) -> QuerySet[Interest]:
    """Everything a person ever declared, what was withdrawn too."""
    return _rows().filter(user=person)


def of_region(actor: Actor) -> QuerySet[Interest]:
    """All ties to households of the regions in which somebody looks through such records."""
    return _rows().filter(within(permissions.audited_prefixes(actor), "household__village__code"))


def at_decisions(case: Application, moments: Iterable[datetime]) -> QuerySet[Interest]:
    """The ties to the household of a case that bound on a day of `moments`, when something was decided in it."""
    days: set[date] = {timezone.localdate(at) for at in moments}
    bound = Q(pk__in=[])
    for day in sorted(days):
        bound |= Q(declared_on__lte=day) & (Q(withdrawn_on__isnull=True) | Q(withdrawn_on__gte=day))
    return _rows().filter(bound, household=case.household_id)


def _rows() -> QuerySet[Interest]:
    rows = Interest.objects.select_related("user", "household__village", "declared_by", "withdrawn_by")
    return rows.order_by(F("withdrawn_on").desc(nulls_first=True), "-declared_on", "-pk")
