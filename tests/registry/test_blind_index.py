"""Blind indexes: the same for every spelling of a value, and always in step with their field."""

from datetime import date

import pytest

from registry import sensitive
from registry.models import Household, Member, Relationship
from tests.registry import places
from tests.registry.columns import put, stored
from tests.registry.places import OTHER_NUMBER


def test_the_index_ignores_spelling() -> None:
    spellings = [
        "99010119491231002x",
        " 99010119491231002X ",
        "９９０１０１１９４９１２３１００２Ｘ",
        "990101 19491231 002X",
    ]
    assert len({sensitive.blind_index(text) for text in spellings}) == 1
    assert sensitive.blind_index("990101194912310021") != sensitive.blind_index(spellings[0])
    assert len(sensitive.blind_index("1")) == 64
    assert sensitive.blind_index("  ") == ""


def test_the_index_is_kept_when_its_field_is_not_touched(person: Member) -> None:
    put(person, "id_number_index", "f" * 64)
    again = Member.objects.get()
    again.phone = "13900000000"
    again.save()
    assert stored(person, "id_number_index") == "f" * 64


@pytest.mark.parametrize("name", ["id_number", "id_number_sealed"])
def test_saving_a_field_without_its_index_is_refused(person: Member, name: str) -> None:
    before = stored(person, "id_number")
    person.id_number = OTHER_NUMBER
    with pytest.raises(sensitive.PlainTextRefused, match="id_number_index"):
        person.save(update_fields=[name])
    assert stored(person, "id_number") == before
    person.save(update_fields=["id_number", "id_number_index"])
    assert Member.objects.get().id_number == OTHER_NUMBER


def test_bulk_create_seals_and_indexes(home: Household) -> None:
    numbers = [places.id_number("990101", date(1980, 1, day), 1) for day in range(1, 6)]
    Member.objects.bulk_create(
        Member(household=home, name="〔示例〕", relationship=Relationship.CHILD, id_number=n) for n in numbers
    )
    assert [member.id_number for member in Member.objects.order_by("pk")] == numbers
    assert all(stored(member, "id_number").startswith("gcm1:k1:") for member in Member.objects.all())
    assert Member.objects.get(id_number_index=sensitive.blind_index(numbers[3])).id_number == numbers[3]


def test_bulk_update_seals_and_indexes(person: Member) -> None:
    person.id_number = OTHER_NUMBER
    assert Member.objects.bulk_update([person], ["id_number", "id_number_index"]) == 1
    assert stored(person, "id_number").startswith("gcm1:k1:")
    assert Member.objects.get(id_number_index=sensitive.blind_index(OTHER_NUMBER)).id_number == OTHER_NUMBER


def test_update_or_create_seals_and_indexes(person: Member) -> None:
    Member.objects.update_or_create(pk=person.pk, defaults={"id_number": OTHER_NUMBER})
    assert Member.objects.get(id_number_index=sensitive.blind_index(OTHER_NUMBER)).id_number == OTHER_NUMBER
