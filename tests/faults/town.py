"""Run in a disposable system: the tests' township with a few days of work before it. Prints what the loader needs.

python -m tests.faults.town '{"ready": 40, "sheets": 12, "households": 60, "poison": true}'
"""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from applications.models import HistoryEntry  # noqa: E402
from applications.states import State  # noqa: E402
from notifications import catalogue, outbox  # noqa: E402
from notifications.models import Channel, Message  # noqa: E402
from notifications.outbox import Notice  # noqa: E402
from registry import clock, demo  # noqa: E402
from registry.models import ClockOffset, User  # noqa: E402
from tests import stages  # noqa: E402
from tests.faults.system import PASSWORD  # noqa: E402
from tests.workflow.views.pages import submitted_in_sets  # noqa: E402
from tests.world import NOW, World, build  # noqa: E402
from workflow.models import HolidayNotice, PostingEntry, PostingKind  # noqa: E402

BEGINS = NOW + timedelta(days=14)
"""The moment at which the system's clock stands when its processes start."""


def make(wanted: dict[str, Any]) -> dict[str, Any]:
    """Lay everything out with the real verbs, each at its own moment."""
    demo.mark(now=datetime.now(UTC))
    # The world brings its own notices.
    HolidayNotice.objects.all().delete()
    world = build()
    for person in _loaders(world).values():
        person.set_password(PASSWORD)
        person.must_change_password = False
        person.save()
    with outbox.held():
        days = (BEGINS - timedelta(days=n % 9) for n in range(wanted.get("ready", 0)))
        ready = [stages.submitted(world, now=moment).pk for moment in days]
        hanging = [case for number in range(wanted.get("sheets", 0)) for case in _sheet(world, number)[1]]
        made: dict[str, Any] = {"ready": ready, "hanging": hanging, "poison": {}}
        if wanted.get("poison"):
            made["poison"] = _poison(world)
        if wanted.get("intents"):
            _intents(world, wanted["intents"], wanted["letters"])
        if wanted.get("due"):
            made["due"] = len(submitted_in_sets(replace(world, now=BEGINS), wanted["due"]))
    shift = BEGINS - clock.now()
    ClockOffset.objects.create(pk=1, days=shift.days, seconds=shift.seconds, set_at=timezone.now())
    last = HistoryEntry.objects.order_by("pk").last()
    return made | {
        "households": [world.household().pk for _ in range(wanted.get("households", 0))],
        "programme": world.grain.pk,
        "people": {role: person.username for role, person in _loaders(world).items()},
        "history": last.pk if last else 0,
    }


def _loaders(world: World) -> dict[str, User]:
    return {
        "clerk": world.clerk,
        "second_clerk": world.second_clerk,
        "reviewer": world.reviewer,
        "administrator": world.administrator,
    }


def _sheet(world: World, number: int, *, cases: int = 2) -> tuple[int, list[int]]:
    """A sheet on display whose last day lies up to ten days after the beginning."""
    moment = BEGINS - timedelta(days=9 - number % 10)
    made = [
        stages.reach(world, State.VILLAGE_POSTING, now=moment - timedelta(days=1))[0] for _ in range(cases)
    ]
    sheet = stages.displayed(world, made, kind=PostingKind.VILLAGE, now=moment)
    return sheet.pk, [case.pk for case in made]


def _poison(world: World) -> dict[str, int]:
    """A sheet whose list was tampered with, and a letter that no mail server can be given."""
    sheet, _ = _sheet(world, 0)
    PostingEntry.objects.filter(posting=sheet).update(amount=1)
    context = {"number": "示例-1", "kind": "办理", "due": "2021-03-05", "level": "村级"}
    outbox.announce(
        [Notice(event=catalogue.REMINDER, fact="poison:1", recipients=[world.clerk], context=context)],
        at=BEGINS,
    )
    letter = Message.objects.get(fact="poison:1", channel=Channel.EMAIL)
    # A line break in a header is refused by the mail library each time.
    Message.objects.filter(pk=letter.pk).update(subject="一行\n又一行")
    return {"sheet": sheet, "letter": letter.pk}


def _intents(world: World, number: int, letters: int) -> None:
    """So many open messages, some of them letters, each of a fact of its own."""
    context = {"number": "示例-1", "kind": "办理", "due": "2021-03-05", "level": "村级"}
    case = {"step": "乡级审核", "count": 1, "programme": "示例种植补助", "due": "2021-03-05"}
    facts = [
        Notice(event=catalogue.REMINDER, fact=f"intent:{n}", recipients=[world.clerk], context=context)
        for n in range(letters)
    ]
    facts += [
        Notice(event=catalogue.ARRIVED, fact=f"intent:{n}", recipients=[world.clerk], context=case)
        for n in range(number - 2 * letters)
    ]
    outbox.announce(facts, at=BEGINS)


if __name__ == "__main__":
    print(json.dumps(make(json.loads(sys.argv[1]))))
