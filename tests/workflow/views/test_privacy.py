"""Pages of personal data: masked until a reason is given, each look recorded, the record open to supervisors."""

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from applications.models import Disclosure, Removal, Way
from registry.masking import mask_card, mask_id_number
from registry.models import Household, Member
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import World

ASKED = {"key": "k", "purpose": "account", "reason": "核对开户名与身份证是否一致"}


@pytest.fixture
def household(world: World) -> Household:
    made = world.household(name="示例户主丙")
    made.phone = "〔示例〕5551234"
    made.save()
    return made


def head(household: Household) -> Member:
    return household.members.get()


def test_page_of_a_household_is_masked_and_offers_the_way_to_the_numbers(
    world: World, household: Household
) -> None:
    with clock_at(world.now):
        text = as_(world.clerk).get(url("household-detail", household.pk)).content.decode()
    member = head(household)
    assert mask_id_number(f"{member.id_number}") in text
    assert mask_card(f"{member.card_number}") in text
    for secret in (member.id_number, member.card_number, household.phone):
        assert f"{secret}" not in text
    assert url("household-numbers", household.pk) in text


@pytest.mark.parametrize("who", ["supervisor", "administrator"])
def test_whoever_may_not_look_is_offered_nothing(world: World, household: Household, who: str) -> None:
    with clock_at(world.now):
        text = as_(getattr(world, who)).get(url("household-detail", household.pk)).content.decode()
    assert url("household-numbers", household.pk) not in text


def test_reason_opens_the_numbers_once_and_leaves_a_line(world: World, household: Household) -> None:
    address, member = url("household-numbers", household.pk), head(household)
    secrets = [f"{member.id_number}", f"{member.card_number}", f"{household.phone}"]
    with clock_at(world.now):
        browser = as_(world.reviewer)
        asked = browser.get(address)
        assert not any(secret in asked.content.decode() for secret in secrets)
        assert Disclosure.objects.count() == 0
        shown = browser.post(address, ASKED)
    text = shown.content.decode()
    assert shown.status_code == 200
    assert all(secret in text for secret in secrets)
    assert shown["Cache-Control"] == "private, no-store"
    line = Disclosure.objects.get()
    assert (line.by, line.at, line.household, line.way, line.reason) == (
        world.reviewer,
        world.now,
        household,
        Way.SCREEN,
        ASKED["reason"],
    )


@pytest.mark.parametrize("changes", [{"reason": ""}, {"reason": "看看"}, {"purpose": ""}, {"purpose": "fun"}])
def test_without_a_reason_nothing_is_shown_and_nothing_written(
    world: World, household: Household, changes: dict[str, str]
) -> None:
    with clock_at(world.now):
        answer = as_(world.clerk).post(url("household-numbers", household.pk), {**ASKED, **changes})
    assert answer.status_code == 422
    assert f"{head(household).id_number}" not in answer.content.decode()
    assert Disclosure.objects.count() == 0


@pytest.mark.parametrize(("who", "status"), [("supervisor", 403), ("administrator", 403), ("stranger", 404)])
def test_reason_does_not_help_whoever_may_not_look(
    world: World, household: Household, who: str, status: int
) -> None:
    with clock_at(world.now):
        answer = as_(getattr(world, who)).post(url("household-numbers", household.pk), ASKED)
    assert answer.status_code == status
    assert f"{head(household).id_number}" not in answer.content.decode()
    assert Disclosure.objects.count() == 0


def cells(answer: Any) -> list[tuple[Any, ...]]:
    return list(load_workbook(BytesIO(answer.content)).active.iter_rows(values_only=True))  # type: ignore[union-attr]


def test_exported_list_is_masked_and_holds_the_persons_regions_only(
    world: World, household: Household
) -> None:
    other = world.household(village=1)
    with clock_at(world.now):
        answer = as_(world.clerk).post(url("household-roster"), {"key": "k", "numbers": "masked"})
    _, *rows = cells(answer)
    member = head(household)
    assert [row[0] for row in rows] == [household.number]
    assert rows[0][6] == mask_id_number(f"{member.id_number}")
    assert rows[0][9] == mask_card(f"{member.card_number}")
    assert other.number not in {row[0] for row in rows}
    assert Disclosure.objects.count() == 0


def test_district_exports_full_numbers_with_a_reason_and_each_household_is_written_down(
    world: World, household: Household
) -> None:
    other = world.household(village=1)
    asked = {"numbers": "full", **ASKED}
    with clock_at(world.now):
        answer = as_(world.approver).post(url("household-roster"), asked)
    _, *rows = cells(answer)
    assert {row[6] for row in rows} == {head(one).id_number for one in (household, other)}
    assert {row[9] for row in rows} == {head(one).card_number for one in (household, other)}
    assert set(Disclosure.objects.values_list("household", "way", "by")) == {
        (one.pk, Way.EXPORT, world.approver.pk) for one in (household, other)
    }


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        ("clerk", ASKED),
        ("reviewer", ASKED),
        ("supervisor", ASKED),
        ("administrator", ASKED),
        ("approver", {"purpose": "account", "reason": ""}),
        ("approver", {"purpose": "", "reason": "办理资金发放"}),
    ],
)
def test_full_export_is_refused_without_role_or_reason(
    world: World, household: Household, who: str, asked: dict[str, str]
) -> None:
    with clock_at(world.now):
        answer = as_(getattr(world, who)).post(url("household-roster"), {"numbers": "full", **asked})
    assert answer.status_code == 422
    assert f"{head(household).id_number}".encode() not in answer.content
    assert Disclosure.objects.count() == 0


def test_supervisor_and_administrator_read_the_record_of_their_region(
    world: World, household: Household
) -> None:
    with clock_at(world.now):
        as_(world.clerk).post(url("household-numbers", household.pk), ASKED)
        world.household(village=1)
        as_(world.approver).post(
            url("household-roster"), {"numbers": "full", **ASKED, "reason": "办理资金发放核对"}
        )
        for who in (world.supervisor, world.administrator):
            text = as_(who).get(url("disclosure-list")).content.decode()
            assert world.clerk.name in text
            assert ASKED["reason"] in text
            assert "等2户" in text
            assert f"{head(household).id_number}" not in text
        assert as_(world.clerk).get(url("disclosure-list")).status_code == 403


def test_administrator_removes_by_the_page_and_the_household_says_so(world: World) -> None:
    case = stages.draft(world)
    stages.do(stages.intake.discard([stages.Ref(case.pk)], by=world.clerk, now=world.now))
    household = case.household
    form = {
        "key": "k",
        "ground": "decision",
        "document": "示例决定〔2021〕1号",
        "reason": "户主申请",
        "number": household.number,
    }
    address = url("household-remove", household.pk)
    with clock_at(world.now):
        browser = as_(world.administrator)
        refused = browser.post(address, {**form, "number": "别的户"})
        assert refused.status_code == 422
        assert "没有删除任何内容" in refused.content.decode()
        assert Removal.objects.count() == 0
        assert browser.post(address, form)["Location"] == url("household-detail", household.pk)
        page = browser.get(url("household-detail", household.pk)).content.decode()
        record = as_(world.supervisor).get(url("disclosure-list")).content.decode()
    assert "这一户的个人信息已于2021年3月1日按示例决定〔2021〕1号删除。" in page
    assert address not in page
    assert "示例决定〔2021〕1号" in record
