"""The year in one paragraph (年度总结): what was announced and recorded, counted by query as of a day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from applications.amounts import plain
from applications.models import Application, BenefitRecord, ProgrammeKind
from registry.models import Category, Household, Member, MemberStatus, Region
from registry.scope import within
from workflow.models import Act, Decision

WAN = Decimal(10_000)
LIFTED = "lifted_out"
LIFTED_OUT = tuple(category for category in Category if category is not Category.MARGINAL)
"""Households lifted out of poverty (已脱贫户): every category but the marginal one."""


class Of(StrEnum):
    """What a figure counts; money is the sum over the cases."""

    CASES = "cases"
    HOUSEHOLDS = "households"
    PERSONS = "persons"


@dataclass(frozen=True)
class Part:
    """A piece of a sentence. A figure names what it was counted from: a kind of help or household, and which rows."""

    text: str
    kind: str = ""
    of: str = ""


@dataclass(frozen=True)
class Line:
    """One kind of help in a year: cases, distinct households and persons, yuan."""

    kind: ProgrammeKind
    cases: int
    households: int
    persons: int
    amount: Decimal


@dataclass(frozen=True)
class CategoryLine:
    """One household category, or all that are lifted out: households and living persons."""

    category: str
    households: int
    persons: int


def announced(region: Region, *, year: int, as_of: date) -> QuerySet[Application]:
    """Cases of a year's programmes in a region that were announced, and not revoked, at the end of a day."""
    until = Decision.objects.filter(application=OuterRef("pk"), at__date__lte=as_of)
    return Application.objects.filter(
        within([region.prefix]),
        Exists(until.filter(act=Act.ANNOUNCE)),
        ~Exists(until.filter(act=Act.REVOKE)),
        programme__year=year,
    )


def records(region: Region, *, year: int, as_of: date) -> QuerySet[BenefitRecord]:
    """Loans and training of a year's programmes in a region that had begun by a day."""
    return BenefitRecord.objects.filter(within([region.prefix]), programme__year=year, starts_on__lte=as_of)


def lines(region: Region, *, year: int, as_of: date) -> dict[ProgrammeKind, Line]:
    """One line per kind of help that there was, two statements."""
    found: dict[ProgrammeKind, Line] = {}
    for rows in (announced(region, year=year, as_of=as_of), records(region, year=year, as_of=as_of)):
        groups = (
            rows.order_by()
            .values("programme__kind")
            .annotate(
                cases=Count("pk", distinct=True),
                households=Count("household", distinct=True),
                persons=Count("member", distinct=True),
                total=Sum("amount"),
            )
        )
        for group in groups:
            kind = ProgrammeKind(group["programme__kind"])
            found[kind] = Line(
                kind, group["cases"], group["households"], group["persons"], group["total"] or Decimal(0)
            )
    return {kind: found[kind] for kind in ProgrammeKind if kind in found}


def parts(region: Region, found: Mapping[ProgrammeKind, Line], *, year: int, as_of: date) -> list[Part]:
    """The sentences as the township writes them, with half-width commas; a kind that there was not is left out."""
    sentences = [
        _industry(found.get(ProgrammeKind.INDUSTRY)),
        _finance(found.get(ProgrammeKind.FINANCE)),
        _subsidies(found),
        _posts_and_training(found, year),
    ]
    told = [piece for sentence in sentences if sentence for piece in (*sentence, Part("。"))]
    if told:
        return told
    day = f"截至{as_of.year}年{as_of.month}月{as_of.day}日"
    return [Part(f"{day},{region.name}{year}年没有已公告的到户项目和受益记录。")]


def paragraph(region: Region, *, year: int, as_of: date) -> str:
    """The same sentences as text."""
    return _text(parts(region, lines(region, year=year, as_of=as_of), year=year, as_of=as_of))


def _text(pieces: Iterable[Part]) -> str:
    return "".join(piece.text for piece in pieces)


def _money(line: Line, unit: Decimal = Decimal(1)) -> Part:
    return Part(plain(line.amount / unit), line.kind, Of.CASES)


def _persons(line: Line) -> Part:
    return Part(f"{line.persons}", line.kind, Of.PERSONS)


def _industry(line: Line | None) -> list[Part]:
    if line is None:
        return []
    cases = Part(f"{line.cases}", line.kind, Of.CASES)
    return [Part("共申报产业振兴到户项目"), cases, Part("个,合计补助金额"), _money(line), Part("元")]


