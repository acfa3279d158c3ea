"""Numbers shown in full (完整信息): ID numbers, cards and telephones of a household, to whom, when and what for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from applications.models import Disclosure, Purpose, Way
from registry import appointments
from registry.models import Household, User
from registry.refusal import Refused
from workflow import permissions
from workflow.models import Objection

SHORTEST = 4
"""Characters of a reason; fewer say nothing to whoever looks through the record."""


class NoReason(Refused):
    """Full numbers without saying what for."""


@dataclass(frozen=True)
class Need:
    """What full numbers are needed for."""

    purpose: Purpose
    reason: str

    def enforce(self) -> None:
        """Refuse a reason that says nothing."""
        if len(self.reason.strip()) < SHORTEST:
            raise NoReason(f"请写明查看的事由，至少{SHORTEST}个字，例如“核对开户名与身份证是否一致”。")


def show(household: Household, *, need: Need, by: User, now: datetime) -> Disclosure:
    """Write down that somebody sees a household's full numbers; each look is a line of its own."""
    with transaction.atomic(durable=True):
        actor = appointments.actor(by, on=timezone.localdate(now))
        permissions.may_see_numbers(actor, household).enforce()
        need.enforce()
        return Disclosure.objects.create(
            by=by,
            at=now,
            household=household,
            way=Way.SCREEN,
            purpose=need.purpose,
            reason=need.reason.strip(),
        )


def show_objector(objection: Objection, *, need: Need, by: User, now: datetime) -> Disclosure:
    """Write down that somebody sees the name and telephone of whoever objects; the record names the objection only."""
    with transaction.atomic(durable=True):
        actor = appointments.actor(by, on=timezone.localdate(now))
        permissions.may_see_objector(actor, objection).enforce()
        need.enforce()
        return Disclosure.objects.create(
            by=by,
            at=now,
            household=objection.application.household,
            way=Way.SCREEN,
            purpose=need.purpose,
            reason=need.reason.strip(),
            objection=objection.number,
        )


def export(households: Sequence[Household], *, need: Need, by: User, now: datetime) -> list[Disclosure]:
    """Write down that full numbers of many households leave in one file: a line for each household."""
    with transaction.atomic(durable=True):
        actor = appointments.actor(by, on=timezone.localdate(now))
        for household in households:
            permissions.may_export_numbers(actor, household.village.code).enforce()
        need.enforce()
        batch = uuid4()
        return Disclosure.objects.bulk_create(
            Disclosure(
                by=by,
                at=now,
                household=household,
                way=Way.EXPORT,
                purpose=need.purpose,
                reason=need.reason.strip(),
                batch=batch,
            )
            for household in households
        )
