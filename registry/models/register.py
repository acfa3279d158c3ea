"""What was corrected in the register of households (户籍更正记录): appended, never changed."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.signals import pre_save

from registry.append_only import AppendOnlyQuerySet, HistoryIsAppendOnly, refuse_a_line_written_over
from registry.models.households import Household
from registry.models.members import Member


class RegisterAct(models.TextChoices):
    """What was done to a household's registration."""

    CORRECT_HOUSEHOLD = "correct_household", "更正户的登记"
    CORRECT_MEMBER = "correct_member", "更正成员"
    ADD_MEMBER = "add_member", "增加成员"
    CHANGE_HEAD = "change_head", "更换户主"


class RegisterChange(models.Model):
    """One act on the register: who, when, why, and which fields. No full number, name or address stands here."""

    household = models.ForeignKey(
        Household, models.PROTECT, related_name="register_changes", verbose_name="户"
    )
    member = models.ForeignKey(
        Member,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="register_changes",
        verbose_name="家庭成员",
    )
    act = models.CharField("事项", max_length=20, choices=RegisterAct)
    at = models.DateTimeField("时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="操作人")
    reason = models.CharField("原因", max_length=200)
    data = models.JSONField("数据", default=dict, encoder=DjangoJSONEncoder)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = "户籍更正记录"
        verbose_name_plural = "户籍更正记录"
        ordering = ["-pk"]
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.household_id} {self.get_act_display()}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsAppendOnly


pre_save.connect(refuse_a_line_written_over, sender=RegisterChange)
