"""What a person chose for their own messages (消息设置): no case is touched, so there is no history line."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import transaction

from notifications.catalogue import LETTERS
from notifications.models import Muted, Substitute
from registry.models import User


def letters_of(user_id: int) -> list[str]:
    """The events of which the person gets letters: all that were not muted."""
    muted = set(Muted.objects.filter(user=user_id).values_list("event", flat=True))
    return [event.name for event in LETTERS if event.name not in muted]


def choose_letters(user_id: int, wanted: Iterable[str]) -> None:
    """Mute every event that has letters and is not among the wanted ones."""
    keep = set(wanted)
    with transaction.atomic():
        Muted.objects.filter(user=user_id).delete()
        Muted.objects.bulk_create(
            [Muted(user_id=user_id, event=event.name) for event in LETTERS if event.name not in keep]
        )


def substitution_of(user_id: int, *, on: date) -> Substitute | None:
    """The substitution that is in force or still to come."""
    rows = Substitute.objects.filter(user=user_id, ends_on__gte=on).select_related("substitute")
    return rows.order_by("starts_on", "pk").first()


def substitute(user_id: int, *, substitute: User, starts_on: date, ends_on: date) -> Substitute:
    """Name who is told as well on these days; what was named for later days before is replaced."""
    with transaction.atomic():
        Substitute.objects.filter(user=user_id, ends_on__gte=starts_on, starts_on__gte=starts_on).delete()
        Substitute.objects.filter(user=user_id, ends_on__gte=starts_on).update(
            ends_on=starts_on - timedelta(days=1)
        )
        return Substitute.objects.create(
            user_id=user_id, substitute=substitute, starts_on=starts_on, ends_on=ends_on
        )


def end_substitution(user_id: int, *, on: date) -> None:
    """From today on nobody stands in; what lies in the past stays."""
    with transaction.atomic():
        Substitute.objects.filter(user=user_id, starts_on__gte=on).delete()
        Substitute.objects.filter(user=user_id, ends_on__gte=on).update(ends_on=on - timedelta(days=1))
