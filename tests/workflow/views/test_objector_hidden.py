"""Who objects stays hidden from the level complained of: a planted canary over every page, message, line and log."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import URLPattern

from applications.models import Attachment, HistoryEntry, ProgrammeKind
from notifications import outbox
from notifications.catalogue import EVENTS
from notifications.models import Message
from registry.models import Member, Region, User
from tests import kept
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import on_display
from tests.world import World, photo
from workflow import sweeps
from workflow.forms.public import issue
from workflow.models import Decision, Objection, Posting, PostingEntry, PostingKind, Receipt
from workflow.urls import urlpatterns
from workflow.views.acts import PAGES
from workflow.views.case_tabs import TABS
from workflow.views.handbook import PAGES as HANDBOOK
from workflow.views.objecting import STEP_PAGES

NAME, PHONE = "金丝雀某人〔示例〕", "5550142"
FACTS, WHY = "金丝雀说面积只有一亩。", "金丝雀说没有到地里量过。"
FINDINGS = "金丝雀所说的地块量得三亩。"
EXPORTS = ("application-list", "posting-list", "objection-list", "household-list", "decision-list")


@pytest.fixture(autouse=True)
def counted_from_nothing() -> None:
    cache.clear()


def sent(client: Client, page: str, /, *args: Any, **typed: Any) -> Any:
    answer = client.post(url(page, *args), {"key": f"{page}-{args}"[:64], **typed})
    assert answer.status_code == 302, answer.content.decode()
    return answer


@kept.stage
def complained(world: World) -> tuple[Posting, datetime]:
    """A named objection about a village cadre, by the web, with a photo; the township handles it, then an appeal."""
    posting = on_display(world, 1)
    entry = posting.entries.get()
    moment = world.later(1)
    with clock_at(moment):
        token = issue(entry.pk, now=moment - timedelta(minutes=1))
        typed = {"anonymous": "0", "name": NAME, "phone": PHONE, "facts": FACTS, "concerns_cadre": "on"}
        sent(Client(), "public-objection", entry.pk, token=token, photos=[photo()], **typed)
        made = Objection.objects.get()
        township = as_(world.reviewer)
        sent(township, "objection-step", made.pk, "accept")
        told = {"way": "by_phone", "told_on": "2021-03-02"}
        sent(township, "objection-step", made.pk, "tell", matter="acceptance", **told)
        sent(township, "objection-step", made.pk, "investigate", investigators="甲甲\n乙乙")
        decision = {"outcome": "not_upheld", "findings": FINDINGS, "reason": "面积足额。"}
        refused = {**decision, "reason": f"{NAME}所说不实。", "key": "other"}
        assert township.post(url("objection-step", made.pk, "decide"), refused).status_code == 422
        sent(township, "objection-step", made.pk, "decide", **decision)
        token = issue(made.pk, now=moment - timedelta(minutes=1))
        sent(Client(), "public-appeal", receipt=made.receipt, facts=WHY, token=token)
    return posting, moment


def addresses(posting: Posting, village: Region) -> Iterator[str]:
    """Every address of the site with every row the story made; a parameter nobody thought of fails."""
    keys: dict[str, list[Any]] = {
        "applications": [posting.entries.get().application_id],
        "programmes": [posting.programme_id],
        "meetings": [1],
        "postings": [posting.pk],
        "objections": list(Objection.objects.values_list("pk", flat=True)),
        "households": [posting.entries.get().application.household_id],
        "messages": list(Message.objects.values_list("pk", flat=True)),
        "slips": [],
        "accounts": list(User.objects.values_list("pk", flat=True)),
        "imports": [],
        "interests": [],
        "entries": list(PostingEntry.objects.values_list("pk", flat=True)),
    }
    others: dict[str, list[Any]] = {
        "village": [village.pk],
        "entry": keys["entries"],
        "act": list(PAGES),
        "page": list(HANDBOOK),
        "key": ["a-batch-of-nobody"],
        "decision": list(Decision.objects.values_list("pk", flat=True)),
        "member": list(Member.objects.values_list("pk", flat=True)),
        "step": list(STEP_PAGES),
        "kind": [*ProgrammeKind.values, *PostingKind.values],
        "year": [2021],
        "event": list(EVENTS),
        "uid": list(Attachment.objects.values_list("uid", flat=True)),
    }
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        assert pattern.name is not None
        places = str(pattern.pattern).strip("/").split("/")
        found: list[list[Any]] = [[]]
        for before, place in zip(["", *places], places, strict=False):
            if place.startswith("<"):
                name = place.strip("<>").split(":")[1]
                values = keys[before] if name == "pk" else others[name]
                found = [[*given, value] for given in found for value in values]
        yield from (url(pattern.name, *args) for args in found)
    yield from (f"{url('objection-list')}?tab={tab}" for tab in ("open", "done", "all"))
    yield from (f"{url('objection-list')}?tab=all&q={word}" for word in (NAME, PHONE))
    case = keys["applications"][0]
    yield from (f"{url('application-detail', case)}?tab={tab}" for tab in TABS)
    yield f"{url('application-list')}?q={NAME}"
    yield from (f"{url(name)}?export=1&tab=all" for name in EXPORTS)


def body(answer: Any) -> str:
    """What an answer shows, a workbook unpacked."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content.startswith(b"PK"):
        with ZipFile(BytesIO(content)) as book:
            content = b"".join(book.read(name) for name in book.namelist())
    return str(content.decode("utf-8", "replace"))


