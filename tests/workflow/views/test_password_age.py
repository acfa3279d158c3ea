"""The profile dengbao: a password ages after 90 days, none of the last five comes back; the profile asvs asks neither."""

import os
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from registry import passwords
from registry.models import FormerPassword, User
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import NOW, World
from workflow import accounts

CHOSEN = [f"Example-chosen-{number}" for number in range(8)]


def change(client: Client, old: str, new: str) -> Any:
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(url("password"), form)


def with_password(person: User, password: str) -> User:
    person.set_password(password)
    person.save()
    return person


def test_none_of_the_last_five_is_taken_and_the_sixth_is(world: World) -> None:
    client = as_(with_password(world.clerk, CHOSEN[0]))
    for old, new in pairwise(CHOSEN[:6]):
        assert change(client, old, new).status_code == 302
    kept = User.objects.values().get(pk=world.clerk.pk)
    for again in CHOSEN[1:6]:
        answer = change(client, CHOSEN[5], again)
        assert "最近用过的5个密码" in answer.content.decode()
    assert User.objects.values().get(pk=world.clerk.pk) == kept
    assert change(client, CHOSEN[5], CHOSEN[0]).status_code == 302


def test_five_hashes_are_kept_of_a_person_and_no_password(world: World) -> None:
    client = as_(with_password(world.clerk, CHOSEN[0]))
    with_password(world.reviewer, CHOSEN[0])
    for old, new in pairwise(CHOSEN):
        assert change(client, old, new).status_code == 302
    kept = FormerPassword.objects.filter(user=world.clerk)
    assert kept.count() == passwords.REMEMBERED == 5
    assert kept[0].password == User.objects.get(pk=world.clerk.pk).password
    assert FormerPassword.objects.filter(user=world.reviewer).count() == 1
    assert not [one for one in CHOSEN if one in str(list(FormerPassword.objects.values()))]


def test_a_given_password_does_not_come_back_either(world: World) -> None:
    given = accounts.reset_password(
        world.clerk, by=world.administrator, now=timezone.now(), reason="〔示例〕"
    )
    client = as_(User.objects.get(pk=world.clerk.pk))
    assert given.password is not None
    assert change(client, given.password, CHOSEN[0])["Location"] == url("desk")
    assert "最近用过" in change(client, CHOSEN[0], given.password).content.decode()


@pytest.mark.parametrize(("days", "asked"), [(0, False), (89, False), (90, True), (400, True)])
def test_a_password_of_ninety_days_leads_to_its_page_and_to_nothing_else(
    world: World, days: int, asked: bool
) -> None:
    person = with_password(world.clerk, CHOSEN[0])
    User.objects.filter(pk=person.pk).update(password_set_at=NOW, date_joined=NOW - timedelta(days=900))
    client = as_(person)
    with clock_at(NOW + timedelta(days=days)):
        for name in ("desk", "application-list", "message-list"):
            answer = client.get(url(name))
            assert (answer.status_code, answer.get("Location")) == (
                (302, url("password")) if asked else (200, None)
            )
        if asked:
            assert "已经使用满90天" in client.get(url("password")).content.decode()
            assert change(client, CHOSEN[0], CHOSEN[1]).status_code == 302
            assert client.get(url("desk")).status_code == 200
            assert User.objects.get(pk=person.pk).password_set_at == NOW + timedelta(days=days)


def test_a_password_of_which_nothing_is_noted_ages_from_the_day_of_the_login(world: World) -> None:
    person = with_password(world.clerk, CHOSEN[0])
    User.objects.filter(pk=person.pk).update(date_joined=NOW - timedelta(days=90))
    with clock_at(NOW):
        assert as_(person).get(url("desk"))["Location"] == url("password")


def test_an_aged_password_opens_no_administration(world: World) -> None:
    root = User.objects.create(
        username="root", name="根", password=make_password(CHOSEN[0]), is_staff=True, is_superuser=True
    )
    User.objects.filter(pk=root.pk).update(password_set_at=NOW)
    with clock_at(NOW + timedelta(days=90)):
        assert as_(root).get("/admin/registry/region/add/")["Location"] == url("password")
    with clock_at(NOW + timedelta(days=89)):
        assert as_(root).get("/admin/registry/region/add/").status_code == 200


def test_where_it_is_off_no_password_ages(world: World, settings: Any) -> None:
    settings.PASSWORD_DAYS = 0
    person = with_password(world.clerk, CHOSEN[0])
    User.objects.filter(pk=person.pk).update(password_set_at=NOW)
    with clock_at(NOW + timedelta(days=4000)):
        assert as_(person).get(url("desk")).status_code == 200


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "90 900 True"),
        ({"PASSWORD_PROFILE": "asvs"}, "0 1800 False"),
        ({"DEMO": "1"}, "0 1800 True"),
        ({"PASSWORD_DAYS": "30", "SESSION_IDLE_MINUTES": "10"}, "30 600 True"),
    ],
    ids=["dengbao", "asvs", "demo", "by hand"],
)
def test_the_profile_sets_the_age_the_memory_and_the_idle_time(given: dict[str, str], expected: str) -> None:
    said = (
        "from config import settings as s; "
        "print(s.PASSWORD_DAYS, s.SESSION_IDLE_SECONDS, 'NotOneOfTheLastFive' in str(s.AUTH_PASSWORD_VALIDATORS))"
    )
    names = ("PASSWORD_PROFILE", "PASSWORD_DAYS", "SESSION_IDLE_MINUTES", "DEMO")
    plain = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", said],
        cwd=django_settings.BASE_DIR,
        env={**plain, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected
