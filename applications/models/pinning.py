"""A version of a programme that somebody has applied under stands still (已有申请的项目版本): row, plans and papers."""

from collections.abc import Iterable
from typing import Any, cast

from django.db import models

from registry.refusal import Refused


class ProgrammePinned(Refused):
    """Somebody tried to change a version that cases rest on: their amounts and periods must stay explainable."""

    def __init__(self) -> None:
        super().__init__("该项目版本已有申请，不能修改，只能另立新版本。")


def refuse_pinned(programmes: models.QuerySet[Any]) -> None:
    """Raise ProgrammePinned where one of the programmes has applications."""
    if programmes.filter(applications__isnull=False).exists():
        raise ProgrammePinned


class PinnedQuerySet(models.QuerySet[Any]):
    """Refuses what would change a pinned version past `save` and `delete` of its rows; those ask by signal."""

    def update(self, **kwargs: Any) -> int:
        self._ask(self)
        return super().update(**kwargs)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        rows = list(objs)
        self._ask(self.model._base_manager.filter(pk__in=[row.pk for row in rows]))
        return super().bulk_update(rows, fields, *args, **kwargs)

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        rows = list(objs)
        if kwargs.get("update_conflicts"):
            raise ProgrammePinned
        owners = self._programmes().filter(pk__in={getattr(row, "programme_id", None) for row in rows})
        refuse_pinned(owners)
        return super().bulk_create(rows, *args, **kwargs)

    def _ask(self, rows: models.QuerySet[Any]) -> None:
        if self.model is self._programmes().model:
            refuse_pinned(rows)
        else:
            refuse_pinned(self._programmes().filter(pk__in=rows.order_by().values("programme")))

    def _programmes(self) -> models.QuerySet[Any]:
        """All programmes, whether this is their queryset or one of their parts."""
        parts = {field.name: field.related_model for field in self.model._meta.get_fields()}
        owner = cast("type[models.Model]", parts.get("programme") or self.model)
        return owner._base_manager.all()
