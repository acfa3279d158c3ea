"""Writing a synthetic township's regions, households and people: for the replayed year and for the demonstration."""

from collections.abc import Sequence

from registry.models import Household, Member, Region
from workflow.township.people import Family, Person
from workflow.township.places import Line

BANK = "示例银行〔示例〕"


def phone(number: int) -> str:
    """Eleven characters like a mobile number, of nobody: masked it reads 900****〔示例〕."""
    return f"9{number:06d}〔示例〕"


def card(number: int) -> str:
    """A bank card's number, of no bank."""
    return f"〔示例〕HT{number:06d}"


def write_regions(line: Line) -> dict[str, Region]:
    """Write the regions of a township's line, by code."""
    found: dict[str, Region] = {}
    for place in line.places:
        found[place.code] = Region.objects.create(
            code=place.code,
            name=place.name,
            level=place.level,
            parent=found[place.above] if place.above else None,
            body_name=place.body,
            short_name=place.short,
            phone=place.phone,
            discipline_phone=place.discipline_phone,
            publisher_code=place.publisher_code,
        )
    return found


def settle(families: Sequence[Family], units: Sequence[Region]) -> list[tuple[Household, list[Member]]]:
    """Write households with their people, in a statement each; `units` are the villages by their number."""
    households = Household.objects.bulk_create(
        Household(  # type: ignore[misc]
            number=family.number,
            village=units[family.unit],
            group=family.group,
            category=family.category,
            address=f"{units[family.unit].name}{family.group}〔示例〕",
            phone=phone(number),
        )
        for number, family in enumerate(families, 1)
    )
    numbers = iter(range(1, 10_000))
    settled = [
        (household, [_member(person, household, next(numbers)) for person in family.people])
        for household, family in zip(households, families, strict=True)
    ]
    Member.objects.bulk_create(member for _, members in settled for member in members)
    return settled


def _member(person: Person, household: Household, number: int) -> Member:
    return Member(  # type: ignore[misc]
        household=household,
        name=person.name,
        relationship=person.relationship,
        id_number=person.id_number,
        phone=phone(number),
        bank=BANK,
        card_number=card(number),
        card_holder=person.name,
    )
