"""Households (户) and their monitoring history (监测对象)."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from registry.models.regions import Region
from registry.scope import within
from registry.sensitive import SensitiveField

if TYPE_CHECKING:
    from registry.appointments import Actor
    from registry.models.members import Member


class Category(models.TextChoices):
    GENERAL = "general", "一般脱贫户"
    LOW_INCOME = "low_income", "低保脱贫户"
    EXTREMELY_POOR = "extremely_poor", "特困（五保）脱贫户"
    MARGINAL = "marginal", "边缘易致贫户"


class MonitorType(models.TextChoices):
    UNSTABLE = "unstable", "脱贫不稳定"
    MARGINAL = "marginal", "边缘易致贫"
    SUDDEN = "sudden", "突发严重困难"


class HouseholdQuerySet(models.QuerySet["Household"]):
    def visible_to(self, actor: "Actor") -> "HouseholdQuerySet":
        """Keep the households of the regions in which a person holds any appointment."""
        return self.filter(within(actor.may_read_prefixes, field="village__code"))


class Household(models.Model):
    """A household (户): the unit that lives together and applies."""

    uid = models.UUIDField("行标识", default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField("户编号", max_length=40, unique=True)
    village = models.ForeignKey(Region, models.PROTECT, verbose_name="村（社区）", related_name="households")
    group = models.CharField("村民组", max_length=40, blank=True)
    category = models.CharField("户类别", max_length=20, choices=Category)
    address = models.TextField("住址", blank=True)
    phone = SensitiveField("联系电话")

    objects = HouseholdQuerySet.as_manager()

    class Meta:
        verbose_name = "户"
        verbose_name_plural = "户"
        ordering = ["number"]

    def __str__(self) -> str:
        return self.number

    @property
    def head(self) -> "Member | None":
        """The head of the household (户主). Prefetch `members` for a list."""
        return next((member for member in self.members.all() if member.is_head), None)

    @property
    def monitor_type(self) -> str:
        """The monitor type in force, or nothing. Prefetch `monitor_periods` for a list."""
        open_periods = (period for period in self.monitor_periods.all() if period.cleared_on is None)
        return next((period.monitor_type for period in open_periods), "")


class CategoryPeriod(models.Model):
    """From which day a household was in which category (户类别记录); the last row is what it is now."""

    household = models.ForeignKey(
        Household, models.PROTECT, verbose_name="户", related_name="category_periods"
    )
    category = models.CharField("户类别", max_length=20, choices=Category)
    since = models.DateField("起始日期", null=True, blank=True, help_text="空为登记以来，从哪天起没有记录。")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="登记人",
    )

    class Meta:
        verbose_name = "户类别记录"
        verbose_name_plural = "户类别记录"
        ordering = ["household", F("since").asc(nulls_first=True), "pk"]
        constraints = [
            models.UniqueConstraint(fields=["household", "since"], name="category_once_a_day"),
            models.UniqueConstraint(
                fields=["household"], condition=Q(since__isnull=True), name="category_begins_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_category_display()} {self.since or '登记以来'}"


class MonitorPeriod(models.Model):
    """One stretch of monitoring: marked (风险标注), later cleared (风险消除). A later row is 再标注."""

    household = models.ForeignKey(
        Household, models.PROTECT, verbose_name="户", related_name="monitor_periods"
    )
    monitor_type = models.CharField("监测类型", max_length=20, choices=MonitorType)
    marked_on = models.DateField("风险标注日期")
    cleared_on = models.DateField("风险消除日期", null=True, blank=True)
    note = models.CharField("备注", max_length=200, blank=True)

    class Meta:
        verbose_name = "监测记录"
        verbose_name_plural = "监测记录"
        ordering = ["household", "marked_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["household"],
                condition=Q(cleared_on__isnull=True),
                name="one_open_monitor_period",
                violation_error_message="这户已有未消除的风险标注。",
            ),
            models.CheckConstraint(
                condition=Q(cleared_on__isnull=True) | Q(cleared_on__gte=F("marked_on")),
                name="monitor_period_in_order",
                violation_error_message="风险消除日期不能早于标注日期。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_monitor_type_display()} {self.marked_on}"
