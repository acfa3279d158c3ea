"""Ticking what is mended (补正登记): the village says, fault by fault, what it has mended of a case sent back.

A tick is the village's word, not a gate. `domain.md` §4 sends a corrected case back to whoever returned it, and that
level judges: a household that cannot mend one fault, or contests it, must not be caught in a correction which only
it or a lapse could end. So a case may be reported again with faults unticked; they are named on the form, in the
line of history that reports it again, and to the reviewer.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from applications.models import Application
from applications.standing import Standing
from applications.states import LEVEL_OF, State
from registry import appointments
from registry.models import User
from registry.refusal import Refused
from workflow import engine, permissions, receipts, returns
from workflow.models import Fault
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result


class NothingToTick(Refused):
    """Faults that are not those of the case's last return, or no list of faults at all."""


def tick_faults(
    ref: Ref, *, ticked: Iterable[int], by: User, now: datetime, key: str | None = None
) -> list[Result]:
    """Say which faults of the last return are mended (by key); those left out are not, or no longer."""
    wanted = set(ticked)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="tick_faults", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked([ref]), by, now)
        actor = appointments.actor(by, on=proceeding.today)
        faults = returns.open_faults([ref.pk]).get(ref.pk, [])

        def law(application: Application, standing: Standing) -> None:
            if not faults:
                raise NothingToTick("这次退回没有逐条列出补正内容，不用登记。")
            if wanted - {fault.pk for fault in faults}:
                raise NothingToTick("勾选的内容不是最近一次退回的补正事项，请刷新页面后重试。")

        case = proceeding.step(
            ref,
            "tick_faults",
            law,
            permitted=lambda application: permissions.may_tick(actor, application),
            level=LEVEL_OF[State.DRAFT],
            text=said(faults, wanted),
            data={"mended": sorted(fault.number for fault in faults if fault.pk in wanted)},
        )
        if case is not None:
            kept = {fault.pk for fault in faults if fault.mended_at is not None}
            Fault.objects.filter(pk__in=wanted - kept).update(mended_at=now)
            Fault.objects.filter(pk__in=kept - wanted).update(mended_at=None)
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def said(faults: Iterable[Fault], wanted: set[int]) -> str:
    """What the line of history says: the numbers that are mended, and those that are not."""
    rows = list(faults)
    mended = "、".join(f"{fault.number}" for fault in rows if fault.pk in wanted)
    rest = "、".join(f"{fault.number}" for fault in rows if fault.pk not in wanted)
    parts = [f"第{mended}条已补正" if mended else "", f"第{rest}条还没有补正" if rest else ""]
    return f"{'，'.join(part for part in parts if part)}。"
