"""The people who work with the system (用户)."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.crypto import salted_hmac

from registry.refusal import Refused
from registry.sensitive import SensitiveField


class UserNeverDeleted(Refused):
    """Deleting a person would erase who did what."""

    def __init__(self) -> None:
        super().__init__("用户不能删除，否则办理记录会失去经办人；请改为停用。")


class UserQuerySet(models.QuerySet["User"]):
    def delete(self) -> NoReturn:
        """Refuse: users are deactivated, never deleted."""
        raise UserNeverDeleted

    def _raw_delete(self, using: str | None) -> NoReturn:
        raise UserNeverDeleted


class UserManager(DjangoUserManager["User"]):
    """Django's manager (create_user, create_superuser), whose querysets refuse to delete."""

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)


class User(AbstractUser):
    """A person with a login (用户). Rights come from appointments, not from this row."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    uid = models.UUIDField("行标识", default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField("姓名", max_length=50)
    phone = SensitiveField("手机号")
    must_change_password = models.BooleanField("下次登录须修改密码", default=False)
    initial_until = models.DateTimeField(
        "初始密码有效期至", null=True, blank=True, editable=False, help_text="过期未改的初始密码不能再登录。"
    )
    password_set_at = models.DateTimeField(
        "密码设置时间", null=True, blank=True, editable=False, help_text="未记录的，从开户时间算起。"
    )
    session_round = models.PositiveIntegerField(
        "登录轮次", default=0, editable=False, help_text="加一，此前的登录全部失效。"
    )

    REQUIRED_FIELDS = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = "用户"
        verbose_name_plural = "用户"
        ordering = ["username"]
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    def initial_has_run_out(self, *, now: datetime) -> bool:
        """A given password that nobody used in time: as good as none (ASVS 5 6.4.1)."""
        return self.must_change_password and self.initial_until is not None and self.initial_until < now

    def password_has_aged(self, *, on: date) -> bool:
        """A password kept for longer than the profile allows (GB/T 22239-2019 8.1.4.1 a); 0 days is for ever."""
        days = settings.PASSWORD_DAYS
        since = timezone.localdate(self.password_set_at or self.date_joined)
        return bool(days) and since + timedelta(days=days) <= on

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: users are deactivated, never deleted."""
        raise UserNeverDeleted

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must still agree with: the password, as Django has it, and the round."""
        sealed = f"{self.password}|{self.session_round}"
        return salted_hmac("registry.User.sessions", sealed, secret=secret, algorithm="sha256").hexdigest()


@receiver(pre_delete, sender=User)
def refuse_deletion(sender: type[User], **_: Any) -> NoReturn:
    """Whatever manager or cascade asks for it: Django's collector sends this before it touches a row."""
    raise UserNeverDeleted


class FormerPassword(models.Model):
    """The hash of a password that a person has, or had not long ago (历史口令); only the newest few are kept."""

    user = models.ForeignKey(User, models.PROTECT, related_name="former_passwords", verbose_name="用户")
    password = models.CharField("口令散列", max_length=128)

    class Meta:
        verbose_name = "历史口令"
        verbose_name_plural = "历史口令"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.user_id} {self.pk}"
