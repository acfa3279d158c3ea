"""Loans and training as the township writes them down (受益记录): records, for which there is no verb."""

from datetime import date, datetime
from decimal import Decimal

from applications.models import BenefitRecord, Programme
from registry.models import Household, Member, User
from workflow.township.settling import BANK


def keep(
    programme: Programme,
    household: Household,
    *,
    member: Member | None = None,
    amount: Decimal | None = None,
    lasts: tuple[date, date],
    note: str = "〔示例〕",
    by: User,
    at: datetime,
) -> None:
    """Write one record down, once: a loan has an amount and a bank, a course has its member."""
    starts_on, ends_on = lasts
    BenefitRecord.objects.get_or_create(
        programme=programme,
        household=household,
        member=member,
        starts_on=starts_on,
        defaults={
            "village": household.village,
            "amount": amount,
            "ends_on": ends_on,
            "bank": "" if amount is None else BANK,
            "note": note,
            "recorded_by": by,
            "recorded_at": at,
        },
    )
