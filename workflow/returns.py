"""What a case was last sent back for (退回), which faults are ticked as mended, and what differs since: from the record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, JSONObject

from applications.amounts import plain
from applications.models import Application, Attachment, HistoryEntry
from applications.states import Level
from registry.models import Member
from workflow.json_rows import JSONList, moment
from workflow.models import Act, Decision, Fault, word_for

RETURNS = (Act.SEND_BACK, Act.CORRECT)
"""The acts that lead to a correction. A 更正 has no list of faults, only its opinion."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was when the case was sent back."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Return:
    """The last return of a case: by whom, its faults with their ticks, and what differs now."""

    at: datetime
    by: str
    level: str
    word: str
    opinion: str
    faults: tuple[Fault, ...]
    differences: tuple[Difference, ...]

    @property
    def open_faults(self) -> list[Fault]:
        return [fault for fault in self.faults if fault.mended_at is None]

    @property
    def unticked(self) -> str:
        """The numbers of the faults that are not ticked, as a sentence names them."""
        return "、".join(f"{fault.number}" for fault in self.open_faults)


def annotated(rows: QuerySet[Application]) -> QuerySet[Application]:
    """Cases with their last return, for `read`: no statement of its own."""
    lines = HistoryEntry.objects.filter(application=OuterRef("pk"), act__in=RETURNS).order_by("-seq")
    line = JSONObject(seq="seq", at="at", by="by__name", level="level", act="act", text="text")
    decided = Decision.objects.filter(application=OuterRef("pk"), act__in=RETURNS).order_by("-at", "-pk")
    fault = JSONObject(id="pk", number="number", text="text", before="visible_before", mended="mended_at")
    faults = Fault.objects.filter(decision=OuterRef("last_return")).order_by().values("decision")
    since = HistoryEntry.objects.filter(
        application=OuterRef("pk"), seq__gt=OuterRef("return_seq"), act="amend"
    )
    return rows.annotate(
        last_return=Subquery(decided.values("pk")[:1]),
        return_line=Subquery(lines.annotate(found=line).values("found")[:1]),
        return_data=Subquery(lines.values("data")[:1]),
        return_seq=Subquery(lines.values("seq")[:1]),
        return_faults=Subquery(faults.annotate(found=JSONList(fault)).values("found")[:1]),
        former_payee_id=Subquery(
            lines.annotate(found=Cast(KT("data__payee"), BigIntegerField())).values("found")[:1]
        ),
        former_payee=Subquery(Member.objects.filter(pk=OuterRef("former_payee_id")).values("name")[:1]),
        reason_changed=Exists(since.filter(data__reason_changed=True)),
        card_changed=Exists(since.filter(data__card_changed=True)),
    )


def read(case: Application, files: Iterable[Attachment] = (), visits: Iterable[Any] = ()) -> Return | None:
    """The last return of an annotated case. `files` and `visits` are those of the case: what came since is named."""
    row = vars(case)
    line: Mapping[str, Any] | None = row["return_line"]
    if line is None:
        return None
    at = moment(line["at"])
    assert at is not None
    return Return(
        at=at,
        by=line["by"] or "",
        level=Level(line["level"]).label if line["level"] else "",
        word=word_for(line["act"]),
        opinion=line["text"],
        faults=tuple(_faults(row["return_faults"])),
        differences=tuple(_differences(case, row, at, files, visits)),
    )


def last(case: Application) -> Return | None:
    """The last return of one case with all that differs since: three statements."""
    found = annotated(Application.objects.filter(pk=case.pk).select_related("payee", "programme")).get()
    if vars(found)["return_line"] is None:
        return None
    files = Attachment.objects.filter(application=case.pk).select_related("paper").order_by("pk")
    return read(found, files, case.visits.all())


def open_faults(cases: Iterable[int]) -> dict[int, list[Fault]]:
    """The faults of each case's last return, in their order: one statement for any number of cases."""
    later = Decision.objects.filter(application=OuterRef("decision__application"), act__in=RETURNS).filter(
        Q(at__gt=OuterRef("decision__at")) | Q(at=OuterRef("decision__at"), pk__gt=OuterRef("decision"))
    )
    rows = Fault.objects.filter(~Exists(later), decision__application__in=list(cases))
    found: dict[int, list[Fault]] = {}
    for fault in rows.annotate(case=F("decision__application")).order_by("decision", "number"):
        found.setdefault(fault.case, []).append(fault)
    return found


def _faults(rows: list[Mapping[str, Any]] | None) -> list[Fault]:
    made = [
        Fault(
            pk=row["id"],
            number=row["number"],
            text=row["text"],
            visible_before=bool(row["before"]),
            mended_at=moment(row["mended"]),
        )
        for row in rows or ()
    ]
    return sorted(made, key=lambda fault: fault.number)


def _differences(
    case: Application,
    row: Mapping[str, Any],
    at: datetime,
    files: Iterable[Attachment],
    visits: Iterable[Any],
) -> Iterable[Difference]:
    data, unit = row["return_data"], case.programme.quantity_unit
    quantity, amount = Decimal(data["quantity"]), Decimal(data["amount"])
    if quantity != case.quantity:
        yield Difference("数量", f"{plain(quantity)}{unit}", f"{plain(case.quantity)}{unit}")
    if amount != case.amount:
        yield Difference("金额", f"{amount:,.2f}元", f"{case.amount:,.2f}元")
    if data["option"] != case.option:
        yield Difference("档次", data["option"] or "没有", case.option or "没有")
    if data["payee"] != case.payee_id:
        yield Difference("收款人", row["former_payee"] or "", case.payee.name)
    elif row["card_changed"]:
        yield Difference("一卡通账号", "退回时的账号", "已更新")
    if row["reason_changed"]:
        yield Difference("申请理由", "退回时的文字", "已修改")
    for file in files:
        if file.uploaded_at >= at:
            yield Difference("材料", "没有", f"新上传：{file.paper or file.original_name}")
    for visit in visits:
        if visit.recorded_at >= at:
            conclusion = "属实" if visit.confirmed else "不属实"
            yield Difference("入户核实", "没有", f"新登记：{visit.visited_on}核实，{conclusion}")
