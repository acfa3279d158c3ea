"""Regions: a code says its level, contains what begins with it, and an unknown one is refused."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from registry import regions
from registry.models import Household, Region, RegionLevel
from registry.models.regions import level_of
from registry.scope import lineage, within
from tests.registry import places

CODES = {
    RegionLevel.PROVINCE: ["990000000000", "900000000000"],
    RegionLevel.CITY: ["990100000000", "991000000000"],
    RegionLevel.COUNTY: ["990101000000", "990110000000"],
    RegionLevel.TOWNSHIP: ["990101001000", "990101100000"],
    RegionLevel.VILLAGE: ["990101001001", "990101001010", "990101001200"],
}
PAIRS = [(code, own, level) for own, codes in CODES.items() for code in codes for level in RegionLevel]


@pytest.mark.parametrize(("code", "own", "level"), PAIRS)
@pytest.mark.django_db
def test_the_trailing_zeros_of_a_code_must_fit_its_level(code: str, own: str, level: str) -> None:
    region = Region(code=code, level=level, name="〔示例〕")
    if level == own:
        region.full_clean()
        region.save()
        assert level_of(code) == own
        return
    with pytest.raises(ValidationError, match="末尾的零与级别不符"):
        region.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        region.save()
    assert Region.objects.count() == 0


@pytest.mark.parametrize(
    "code", ["", "99010100100", "9901010010011", "99010100100x", "99010100 001", "９９０１０１００１００１"]
)
@pytest.mark.django_db
def test_a_code_has_twelve_digits(code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Region(code=code, level=RegionLevel.VILLAGE, name="〔示例〕").full_clean()
    assert "code" in refused.value.message_dict


@pytest.mark.parametrize(
    ("publisher_code", "accepted"),
    [
        ("113417030032496887", True),
        ("", True),
        ("113417030032496886", False),
        ("1134", False),
        (" 113417030032496887", False),
    ],
)
@pytest.mark.django_db
def test_a_publisher_code_needs_its_check_digit(publisher_code: str, accepted: bool) -> None:
    region = Region(code="990101001000", level="township", name="〔示例〕", publisher_code=publisher_code)
    if accepted:
        region.full_clean()
    else:
        with pytest.raises(ValidationError) as refused:
            region.full_clean()
        assert "publisher_code" in refused.value.message_dict


def test_prefix_and_containment_follow_the_tree(country: dict[str, Region]) -> None:
    assert {key: region.prefix for key, region in country.items()} == {
        "province": "99",
        "city": "9901",
        "county": "990101",
        "other_county": "990102",
        "township": "990101001",
        "other_township": "990101002",
        "village": "990101001001",
        "other_village": "990101001010",
        "far_village": "990101002001",
    }
    for outer in country.values():
        for inner in country.values():
            above: Region | None = inner
            while above is not None and above != outer:
                above = above.parent
            assert outer.contains(inner) == (above is not None), (outer, inner)
            assert (outer.code in lineage(inner.code)) == outer.contains(inner)


def test_a_parent_must_contain_its_child(country: dict[str, Region]) -> None:
    village = country["far_village"]
    for key in ("township", "far_village", "other_county"):
        village.parent = country[key]
        with pytest.raises(ValidationError) as refused:
            village.full_clean()
        assert list(refused.value.message_dict) == ["parent"]
    village.parent = country["county"]
    village.full_clean()


@pytest.mark.parametrize(
    ("prefixes", "keys"),
    [
        ([], []),
        (["99"], list(places.TREE)),
        (["990102"], ["other_county"]),
        (["990101001"], ["township", "village", "other_village"]),
        (["990101001", "990101002001"], ["township", "village", "other_village", "far_village"]),
        (["990101001001", "990101001001"], ["village"]),
        (["98"], []),
    ],
)
def test_within_keeps_the_regions_that_begin_with_a_prefix(
    country: dict[str, Region], prefixes: list[str], keys: list[str]
) -> None:
    assert list(Region.objects.within(prefixes)) == sorted(
        (country[key] for key in keys), key=lambda r: r.code
    )


def test_within_reaches_through_a_relation(country: dict[str, Region]) -> None:
    near, far = places.household(country["village"]), places.household(country["far_village"])
    assert list(Household.objects.filter(within(["990101001"]))) == [near]
    assert list(Household.objects.filter(within(["990101"], field="village__code"))) == [near, far]
    assert not Household.objects.filter(within([])).exists()


def test_an_empty_prefix_does_not_open_the_whole_country() -> None:
    with pytest.raises(ValueError, match="whole country"):
        within(["990101", ""])


@given(st.from_regex(r"[0-9]{12}", fullmatch=True), st.sampled_from([2, 4, 6, 9, 12]))
def test_a_lineage_is_every_padded_prefix_of_a_code(code: str, digits: int) -> None:
    assert code[:digits].ljust(12, "0") in lineage(code)
    assert all(code.startswith(line[: len(line.rstrip("0"))]) for line in lineage(code))
    assert lineage(code)[-1] == code


def test_a_region_is_found_by_its_code_or_refused(country: dict[str, Region]) -> None:
    assert regions.get("990101001001") == country["village"]
    with pytest.raises(regions.UnknownRegion) as refused:
        regions.get("990101001099")
    assert refused.value.sentence == "没有代码为990101001099的行政区划。"
