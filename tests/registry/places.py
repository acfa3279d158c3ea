"""Example people and places: codes of no real region, numbers of no real person."""

from datetime import date
from itertools import count

from registry.models import Category, Household, Member, Region, RegionLevel, Relationship, User

# key -> (code, level, key of the parent)
TREE: dict[str, tuple[str, RegionLevel, str | None]] = {
    "province": ("990000000000", RegionLevel.PROVINCE, None),
    "city": ("990100000000", RegionLevel.CITY, "province"),
    "county": ("990101000000", RegionLevel.COUNTY, "city"),
    "other_county": ("990102000000", RegionLevel.COUNTY, "city"),
    "township": ("990101001000", RegionLevel.TOWNSHIP, "county"),
    "other_township": ("990101002000", RegionLevel.TOWNSHIP, "county"),
    "village": ("990101001001", RegionLevel.VILLAGE, "township"),
    "other_village": ("990101001010", RegionLevel.VILLAGE, "township"),
    "far_village": ("990101002001", RegionLevel.VILLAGE, "other_township"),
}
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_serial = count(1)


def country() -> dict[str, Region]:
    made: dict[str, Region] = {}
    for key, (code, level, parent) in TREE.items():
        made[key] = Region.objects.create(
            code=code, level=level, name=f"〔示例〕{key}", parent=made[parent] if parent else None
        )
    return made


def user(name: str = "〔示例〕张三", *, is_active: bool = True, **fields: object) -> User:
    return User.objects.create(username=f"user{next(_serial)}", name=name, is_active=is_active, **fields)


def household(village: Region, *, phone: str = "") -> Household:
    return Household.objects.create(
        number=f"〔示例〕{next(_serial)}", village=village, category=Category.GENERAL, phone=phone
    )


def member(
    of: Household,
    *,
    name: str = "〔示例〕李四",
    relationship: Relationship = Relationship.HEAD,
    **fields: str,
) -> Member:
    return Member.objects.create(household=of, name=name, relationship=relationship, **fields)


def id_number(area: str, born: date, order: int) -> str:
    """Make up a number by the standard's weights (GB 11643), independently of the code under test."""
    body = f"{area}{born:%Y%m%d}{order:03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


PHONE = "13800000000"
NUMBER = id_number("990101", date(1960, 1, 1), 1)
OTHER_NUMBER = id_number("990101", date(1970, 1, 1), 2)
