"""`manage.py replay_amounts`: every decided amount computed again under its own programme version."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Exists, F, OuterRef

from applications.amounts import Amount
from applications.models import Application
from applications.states import State
from registry.refusal import Refused
from workflow.models import Decision

CHUNK = 500


class Command(BaseCommand):
    help = (
        "Compute each amount beyond draft again from what the case keeps; print differences, exit 1 on any."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        checked, found = 0, []
        for case in cases():
            checked += 1
            found += [f"{case.number}：{fault}" for fault in faults(case)]
        for line in found:
            self.stderr.write(line)
        if found:
            raise CommandError(f"复算{checked}件申请，发现{len(found)}处金额不一致。")
        self.stdout.write(f"已按各自的项目版本复算{checked}件申请，金额全部一致。")


def cases() -> Iterator[Application]:
    """All cases beyond draft, each knowing whether a reviewer cut its amount to what stands now."""
    cut_to_this = Decision.objects.filter(
        application=OuterRef("pk"), amount_after=OuterRef("amount"), amount_after__lt=F("amount_before")
    )
    rows = Application.objects.exclude(state=State.DRAFT).select_related("programme")
    return rows.annotate(amount_cut=Exists(cut_to_this)).order_by("pk").iterator(chunk_size=CHUNK)


def faults(case: Application) -> Iterator[str]:
    """What does not agree: the claim with the rule, or the amount that stands with its cut (核减).

    A lowered quantity gives the amount by the rule; an amount below that needs a decision that cut it.
    """
    try:
        claimed = _computed(case, "claimed_quantity")
        final = _computed(case, "quantity")
    except Refused as refused:
        yield f"按规则不能计算：{refused.sentence}"
        return
    if claimed.value != case.claimed_amount:
        yield f"申报金额{case.claimed_amount}元，复算{claimed.value}元（{claimed.working}）。"
    if case.amount == final.value:
        return
    if case.amount > final.value:
        yield f"核定金额{case.amount}元，高于复算的{final.value}元（{final.working}）。"
    elif not case.amount_cut:  # type: ignore[attr-defined]
        yield f"核定金额{case.amount}元，低于复算的{final.value}元（{final.working}），但没有核减决定。"


def _computed(case: Application, quantity: str) -> Amount:
    """The amount of one of the case's quantities, with what the case keeps besides it."""
    unit = case.programme.quantity_unit
    return case.programme.parsed_rule.compute(getattr(case, quantity), unit=unit, given=case.basis)
