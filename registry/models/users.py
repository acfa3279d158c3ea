"""The people who work with the system (用户)."""

import uuid
from typing import Any, ClassVar, NoReturn

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models

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

    REQUIRED_FIELDS = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = "用户"
        verbose_name_plural = "用户"
        ordering = ["username"]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: users are deactivated, never deleted."""
        raise UserNeverDeleted
