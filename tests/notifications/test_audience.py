"""Whom a notice reaches: substitutes while somebody is away, and no letters where none are wanted."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from notifications import catalogue, outbox, preferences
from notifications.models import Channel, Message, Substitute
from notifications.outbox import Notice
from registry.models import User
from tests.world import World

CONTEXT = {"number": "示例-1", "kind": "办理", "due": "2021-03-05", "level": "村级"}
TODAY = date(2021, 3, 1)


def told(world: World, *people: User) -> set[tuple[str, str]]:
    """(person, channel) of what a reminder writes."""
    Message.objects.all().delete()
    notice = Notice(event=catalogue.REMINDER, fact="deadline:1", recipients=people, context=CONTEXT)
    outbox.announce([notice], at=world.now)
    return set(Message.objects.values_list("recipient__name", "channel"))


def both(*names: str) -> set[tuple[str, str]]:
    return {(name, channel) for name in names for channel in (Channel.IN_APP, Channel.EMAIL)}


@pytest.mark.parametrize(
    ("starts", "ends", "reached"),
    [
        (date(2021, 2, 1), date(2021, 2, 28), False),
        (date(2021, 2, 1), date(2021, 3, 1), True),
        (date(2021, 3, 1), date(2021, 3, 1), True),
        (date(2021, 3, 2), date(2021, 3, 9), False),
    ],
)
def test_a_substitute_is_told_as_well_on_the_days_named(
    world: World, starts: date, ends: date, reached: bool
) -> None:
    preferences.substitute(world.clerk.pk, substitute=world.second_clerk, starts_on=starts, ends_on=ends)
    assert told(world, world.clerk) == both("王村一", *(["赵村员"] if reached else []))


def test_a_substitute_who_is_named_anyway_is_told_once_and_theirs_is_not_asked(world: World) -> None:
    days = {"starts_on": TODAY, "ends_on": TODAY}
    preferences.substitute(world.clerk.pk, substitute=world.second_clerk, **days)
    preferences.substitute(world.second_clerk.pk, substitute=world.reviewer, **days)
    assert told(world, world.clerk) == both("王村一", "赵村员")
    assert told(world, world.clerk, world.second_clerk) == both("王村一", "赵村员", "李审核")


def test_a_substitute_whose_login_is_off_is_passed_over(world: World) -> None:
    preferences.substitute(world.clerk.pk, substitute=world.second_clerk, starts_on=TODAY, ends_on=TODAY)
    User.objects.filter(pk=world.second_clerk.pk).update(is_active=False)
    assert told(world, world.clerk) == both("王村一")


def test_a_muted_event_stays_in_the_message_centre(world: World) -> None:
    wanted = [name for name in preferences.letters_of(world.clerk.pk) if name != "reminder"]
    preferences.choose_letters(world.clerk.pk, wanted)
    assert preferences.letters_of(world.clerk.pk) == wanted
    assert told(world, world.clerk, world.reviewer) == both("李审核") | {("王村一", Channel.IN_APP)}
    preferences.choose_letters(world.clerk.pk, ["reminder"])
    assert preferences.letters_of(world.clerk.pk) == ["reminder"]
    assert told(world, world.clerk) == both("王村一")


def test_a_new_substitution_takes_the_place_of_the_old_one_and_leaves_the_past(world: World) -> None:
    one = preferences.substitute(
        world.clerk.pk, substitute=world.second_clerk, starts_on=date(2021, 2, 1), ends_on=date(2021, 3, 31)
    )
    preferences.substitute(
        world.clerk.pk, substitute=world.reviewer, starts_on=TODAY, ends_on=date(2021, 3, 9)
    )
    one.refresh_from_db()
    assert one.ends_on == date(2021, 2, 28)
    assert told(world, world.clerk) == both("王村一", "李审核")
    preferences.end_substitution(world.clerk.pk, on=TODAY)
    assert told(world, world.clerk) == both("王村一")
    assert list(Substitute.objects.values_list("pk", flat=True)) == [one.pk]


@pytest.mark.parametrize("fault", ["order", "self"])
def test_the_database_refuses_days_in_the_wrong_order_and_oneself(world: World, fault: str) -> None:
    other = world.clerk if fault == "self" else world.second_clerk
    ends = date(2021, 2, 1) if fault == "order" else TODAY
    with pytest.raises(IntegrityError), transaction.atomic():
        Substitute.objects.create(user=world.clerk, substitute=other, starts_on=TODAY, ends_on=ends)