def _finance(line: Line | None) -> list[Part]:
    if line is None:
        return []
    lent = Part(f"{line.households}", line.kind, Of.HOUSEHOLDS)
    opening = Part("为脱贫户和边缘户落实金融振兴项目,截至目前共放贷")
    return [opening, lent, Part("户,"), _money(line, WAN), Part("万元")]


_SUBSIDIES = (
    (ProgrammeKind.TRANSPORT, "交通补贴"),
    (ProgrammeKind.EMPLOYMENT, "就业补助"),
    (ProgrammeKind.AUXILIARY_POST, "辅助型岗位补贴"),
)


def _subsidies(found: Mapping[ProgrammeKind, Line]) -> list[Part]:
    told: list[Part] = []
    for line, name in ((found.get(kind), name) for kind, name in _SUBSIDIES):
        if line is not None:
            opening = Part(f"{';' if told else ''}申报{name}")
            told += [opening, _persons(line), Part("人"), _money(line), Part("元")]
    return told


def _posts_and_training(found: Mapping[ProgrammeKind, Line], year: int) -> list[Part]:
    told: list[Part] = []
    if posts := found.get(ProgrammeKind.FOUR_POSTS):
        told += [Part(f"{year}年申报四员岗位补贴"), _persons(posts), Part("人"), _money(posts), Part("元")]
    if training := found.get(ProgrammeKind.TRAINING):
        opening = Part(f"{',' if told else ''}组织")
        told += [opening, _persons(training), Part("名贫困户参加贫困劳动者就业技能培训")]
    return told


def living(as_of: date, prefix: str = "") -> Q:
    """Members who had neither died nor moved away at the end of a day."""
    alive = Q(**{f"{prefix}status": MemberStatus.ALIVE})
    return alive | Q(**{f"{prefix}status_on__gt": as_of})


def households(region: Region, *, categories: Iterable[Category]) -> QuerySet[Household]:
    """The registered households of some categories, as they are now, whatever the day that is asked for.

    What they were before stands on each household's page, from the day on which the change was registered.
    """
    return Household.objects.filter(within([region.prefix]), category__in=list(categories))


def persons(region: Region, *, categories: Iterable[Category], as_of: date) -> QuerySet[Member]:
    """The living persons of those households at the end of a day."""
    return Member.objects.filter(
        living(as_of),
        within([region.prefix], "household__village__code"),
        household__category__in=list(categories),
    )


def household_table(region: Region, *, as_of: date) -> list[CategoryLine]:
    """Households and living persons per category at the end of a day; one statement."""
    rows = (
        households(region, categories=Category)
        .order_by()
        .values("category")
        .annotate(
            households=Count("pk", distinct=True),
            persons=Count("members", filter=living(as_of, "members__"), distinct=True),
        )
    )
    by_category = {row["category"]: row for row in rows}
    return [
        CategoryLine(category, row["households"], row["persons"])
        for category in Category
        if (row := by_category.get(category.value))
    ]


def lifted_out(table: Iterable[CategoryLine]) -> CategoryLine:
    """Households lifted out of poverty, all their categories in one line."""
    lines = [line for line in table if line.category in LIFTED_OUT]
    return CategoryLine(LIFTED, sum(line.households for line in lines), sum(line.persons for line in lines))


def household_parts(region: Region, table: list[CategoryLine]) -> list[Part]:
    """The household table in one sentence: lifted out of poverty with its parts, and marginal households."""
    if not table:
        return [Part(f"{region.name}没有在册户。")]
    told = [Part("有已脱贫户"), *_counts(lifted_out(table))]
    told += [
        piece
        for line in table
        if line.category is Category.MARGINAL
        for piece in (Part(",边缘户"), *_counts(line))
    ]
    told.append(Part("。"))
    for number, line in enumerate(line for line in table if line.category in LIFTED_OUT):
        told += [Part(f"{'；' if number else '其中：'}{Category(line.category).label}"), *_counts(line)]
    return [*told, Part("。")] if lifted_out(table).households else told


def _counts(line: CategoryLine) -> list[Part]:
    kind = str(line.category)
    return [
        Part(f"{line.households}", kind, Of.HOUSEHOLDS),
        Part("户"),
        Part(f"{line.persons}", kind, Of.PERSONS),
        Part("人"),
    ]


def household_sentence(region: Region, *, as_of: date) -> str:
    """The same sentence as text."""
    return _text(household_parts(region, household_table(region, as_of=as_of)))
