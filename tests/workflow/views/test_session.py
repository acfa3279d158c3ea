"""Signing in and out: the demo's logins are for a demo alone, and nobody is led astray."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.test import Client

from registry import clock, demo
from registry.models import DemoMarker
from tests.workflow.views.pages import as_, url
from tests.world import NOW, World, user
from workflow.demo_accounts import DEMO_LOGINS, DEMO_PASSWORD

PASSWORD = "示例口令-2021"
WHAT = ("NAME", "SECURE", "HTTPONLY", "PATH", "DOMAIN", "SAMESITE")


@pytest.mark.parametrize(("setting", "mark", "shown"), [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)])
def test_demo_logins_are_shown_only_in_a_demo_with_a_marked_database(
    db: None, settings: LazySettings, setting: int, mark: int, shown: int
) -> None:
    if mark:
        DemoMarker.objects.create(pk=1, created_at=NOW)
    settings.DEMO = bool(setting)
    page = Client().get(url("login")).content.decode()
    assert (DEMO_PASSWORD in page) is bool(shown)
    assert (DEMO_LOGINS[0]["username"] in page) is bool(shown)
    assert demo.is_demo_database() is bool(mark)


def test_login_page_names_the_site_and_not_its_address(db: None, settings: LazySettings) -> None:
    page = Client().get(url("login"))
    assert page.context["site_name"] == settings.SITE_NAME
    assert "testserver" not in page.content.decode()


def test_right_password_leads_to_the_desk_and_a_wrong_one_keeps_the_name(world: World) -> None:
    world.clerk.set_password(PASSWORD)
    world.clerk.save()
    client = Client()
    wrong = client.post(url("login"), {"username": world.clerk.username, "password": "不对"})
    assert wrong.status_code == 200
    assert "_auth_user_id" not in client.session
    assert f'value="{world.clerk.username}"' in wrong.content.decode()
    right = client.post(url("login"), {"username": world.clerk.username, "password": PASSWORD})
    assert (right.status_code, right["Location"]) == (302, "/")


@pytest.mark.parametrize(
    ("following", "place"),
    [("/households/", "/households/"), ("https://example.invalid/", "/"), ("//example.invalid", "/")],
)
def test_login_leads_on_inside_the_site_and_never_outside(world: World, following: str, place: str) -> None:
    world.clerk.set_password(PASSWORD)
    world.clerk.save()
    typed = {"username": world.clerk.username, "password": PASSWORD, "next": following}
    assert Client().post(url("login"), typed)["Location"] == place


def test_signed_in_person_at_the_login_page_goes_to_the_desk(world: World) -> None:
    response = as_(world.clerk).get(url("login"))
    assert (response.status_code, response["Location"]) == (302, "/")


def test_signing_out_needs_a_post(world: World) -> None:
    client = as_(world.clerk)
    assert client.get(url("logout")).status_code == 405
    assert client.get(url("desk")).status_code == 200
    assert client.post(url("logout"))["Location"] == url("login")
    assert client.get(url("desk"))["Location"] == f"{url('login')}?next=/"


def test_person_without_an_appointment_is_told_so(world: World) -> None:
    response = as_(user("无任职")).get(url("desk"))
    assert response.status_code == 403
    assert "您目前没有任职，请联系管理员。" in response.content.decode()


def changed(client: Client, new: str) -> int:
    typed = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    return client.post(url("password"), typed).status_code


def test_first_login_leads_to_the_password_page_and_nowhere_else(world: World) -> None:
    world.clerk.set_password(PASSWORD)
    world.clerk.must_change_password = True
    world.clerk.save()
    client = as_(world.clerk)
    for address in (url("desk"), url("application-list"), url("message-list")):
        assert client.get(address)["Location"] == url("password")
    assert changed(client, "12345678") == 200
    world.clerk.refresh_from_db()
    assert world.clerk.must_change_password
    assert changed(client, "示例新口令-a1") == 302
    world.clerk.refresh_from_db()
    assert not world.clerk.must_change_password
    assert client.get(url("desk")).status_code == 200


def test_changing_the_password_ends_the_other_sessions(world: World) -> None:
    world.clerk.set_password(PASSWORD)
    world.clerk.save()
    here, elsewhere = as_(world.clerk), as_(world.clerk)
    assert changed(here, "示例新口令-a1") == 302
    assert here.get(url("desk")).status_code == 200
    assert elsewhere.get(url("desk")).status_code == 302


def test_a_session_ends_at_once_when_its_person_is_deactivated(world: World) -> None:
    client = as_(world.clerk)
    assert client.get(url("desk")).status_code == 200
    world.clerk.is_active = False
    world.clerk.save()
    assert client.get(url("desk"))["Location"].startswith(url("login"))


@pytest.mark.parametrize(
    ("steps", "kept"),
    [([14 * 60], True), ([15 * 60 + 1], False), ([14 * 60] * 42, True), ([14 * 60] * 43, False)],
    ids=["used", "idle", "long", "too long"],
)
def test_a_session_ends_when_it_is_idle_or_too_old(
    world: World, monkeypatch: pytest.MonkeyPatch, steps: list[int], kept: bool
) -> None:
    moment = 1_000_000
    monkeypatch.setattr(clock, "ticks", lambda: moment)
    client = as_(world.clerk)
    client.get(url("desk"))
    for step in steps:
        moment += step
        status = client.get(url("desk")).status_code
    assert (status == 200) is kept


def test_a_login_begins_a_session_of_its_own_and_the_old_key_is_worth_nothing(world: World) -> None:
    """ASVS 5 7.2.4: whoever planted a session in the browser before the login is not in it afterwards."""
    world.clerk.set_password(PASSWORD)
    world.clerk.save()
    client = Client()
    session = client.session
    session["planted"] = "x"
    session.save()
    planted = str(session.session_key)
    client.cookies[django_settings.SESSION_COOKIE_NAME] = planted
    client.post(url("login"), {"username": world.clerk.username, "password": PASSWORD})
    first = str(client.session.session_key)
    assert first != planted
    assert client.get(url("desk")).status_code == 200
    thief = Client()
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = planted
    assert thief.get(url("desk"))["Location"].startswith(url("login"))
    client.post(url("logout"))
    client.post(url("login"), {"username": world.clerk.username, "password": PASSWORD})
    assert client.session.session_key not in {first, planted}
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = first
    assert thief.get(url("desk"))["Location"].startswith(url("login"))


def deployed(**given: str) -> dict[str, Any]:
    """The cookie settings of a process started with these variables."""
    names = [f"{kind}_COOKIE_{what}" for kind in ("SESSION", "CSRF") for what in WHAT]
    said = f"import json; from config import settings as s; print(json.dumps({{n: getattr(s, n, None) for n in {names}}}))"
    done = subprocess.run(
        [sys.executable, "-c", said],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_under_https_the_cookies_are_this_hosts_alone(world: World, settings: LazySettings) -> None:
    """ASVS 5 3.3.1, 3.3.3: a browser takes a `__Host-` cookie only with Secure, Path=/ and no Domain."""
    found = deployed(HTTPS="1")
    assert (found["SESSION_COOKIE_NAME"], found["CSRF_COOKIE_NAME"]) == (
        "__Host-sessionid",
        "__Host-csrftoken",
    )
    for name, value in found.items():
        if value is not None:
            setattr(settings, name, value)
    world.clerk.set_password(PASSWORD)
    world.clerk.save()
    client = Client()
    client.get(url("login"), secure=True)
    client.post(url("login"), {"username": world.clerk.username, "password": PASSWORD}, secure=True)
    assert sorted(client.cookies) == ["__Host-csrftoken", "__Host-sessionid"]
    for cookie in client.cookies.values():
        said = {name: cookie[name] for name in ("secure", "path", "domain", "httponly", "samesite")}
        assert said == {"secure": True, "path": "/", "domain": "", "httponly": True, "samesite": "Lax"}
    assert deployed(HTTPS="0")["SESSION_COOKIE_NAME"] is None


def test_every_answer_carries_the_headers_that_keep_scripts_out(world: World) -> None:
    for client, address in (
        (Client(), url("public-board")),
        (Client(), url("login")),
        (as_(world.clerk), "/"),
    ):
        answer = client.get(address)
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self';" in f"{policy};"
        assert "frame-ancestors 'none'" in policy
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert "camera=()" in answer["Permissions-Policy"]
        assert "<script>" not in answer.content.decode()
