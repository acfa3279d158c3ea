"""Removing a household's personal data (删除个人信息) by a decision that is named; what the law keeps stays.

Gone: numbers, telephones, cards, banks, address, the papers and photos of its cases and what was written about it in
free text. Kept: the cases with their amounts and decisions, the history, the sheets as they hung, and the names that
stand on them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from applications import filed
from applications.models import (
    Application,
    Attachment,
    BenefitRecord,
    Ground,
    HistoryEntry,
    Removal,
    VerificationVisit,
)
from applications.states import FINAL
from notifications.models import Message
from registry.models import Household, Member, User
from registry.refusal import Refused
from workflow import engine, permissions
from workflow.models import Objection, PostingEntry
from workflow.proceedings import Proceeding
from workflow.results import Ref

GONE = "（已删除）"


class NotRemovable(Refused):
    """Personal data that must stay for now, or a decision that is not named."""


@dataclass(frozen=True)
class Order:
    """The decision: on what ground, by which document, why; the household's number typed to be sure."""

    ground: Ground
    document: str
    reason: str
    number: str

    def enforce(self, household: Household) -> None:
        """Refuse an order that names no document, no reason, or another household."""
        if not self.document.strip():
            raise NotRemovable("请填写作出决定的文号。")
        if not self.reason.strip():
            raise NotRemovable("请写明删除的事由。")
        if self.number.strip() != household.number:
            raise NotRemovable("输入的户编号与这一户不一致，没有删除任何内容。")


def remove(household: Household, *, order: Order, by: User, now: datetime) -> Removal:
    """Remove a household's personal data, once none of its cases or objections is open; the record stays.

    Source of the rule: 个人信息保护法 Art. 47; the retention period is the setting RETENTION_YEARS.
    """
    with transaction.atomic(durable=True):
        keys = Application.objects.filter(household=household).values_list("pk", flat=True)
        proceeding = Proceeding(engine.locked([Ref(key) for key in keys]), by, now)
        kept = Household.objects.select_for_update(of=("self",), no_key=True).get(pk=household.pk)
        actor = proceeding.actor
        assert actor is not None
        permissions.may_remove(actor, kept).enforce()
        order.enforce(kept)
        cases = list(proceeding.locked.cases.values())
        _refuse_too_early(kept, cases, order.ground, today=proceeding.today)
        files = Attachment.objects.filter(application__in=cases, removal=None)
        people = list(Member.objects.select_for_update(no_key=True).filter(household=kept).order_by("pk"))
        removal = Removal.objects.create(
            by=by,
            at=now,
            household=kept,
            ground=order.ground,
            document=order.document.strip(),
            reason=order.reason.strip(),
            counts={"people": len(people), "cases": len(cases), "files": files.count()},
        )
        _clear_people(kept, people, named=_named_in_public(cases))
        _clear_cases(kept, cases)
        _clear_files(files, removal)
        for case in cases:
            text = f"按{removal.document}删除本户个人信息。"
            proceeding.touch(case, filed.REMOVED, text=text, data={"removal": removal.pk})
        proceeding.write()
        # No partial: it has no name, which Django's report of a failure asks for, and the page would answer 500.
        transaction.on_commit(lambda: delete_files(removal), robust=True)
        return removal


def _refuse_too_early(
    household: Household, cases: Sequence[Application], ground: str, *, today: date
) -> None:
    if household.removals.exists():
        raise NotRemovable("这一户的个人信息已经删除过。")
    going = [case.number for case in cases if case.state not in FINAL]
    if going:
        raise NotRemovable(f"申请{'、'.join(going)}还没有办结，不能删除这一户的个人信息。")
    if Objection.objects.open().filter(application__in=cases).exists():
        raise NotRemovable("这一户还有没有办结的异议，不能删除个人信息。")
    if ground == Ground.RETENTION:
        until = kept_until(_last_act(cases))
        if until is None or until >= today:
            said = f"要保存到{until}" if until else "没有办结的申请，算不出保存期限"
            raise NotRemovable(f"保存期限还没有满（{said}）；有删除决定的，请选择“{Ground.DECISION.label}”。")


def _last_act(cases: Iterable[Application]) -> datetime | None:
    found: datetime | None = HistoryEntry.objects.filter(application__in=list(cases)).aggregate(at=Max("at"))[
        "at"
    ]
    return found


def kept_until(last: datetime | None) -> date | None:
    """The last day of the retention period that an act starts."""
    if last is None:
        return None
    on = timezone.localdate(last)
    # A period of years ends on the day of the same date; that of 29 February on the 28th.
    day = 28 if (on.month, on.day) == (2, 29) else on.day
    return on.replace(year=on.year + settings.RETENTION_YEARS, day=day)


def due(*, today: date) -> QuerySet[Household]:
    """Households all of whose cases ended before the retention period, and whose data are still there."""
    limit = date(today.year - settings.RETENTION_YEARS, today.month, min(today.day, 28))
    ended = Household.objects.filter(applications__isnull=False, removals=None)
    going = Application.objects.exclude(state__in=list(FINAL)).values("household")
    rows = ended.exclude(pk__in=going).annotate(last=Max("applications__history__at"))
    return rows.filter(last__date__lt=limit).order_by("number")


def _named_in_public(cases: Sequence[Application]) -> set[int]:
    """The members whose names a sheet has shown: that is a public fact and stays."""
    shown = PostingEntry.objects.filter(application__in=cases).exclude(row={})
    return {
        member
        for pair in shown.values_list("payee_id", "application__member_id")
        for member in pair
        if member is not None
    }


def _clear_people(household: Household, people: Sequence[Member], *, named: set[int]) -> None:
    for member in people:
        member.id_number = member.phone = member.card_number = ""
        member.bank = member.card_holder = ""
        if member.pk not in named:
            member.name = GONE
        member.save()
    household.phone, household.address = "", ""
    household.save()
    household.monitor_periods.update(note="")
    BenefitRecord.objects.filter(household=household).update(bank="", note="")


def _clear_cases(household: Household, cases: Sequence[Application]) -> None:
    for case in cases:
        case.payee_bank, case.payee_card, case.reason = "", "", GONE if case.reason else ""
        case.save(update_fields=["payee_bank", "payee_card", "reason"])
    VerificationVisit.objects.filter(application__in=cases).update(findings=GONE)
    Message.objects.filter(household=household).update(subject=GONE, body=GONE)


def _clear_files(files: QuerySet[Attachment], removal: Removal) -> None:
    for file in files:
        file.original_name, file.taken_at, file.taken_place, file.removal = GONE, "", "", removal
        file.save(update_fields=["original_name", "taken_at", "taken_place", "removal"])


def delete_files(removal: Removal) -> int:
    """Take the removed files off the disk; after a crash `manage.py retention` does it again."""
    done = 0
    for file in removal.files.order_by("pk"):
        name = file.file.name or ""
        if name and file.file.storage.exists(name):
            file.file.storage.delete(name)
            done += 1
    return done
