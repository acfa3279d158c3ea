"""Help that is recorded and not granted: loans by the bank, training (小额信贷, 技能培训)."""

from django.conf import settings
from django.db import models

from applications.models.programme import Programme
from registry.models import Household, Member, Region


class BenefitRecord(models.Model):
    """A loan or a training course a household or one of its members received."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="records", verbose_name="项目")
    village = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name="村")
    household = models.ForeignKey(Household, models.PROTECT, related_name="records", verbose_name="户")
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="records", verbose_name="人员"
    )
    amount = models.DecimalField("金额（元）", max_digits=12, decimal_places=2, null=True, blank=True)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期", null=True, blank=True)
    bank = models.CharField("经办银行", max_length=60, blank=True)
    note = models.CharField("备注", max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="录入人"
    )
    recorded_at = models.DateTimeField("录入时间")

    class Meta:
        verbose_name = "受益记录"
        verbose_name_plural = "受益记录"
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                name="benefit_record_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme} {self.household}"
