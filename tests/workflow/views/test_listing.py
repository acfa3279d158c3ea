"""The five lists of the desk by one table: filter, search, order, pages, sums, and the same rows as a workbook."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from unittest import mock

from django.core.cache import cache
from django.template.defaultfilters import floatformat
from django.test import TestCase
from django.utils import timezone
from openpyxl import load_workbook

from applications.models import Application
from applications.states import State
from registry.models import Category, Household
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import World, build
from workflow.models import Posting, PostingKind

NAMES = ("欧阳示例", "=司马示例", "+诸葛示例", "-上官示例", "@夏侯示例")
"""Heads of household: one as they are called, and four that a spreadsheet would take for formulas."""
SPELT = ("欧阳", "ouyang", "oysl", "OYSL")
FEW = 2

Row = Any
Asked = Callable[[Row, str], bool]


def case_of(row: Row) -> Application:
    found: Application = row if isinstance(row, Application) else row.application
    return found


OF_CASE: dict[str, Asked] = {
    "programme": lambda row, key: f"{case_of(row).programme_id}" == key,
    "village": lambda row, key: f"{case_of(row).village_id}" == key,
}
DAY = "%Y-%m-%d"


@dataclass(frozen=True)
class Listed:
    """One list: who looks at it, what its filter means in plain Python, and what its workbook calls things."""

    name: str
    who: str
    key: Callable[[Row], Any]
    column: str
    """The column of the workbook that holds the key of a row."""
    text: str
    """The column of the workbook that holds what people wrote."""
    asked: dict[str, Asked]
    orders: dict[str, str]
    cases: Callable[[Row], Iterable[Application]]
    households: Callable[[Row], set[int]]
    of_rows: str
    """What the footer calls the number of rows."""
    fixed: str = ""
    others: dict[str, str] = field(default_factory=dict)
    """Values of the filter beside those of the world, such as a state."""


def by_case(row: Row) -> set[int]:
    return {case_of(row).household_id}


LISTS = (
    Listed(
        "application-list",
        "reviewer",
        key=lambda row: row.number,
        column="编号",
        text="申请对象",
        asked={
            **OF_CASE,
            "state": lambda row, key: row.state == key,
            "since": lambda row, key: f"{row.applied_on:{DAY}}" >= key,
            "until": lambda row, key: f"{row.applied_on:{DAY}}" <= key,
        },
        orders={"number": "编号", "amount": "核定金额（元）", "applied_on": "申请日期", "due": "期限"},
        cases=lambda row: [row],
        households=by_case,
        of_rows="共",
        others={"state": "announced"},
    ),
    Listed(
        "decision-list",
        "clerk",
        key=lambda row: timezone.localtime(row.at).replace(tzinfo=None, microsecond=0),
        column="办理时间",
        text="申请对象",
        asked={
            "programme": OF_CASE["programme"],
            "act": lambda row, key: row.act == key,
            "state": lambda row, key: row.application.state == key,
            "since": lambda row, key: f"{timezone.localtime(row.at):{DAY}}" >= key,
        },
        orders={"at": "办理时间", "number": "申请编号", "amount": "核定金额（元）"},
        cases=lambda row: [row.application],
        households=by_case,
        of_rows="办理",
        others={"act": "pass_village_review", "state": "announced"},
    ),
    Listed(
        "posting-list",
        "reviewer",
        fixed="tab=displayed",
        key=lambda row: row.number,
        column="编号",
        text="标题",
        asked={
            "programme": lambda row, key: f"{row.programme_id}" == key,
            "village": lambda row, key: f"{row.region_id}" == key,
            "kind": lambda row, key: row.kind == key,
        },
        orders={"number": "编号", "count": "件数", "amount": "金额（元）", "date": "截止日期"},
        cases=lambda row: [entry.application for entry in row.entries.select_related("application")],
        households=lambda row: set(row.entries.values_list("application__household", flat=True)),
        of_rows="名单",
        others={"kind": "village"},
    ),
    Listed(
        "objection-list",
        "reviewer",
        fixed="tab=all",
        key=lambda row: row.number,
        column="异议编号",
        text="公示的姓名",
        asked={
            **OF_CASE,
            "channel": lambda row, key: row.channel == key,
            "level": lambda row, key: row.handling_level == key,
        },
        orders={"number": "异议编号", "received": "收到时间", "due": "期限"},
        cases=lambda row: [row.application],
        households=by_case,
        of_rows="异议",
        others={"channel": "web", "level": "township"},
    ),
    Listed(
        "household-list",
        "reviewer",
        key=lambda row: row.number,
        column="户编号",
        text="户主",
        asked={
            "village": lambda row, key: f"{row.village_id}" == key,
            "category": lambda row, key: row.category == key,
        },
        orders={"number": "户编号", "people": "人数", "received": "2021年已补助（元）"},
        cases=lambda row: Application.objects.filter(household=row, state=State.ANNOUNCED),
        households=lambda row: {row.pk},
        of_rows="户数",
        others={"category": Category.LOW_INCOME.value},
    ),
)


class TheListsOfTheDesk(TestCase):
    """One township is laid out for all: six cases of one village on two sheets, one of the neighbour's on its own."""

    world: World

    @classmethod
    def setUpTestData(cls) -> None:
        world = cls.world = build()
        _, world.now = stages.reach(world, State.ANNOUNCED, household=world.household(name="钟离示例"))
        homes = [world.household(name=name) for name in NAMES]
        Household.objects.filter(pk=homes[1].pk).update(category=Category.LOW_INCOME)
        world.member(homes[2])
        cases = [
            stages.submitted(
                world, household=home, quantity=Decimal(number), now=world.now + timedelta(days=number // 3)
            )
            for number, home in enumerate(homes, 1)
        ]
        person = homes[0].members.get()
        trip = stages.submitted(
            world, household=homes[0], programme=world.travel, member=person, quantity=Decimal(1)
        )
        far = stages.submitted(world, village=1, household=world.household(village=1, name="欧阳邻村"))
        cls.now = world.now + timedelta(days=2)
        for number, case in enumerate((*cases, trip)):
            moment = cls.now + timedelta(minutes=number)
            stages.passed(world, [case], by=world.clerk, now=moment)
        stages.passed(world, [far], by=world.clerks[1], now=cls.now)
        cls.now += timedelta(hours=1)
        for place, listed in ((0, cases), (0, [trip]), (1, [far])):
            sheet = stages.displayed(world, listed, kind=PostingKind.VILLAGE, now=cls.now, village=place)
            for number, case in enumerate(listed):
                moment = cls.now + timedelta(minutes=number)
                stages.lodged(world, case, sheet, now=moment, concerns_cadre=number == 1)
        cls.home, cls.now = homes[0], cls.now + timedelta(hours=2)

    def setUp(self) -> None:
        cache.clear()

    def values(self, one: Listed) -> dict[str, str]:
        """For each filter of the list a value that some rows have and some have not."""
        world = self.world
        first, second = (f"{world.now + timedelta(days=days):{DAY}}" for days in (0, 1))
        return {
            "programme": f"{world.travel.pk}",
            "village": f"{world.villages[1].pk}",
            "since": second,
            "until": first,
            **one.others,
        }

    def shown(self, one: Listed, query: str = "", who: str = "") -> Any:
        person = getattr(self.world, who or one.who) if who != "neighbour" else self.world.clerks[1]
        with clock_at(self.now):
            page = as_(person).get(f"{url(one.name)}?{one.fixed}&{query}")
        assert page.status_code == 200, (one.name, query)
        return page

    def rows(self, one: Listed, query: str = "", who: str = "") -> list[Row]:
        return list(self.shown(one, query, who).context["page_obj"])

    def cells(self, one: Listed, query: str = "", who: str = "") -> list[dict[str, Any]]:
        """The workbook's rows by the names of its columns."""
        page = self.shown(one, f"{query}&export=1", who)
        lines = list(load_workbook(BytesIO(page.getvalue())).worksheets[0].iter_rows())
        head = [cell.value for cell in lines[0]]
        return [dict(zip(head, line, strict=True)) for line in lines[1:]]

    def column(self, one: Listed, query: str, name: str) -> list[Any]:
        return [line[name].value for line in self.cells(one, query)]

    def test_each_filter_keeps_the_rows_it_asks_for_and_no_others(self) -> None:
        for one in LISTS:
            everything, values = self.rows(one), self.values(one)
            assert set(one.asked) <= set(values), one.name
            for name, fits in one.asked.items():
                found = {row.pk for row in self.rows(one, f"{name}={values[name]}")}
                assert found == {row.pk for row in everything if fits(row, values[name])}, (one.name, name)
                assert found, (one.name, name)
            both = "&".join(f"{name}={values[name]}" for name in one.asked)
            found = {row.pk for row in self.rows(one, both)}
            fits_all = {
                row.pk
                for row in everything
                if all(fits(row, values[name]) for name, fits in one.asked.items())
            }
            assert found == fits_all, one.name

    def test_a_household_is_found_by_name_pinyin_initials_and_number_in_every_list(self) -> None:
        for one in LISTS:
            everything = self.rows(one)
            near = [row.pk for row in everything if self.home.pk in one.households(row)]
            far = Household.objects.get(members__name="欧阳邻村").pk
            namesakes = {row.pk for row in everything if {self.home.pk, far} & one.households(row)}
            assert near, one.name
            for text in SPELT:
                expected = set(near) if text.lower() == "oysl" else namesakes
                assert {row.pk for row in self.rows(one, f"q={text}")} == expected, (one.name, text)
            assert {row.pk for row in self.rows(one, f"q={self.home.number}")} == set(near), one.name

    def test_the_neighbour_village_finds_no_trace_of_the_household(self) -> None:
        for one in LISTS:
            assert self.rows(one, who="neighbour"), one.name
            for text in (self.home.number, "欧阳示例", "oysl", "=司马"):
                page = self.shown(one, f"q={text}", who="neighbour")
                figures = [figure for _, figure, _ in page.context["totals"]]
                assert list(page.context["page_obj"]) == [], (one.name, text)
                assert set(figures) <= {"0", "0.00"}, (one.name, text)
                assert self.cells(one, f"q={text}", who="neighbour") == [], (one.name, text)

    def test_rows_come_in_the_order_asked_for_both_ways(self) -> None:
        for one in LISTS:
            for order, header in one.orders.items():
                up, down = (
                    self.column(one, f"sort={order}", header),
                    self.column(one, f"sort=-{order}", header),
                )
                told = [value for value in up if value is not None]
                assert told == sorted(told), (one.name, order)
                assert [value for value in down if value is not None] == told[::-1], (one.name, order)
                # What has none comes last, whichever way.
                assert set(up[len(told) :]) | set(down[len(told) :]) <= {None}, (one.name, order)

    def test_pages_hold_every_row_once_in_the_lists_order(self) -> None:
        for one in LISTS:
            for query in ("", f"sort=-{next(iter(one.orders))}"):
                whole = [row.pk for row in self.rows(one, query)]
                with mock.patch("workflow.views.listing.PER_PAGE", FEW):
                    number = self.shown(one, query).context["page_obj"].paginator.num_pages
                    pages = [self.rows(one, f"{query}&page={page}") for page in range(1, number + 1)]
                assert number == -(-len(whole) // FEW), one.name
                assert [row.pk for page in pages for row in page] == whole, one.name

    def test_the_sums_are_those_of_the_rows(self) -> None:
        for one in LISTS:
            for query in ("", "q=oysl", f"village={self.world.villages[1].pk}", "q=没有这个人"):
                page = self.shown(one, query)
                totals = {label: figure for label, figure, _ in page.context["totals"]}
                rows = list(page.context["page_obj"])
                behind = {case.pk: case for row in rows for case in one.cases(row)}
                money = floatformat(sum(case.amount for case in behind.values()), "2g")
                expected = {one.of_rows: f"{len(rows)}"}
                if one.name == "household-list":
                    people = sum(row.members.filter(status="alive").count() for row in rows)
                    expected |= {"人数": f"{people}", "2021年已公告": f"{len(behind)}", "金额": money}
                else:
                    persons = {case.member_id for case in behind.values()} - {None}
                    homes = {case.household_id for case in behind.values()}
                    expected |= {"户数": f"{len(homes)}", "按人补助": f"{len(persons)}", "核定金额": money}
                    if "涉及申请" in totals:
                        expected["涉及申请"] = f"{len(behind)}"
                assert totals == expected, (one.name, query)

    def test_the_sums_do_not_stop_at_the_page(self) -> None:
        for one in LISTS:
            whole = self.shown(one).context["totals"]
            with mock.patch("workflow.views.listing.PER_PAGE", FEW):
                assert self.shown(one, "page=2").context["totals"] == whole, one.name

    def test_the_workbook_holds_the_filtered_rows_in_their_order_and_no_others(self) -> None:
        for one in LISTS:
            asked = [f"{name}={value}" for name, value in self.values(one).items() if name in one.asked]
            order = next(iter(one.orders))
            for query in ("", *asked, f"sort=-{order}&q=示例", "q=没有这个人"):
                keys = [one.key(row) for row in self.rows(one, query)]
                with mock.patch("workflow.views.listing.PER_PAGE", FEW):
                    assert self.column(one, f"{query}&page=2", one.column) == keys, (one.name, query)

    def test_a_cell_that_begins_like_a_formula_is_text(self) -> None:
        sheet, *_ = Posting.objects.filter(
            kind=PostingKind.VILLAGE, entries__application__household=self.home
        )
        Posting.objects.filter(pk=sheet.pk).update(title="=示例标题")
        for one in LISTS:
            cells = [line[one.text] for line in self.cells(one)]
            dangerous = [cell for cell in cells if f"{cell.value}"[0] in "=+-@"]
            wanted = {"=示例标题"} if one.name == "posting-list" else set(NAMES[1:])
            assert {cell.value for cell in dangerous} == wanted, one.name
            assert {(cell.data_type, cell.quotePrefix) for cell in dangerous} == {("s", True)}, one.name
