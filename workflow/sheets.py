"""What stands on a sheet: the frozen public rows from an allow-list, their digest, and leaving a sheet.

Shared by verbs: these functions ask for locked rows and open no transaction of their own.
"""

import hashlib
import json
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F

from applications.amounts import TierRule, UnitPriceRule, plain
from applications.models import Application
from applications.states import Level
from applications.terms import Term
from registry.refusal import Refused
from workflow import engine, photos
from workflow.models import EntryOutcome, Posting, PostingEntry, PostingState
from workflow.results import Ref
from workflow.standings import RAN

PUBLIC_FIELDS = (
    "name",
    "told_apart",
    "village",
    "group",
    "programme",
    "quantity",
    "unit",
    "standard",
    "claimed_amount",
    "amount",
    "remark",
)
"""The only things a public row may hold. A new field stays private until it is added here."""

REMARKS = ("", "核减", "补充公示")
"""The fixed list of remarks."""


class ListTampered(Refused):
    """What the database holds is not what was displayed."""


class SheetMoved(Refused):
    """A case was put on a sheet between looking and locking."""


def short_standard(case: Application) -> str:
    """The standard in one cell: 300.00元/亩, 定额500.00元, 省外500.00元."""
    rule = case.programme.parsed_rule
    if isinstance(rule, TierRule):
        return f"{case.option}{rule.tiers[case.option]:.2f}元"
    return f"{rule.short}/{case.programme.quantity_unit}" if isinstance(rule, UnitPriceRule) else rule.short


def public_rows(applications: Sequence[Application], *, supplement: bool = False) -> list[dict[str, Any]]:
    """The public rows of cases in the order given. Same name in one village group: a masked tail of the ID is added,
    and never more (the township's rule 8 of what a public list shows)."""
    names = Tally(
        {(case.payee_id, case.village_id, case.household.group, case.payee.name) for case in applications}
    )
    same = Tally(key[1:] for key in names)
    return [
        _row(case, same[case.village_id, case.household.group, case.payee.name] > 1, supplement)
        for case in applications
    ]


def _row(case: Application, ambiguous: bool, supplement: bool) -> dict[str, Any]:
    row = {
        "name": case.payee.name,
        "told_apart": f"尾号{case.payee.id_number[-4:]}" if ambiguous else "",
        "village": case.village.name,
        "group": case.household.group,
        "programme": case.programme.name,
        "quantity": plain(case.quantity),
        "unit": case.programme.quantity_unit,
        "standard": short_standard(case),
        "claimed_amount": f"{case.claimed_amount:.2f}",
        "amount": f"{case.amount:.2f}",
        "remark": "补充公示" if supplement else ("核减" if case.was_cut else ""),
    }
    return {name: row[name] for name in PUBLIC_FIELDS}


def digest(posting: Posting, entries: Iterable[PostingEntry]) -> str:
    """The SHA-256 over everything that was shown, and the figures that coverage is judged by."""
    days = {
        "number": posting.number,
        "displayed_on": posting.displayed_on.isoformat() if posting.displayed_on else "",
        "closes_on": posting.closes_on.isoformat() if posting.closes_on else "",
    }
    return _sha256({**_content(posting, entries), **days})


def list_digest(posting: Posting, entries: Iterable[PostingEntry], *, term: Term | None) -> str:
    """The SHA-256 over what the paper says before it hangs: heading, promised period and list. The number and the days
    exist only from display on, so that a draft and the sheet that it became have the same one."""
    return _sha256({**_content(posting, entries), "term": str(term or "")})


def _content(posting: Posting, entries: Iterable[PostingEntry]) -> dict[str, Any]:
    return {
        "kind": posting.kind,
        "region": posting.region_id,
        "programme": posting.programme_id,
        "title": posting.title,
        "batch_label": posting.batch_label,
        "legal_basis": posting.legal_basis,
        "standard": posting.standard,
        "text": posting.text,
        "objection_way": posting.objection_way,
        "phones": [
            posting.department_phone,
            posting.township_phone,
            posting.discipline_phone,
            posting.hotline,
        ],
        "rows": [
            [
                entry.position,
                entry.application_id,
                entry.payee_id,
                entry.option,
                plain(entry.quantity),
                f"{entry.amount:.2f}",
                entry.row,
            ]
            for entry in sorted(entries, key=lambda entry: entry.position)
        ],
    }


