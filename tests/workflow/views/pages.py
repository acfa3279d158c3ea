"""What the tests of the desk's pages share: a signed-in browser, the clock of the pages, and what must not change."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest import mock

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications.models import (
    Application,
    AppraisalMeeting,
    Attachment,
    HistoryEntry,
    VerificationVisit,
)
from notifications.models import Message
from registry.models import User
from tests.world import World, programme
from workflow import intake
from workflow.models import Deadline, Decision
from workflow.results import Ref


def as_(user: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Pages read the one clock: here it stands still."""
    with mock.patch("registry.clock.now", return_value=moment):
        yield


def url(name: str, *args: Any) -> str:
    return reverse(name, args=args)


def key_of(response: Any) -> str:
    """The idempotency key in the form that was answered."""
    return str(response.context["form"]["key"].value())


def everything() -> dict[str, Any]:
    """What a refusal must leave as it was."""
    return {
        "cases": list(
            Application.objects.order_by("pk").values_list("pk", "state", "revision", "quantity", "amount")
        ),
        "history": HistoryEntry.objects.count(),
        "decisions": Decision.objects.count(),
        "messages": Message.objects.count(),
        "deadlines": list(Deadline.objects.order_by("pk").values_list("pk", "due_on", "settled_at")),
        "fieldwork": (VerificationVisit.objects.count(), AppraisalMeeting.objects.count()),
        "files": Attachment.objects.count(),
    }


def submitted_in_sets(world: World, count: int) -> list[Application]:
    """Many cases in 待村级申报, handed in by one call of the verb: twenty households, each once per programme."""
    rule = {"kind": "fixed", "amount": "100.00", "clause": "示例文件〔示例〕"}
    grants = [programme(world.county, rule=rule, quantity_unit="户") for _ in range(-(-count // 20))]
    heads = [world.household().members.get() for _ in range(20)]
    rows = [
        Application(
            number=f"示例-{grants[number // 20].pk}-{number:05d}",
            programme=grants[number // 20],
            village=world.village,
            household=heads[number % 20].household,
            payee=heads[number % 20],
            quantity=1,
            claimed_quantity=1,
            amount=100,
            claimed_amount=100,
            working="定额100.00元",
            clause="示例文件〔示例〕",
            applied_on=world.now.date(),
            committed=True,
            entered_by=world.clerk,
            entered_at=world.now,
        )
        for number in range(count)
    ]
    made = Application.objects.bulk_create(rows)
    for result in intake.submit([Ref(case.pk) for case in made], by=world.clerk, now=world.now):
        assert result.done, result.sentence
    return list(Application.objects.filter(programme__in=grants).order_by("pk"))


def queries(client: Client, address: str) -> int:
    """How many statements a page takes."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    assert response.status_code == 200
    return len(captured)
