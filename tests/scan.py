"""Walking everything that the public may read or a sheet may say, link by link, and looking for leaks in it."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.core.cache import cache
from django.test import Client
from django.urls import resolve
from django.utils.html import escape

from applications.models import Application
from applications.states import State
from registry.models import Category, Member, MonitorType, User
from tests.leaks import find_leaks, pieces, words
from tests.workflow.views.pages import as_, clock_at
from workflow.models import Posting, PostingState

LINK = re.compile(r'href="(/public/[^"#]*|\?[^"#]*)"')
ONE_OF_EACH = {
    "public-board",
    "public-help",
    "public-announcements",
    "public-statistics",
    "public-progress",
    "public-receipt",
    "public-sheet",
}


def walk(client: Client, start: str = "/public/") -> tuple[Counter[str], list[str]]:
    """Follow every link of the public pages; how many pages of each kind there were, and what leaked."""
    waiting, known = [start], {start}
    kinds: Counter[str] = Counter()
    leaks: list[str] = []
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode()
        kinds[f"{resolve(address.split('?')[0]).url_name}"] += 1
        leaks += [f"{address}: {leak}" for leak in find_leaks(text)]
        for found in LINK.findall(text):
            link = found.replace("&amp;", "&")
            link = address.split("?")[0] + link if link.startswith("?") else link
            if link not in known:
                known.add(link)
                waiting.append(link)
    return kinds, leaks


def every_sheet(client: Client) -> tuple[int, list[str], set[str]]:
    """Each named list as it hung on its first day, also those that are long down; how many, what leaked, what was said."""
    leaks: list[str] = []
    said: set[str] = set()
    hung = Posting.objects.exclude(displayed_on=None).exclude(closes_on=None)
    for posting in hung:
        Posting.objects.filter(pk=posting.pk).update(state=PostingState.DISPLAYED)
        with clock_at(datetime.combine(posting.displayed_on, time(4), UTC)):
            for look in ("", "?elder=1"):
                answer = client.get(f"/public/postings/{posting.pk}/{look}")
                assert answer.status_code == 200
                leaks += [f"{posting}: {leak}" for leak in find_leaks(answer.content.decode())]
                said.update(pieces(answer.content.decode()))
        Posting.objects.filter(pk=posting.pk).update(state=posting.state)
    return hung.count(), leaks, said


PAPERS = ("print/", "print/?size=a3", "document/")


def every_paper(on: datetime, wanted: tuple[str, ...] = PAPERS) -> tuple[Counter[str], list[str], set[str]]:
    """Each sheet as whoever drafted it prints it: on A4 and A3, as a Word document, its certificate; how many of each,
    what leaked, and what was said."""
    kinds: Counter[str] = Counter()
    leaks: list[str] = []
    said: set[str] = set()
    clients: dict[int, Client] = {}
    # Passwords of their own choice and of today: a year told in an hour ages them.
    User.objects.update(password_set_at=on)
    with clock_at(on):
        for posting in Posting.objects.select_related("created_by"):
            client = clients.setdefault(posting.created_by_id, as_(posting.created_by))
            for paper in [*wanted, *(["certificate/"] if posting.certificate_facts else [])]:
                answer = client.get(f"{posting.get_absolute_url()}{paper}")
                assert answer.status_code == 200, (posting, paper)
                texts = words(answer.content) if paper == "document/" else pieces(answer.content.decode())
                leaks += [f"{posting} {paper}: {leak}" for text in texts for leak in find_leaks(escape(text))]
                said.update(texts)
                kinds[paper] += 1
    return kinds, leaks, said


def answers(client: Client) -> tuple[set[str], list[str]]:
    """The progress of every case that was handed in; the states that answered, and what leaked."""
    states: set[str] = set()
    leaks: list[str] = []
    for case in Application.objects.exclude(state=State.DRAFT).select_related("payee"):
        cache.clear()
        answer = client.post("/public/progress/", {"code": case.inquiry_code, "name": case.payee.name})
        text = answer.content.decode()
        assert "可以问谁" in text, case.state
        leaks += [f"{case}: {leak}" for leak in find_leaks(text)]
        states.add(case.state)
    return states, leaks


def private_words() -> set[str]:
    """What the scanner cannot know by its form: the very values of these people."""
    words = {*Category.labels, *MonitorType.labels}
    for member in Member.objects.select_related("household"):
        words |= {member.id_number, member.card_number, member.phone, member.household.phone}
        words |= {member.household.address, member.household.number}
    return {word for word in words if word and word != "〔示例〕"}


def values_shown(client: Client, said: set[str]) -> list[str]:
    """The private values that stand on an announcement or a board, or in what the hung lists and the papers said."""
    announced = Posting.objects.filter(state__in=[PostingState.PUBLISHED, PostingState.CORRECTED])
    addresses = ["/public/", "/public/statistics/", *(f"/public/postings/{one.pk}/" for one in announced)]
    # Lists say the same again and again: each block once.
    blocks = {
        *said,
        *(text for address in addresses for text in pieces(client.get(address).content.decode())),
    }
    text = "\n".join(sorted(blocks))
    return sorted(word for word in private_words() if word in text)


@dataclass(frozen=True)
class Scanned:
    """Every page, sheet, paper and answer of a township: how many there were of each, and what leaked."""

    pages: Counter[str]
    sheets: int
    papers: Counter[str]
    states: set[str]
    leaks: list[str]


def everything(on: datetime, wanted: tuple[str, ...] = PAPERS) -> Scanned:
    """Read all of it; the papers as they are printed on that day, each sheet on each of them."""
    cache.clear()
    pages, leaks = walk(Client())
    sheets, hung, said = every_sheet(Client())
    papers, printed, written = every_paper(on, wanted)
    states, told = answers(Client())
    shown = values_shown(Client(), said | written)
    assert sheets == Posting.objects.exclude(closes_on=None).count()
    assert all(papers[paper] == Posting.objects.count() for paper in wanted)
    assert papers["certificate/"] == Posting.objects.exclude(certificate="").count()
    assert pages.keys() >= ONE_OF_EACH
    return Scanned(pages, sheets, papers, states, leaks + hung + printed + told + shown)
