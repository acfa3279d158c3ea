"""Slips for households without a mobile: printed and handed over by their own village's clerk, once."""

from collections.abc import Iterator

import pytest

from applications.states import State
from notifications.models import Message, MessageState
from tests import stages
from tests.workflow.views.pages import as_, clock_at
from tests.world import World

LIST = "/slips/"


@pytest.fixture
def slip(world: World) -> Iterator[Message]:
    """The slip of a returned case."""
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    with clock_at(moment):
        yield Message.objects.get(channel="slip")


def test_the_clerk_prints_a_slip_and_writes_down_that_it_was_handed_over(world: World, slip: Message) -> None:
    client = as_(world.clerk)
    assert "有1份告知单要送到户" in client.get("/messages/").content.decode()
    assert [one.pk for one in client.get(LIST).context["page_obj"]] == [slip.pk]
    paper = client.get(f"{LIST}{slip.pk}/print/").content.decode()
    assert slip.body in paper
    assert slip.household is not None
    assert slip.household.head is not None
    assert slip.household.head.name in paper
    assert client.post(LIST, {"slip": "9999999"}).status_code == 404
    assert "已登记送达1份" in client.post(LIST, {"slip": slip.pk}, follow=True).content.decode()
    slip.refresh_from_db()
    assert (slip.state, slip.handled_by) == (MessageState.SENT, world.clerk)
    assert slip.sent_at is not None
    assert not client.get(LIST).context["page_obj"].object_list
    assert client.get(f"{LIST}{slip.pk}/print/").status_code == 404


@pytest.mark.parametrize("who", [1, "reviewer", "approver", "supervisor", "administrator"])
def test_nobody_else_finds_it(world: World, slip: Message, who: int | str) -> None:
    person = world.clerks[who] if isinstance(who, int) else getattr(world, who)
    client = as_(person)
    assert not client.get(LIST).context["page_obj"].object_list
    assert client.get(f"{LIST}{slip.pk}/print/").status_code == 404
    client.post(LIST, {"slip": slip.pk})
    slip.refresh_from_db()
    assert (slip.state, slip.handled_by) == (MessageState.PENDING, None)


def test_a_slip_that_was_a_short_message_says_why_it_is_one(world: World, slip: Message) -> None:
    client = as_(world.clerk)
    assert "短信没有送达：" not in client.get(LIST).content.decode()
    Message.objects.filter(pk=slip.pk).update(error="短信网关拒绝：号码停机。")
    assert "短信没有送达：短信网关拒绝：号码停机。" in client.get(LIST).content.decode()
