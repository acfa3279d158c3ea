"""What two runs of a simulated year must agree in, and what they may differ in (ADR 21)."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from applications.models import Application, HistoryEntry
from notifications.models import Message
from workflow.models import Deadline, Decision, Objection, Posting, PostingEntry

TOLD_BY_THE_CLOCK = {"reminder", "escalation", "home_reminder"}
"""What a round says of a due date; where the matter was settled or rested before it came, it says nothing (ADR 21)."""
GROUPED = {"arrived", "to_post"}
"""What is said once for all that came to a desk in one transaction: late rounds bring more at once."""


@dataclass(frozen=True)
class Deed:
    """What was done at a moment, with its rows named so that another run finds them: by number, or by their place."""

    at: datetime
    what: str
    which: Any
    how: int


@dataclass
class Run:
    """The township after one run: what was done, when rounds came, and everything that is compared."""

    deeds: list[Deed] = field(default_factory=list)
    rounds: list[datetime] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    told: dict[tuple[Any, ...], tuple[datetime, datetime]] = field(default_factory=dict)
    """Each word of the clock: from when on it could be said, until when its matter was settled or rested."""


def look(run: Run) -> None:
    """Everything that two runs must agree in, by names that do not depend on keys."""
    sheets = {row.pk: n for n, row in enumerate(in_order())}
    cases = dict(Application.objects.values_list("pk", "number"))
    objected = {row.pk: n for n, row in enumerate(Objection.objects.order_by("pk"))}
    names = {f"{fact}:{key}": f"{fact} {n}" for key, n in sheets.items() for fact in ("posting", "end_photo")}
    names |= {f"objection:{key}": f"objection {n}" for key, n in objected.items()}
    names |= _ordinals("decision", Decision.objects.order_by("pk"), cases)
    dues = list(Deadline.objects.order_by("pk"))
    due_names = _ordinals("deadline", dues, cases)
    run.facts = {
        "cases": sorted(Application.objects.values_list("number", "state", "amount", "revision")),
        "sheets": list(
            Posting.objects.order_by("pk").values_list(
                "number", "kind", "state", "displayed_on", "closes_on", "certificate", "taken_down_reason"
            )
        ),
        "entries": sorted(
            (
                sheets[row.posting_id],
                row.position,
                cases[row.application_id],
                row.outcome,
                row.outcome_reason,
            )
            for row in PostingEntry.objects.all()
        ),
        "objections": list(
            Objection.objects.order_by("pk").values_list(
                "state", "outcome", "received_at", "late", "decided_at"
            )
        ),
        "deadlines": sorted(
            (
                due_names[f"deadline:{row.pk}"],
                *(row.kind, row.step, row.days, row.rests, row.paused_on, row.settled_at is None),
                *(row.starts_on, row.due_on, row.remind_on, row.near_on, row.escalate_on),
            )
            for row in dues
        ),
        "history": sorted(
            HistoryEntry.objects.values_list(
                "application__number", "seq", "act", "source", "target", "by", "text"
            )
        ),
    }
    said: set[tuple[Any, ...]] = set()
    arrivals: Counter[tuple[Any, ...]] = Counter()
    by_key = {f"deadline:{row.pk}": row for row in dues}
    for row in Message.objects.order_by("pk"):
        to = (row.recipient_id, row.household_id, row.channel)
        if row.event in GROUPED:
            (count,) = re.findall(r"(\d+)件", row.subject)
            arrivals[row.event, row.stage, *to] += int(count)
        elif row.event in TOLD_BY_THE_CLOCK:
            due = by_key[row.fact]
            # Without its stage: what is said after a rest for the first time carries the new day in it.
            word = (row.event, due_names[row.fact], *to)
            run.told.setdefault(word, (row.created_at, _over(due, row.created_at)))
        else:
            said.add((row.event, names[row.fact], row.stage, *to))
    run.facts["messages"] = sorted(said, key=repr)
    run.facts["arrivals"] = sorted(arrivals.items(), key=repr)


def _over(due: Deadline, since: datetime) -> datetime:
    """Until when a word of a due date that could be said from `since` on can be said: it is settled, or rests."""
    ends = [due.settled_at] if due.settled_at else []
    if due.objection_id is None:
        ends += Objection.objects.filter(application=due.application_id, received_at__gt=since).values_list(
            "received_at", flat=True
        )
    return min(ends, default=datetime.max.replace(tzinfo=since.tzinfo))


def differences(reference: Run, other: Run) -> list[str]:
    """In what a run with stops differs from the one without; what the rule allows is left out."""
    found = []
    for name, expected in reference.facts.items():
        if other.facts[name] != expected:
            lost = [row for row in expected if row not in other.facts[name]]
            new = [row for row in other.facts[name] if row not in expected]
            found.append(f"{name}: instead of {lost} there is {new}")
    found += [f"said only with stops: {word}" for word in other.told if word not in reference.told]
    for word, (since, over) in reference.told.items():
        if word not in other.told and any(since <= moment < over for moment in other.rounds):
            found.append(f"never said, though a round came in time: {word}")
    return found


def stopped_for(run: Run) -> timedelta:
    """The longest time between two rounds."""
    return max((b - a for a, b in pairwise(run.rounds)), default=timedelta(0))


def in_order() -> list[Posting]:
    return list(Posting.objects.order_by("pk"))


def _ordinals(name: str, rows: Any, cases: dict[int, str]) -> dict[str, str]:
    """The rows of each case numbered in their order."""
    count: Counter[str] = Counter()
    found = {}
    for row in rows:
        number = cases[row.application_id]
        count[number] += 1
        found[f"{name}:{row.pk}"] = f"{name} {count[number]} of {number}"
    return found
