"""The administration: nobody is deleted, sensitive values are masked, rules are the same as elsewhere."""

from datetime import date

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from registry.models import Appointment, Household, Member, Region, Relationship, Role, User
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


def household_form(home: Household, **changes: str) -> dict[str, str]:
    person = home.members.get()
    return {
        "number": home.number,
        "village": str(home.village_id),
        "group": home.group,
        "category": home.category,
        "address": home.address,
        "new_phone": "",
        "members-TOTAL_FORMS": "1",
        "members-INITIAL_FORMS": "1",
        "members-0-id": str(person.pk),
        "members-0-household": str(home.pk),
        "members-0-name": person.name,
        "members-0-relationship": person.relationship,
        "members-0-status": person.status,
        "members-0-new_id_number": "",
        "members-0-new_phone": "",
        "members-0-new_card_number": "",
        "monitor_periods-TOTAL_FORMS": "0",
        "monitor_periods-INITIAL_FORMS": "0",
        **changes,
    }


def errors(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def test_every_page_of_the_registry_opens(desk: Client, home: Household) -> None:
    for model in (User, Region, Household, Appointment):
        base = f"admin:registry_{model._meta.model_name}"
        assert desk.get(reverse(f"{base}_changelist")).status_code == 200
        assert desk.get(reverse(f"{base}_add")).status_code == 200


def test_a_household_page_shows_masked_values_only(desk: Client, home: Household) -> None:
    page = desk.get(reverse("admin:registry_household_change", args=[home.pk])).content.decode()
    for secret in (NUMBER, PHONE, CARD, "gcm1:"):
        assert secret not in page
    for shown in (f"99*************{NUMBER[-3:]}", "138****1234", "***************5678"):
        assert shown in page


def test_empty_fields_leave_sensitive_values_as_they_are(desk: Client, home: Household) -> None:
    url = reverse("admin:registry_household_change", args=[home.pk])
    before = Member.objects.values().get()
    assert desk.post(url, household_form(home, address="〔示例〕一号")).status_code == 302
    home.refresh_from_db()
    assert (home.address, home.phone) == ("〔示例〕一号", PHONE)
    assert Member.objects.values().get() == before


def test_typed_values_replace_sensitive_ones(desk: Client, home: Household) -> None:
    url = reverse("admin:registry_household_change", args=[home.pk])
    changes = {
        "new_phone": "13900005678",
        "members-0-new_id_number": f" {OTHER_NUMBER.lower()} ",
        "members-0-new_card_number": "6200000000000009999",
    }
    assert desk.post(url, household_form(home, **changes)).status_code == 302
    home.refresh_from_db()
    person = home.members.get()
    assert (home.phone, person.phone) == ("13900005678", PHONE)
    assert (person.id_number, person.card_number) == (OTHER_NUMBER, "6200000000000009999")
    found = desk.get(reverse("admin:registry_household_changelist"), {"q": OTHER_NUMBER})
    assert list(found.context["cl"].result_list) == [home]
    missed = desk.get(reverse("admin:registry_household_changelist"), {"q": NUMBER})
    assert list(missed.context["cl"].result_list) == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [(NUMBER[:17], "身份证号应为18位"), (OTHER_NUMBER, "这个身份证号已登记在别处。")],
)
def test_a_wrong_or_taken_id_number_is_refused(
    desk: Client, home: Household, typed: str, sentence: str
) -> None:
    places.member(places.household(home.village), id_number=OTHER_NUMBER)
    before = list(Member.objects.values())
    url = reverse("admin:registry_household_change", args=[home.pk])
    page = desk.post(url, household_form(home, **{"members-0-new_id_number": typed}))
    assert page.status_code == 200
    assert sentence in errors(page)
    assert list(Member.objects.values()) == before


def test_a_user_is_added_and_changed_but_never_deleted(desk: Client, boss: User) -> None:
    form = {
        "username": "zhang",
        "name": "〔示例〕张三",
        "new_phone": PHONE,
        "usable_password": "true",
        "password1": "A-long-enough-example",
        "password2": "A-long-enough-example",
    }
    assert desk.post(reverse("admin:registry_user_add"), form).status_code == 302
    made = User.objects.get(username="zhang")
    assert (made.name, made.phone, made.check_password("A-long-enough-example")) == (
        "〔示例〕张三",
        PHONE,
        True,
    )
    url = reverse("admin:registry_user_change", args=[made.pk])
    page = desk.get(url).content.decode()
    assert "138****1234" in page
    assert PHONE not in page
    assert desk.post(url, {"username": "zhang", "name": "〔示例〕张四", "new_phone": ""}).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.phone, made.is_active) == ("〔示例〕张四", PHONE, False)
    assert (
        desk.post(reverse("admin:registry_user_delete", args=[made.pk]), {"post": "yes"}).status_code == 403
    )
    chosen = {"action": "delete_selected", "_selected_action": [made.pk], "post": "yes"}
    desk.post(reverse("admin:registry_user_changelist"), chosen)
    assert set(User.objects.all()) == {boss, made}


@pytest.mark.parametrize("model", [User, Region, Household, Appointment])
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
    change = reverse("admin:registry_appointment_change", args=[made.pk])
    forged = {"ends_on": "2021-09-30", "starts_on": "2020-01-01", "role": Role.ADMINISTRATOR}
    assert desk.post(change, forged).status_code == 302
    made.refresh_from_db()
    assert (made.ends_on, made.ended_by, made.starts_on, made.role) == (
        date(2021, 9, 30),
        boss,
        date(2021, 3, 1),
        Role.VILLAGE_CLERK,
    )


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
    page = desk.post(reverse("admin:registry_appointment_change", args=[kept.pk]), {"ends_on": ends_on})
    assert page.status_code == 200
    assert "只能提前结束" in errors(page)
    kept.refresh_from_db()
    assert kept.ends_on == date(2021, 9, 30)


def test_the_names_of_the_pages_are_chinese(desk: Client) -> None:
    page = desk.get(reverse("admin:app_list", args=["registry"])).content.decode()
    for name in ("户籍与人员", "用户", "行政区划", "户", "任职", "回避关系"):
        assert name in page
    assert Relationship.HEAD.label == "户主"
