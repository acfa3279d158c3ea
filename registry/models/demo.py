"""Rows that only a demo database has (演示): the shifted clock, and the mark that says what it is."""

from django.db import models
from django.db.models import Q


class ClockOffset(models.Model):
    """How far the demo clock runs ahead of the database's (演示时钟). One row at most."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    days = models.IntegerField("天", default=0)
    seconds = models.IntegerField("秒", default=0)
    set_at = models.DateTimeField("设定时间")

    class Meta:
        verbose_name = "演示时钟"
        verbose_name_plural = "演示时钟"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_clock_offset")]

    def __str__(self) -> str:
        return f"{self.days}天{self.seconds}秒"


class DemoMarker(models.Model):
    """The mark of a demo database (演示库标记). One row, never in production."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    created_at = models.DateTimeField("创建时间")

    class Meta:
        verbose_name = "演示库标记"
        verbose_name_plural = "演示库标记"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_demo_marker")]

    def __str__(self) -> str:
        return "演示库"
