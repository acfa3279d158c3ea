"""Identity numbers: what makes one right is its form, its date and its check character, never its area."""

from datetime import date

import pytest
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from registry.identity import BadIdNumber, Sex, birth_date, check_id_number, sex
from tests.registry.places import id_number

TODAY = date(2021, 10, 1)
AREAS = ("342501", "342521", "341802")


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("year", range(1930, 2011))
def test_a_number_of_any_xuanzhou_area_code_passes_for_every_birth_year(area: str, year: int) -> None:
    for born, order in ((date(year, 1, 1), 1), (date(year, 12, 31), 998), (date(year, 6, 15), 123)):
        number = id_number(area, born, order)
        found = check_id_number(number, today=TODAY)
        assert (found.number, found.warning) == (number, None)
        assert birth_date(number) == born


def test_the_library_itself_would_refuse_some_of_them() -> None:
    with pytest.raises(ValidationError):
        ric.validate(id_number("341802", date(1980, 1, 1), 1))


def test_one_check_character_in_ten_passes_and_the_others_are_refused() -> None:
    number = id_number("342501", date(1960, 2, 29), 7)
    for character in "0123456789X":
        if character == number[17]:
            assert check_id_number(number[:17] + character, today=TODAY).number == number
        else:
            with pytest.raises(BadIdNumber, match="校验位不对"):
                check_id_number(number[:17] + character, today=TODAY)


def numbers_ending_in_x() -> str:
    return next(
        n for order in range(1, 99) if (n := id_number("342501", date(1960, 1, 1), order)).endswith("X")
    )


@pytest.mark.parametrize(
    "spell",
    [
        str.lower,
        lambda number: f"  {number}\n",
        lambda number: number.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
        lambda number: f"{number[:6]} {number[6:14]} {number[14:]}",
        lambda number: f"\u3000{number}\u3000",
    ],
    ids=["small x", "white space", "full width", "spaces inside", "full-width spaces"],
)
def test_a_number_in_another_spelling_is_brought_to_one(spell) -> None:  # type: ignore[no-untyped-def]
    number = numbers_ending_in_x()
    assert check_id_number(spell(number), today=TODAY).number == number


GOOD = id_number("342501", date(1960, 1, 1), 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "身份证号没有填写。"),
        ("  ", "身份证号没有填写。"),
        (GOOD[:17], "身份证号应为18位，现在是17位。"),
        (GOOD + "1", "身份证号应为18位，现在是19位。"),
        (GOOD[:6] + GOOD[8:17], "身份证号应为18位，现在是15位。"),
        ("A" + GOOD[1:], "身份证号的前17位应全是数字。"),
        (GOOD[:16] + "X" + GOOD[17], "身份证号的前17位应全是数字。"),
        ("٣" + GOOD[1:], "身份证号的前17位应全是数字。"),
        ("³" + GOOD[1:], "身份证号的前17位应全是数字。"),
        (GOOD[:17] + "Y", "身份证号的末位应是数字或X。"),
        (GOOD[:10] + "0231" + GOOD[14:], "身份证号第7至14位不是真实的日期。"),
        (GOOD[:10] + "1301" + GOOD[14:], "身份证号第7至14位不是真实的日期。"),
        (GOOD[:6] + "19000229" + GOOD[14:], "身份证号第7至14位不是真实的日期。"),
        (GOOD[:6] + "00000101" + GOOD[14:], "身份证号第7至14位不是真实的日期。"),
        (id_number("342501", date(2021, 10, 2), 1), "身份证号中的出生日期晚于今天。"),
    ],
)
def test_a_wrong_number_is_refused_with_its_fault(text: str, sentence: str) -> None:
    with pytest.raises(BadIdNumber) as refused:
        check_id_number(text, today=TODAY)
    assert refused.value.sentence == sentence
    assert isinstance(refused.value, ValueError)


def test_a_child_born_today_passes() -> None:
    assert check_id_number(id_number("342501", TODAY, 1), today=TODAY).warning is None


@pytest.mark.parametrize("area", ["990101", "349999", "340077", "000000"])
def test_an_unknown_area_is_a_warning_only(area: str) -> None:
    found = check_id_number(id_number(area, date(1960, 1, 1), 1), today=TODAY)
    assert found.warning == "身份证号的前6位不是已知的行政区划代码，请核对。"


@pytest.mark.parametrize(
    ("order", "expected"), [(1, Sex.MALE), (2, Sex.FEMALE), (999, Sex.MALE), (120, Sex.FEMALE)]
)
def test_the_last_digit_of_the_order_code_tells_the_sex(order: int, expected: Sex) -> None:
    assert sex(id_number("342501", date(1960, 1, 1), order)) == expected
