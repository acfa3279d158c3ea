"""The audit lines of cases (办理记录), each chained to the one before, and of programmes: appended, never changed."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.signals import pre_save
from django.dispatch import receiver

from applications.models.application import Application
from applications.models.programme import Programme
from applications.states import Level, State
from registry.refusal import Refused


class HistoryIsAppendOnly(Refused):
    """Somebody tried to change or remove a history line."""

    def __init__(self) -> None:
        super().__init__("办理记录只能追加，不能修改或删除。")


class HistoryQuerySet(models.QuerySet[Any]):
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


class HistoryEntry(models.Model):
    """One act on one case. `seq` is the revision that the act gave the case, so that a gap shows."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="history", verbose_name="申请")
    seq = models.PositiveIntegerField("序号")
    at = models.DateTimeField("时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="经办人",
        help_text="空表示由系统按规则办理。",
    )
    level = models.CharField("层级", max_length=10, choices=Level.choices, blank=True)
    act = models.CharField("事项", max_length=40)
    source = models.CharField("原状态", max_length=30, choices=State.choices)
    target = models.CharField("新状态", max_length=30, choices=State.choices)
    text = models.TextField("说明", blank=True)
    data = models.JSONField("数据", default=dict, encoder=DjangoJSONEncoder)
    batch = models.UUIDField("批次", help_text="同一次操作办理的多件申请相同。")
    previous = models.CharField("前一条摘要", max_length=64, blank=True)
    digest = models.CharField("摘要", max_length=64)

    objects = HistoryQuerySet.as_manager()

    class Meta:
        verbose_name = "办理记录"
        verbose_name_plural = "办理记录"
        ordering = ["application", "seq"]
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["application", "seq"], name="history_seq_once")]
        indexes = [models.Index(fields=["at"], name="history_at")]

    def __str__(self) -> str:
        return f"{self.application_id} #{self.seq} {self.act}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsAppendOnly


class ProgrammeAct(models.TextChoices):
    """What was done to a programme."""

    CREATE = "create", "新建"
    EDIT = "edit", "修改"
    REVISE = "revise", "另立新版本"


class ProgrammeChange(models.Model):
    """One act on one version of a programme (项目变更记录): who, when, and what was different before."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="changes", verbose_name="项目")
    at = models.DateTimeField("时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="programme_changes", verbose_name="经办人"
    )
    act = models.CharField("事项", max_length=10, choices=ProgrammeAct.choices)
    text = models.TextField("说明", blank=True)
    before = models.JSONField("原内容", default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField("新内容", default=dict, encoder=DjangoJSONEncoder)

    objects = HistoryQuerySet.as_manager()

    class Meta:
        verbose_name = "项目变更记录"
        verbose_name_plural = "项目变更记录"
        ordering = ["programme", "pk"]
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.programme_id} {self.get_act_display()}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsAppendOnly


@receiver(pre_save, sender=HistoryEntry)
@receiver(pre_save, sender=ProgrammeChange)
def refuse_a_line_written_over(sender: type[models.Model], instance: Any, raw: bool, **_: Any) -> None:
    """save() and loaddata reach the row through this signal; a key given beforehand would be written over."""
    if raw or not instance._state.adding or instance.pk is not None:
        raise HistoryIsAppendOnly
