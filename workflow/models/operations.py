"""Rows that keep the machinery honest: first results of repeated clicks, leases of sweeps, signs of life."""

from django.conf import settings
from django.db import models


class Receipt(models.Model):
    """The first result of a form: the same idempotency key answers with it again."""

    key = models.CharField("幂等键", max_length=64, unique=True)
    attempt = models.UUIDField("尝试")
    act = models.CharField("事项", max_length=40)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="经办人"
    )
    at = models.DateTimeField("时间")
    result = models.JSONField("结果", default=list)

    class Meta:
        verbose_name = "操作回执"
        verbose_name_plural = "操作回执"
        indexes = [models.Index(fields=["at"], name="receipt_at")]

    def __str__(self) -> str:
        return self.key


class Lease(models.Model):
    """Who runs a sweep right now, and until when; two beats do no harm."""

    name = models.CharField("名称", max_length=40, unique=True)
    holder = models.CharField("持有者", max_length=80, blank=True)
    until = models.DateTimeField("有效期至")

    class Meta:
        verbose_name = "租约"
        verbose_name_plural = "租约"

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """When a sweep last ran, what it did by kind, how late the oldest thing was, and whether anything is left."""

    name = models.CharField("名称", max_length=40, unique=True)
    at = models.DateTimeField("时间")
    items = models.PositiveIntegerField("处理数", default=0)
    kinds = models.JSONField("各项处理数", default=dict)
    lag_seconds = models.PositiveIntegerField("最早一项迟了的秒数", default=0)
    unfinished = models.BooleanField("没有处理完", default=False)

    class Meta:
        verbose_name = "心跳"
        verbose_name_plural = "心跳"

    def __str__(self) -> str:
        return f"{self.name} {self.at}"
