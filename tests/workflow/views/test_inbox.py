"""Messages: each person's own, marked as read by a POST, leading only inside the site."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from applications.states import State
from notifications.models import Message, MessageState
from registry.models import User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import World

LIST = "/messages/"


def told(world: World) -> Message:
    """A sent message to the clerk about a returned case."""
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    Message.objects.update(state=MessageState.SENT)
    return Message.objects.get(recipient=world.clerk, event="sent_back", channel="in_app")


def shown(person: User, query: str = "") -> list[int]:
    return [message.pk for message in as_(person).get(f"{LIST}{query}").context["page_obj"]]


def test_inbox_holds_a_persons_own_sent_messages(world: World) -> None:
    message = told(world)
    own = Message.objects.filter(recipient=world.clerk, channel="in_app").order_by("-created_at", "-pk")
    assert shown(world.clerk) == [one.pk for one in own]
    assert message.pk not in shown(world.reviewer)
    Message.objects.filter(pk=message.pk).update(state=MessageState.WITHDRAWN)
    assert message.pk not in shown(world.clerk)


def test_message_is_marked_as_read_by_its_recipient_and_leads_to_its_matter(world: World) -> None:
    message = told(world)
    address = url("message-read", message.pk)
    assert as_(world.reviewer).post(address).status_code == 404
    assert as_(world.clerk).get(address).status_code == 405
    message.refresh_from_db()
    assert message.read_at is None
    with clock_at(world.later(30)):
        response = as_(world.clerk).post(address)
    assert message.application is not None
    assert (response.status_code, response["Location"]) == (302, message.application.get_absolute_url())
    with clock_at(world.later(40)):
        as_(world.clerk).post(address)
    message.refresh_from_db()
    assert message.read_at == world.later(30)
    assert message.pk not in shown(world.clerk, "?only=unread")


@pytest.mark.parametrize(
    "outside", ["https://example.invalid/", "//example.invalid", "javascript:alert(1)", ""]
)
def test_message_leads_nowhere_outside(world: World, outside: str) -> None:
    message = told(world)
    Message.objects.filter(pk=message.pk).update(url=outside)
    assert as_(world.clerk).post(url("message-read", message.pk))["Location"] == LIST


def test_all_messages_of_one_person_are_marked_at_once(world: World) -> None:
    told(world)
    others = Message.objects.inbox_of(world.reviewer.pk).unread().count()
    assert as_(world.clerk).post(LIST)["Location"] == LIST
    assert Message.objects.inbox_of(world.clerk.pk).unread().count() == 0
    assert Message.objects.inbox_of(world.reviewer.pk).unread().count() == others > 0


def test_every_page_of_the_desk_shows_how_many_messages_are_unread_at_no_query_of_its_own(
    world: World,
) -> None:
    stages.reach(world, State.VILLAGE_REVIEW)
    Message.objects.update(state=MessageState.SENT)
    client = as_(world.second_clerk)
    with clock_at(world.now):
        for name in (
            "desk",
            "application-list",
            "posting-list",
            "objection-list",
            "household-list",
            "message-list",
        ):
            with CaptureQueriesContext(connection) as captured:
                page = client.get(url(name)).content.decode()
            assert '<span class="count">1<span class="visually-hidden"> 条未读' in page, name
            counting = [one["sql"] for one in captured if "read_at" in one["sql"] and "COUNT" in one["sql"]]
            # It comes along with the person; the desk counts once more, in the statement of its own messages.
            assert len(counting) == (2 if name == "desk" else 1), name
            assert 'FROM "registry_user"' in counting[0], name


def test_a_page_without_the_badge_asks_nothing_about_messages(world: World) -> None:
    with CaptureQueriesContext(connection) as captured:
        Client().get(url("login"))
        Client().get(url("public-board"))
    assert not [one["sql"] for one in captured if "notifications_message" in one["sql"]]
