"""Public pages and print views show what the allow-list allows, and nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.core.cache import cache
from django.db.models import CharField, QuerySet, TextField
from django.test import Client

from applications.models import Application, Programme
from applications.states import State
from registry.models import Category, Household, MonitorPeriod, MonitorType, Region
from tests import stages
from tests.leaks import ALLOWED_PHONES, find_leaks, labels
from tests.workflow.views.pages import as_, clock_at
from tests.world import World
from workflow.models import AnnouncementSheet, Posting, PostingEntry, PostingKind, PostingState

pytestmark = pytest.mark.any_database

ID = "99999919600101123X"
CARD = "999900001111222"
tails = count(1)


@pytest.fixture(autouse=True)
def counters() -> None:
    """No test is told to wait because of another's questions."""
    cache.clear()


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
    for name in ("", "announcements/", "statistics/", "progress/", "receipt/"):
        yield from (f"/public/{name}", f"/public/{name}?elder=1")
    for posting in made.values():
        yield f"/public/postings/{posting.pk}/"
        for entry in PostingEntry.objects.filter(posting=posting):
            yield f"/public/entries/{entry.pk}/object/"


def test_no_public_page_and_no_print_view_leaks(world: World) -> None:
    made, moment = shown_world(world)
    visitor, officer = Client(), as_(world.approver)
    addresses = list(public_addresses(made))
    assert len(addresses) == 10 + 4 + 7
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


@dataclass(frozen=True)
class Kind:
    """A kind of public page: where a text of the database reaches it, and its address."""

    plant: Callable[[dict[PostingKind, Posting], str], object]
    address: Callable[[dict[PostingKind, Posting]], str]
    asks: bool = False


def _sheets(values: Callable[[str], dict[str, str]]) -> Callable[[dict[PostingKind, Posting], str], object]:
    return lambda made, text: Posting.objects.update(**values(text))


def _rows(made: dict[PostingKind, Posting], text: str) -> None:
    for entry in PostingEntry.objects.all():
        entry.row = {**entry.row, "remark": text}
        entry.save()


KINDS = {
    "board": Kind(_sheets(lambda text: {"title": text}), lambda made: "/public/"),
    "board for elders": Kind(_sheets(lambda text: {"title": text}), lambda made: "/public/?elder=1"),
    "announcements": Kind(_sheets(lambda text: {"batch_label": text}), lambda made: "/public/announcements/"),
    "statistics": Kind(
        # Past the manager, which keeps a programme with applications as it is.
        lambda made, text: QuerySet(Programme).update(name=text),
        lambda made: "/public/statistics/",
    ),
    "sheet": Kind(
        _sheets(lambda text: {"objection_way": text}),
        lambda made: f"/public/postings/{made[PostingKind.VILLAGE].pk}/",
    ),
    "sheet for elders": Kind(
        _sheets(lambda text: {"discipline_phone": text}),
        lambda made: f"/public/postings/{made[PostingKind.TOWNSHIP].pk}/?elder=1",
    ),
    "row of a sheet": Kind(_rows, lambda made: f"/public/postings/{made[PostingKind.DISTRICT].pk}/"),
    "announcement": Kind(
        lambda made, text: AnnouncementSheet.objects.update(responsible=text),
        lambda made: f"/public/postings/{made[PostingKind.ANNOUNCEMENT].pk}/",
    ),
    "objection form": Kind(
        _sheets(lambda text: {"title": text}),
        lambda made: f"/public/entries/{made[PostingKind.VILLAGE].entries.earliest('pk').pk}/object/",
    ),
    "progress": Kind(
        lambda made, text: Region.objects.update(body_name=text), lambda made: "/public/progress/", asks=True
    ),
}


def rendered(kind: Kind, made: dict[PostingKind, Posting], moment: datetime) -> str:
    """The page of this kind as a visitor gets it, its figures counted anew."""
    cache.clear()
    with clock_at(moment):
        if not kind.asks:
            answer = Client().get(kind.address(made))
        else:
            case = made[PostingKind.VILLAGE].entries.earliest("pk").application
            asked = {"code": case.inquiry_code, "name": case.payee.name}
            answer = Client().post(kind.address(made), asked)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_the_scanner_sees_a_leak_planted_in_each_kind_of_page(world: World, kind: str) -> None:
    made, moment = shown_world(world)
    assert find_leaks(rendered(KINDS[kind], made, moment)) == []
    for planted, found in (
        (ID, f"身份证号（18位）：{ID}"),
        ("999999600101123", "身份证号（15位）：999999600101123"),
        ("9999 0000 1111 2222", "银行卡号：9999 0000 1111 2222"),
        ("13000000000", "手机号：13000000000"),
        (Category.LOW_INCOME.label, f"户类别或监测类型：{Category.LOW_INCOME.label}"),
    ):
        KINDS[kind].plant(made, planted[:30])
        assert found in find_leaks(rendered(KINDS[kind], made, moment))


def test_a_supervision_phone_that_is_a_mobile_is_allowed_where_it_is_named(world: World) -> None:
    made, moment = shown_world(world)
    KINDS["sheet for elders"].plant(made, "13000000000")
    page_shown = rendered(KINDS["sheet for elders"], made, moment)
    phones = Posting.objects.values_list("discipline_phone", flat=True)
    assert find_leaks(page_shown) == ["手机号：13000000000"]
    assert find_leaks(page_shown, allowed_phones={*ALLOWED_PHONES, *phones}) == []


SCRIPT = "</td><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def test_a_script_in_any_field_is_shown_as_text(world: World) -> None:
    made, moment = shown_world(world)
    for model in (Posting, AnnouncementSheet, Programme, Region):
        texts = {
            field.name: SCRIPT[: field.max_length]
            for field in model._meta.concrete_fields
            if isinstance(field, CharField | TextField)
            and not (field.unique or field.choices)
            and field.name not in {"number", "index_number", "digest", "publisher_code", "code"}
        }
        assert texts
        QuerySet(model).update(**texts)
    for entry in PostingEntry.objects.all():
        entry.row = dict.fromkeys(entry.row, SCRIPT)
        entry.save()
    for name, kind in KINDS.items():
        text = rendered(kind, made, moment)
        assert "<script>" not in text, name
        assert "<img src=x" not in text, name
        assert "&lt;script&gt;" in text, name
    hostile = Client().post("/public/progress/", {"code": SCRIPT[:40], "name": SCRIPT[:50]})
    assert "<script>" not in hostile.content.decode()
    assert "&lt;script&gt;" in hostile.content.decode()


def test_same_names_in_one_group_are_told_apart_by_the_tail_of_the_id_and_no_more(world: World) -> None:
    made, moment = shown_world(world)
    with clock_at(moment):
        text = Client().get(f"/public/postings/{made[PostingKind.TOWNSHIP].pk}/").content.decode()
    entries = PostingEntry.objects.filter(posting=made[PostingKind.TOWNSHIP])
    assert len(entries) == 2
    for entry in entries:
        number = entry.application.payee.id_number
        assert f"（尾号{number[-4:]}）" in text
        assert number[-5:] not in text


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
