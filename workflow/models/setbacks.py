"""What a round could not do: one row per thing, so that it waits for its next try and stops nothing behind it."""

from django.conf import settings
from django.db import models


class SetbackKind(models.TextChoices):
    """The parts of a round, and what the key of each names."""

    CLOSING = "posting", "公示期满办结"
    RELEASE = "case", "期满放行"
    REMINDER = "reminder", "催办"
    ESCALATION = "escalation", "督办"
    PHOTO = "end_photo", "期满照片提醒"
    IMPORT = "import", "表格录入"
    DIGEST = "digest", "日摘要"


class Setback(models.Model):
    """One thing that failed in the rounds: how often, why, and when it is tried again."""

    Kind = SetbackKind

    kind = models.CharField("事项", max_length=12, choices=SetbackKind.choices)
    key = models.PositiveBigIntegerField("编号")
    attempts = models.PositiveIntegerField("尝试", default=0)
    reason = models.CharField("原因", max_length=300)
    first_at = models.DateTimeField("第一次失败")
    last_at = models.DateTimeField("最近一次失败")
    next_try_at = models.DateTimeField("下次再试")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="要求马上再试的人",
    )

    class Meta:
        verbose_name = "未办成事项"
        verbose_name_plural = "未办成事项"
        ordering = ["first_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="setback_once_per_thing")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.key}"
