"""Encrypted columns: sealed to their row, opened on reading only, never searched or written in plain text."""

import base64
import copy
import io
import pickle
import uuid
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import models, transaction
from pytest_django import DjangoAssertNumQueries

from registry import sensitive
from registry.models import Household, Member, Relationship, User
from tests.registry import places
from tests.registry.columns import put, stored
from tests.registry.places import NUMBER, OTHER_NUMBER, PHONE


def test_a_value_is_stored_sealed_and_read_plain(person: Member) -> None:
    text = stored(person, "id_number")
    assert text.startswith("gcm1:k1:")
    assert NUMBER not in text
    assert Member.objects.get().id_number == NUMBER
    assert Member.objects.get().phone == PHONE


def test_the_same_value_is_sealed_differently_each_time(person: Member, home: Household) -> None:
    before = stored(person, "phone")
    person.phone = PHONE
    person.save()
    assert stored(person, "phone") != before
    assert Member.objects.get().phone == PHONE


def test_an_untouched_value_is_not_sealed_anew(person: Member) -> None:
    before = stored(person, "phone")
    again = Member.objects.get()
    again.name = "〔示例〕王五"
    again.save()
    assert stored(person, "phone") == before


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_value_stays_empty(person: Member, empty: str | None) -> None:
    person.phone = empty
    person.id_number = empty
    person.save()
    assert (stored(person, "phone"), stored(person, "id_number"), stored(person, "id_number_index")) == (
        "",
        "",
        "",
    )
    assert Member.objects.get().phone == ""


@pytest.mark.parametrize("value", [13800000000, b"138", models.F("name")])
def test_only_text_can_be_assigned(person: Member, value: object) -> None:
    before = stored(person, "phone")
    with pytest.raises(sensitive.PlainTextRefused):
        person.phone = value
    person.save()
    assert stored(person, "phone") == before


def test_a_value_moved_to_another_row_does_not_open(person: Member, home: Household) -> None:
    other = places.member(home, relationship=Relationship.SPOUSE, phone="13900000000")
    put(other, "phone", stored(person, "phone"))
    with pytest.raises(sensitive.SealBroken):
        _ = other.phone
    assert Member.objects.get(pk=person.pk).phone == PHONE


def test_a_value_moved_to_another_column_does_not_open(person: Member) -> None:
    put(person, "id_number", stored(person, "phone"))
    with pytest.raises(sensitive.SealBroken):
        _ = person.id_number


def test_a_value_moved_to_another_table_does_not_open(person: Member) -> None:
    user = places.user(uid=person.uid, phone="13900000000")
    put(user, "phone", stored(person, "phone"))
    with pytest.raises(sensitive.SealBroken):
        _ = user.phone


def test_a_value_with_any_byte_flipped_does_not_open(person: Member) -> None:
    body = base64.b64decode(stored(person, "phone").split(":")[2])
    assert len(body) == 12 + len(PHONE) + 16
    for position in range(len(body)):
        changed = bytearray(body)
        changed[position] ^= 1
        text = f"gcm1:k1:{base64.b64encode(changed).decode()}"
        with pytest.raises(sensitive.SealBroken):
            sensitive.unseal(text, place=f"registry_member.phone:{person.uid}")


@pytest.mark.parametrize("text", ["13800000000", "gcm2:k1:AAAA", "gcm1:k1:", "gcm1:k1:###", "gcm1:k1:AAAA"])
def test_a_malformed_value_does_not_open(person: Member, text: str) -> None:
    put(person, "phone", text)
    with pytest.raises(sensitive.SealBroken):
        _ = person.phone


def test_a_value_under_an_unknown_key_says_so(person: Member) -> None:
    put(person, "phone", stored(person, "phone").replace(":k1:", ":k9:"))
    with pytest.raises(sensitive.UnknownKey, match="未知密钥 k9"):
        _ = person.phone


def test_a_list_that_does_not_show_a_value_never_opens_it(person: Member) -> None:
    put(person, "phone", "gcm1:k9:AAAA")
    assert [str(member) for member in Member.objects.all()] == ["〔示例〕李四"]


