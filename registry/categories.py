"""The history of a household's category (户类别记录): from which day it was which, written wherever it changes."""

from collections.abc import Mapping
from datetime import date

from registry.models import CategoryPeriod, Household, User


def record(changed: Mapping[Household, str], *, on: date, by: User | None) -> None:
    """Write down what households became on a day; beside each stands what it was before, nothing for a new one.

    A few statements for any number. A second change on one day takes the place of the first.
    """
    last: dict[int, CategoryPeriod] = {}
    for row in CategoryPeriod.objects.filter(household__in=changed):
        last[row.household_id] = row
    new = []
    for household, before in changed.items():
        known = last.get(household.pk)
        now = household.category
        if (known.category if known else before) == now:
            continue
        if known is not None and known.since == on:
            known.category, known.recorded_by = now, by
            known.save(update_fields=["category", "recorded_by"])
            continue
        if known is None and before:
            # Registered before there was a history: since when is not known, and not invented.
            new.append(CategoryPeriod(household=household, category=before))
        new.append(CategoryPeriod(household=household, category=now, since=on, recorded_by=by))
    CategoryPeriod.objects.bulk_create(new)
