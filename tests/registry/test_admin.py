"""The administration: no side door to logins, households and ties; values are masked, rules are the same as elsewhere."""

from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from registry.models import (
    AccountChange,
    Appointment,
    Household,
    Interest,
    Member,
    MonitorPeriod,
    Region,
    Relationship,
    Role,
    User,
)
from tests.registry import places

NUMBER = places.id_number("990101", date(1960, 1, 1), 1)
OTHER_NUMBER = places.id_number("990101", date(1970, 1, 1), 2)
PHONE, CARD = "13800001234", "6200000000000005678"


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_superuser("boss", password="A-long-enough-example", name="〔示例〕管理员")


@pytest.fixture
def desk(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


@pytest.fixture
def home(country: dict[str, Region]) -> Household:
    made = places.household(country["village"], phone=PHONE)
    places.member(made, id_number=NUMBER, phone=PHONE, card_number=CARD)
    return made


def errors(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def test_every_page_of_the_registry_opens(desk: Client, home: Household, boss: User) -> None:
    for model in (User, Region, Household, Appointment, Interest):
        assert desk.get(reverse(f"admin:registry_{model._meta.model_name}_changelist")).status_code == 200
    for model in (Region, Appointment):
        assert desk.get(reverse(f"admin:registry_{model._meta.model_name}_add")).status_code == 200
    page = desk.get(reverse("admin:registry_user_change", args=[boss.pk])).content.decode()
    assert reverse("account-detail", args=[boss.pk]) in page
    page = desk.get(reverse("admin:registry_household_change", args=[home.pk])).content.decode()
    assert reverse("household-detail", args=[home.pk]) in page


def test_a_household_page_shows_masked_values_only(desk: Client, home: Household) -> None:
    page = desk.get(reverse("admin:registry_household_change", args=[home.pk])).content.decode()
    for secret in (NUMBER, PHONE, CARD, "gcm1:"):
        assert secret not in page
    for shown in (f"99*************{NUMBER[-3:]}", "138****1234", "***************5678"):
        assert shown in page


def test_a_household_is_found_by_its_whole_id_number(desk: Client, home: Household) -> None:
    address = reverse("admin:registry_household_changelist")
    assert list(desk.get(address, {"q": NUMBER}).context["cl"].result_list) == [home]
    assert list(desk.get(address, {"q": OTHER_NUMBER}).context["cl"].result_list) == []


def rows() -> list[Any]:
    """Everything that was ever written through this administration."""
    models = (User, Household, Member, MonitorPeriod, Interest, Appointment, AccountChange, TOTPDevice, Group)
    return [list(model._base_manager.order_by("pk").values()) for model in models]


CLOSED: dict[str, dict[str, str]] = {
    "registry_user": {
        "username": "zhang",
        "name": "改过",
        "is_superuser": "on",
        "is_staff": "on",
        "password1": "A-long-enough-example",
        "password2": "A-long-enough-example",
        "usable_password": "true",
    },
    "registry_household": {"number": "改过", "category": "marginal", "address": "改过", "new_phone": PHONE},
    "registry_interest": {"kind": "own"},
}


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("act", ["add", "change", "delete", "delete many"])
def test_a_login_a_household_and_a_tie_are_not_written_here(
    desk: Client, home: Household, name: str, act: str
) -> None:
    person = places.user()
    tie = Interest.objects.create(user=person, household=home, kind="own", declared_on=date(2021, 1, 1))
    pk = {"registry_user": person.pk, "registry_household": home.pk, "registry_interest": tie.pk}[name]
    member = home.members.get()
    form = CLOSED[name] | {
        "members-TOTAL_FORMS": "1",
        "members-INITIAL_FORMS": "1",
        "members-0-id": str(member.pk),
        "members-0-household": str(home.pk),
        "members-0-name": "改过",
        "members-0-new_card_number": CARD,
        "members-0-new_id_number": OTHER_NUMBER,
    }
    before = rows()
    if act == "delete many":
        chosen = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        desk.post(reverse(f"admin:{name}_changelist"), chosen)
    else:
        address = reverse(f"admin:{name}_{act}", args=[] if act == "add" else [pk])
        assert desk.post(address, {**form, "post": "yes"}).status_code == 403
    assert rows() == before


def test_a_password_is_not_set_here_for_anybody(desk: Client) -> None:
    person = places.user()
    before = rows()
    form = {
        "usable_password": "true",
        "password1": "A-long-enough-example",
        "password2": "A-long-enough-example",
    }
    assert desk.post(reverse("admin:auth_user_password_change", args=[person.pk]), form).status_code == 403
    own = {
        "old_password": "A-long-enough-example",
        "new_password1": "Another-long-1",
        "new_password2": "Another-long-1",
    }
    answer = desk.post("/admin/password_change/", own)
    assert (answer.status_code, answer["Location"]) == (302, reverse("password"))
    assert rows() == before


@pytest.mark.parametrize("address", ["otp_totp/totpdevice/", "otp_totp/totpdevice/add/", "auth/group/"])
def test_nobody_binds_a_telephone_or_gives_rights_by_group_here(desk: Client, address: str) -> None:
    assert desk.get("/admin/").status_code == 200
    assert desk.get(f"/admin/{address}").status_code == 404


def test_the_one_way_in_is_the_login_page(client: Client) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == reverse("login")
    answer = client.post("/admin/login/", {"username": "boss", "password": "A-long-enough-example"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("login"))


def test_a_given_password_opens_nothing_here(desk: Client, boss: User) -> None:
    User.objects.filter(pk=boss.pk).update(must_change_password=True)
    assert desk.get("/admin/")["Location"] == reverse("password")
    assert desk.get(reverse("admin:registry_region_add"))["Location"] == reverse("password")


@pytest.mark.parametrize("model", [User, Region, Household, Appointment, Interest])
def test_deleting_is_not_offered(boss: User, rf: object, model: type) -> None:
    request = rf.get("/")  # type: ignore[attr-defined]
    request.user = boss
    registered = admin.site._registry[model]
    assert not registered.has_delete_permission(request)
    assert "delete_selected" not in registered.get_actions(request)


def appointment_form(user: User, region: Region, **changes: str) -> dict[str, str]:
    return {
        "user": str(user.pk),
        "role": Role.VILLAGE_CLERK,
        "region": str(region.pk),
        "starts_on": "2021-03-01",
        "ends_on": "",
        "note": "",
        "reason": "〔示例〕",
        **changes,
    }


def test_appointments_are_made_and_ended_by_the_verbs(
    desk: Client, boss: User, country: dict[str, Region]
) -> None:
    user, add = places.user(), reverse("admin:registry_appointment_add")
    assert desk.post(add, appointment_form(user, country["village"])).status_code == 302
    made = Appointment.objects.get()
    assert (made.user, made.role, made.starts_on, made.ends_on) == (
        user,
        Role.VILLAGE_CLERK,
        date(2021, 3, 1),
        None,
    )
    assert made.appointed_by == boss
    line = AccountChange.objects.get()
    assert (line.user, line.by, line.act, line.reason) == (user, boss, "appoint", "〔示例〕")
    assert line.data["appointment"] == made.pk
    change = reverse("admin:registry_appointment_change", args=[made.pk])
    forged = {
        "reason": "〔示例〕",
        "ends_on": "2021-09-30",
        "starts_on": "2020-01-01",
        "role": Role.ADMINISTRATOR,
    }
    assert desk.post(change, forged).status_code == 302
    made.refresh_from_db()
    assert (made.ends_on, made.ended_by, made.starts_on, made.role) == (
        date(2021, 9, 30),
        boss,
        date(2021, 3, 1),
        Role.VILLAGE_CLERK,
    )
    assert AccountChange.objects.latest("pk").act == "end_appointment"


@pytest.mark.parametrize(
    ("reason", "own", "sentence"), [(" ", False, "这个字段是必填项"), ("〔示例〕", True, "不能给自己任职")]
)
def test_an_appointment_without_a_reason_or_of_oneself_changes_nothing(
    desk: Client, boss: User, country: dict[str, Region], reason: str, own: bool, sentence: str
) -> None:
    form = appointment_form(boss if own else places.user(), country["village"], reason=reason)
    before = rows()
    page = desk.post(reverse("admin:registry_appointment_add"), form)
    assert page.status_code == 200
    assert sentence in errors(page)
    assert rows() == before


@pytest.mark.parametrize(
    ("key", "changes", "sentence"),
    [
        ("township", {}, "村级经办人不能任职于乡镇一级。"),
        ("village", {"ends_on": "2021-02-01"}, "结束日期不能早于开始日期。"),
        ("other_village", {}, "日期重叠的任职"),
    ],
)
def test_a_wrong_appointment_is_refused_in_the_form(
    desk: Client, country: dict[str, Region], key: str, changes: dict[str, str], sentence: str
) -> None:
    user = places.user()
    kept = Appointment.objects.create(
        user=user, role=Role.VILLAGE_CLERK, region=country["other_village"], starts_on=date(2021, 1, 1)
    )
    page = desk.post(
        reverse("admin:registry_appointment_add"), appointment_form(user, country[key], **changes)
    )
    assert page.status_code == 200
    assert sentence in errors(page)
    assert list(Appointment.objects.all()) == [kept]


@pytest.mark.parametrize("ends_on", ["", "2021-10-01"])
def test_an_ended_appointment_is_not_made_longer(
    desk: Client, country: dict[str, Region], ends_on: str
) -> None:
    kept = Appointment.objects.create(
        user=places.user(),
        role=Role.VILLAGE_CLERK,
        region=country["village"],
        starts_on=date(2021, 1, 1),
        ends_on=date(2021, 9, 30),
    )
    page = desk.post(
        reverse("admin:registry_appointment_change", args=[kept.pk]),
        {"ends_on": ends_on, "reason": "〔示例〕"},
    )
    assert page.status_code == 200
    assert "只能提前结束" in errors(page)
    kept.refresh_from_db()
    assert kept.ends_on == date(2021, 9, 30)


def test_the_names_of_the_pages_are_chinese(desk: Client) -> None:
    page = desk.get(reverse("admin:app_list", args=["registry"])).content.decode()
    for name in ("户籍与人员", "用户", "行政区划", "户", "任职", "回避关系"):
        assert name in page
    assert Relationship.HEAD.label == "户主"
