"""What is kept on the way to a case: a form half typed with its papers (暂存), and an uploaded list with its rows (导入)."""

from uuid import uuid4

from django.conf import settings
from django.db import models

from applications.models import Application, Attachment, Programme
from registry.models import Household, Region
from registry.sensitive import SensitiveField


class PendingEntry(models.Model):
    """What one person has typed so far for one household under one programme. Gone once it is a draft."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="经办人")
    household = models.ForeignKey(Household, models.CASCADE, related_name="+", verbose_name="户")
    programme = models.ForeignKey(Programme, models.CASCADE, related_name="+", verbose_name="项目")
    typed = models.JSONField("已填内容", default=dict)
    kept_at = models.DateTimeField("暂存时间")

    class Meta:
        verbose_name = "暂存的录入"
        verbose_name_plural = "暂存的录入"
        ordering = ["-kept_at"]
        constraints = [
            models.UniqueConstraint(fields=["by", "household", "programme"], name="one_pending_entry")
        ]

    def __str__(self) -> str:
        return f"{self.household} {self.programme}"


class PendingPaper(models.Model):
    """A paper handed over before its case exists: already checked and stored, waiting for the case."""

    entry = models.ForeignKey(PendingEntry, models.CASCADE, related_name="papers", verbose_name="暂存的录入")
    attachment = models.OneToOneField(Attachment, models.CASCADE, related_name="pending", verbose_name="附件")

    class Meta:
        verbose_name = "暂存的材料"
        verbose_name_plural = "暂存的材料"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.attachment}"


class ImportKind(models.TextChoices):
    APPLICATIONS = "applications", "申请"
    HOUSEHOLDS = "households", "户和成员"


class ImportState(models.TextChoices):
    SHOWN = "shown", "待确认"
    RUNNING = "running", "正在录入"
    DONE = "done", "已完成"
    REFUSED = "refused", "没有录入"
    DROPPED = "dropped", "已放弃"


class RowState(models.TextChoices):
    GOOD = "good", "可以录入"
    FAULTY = "faulty", "有问题"
    KNOWN = "known", "已经录入过"
    MADE = "made", "已录入"


class ImportJob(models.Model):
    """One uploaded list: looked through at once, written chunk by chunk after the person has confirmed it."""

    State = ImportState

    kind = models.CharField("种类", max_length=20, choices=ImportKind)
    village = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name="村")
    programme = models.ForeignKey(
        Programme, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="经办人")
    uploaded_at = models.DateTimeField("上传时间")
    file_name = models.CharField("文件名", max_length=100)
    sha256 = models.CharField("SHA-256", max_length=64)
    state = models.CharField("状态", max_length=10, choices=ImportState, default=ImportState.SHOWN)
    whole = models.BooleanField("全部正确才录入", default=False)
    sentence = models.TextField("说明", blank=True)
    started_at = models.DateTimeField("开始时间", null=True, blank=True)
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)

    class Meta:
        verbose_name = "导入"
        verbose_name_plural = "导入"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["state"], name="import_state"),
            models.Index(fields=["sha256"], name="import_sha256"),
        ]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """One line of an uploaded list: what stood in it, what it becomes or why it cannot."""

    State = RowState

    uid = models.UUIDField("行标识", default=uuid4, unique=True, editable=False)
    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="rows", verbose_name="导入")
    line = models.PositiveIntegerField("表格行号")
    given = SensitiveField("填写的内容")
    state = models.CharField("状态", max_length=10, choices=RowState)
    sentence = models.TextField("说明", blank=True)
    digest = models.CharField("内容指纹", max_length=64, blank=True)
    application = models.ForeignKey(
        Application, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="申请"
    )

    class Meta:
        verbose_name = "导入的行"
        verbose_name_plural = "导入的行"
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["job", "line"], name="import_row_once")]
        indexes = [
            models.Index(fields=["job", "state", "line"], name="import_row_next"),
            models.Index(fields=["digest", "state"], name="import_row_digest"),
        ]

    def __str__(self) -> str:
        return f"第{self.line}行"
