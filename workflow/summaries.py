"""The year in one paragraph (年度总结): what was announced and recorded, counted by query as of a day."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from applications.amounts import plain
from applications.models import Application, BenefitRecord, ProgrammeKind
from registry.models import Category, Household, Region
from registry.scope import within
from workflow.models import Act, Decision

WAN = Decimal(10_000)


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
    """One household category: households and living persons."""

    category: Category
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
    return found


def paragraph(region: Region, *, year: int, as_of: date) -> str:
    """The sentences as the township writes them, with half-width commas; a kind that there was not is left out."""
    found = lines(region, year=year, as_of=as_of)
    sentences = [
        _industry(found.get(ProgrammeKind.INDUSTRY)),
        _finance(found.get(ProgrammeKind.FINANCE)),
        _subsidies(found),
        _posts_and_training(found, year),
    ]
    told = [sentence for sentence in sentences if sentence]
    if not told:
        return f"截至{as_of.year}年{as_of.month}月{as_of.day}日,{region.name}{year}年没有已公告的到户项目和受益记录。"
    return "".join(f"{sentence}。" for sentence in told)


def _industry(line: Line | None) -> str:
    return f"共申报产业振兴到户项目{line.cases}个,合计补助金额{plain(line.amount)}元" if line else ""


def _finance(line: Line | None) -> str:
    if line is None:
        return ""
    amount = plain(line.amount / WAN)
    return f"为脱贫户和边缘户落实金融振兴项目,截至目前共放贷{line.households}户,{amount}万元"


_SUBSIDIES = (
    (ProgrammeKind.TRANSPORT, "交通补贴"),
    (ProgrammeKind.EMPLOYMENT, "就业补助"),
    (ProgrammeKind.AUXILIARY_POST, "辅助型岗位补贴"),
)


def _subsidies(found: dict[ProgrammeKind, Line]) -> str:
    parts = [
        f"申报{name}{found[kind].persons}人{plain(found[kind].amount)}元"
        for kind, name in _SUBSIDIES
        if kind in found
    ]
    return ";".join(parts)


def _posts_and_training(found: dict[ProgrammeKind, Line], year: int) -> str:
    parts = []
    if posts := found.get(ProgrammeKind.FOUR_POSTS):
        parts.append(f"{year}年申报四员岗位补贴{posts.persons}人{plain(posts.amount)}元")
    if training := found.get(ProgrammeKind.TRAINING):
        parts.append(f"组织{training.persons}名贫困户参加贫困劳动者就业技能培训")
    return ",".join(parts)


def household_table(region: Region, *, as_of: date) -> list[CategoryLine]:
    """Households and living persons per category at the end of a day; one statement."""
    living = Q(members__status="alive") | Q(members__status_on__gt=as_of)
    rows = (
        Household.objects.filter(within([region.prefix]))
        .order_by()
        .values("category")
        .annotate(
            households=Count("pk", distinct=True), persons=Count("members", filter=living, distinct=True)
        )
    )
    by_category = {row["category"]: row for row in rows}
    return [
        CategoryLine(category, row["households"], row["persons"])
        for category in Category
        if (row := by_category.get(category.value))
    ]


def household_sentence(region: Region, *, as_of: date) -> str:
    """The household table in one sentence: lifted out of poverty with its parts, and marginal households."""
    table = {line.category: line for line in household_table(region, as_of=as_of)}
    lifted = [line for category, line in table.items() if category is not Category.MARGINAL]
    if not table:
        return f"{region.name}没有在册户。"
    total = f"有已脱贫户{sum(line.households for line in lifted)}户{sum(line.persons for line in lifted)}人"
    if marginal := table.get(Category.MARGINAL):
        total += f",边缘户{marginal.households}户{marginal.persons}人"
    parts = "；".join(f"{line.category.label}{line.households}户{line.persons}人" for line in lifted)
    return f"{total}。其中：{parts}。" if parts else f"{total}。"
