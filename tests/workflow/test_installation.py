"""The first administrator: made at the machine, with a line for each act; no way that leaves none."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django_otp.plugins.otp_totp.models import TOTPDevice

from registry import appointments, clock
from registry.models import AccountChange, Appointment, Region, Role, User
from tests.faults import breaking
from tests.world import World
from workflow import installation
from workflow.installation import Wanted

COUNTY = "990103000000"


def command(*more: str, username: str = "guan1", name: str = "示例管理", region: str = COUNTY) -> str:
    said = StringIO()
    given = [username, "--name", name, "--region", region, "--reason", "系统上线〔示例〕", *more]
    call_command("appoint_administrator", *given, stdout=said)
    return said.getvalue()


def rows() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values()) for model in (User, Appointment, Region, AccountChange)
    ]


@pytest.mark.django_db(transaction=True)
def test_an_empty_installation_gets_its_administrator_with_a_line_for_each_act() -> None:
    said = command("--region-name", "示例新区", "--back-office")
    made = User.objects.get()
    assert (made.is_staff, made.is_superuser, made.must_change_password) == (True, True, True)
    password = next(word for word in said.split() if made.check_password(word))
    assert appointments.actor(made, on=clock.today()).holds(Role.ADMINISTRATOR, COUNTY)
    lines = list(AccountChange.objects.order_by("pk"))
    assert [line.act for line in lines] == ["create", "appoint", "back_office"]
    assert {(line.user, line.by, line.reason) for line in lines} == {(made, made, "系统上线〔示例〕")}
    assert all(line.data["command"] == "appoint_administrator" for line in lines)
    assert all(line.data["at_the_machine"] for line in lines)
    assert password not in str(rows())
    before = rows()
    assert "初始密码" not in command("--back-office")
    assert rows() == before, "the same command again finds it done"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("changed", "more"),
    [
        ({}, ()),
        ({"region": "99"}, ("--region-name", "示例新区")),
        ({"username": "管"}, ("--region-name", "示例新区")),
        ({"name": " "}, ("--region-name", "示例新区")),
        ({}, ("--region-name", "示例新区", "--reason", " ")),
    ],
    ids=["no region", "wrong code", "wrong login name", "no name", "no reason"],
)
def test_a_refused_command_changes_nothing(changed: dict[str, str], more: tuple[str, ...]) -> None:
    before = rows()
    with pytest.raises(CommandError):
        command(*more, **changed)
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_a_login_of_another_name_is_not_taken_over(world: World) -> None:
    before = rows()
    with pytest.raises(CommandError, match="已经由别的人使用"):
        command("--let-in-again", username=world.clerk.username, region=world.county.code)
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_whom_nobody_else_could_let_in_is_let_in_again_on_record(world: World) -> None:
    person = world.administrator
    TOTPDevice.objects.create(user=person, confirmed=True)
    User.objects.filter(pk=person.pk).update(is_active=False)
    said = command("--let-in-again", username=person.username, name=person.name, region=world.county.code)
    kept = User.objects.get(pk=person.pk)
    assert (kept.is_active, kept.must_change_password, kept.is_superuser) == (True, True, False)
    assert any(kept.check_password(word) for word in said.split())
    assert not TOTPDevice.objects.filter(user=kept).exists()
    assert kept.session_round == person.session_round + 1
    assert AccountChange.objects.get().act == "reactivate"


@pytest.mark.django_db(transaction=True)
def test_whatever_statement_fails_nothing_is_left_of_it() -> None:
    Region.objects.create(code=COUNTY, name="示例新区", level="county")
    wanted = Wanted("guan1", "示例管理", COUNTY, back_office=True)
    before = rows()

    def act() -> Any:
        return installation.appoint_administrator(
            wanted, now=clock.now(), reason="〔示例〕", at_the_machine="示例"
        )

    for number in range(1, 60):
        with breaking.statement(number):
            try:
                act()
            except breaking.Broken:
                assert rows() == before
                continue
        break
    assert number > 8
    assert AccountChange.objects.count() == 3


@pytest.mark.django_db
def test_the_way_that_leaves_no_line_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a-long-enough-example")
    with pytest.raises(CommandError, match="appoint_administrator"):
        call_command("createsuperuser")
    assert not User.objects.exists()
