"""Names are found by their sound: in pinyin, in initials, in each reading of a character, for old rows as for new ones."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from registry.models import Household, Member, Region
from registry.spelling import asked, spell
from tests.registry import places
from tests.registry.columns import put

backfill = import_module("registry.migrations.0003_member_spelling").spell_names


@pytest.fixture
def home(country: dict[str, Region]) -> Household:
    return places.household(country["village"])


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("李四", "lisi ls"),
        ("吕布", "lvbu lb"),
        ("王小明〔示例〕", "wangxiaoming wxm yuxiaoming yxm wangxiaomeng"),
        ("李·古丽", "liguli lgl likuli lkl"),
        ("Smith", ""),
        ("", ""),
    ],
)
def test_name_is_spelt_in_full_and_in_initials(name: str, spelt: str) -> None:
    assert spell(name) == spelt


def test_each_reading_of_a_surname_is_kept() -> None:
    assert {"shan", "dan", "chan"} <= set(spell("单").split())
    assert {"zengli", "zl", "cengli", "cl"} <= set(spell("曾立").split())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("LS", "ls"), ("Li Si", "lisi"), ("lü", "lv"), ("xi'an", "xian"), ("李四", ""), ("li4", ""), ("", "")],
)
def test_what_is_typed_is_taken_for_a_spelling_only_if_it_is_letters(typed: str, meant: str) -> None:
    assert asked(typed) == meant


def test_member_is_found_by_characters_pinyin_and_initials(home: Household) -> None:
    member = places.member(home, name="欧阳小明")
    for text in ("欧阳", "小明", "ouyang", "OUYANG XIAO", "oyxm", "xm"):
        assert list(Member.objects.called(text)) == [member], text
    for text in ("欧明", "ouyangm", "zs", "%", "_"):
        assert list(Member.objects.called(text)) == [], text


def test_spelling_follows_the_name_however_the_row_is_written(home: Household) -> None:
    member = places.member(home, name="李四")
    member.name = "赵五"
    member.save(update_fields=["name"])
    assert Member.objects.get(pk=member.pk).spelling == spell("赵五")
    Member.objects.update_or_create(pk=member.pk, defaults={"name": "钱六"})
    assert Member.objects.get(pk=member.pk).spelling == spell("钱六")
    (made,) = Member.objects.bulk_create([Member(household=home, name="孙七", relationship="child")])
    assert Member.objects.get(pk=made.pk).spelling == spell("孙七")


def test_migration_spells_the_names_registered_before_it(home: Household) -> None:
    member = places.member(home, name="李四")
    put(member, "spelling", "")
    assert list(Member.objects.called("lisi")) == []
    backfill(apps, SimpleNamespace(connection=connection))
    assert list(Member.objects.called("lisi")) == [member]
