"""What administrators do to logins: each act with a reason and one line, sessions end, no password is kept."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from registry import appointments
from registry.models import AccountChange, Role, User
from registry.refusal import Refused
from tests.workflow.views.pages import as_, url
from tests.world import World, region, user
from workflow import accounts

Verb = Callable[..., Any]
VERBS: dict[str, Verb] = {
    "reset_password": accounts.reset_password,
    "reset_factor": accounts.reset_factor,
    "end_sessions": accounts.end_sessions,
    "unlock": accounts.unlock,
    "reactivate": accounts.reactivate,
}


def prepared(person: User, act: str) -> User:
    """A login on which the act has something to do."""
    if act == "reset_factor":
        TOTPDevice.objects.create(user=person, confirmed=True)
    elif act == "unlock":
        AccessAttempt.objects.create(
            username=person.username, ip_address="198.51.100.0", failures_since_start=5
        )
    elif act == "reactivate":
        User.objects.filter(pk=person.pk).update(is_active=False)
    return User.objects.get(pk=person.pk)


def rows() -> dict[str, Any]:
    return {
        "users": list(User.objects.order_by("pk").values()),
        "lines": AccountChange.objects.count(),
        "attempts": AccessAttempt.objects.count(),
        "devices": TOTPDevice.objects.count(),
    }


@pytest.mark.parametrize("act", VERBS)
def test_an_act_leaves_one_line_with_its_reason(world: World, act: str) -> None:
    person = prepared(world.clerk, act)
    VERBS[act](person, by=world.administrator, now=world.now, reason=" 本人当面申请〔示例〕 ")
    line = AccountChange.objects.get()
    assert (line.user, line.by, line.act, line.reason, line.at, line.data) == (
        person,
        world.administrator,
        act,
        "本人当面申请〔示例〕",
        world.now,
        {},
    )


@pytest.mark.parametrize("act", VERBS)
def test_an_act_without_a_reason_changes_nothing(world: World, act: str) -> None:
    person, before = prepared(world.clerk, act), rows()
    with pytest.raises(Refused, match="请写明原因"):
        VERBS[act](person, by=world.administrator, now=world.now, reason=" ")
    assert rows() == before


@pytest.mark.parametrize("act", VERBS)
@pytest.mark.parametrize(
    "who", ["clerk", "reviewer", "approver", "supervisor", "stranger", "ended", "other district"]
)
def test_nobody_but_an_administrator_of_the_region_may(world: World, act: str, who: str) -> None:
    person = prepared(world.second_clerk, act)
    if who == "ended":
        by = user("卸任管理")
        appointments.appoint(
            by,
            role=Role.ADMINISTRATOR,
            region=world.county,
            starts_on=date(2020, 1, 1),
            ends_on=date(2021, 2, 28),
            by=None,
        )
    elif who == "other district":
        by = user("外区管理")
        outside = region("990102000000", "外区", world.county.level, world.county.parent)
        appointments.appoint(by, role=Role.ADMINISTRATOR, region=outside, starts_on=date(2020, 1, 1), by=None)
    else:
        by = getattr(world, who)
    before = rows()
    with pytest.raises(Refused):
        VERBS[act](person, by=by, now=world.now, reason="〔示例〕")
    assert rows() == before


@pytest.mark.parametrize("act", VERBS)
@pytest.mark.parametrize("case", ["own", "superuser", "reaches further", "reaches further later"])
def test_no_administrator_takes_over_a_login_that_reaches_further(world: World, act: str, case: str) -> None:
    by, person = world.administrator, world.clerk
    if case == "own":
        person = by
    elif case == "superuser":
        User.objects.filter(pk=person.pk).update(is_superuser=True)
    else:
        starts = date(2020, 1, 1) if case == "reaches further" else date(2022, 1, 1)
        city = world.county.parent
        assert city is not None
        appointments.appoint(person, role=Role.ADMINISTRATOR, region=city, starts_on=starts, by=None)
    person, before = prepared(person, act), rows()
    with pytest.raises(Refused):
        VERBS[act](person, by=by, now=world.now, reason="〔示例〕")
    assert rows() == before


def test_a_given_password_is_random_good_once_and_kept_nowhere(world: World) -> None:
    given = [
        accounts.reset_password(
            world.clerk, by=world.administrator, now=world.now, reason="〔示例〕"
        ).password
        for _ in range(50)
    ]
    assert len(set(given)) == 50
    kept = User.objects.get(pk=world.clerk.pk)
    assert kept.check_password(given[-1] or "")
    assert not kept.check_password(given[-2] or "")
    assert kept.must_change_password
    assert kept.initial_until == world.now + timedelta(days=7)
    everywhere = str([list(User.objects.values()), list(AccountChange.objects.values())])
    assert not [one for one in given if one and one in everywhere]


def test_the_same_form_twice_resets_once_and_shows_nothing_the_second_time(world: World) -> None:
    def reset() -> Any:
        return accounts.reset_password(
            world.clerk, by=world.administrator, now=world.now, reason="〔示例〕", key="k1"
        )

    first = reset()
    before = rows()
    assert reset().password is None
    assert rows() == before
    assert User.objects.get(pk=world.clerk.pk).check_password(first.password)


@pytest.mark.parametrize("act", ["reset_password", "reset_factor", "end_sessions"])
def test_every_session_ends_at_its_next_request(world: World, act: str) -> None:
    person = prepared(world.clerk, act)
    clients = [as_(person) for _ in range(3)]
    assert [client.get(url("desk")).status_code for client in clients] == [200] * 3
    VERBS[act](person, by=world.administrator, now=world.now, reason="〔示例〕")
    answers = [client.get(url("desk")) for client in clients]
    assert [answer["Location"] for answer in answers] == [f"{url('login')}?next=/"] * 3


def test_changed_appointments_end_every_session_at_its_next_request(world: World) -> None:
    client = as_(world.clerk)
    assert client.get(url("desk")).status_code == 200
    appointments.appoint(
        world.clerk,
        role=Role.VILLAGE_CLERK,
        region=world.villages[1],
        starts_on=world.now.date(),
        by=world.administrator,
    )
    assert client.get(url("desk")).status_code == 302
    client = as_(world.clerk)
    appointments.end(world.clerk.appointments.latest("pk"), on=world.now.date(), by=world.administrator)
    assert client.get(url("desk")).status_code == 302


def test_a_reset_telephone_is_bound_anew_before_anything_else(world: World, settings: Any) -> None:
    settings.SECOND_FACTOR = True
    person = prepared(world.approver, "reset_factor")
    accounts.reset_factor(person, by=world.administrator, now=world.now, reason="〔示例〕")
    client = as_(User.objects.get(pk=person.pk))
    assert client.get(url("application-list"))["Location"].startswith(url("second-factor"))
    assert "绑定手机验证器" in client.get(url("second-factor")).content.decode()


@pytest.mark.parametrize(
    ("act", "sentence"),
    [("reset_factor", "没有绑定验证器"), ("unlock", "没有被锁定"), ("reactivate", "账号没有停用")],
)
def test_an_act_with_nothing_to_do_is_refused(world: World, act: str, sentence: str) -> None:
    before = rows()
    with pytest.raises(Refused, match=sentence):
        VERBS[act](world.clerk, by=world.administrator, now=world.now, reason="〔示例〕")
    assert rows() == before


def test_a_reactivated_person_comes_back_with_a_new_password_and_without_posts(world: World) -> None:
    person = prepared(world.clerk, "reactivate")
    appointments.end(person.appointments.get(), on=timezone.localdate(world.now), by=world.administrator)
    given = accounts.reactivate(person, by=world.administrator, now=world.now, reason="〔示例〕")
    kept = User.objects.get(pk=person.pk)
    assert (kept.is_active, kept.must_change_password) == (True, True)
    assert kept.check_password(given.password or "")
    assert appointments.actor(kept, on=world.later(1).date()).holdings == ()
