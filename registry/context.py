"""What every template knows (模板环境)."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from registry import clock, look


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """Give templates the actor, the day and the name of the site; the database is asked on use only."""
    return {
        "actor": getattr(request, "actor", None),
        "today": request.today if hasattr(request, "today") else SimpleLazyObject(clock.today),
        "demo": settings.DEMO,
        "look": look.of(request.GET, request.COOKIES),
        "site_name": settings.SITE_NAME,
    }
