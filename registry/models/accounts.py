"""What administrators did to people's logins (账号记录): appended, never changed."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.signals import pre_save
from django.dispatch import receiver

from registry.append_only import AppendOnlyQuerySet, HistoryIsAppendOnly


class AccountAct(models.TextChoices):
    """What was done to a login."""

    CREATE = "create", "新建账号"
    APPOINT = "appoint", "任职"
    END_APPOINTMENT = "end_appointment", "结束任职"
    BACK_OFFICE = "back_office", "后台权限"
    DECLARE_INTEREST = "declare_interest", "申报回避关系"
    WITHDRAW_INTEREST = "withdraw_interest", "撤销回避申报"
    RESET_PASSWORD = "reset_password", "重置密码"
    RESET_FACTOR = "reset_factor", "解除验证器绑定"
    END_SESSIONS = "end_sessions", "退出全部登录"
    UNLOCK = "unlock", "解除登录锁定"
    DEACTIVATE = "deactivate", "停用"
    REACTIVATE = "reactivate", "恢复启用"


class AccountChange(models.Model):
    """One act on one login: who, when, and why. No line holds a password."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="account_changes", verbose_name="账号"
    )
    act = models.CharField("事项", max_length=20, choices=AccountAct)
    at = models.DateTimeField("时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="操作人")
    reason = models.CharField("原因", max_length=200)
    data = models.JSONField("数据", default=dict, encoder=DjangoJSONEncoder)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = "账号记录"
        verbose_name_plural = "账号记录"
        ordering = ["-pk"]
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.user_id} {self.get_act_display()}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsAppendOnly


@receiver(pre_save, sender=AccountChange)
def refuse_a_line_written_over(
    sender: type[AccountChange], instance: AccountChange, raw: bool, **_: Any
) -> None:
    """save() and loaddata reach the row through this signal; one that is there would be written over."""
    if raw or not instance._state.adding or instance.pk is not None:
        raise HistoryIsAppendOnly
