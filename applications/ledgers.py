"""Records beside the chains of cases (另册): who saw full numbers, what was done to logins, photos that no line names.

They belong to no case's chain, or would make every case of a sheet wait for a photo of the wall. So the daily digest
holds, for each of them, the digest over the rows that came since the last one.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from applications.models import (
    Attachment,
    AttachmentKind,
    DailyDigest,
    Disclosure,
    ProgrammeChange,
    Removal,
    SealedRecord,
)
from registry.models import AccountChange, RegisterChange

SETTLED = timedelta(minutes=10)
"""No transaction lasts so long: of rows that are older, none appears later under a smaller number."""
_spell = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, sort_keys=True, default=DjangoJSONEncoder().default
)


@dataclass(frozen=True)
class Ledger:
    """One record: its rows, the columns that are sealed, and when a row was written."""

    name: str
    title: str
    model: type[Model]
    columns: tuple[str, ...]
    at: str = "at"
    only: dict[str, Any] = field(default_factory=dict)

    def rows(self, *, after: int, upto: int) -> Any:
        kept = self.model._default_manager.filter(pk__gt=after, pk__lte=upto, **self.only)
        return kept.order_by("pk").values_list("pk", *self.columns)


LEDGERS = (
    Ledger(
        "disclosure",
        "完整信息查看记录",
        Disclosure,
        ("by_id", "at", "household_id", "way", "purpose", "reason", "batch"),
    ),
    Ledger(
        "removal",
        "个人信息删除记录",
        Removal,
        ("by_id", "at", "household_id", "ground", "document", "reason", "counts"),
    ),
    Ledger(
        "programme_change",
        "项目变更记录",
        ProgrammeChange,
        ("programme_id", "at", "by_id", "act", "text", "before", "after"),
    ),
    Ledger("account_change", "账号记录", AccountChange, ("user_id", "act", "at", "by_id", "reason", "data")),
    Ledger(
        "register_change",
        "户籍更正记录",
        RegisterChange,
        ("household_id", "member_id", "act", "at", "by_id", "reason", "data"),
    ),
    Ledger(
        "photo",
        "公示照片和异议照片",
        Attachment,
        ("kind", "sha256", "kept_sha256", "uploaded_by_id", "uploaded_at"),
        at="uploaded_at",
        only={"kind__in": (AttachmentKind.DISPLAY, AttachmentKind.OBJECTION)},
    ),
)


def seal(day: DailyDigest, *, now: datetime) -> list[SealedRecord]:
    """What the day's digest will hold of each record that has grown; not yet written."""
    found = []
    for ledger in LEDGERS:
        last = SealedRecord.objects.filter(record=ledger.name).order_by("-day").first()
        since = last.upto if last else 0
        old = {f"{ledger.at}__lt": now - SETTLED}
        newest = (
            ledger.model._default_manager.filter(pk__gt=since, **old, **ledger.only).order_by("-pk").first()
        )
        if newest is not None:
            rows, digest = _summed(ledger, after=since, upto=newest.pk)
            found.append(SealedRecord(day=day, record=ledger.name, upto=newest.pk, rows=rows, digest=digest))
    return found


def _summed(ledger: Ledger, *, after: int, upto: int) -> tuple[int, str]:
    count, found = 0, hashlib.sha256()
    for row in ledger.rows(after=after, upto=upto).iterator(chunk_size=2000):
        count += 1
        found.update(_spell.encode(row).encode() + b"\n")
    return count, found.hexdigest()


def faults() -> Iterator[tuple[str, str]]:
    """Where and what: each stretch of a record that is not what its day's digest holds."""
    for ledger in LEDGERS:
        since = 0
        for sealed in SealedRecord.objects.filter(record=ledger.name).order_by("day"):
            rows, digest = _summed(ledger, after=since, upto=sealed.upto)
            if rows != sealed.rows:
                yield ledger.title, f"{sealed.day_id}的日摘要记有{sealed.rows}条，现在是{rows}条，有增删。"
            elif digest != sealed.digest:
                yield ledger.title, f"{sealed.day_id}的日摘要所记的{rows}条里有被改过的。"
            since = sealed.upto
