"""Time as rows: the holiday notices of the years, and the due dates of steps and objections."""

from django.conf import settings
from django.db import models

from applications.models import Application
from workflow.models.objections import Objection
from workflow.models.postings import Posting


class HolidayNotice(models.Model):
    """The State Council's notice for a year. A year with no notice is counted by week-ends, provisionally."""

    year = models.PositiveSmallIntegerField("年度", unique=True)
    citation = models.CharField("依据", max_length=200)
    entered_at = models.DateTimeField("录入时间")
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="录入人",
    )

    class Meta:
        verbose_name = "节假日通知"
        verbose_name_plural = "节假日通知"
        ordering = ["-year"]

    def __str__(self) -> str:
        return f"{self.year}年节假日安排"


class Holiday(models.Model):
    """One day that differs from its weekday: a holiday off, or a make-up working day (调休上班)."""

    notice = models.ForeignKey(HolidayNotice, models.CASCADE, related_name="holidays", verbose_name="通知")
    date = models.DateField("日期", unique=True)
    is_workday = models.BooleanField("上班")
    name = models.CharField("名称", max_length=30)

    class Meta:
        verbose_name = "节假日"
        verbose_name_plural = "节假日"
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class DeadlineKind(models.TextChoices):
    STEP = "step", "办理"
    WAITING = "waiting", "张贴公示"
    CORRECTION = "correction", "补正"
    ANNOUNCEMENT = "announcement", "公告"
    ACCEPTANCE = "acceptance", "异议受理"
    OBJECTION = "objection", "异议办结"


class Deadline(models.Model):
    """One due date, set once on entering a step and settled on leaving it. Nothing counts down."""

    Kind = DeadlineKind

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="deadlines", verbose_name="申请"
    )
    objection = models.ForeignKey(
        Objection, models.PROTECT, null=True, blank=True, related_name="deadlines", verbose_name="异议"
    )
    kind = models.CharField("种类", max_length=15, choices=DeadlineKind.choices)
    starts_on = models.DateField("起算日")
    days = models.PositiveSmallIntegerField("工作日")
    due_on = models.DateField("到期日")
    remind_on = models.DateField("提醒日")
    near_on = models.DateField("临近日", help_text="从这一天起标为临近到期。")
    escalate_on = models.DateField("督办日", help_text="从这一天起没有办结的报上级。")
    provisional = models.BooleanField("暂定", default=False)
    step = models.CharField("环节", max_length=30, blank=True, help_text="设定期限时申请所在的环节。")
    rests = models.JSONField("暂停的时段", default=list, help_text="每段为[首日, 末日, 原因]，两头都不计。")
    paused_on = models.DateField("暂停自", null=True, blank=True)
    interrupts = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="interruptions",
        verbose_name="所中断的期限",
        help_text="补正期限记着它所中断的办理期限，补正以后接着计算。",
    )
    set_at = models.DateTimeField("设定时间")
    settled_at = models.DateTimeField("办结时间", null=True, blank=True)
    reminded_at = models.DateTimeField("提醒时间", null=True, blank=True)
    escalated_at = models.DateTimeField("督办时间", null=True, blank=True)

    class Meta:
        verbose_name = "期限"
        verbose_name_plural = "期限"
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=models.Q(settled_at__isnull=True, objection__isnull=True),
                name="deadline_one_open_per_case",
            ),
            models.UniqueConstraint(
                fields=["objection"],
                condition=models.Q(settled_at__isnull=True, objection__isnull=False),
                name="deadline_one_open_per_objection",
            ),
        ]
        indexes = [
            models.Index(
                fields=["remind_on"],
                condition=models.Q(settled_at__isnull=True, reminded_at__isnull=True),
                name="deadline_to_remind",
            ),
            models.Index(
                fields=["escalate_on"],
                condition=models.Q(settled_at__isnull=True, escalated_at__isnull=True),
                name="deadline_to_escalate",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application} {self.get_kind_display()} {self.due_on}"


class DateMove(models.Model):
    """One end date that a holiday notice moved: the last day of a sheet on display, or an open due date."""

    notice = models.ForeignKey(HolidayNotice, models.PROTECT, related_name="moves", verbose_name="节假日通知")
    posting = models.ForeignKey(
        Posting, models.PROTECT, null=True, blank=True, related_name="date_moves", verbose_name="公示"
    )
    deadline = models.ForeignKey(
        Deadline, models.PROTECT, null=True, blank=True, related_name="date_moves", verbose_name="期限"
    )
    moved_from = models.DateField("原日期")
    moved_to = models.DateField("新日期")
    digest = models.CharField("原名单摘要", max_length=64, blank=True)
    moved_at = models.DateTimeField("调整时间")
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="调整人"
    )

    class Meta:
        verbose_name = "日期调整"
        verbose_name_plural = "日期调整"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(posting__isnull=True) ^ models.Q(deadline__isnull=True),
                name="date_move_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.moved_from} → {self.moved_to}"
