"""What is typed into the form that changes a case and not saved (暂存的修改): kept for the one who typed.

It lies in the same row as what they typed for a new case of the household under the programme, beside it: a person has
one such row, and neither is in the way of the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from applications.models import Application
from registry import appointments
from registry.models import User
from workflow import entering, pending, permissions
from workflow.models import PendingEntry, Receipt

FIELDS = ("option", "quantity", "payee", "reason", "committed")


@dataclass(frozen=True)
class Kept:
    """The words, since when, and whether the case was changed by somebody in the meantime."""

    typed: dict[str, str]
    kept_at: datetime
    outdated: bool


def found(case: Application, *, by: User) -> Kept | None:
    """What the person typed on this case's form before and did not save."""
    entry = _rows(case, by).first()
    one = entry.typed.get(pending.CASES, {}).get(f"{case.pk}") if entry else None
    if one is None:
        return None
    return Kept(one["typed"], datetime.fromisoformat(one["kept_at"]), one["revision"] != case.revision)


def keep(case: Application, *, typed: Mapping[str, str], by: User, now: datetime) -> None:
    """Keep what is typed so far, whatever it is; what was kept for the case before is replaced."""
    with transaction.atomic(durable=True):
        actor = appointments.actor(by, on=timezone.localdate(now))
        permissions.may_amend(actor, case).enforce()
        entering.queue_up([case.household_id])
        # A late echo of a form that is saved already keeps nothing.
        if typed.get("key") and Receipt.objects.filter(key=typed["key"]).exists():
            return
        # A box without its tick is an answer too: it must not come back ticked.
        words = {name: typed.get(name, "")[: pending.LONGEST] for name in FIELDS}
        entry = _rows(case, by).first()
        entry = entry or PendingEntry(by=by, household=case.household, programme=case.programme, kept_at=now)
        one = {"typed": words, "kept_at": now.isoformat(), "revision": case.revision}
        entry.typed[pending.CASES] = {**entry.typed.get(pending.CASES, {}), f"{case.pk}": one}
        entry.save()


def drop(case: Application, *, by: User) -> None:
    """Throw away what was kept for the case: it is saved, or not wanted."""
    with transaction.atomic(durable=True):
        entering.queue_up([case.household_id])
        entry = _rows(case, by).first()
        if entry is None or f"{case.pk}" not in entry.typed.get(pending.CASES, {}):
            return
        others = {key: one for key, one in entry.typed[pending.CASES].items() if key != f"{case.pk}"}
        if not others and not pending.begun(entry):
            entry.delete()
            return
        entry.typed.pop(pending.CASES)
        entry.typed |= {pending.CASES: others} if others else {}
        entry.save(update_fields=["typed"])


def _rows(case: Application, by: User) -> QuerySet[PendingEntry]:
    return PendingEntry.objects.filter(by=by, household=case.household_id, programme=case.programme_id)
