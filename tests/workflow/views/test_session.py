"""Signing in and out: the demo's logins are for a demo alone, and nobody is led astray."""

import pytest
from django.conf import LazySettings
from django.test import Client

from registry import demo
from registry.models import DemoMarker
from tests.workflow.views.pages import as_, url
from tests.world import NOW, World, user
from workflow.demo_accounts import DEMO_LOGINS, DEMO_PASSWORD

PASSWORD = "示例口令-2021"


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
