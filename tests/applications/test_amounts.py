"""How an amount follows from a rule: tables to the cent, and rules that are refused by the name of their field."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as some

from applications.amounts import (
    BadQuantity,
    BadRule,
    CapReached,
    FixedRule,
    Given,
    MonthlyRule,
    TierRule,
    UnitPriceRule,
    money,
    parse,
    plain,
)
from applications.models import Programme

CLAUSE = "示例文件〔示例〕第一条"
GRAIN = {
    "kind": "unit_price",
    "unit_price": "300.00",
    "min_quantity": "1",
    "max_quantity": "50",
    "cap": "5000.00",
    "clause": CLAUSE,
}
FIXED = {"kind": "fixed", "amount": "500.00", "clause": CLAUSE}
TIERS = {"kind": "tiers", "tiers": {"省外": "500", "省内市外": "400", "市内县外": "300"}, "clause": CLAUSE}
MONTHLY = {"kind": "monthly", "monthly": "300", "max_months": 10, "clause": CLAUSE}


def amount(rule: dict[str, Any], quantity: str, *, unit: str = "亩", **more: Any) -> tuple[str, str]:
    found = parse(rule).compute(Decimal(quantity), unit=unit, given=Given(**more))
    assert found.clause == CLAUSE
    assert found.value.as_tuple().exponent == -2
    return str(found.value), found.working


@pytest.mark.parametrize(
    ("rule", "quantity", "more", "value", "working"),
    [
        (GRAIN, "1", {}, "300.00", "1亩 × 300.00元/亩 = 300.00元"),
        (GRAIN, "3", {}, "900.00", "3亩 × 300.00元/亩 = 900.00元"),
        (GRAIN, "2.50", {}, "750.00", "2.5亩 × 300.00元/亩 = 750.00元"),
        (GRAIN, "16.66", {}, "4998.00", "16.66亩 × 300.00元/亩 = 4998.00元"),
        (
            GRAIN,
            "16.67",
            {},
            "5000.00",
            "16.67亩 × 300.00元/亩 = 5001.00元；每户每年封顶5000.00元，按5000.00元计",
        ),
        (GRAIN, "50", {}, "5000.00", "50亩 × 300.00元/亩 = 15000.00元；每户每年封顶5000.00元，按5000.00元计"),
        (
            GRAIN,
            "3",
            {"already": Decimal("4500.00")},
            "500.00",
            "3亩 × 300.00元/亩 = 900.00元；每户每年封顶5000.00元，减去本年度已申报4500.00元，按500.00元计",
        ),
        (GRAIN, "3", {"already": Decimal("4100.00")}, "900.00", "3亩 × 300.00元/亩 = 900.00元"),
        ({**GRAIN, "unit_price": "0.33"}, "1.50", {}, "0.50", "1.5亩 × 0.33元/亩 = 0.50元"),
        ({**GRAIN, "unit_price": "0.33"}, "1.55", {}, "0.51", "1.55亩 × 0.33元/亩 = 0.51元"),
        ({**GRAIN, "cap": None}, "50", {}, "15000.00", "50亩 × 300.00元/亩 = 15000.00元"),
        ({**GRAIN, "min_per_head": "0.5"}, "2", {"heads": 4}, "600.00", "2亩 × 300.00元/亩 = 600.00元"),
        (FIXED, "1", {}, "500.00", "定额500.00元"),
        (TIERS, "1", {"option": "省外"}, "500.00", "省外定额500.00元"),
        (TIERS, "1", {"option": "市内县外"}, "300.00", "市内县外定额300.00元"),
        (MONTHLY, "1", {}, "300.00", "1个月 × 300.00元/月 = 300.00元"),
        (MONTHLY, "10", {}, "3000.00", "10个月 × 300.00元/月 = 3000.00元"),
    ],
)
def test_amount_and_its_working(
    rule: dict[str, Any], quantity: str, more: dict[str, Any], value: str, working: str
) -> None:
    assert amount(rule, quantity, **more) == (value, working)


@pytest.mark.parametrize(
    ("rule", "quantity", "more", "refusal", "sentence"),
    [
        (GRAIN, "0", {}, BadQuantity, "数量必须大于0。"),
        (GRAIN, "-1", {}, BadQuantity, "数量必须大于0。"),
        (GRAIN, "0.99", {}, BadQuantity, "数量不能少于1亩，这是该项目的起补标准。"),
        (GRAIN, "50.01", {}, BadQuantity, "数量50.01亩超过每户最多50亩，请核对是否填错。"),
        (GRAIN, "9999999", {}, BadQuantity, "数量9999999亩超过每户最多50亩，请核对是否填错。"),
        (
            GRAIN,
            "1",
            {"already": Decimal("5000.00")},
            CapReached,
            "该户本年度已申报5000.00元，已达到每户每年封顶5000.00元，不能再申报。",
        ),
        (
            GRAIN,
            "1",
            {"already": Decimal("5000.01")},
            CapReached,
            "该户本年度已申报5000.01元，已达到每户每年封顶5000.00元，不能再申报。",
        ),
        (
            {**GRAIN, "min_per_head": "0.5"},
            "1.99",
            {"heads": 4},
            BadQuantity,
            "该户4人，人均不到0.5亩，未达到该项目的人均起补标准。",
        ),
        (FIXED, "2", {}, BadQuantity, "该项目按定额补助，数量只能填1。"),
        (FIXED, "0", {}, BadQuantity, "该项目按定额补助，数量只能填1。"),
        (TIERS, "2", {"option": "省外"}, BadQuantity, "该项目按定额补助，数量只能填1。"),
        (TIERS, "1", {}, BadQuantity, "请选择档次：省外、省内市外、市内县外。"),
        (TIERS, "1", {"option": "国外"}, BadQuantity, "请选择档次：省外、省内市外、市内县外。"),
        (MONTHLY, "0", {}, BadQuantity, "月数必须是大于0的整数。"),
        (MONTHLY, "-3", {}, BadQuantity, "月数必须是大于0的整数。"),
        (MONTHLY, "1.5", {}, BadQuantity, "月数必须是大于0的整数。"),
        (MONTHLY, "11", {}, BadQuantity, "每年最多补助10个月，请核对月数。"),
    ],
)
def test_quantity_the_rule_does_not_allow(
    rule: dict[str, Any], quantity: str, more: dict[str, Any], refusal: type[Exception], sentence: str
) -> None:
    with pytest.raises(refusal) as caught:
        amount(rule, quantity, **more)
    assert caught.value.sentence == sentence  # type: ignore[attr-defined]


@pytest.mark.parametrize("quantity", ["1.005", "2.999", "0.011"])
def test_quantity_finer_than_the_case_can_keep_is_refused(quantity: str) -> None:
    with pytest.raises(BadQuantity):
        amount({**GRAIN, "min_quantity": "0.01"}, quantity)


@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("rule", [GRAIN, FIXED, MONTHLY], ids=lambda rule: rule["kind"])
def test_quantity_that_is_no_number_is_refused(rule: dict[str, Any], quantity: str) -> None:
    with pytest.raises(BadQuantity):
        amount(rule, quantity)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.005", "0.01"),
        ("0.004", "0.00"),
        ("2.675", "2.68"),
        ("2.665", "2.67"),
        ("1", "1.00"),
        ("0", "0.00"),
    ],
)
def test_half_a_cent_is_rounded_up(value: str, rounded: str) -> None:
    assert str(money(Decimal(value))) == rounded


@pytest.mark.parametrize(
    ("value", "text"), [("2.50", "2.5"), ("100.00", "100"), ("100", "100"), ("0.00", "0"), ("1E+2", "100")]
)
def test_quantity_is_written_without_idle_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


BAD = [
    ({}, "kind"),
    ({**FIXED, "kind": "lottery"}, "kind"),
    ({**FIXED, "kind": None}, "kind"),
    ({**FIXED, "kind": ["fixed"]}, "kind"),
    ({**FIXED, "kind": {}}, "kind"),
    ({**FIXED, "bonus": "1"}, "bonus"),
    ({**FIXED, "monthly": "1"}, "monthly"),
    ({**FIXED, "clause": ""}, "clause"),
    ({**FIXED, "clause": "  "}, "clause"),
    ({**FIXED, "clause": None}, "clause"),
    ({"kind": "fixed", "amount": "1"}, "clause"),
    ({"kind": "fixed", "clause": CLAUSE}, "amount"),
    ({**FIXED, "amount": None}, "amount"),
    ({**FIXED, "amount": ""}, "amount"),
    ({**FIXED, "amount": "五百"}, "amount"),
    ({**FIXED, "amount": "0"}, "amount"),
    ({**FIXED, "amount": "-500"}, "amount"),
    ({**FIXED, "amount": "NaN"}, "amount"),
    ({**FIXED, "amount": "Infinity"}, "amount"),
    ({**FIXED, "amount": True}, "amount"),
    ({**FIXED, "amount": ["500"]}, "amount"),
    ({**TIERS, "tiers": {}}, "tiers"),
    ({**TIERS, "tiers": ["省外"]}, "tiers"),
    ({**TIERS, "tiers": None}, "tiers"),
    ({**TIERS, "tiers": {"省外": "-1"}}, "省外"),
    ({**TIERS, "tiers": {"省外": None}}, "省外"),
    ({**MONTHLY, "monthly": "0"}, "monthly"),
    ({**MONTHLY, "max_months": "0"}, "max_months"),
    ({**MONTHLY, "max_months": "13"}, "max_months"),
    ({**MONTHLY, "max_months": "1.5"}, "max_months"),
    ({**GRAIN, "unit_price": "-1"}, "unit_price"),
    ({**GRAIN, "min_quantity": "0"}, "min_quantity"),
    ({**GRAIN, "max_quantity": None}, "max_quantity"),
    ({**GRAIN, "max_quantity": "0.5"}, "max_quantity"),
    ({**GRAIN, "cap": "299.99"}, "cap"),
    ({**GRAIN, "cap": "0"}, "cap"),
    ({**GRAIN, "min_per_head": "-1"}, "min_per_head"),
    # Finer than a cent: the working would show another price than it computes with.
    ({**GRAIN, "unit_price": "0.335"}, "unit_price"),
    ({**MONTHLY, "monthly": "333.335"}, "monthly"),
    ({**FIXED, "amount": "0.001"}, "amount"),
    # More than the columns of a case hold: 8 digits of quantity and 10 of yuan before the point.
    ({**GRAIN, "max_quantity": "100000000"}, "max_quantity"),
    ({**FIXED, "amount": "10000000000"}, "amount"),
]


@pytest.mark.parametrize(("rule", "field"), BAD)
def test_bad_rule_is_refused_by_the_name_of_its_field(rule: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRule) as caught:
        parse(rule)
    assert caught.value.field == field
    assert caught.value.sentence.startswith("补助规则")
    assert caught.value.sentence.endswith("。")


def test_good_rules_become_what_they_say() -> None:
    assert parse(FIXED) == FixedRule(Decimal("500.00"), CLAUSE)
    assert parse(TIERS) == TierRule(
        {"省外": Decimal(500), "省内市外": Decimal(400), "市内县外": Decimal(300)}, CLAUSE
    )
    assert parse(MONTHLY) == MonthlyRule(Decimal(300), CLAUSE, 10)
    assert parse({"kind": "monthly", "monthly": "300", "clause": CLAUSE}) == MonthlyRule(
        Decimal(300), CLAUSE, 12
    )
    assert parse({**GRAIN, "cap_group": "种养"}) == UnitPriceRule(
        unit_price=Decimal("300.00"),
        clause=CLAUSE,
        min_quantity=Decimal(1),
        max_quantity=Decimal(50),
        cap=Decimal("5000.00"),
        cap_group="种养",
    )


def test_programme_names_a_bad_rule_at_its_field_of_the_form() -> None:
    for rule in ({}, {**FIXED, "amount": "-1"}, ["fixed"], None):
        with pytest.raises(ValidationError) as caught:
            Programme(rule=rule).clean()
        assert set(caught.value.message_dict) == {"rule"}
    Programme(rule=GRAIN).clean()
    with pytest.raises(ValidationError) as caught:
        Programme(rule=GRAIN, target_categories=["rich"]).clean()
    assert set(caught.value.message_dict) == {"target_categories"}


@given(
    quantity=some.decimals("1", "50", places=2),
    already=some.decimals("0", "4999.99", places=2),
    price=some.decimals("0.01", "5000", places=2),
)
def test_household_never_gets_more_than_the_cap_or_than_its_quantity_is_worth(
    quantity: Decimal, already: Decimal, price: Decimal
) -> None:
    rule = parse({**GRAIN, "unit_price": str(price)})
    value = rule.compute(quantity, unit="亩", given=Given(already=already)).value
    assert value >= 0
    assert value == min(money(quantity * price), Decimal("5000.00") - already)
