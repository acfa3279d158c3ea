"""Rows that are added and read, never changed or removed (只追加); the database refuses the rest by triggers as well."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models

from registry.refusal import Refused


class HistoryIsAppendOnly(Refused):
    """Somebody tried to change or remove a line of a record."""

    def __init__(self) -> None:
        super().__init__("办理记录只能追加，不能修改或删除。")


Kept = TypeVar("Kept", bound=models.Model)


class AppendOnlyQuerySet(models.QuerySet[Kept]):
    """Refuses whatever is not adding or reading. The database refuses it too (see the migrations)."""

    def update(self, **kwargs: Any) -> int:
        raise HistoryIsAppendOnly

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        raise HistoryIsAppendOnly

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_conflicts"):
            raise HistoryIsAppendOnly
        return super().bulk_create(objs, *args, **kwargs)

    def delete(self) -> Any:
        raise HistoryIsAppendOnly

    def _raw_delete(self, using: str | None) -> int:
        raise HistoryIsAppendOnly


def refuse_a_line_written_over(
    sender: type[models.Model], instance: models.Model, raw: bool, **_: Any
) -> None:
    """save() and loaddata reach the row through this signal; one that is there would be written over."""
    given_key = instance.pk is not None and isinstance(instance._meta.pk, models.AutoField)
    if raw or not instance._state.adding or given_key:
        raise HistoryIsAppendOnly
