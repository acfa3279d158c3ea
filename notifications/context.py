"""What every page of the desk knows of a person's messages (模板环境)."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.models import Message


def unread(request: HttpRequest) -> dict[str, Any]:
    """How many messages the person has not read: one query, asked on use only, and none without a login."""
    return {"unread_count": SimpleLazyObject(lambda: _unread_of(request))}


def _unread_of(request: HttpRequest) -> int:
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return 0
    return Message.objects.inbox_of(person.pk).unread().count()
