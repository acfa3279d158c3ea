"""How an amount follows from a programme's rule: Decimal, in yuan with two places, with its working kept.

A rule is validated data on the programme (`Programme.rule`); `parse` is the one door in, and refuses
unknown fields, negative prices and caps that make no sense with the name of the field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from registry.refusal import Refused

CENT = Decimal("0.01")


class BadRule(Refused):
    """A rule that cannot be used. `field` names the faulty part."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class BadQuantity(Refused):
    """A quantity the rule does not allow."""


class CapReached(Refused):
    """The household has already received all that the programme allows in the year."""


@dataclass(frozen=True)
class Amount:
    """A computed amount in yuan, the working a person can follow, and the clause it rests on."""

    value: Decimal
    working: str
    clause: str


def money(value: Decimal) -> Decimal:
    """The value in yuan with two places, half a cent rounded up."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """A quantity without idle zeros: 2.50 → 2.5, 100.00 → 100."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Given:
    """What a rule may ask besides the quantity: what the household already has this year, its heads, the choice."""

    already: Decimal = Decimal(0)
    heads: int = 1
    option: str = ""


NOTHING = Given()


@dataclass(frozen=True)
class FixedRule:
    """A fixed amount per person (or household) and year."""

    amount: Decimal
    clause: str
    kind: str = "fixed"

    def compute(self, quantity: Decimal, *, unit: str, given: Given = NOTHING) -> Amount:
        """The fixed amount; the quantity is always one."""
        _refuse_unkept(quantity)
        _refuse_other_than_one(quantity)
        return Amount(money(self.amount), f"定额{self.amount:.2f}元", self.clause)

    @property
    def short(self) -> str:
        return f"定额{self.amount:.2f}元"


@dataclass(frozen=True)
class TierRule:
    """A fixed amount per person and year by a choice, e.g. the destination of travel (省外, 省内市外, 市内县外)."""

    tiers: Mapping[str, Decimal]
    clause: str
    kind: str = "tiers"

    def compute(self, quantity: Decimal, *, unit: str, given: Given = NOTHING) -> Amount:
        """The amount of the chosen tier; the quantity is always one."""
        _refuse_unkept(quantity)
        _refuse_other_than_one(quantity)
        if given.option not in self.tiers:
            raise BadQuantity(f"请选择档次：{'、'.join(self.tiers)}。")
        value = self.tiers[given.option]
        return Amount(money(value), f"{given.option}定额{value:.2f}元", self.clause)

    @property
    def short(self) -> str:
        return "；".join(f"{name}{value:.2f}元" for name, value in self.tiers.items())


@dataclass(frozen=True)
class MonthlyRule:
    """A monthly amount × months worked, up to a number of months a year (岗位补贴, 就业补助)."""

    monthly: Decimal
    clause: str
    max_months: int = 12
    kind: str = "monthly"

    def compute(self, quantity: Decimal, *, unit: str, given: Given = NOTHING) -> Amount:
        """Monthly amount × whole months."""
        _refuse_unkept(quantity)
        if quantity <= 0 or quantity != quantity.to_integral_value():
            raise BadQuantity("月数必须是大于0的整数。")
        if quantity > self.max_months:
            raise BadQuantity(f"每年最多补助{self.max_months}个月，请核对月数。")
        value = money(quantity * self.monthly)
        return Amount(value, f"{plain(quantity)}个月 × {self.monthly:.2f}元/月 = {value:.2f}元", self.clause)

    @property
    def short(self) -> str:
        return f"{self.monthly:.2f}元/月"


@dataclass(frozen=True)
class UnitPriceRule:
    """Quantity × unit price, from a least quantity (per household and per head) up to a cap a year.

    `cap_group` names the programmes that share the cap of a household and year.
    """

    unit_price: Decimal
    clause: str
    min_quantity: Decimal
    max_quantity: Decimal
    cap: Decimal | None = None
    min_per_head: Decimal | None = None
    cap_group: str = ""
    kind: str = "unit_price"

    def compute(self, quantity: Decimal, *, unit: str, given: Given = NOTHING) -> Amount:
        """Quantity × price, cut at what the cap leaves after what the household already has in the year."""
        _refuse_unkept(quantity)
        if quantity <= 0:
            raise BadQuantity("数量必须大于0。")
        if quantity < self.min_quantity:
            raise BadQuantity(f"数量不能少于{plain(self.min_quantity)}{unit}，这是该项目的起补标准。")
        if quantity > self.max_quantity:
            most = plain(self.max_quantity)
            raise BadQuantity(f"数量{plain(quantity)}{unit}超过每户最多{most}{unit}，请核对是否填错。")
        if self.min_per_head is not None and quantity < self.min_per_head * given.heads:
            least = plain(self.min_per_head)
            raise BadQuantity(f"该户{given.heads}人，人均不到{least}{unit}，未达到该项目的人均起补标准。")
        full = money(quantity * self.unit_price)
        working = f"{plain(quantity)}{unit} × {self.unit_price:.2f}元/{unit} = {full:.2f}元"
        if self.cap is None:
            return Amount(full, working, self.clause)
        left = self.cap - given.already
        if left <= 0:
            raise CapReached(
                f"该户本年度已申报{given.already:.2f}元，已达到每户每年封顶{self.cap:.2f}元，不能再申报。"
            )
        if full > left:
            used = f"，减去本年度已申报{given.already:.2f}元" if given.already else ""
            working += f"；每户每年封顶{self.cap:.2f}元{used}，按{left:.2f}元计"
            return Amount(money(left), working, self.clause)
        return Amount(full, working, self.clause)

    @property
    def short(self) -> str:
        return f"{self.unit_price:.2f}元"