def _sha256(shown: dict[str, Any]) -> str:
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def shown(entry: PostingEntry) -> dict[str, Any]:
    """What an entry shows, for the history of its case: the figures, and a seal over the public row."""
    return {
        "posting": entry.posting_id,
        "payee": entry.payee_id,
        "option": entry.option,
        "quantity": plain(entry.quantity),
        "amount": f"{entry.amount:.2f}",
        "seal": _sha256(entry.row),
    }


def is_intact(posting: Posting, entries: Iterable[PostingEntry]) -> bool:
    """Whether the list still is what was sealed when it was displayed."""
    return posting.digest == digest(posting, entries)


def seal_words(posting: Posting, *, intact: bool) -> str:
    """Whether the list is what was sealed, in the one wording that staff and the public read."""
    done = "发布" if posting.is_announcement else "张贴"
    return f"名单与{done}时封存的名单{'一致' if intact else '不一致'}"


def verify(posting: Posting, entries: Iterable[PostingEntry]) -> None:
    """Refuse to close a sheet whose rows or headings were changed in the database after they were displayed."""
    if not is_intact(posting, entries):
        raise ListTampered(f"{posting}的{seal_words(posting, intact=False)}，期满不能办结，请立即核查。")


def write(posting: Posting, *, source: str, **values: Any) -> None:
    """Write a posting's transition and what goes with it; the row is locked, and still its source is compared."""
    rows = Posting.objects.filter(pk=posting.pk, state=source)
    if rows.update(state=posting.state, revision=F("revision") + 1, **values) != 1:
        raise engine.StaleWrite(f"posting {posting.pk} is no longer {source}")
    posting.revision += 1
    for name, value in values.items():
        setattr(posting, name, value)


def locked_with_sheets(refs: Sequence[Ref], *, announced: bool = False) -> engine.Locked:
    """Lock cases together with the sheets they hang on: sheets first, as everywhere."""
    hanging = [EntryOutcome.ON_DISPLAY, EntryOutcome.ANNOUNCED] if announced else [EntryOutcome.ON_DISPLAY]
    entries = PostingEntry.objects.filter(
        application__in=[ref.pk for ref in refs], outcome__in=hanging
    ).order_by()
    rows = engine.locked(refs, postings=set(entries.values_list("posting_id", flat=True)))
    if set(entries.all().values_list("posting_id", flat=True)) - set(rows.postings):
        raise SheetMoved("申请刚刚被张贴公示，请刷新后重新操作。")
    return rows


def take_out(
    cases: Sequence[Application],
    *,
    reason: str,
    locked: engine.Locked,
    at: datetime,
    ran_at: Level | None = None,
) -> None:
    """Take cases off the sheets they hang on; a sheet with nothing left is taken down.

    With `ran_at`, entries of that level that ran already are taken out as well: they no longer cover.
    """
    if not cases:
        return
    entries = PostingEntry.objects.filter(application__in=[case.pk for case in cases])
    gone = {"outcome": EntryOutcome.REMOVED, "outcome_reason": reason, "outcome_at": at}
    if ran_at is not None:
        entries.filter(level=ran_at, outcome__in=RAN).update(**gone)
    hanging = entries.filter(outcome=EntryOutcome.ON_DISPLAY)
    sheets = set(hanging.values_list("posting_id", flat=True))
    hanging.update(**gone)
    left = set(
        PostingEntry.objects.filter(posting__in=sheets, outcome=EntryOutcome.ON_DISPLAY)
        .order_by()
        .values_list("posting_id", flat=True)
    )
    for key in sorted(sheets - left):
        posting = locked.postings[key]
        posting.take_down()
        write(posting, source=PostingState.DISPLAYED, taken_down_at=at, taken_down_reason="名单内已无条目")
    photos.settle(sorted(sheets - left), at=at)
