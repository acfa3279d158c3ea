"""What every page of the desk knows of a person's messages (模板环境)."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.models import Message


def unread(request: HttpRequest) -> dict[str, Any]:
    """How many messages the person has not read: it came with the person; a query only where they just signed in."""
    return {"unread_count": SimpleLazyObject(lambda: _unread_of(request))}


def _unread_of(request: HttpRequest) -> int:
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return 0
    came_with = getattr(person, "unread", None)
    return Message.objects.inbox_of(person.pk).unread().count() if came_with is None else int(came_with)
