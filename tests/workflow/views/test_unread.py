"""The number beside 消息 keeps itself up to date, and keeps nobody signed in by it."""

import pytest
from django.conf import LazySettings
from django.test import Client

from notifications import catalogue, outbox
from notifications.outbox import Notice
from registry import clock
from tests.workflow.views.pages import as_
from tests.world import World

UNREAD = "/messages/unread/"
BACKGROUND = {"X-Background": "1"}


def told(world: World, fact: str) -> None:
    context = {"number": "示例-1", "kind": "办理", "due": "2021-03-05", "level": "村级"}
    notice = Notice(event=catalogue.REMINDER, fact=fact, recipients=[world.clerk], context=context)
    outbox.announce([notice], at=world.now)
    outbox.drain(now=world.now)


def test_the_fragment_counts_what_came_since_the_page_was_opened(world: World) -> None:
    client, other = as_(world.clerk), as_(world.second_clerk)
    told(world, "deadline:1")
    page = client.get("/messages/").content.decode()
    assert f'hx-get="{UNREAD}"' in page
    assert '<span class="count">1<' in page
    told(world, "deadline:2")
    fragment = client.get(UNREAD, headers=BACKGROUND).content.decode()
    assert fragment.count('<span class="count">2<') == 2
    assert 'id="unread-menu" hx-swap-oob="innerHTML"' in fragment
    assert "<html" not in fragment
    assert "count" not in other.get(UNREAD, headers=BACKGROUND).content.decode()


def test_without_a_login_the_fragment_is_empty_and_no_login_page(world: World) -> None:
    told(world, "deadline:1")
    answer = Client().get(UNREAD, headers=BACKGROUND)
    assert answer.status_code == 200
    assert "count" not in answer.content.decode()


@pytest.mark.parametrize(("headers", "stays"), [(BACKGROUND, False), ({}, True)])
def test_an_open_page_does_not_keep_its_session_alive(
    world: World,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    stays: bool,
) -> None:
    """Asked every minute for an hour: a page that somebody looks at stays, one that asks by itself ends when idle."""
    settings.SESSION_IDLE_SECONDS = 1800
    moment = [clock.ticks()]
    monkeypatch.setattr(clock, "ticks", lambda: moment[0])
    client = as_(world.clerk)
    client.get("/messages/")
    began = client.session["seen"]
    for _ in range(60):
        moment[0] += 61
        client.get(UNREAD, headers=headers)
    assert ("_auth_user_id" in client.session) is stays
    if stays:
        assert client.session["seen"] > began
