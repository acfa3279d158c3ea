"""The title and the text that a sheet of one kind starts with (公示模板), kept version by version."""

from django.conf import settings
from django.db import models

from workflow.models.postings import PostingKind


class SheetWording(models.Model):
    """One version of a kind's title and text. A change is a new row: who worded what, and when, stays."""

    kind = models.CharField("种类", max_length=15, choices=PostingKind.choices)
    version = models.PositiveIntegerField("版本")
    title = models.CharField("标题", max_length=200)
    text = models.TextField("正文")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="修改人"
    )
    changed_at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = "公示模板"
        verbose_name_plural = "公示模板"
        ordering = ["kind", "-version"]
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="sheet_wording_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}模板第{self.version}版"
