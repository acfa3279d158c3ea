"""What was done with personal data: numbers shown in full (查看完整信息) and data removed (删除), each with its reason."""

from uuid import uuid4

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.signals import pre_save

from registry.append_only import (
    AppendOnlyQuerySet,
    HistoryIsAppendOnly,
    refuse_a_line_written_over,
)
from registry.models import Household


class Way(models.TextChoices):
    """How full numbers left their masks."""

    SCREEN = "screen", "页面查看"
    EXPORT = "export", "导出文件"


class Purpose(models.TextChoices):
    """What full numbers are needed for."""

    IDENTITY = "identity", "核对身份"
    ACCOUNT = "account", "核对一卡通账号"
    CONTACT = "contact", "联系农户"
    PAYMENT = "payment", "办理资金发放"
    INSPECTION = "inspection", "配合审计检查"
    OTHER = "other", "其他"


class Disclosure(models.Model):
    """One household's numbers, or who objects to its case, shown in full to one person. One act on many households has one `batch`."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="disclosures", verbose_name="查看人"
    )
    at = models.DateTimeField("时间")
    household = models.ForeignKey(Household, models.PROTECT, related_name="disclosures", verbose_name="户")
    way = models.CharField("方式", max_length=10, choices=Way.choices)
    purpose = models.CharField("用途", max_length=12, choices=Purpose.choices)
    reason = models.CharField("事由", max_length=200)
    objection = models.CharField(
        "涉及的异议",
        max_length=40,
        null=True,
        blank=True,
        help_text="看的是异议人的姓名和电话时，异议的编号；空的为户的完整号码。",
    )
    batch = models.UUIDField("批次", default=uuid4, db_index=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = "完整信息查看记录"
        verbose_name_plural = "完整信息查看记录"
        ordering = ["-pk"]
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.by} {self.household} {self.at}"

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        raise HistoryIsAppendOnly


class Ground(models.TextChoices):
    """Why personal data are removed."""

    RETENTION = "retention", "保存期限已满"
    DECISION = "decision", "依决定删除"


class Removal(models.Model):
    """The personal data of one household, removed by a decision that is named here. The record itself stays."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="办理人")
    at = models.DateTimeField("时间")
    household = models.ForeignKey(Household, models.PROTECT, related_name="removals", verbose_name="户")
    ground = models.CharField("删除依据", max_length=10, choices=Ground.choices)
    document = models.CharField("文号", max_length=100)
    reason = models.CharField("事由", max_length=200)
    counts = models.JSONField("删除内容", default=dict, encoder=DjangoJSONEncoder)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = "个人信息删除记录"
        verbose_name_plural = "个人信息删除记录"
        ordering = ["-pk"]
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.document} {self.household}"

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        raise HistoryIsAppendOnly


for kept in (Disclosure, Removal):
    pre_save.connect(refuse_a_line_written_over, sender=kept)
