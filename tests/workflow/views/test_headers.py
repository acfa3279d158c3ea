"""S-17: every address of the site, whoever asks: the headers that protect, and no act without its token."""

from typing import Any

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.test import Client, TestCase, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.workflow.views.access import ROWS, Row
from tests.workflow.views.pages import as_, clock_at
from tests.workflow.views.sheets import all_rows
from tests.workflow.views.test_access import people, things
from tests.world import build

pytestmark = pytest.mark.any_database

PRODUCTION = {
    "HTTPS": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_HSTS_PRELOAD": True,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
}
HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
POLICY = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
OF_FILES = ("default-src 'none'", "sandbox")
"""An uploaded file may do nothing at all in the browser that opens it."""

NOWHERE = ("/admin/nowhere/", "/no-such-page/")
PERSONS = ("anonymous", "clerk", "administrator")
UNSAFE = ("post", "put", "patch", "delete")


def faults(response: Any, policy: tuple[str, ...] = POLICY) -> list[str]:
    """The headers that are missing or differ."""
    wrong = [name for name, value in HEADERS.items() if response.get(name) != value]
    given = [part.strip() for part in response.get("Content-Security-Policy", "").split(";")]
    wrong += [f"CSP without {part}" for part in policy if part not in given]
    if any("unsafe" in part for part in given if part.startswith(("script", "default"))):
        wrong.append("CSP lets scripts in")
    return wrong


def admin_addresses() -> list[str]:
    """Every page of the administration that needs no key."""
    found = ["/admin/", "/admin/login/"]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
    return found


def exempt(resolver: URLResolver | None = None) -> list[str]:
    """The views that ask for no token."""
    found = []
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            found += exempt(pattern)
        elif isinstance(pattern, URLPattern) and getattr(pattern.callback, "csrf_exempt", False):
            found.append(str(pattern.name))
    return found


@override_settings(**PRODUCTION)
class EveryAddress(TestCase):
    """The world is laid out once; every test asks all addresses and names those that differ."""

    @classmethod
    def setUpTestData(cls) -> None:
        world = build()
        cls.found = things(world)
        cls.now = world.now
        cls.persons = people(world)

    def setUp(self) -> None:
        cache.clear()

    def address(self, row: Row) -> str:
        args = [arg[1:] if arg.startswith("=") else self.found[arg] for arg in row.args]
        return reverse(row.name, args=args) + "?" + row.query.format(**self.found)

    def addresses(self) -> list[str]:
        rows = [self.address(row) for row in ROWS if row.name != "logout"]
        return [*rows, *admin_addresses(), *NOWHERE]

    def client_of(self, who: str, **values: Any) -> Client:
        person = self.persons[who]
        client = as_(person) if person else Client()
        client.handler.enforce_csrf_checks = values.get("checks", False)
        return client

    def test_every_answer_carries_every_header(self) -> None:
        wrong = []
        with clock_at(self.now):
            for who in PERSONS:
                client = self.client_of(who)
                for address in self.addresses():
                    answer = client.get(address, secure=True)
                    policy = OF_FILES if answer.streaming else POLICY
                    for one in faults(answer, policy):
                        wrong.append(f"{address} for {who} ({answer.status_code}): {one}")
        assert not wrong, "\n".join(wrong)

    def test_no_act_is_done_without_its_token(self) -> None:
        wrong, before = [], all_rows()
        with clock_at(self.now):
            for who in ("anonymous", "administrator"):
                client = self.client_of(who, checks=True)
                for address in [*self.addresses(), reverse("logout")]:
                    for way in UNSAFE:
                        answer = getattr(client, way)(address, secure=True)
                        # What is neither read nor posted is nobody's business, with a token or without (405).
                        expected = 403 if way == "post" else 405
                        if answer.status_code != expected and address not in NOWHERE:
                            wrong.append(f"{way} {address} for {who}: {answer.status_code}")
                        wrong += [f"{way} {address}: {one}" for one in faults(answer)]
        assert not wrong, "\n".join(wrong)
        assert all_rows() == before

    def test_plain_http_leads_to_tls_and_nowhere_else(self) -> None:
        wrong = []
        for address in self.addresses():
            answer = Client().get(address)
            if answer.status_code != 301 or not answer["Location"].startswith("https://testserver/"):
                wrong.append(f"{address}: {answer.status_code}")
        assert not wrong, "\n".join(wrong)

    def test_whoever_has_no_second_factor_reaches_no_page_of_the_desk_or_the_administration(self) -> None:
        open_to_all = ("public", "login", "logout", "password", "second-factor", "elder", "healthz", "readyz")
        wrong = []
        with clock_at(self.now), override_settings(SECOND_FACTOR=True):
            client = self.client_of("administrator")
            for address in [*self.addresses(), "/admin/"]:
                if not address.strip("/").startswith(open_to_all):
                    answer = client.get(address, secure=True)
                    if not answer.get("Location", "").startswith("/second-factor/"):
                        wrong.append(f"{address}: {answer.status_code}")
        assert not wrong, "\n".join(wrong)

    def test_pages_behind_the_login_are_kept_by_no_cache(self) -> None:
        wrong = []
        with clock_at(self.now):
            client = self.client_of("clerk")
            for address in self.addresses():
                answer = client.get(address, secure=True)
                if answer.status_code == 200 and "no-store" not in answer.get("Cache-Control", ""):
                    wrong.append(address)
        assert not wrong, "\n".join(wrong)


def test_no_view_is_exempt_from_the_token() -> None:
    assert exempt() == []


def test_a_missing_header_is_noticed() -> None:
    assert len(faults({})) == len(HEADERS) + len(POLICY)
