"""Supplementary sheets (补充公示): what was shown once, is shown no longer, and hangs again for the full period.

Which sheet a case supplements is computed from its entries, nobody ticks it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from applications.models import Application
from registry.refusal import Refused
from workflow.models import EntryOutcome, Posting, PostingEntry, PostingKind
from workflow.standings import RAN

TAKEN_DOWN = "提前撤下"
"""Why entries left a sheet that came down as a whole: its period is void, yet nothing on it was wrong."""


class MixedSheet(Refused):
    """Cases shown for the first time and cases shown again, or again after different sheets, on one sheet."""


def shown_before(cases: Iterable[int], kind: PostingKind) -> list[PostingEntry]:
    """The entries of this level in which cases were shown and are shown no longer, with their sheets, oldest first."""
    rows = PostingEntry.objects.filter(
        application__in=list(cases), level=kind, outcome__in=[EntryOutcome.REMOVED, *RAN]
    )
    return list(rows.select_related("posting").order_by("pk"))


def repeated(shown: Iterable[PostingEntry]) -> dict[int, PostingEntry]:
    """The entry of the same level that each case repeats, the latest, where it was shown before."""
    return {entry.application_id: entry for entry in shown}


def corrected(shown: Iterable[PostingEntry]) -> dict[int, PostingEntry]:
    """The entry that each case was shown in with other figures, the latest: taken out to be corrected, or run to its
    end and outgrown by a correction that a higher level asked for. For cases that wait for a sheet of this level."""
    return repeated(
        entry
        for entry in shown
        if (entry.outcome, entry.outcome_reason) != (EntryOutcome.REMOVED, TAKEN_DOWN)
    )


def heaps(
    cases: Sequence[Application], kind: PostingKind, shown: Iterable[PostingEntry]
) -> dict[int | None, list[Application]]:
    """The cases that may share a sheet, by the sheet they supplement; those shown for the first time come first."""
    again = {} if kind is PostingKind.ANNOUNCEMENT else corrected(shown)
    found: dict[int | None, list[Application]] = defaultdict(list)
    for case in cases:
        found[again[case.pk].posting_id if case.pk in again else None].append(case)
    return {key: found[key] for key in sorted(found, key=lambda key: key or 0)}


def source(cases: Sequence[Application], kind: PostingKind) -> Posting | None:
    """The one sheet that all these cases supplement, or None where all are shown for the first time."""
    if kind is PostingKind.ANNOUNCEMENT:
        return None
    again = corrected(shown_before([case.pk for case in cases], kind))
    if again and len(again) < len(cases):
        names = "、".join(case.number for case in cases if case.pk in again)
        raise MixedSheet(f"申请{names}是更正后重新公示，不能和第一次公示的申请列在一张上，请分开拟稿。")
    sources = {entry.posting_id: entry.posting for entry in again.values()}
    if len(sources) > 1:
        names = "、".join(str(sources[key]) for key in sorted(sources))
        raise MixedSheet(f"名单中的申请原来分别在{names}上公示过，请按原来的公示分开拟补充公示。")
    return next(iter(sources.values()), None)


def refuse_other(posting: Posting, cases: Sequence[Application], kind: PostingKind) -> None:
    """Refuse a draft whose cases supplement another sheet by now than the one it was drafted for."""
    found = source(cases, kind)
    if posting.supplements_id == (found.pk if found else None):
        return
    if found is None:
        raise MixedSheet("名单中的申请是第一次公示，不能列在补充公示上，请重新拟稿打印。")
    raise MixedSheet(f"名单中的申请原来在{found}上公示过，应当是它的补充公示，请重新拟稿打印。")
