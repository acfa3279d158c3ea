"""Resident identity numbers (公民身份号码): what makes one right, and what it tells."""

from dataclasses import dataclass
from datetime import date

from django.db import models
from stdnum import numdb
from stdnum.cn import ric

from registry.refusal import Refused
from registry.sensitive import normalised


class BadIdNumber(Refused, ValueError):
    """The text is not an ID number; the sentence says why."""


class Sex(models.TextChoices):
    MALE = "male", "男"
    FEMALE = "female", "女"


@dataclass(frozen=True)
class IdCheck:
    """A right ID number in its one spelling, and what is odd about it, if anything."""

    number: str
    warning: str | None = None


def check_id_number(text: str, *, today: date) -> IdCheck:
    """Accept 18 characters with a real birth date not in the future and a right check character.

    The area code is never a reason to refuse: people keep the number of a county that was renamed since, and
    `ric.validate` tests the area against the birth year.
    """
    number = normalised(text)
    if not number:
        raise BadIdNumber("身份证号没有填写。")
    if len(number) != 18:
        raise BadIdNumber(f"身份证号应为18位，现在是{len(number)}位。")
    if not (number[:17].isascii() and number[:17].isdigit()):
        raise BadIdNumber("身份证号的前17位应全是数字。")
    if number[17] not in "0123456789X":
        raise BadIdNumber("身份证号的末位应是数字或X。")
    try:
        born = birth_date(number)
    except ValueError:
        raise BadIdNumber("身份证号第7至14位不是真实的日期。") from None
    if born > today:
        raise BadIdNumber("身份证号中的出生日期晚于今天。")
    if number[17] != ric.calc_check_digit(number):
        raise BadIdNumber("身份证号的校验位不对，请核对是否录错。")
    return IdCheck(number=number, warning=_area_warning(number[:6]))


def birth_date(number: str) -> date:
    """Read the birth date."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex(number: str) -> Sex:
    """Read the sex: the last digit of the order code is odd for men."""
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def _area_warning(area: str) -> str | None:
    known = any("county" in properties for _, properties in numdb.get("cn/loc").info(area))
    return None if known else "身份证号的前6位不是已知的行政区划代码，请核对。"