def test_deferred_values_are_fetched_on_reading(
    person: Member, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        lean = Member.objects.defer("phone").get()
    with django_assert_num_queries(1):
        assert lean.phone == PHONE
    with django_assert_num_queries(0):
        assert lean.phone == PHONE
    with django_assert_num_queries(1):
        assert Member.objects.only("uid", "id_number").get().id_number == NUMBER


def test_a_deferred_value_can_be_replaced(person: Member) -> None:
    lean = Member.objects.defer("phone").get()
    lean.phone = "13900000000"
    lean.save()
    assert Member.objects.get().phone == "13900000000"
    assert Member.objects.get().id_number == NUMBER


def test_refreshing_drops_what_was_not_saved(person: Member) -> None:
    person.phone = "13900000000"
    person.refresh_from_db()
    assert person.phone == PHONE
    person.phone = "13900000000"
    person.refresh_from_db(fields=["phone"])
    assert person.phone == PHONE


def test_update_with_plain_text_is_refused(person: Member) -> None:
    before = stored(person, "id_number")
    with (
        pytest.raises(sensitive.PlainTextRefused, match=r"id_number_index=blind_index"),
        transaction.atomic(),
    ):
        Member.objects.update(id_number=OTHER_NUMBER)
    with pytest.raises(sensitive.PlainTextRefused, match="没有盲索引"), transaction.atomic():
        Member.objects.update(phone=person.phone)
    assert stored(person, "id_number") == before


@pytest.mark.parametrize("lookup", ["", "__exact", "__in", "__contains", "__startswith", "__iexact", "__gt"])
def test_filtering_by_plain_text_is_refused(person: Member, lookup: str) -> None:
    value = [NUMBER] if lookup == "__in" else NUMBER
    with pytest.raises(sensitive.PlainTextRefused, match=r"id_number_index=blind_index"):
        Member.objects.filter(**{f"id_number{lookup}": value})
    with pytest.raises(sensitive.PlainTextRefused):
        Member.objects.filter(**{f"id_number_sealed{lookup}": value})


@pytest.mark.parametrize(("lookup", "value"), [("contains", ""), ("isnull", True), ("gte", ""), ("in", [""])])
def test_even_an_empty_text_is_compared_by_equality_only(person: Member, lookup: str, value: object) -> None:
    with pytest.raises(sensitive.PlainTextRefused):
        Member.objects.filter(**{f"phone__{lookup}": value})


def test_rows_without_a_value_can_be_found(person: Member, home: Household) -> None:
    other = places.member(home, relationship=Relationship.SPOUSE)
    assert list(Member.objects.filter(phone="")) == [other]
    assert list(Member.objects.exclude(phone="")) == [person]


def test_assigning_to_the_stored_attribute_cannot_write_plain_text(person: Member) -> None:
    person.phone_sealed = "13900000000"
    with pytest.raises(sensitive.PlainTextRefused), transaction.atomic():
        person.save()
    assert Member.objects.get().phone == PHONE


def test_typed_text_that_looks_sealed_is_sealed_like_any_other(person: Member) -> None:
    person.phone = "gcm1:k1:AAAA"
    person.save()
    assert stored(person, "phone") != "gcm1:k1:AAAA"
    assert Member.objects.get().phone == "gcm1:k1:AAAA"


def test_a_copied_row_with_a_new_uid_is_refused(person: Member) -> None:
    twin = copy.copy(person)
    twin.pk, twin.uid, twin._state.adding = None, uuid.uuid4(), True
    twin.relationship = Relationship.OTHER
    with pytest.raises(sensitive.SealBroken), transaction.atomic():
        twin.save()
    assert Member.objects.count() == 1


def test_dumpdata_writes_sealed_text_and_loaddata_reads_it_back(person: Member, tmp_path: Path) -> None:
    fixture, seen = tmp_path / "members.json", io.StringIO()
    call_command("dumpdata", "registry", stdout=seen)
    assert NUMBER not in seen.getvalue()
    assert PHONE not in seen.getvalue()
    assert stored(person, "id_number") in seen.getvalue()
    call_command("dumpdata", "registry.member", output=str(fixture))
    sealed, index = stored(person, "id_number"), stored(person, "id_number_index")
    Member.objects.all().delete()
    call_command("loaddata", str(fixture), verbosity=0)
    again = Member.objects.get()
    assert (again.id_number, again.phone) == (NUMBER, PHONE)
    assert (stored(again, "id_number"), stored(again, "id_number_index")) == (sealed, index)


def test_values_and_pickles_hold_sealed_text_only(person: Member) -> None:
    row = Member.objects.values("id_number", "phone").get()
    assert row["id_number"].startswith("gcm1:k1:")
    assert NUMBER not in str(list(Member.objects.values()))
    dumped = pickle.dumps(Member.objects.get())
    assert NUMBER.encode() not in dumped
    assert pickle.loads(dumped).id_number == NUMBER


def test_full_clean_leaves_the_stored_text_alone(person: Member) -> None:
    before = stored(person, "phone")
    person.full_clean()
    person.save()
    assert stored(person, "phone") == before


def test_the_fields_deconstruct_to_what_a_migration_can_rebuild() -> None:
    field = Member._meta.get_field("id_number")
    assert field.deconstruct() == (
        "id_number",
        "registry.sensitive.SensitiveField",
        [],
        {"verbose_name": "身份证号"},
    )
    index = Member._meta.get_field("id_number_index")
    _, path, _, kwargs = index.deconstruct()
    assert (path, kwargs) == (
        "registry.sensitive.BlindIndexField",
        {"verbose_name": "身份证号索引", "of": "id_number"},
    )
    assert sensitive.BlindIndexField(**kwargs).max_length == 64


def test_every_sensitive_field_belongs_to_a_model_with_a_uid() -> None:
    for model in (User, Household, Member):
        fields = [f for f in model._meta.concrete_fields if isinstance(f, sensitive.SensitiveField)]
        assert fields
        assert [problem for f in fields for problem in f.check()] == []
