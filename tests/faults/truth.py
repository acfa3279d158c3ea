"""Run in a disposable system: whether everything that must hold does hold. Prints what does not, and a few counts.

    python -m tests.faults.truth < ledger.json

The ledger is the loader's: every key with the answer it got. Rows written before it began are left out by number.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from itertools import chain
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from applications import verification  # noqa: E402
from applications.models import HistoryEntry  # noqa: E402
from notifications.models import Channel, Message, MessageState  # noqa: E402
from notifications.outbox import UNCERTAIN  # noqa: E402
from registry import clock  # noqa: E402
from tests.workflow import invariants  # noqa: E402
from workflow import seals  # noqa: E402
from workflow.models import (  # noqa: E402
    Act,
    Deadline,
    Decision,
    EntryOutcome,
    Posting,
    PostingEntry,
    PostingState,
    Receipt,
)

SLUGS = {
    "pass_village_review": "pass",
    "pass_township_review": "pass",
    "pass_district_review": "pass",
    "restart": "resubmit",
}
FINAL = {MessageState.SENT, MessageState.DEAD, MessageState.WITHDRAWN}


def accepted(ledger: list[dict[str, Any]], since: int) -> Iterator[str]:
    """I1: every act that was answered as done stands in the history once; what was refused does not."""
    asked = Counter((one["case"], one["act"]) for one in ledger if one["done"])
    lines = HistoryEntry.objects.filter(pk__gt=since, by__isnull=False).values_list("application_id", "act")
    written = Counter((case, SLUGS.get(act, act)) for case, act in lines)
    for place in sorted(asked.keys() | written.keys()):
        if asked[place] != written[place]:
            yield f"case {place[0]}: {place[1]} was answered {asked[place]} times as done, written {written[place]} times"
    keys = {one["key"] for one in ledger if one["done"]}
    kept = (
        set(Receipt.objects.filter(key__in=keys).values_list("key", flat=True))
        if len(keys) < 500
        else keys & set(Receipt.objects.values_list("key", flat=True))
    )
    if kept != keys:
        yield f"{len(keys - kept)} keys that were answered as done have no receipt"
    acts = [
        act for act in Act.values if act in {"send_back", "take_back", "submit"} or act.startswith("pass_")
    ]
    decided = Counter(Decision.objects.filter(act__in=acts).values_list("application_id", "act"))
    told = Counter(HistoryEntry.objects.filter(act__in=acts).values_list("application_id", "act"))
    if decided != told:
        yield f"decisions and history differ: {dict((decided - told) + (told - decided))}"


def postings(poison: set[int]) -> Iterator[str]:
    """I3: no sheet closed before its last day had ended, none twice, none forgotten."""
    today = clock.today()
    for sheet in Posting.objects.exclude(state=PostingState.DRAFT):
        if sheet.closed_at is not None and timezone.localdate(sheet.closed_at) <= sheet.closes_on:
            yield f"sheet {sheet.pk} closed on {sheet.closed_at}, its last day is {sheet.closes_on}"
        due = sheet.state == PostingState.DISPLAYED and sheet.closes_on < today
        if due != (sheet.pk in poison):
            yield f"sheet {sheet.pk} is {sheet.state}, its last day is {sheet.closes_on}, today {today}"
    closings = Counter(
        HistoryEntry.objects.filter(act="close_village_posting").values_list("application_id", flat=True)
    )
    passed = Counter(
        PostingEntry.objects.filter(outcome=EntryOutcome.PASSED, level="village").values_list(
            "application_id", flat=True
        )
    )
    if closings != passed:
        yield f"sheets closed and entries passed differ: {dict((closings - passed) + (passed - closings))}"


def deadlines() -> Iterator[str]:
    """I5: each due date is told of once, not early, and none that is due is forgotten."""
    today = clock.today()
    told = Counter(
        Message.objects.filter(event__in=["reminder", "escalation"], channel=Channel.IN_APP)
        .exclude(fact__startswith="poison")
        .exclude(fact__startswith="intent")
        .values_list("event", "fact", "recipient")
    )
    if told and max(told.values()) > 1:
        yield "a due date was told of twice"
    facts = {(event, fact) for event, fact, _ in told}
    for due in Deadline.objects.all():
        for event, at, first in (
            ("reminder", due.reminded_at, due.remind_on),
            ("escalation", due.escalated_at, due.due_on + timezone.timedelta(days=1)),
        ):
            if at is not None and timezone.localdate(at) < first:
                yield f"due date {due.pk}: {event} on {at}, before {first}"
            if at is None and due.settled_at is None and first <= today:
                yield f"due date {due.pk}: no {event} although it was due on {first}"
            if (at is not None) != ((event, f"deadline:{due.pk}") in facts):
                yield f"due date {due.pk}: {event} at {at}, and its message differ"


def messages(poison: set[int]) -> Iterator[str]:
    """I6: every message in one final state, every letter in the sink at most once, sent ones exactly once."""
    letters = Counter(_numbers())
    twice = [key for key, count in letters.items() if count > 1]
    if twice:
        yield f"letters sent twice: {twice}"
    for message in Message.objects.exclude(channel=Channel.SLIP):
        if message.state not in FINAL:
            yield f"message {message.pk} is {message.state}, next try {message.next_try_at}, {message.error}"
        if message.state == MessageState.DEAD and message.error != UNCERTAIN and message.pk not in poison:
            yield f"message {message.pk} is dead: {message.error}"
        # A kill in one of its tries leaves the poisoned one as uncertain as any other; sent it can never be.
        if message.pk in poison and message.state != MessageState.DEAD:
            yield f"the poisoned message {message.pk} is {message.state}"
        if (
            message.channel == Channel.EMAIL
            and message.state == MessageState.SENT
            and not letters[message.pk]
        ):
            yield f"letter {message.pk} is marked as sent and is not in the sink"


def _numbers() -> Iterator[int]:
    """The message number in the Message-ID of every letter in the sink; the file backend parts them by a line."""
    for path in settings.EMAIL_FILE_PATH.glob("*.log"):
        for part in path.read_bytes().split(b"-" * 79 + b"\n"):
            found = message_from_bytes(part, policy=policy.default).get("Message-ID", "")
            number = re.match(r"<(\d+)\.", str(found))
            if number:
                yield int(number.group(1))


def main() -> None:
    given = json.load(sys.stdin)
    facts, poison = given["facts"], given["facts"].get("poison") or {}
    found = chain(
        (f"I1 {fault}" for fault in accepted(given["ledger"], facts["history"])),
        (f"I2 {fault}" for fault in invariants.faults()),
        (f"I3 {fault}" for fault in postings({poison["sheet"]} if poison else set())),
        (f"I5 {fault}" for fault in deadlines()),
        (f"I6 {fault}" for fault in messages({poison["letter"]} if poison else set())),
        (f"I7 {fault}" for fault in verification.faults(anchors={})),
        (
            f"I8 sheet {sheet.pk} is not what was sealed"
            for sheet in seals.broken(seals.sealed())
            if sheet.pk != poison.get("sheet")
        ),
    )
    counts = {
        "history": HistoryEntry.objects.filter(pk__gt=facts["history"]).count(),
        "sheets closed": Posting.objects.filter(state=PostingState.CLOSED).count(),
        "due dates told of": Deadline.objects.filter(reminded_at__isnull=False).count(),
        "messages sent": Message.objects.filter(state=MessageState.SENT).count(),
        "messages left to a person": Message.objects.filter(state=MessageState.DEAD, error=UNCERTAIN).count(),
        "letters in the sink": sum(1 for _ in _numbers()),
    }
    print(json.dumps({"faults": list(found), "counts": counts}, ensure_ascii=False))


if __name__ == "__main__":
    main()
