"""长辈版, type size and contrast (无障碍): one address sets the cookies and leads back, without any script."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from registry.look import CHOICES

YEAR = 365 * 24 * 3600


@require_safe
def elder_mode(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen for a year, and go back to where the person was on this site."""
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = reverse("public-board")
    response = HttpResponseRedirect(_without_look(target))
    for name in CHOICES.keys() & request.GET.keys():
        value = request.GET[name] if request.GET[name] in CHOICES[name] else CHOICES[name][0]
        # site.js switches 长辈版 on the desk, so it is not HttpOnly; it says nothing about anybody.
        response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    patch_cache_control(response, no_store=True)
    return response


def _without_look(target: str) -> str:
    """An address without its own look, which would win over the cookies; another page's list begins anew."""
    parts = urlsplit(target)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in CHOICES and name != "page"
    ]
    return urlunsplit(parts._replace(query=urlencode(kept)))