HIDDEN_FROM: dict[str, set[str]] = {
    "clerk": {"objector", "facts", "why", "findings", "receipts"},
    "second_clerk": {"objector", "facts", "why", "findings", "receipts"},
    "supervisor": {"objector", "facts", "why", "findings", "receipts"},
    "administrator": {"objector", "facts", "why", "findings", "receipts"},
    "stranger": {"objector", "facts", "why", "findings", "receipts"},
    "": {"objector", "facts", "why", "findings", "receipts"},
    # The township handled it and is complained of by the appeal: it may ask for the objector with a reason, and never
    # learns what is said of itself.
    "reviewer": {"objector", "why", "receipts"},
    "approver": {"objector", "receipts"},
}


@pytest.mark.any_database
@pytest.mark.parametrize("who", HIDDEN_FROM)
def test_no_page_and_no_file_shows_the_objector_below(world: World, who: str) -> None:
    posting, moment = complained(world)
    codes = list(Objection.objects.values_list("receipt", flat=True))
    words = {
        "objector": [NAME, PHONE],
        "facts": [FACTS],
        "why": [WHY],
        "findings": [FINDINGS],
        "receipts": codes,
    }
    photos = set(map(str, Attachment.objects.filter(kind="objection").values_list("uid", flat=True)))
    assert len(codes) == 2
    assert len(photos) == 1
    client = as_(getattr(world, who)) if who else Client()
    shown: dict[str, str] = {}
    pages = 0
    with clock_at(moment):
        for address in addresses(posting, world.village):
            answer = client.get(address)
            assert answer.status_code < 500 or address == "/readyz", address
            pages += answer.status_code == 200
            # What was typed into the search line is given back, in it and in the way back; it finds nothing.
            text = body(answer)
            for echo in (f'value="{NAME}"', f'value="{PHONE}"', f"q={PHONE}"):
                text = text.replace(echo, "")
            shown |= {kind: address for kind, said in words.items() for word in said if word in text}
            if "facts" in HIDDEN_FROM[who] and any(uid in address for uid in photos):
                assert answer.status_code == (404 if who else 302)
    assert pages > (3 if who in {"", "stranger"} else 15)
    assert not {kind: address for kind, address in shown.items() if kind in HIDDEN_FROM[who]}
    assert set(shown) == set(words) - HIDDEN_FROM[who]


def test_no_message_line_receipt_or_log_names_the_objector(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _, moment = complained(world)
    late = moment + timedelta(days=40)
    sweeps.run(now=late)
    for key in outbox.due(now=late, limit=500):
        outbox.deliver(key, now=late)
    assert Message.objects.filter(event="appeal_received").exists()
    assert Message.objects.filter(event="escalation").exists()
    said = [
        *(str(values) for values in HistoryEntry.objects.values()),
        *(str(values) for values in Message.objects.values()),
        *(str(values) for values in Receipt.objects.values()),
        *(
            record.getMessage() + str(record.args)
            for record in caplog.records
            if record.name != "django.db.backends"
        ),
        *(path.read_text(errors="replace") for path in Path(settings.EMAIL_FILE_PATH).glob("*")),
    ]
    assert len(said) > 30
    codes = list(Objection.objects.values_list("receipt", flat=True))
    for secret in (NAME, PHONE, FACTS, WHY, FINDINGS, *codes):
        assert not [text for text in said if secret in text], secret


def test_the_database_keeps_name_and_telephone_sealed(world: World) -> None:
    complained(world)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM workflow_objection")
        rows = str(cursor.fetchall())
    assert "面积只有一亩" in rows
    assert NAME not in rows
    assert PHONE not in rows
    assert Objection.objects.earliest("pk").objector_name == NAME
