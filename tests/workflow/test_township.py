"""The synthetic township has the published size, and its rows come to the published figures by the rules."""

import importlib.util
import json
from collections import Counter
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from django.db.models import Count
from stdnum.cn import uscc

from applications.models import PostingPlan, Programme, ProgrammeKind, RequiredPaper
from registry import identity
from registry.models import Appointment, Category, Household, Member, Region, User
from tests.world import NOW
from workflow.demo import families
from workflow.demo_accounts import DEMO_LOGINS
from workflow.township import layout, people, programmes, rows
from workflow.township.courses import CUT, Course
from workflow.township.places import COUNTY, DEMONSTRATED, REPLAYED, STAFF, TOWNSHIP

YEAR = 2021


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """The published figures."""
    return json.loads((rows.folder(YEAR) / "figures.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def year() -> rows.Year:
    return rows.load(YEAR)


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """data/2021/build.py, which lies in no package."""
    spec = importlib.util.spec_from_file_location("build_2021", rows.folder(YEAR) / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def published(figures: dict[str, Any]) -> dict[Category, tuple[int, int]]:
    lifted, marginal = figures["households"]["lifted_out"], figures["households"]["marginal"]
    table = {
        Category.LOW_INCOME: lifted["low_income_insured"],
        Category.EXTREMELY_POOR: lifted["extremely_poor_supported"],
        Category.GENERAL: lifted["general"],
        Category.MARGINAL: marginal,
    }
    return {category: (line["households"], line["persons"]) for category, line in table.items()}


@pytest.fixture
def township(db: None) -> layout.Township:
    return layout.lay_out(now=NOW)


def test_households_and_persons_are_those_of_the_published_table(
    township: layout.Township, figures: dict[str, Any]
) -> None:
    counted = Household.objects.values("category").annotate(
        households=Count("pk", distinct=True), persons=Count("members")
    )
    found = {Category(row["category"]): (row["households"], row["persons"]) for row in counted.order_by()}
    assert found == published(figures)
    assert sum(homes for homes, _ in found.values()) == 307 + 21
    assert sum(persons for _, persons in found.values()) == 741 + 62


def test_every_household_has_one_head_who_comes_first_and_lives_in_its_village(
    township: layout.Township,
) -> None:
    homes = Household.objects.select_related("village").prefetch_related("members")
    for home, family in zip(homes.order_by("number"), people.families(), strict=True):
        members = sorted(home.members.all(), key=lambda member: member.pk)
        assert [member.is_head for member in members] == [True] + [False] * (len(members) - 1)
        assert home.village == township.units[family.unit].region
        assert [member.name for member in members] == [person.name for person in family.people]


def test_every_id_number_is_right_unique_and_of_no_place(township: layout.Township) -> None:
    numbers = [member.id_number for member in Member.objects.all()]
    assert len(set(numbers)) == 803
    for number in numbers:
        assert number.startswith("999999")
        assert identity.check_id_number(number, today=NOW.date()).number == number


def test_cards_phones_and_staff_say_that_they_are_examples(township: layout.Township) -> None:
    members = list(Member.objects.all())
    assert all("〔示例〕" in text for one in members for text in (one.card_number, one.phone, one.bank))
    assert len({member.card_number for member in members}) == 803
    assert all("〔示例〕" in user.name and not user.has_usable_password() for user in User.objects.all())


def test_there_are_two_clerks_a_village_and_two_officers_above(township: layout.Township) -> None:
    assert len(township.units) == 8
    assert Appointment.objects.count() == User.objects.count() == 8 * 2 + 2 + 2 + 1 + 1
    assert len({user.pk for unit in township.units for user in (unit.clerk, unit.second)}) == 16
    assert [len(township.reviewers), len(township.approvers)] == [2, 2]


def test_only_the_township_bears_its_published_code_and_the_districts_is_right_in_form(
    township: layout.Township, figures: dict[str, Any]
) -> None:
    assert Region.objects.get(code=TOWNSHIP).publisher_code == figures["publisher_code"]
    district = Region.objects.get(code=COUNTY).publisher_code
    assert uscc.is_valid(district)
    assert district.startswith("00")
    assert Region.objects.exclude(publisher_code="").count() == 2
    for region in Region.objects.select_related("parent"):
        region.full_clean()


def test_programmes_are_valid_have_three_posting_plans_and_cite_examples_only(
    township: layout.Township,
) -> None:
    made = Programme.objects.all()
    assert made.count() == len(programmes.PLANS)
    for programme in made:
        programme.clean()
        assert "〔示例〕" in programme.legal_basis
        assert "〔示例〕" in programme.rule["clause"]
    assert set(ProgrammeKind) == set(made.values_list("kind", flat=True))
    plans = Counter(PostingPlan.objects.values_list("days", "unit"))
    assert plans == {(10, "calendar"): 33, (7, "working"): 3}
    assert RequiredPaper.objects.filter(programme__kind=ProgrammeKind.INDUSTRY).count() == 6


def test_the_demonstration_can_stand_beside_it() -> None:
    ours, theirs = people.families(), families.drawn()
    assert len(ours) == len(theirs) == 328
    for shared in (
        {home.number for home in ours} & {home.number for home in theirs},
        {one.id_number for home in ours for one in home.people}
        & {one.id_number for home in theirs for one in home.people},
        {place.code for place in REPLAYED.places} & {place.code for place in DEMONSTRATED.places},
        {post.username for post in STAFF} & {login["username"] for login in DEMO_LOGINS},
    ):
        assert shared == set()
    assert len({one.id_number for home in theirs for one in home.people}) == 803
    assert uscc.is_valid(DEMONSTRATED.district_publisher)


def test_laying_out_twice_changes_nothing(township: layout.Township) -> None:
    before = [model.objects.count() for model in (Region, User, Household, Member, Programme, Appointment)]
    again = layout.lay_out(now=NOW)
    assert again == township
    assert [
        model.objects.count() for model in (Region, User, Household, Member, Programme, Appointment)
    ] == before


def test_a_township_with_a_missing_village_is_refused(township: layout.Township) -> None:
    region = township.units[7].region
    Member.objects.filter(household__village=region).delete()
    Household.objects.filter(village=region).delete()
    Appointment.objects.filter(region=region).delete()
    region.delete()
    with pytest.raises(layout.HalfLaidOut):
        layout.lay_out(now=NOW)
    assert Region.objects.count() == 11


def test_rows_come_to_the_published_figures_by_the_rules(year: rows.Year, figures: dict[str, Any]) -> None:
    expected = {
        ProgrammeKind(line["kind"]): (line["count"], Decimal(line["amount"] or 0))
        for line in figures["programmes"]
    }
    assert rows.totals(year) == expected
    grants = [grant for grant in year.grants if grant.course.counts]
    assert len(grants) == figures["grants_total"]["cases"]
    computed = rows.amounts(year.grants)
    assert sum(computed[one.row].value for one in grants) == Decimal(figures["grants_total"]["amount"])


def test_no_amount_of_a_grant_is_typed_in_the_rows() -> None:
    data = json.loads((rows.folder(YEAR) / rows.FILE).read_text(encoding="utf-8"))
    assert {name for row in data["grants"] for name in row} <= {
        "row", "wave", "programme", "household", "quantity", "member", "option",
        "course", "amended", "amended_option", "cut",
    }  # fmt: skip


def test_a_changed_quantity_changes_the_total(year: rows.Year) -> None:
    first = next(
        grant for grant in year.grants if grant.programme == "HT-JIUYE" and grant.course is Course.STRAIGHT
    )
    others = tuple(grant for grant in year.grants if grant is not first)
    kind = ProgrammeKind.EMPLOYMENT
    assert rows.totals(rows.Year(YEAR, year.waves, others, (), ()))[kind][0] == 52
    assert rows.totals(rows.Year(YEAR, year.waves, others, (), ()))[kind][1] < Decimal("40350.00")


def test_building_the_rows_again_gives_the_same_file(build: ModuleType) -> None:
    assert build.text(build.draw()) == (rows.folder(YEAR) / rows.FILE).read_text(encoding="utf-8")


def test_persons_are_distinct_and_no_household_is_above_the_cap(year: rows.Year) -> None:
    persons = [(one.household, one.member) for one in year.grants if one.member is not None]
    assert len(persons) == len(set(persons))
    computed, received = rows.amounts(year.grants), Counter()  # type: ignore[var-annotated]
    for grant in year.grants:
        if grant.plan.kind is ProgrammeKind.INDUSTRY and grant.course.counts:
            received[grant.household] += computed[grant.row].value
    assert max(received.values()) == Decimal(programmes.CAP)


def test_loans_and_training_keep_their_limits(year: rows.Year) -> None:
    assert len({loan.household for loan in year.loans}) == 17
    assert all(loan.amount <= 50_000 for loan in year.loans)
    assert all((loan.ends_on - loan.starts_on).days <= 3 * 366 for loan in year.loans)
    assert len({(one.household, one.member) for one in year.training}) == 28


@pytest.mark.parametrize("course", Course, ids=str)
def test_every_course_has_a_row_and_its_figures_fit_it(course: Course, year: rows.Year) -> None:
    found = [grant for grant in year.grants if grant.course is course]
    assert found
    for grant in found:
        assert (grant.cut is not None) == (course in CUT)
        if grant.cut is not None:
            assert grant.cut < grant.claimed
        assert grant.final <= grant.claimed
