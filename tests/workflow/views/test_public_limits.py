"""How much one place may send and ask: over the limit an objection is still taken, a receipt is asked for later."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import on_display
from tests.world import World
from workflow.forms.public import issue
from workflow.models import Objection, PostingEntry
from workflow.views.public_objections import TOO_OFTEN

FACTS = "该户实际种植面积只有一亩。"


@pytest.fixture(autouse=True)
def counted_from_nothing() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def objects(entry: PostingEntry, moment: datetime, *, address: str = "10.0.0.1", **changed: Any) -> Objection:
    """One anonymous objection from an address, and what became of it."""
    token = issue(entry.pk, now=moment - timedelta(minutes=1))
    sent = {"anonymous": "1", "facts": FACTS, "token": token, **changed}
    with clock_at(moment):
        answer = Client(REMOTE_ADDR=address).post(url("public-objection", entry.pk), sent)
    assert answer.status_code == 302, answer.content.decode()
    return Objection.objects.latest("pk")


def test_the_sixth_of_an_hour_from_one_place_is_taken_and_to_be_confirmed_by_call(world: World) -> None:
    entry = on_display(world, 1).entries.get()
    start = world.later(1)
    made = [
        objects(entry, start + timedelta(seconds=10 * number), address=f"10.0.0.{number + 1}")
        for number in range(7)
    ]
    assert [one.to_confirm for one in made] == [False] * 5 + [True] * 2
    assert Objection.objects.open().count() == 7
    elsewhere = objects(entry, start + timedelta(seconds=90), address="10.0.1.1")
    cache.clear()  # the cache has its own clock: an hour is over
    later = objects(entry, start + timedelta(hours=1))
    assert (elsewhere.to_confirm, later.to_confirm) == (False, False)
    with clock_at(start + timedelta(hours=1)):
        page = as_(world.clerk).get(f"{url('objection-list')}?kind=call").content.decode()
        detail = as_(world.clerk).get(made[6].get_absolute_url())
    assert page.count("待电话核实</span>") == 2
    assert url("objection-step", made[6].pk, "confirm") in detail.content.decode()


def test_a_sheet_that_is_flooded_from_everywhere_takes_every_objection(world: World) -> None:
    entry, other = on_display(world, 2).entries.order_by("position")
    start = world.later(1)
    made = [
        objects(entry if number % 2 else other, start + timedelta(seconds=number), address=f"10.0.{number}.1")
        for number in range(23)
    ]
    assert [one.to_confirm for one in made] == [False] * 20 + [True] * 3


def test_an_address_typed_into_a_header_has_no_effect(world: World) -> None:
    entry = on_display(world, 1).entries.get()
    token = issue(entry.pk, now=world.later(1))
    with clock_at(world.later(1) + timedelta(minutes=1)):
        for number in range(6):
            client = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"172.16.{number}.1")
            sent = {"anonymous": "1", "facts": f"{FACTS}{number}", "token": token}
            assert client.post(url("public-objection", entry.pk), sent).status_code == 302
    assert Objection.objects.filter(to_confirm=True).count() == 1


@pytest.mark.parametrize("name", ["public-receipt", "public-appeal"])
def test_codes_are_not_tried_out_without_end(world: World, name: str) -> None:
    objection = objects(on_display(world, 1).entries.get(), world.later(1))
    client = Client(REMOTE_ADDR="10.9.0.1")
    with clock_at(world.later(2)):
        for _ in range(30):
            assert client.post(url(name), {"receipt": "AAAA-BBBB-CCCC"}).status_code == 200
        for code in ("AAAA-BBBB-CCCC", objection.receipt):
            answer = client.post(url(name), {"receipt": code, "facts": "不服。"})
            assert answer.status_code == 429
            assert TOO_OFTEN in answer.content.decode()
            assert "已收到" not in answer.content.decode()
        assert Client(REMOTE_ADDR="10.9.1.1").post(url(name), {"receipt": "x"}).status_code == 200
    cache.clear()  # the cache has its own clock: ten minutes are over
    with clock_at(world.later(2) + timedelta(minutes=10)):
        assert client.post(url("public-receipt"), {"receipt": objection.receipt}).status_code == 200
