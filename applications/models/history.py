"""The audit lines of cases (办理记录), each chained to the one before, and of programmes: appended, never changed."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.signals import pre_save

from applications.models.application import Application
from applications.models.programme import Programme
from applications.states import Level, State
from registry.append_only import AppendOnlyQuerySet, HistoryIsAppendOnly, refuse_a_line_written_over


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

    objects = AppendOnlyQuerySet.as_manager()

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

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = "项目变更记录"
        verbose_name_plural = "项目变更记录"
        ordering = ["programme", "pk"]
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.programme_id} {self.get_act_display()}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsAppendOnly


class DailyDigest(models.Model):
    """What was true at the end of a day (日摘要): one digest over the ends of all chains that had grown.

    It holds the digest of the day before, so that the last one answers for all chains and all days.
    """

    day = models.DateField("日期", primary_key=True)
    made_at = models.DateTimeField("生成时间")
    upto = models.PositiveBigIntegerField("最后一行", help_text="已封存的办理记录的最大行号。")
    cases = models.PositiveIntegerField("有新记录的申请数")
    entries = models.PositiveIntegerField("新记录条数")
    previous = models.CharField("前一日摘要", max_length=64, blank=True)
    digest = models.CharField("摘要", max_length=64)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = "日摘要"
        verbose_name_plural = "日摘要"
        ordering = ["day"]
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.day} {self.digest}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsAppendOnly


class SealedHead(models.Model):
    """The end of one chain in a daily digest. Plain numbers, so that it outlives a case that was removed."""

    day = models.ForeignKey(DailyDigest, models.PROTECT, related_name="heads", verbose_name="日期")
    case = models.BigIntegerField("申请行号")
    number = models.CharField("申请编号", max_length=30)
    seq = models.PositiveIntegerField("序号")
    digest = models.CharField("摘要", max_length=64)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = "链末端"
        verbose_name_plural = "链末端"
        ordering = ["day", "case"]
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["day", "case"], name="sealed_head_once")]
        indexes = [models.Index(fields=["case", "seq"], name="sealed_head_case")]

    def __str__(self) -> str:
        return f"{self.day_id} {self.number} #{self.seq}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsAppendOnly


class SealedRecord(models.Model):
    """What a daily digest holds of one record that is kept beside the chains (另册): how many rows, and their digest.

    Its rows are those above the last one sealed before; `ledgers` says which records and which columns.
    """

    day = models.ForeignKey(DailyDigest, models.PROTECT, related_name="records", verbose_name="日期")
    record = models.CharField("记录", max_length=40)
    upto = models.PositiveBigIntegerField("最后一行")
    rows = models.PositiveIntegerField("条数")
    digest = models.CharField("摘要", max_length=64)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = "另册摘要"
        verbose_name_plural = "另册摘要"
        ordering = ["day", "record"]
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["day", "record"], name="sealed_record_once")]

    def __str__(self) -> str:
        return f"{self.day_id} {self.record} {self.rows}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsAppendOnly


for kept in (HistoryEntry, DailyDigest, SealedHead, SealedRecord, ProgrammeChange):
    pre_save.connect(refuse_a_line_written_over, sender=kept)
