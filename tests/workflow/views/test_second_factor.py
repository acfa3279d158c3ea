"""The second factor: asked of those who sign and administer, once a session, each code once."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from registry.models import User
from tests.workflow.views.pages import as_, url
from tests.world import World

PAGE = "/second-factor/"


@pytest.fixture(autouse=True)
def on(settings: Settings) -> None:
    settings.SECOND_FACTOR = True


def code(person: User, *, drift: int = 0) -> str:
    """What the person's telephone shows now, or some steps from now."""
    device = TOTPDevice.objects.get(user=person)
    return f"{totp(device.bin_key, t0=-30 * drift):06d}"


def bound(person: User) -> Client:
    """A signed-in client whose telephone has just been bound."""
    client = as_(person)
    client.get(PAGE)
    assert client.post(PAGE, {"code": code(person, drift=-1)}).status_code == 302
    return client


@pytest.mark.parametrize("who", ["approver", "administrator"])
def test_signers_and_administrators_get_nowhere_without_it(world: World, who: str) -> None:
    client = as_(getattr(world, who))
    for address in (
        "/",
        "/applications/",
        "/households/",
        "/messages/",
        "/files/00000000-0000-0000-0000-000000000000/",
    ):
        assert client.get(address)["Location"] == f"{PAGE}?next={quote(address, safe='')}"
    assert client.post("/applications/batch/", {}).status_code == 302
    assert client.get("/public/").status_code == 200
    assert client.post("/logout/").status_code == 302


@pytest.mark.parametrize("who", ["clerk", "reviewer", "supervisor"])
def test_the_others_are_not_asked(world: World, who: str) -> None:
    assert as_(getattr(world, who)).get("/").status_code == 200


def test_the_whole_administration_asks_for_it(world: World) -> None:
    root = User.objects.create_superuser("root", password="示例口令-a1", name="根")
    assert as_(root).get("/admin/")["Location"].startswith(PAGE)


def test_the_telephone_is_bound_once_and_its_secret_never_shown_again(world: World) -> None:
    client = as_(world.approver)
    page = client.get(PAGE).content.decode()
    device = TOTPDevice.objects.get(user=world.approver)
    assert "绑定手机验证器" in page
    assert "data:image/svg+xml" in page
    assert not device.confirmed
    answer = client.post(f"{PAGE}?next=/households/", {"code": code(world.approver)})
    assert answer["Location"] == "/households/"
    assert client.get("/").status_code == 200
    again = as_(world.approver).get(PAGE).content.decode()
    assert "输入验证码" in again
    assert "data:image" not in again


def test_a_code_counts_once(world: World) -> None:
    client = as_(world.approver)
    client.get(PAGE)
    used = code(world.approver)
    assert client.post(PAGE, {"code": used}).status_code == 302
    other = as_(world.approver)
    answer = other.post(PAGE, {"code": used})
    assert answer.status_code == 422
    assert other.get("/").status_code == 302


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "1234567", "１２３４５６７"])
def test_what_is_no_code_is_refused_with_a_sentence(world: World, typed: str) -> None:
    client = as_(world.approver)
    answer = client.post(PAGE, {"code": typed})
    assert answer.status_code == 422
    assert client.get("/").status_code == 302


def test_wrong_codes_make_the_next_wait_even_for_the_right_one(world: World) -> None:
    bound(world.approver)
    # Within one second: a slow machine would have waited before it asks again.
    with time_machine.travel(datetime(2121, 3, 1, 4, 0, tzinfo=UTC), tick=False):
        client = as_(world.approver)
        answers = [client.post(PAGE, {"code": "000000"}).content.decode() for _ in range(10)]
        assert "验证码不对" in answers[0]
        assert "请稍等片刻" in answers[-1]
        assert "请稍等片刻" in client.post(PAGE, {"code": code(world.approver)}).content.decode()
        assert client.get("/").status_code == 302


def test_the_wait_after_wrong_codes_ends_growing_at_nine_minutes(world: World) -> None:
    bound(world.approver)
    moment = datetime(2121, 3, 1, 4, 0, tzinfo=UTC)
    for _ in range(40):
        with time_machine.travel(moment, tick=False):
            as_(world.approver).post(PAGE, {"code": "000000"})
        moment += timedelta(hours=1)
    assert TOTPDevice.objects.get(user=world.approver).throttling_failure_count == 10
    with time_machine.travel(moment - timedelta(hours=1) + timedelta(minutes=8), tick=False):
        assert as_(world.approver).post(PAGE, {"code": code(world.approver)}).status_code == 422
    with time_machine.travel(moment - timedelta(hours=1) + timedelta(minutes=9), tick=False):
        assert as_(world.approver).post(PAGE, {"code": code(world.approver)}).status_code == 302


def test_it_leads_nowhere_outside(world: World) -> None:
    client = as_(world.approver)
    client.get(PAGE)
    answer = client.post(f"{PAGE}?next=https://example.invalid/", {"code": code(world.approver)})
    assert answer["Location"] == url("desk")


def test_changing_the_password_asks_for_it_again_elsewhere(world: World) -> None:
    client = bound(world.approver)
    world.approver.set_password("示例新口令-a1")
    world.approver.save()
    assert client.get("/")["Location"].startswith("/login/")
