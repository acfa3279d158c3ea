"""The village's work before it declares a case: 入户核实 (verification visit) and 民主评议 (appraisal meeting)."""

from django.conf import settings
from django.db import models
from django.urls import reverse

from applications.models.application import Application
from registry.models import Region


class VerificationVisit(models.Model):
    """A visit to the household to see what it applies for (入户核实), by two people at least."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="visits", verbose_name="申请")
    visited_on = models.DateField("核实日期")
    findings = models.TextField("核实情况")
    confirmed = models.BooleanField("情况属实")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="记录人"
    )
    recorded_at = models.DateTimeField("记录时间")

    class Meta:
        verbose_name = "入户核实"
        verbose_name_plural = "入户核实"
        ordering = ["-visited_on", "-pk"]

    def __str__(self) -> str:
        return f"{self.application} {self.visited_on}入户核实"


class Verifier(models.Model):
    """One of the people who made the visit; a user of the system, or a named person with a post."""

    visit = models.ForeignKey(
        VerificationVisit, models.CASCADE, related_name="verifiers", verbose_name="入户核实"
    )
    name = models.CharField("姓名", max_length=50)
    post = models.CharField("职务", max_length=50, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="账号"
    )

    class Meta:
        verbose_name = "核实人"
        verbose_name_plural = "核实人"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["visit", "name"], name="verifier_once_per_visit")]

    def __str__(self) -> str:
        return self.name


class MeetingKind(models.TextChoices):
    """Who met; each kind has its own quorum."""

    ASSEMBLY = "assembly", "村民代表会议"
    COMMITTEE = "committee", "村“两委”会议"
    GROUP = "group", "村民小组会议"


class AppraisalMeeting(models.Model):
    """A meeting that appraises many cases at once (民主评议)."""

    Kind = MeetingKind

    village = models.ForeignKey(Region, models.PROTECT, related_name="meetings", verbose_name="村")
    kind = models.CharField(
        "会议类型", max_length=10, choices=MeetingKind.choices, default=MeetingKind.ASSEMBLY
    )
    held_on = models.DateField("会议日期")
    place = models.CharField("地点", max_length=100)
    entitled = models.PositiveSmallIntegerField("应到人数")
    present = models.PositiveSmallIntegerField("实到人数")
    chair = models.CharField("主持人", max_length=50)
    recorder = models.CharField("记录人", max_length=50)
    minutes = models.TextField("会议记录")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="录入人"
    )
    recorded_at = models.DateTimeField("录入时间")

    class Meta:
        verbose_name = "民主评议会"
        verbose_name_plural = "民主评议会"
        ordering = ["-held_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(present__lte=models.F("entitled")), name="meeting_present_within_entitled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.village.name}{self.held_on}{self.get_kind_display()}"

    def get_absolute_url(self) -> str:
        return reverse("meeting-detail", args=[self.pk])

    @property
    def is_quorate(self) -> bool:
        """A 村民代表会议 needs two thirds of those entitled (村民委员会组织法); other meetings a half."""
        if self.kind == MeetingKind.ASSEMBLY:
            return self.present * 3 >= self.entitled * 2
        return self.present * 2 > self.entitled


class AppraisalItem(models.Model):
    """What the meeting said about one case."""

    meeting = models.ForeignKey(AppraisalMeeting, models.PROTECT, related_name="items", verbose_name="会议")
    application = models.ForeignKey(
        Application, models.PROTECT, related_name="appraisals", verbose_name="申请"
    )
    in_favour = models.PositiveSmallIntegerField("同意人数")
    opinion = models.TextField("评议意见", blank=True)

    class Meta:
        verbose_name = "评议事项"
        verbose_name_plural = "评议事项"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "application"], name="appraised_once_per_meeting")
        ]

    def __str__(self) -> str:
        return f"{self.application} 同意{self.in_favour}人"

    @property
    def passed(self) -> bool:
        """More than half of those present are in favour."""
        return self.in_favour * 2 > self.meeting.present
