"""Appointments (任职): which person holds which role over which region, from when until when."""

from datetime import date
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from registry.models.households import Household
from registry.models.regions import Region, RegionLevel
from registry.models.users import User
from registry.refusal import Refused


class Role(models.TextChoices):
    VILLAGE_CLERK = "village_clerk", "村级经办人"
    TOWNSHIP_REVIEWER = "township_reviewer", "乡镇审核员"
    DISTRICT_APPROVER = "district_approver", "区级审定员"
    SUPERVISOR = "supervisor", "监督员（只读）"
    ADMINISTRATOR = "administrator", "系统管理员"

    def fits(self, level: str) -> bool:
        """Tell whether this role can be held over a region of a level; some roles fit every level."""
        return ROLE_LEVEL.get(self, level) == level


ROLE_LEVEL = {
    Role.VILLAGE_CLERK: RegionLevel.VILLAGE,
    Role.TOWNSHIP_REVIEWER: RegionLevel.TOWNSHIP,
    Role.DISTRICT_APPROVER: RegionLevel.COUNTY,
}


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def active(self, on: date) -> "AppointmentQuerySet":
        """Keep the appointments in force on a day, of people whose login is active. Both end days count."""
        return self.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=on), starts_on__lte=on, user__is_active=True
        )

    def overlapping(
        self, user: User, *, role: str, region: Region, starts_on: date, ends_on: date | None
    ) -> "AppointmentQuerySet":
        """Keep the appointments of the same person, role and region that share a day with a period."""
        same = self.filter(user=user, role=role, region=region)
        found = same.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=starts_on))
        return found if ends_on is None else found.filter(starts_on__lte=ends_on)


class Appointment(models.Model):
    """One appointment (任职). Written by `registry.appointments`, never deleted."""

    user = models.ForeignKey(User, models.PROTECT, verbose_name="用户", related_name="appointments")
    role = models.CharField("职务", max_length=20, choices=Role)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name="区划", related_name="appointments")
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期", null=True, blank=True, help_text="当天仍有效；留空表示长期。")
    note = models.CharField("备注", max_length=200, blank=True)
    appointed_by = models.ForeignKey(
        User, models.PROTECT, verbose_name="任命人", null=True, blank=True, editable=False, related_name="+"
    )
    ended_by = models.ForeignKey(
        User, models.PROTECT, verbose_name="终止人", null=True, blank=True, editable=False, related_name="+"
    )

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = "任职"
        verbose_name_plural = "任职"
        ordering = ["user", "-starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="appointment_in_order",
                violation_error_message="结束日期不能早于开始日期。",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "region"],
                condition=Q(ends_on__isnull=True),
                name="one_open_ended_appointment",
                violation_error_message="这个人在该区划已有同一职务的长期任职。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.region} {self.get_role_display()}"

    def clean(self) -> None:
        if self.role and self.region_id and not Role(self.role).fits(self.region.level):
            raise ValidationError(
                {"region": f"{Role(self.role).label}不能任职于{self.region.get_level_display()}一级。"}
            )
        if self.user_id and self.region_id and self.starts_on:
            others = Appointment.objects.exclude(pk=self.pk).overlapping(
                self.user, role=self.role, region=self.region, starts_on=self.starts_on, ends_on=self.ends_on
            )
            if others.exists():
                raise ValidationError("这个人在该区划的同一职务已有日期重叠的任职。")


class InterestKind(models.TextChoices):
    OWN = "own", "本人家庭"
    RELATIVE = "relative", "近亲属"


class InterestNeverDeleted(Refused):
    """Deleting a declaration would hide that somebody was tied to a household when a case was decided."""

    def __init__(self) -> None:
        super().__init__("回避关系的申报不能删除；关系已经不存在的，请由管理员撤销并写明原因。")


class InterestQuerySet(models.QuerySet["Interest"]):
    def in_force(self, on: date) -> "InterestQuerySet":
        """Keep what binds on a day: declared by then, not withdrawn before it. The day of withdrawal still counts."""
        return self.filter(Q(withdrawn_on__isnull=True) | Q(withdrawn_on__gte=on), declared_on__lte=on)

    def delete(self) -> NoReturn:
        """Refuse: a declaration is withdrawn, never deleted."""
        raise InterestNeverDeleted

    def _raw_delete(self, using: str | None) -> NoReturn:
        raise InterestNeverDeleted


class Interest(models.Model):
    """A declared tie between a person and a household (回避关系): they decide nothing there.

    Declared and withdrawn by `workflow.interests`; a row that was withdrawn stays, with who did it and why.
    """

    user = models.ForeignKey(User, models.PROTECT, verbose_name="用户", related_name="interests")
    household = models.ForeignKey(Household, models.PROTECT, verbose_name="户", related_name="interests")
    kind = models.CharField("关系", max_length=10, choices=InterestKind)
    declared_on = models.DateField("申报日期")
    note = models.CharField("说明", max_length=100, blank=True)
    declared_by = models.ForeignKey(
        User, models.PROTECT, verbose_name="登记人", null=True, blank=True, related_name="+"
    )
    withdrawn_on = models.DateField(
        "撤销日期", null=True, blank=True, help_text="当天仍须回避，次日起不再回避。"
    )
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, verbose_name="撤销人", null=True, blank=True, related_name="+"
    )
    withdrawal_reason = models.CharField("撤销原因", max_length=200, blank=True)

    objects = InterestQuerySet.as_manager()

    class Meta:
        verbose_name = "回避关系"
        verbose_name_plural = "回避关系"
        ordering = ["user", "household"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "household"],
                condition=Q(withdrawn_on__isnull=True),
                name="one_interest_per_household",
                violation_error_message="这个人与这户的回避关系已经登记。",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_on__isnull=True, withdrawn_by__isnull=True, withdrawal_reason="")
                | Q(withdrawn_on__gte=F("declared_on"), withdrawn_by__isnull=False)
                & ~Q(withdrawal_reason=""),
                name="interest_withdrawn_by_somebody_why",
                violation_error_message="撤销须有日期、撤销人和原因，且不能早于申报。",
            ),
        ]
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.user} {self.household} {self.get_kind_display()}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: a declaration is withdrawn, never deleted."""
        raise InterestNeverDeleted

    def is_in_force(self, on: date) -> bool:
        """Tell whether it binds on a day."""
        return self.declared_on <= on and (self.withdrawn_on is None or self.withdrawn_on >= on)


@receiver(pre_delete, sender=Interest)
def refuse_deletion_of_an_interest(sender: type[Interest], **_: Any) -> NoReturn:
    """Whatever manager or cascade asks for it."""
    raise InterestNeverDeleted
