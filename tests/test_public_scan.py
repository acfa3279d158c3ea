"""Every public page of the demonstration and of the replayed year, walked link by link and scanned for leaks."""

import re
from collections import Counter
from datetime import UTC, datetime, time
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client, TestCase, override_settings
from django.urls import resolve

from applications.models import Application
from applications.states import State
from registry import clock
from registry.models import Category, Member, MonitorType
from tests.leaks import find_leaks
from tests.workflow.views.pages import clock_at
from workflow.demo import loading
from workflow.models import Posting, PostingState

LINK = re.compile(r'href="(/public/[^"#]*|\?[^"#]*)"')
ONE_OF_EACH = {
    "public-board",
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


def every_sheet(client: Client) -> tuple[int, list[str]]:
    """Each named list as it hung on its first day, also those that are long down; how many, and what leaked."""
    leaks: list[str] = []
    hung = Posting.objects.exclude(displayed_on=None).exclude(closes_on=None)
    for posting in hung:
        Posting.objects.filter(pk=posting.pk).update(state=PostingState.DISPLAYED)
        with clock_at(datetime.combine(posting.displayed_on, time(4), UTC)):
            for look in ("", "?elder=1"):
                answer = client.get(f"/public/postings/{posting.pk}/{look}")
                assert answer.status_code == 200
                leaks += [f"{posting}: {leak}" for leak in find_leaks(answer.content.decode())]
        Posting.objects.filter(pk=posting.pk).update(state=posting.state)
    return hung.count(), leaks


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


def values_shown(client: Client) -> list[str]:
    """The private values that stand on an announcement or a board."""
    announced = Posting.objects.filter(state__in=[PostingState.PUBLISHED, PostingState.CORRECTED])
    addresses = ["/public/", "/public/statistics/", *(f"/public/postings/{one.pk}/" for one in announced)]
    texts = [client.get(address).content.decode() for address in addresses]
    return [word for word in private_words() if any(word in text for text in texts)]


class TheDemonstration(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        with override_settings(DEMO=True):
            loading.load(now=clock.now())

    def test_nothing_leaks_from_any_page_or_sheet(self) -> None:
        with override_settings(DEMO=True):
            kinds, leaks = walk(Client())
            sheets, hung = every_sheet(Client())
            states, told = answers(Client())
            shown = values_shown(Client())
        assert leaks + hung + told + shown == []
        assert kinds.keys() >= {*ONE_OF_EACH, "public-objection"}
        assert sheets == Posting.objects.exclude(closes_on=None).count() > 20
        assert states == set(State) - {State.DRAFT}


class TheReplayedYear(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        call_command("replay_year", 2021, stdout=StringIO(), stderr=StringIO())

    def test_nothing_leaks_from_any_page_or_sheet(self) -> None:
        kinds, leaks = walk(Client())
        sheets, hung = every_sheet(Client())
        shown = values_shown(Client())
        assert leaks + hung + shown == []
        assert kinds.keys() >= ONE_OF_EACH
        assert sheets > 50


def test_the_walk_finds_a_planted_leak(db: None) -> None:
    page = Client().get("/public/").content.decode()
    assert find_leaks(page) == []
    with override_settings(SITE_NAME="13000000000"):
        kinds, leaks = walk(Client())
    assert kinds.keys() == ONE_OF_EACH - {"public-sheet"}
    assert len(leaks) == sum(kinds.values())


@pytest.fixture(autouse=True)
def counters() -> None:
    cache.clear()
