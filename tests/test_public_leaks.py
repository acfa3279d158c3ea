"""Public pages and print views show what the allow-list allows, and nothing else."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.test import Client

from applications.models import Application
from applications.states import State
from registry.models import Category, Household, MonitorPeriod, MonitorType
from tests import stages
from tests.leaks import find_leaks, labels
from tests.workflow.views.pages import as_, clock_at
from tests.world import World
from workflow.models import Posting, PostingEntry, PostingKind, PostingState

ID = "99999919600101123X"
CARD = "999900001111222"
tails = count(1)


def page(text: str) -> str:
    return f"<html><body><table><tr><td>1</td><td>{text}</td><td>900.00</td></tr></table></body></html>"


@pytest.mark.parametrize(
    "planted",
    [
        ID,
        "999999600101123",
        "９９９９９９１９６００１０１１２３Ｘ",
        "999999 19600101 123X",
        "999999-1960-01-01-123X",
        "<b>999999</b><span>19600101123X</span>",
        "9999\u200b9919600101123X",
        "9999000011112222333",
        "9999 0000 1111 2222 333",
        "9999-0000-1111-2222",
        "９９９９００００１１１１２２２２",
        "9999 0000 1111 22223",
        "13000000000",
        "130 0000 0000",
        "130-0000-0000",
        "１３０００００００００",
        "+86 13000000000",
        "13000000000、13000000001",
        "<a href='tel:13000000000'>电话</a>",
        "<input type='hidden' value='13000000000'>",
        "<!-- 13000000000 -->",
        *[one.label for one in Category],
        *[one.label for one in MonitorType],
        "低保<b>脱贫户</b>",
    ],
)
def test_a_planted_leak_is_found(planted: str) -> None:
    assert find_leaks(page(planted)) != []


@pytest.mark.parametrize(
    "harmless",
    [
        "12317",
        "113417030032496887/202111-00027",
        "2021年3月1日至2021年3月11日",
        "2021-03-01 2021-03-11",
        "村1公示〔2021〕12号",
        "<td>1,234,567.00</td><td>900.00</td>",
        "900.00 900.00 900.00 900.00",
        "身份证尾号1234",
        "990101001001",
        "3f" * 32,
    ],
)
def test_what_belongs_on_a_public_page_is_no_leak(harmless: str) -> None:
    assert find_leaks(page(harmless)) == []


def test_a_supervision_phone_is_allowed_only_by_name() -> None:
    text = page("130 0000 0000")
    assert find_leaks(text) == ["手机号：130 0000 0000"]
    assert find_leaks(text, allowed_phones={"13000000000"}) == []


def test_every_category_and_monitor_label_is_looked_for() -> None:
    assert len(labels()) == len(Category) + len(MonitorType)


def twins(world: World) -> list[Household]:
    """Two households of one name in one village group, with everything that must stay private."""
    first, second = (
        world.household(name="王示例", category=Category.LOW_INCOME),
        world.household(name="王示例"),
    )
    second.group = first.group
    second.category = Category.EXTREMELY_POOR
    second.save()
    for household in (first, second):
        for member in household.members.all():
            member.phone, member.card_number = "13000000000", f"{CARD}{next(tails):04d}"
            member.save()
        MonitorPeriod.objects.create(
            household=household, monitor_type=MonitorType.SUDDEN, marked_on=stages.day("2021-01-01")
        )
    return [first, second]


def shown_world(world: World) -> tuple[dict[PostingKind, Posting], datetime]:
    """A sheet on display at every level, an announcement, and a moment inside their periods."""
    made: dict[PostingKind, Posting] = {}
    latest = world.now
    way = {
        PostingKind.DISTRICT: State.DISTRICT_POSTING,
        PostingKind.TOWNSHIP: State.TOWNSHIP_POSTING,
        PostingKind.VILLAGE: State.VILLAGE_POSTING,
    }
    announced, moment = stages.reach(world, State.ANNOUNCEMENT)
    made[PostingKind.ANNOUNCEMENT], _ = stages.announced(world, [announced], now=moment)
    latest = max(latest, moment)
    ready: dict[PostingKind, list[Application]] = {}
    for kind, state in way.items():
        reached = [stages.reach(world, state, household=household) for household in twins(world)]
        ready[kind] = [case for case, _ in reached]
        latest = max(latest, *(at for _, at in reached))
    for kind, cases in ready.items():
        made[kind] = stages.displayed(world, cases, kind=kind, now=latest)
    return made, latest + timedelta(hours=1)


def public_addresses(made: dict[PostingKind, Posting]) -> Iterator[str]:
    yield from ("/public/", "/public/?elder=1", "/public/receipt/")
    for posting in made.values():
        yield f"/public/postings/{posting.pk}/"
        for entry in PostingEntry.objects.filter(posting=posting):
            yield f"/public/entries/{entry.pk}/object/"


def test_no_public_page_and_no_print_view_leaks(world: World) -> None:
    made, moment = shown_world(world)
    visitor, officer = Client(), as_(world.approver)
    addresses = list(public_addresses(made))
    assert len(addresses) == 3 + 4 + 7
    closed = Posting.objects.filter(state=PostingState.CLOSED).earliest("pk")
    with clock_at(moment):
        for address in addresses:
            answer = visitor.get(address)
            assert answer.status_code == 200, address
            assert find_leaks(answer.content.decode()) == [], address
        for posting in made.values():
            answer = officer.get(f"/postings/{posting.pk}/print/")
            assert answer.status_code == 200
            assert find_leaks(answer.content.decode()) == []
        gone = visitor.get(f"/public/postings/{closed.pk}/")
    assert gone.status_code == 410
    assert find_leaks(gone.content.decode()) == []


def test_the_scanner_sees_what_a_rendered_page_shows(world: World) -> None:
    made, moment = shown_world(world)
    posting = made[PostingKind.VILLAGE]
    Posting.objects.filter(pk=posting.pk).update(objection_way="请打13000000000，并报上身份证号。")
    with clock_at(moment):
        page_shown = Client().get(f"/public/postings/{posting.pk}/").content.decode()
    assert find_leaks(page_shown) == ["手机号：13000000000"]


def test_same_names_in_one_group_are_told_apart_without_a_digit_of_the_id(world: World) -> None:
    made, moment = shown_world(world)
    with clock_at(moment):
        text = Client().get(f"/public/postings/{made[PostingKind.TOWNSHIP].pk}/").content.decode()
    entries = PostingEntry.objects.filter(posting=made[PostingKind.TOWNSHIP])
    assert len(entries) == 2
    for serial, entry in enumerate(entries.order_by("position"), 1):
        assert f"（同名之{serial}）" in text
        assert entry.application.payee.id_number[-4:] not in entry.row.values()


def test_a_row_with_more_than_the_allow_list_shows_only_the_allow_list(world: World) -> None:
    made, moment = shown_world(world)
    posting = made[PostingKind.VILLAGE]
    entry = posting.entries.get(position=1)
    entry.row = {**entry.row, "id_number": ID, "category": Category.LOW_INCOME.label}
    entry.save()
    with clock_at(moment):
        for client, address in (
            (Client(), f"/public/postings/{posting.pk}/"),
            (Client(), f"/public/entries/{entry.pk}/object/"),
            (as_(world.clerk), f"/postings/{posting.pk}/print/"),
        ):
            assert find_leaks(client.get(address).content.decode()) == [], address
