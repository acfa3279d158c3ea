"""Pages that correct the register: offered to the administrator, numbers masked, once per form, refused when stale."""

from typing import Any

import pytest
from django.test import Client

from registry.models import Household, InterestKind, Member, RegisterChange
from tests import stages
from tests.workflow.test_register import as_removed, family, rows
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import heading as typed_again
from tests.world import World
from workflow import interests

BUTTONS = ("更正登记", "增加成员", "更换户主")
WHY = "户口簿核对〔示例〕"


def pages(home: Household) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each form with what is typed into it."""
    head, child = home.members.order_by("pk")
    return {
        "household": (url("household-correct", home.pk), {"phone": "13812345678", "category": "low_income"}),
        "member": (url("member-correct", home.pk, child.pk), {"name": "示例改名", "phone": "13812345678"}),
        "add": (url("member-add", home.pk), {"name": "示例新生儿", "relationship": "grandchild"}),
        "head": (url("household-head", home.pk), {"to": child.pk, f"relation{head.pk}": "parent"}),
    }


NAMES = ("household", "member", "add", "head")


def opened(client: Client, address: str, **typed: Any) -> dict[str, Any]:
    """The form as it was shown, with what the person typed into it."""
    page = client.get(address)
    assert page.status_code == 200
    return typed_again(page, **{"reason": WHY, **typed})


def plain(home: Household) -> list[str]:
    """All full numbers of a household."""
    people = list(home.members.all())
    numbers = [home.phone, *(one.id_number for one in people), *(one.phone for one in people)]
    return [one for one in [*numbers, *(one.card_number for one in people)] if one]


@pytest.mark.parametrize("name", NAMES)
def test_a_form_shows_no_full_number_and_leaves_empty_ones_alone(world: World, name: str) -> None:
    home, client = family(world), as_(world.administrator)
    before = plain(home)
    address, typed = pages(home)[name]
    with clock_at(world.now):
        text = client.get(address).content.decode()
        assert not [number for number in before if number in text]
        typed.pop("phone", None)
        answer = client.post(address, opened(client, address, **typed))
    assert (answer.status_code, answer["Location"]) == (302, url("household-detail", home.pk))
    assert plain(Household.objects.get(pk=home.pk)) == before
    line = RegisterChange.objects.get()
    assert (line.by, line.at, line.reason) == (world.administrator, world.now, WHY)


def test_a_number_is_replaced_or_cleared_and_not_both(world: World) -> None:
    home, client = family(world), as_(world.administrator)
    child = home.members.get(relationship="child")
    address = url("member-correct", home.pk, child.pk)
    with clock_at(world.now):
        assert "139****2222" in client.get(address).content.decode()
        both = opened(client, address, card_number="6299000000000001234", cleared=["card_number"])
        kept = rows()
        assert client.post(address, both).status_code == 422
        assert rows() == kept
        done = opened(client, address, card_number="6299000000000001234", cleared=["phone"])
        assert client.post(address, done).status_code == 302
    child.refresh_from_db()
    assert (child.card_number, child.phone) == ("6299000000000001234", "")


@pytest.mark.parametrize("name", NAMES)
def test_sent_twice_it_is_done_once_and_a_stale_form_is_a_conflict(world: World, name: str) -> None:
    home, client = family(world), as_(world.administrator)
    address, typed = pages(home)[name]
    with clock_at(world.now):
        sent, stale = opened(client, address, **typed), opened(client, address, **typed)
        assert client.post(address, sent).status_code == 302
        kept = rows()
        assert client.post(address, sent).status_code == 302
        assert rows() == kept
        refused = client.post(address, stale)
    assert refused.status_code == 409
    assert WHY in refused.content.decode()
    assert rows() == kept
    assert RegisterChange.objects.count() == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("who", "status"),
    [("clerk", 403), ("reviewer", 403), ("approver", 403), ("supervisor", 403), ("stranger", 404)],
)
def test_nobody_else_is_offered_it_or_may_send_it(world: World, name: str, who: str, status: int) -> None:
    home, client = family(world), as_(getattr(world, who))
    address, typed = pages(home)[name]
    with clock_at(world.now):
        sent = opened(as_(world.administrator), address, **typed)
        kept = rows()
        assert client.get(address).status_code == status
        assert client.post(address, sent).status_code == status
        assert rows() == kept
        if status == 403:
            page = client.get(url("household-detail", home.pk)).content.decode()
            assert not [button for button in BUTTONS if button in page]
            assert "/correct/" not in page


def test_an_administrator_is_offered_nothing_on_a_relatives_household(world: World) -> None:
    home, client = family(world), as_(world.administrator)
    with clock_at(world.now):
        page = client.get(url("household-detail", home.pk)).content.decode()
        assert [button for button in BUTTONS if button in page] == list(BUTTONS)
        address, typed = pages(home)["household"]
        client.post(address, opened(client, address, **typed))
        sent = opened(client, address, **{**typed, "phone": "13812349999"})
        assert WHY in client.get(url("household-detail", home.pk)).content.decode()
        interests.declare(
            world.administrator, home, kind=InterestKind.RELATIVE, by=world.administrator, now=world.now
        )
        page = client.get(url("household-detail", home.pk)).content.decode()
        assert not [shown for shown in (*BUTTONS, WHY) if shown in page]
        kept = rows()
        assert client.post(address, sent).status_code == 403
    assert rows() == kept


def test_a_person_of_another_household_is_not_found_under_this_one(world: World) -> None:
    home, other = family(world), family(world)
    person = other.members.order_by("pk")[1]
    kept = rows()
    with clock_at(world.now):
        address = url("member-correct", home.pk, person.pk)
        client = as_(world.administrator)
        answers = (client.get(address), client.post(address, {"name": "别人", "reason": WHY}))
    assert [answer.status_code for answer in answers] == [404, 404]
    assert rows() == kept


def test_the_page_lists_what_was_corrected_in_words_and_masked(world: World) -> None:
    home, client = family(world), as_(world.administrator)
    with clock_at(world.now):
        for address, typed in pages(home).values():
            assert client.post(address, opened(client, address, **typed)).status_code == 302
        for who in (world.clerk, world.supervisor, world.administrator):
            text = as_(who).get(url("household-detail", home.pk)).content.decode()
            assert text.count(WHY) == 4
            assert "联系电话：139****1111 → 138****5678" in text
            assert "示例户主甲与户主关系：户主 → 父母" in text
            assert not [number for number in plain(Household.objects.get(pk=home.pk)) if number in text]
    assert Member.objects.get(name="示例改名").is_head


def test_after_a_removal_the_lines_show_no_values_and_nothing_is_offered(world: World) -> None:
    home, client = family(world), as_(world.administrator)
    with clock_at(world.now):
        address, typed = pages(home)["member"]
        assert client.post(address, opened(client, address, **typed)).status_code == 302
        sent = opened(client, address, phone="13812349999")
        as_removed(world, Household.objects.get(pk=home.pk))
        page = client.get(url("household-detail", home.pk)).content.decode()
        assert ("手机号（内容不留存）" in page, "138****" in page) == (True, False)
        assert not [button for button in BUTTONS if button in page]
        kept = rows()
        assert client.post(address, sent).status_code == 422
    assert rows() == kept


def test_open_cases_are_named_beside_the_form(world: World) -> None:
    home = family(world)
    case = stages.submitted(world, household=home)
    with clock_at(world.now):
        for address, _ in pages(home).values():
            text = as_(world.administrator).get(address).content.decode()
            assert "这一户有1件申请正在办理" in text
            assert case.number in text
