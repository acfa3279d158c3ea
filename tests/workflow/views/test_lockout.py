"""S-09: wrong passwords lock a name for a network, for a while; nobody elsewhere is locked out, nobody learns a name."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import LazySettings
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.test import Client
from django.utils import timezone

from registry import lockout
from registry.models import User
from tests.workflow.views.pages import as_, url
from tests.world import World, user

PASSWORD = "示例口令-2021"
HOME, ELSEWHERE = "198.51.100.7", "203.0.113.9"
NOON = datetime(2021, 3, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def victim(db: None) -> User:
    return user("示例受害人", password=make_password(PASSWORD))


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def sign_in(name: str, password: str, *, address: str = HOME, **headers: str) -> Any:
    return Client(REMOTE_ADDR=address, **headers).post(url("login"), {"username": name, "password": password})


def is_in(answer: Any) -> bool:
    return bool(answer.status_code == 302 and answer["Location"] == "/")


def wrong(name: str, times: int, *, address: str = HOME) -> list[int]:
    return [sign_in(name, "不对的口令", address=address).status_code for _ in range(times)]


def test_five_wrong_passwords_lock_even_for_the_right_one(victim: User, clock: Any) -> None:
    assert wrong(victim.username, 5) == [200, 200, 200, 200, 429]
    refused = sign_in(victim.username, PASSWORD)
    assert refused.status_code == 429
    assert "从这里输错的次数较多" in refused.content.decode()
    assert "_auth_user_id" not in refused.client.session
    assert AccessAttempt.objects.get().failures_since_start == 5


def test_the_lock_grows_with_each_wrong_password_and_ends(victim: User, clock: Any) -> None:
    wrong(victim.username, 5)
    for minutes in (5, 10, 15, 15, 15):
        clock.shift(timedelta(minutes=minutes, seconds=-1))
        assert sign_in(victim.username, "不对的口令").status_code == 429
        assert sign_in(victim.username, PASSWORD).status_code == 429
        clock.shift(timedelta(seconds=2))
        # Looked at again, wrong, and so locked for longer.
        assert wrong(victim.username, 1) == [429]
    clock.shift(timedelta(minutes=15, seconds=1))
    assert is_in(sign_in(victim.username, PASSWORD))
    assert wrong(victim.username, 4) == [200] * 4, "the right password begins the count anew"


def test_trying_while_it_is_locked_does_not_draw_the_lock_out(victim: User, clock: Any) -> None:
    wrong(victim.username, 5)
    for _ in range(20):
        clock.shift(timedelta(seconds=14))
        assert wrong(victim.username, 1) == [429]
    clock.shift(timedelta(seconds=21))
    assert is_in(sign_in(victim.username, PASSWORD))


def test_an_attacker_elsewhere_locks_out_nobody(victim: User, clock: Any) -> None:
    for network in range(40):
        assert wrong(victim.username, 6, address=f"203.0.{network}.9")[-1] == 429
    assert is_in(sign_in(victim.username, PASSWORD, address=HOME))


def test_an_attacker_in_the_same_network_locks_for_a_quarter_of_an_hour_at_most(
    victim: User, clock: Any
) -> None:
    for _ in range(200):
        sign_in(victim.username, "不对的口令")
        clock.shift(timedelta(minutes=1))
    last = AccessAttempt.objects.get().attempt_time
    assert lockout.locks([victim.username], now=timezone.now()) != {}
    clock.move_to(last + timedelta(minutes=15, seconds=1))
    assert is_in(sign_in(victim.username, PASSWORD))


def test_a_list_of_200_names_is_caught_in_its_network_and_nowhere_else(victim: User, clock: Any) -> None:
    names = [f"spray{number}" for number in range(200)]
    answers = []
    for name in names:
        answers.append(sign_in(name, PASSWORD).status_code)
        clock.shift(timedelta(seconds=1))
    assert answers == [200] * 20 + [429] * 180
    assert AccessAttempt.objects.count() == 20, "what was not looked at is not kept"
    assert sign_in(victim.username, PASSWORD).status_code == 429
    assert is_in(sign_in(victim.username, PASSWORD, address=ELSEWHERE))
    clock.shift(timedelta(minutes=15))
    assert is_in(sign_in(victim.username, PASSWORD))


@pytest.mark.parametrize("hops", [0, 1])
def test_a_forwarded_address_counts_only_behind_our_own_proxy(
    victim: User, settings: LazySettings, clock: Any, hops: int
) -> None:
    settings.PROXY_HOPS = hops
    forged = [
        sign_in(
            victim.username, "不对的口令", address="10.0.0.1", HTTP_X_FORWARDED_FOR=f"203.0.{number}.9"
        ).status_code
        for number in range(6)
    ]
    assert forged == ([200] * 4 + [429] * 2 if not hops else [200] * 6)


def test_another_browser_is_the_same_door_and_the_administration_has_none_of_its_own(
    victim: User, clock: Any
) -> None:
    for number in range(5):
        sign_in(victim.username, "不对的口令", HTTP_USER_AGENT=f"browser {number}")
    assert sign_in(victim.username, PASSWORD, HTTP_USER_AGENT="another").status_code == 429
    admin = Client(REMOTE_ADDR=HOME).post(
        "/admin/login/?next=/admin/", {"username": victim.username, "password": PASSWORD}
    )
    assert (admin.status_code, admin["Location"]) == (302, url("login"))  # type: ignore[attr-defined]
    assert "_auth_user_id" not in admin.client.session  # type: ignore[attr-defined]
    assert AccessAttempt.objects.count() == 5


def test_the_lock_is_a_row_that_every_web_process_reads(victim: User, clock: Any) -> None:
    """A second process has its own cache and nothing in memory: here, only the rows are left."""
    wrong(victim.username, 5)
    kept = AccessAttempt.objects.values("username", "ip_address", "failures_since_start").get()
    assert kept == {"username": victim.username, "ip_address": "198.51.100.0", "failures_since_start": 5}
    assert sign_in(victim.username, PASSWORD).status_code == 429
    lockout.unlock(victim.username)
    assert is_in(sign_in(victim.username, PASSWORD))


@pytest.mark.parametrize("who", ["known", "unknown", "inactive", "initial password run out", "no password"])
def test_whoever_it_is_the_answers_are_the_same_to_the_letter(victim: User, clock: Any, who: str) -> None:
    password = "不对的口令"
    if who == "inactive":
        User.objects.filter(pk=victim.pk).update(is_active=False)
        password = PASSWORD
    elif who == "initial password run out":
        run_out = NOON - timedelta(seconds=1)
        User.objects.filter(pk=victim.pk).update(must_change_password=True, initial_until=run_out)
        password = PASSWORD
    elif who == "no password":
        victim.set_unusable_password()
        victim.save()
    name = "nobody" if who == "unknown" else victim.username
    pages = [sign_in(name, password).content.decode() for _ in range(7)]
    assert all("用户名或密码不对，请重新输入。" in page for page in pages[:4])
    assert all("从这里输错的次数较多，请15分钟后再试" in page for page in pages[4:])
    assert all("Please" not in page for page in pages)


def test_an_initial_password_lets_in_until_its_day_and_keeps_nobody_in_after_it(
    world: World, clock: Any
) -> None:
    until = NOON + timedelta(days=7)
    User.objects.filter(pk=world.clerk.pk).update(
        password=make_password(PASSWORD), must_change_password=True, initial_until=until
    )
    assert is_in(sign_in(world.clerk.username, PASSWORD))
    client = as_(User.objects.get(pk=world.clerk.pk))
    assert client.get("/")["Location"] == url("password")
    clock.move_to(until + timedelta(seconds=1))
    assert client.get("/")["Location"].startswith(url("login"))
    assert sign_in(world.clerk.username, PASSWORD).status_code == 200


def test_the_log_names_neither_who_tried_nor_from_where(
    victim: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="axes")
    sign_in(victim.username, "不对的口令-7311")
    sign_in("金丝雀用户名", "不对的口令-7311")
    sign_in(victim.username, PASSWORD)
    assert "Repeated login failure" in caplog.text or "New login failure" in caplog.text
    for secret in (victim.username, "金丝雀用户名", "7311", HOME, "198.51.100"):
        assert secret not in caplog.text


class Counting(MD5PasswordHasher):
    """Counts the hashes that a login pays for: they are nearly all of its time, so their number is what it tells."""

    paid = 0

    def encode(self, password: str, salt: str) -> str:
        Counting.paid += 1
        return super().encode(password, salt)


@pytest.mark.parametrize("right", [False, True], ids=["wrong password", "right password"])
def test_every_name_pays_for_one_hash_and_a_locked_one_for_none(
    victim: User, settings: LazySettings, clock: Any, right: bool
) -> None:
    """That a name is locked stands on the page; the milliseconds of the real hash are measured by `bench.login`."""
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    run_out = {"must_change_password": True, "initial_until": NOON - timedelta(seconds=1)}
    kept = make_password(PASSWORD)
    for name, values in {
        "known": {},
        "inactive": {"is_active": False},
        "run out": run_out,
        "no password": {"password": make_password(None)},
    }.items():
        made = user(name, password=kept)
        User.objects.filter(pk=made.pk).update(username=name, **values)
    names = ["unknown", "inactive", "run out", "no password", *([] if right else ["known"])]

    def hashes(name: str, password: str) -> tuple[int, int]:
        Counting.paid = 0
        status = sign_in(name, password).status_code
        return status, Counting.paid

    settings.LOGIN_SPRAY_NAMES = 100
    paid = {name: hashes(name, PASSWORD if right else "不对的口令") for name in names}
    assert paid == dict.fromkeys(names, (200, 1))
    for name in names:
        wrong(name, 4)
    locked = {name: hashes(name, PASSWORD) for name in names}
    assert locked == dict.fromkeys(names, (429, 0))
