"""The year's figures: hand-made cases give the numbers, each number its rows, and the workbook what the page shows."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from openpyxl import load_workbook

from applications.models import Application, BenefitRecord, ProgrammeKind
from applications.states import Level, State
from registry.models import Category, Household, MemberStatus, Region, RegionLevel, User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, submitted_in_sets, url
from tests.world import World, programme, region
from workflow import intake, reviews, summaries
from workflow.models import Act, Decision, RefusalCode
from workflow.results import Ref

YEAR = "year=2021"
MOST_QUERIES = 12


@dataclass
class Told:
    """A small year: three announced cases in two villages, one refused, one withdrawn, a loan and a course."""

    world: World
    grain: Application
    travel: Application
    far: Application
    refused: Application
    last_day: date

    def asked(self, place: Region, *, as_of: date | None = None) -> str:
        return f"?region={place.code}&{YEAR}&as_of={as_of or self.last_day}"


@pytest.fixture
def told(world: World) -> Told:
    household = world.household(name="示例甲")
    grain, moment = stages.reach(world, State.ANNOUNCED, household=household)
    traveller = world.member(household, name="示例乙")
    travel, _ = stages.reach(
        world,
        State.ANNOUNCED,
        household=household,
        member=traveller,
        programme=world.travel,
        quantity=Decimal(1),
    )
    far, _ = stages.reach(world, State.ANNOUNCED, village=1, quantity=Decimal("2.5"))
    refused = stages.submitted(world)
    stages.do(
        reviews.reject(
            [Ref.of(refused)],
            by=world.clerk,
            now=world.later(1),
            reason_code=RefusalCode.NOT_TARGET,
            opinion="不符合条件。",
        )
    )
    withdrawn = stages.submitted(world)
    stages.do(
        intake.withdraw([Ref.of(withdrawn)], by=world.clerk, now=world.later(1), opinion="户主要求撤回。")
    )
    for kind, name, amount in (
        (ProgrammeKind.FINANCE, "示例小额信贷", Decimal("30000.00")),
        (ProgrammeKind.TRAINING, "示例培训", None),
    ):
        BenefitRecord.objects.create(
            programme=programme(world.county, kind=kind, name=name),
            village=world.village,
            household=household,
            member=None if amount else traveller,
            amount=amount,
            starts_on=date(2021, 4, 1),
            recorded_by=world.clerk,
            recorded_at=world.now,
        )
    return Told(world, grain, travel, far, refused, moment.date() + timedelta(days=1))


def text_of(parts: list[dict[str, str]]) -> str:
    return "".join(part["text"] for part in parts)


def figures(client: Client, address: str) -> list[dict[str, str]]:
    """Every figure with an address on the summary page."""
    context = client.get(address).context
    sentences = [*context["paragraph"], *context["household_sentence"]]
    tables = [
        {"text": f"{getattr(one['line'], of)}", "url": one["urls"][of]}
        for one in [*context["lines"], *context["table"]]
        for of in ("cases", "households", "persons")
        if hasattr(one["line"], of)
    ]
    return [part for part in sentences if part["url"]] + tables


PARAGRAPH = (
    "共申报产业振兴到户项目2个,合计补助金额1650元。为脱贫户和边缘户落实金融振兴项目,截至目前共放贷1户,3万元。"
    "申报交通补贴1人500元。组织1名贫困户参加贫困劳动者就业技能培训。"
)


def test_paragraph_of_hand_made_cases_and_of_one_village(told: Told) -> None:
    world = told.world
    page = as_(world.reviewer).get(f"/summary/{told.asked(world.township)}")
    assert text_of(page.context["paragraph"]) == PARAGRAPH
    assert summaries.paragraph(world.township, year=2021, as_of=told.last_day) == PARAGRAPH
    far = as_(world.clerks[1]).get(f"/summary/{told.asked(world.villages[1])}")
    assert text_of(far.context["paragraph"]) == "共申报产业振兴到户项目1个,合计补助金额750元。"


def test_every_figure_opens_as_many_rows_as_it_says(told: Told) -> None:
    client = as_(told.world.reviewer)
    found = figures(client, f"/summary/{told.asked(told.world.township)}")
    money = {"1650": (2, 1650), "3": (1, 30000), "500": (1, 500)}
    assert len(found) > 20
    for figure in found:
        context = client.get(figure["url"]).context
        count, total = context["page_obj"].paginator.count, context["total"]
        if figure["text"] in money and money[figure["text"]] == (count, total):
            continue
        assert f"{count}" == figure["text"], figure


def test_household_table_counts_the_living_at_the_end_of_the_day_by_category(world: World) -> None:
    for category in (Category.GENERAL, Category.GENERAL, Category.LOW_INCOME, Category.MARGINAL):
        world.member(world.household(category=category))
    gone = world.member(world.household(category=Category.EXTREMELY_POOR))
    gone.status, gone.status_on = MemberStatus.DECEASED, date(2021, 6, 1)
    gone.save()
    world.household(village=1)
    client = as_(world.reviewer)
    for day, persons in (("2021-05-31", 2), ("2021-06-01", 1)):
        address = f"/summary/?region={world.village.code}&{YEAR}&as_of={day}"
        page = client.get(address).context
        assert text_of(page["household_sentence"]) == (
            f"有已脱贫户4户{6 + persons}人,边缘户1户2人。"
            f"其中：一般脱贫户2户4人；低保脱贫户1户2人；特困（五保）脱贫户1户{persons}人。"
        )
        rows = [(one["label"], one["line"].households, one["line"].persons) for one in page["table"]]
        assert rows[0] == ("已脱贫户", 4, 6 + persons)
        assert ("特困（五保）脱贫户", 1, persons) in rows
        for figure in figures(client, address):
            assert f"{client.get(figure['url']).context['page_obj'].paginator.count}" == figure["text"]


def test_as_of_day_is_honoured_by_figures_and_by_their_rows(told: Told) -> None:
    world, client = told.world, as_(told.world.approver)
    before = Decision.objects.filter(act=Act.ANNOUNCE).earliest("at").at.date() - timedelta(days=1)
    asked = told.asked(world.county, as_of=before)
    assert "产业振兴" not in text_of(client.get(f"/summary/{asked}").context["paragraph"])
    assert client.get(f"/summary/industry/{asked}").context["page_obj"].paginator.count == 0
    tables = {table.title: table.rows for table in client.get(f"/statistics/{asked}").context["tables"]}
    assert tables["按项目"] == []
    assert ["公告", 0, 5, 0.0] in tables["办理结果"]
    assert "待公告" not in [row[0] for row in tables["各环节天数"]]
    earlier = told.asked(world.county, as_of=date(2021, 3, 31))
    assert client.get(f"/summary/finance/{earlier}").context["page_obj"].paginator.count == 0


def test_a_revoked_case_is_counted_until_the_day_of_its_revocation(told: Told) -> None:
    world, day = told.world, told.last_day + timedelta(days=10)
    case = stages.again(told.far)
    moment = world.now + (day - world.now.date())
    stages.do(reviews.revoke([Ref.of(case)], by=world.approver, now=moment, opinion="核查不符。"))
    client = as_(world.reviewer)
    for on, cases in ((day - timedelta(days=1), 2), (day, 1)):
        address = f"/summary/industry/{told.asked(world.township, as_of=on)}"
        assert client.get(address).context["page_obj"].paginator.count == cases


def test_statistics_of_hand_made_cases(told: Told) -> None:
    world = told.world
    page = as_(world.reviewer).get(f"/statistics/{told.asked(world.township)}")
    tables = {table.title: table.rows for table in page.context["tables"]}
    assert tables["按项目"] == [
        ["示例种植补助", 2, 2, 0, Decimal("1650.00")],
        ["示例交通补贴", 1, 1, 1, Decimal("500.00")],
    ]
    assert tables["按村"] == [
        ["示例1村", 2, 1, 1, Decimal("1400.00")],
        ["示例2村", 1, 1, 0, Decimal("750.00")],
    ]
    assert tables["办理结果"] == [
        ["退回补正", 0, 5, 0.0],
        ["公示更正", 0, 5, 0.0],
        ["核减", 0, 5, 0.0],
        ["不予批准", 1, 5, 20.0],
        ["撤回", 1, 5, 20.0],
        ["逾期终止", 0, 5, 0.0],
        ["公告", 3, 5, 60.0],
        ["公告后撤销", 0, 5, 0.0],
    ]
    days = {row[0]: row[1:] for row in tables["各环节天数"]}
    # Three passed at once, one was refused and one withdrawn a day after it was handed in.
    assert days["村级申报"] == [5, 0.4, 0.0, 1.0]
    # Put up at nine on the first day, which does not count; closed at midnight after ten days.
    assert days["村级公示"] == [3, 10.6, 10.6, 10.6]


def test_villages_of_one_name_and_programmes_of_one_code_are_told_apart_and_together(world: World) -> None:
    other = region("990101003000", "远镇", RegionLevel.TOWNSHIP, world.county)
    twin = region("990101003001", "示例1村", RegionLevel.VILLAGE, other)
    for case in submitted_in_sets(world, 1):
        assert case.village != twin
    household = world.household()
    stages.reach(world, State.ANNOUNCED, household=household)
    newer = programme(world.county, code=world.grain.code, version=2)
    stages.reach(world, State.ANNOUNCED, programme=newer)
    asked = f"?region={world.county.code}&{YEAR}&as_of=2021-12-31"
    tables = {
        one.title: one.rows for one in as_(world.approver).get(f"/statistics/{asked}").context["tables"]
    }
    assert tables["按项目"] == [["示例种植补助", 2, 2, 0, Decimal("1800.00")]]
    assert tables["按村"] == [["示例镇示例1村", 2, 2, 0, Decimal("1800.00")]]


def pages_for(place: Region) -> list[str]:
    asked = f"?region={place.code}&{YEAR}"
    return [
        f"/summary/{asked}",
        f"/summary/industry/{asked}",
        f"/summary/lifted_out/{asked}",
        f"/statistics/{asked}",
    ]


def test_a_person_sees_figures_of_their_own_regions_only(told: Told) -> None:
    world = told.world
    cases: list[tuple[User, list[Region], list[Region]]] = [
        (world.clerk, [world.village], [world.villages[1], world.township, world.county]),
        (world.reviewer, [world.township, *world.villages], [world.county]),
        (world.supervisor, [world.county, world.township, *world.villages], []),
        (world.stranger, [], [world.county, world.township, *world.villages]),
    ]
    for person, own, foreign in cases:
        client = as_(person)
        for places, status in ((own, 200), (foreign, 404)):
            for place in places:
                for address in [*pages_for(place), f"/statistics/?region={place.code}&{YEAR}&export=1"]:
                    assert client.get(address).status_code == status, (person.name, address)
    assert Client().get("/statistics/").status_code == 302


def test_a_clerk_without_a_question_gets_their_own_village_this_year(told: Told) -> None:
    world = told.world
    with clock_at(world.now):
        client = as_(world.clerk)
        for address in ("/summary/", "/statistics/"):
            asked = client.get(address).context["asked"]
            assert (asked.region, asked.year, asked.as_of) == (world.village, 2021, world.now.date())
        assert [one.pk for one in client.get("/summary/transport/").context["page_obj"]] == []


def test_rows_of_a_figure_are_those_of_the_region_and_paged(world: World) -> None:
    Household.objects.bulk_create(
        Household(number=f"示例页{n:03d}", village=world.village, category=Category.GENERAL, phone="〔示例〕")
        for n in range(51)
    )
    world.household(village=1)
    client = as_(world.clerk)
    first = client.get("/summary/general/").context["page_obj"]
    assert (len(first), first.paginator.count, first.paginator.num_pages) == (50, 51, 2)
    assert len(client.get("/summary/general/?page=2").context["page_obj"]) == 1
    assert len(client.get("/summary/general/?page=abc").context["page_obj"]) == 50


@pytest.mark.parametrize("page", ["/summary/", "/summary/industry/", "/summary/general/", "/statistics/"])
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("year=abc", "年度应是2000到2100之间的四位数字"),
        ("year=1999", "年度应是2000到2100之间的四位数字"),
        ("year=2101", "年度应是2000到2100之间的四位数字"),
        ("year=99999999999999999999", "年度应是2000到2100之间的四位数字"),
        ("as_of=2021-13-01", "截至日期应写成"),
        ("as_of=yesterday", "截至日期应写成"),
        ("as_of=2021-02-29&export=1", "截至日期应写成"),
    ],
)
def test_bad_year_or_day_is_told_in_a_sentence(world: World, page: str, query: str, sentence: str) -> None:
    response = as_(world.reviewer).get(f"{page}?region={world.village.code}&{query}")
    assert response.status_code == 400
    shown = response.content.decode()
    assert sentence in shown
    # What was right stays chosen, what was wrong stays to be seen.
    assert f'<option value="{world.village.code}" selected>' in shown
    if query == "year=abc":
        assert '<option value="abc" selected>' in shown


@pytest.mark.parametrize("code", ["000000000000", "abc", "'; --", "99"])
def test_unknown_region_is_not_found_with_a_sentence(world: World, code: str) -> None:
    response = as_(world.reviewer).get("/statistics/", {"region": code})
    assert response.status_code == 404
    assert "不在您的管辖范围内" in response.content.decode()


@pytest.mark.parametrize("path", ["lottery", "industry/?of=nonsense", "general/?of=cases", "general/?of="])
def test_unknown_figure_is_not_found(world: World, path: str) -> None:
    address = f"/summary/{path}" if "?" in path else f"/summary/{path}/"
    assert as_(world.reviewer).get(address).status_code == 404


def test_a_year_without_programmes_gives_an_honest_empty_paragraph(told: Told) -> None:
    world = told.world
    page = as_(world.reviewer).get(f"/summary/?region={world.township.code}&year=2019&as_of=2019-12-31")
    empty = "截至2019年12月31日,示例镇2019年没有已公告的到户项目和受益记录。"
    assert text_of(page.context["paragraph"]) == empty
    assert empty in page.content.decode()
    shown = as_(world.reviewer).get(f"/statistics/?region={world.township.code}&year=2019").content.decode()
    assert "还没有已公告的申请。" in shown
    assert "还没有办完的环节。" in shown


def book_of(response: Any) -> dict[str, list[list[Any]]]:
    book = load_workbook(BytesIO(response.content))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.rows] for sheet in book}


def test_workbook_holds_exactly_what_the_page_shows(told: Told) -> None:
    world, client = told.world, as_(told.world.reviewer)
    for place in (world.township, world.villages[1]):
        asked = told.asked(place)
        tables = client.get(f"/statistics/{asked}").context["tables"]
        response = client.get(f"/statistics/{asked}&export=1")
        assert response["Content-Disposition"] == (
            f'attachment; filename="statistics-{place.code}-2021-{told.last_day:%Y%m%d}.xlsx"'
        )
        book = book_of(response)
        assert list(book) == [table.title for table in tables]
        for table in tables:
            assert book[table.title][0] == table.columns
            for row, wanted in zip(book[table.title][1:], table.rows, strict=True):
                assert row[0] == wanted[0]
                assert [Decimal(f"{cell}") for cell in row[1:]] == [Decimal(f"{one}") for one in wanted[1:]]
            assert len(table.shown) == len(table.rows)


@pytest.mark.parametrize("name", ["=1+1", "+86", "-2", "@SUM(A1)", "＝1", "\t=1", " =HYPERLINK(1)", "示例=1"])
def test_a_cell_that_begins_like_a_formula_is_text_in_the_workbook(world: World, name: str) -> None:
    grant = programme(world.county, name=name)
    stages.reach(world, State.ANNOUNCED, programme=grant)
    response = as_(world.reviewer).get(
        f"/statistics/?region={world.township.code}&{YEAR}&as_of=2021-12-31&export=1"
    )
    cell = load_workbook(BytesIO(response.content))["按项目"]["A2"]
    assert cell.data_type == "s"
    # Letter for letter: what makes it harmless is that it is a text, see `test_formulas.py`.
    assert cell.value == name


def test_each_plot_draws_the_column_of_its_table_and_stands_beside_it(told: Told) -> None:
    page = as_(told.world.reviewer).get(f"/statistics/{told.asked(told.world.township)}")
    shown = page.content.decode()
    assert shown.count('class="sheet plotted"') == shown.count("data-chart=") == shown.count("<table") == 4
    programmes = page.context["tables"][0]
    assert programmes.plot == ('{"kind": "bar", "rows": [["示例种植补助", 1650.0], ["示例交通补贴", 500.0]]}')
    assert "vendor/echarts-" in shown


def test_statements_of_a_page_do_not_grow_with_the_cases(world: World) -> None:
    cases = submitted_in_sets(world, 500)
    Decision.objects.bulk_create(
        Decision(
            application=case,
            act=Act.ANNOUNCE,
            level=Level.DISTRICT,
            by=world.approver,
            at=world.now,
            source=State.ANNOUNCEMENT,
            target=State.ANNOUNCED,
            quantity_before=1,
            quantity_after=1,
            amount_before=100,
            amount_after=100,
            batch=uuid4(),
        )
        for case in cases
    )
    client = as_(world.reviewer)
    rows = f"{url('summary-rows', 'industry')}?region={world.township.code}&{YEAR}"
    assert client.get(rows).context["page_obj"].paginator.count == 500
    for address in [*pages_for(world.township), f"{rows}&of=households", f"{rows}&of=persons"]:
        assert queries(client, address) <= MOST_QUERIES, address