Rule = FixedRule | TierRule | MonthlyRule | UnitPriceRule


def _refuse_unkept(quantity: Decimal) -> None:
    """A case keeps two places; a finer quantity would be computed with and not shown."""
    if not quantity.is_finite() or abs(quantity) >= 10**8 or quantity != money(quantity):
        raise BadQuantity("数量应是数字，最多两位小数。")


def _refuse_other_than_one(quantity: Decimal) -> None:
    if quantity != 1:
        raise BadQuantity("该项目按定额补助，数量只能填1。")


def _decimal(data: Mapping[str, Any], name: str, label: str, *, default: str | None = None) -> Decimal:
    given = data.get(name, default)
    if given is None:
        raise BadRule(name, f"补助规则缺少“{label}”。")
    try:
        value = Decimal(str(given))
    except InvalidOperation:
        raise BadRule(name, f"补助规则的“{label}”不是数字。") from None
    if not value.is_finite() or value <= 0:
        raise BadRule(name, f"补助规则的“{label}”必须大于0。")
    if value >= 10**8 or value != money(value):
        raise BadRule(name, f"补助规则的“{label}”应小于一亿，最多两位小数。")
    return value


def _optional(data: Mapping[str, Any], name: str, label: str) -> Decimal | None:
    return None if data.get(name) is None else _decimal(data, name, label)


_FIELDS = {
    "fixed": {"kind", "clause", "amount"},
    "tiers": {"kind", "clause", "tiers"},
    "monthly": {"kind", "clause", "monthly", "max_months"},
    "unit_price": {
        "kind",
        "clause",
        "unit_price",
        "min_quantity",
        "max_quantity",
        "min_per_head",
        "cap",
        "cap_group",
    },
}


def parse(data: Mapping[str, Any]) -> Rule:
    """The rule that the data states. Raises BadRule with the name of the faulty field."""
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise BadRule("kind", f"补助规则的“计算方式”不认识，应为 {'、'.join(_FIELDS)} 之一。")
    unknown = sorted(set(data) - _FIELDS[kind])
    if unknown:
        raise BadRule(unknown[0], f"补助规则里有不认识的字段“{unknown[0]}”。")
    clause = str(data.get("clause") or "").strip()
    if not clause:
        raise BadRule("clause", "补助规则缺少“依据条款”。")
    if kind == "fixed":
        return FixedRule(amount=_decimal(data, "amount", "定额"), clause=clause)
    if kind == "tiers":
        return _tiers(data, clause)
    if kind == "monthly":
        return _monthly(data, clause)
    return _unit_price(data, clause)


def _tiers(data: Mapping[str, Any], clause: str) -> TierRule:
    tiers = data.get("tiers")
    if not isinstance(tiers, Mapping) or not tiers:
        raise BadRule("tiers", "补助规则缺少“档次”。")
    found = {str(name): _decimal(tiers, name, str(name)) for name in tiers}
    # PostgreSQL keeps no order of keys: the highest first, as such standards are written.
    return TierRule(dict(sorted(found.items(), key=lambda tier: (-tier[1], tier[0]))), clause)


def _monthly(data: Mapping[str, Any], clause: str) -> MonthlyRule:
    months = _decimal(data, "max_months", "最多月数", default="12")
    if months != months.to_integral_value() or months > 12:
        raise BadRule("max_months", "补助规则的“最多月数”应为1到12的整数。")
    return MonthlyRule(_decimal(data, "monthly", "每月金额"), clause, int(months))


def _unit_price(data: Mapping[str, Any], clause: str) -> UnitPriceRule:
    least = _decimal(data, "min_quantity", "起补数量", default="1")
    most = _decimal(data, "max_quantity", "最多数量")
    if most < least:
        raise BadRule("max_quantity", "补助规则的“最多数量”小于“起补数量”。")
    price = _decimal(data, "unit_price", "单价")
    cap = _optional(data, "cap", "封顶")
    if cap is not None and cap < money(price * least):
        raise BadRule("cap", "补助规则的“封顶”小于起补数量的补助额。")
    return UnitPriceRule(
        unit_price=price,
        clause=clause,
        min_quantity=least,
        max_quantity=most,
        cap=cap,
        min_per_head=_optional(data, "min_per_head", "人均起补数量"),
        cap_group=str(data.get("cap_group", "")),
    )
