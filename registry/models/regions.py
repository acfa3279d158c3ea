"""Administrative regions (行政区划), by their 12-digit statistical codes."""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models
from stdnum.cn import uscc

from registry.scope import CODE_DIGITS, within


class RegionLevel(models.TextChoices):
    PROVINCE = "province", "省"
    CITY = "city", "市"
    COUNTY = "county", "区县"
    TOWNSHIP = "township", "乡镇"
    VILLAGE = "village", "村（社区）"

    @property
    def digits(self) -> int:
        """How many leading digits of a code name a region of this level."""
        return SIGNIFICANT_DIGITS[self]


SIGNIFICANT_DIGITS = {
    RegionLevel.PROVINCE: 2,
    RegionLevel.CITY: 4,
    RegionLevel.COUNTY: 6,
    RegionLevel.TOWNSHIP: 9,
    RegionLevel.VILLAGE: 12,
}


def validate_region_code(code: str) -> None:
    """A region code has twelve digits."""
    if not re.fullmatch(r"[0-9]{12}", code):
        raise ValidationError("行政区划代码应为12位数字。")


def validate_publisher_code(code: str) -> None:
    """A publisher code is a unified social credit code (统一社会信用代码) with a right check digit."""
    if code != uscc.compact(code) or not uscc.is_valid(code):
        raise ValidationError("统一社会信用代码应为18位，且校验位正确。")


def level_of(code: str) -> RegionLevel:
    """Read the level from the trailing zeros of a code."""
    significant = len(code.rstrip("0"))
    return next(level for level, digits in SIGNIFICANT_DIGITS.items() if digits >= significant)


def _code_fits_level() -> models.Q:
    """The zeros at the end of a code are exactly those its level asks for."""
    rule, above = models.Q(), 0
    for level, digits in SIGNIFICANT_DIGITS.items():
        fits = models.Q(level=level) & ~models.Q(code__endswith="0" * (CODE_DIGITS - above))
        if digits < CODE_DIGITS:
            fits &= models.Q(code__endswith="0" * (CODE_DIGITS - digits))
        rule |= fits
        above = digits
    return rule


class RegionQuerySet(models.QuerySet["Region"]):
    def within(self, prefixes: Iterable[str]) -> "RegionQuerySet":
        """Keep the regions that lie inside one of the prefixes."""
        return self.filter(within(prefixes, field="code"))


class Region(models.Model):
    """A province, city, county, township or village (行政区划)."""

    code = models.CharField("区划代码", max_length=12, unique=True, validators=[validate_region_code])
    name = models.CharField("名称", max_length=60)
    level = models.CharField("级别", max_length=10, choices=RegionLevel)
    parent = models.ForeignKey(
        "self", models.PROTECT, verbose_name="上级", null=True, blank=True, related_name="children"
    )
    body_name = models.CharField("行文机构名称", max_length=60, blank=True, help_text="如：寒亭镇人民政府")
    short_name = models.CharField("文号简称", max_length=10, blank=True, help_text="用于编号，如：寒")
    phone = models.CharField("监督电话", max_length=40, blank=True)
    discipline_phone = models.CharField("纪委监督电话", max_length=40, blank=True)
    publisher_code = models.CharField(
        "统一社会信用代码", max_length=18, blank=True, validators=[validate_publisher_code]
    )

    objects = RegionQuerySet.as_manager()

    class Meta:
        verbose_name = "行政区划"
        verbose_name_plural = "行政区划"
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=_code_fits_level(),
                name="region_code_fits_level",
                violation_error_message="区划代码末尾的零与级别不符。",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.parent is not None and (self.parent.code == self.code or not self.parent.contains(self)):
            raise ValidationError({"parent": "上级区划的代码应是本区划代码的前段。"})

    @property
    def prefix(self) -> str:
        """The digits that every region inside this one begins with."""
        return self.code[: RegionLevel(self.level).digits]

    @property
    def line(self) -> "list[Region]":
        """This region and those above it, the nearest first."""
        found, above = [], self
        while above is not None:
            found.append(above)
            above = above.parent  # type: ignore[assignment]
        return found

    def contains(self, other: "Region") -> bool:
        """Tell whether another region lies inside this one, or is this one."""
        return other.code.startswith(self.prefix)
