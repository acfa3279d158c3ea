"""A year whose telling was killed at any point goes on, and ends as one that was told without a break."""

from collections.abc import Callable
from importlib import import_module
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction

from applications.models import Attachment, BenefitRecord, HistoryEntry, VerificationVisit
from tests.workflow.test_replay import short
from workflow.models import Posting, PostingEntry
from workflow.township import year


def chronicle() -> dict[str, list[Any]]:
    """All that happened, without the keys of rows and what is drawn by chance."""
    acts = HistoryEntry.objects.order_by("at", "application__number", "seq")
    sheets = Posting.objects.order_by("created_at", "number")
    entries = PostingEntry.objects.order_by("application__number", "level", "posting__number")
    files = Attachment.objects.order_by("uploaded_at", "original_name", "kind", "sha256")
    return {
        "acts": list(
            acts.values_list("application__number", "seq", "at", "by__username", "act", "source", "target")
        ),
        "sheets": list(
            sheets.values_list(
                "number", "kind", "state", "created_at", "closes_on", "closed_at", "supplements__number"
            )
        ),
        "entries": list(
            entries.values_list(
                "application__number", "level", "posting__number", "quantity", "amount", "outcome"
            )
        ),
        "files": list(files.values_list("kind", "uploaded_at", "original_name", "sha256")),
        "records": list(BenefitRecord.objects.order_by("note").values_list("note", "recorded_at", "amount")),
        "visits": list(
            VerificationVisit.objects.order_by("recorded_at", "application__number").values_list(
                "application__number", "recorded_at"
            )
        ),
    }


class Killed(Exception):
    """Stands for the end of the process."""


def killing(target: str, call: int) -> Any:
    """Make the so-manieth call of something the last thing that the process does."""
    module, _, name = target.rpartition(".")
    owner = import_module(module)
    real: Callable[..., Any] = getattr(owner, name)
    calls = iter(range(1, 1_000_000))

    def counted(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == call:
            raise Killed
        return real(*args, **kwargs)

    return patch.object(owner, name, counted)


def told_with_kills(*kills: tuple[str, int]) -> dict[str, list[Any]]:
    for target, call in kills:
        with killing(target, call), pytest.raises(Killed):
            year.tell(short())
    year.tell(short())
    return chronicle()


@pytest.mark.any_database
def test_a_year_that_was_killed_goes_on_and_ends_the_same(db: None) -> None:
    start = transaction.savepoint()
    straight = told_with_kills()
    transaction.savepoint_rollback(start)
    # After entry before its paper; between two visits; drafts made and not displayed; a board half closed;
    # an objection half handled; an announcement drafted and not published.
    killed = told_with_kills(
        ("workflow.intake.attach", 3),
        ("workflow.fieldwork.record_visit", 7),
        ("workflow.postings.display", 6),
        ("workflow.postings.close", 9),
        ("workflow.objections.decide", 1),
        ("workflow.announcements.publish", 2),
    )
    assert straight["acts"]
    for part, lines in straight.items():
        assert killed[part] == lines, part
