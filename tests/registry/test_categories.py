"""A household's category has a dated history, written by whoever changes it; nothing is invented for the time before."""

from datetime import date
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from registry import categories
from registry.models import Category, CategoryPeriod, Household, Region, User
from tests.registry import places

FIRST, LATER = date(2021, 3, 1), date(2021, 6, 1)


@pytest.fixture
def home(country: dict[str, Region]) -> Household:
    return places.household(country["village"])


@pytest.fixture
def clerk(db: None) -> User:
    return User.objects.create(username="keeper", name="周管理")


def history(household: Household) -> list[tuple[str, date | None]]:
    return list(household.category_periods.values_list("category", "since"))


def become(household: Household, category: Category, *, on: date, by: User) -> None:
    before, household.category = household.category, category
    household.save(update_fields=["category"])
    categories.record({household: before}, on=on, by=by)


def test_a_new_household_begins_on_its_day(home: Household, clerk: User) -> None:
    categories.record({home: ""}, on=FIRST, by=clerk)
    assert history(home) == [(home.category, FIRST)]
    assert home.category_periods.get().recorded_by == clerk


def test_a_change_is_dated_and_what_was_before_is_kept_without_a_date(home: Household, clerk: User) -> None:
    before = home.category
    become(home, Category.LOW_INCOME, on=FIRST, by=clerk)
    become(home, Category.MARGINAL, on=LATER, by=clerk)
    assert history(home) == [(before, None), (Category.LOW_INCOME, FIRST), (Category.MARGINAL, LATER)]


def test_no_change_writes_nothing_and_a_second_one_on_a_day_takes_the_firsts_place(
    home: Household, clerk: User
) -> None:
    categories.record({home: home.category}, on=FIRST, by=clerk)
    assert history(home) == []
    become(home, Category.LOW_INCOME, on=FIRST, by=clerk)
    become(home, Category.MARGINAL, on=FIRST, by=clerk)
    categories.record({home: Category.MARGINAL}, on=LATER, by=clerk)
    assert [row for row in history(home) if row[1]] == [(Category.MARGINAL, FIRST)]


def test_a_day_has_one_category_and_one_row_has_no_day(home: Household) -> None:
    for since in (None, FIRST):
        CategoryPeriod.objects.create(household=home, category=Category.GENERAL, since=since)
        with pytest.raises(IntegrityError), transaction.atomic():
            CategoryPeriod.objects.create(household=home, category=Category.MARGINAL, since=since)
    assert home.category_periods.count() == 2


def test_many_take_no_more_statements_than_one(country: dict[str, Region], clerk: User) -> None:
    counts = []
    for number in (1, 40):
        homes = [places.household(country["village"]) for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            categories.record(dict.fromkeys(homes, ""), on=FIRST, by=clerk)
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert CategoryPeriod.objects.count() == 41


def test_the_migration_begins_every_history_with_what_is_registered(
    country: dict[str, Region], monkeypatch: pytest.MonkeyPatch
) -> None:
    migration: Any = import_module("registry.migrations.0005_category_periods")
    monkeypatch.setattr(migration, "BATCH", 2)
    homes = [places.household(country["village"]) for _ in range(5)]
    migration.begin(apps, SimpleNamespace(connection=connection))
    assert [history(home) for home in homes] == [[(home.category, None)] for home in homes]
