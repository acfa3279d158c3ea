"""The programmes of the synthetic year (示例项目): one row each, with a rule, posting plans and papers.

Prices, thresholds and caps are made up so that plausible quantities can give the published totals; every
citation says 〔示例〕.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from applications import amounts
from applications.models import Beneficiary, PostingPlan, Programme, ProgrammeKind, RequiredPaper
from applications.states import Level
from applications.terms import DayUnit
from registry.models import Category, Region

YEAR = 2021
CAP_GROUP = "产业到户"
CAP = "5000.00"
PAPER = "种养情况证明〔示例〕"

ABLE = (Category.GENERAL, Category.LOW_INCOME, Category.MARGINAL)


@dataclass(frozen=True)
class Plan:
    """One programme as it is laid out. `days` and `unit` are those of its postings at all three levels."""

    code: str
    kind: ProgrammeKind
    name: str
    beneficiary: Beneficiary
    quantity_unit: str
    rule: Mapping[str, Any]
    standard: str
    targets: tuple[Category, ...] = tuple(Category)
    days: int = 10
    day_unit: DayUnit = DayUnit.CALENDAR
    rolls: bool = True
    papers: tuple[str, ...] = field(default=())

    @property
    def parsed(self) -> amounts.Rule:
        return amounts.parse(self.rule)


def _industry(code: str, name: str, unit: str, price: int, least: int, most: int, **rule: str) -> Plan:
    """A programme per household: price × quantity, under the cap that all of them share."""
    needs = f"，人均不少于{rule['min_per_head']}{unit}" if "min_per_head" in rule else ""
    working = code == "HT-FENG"
    return Plan(
        code=code,
        kind=ProgrammeKind.INDUSTRY,
        name=name,
        beneficiary=Beneficiary.HOUSEHOLD,
        quantity_unit=unit,
        rule={
            "kind": "unit_price",
            "unit_price": f"{price}.00",
            "min_quantity": f"{least}",
            "max_quantity": f"{most}",
            "cap": CAP,
            "cap_group": CAP_GROUP,
            "clause": f"产业到户实施方案〔示例〕“{name}”一项",
            **rule,
        },
        standard=f"每{unit}{price}元，{least}{unit}起补{needs}；全部产业项目每户每年封顶5000元。〔示例〕",
        targets=ABLE,
        days=7 if working else 10,
        day_unit=DayUnit.WORKING if working else DayUnit.CALENDAR,
        papers=(PAPER,),
    )


def _personal(
    code: str, kind: ProgrammeKind, unit: str, rule: dict[str, Any], standard: str, name: str = ""
) -> Plan:
    """A programme per person."""
    return Plan(
        code=code,
        kind=kind,
        name=name or kind.label,
        beneficiary=Beneficiary.PERSON,
        quantity_unit=unit,
        rule={**rule, "clause": f"{kind.label}实施办法〔示例〕补贴标准一项"},
        standard=f"{standard}〔示例〕",
    )


PLANS = (
    _industry("HT-DAO", "优质稻种植", "亩", 260, 1, 20, min_per_head="0.5"),
    _industry("HT-CHA", "茶园管护", "亩", 420, 1, 12),
    _industry("HT-QIN", "家禽养殖", "只", 18, 30, 300),
    _industry("HT-ZHU", "生猪养殖", "头", 380, 2, 15),
    _industry("HT-YANG", "山羊养殖", "只", 230, 3, 25),
    _industry("HT-FENG", "中蜂养殖", "箱", 150, 4, 35),
    _personal(
        "HT-JIUYE",
        ProgrammeKind.EMPLOYMENT,
        "月",
        {"kind": "monthly", "monthly": "150.00", "max_months": "10"},
        "每月150元，每年最多10个月。",
    ),
    _personal(
        "HT-JIAOTONG",
        ProgrammeKind.TRANSPORT,
        "人",
        {"kind": "tiers", "tiers": {"省外": "500.00", "省内市外": "400.00", "市内县外": "300.00"}},
        "每人每年省外务工500元，省内市外400元，市内县外300元。",
    ),
    _personal(
        "HT-FUZHU",
        ProgrammeKind.AUXILIARY_POST,
        "月",
        {"kind": "monthly", "monthly": "400.00"},
        "每月400元，按聘期月数。",
    ),
    _personal(
        "HT-SIYUAN",
        ProgrammeKind.FOUR_POSTS,
        "月",
        {"kind": "monthly", "monthly": "600.00"},
        "每月600元，按聘期月数。",
    ),
    # Records only: the rule is never computed, and the programme must have one.
    _personal(
        "HT-PEIXUN",
        ProgrammeKind.TRAINING,
        "人",
        {"kind": "fixed", "amount": "1.00"},
        "免费培训，只作记录，不发放补贴。",
    ),
    Plan(
        code="HT-JINRONG",
        kind=ProgrammeKind.FINANCE,
        name="金融振兴项目（小额信贷）",
        beneficiary=Beneficiary.HOUSEHOLD,
        quantity_unit="户",
        rule={"kind": "fixed", "amount": "50000.00", "clause": "小额信贷办法〔示例〕，由银行决定，只作记录"},
        standard="每户不超过5万元，期限不超过3年，由银行决定，只作记录。〔示例〕",
    ),
)

BY_CODE: dict[str, Plan] = {plan.code: plan for plan in PLANS}


@dataclass(frozen=True)
class Window:
    """The year of the programmes, and from when to when they are applied for."""

    year: int
    opens_on: date
    closes_on: date

    @classmethod
    def of_the_year(cls) -> Self:
        """The window of the replayed year."""
        return cls(YEAR, date(YEAR, 2, 22), date(YEAR, 9, 30))


def write(county: Region, *, window: Window, plans: Sequence[Plan] = PLANS) -> dict[str, Programme]:
    """Write the programmes of a year for a district, by code; rows that are there are left as they are."""
    found = {}
    for plan in plans:
        programme, made = Programme.objects.get_or_create(
            region=county, code=plan.code, year=window.year, version=1, defaults=_columns(plan, window)
        )
        found[plan.code] = programme
        if made:
            PostingPlan.objects.bulk_create(
                PostingPlan(
                    programme=programme,
                    level=level,
                    days=plan.days,
                    unit=plan.day_unit,
                    rolls=plan.rolls,
                    channels="村务公开栏" if level is Level.VILLAGE else "政务公开栏和政府网站",
                    citation="公示公告办法〔示例〕公示期一项",
                )
                for level in Level
            )
            RequiredPaper.objects.bulk_create(
                RequiredPaper(programme=programme, name=name) for name in plan.papers
            )
    return found


def _columns(plan: Plan, window: Window) -> dict[str, Any]:
    """The columns as districts publish them."""
    names = "、".join(category.label for category in plan.targets)
    return {
        "kind": plan.kind,
        "name": plan.name,
        "department": "宣州区主管部门〔示例〕",
        "legal_basis": f"宣州区{window.year}年{plan.kind.label}实施办法〔示例〕",
        "targets": names,
        "target_categories": [category.value for category in plan.targets],
        "standard": plan.standard,
        "payment_time": "公告后一个月内",
        "contact": "寒亭镇扶贫工作站，电话〔示例〕",
        "remark": "〔示例〕",
        "beneficiary": plan.beneficiary,
        "quantity_unit": plan.quantity_unit,
        "rule": dict(plan.rule),
        "opens_on": window.opens_on,
        "closes_on": window.closes_on,
        "terms_citation": "办理时限规定〔示例〕",
    }
