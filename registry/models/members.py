"""Members of a household (家庭成员)."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q

from registry import identity
from registry.models.households import Household
from registry.sensitive import BlindIndexField, SensitiveField
from registry.spelling import SpellingField, asked


class Relationship(models.TextChoices):
    HEAD = "head", "户主"
    SPOUSE = "spouse", "配偶"
    CHILD = "child", "子女"
    CHILD_IN_LAW = "child_in_law", "儿媳或女婿"
    GRANDCHILD = "grandchild", "孙子女或外孙子女"
    PARENT = "parent", "父母"
    GRANDPARENT = "grandparent", "祖父母或外祖父母"
    SIBLING = "sibling", "兄弟姐妹"
    OTHER = "other", "其他"


class MemberStatus(models.TextChoices):
    ALIVE = "alive", "正常"
    DECEASED = "deceased", "死亡"
    MOVED = "moved", "迁出"


class MemberQuerySet(models.QuerySet["Member"]):
    def called(self, text: str) -> "MemberQuerySet":
        """Keep those whose name holds a text, in characters, in pinyin or in initials."""
        found = Q(name__icontains=text)
        if spelt := asked(text):
            found |= Q(spelling__contains=spelt)
        return self.filter(found)


class Member(models.Model):
    """A person of a household (家庭成员), with the account that money is paid to."""

    uid = models.UUIDField("行标识", default=uuid.uuid4, unique=True, editable=False)
    household = models.ForeignKey(Household, models.PROTECT, verbose_name="户", related_name="members")
    name = models.CharField("姓名", max_length=50)
    spelling = SpellingField("拼音检索", of="name")
    relationship = models.CharField("与户主关系", max_length=20, choices=Relationship)
    id_number = SensitiveField("身份证号")
    id_number_index = BlindIndexField("身份证号索引", of="id_number")
    phone = SensitiveField("手机号")
    status = models.CharField("状态", max_length=10, choices=MemberStatus, default=MemberStatus.ALIVE)
    status_on = models.DateField("状态变更日期", null=True, blank=True)
    bank = models.CharField("开户银行", max_length=60, blank=True)
    card_number = SensitiveField("银行卡号")
    card_number_index = BlindIndexField("银行卡号索引", of="card_number")
    card_holder = models.CharField("开户名", max_length=50, blank=True)
    public_employee = models.BooleanField("财政供养人员", default=False)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = "家庭成员"
        verbose_name_plural = "家庭成员"
        ordering = ["household", "pk"]
        indexes = [
            models.Index(fields=["id_number_index"], name="member_id_number_index"),
            models.Index(fields=["card_number_index"], name="member_card_number_index"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["id_number_index"],
                condition=~Q(id_number_index=""),
                name="one_member_per_id_number",
                violation_error_message="这个身份证号已登记在别处。",
            ),
            models.UniqueConstraint(
                fields=["household"],
                condition=Q(relationship="head"),
                name="one_head_per_household",
                violation_error_message="这户已有户主。",
            ),
            models.CheckConstraint(
                condition=Q(status="alive") | Q(status_on__isnull=False),
                name="member_left_has_a_date",
                violation_error_message="死亡或迁出须填写日期。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Write the spelling along with the name it follows from."""
        if update_fields is not None and "name" in (update_fields := set(update_fields)):
            update_fields.add("spelling")
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def is_head(self) -> bool:
        return self.relationship == Relationship.HEAD

    @property
    def birth_date(self) -> date | None:
        """The birth date in the ID number, if there is one."""
        return identity.birth_date(number) if (number := self.id_number) else None

    @property
    def sex(self) -> identity.Sex | None:
        """The sex in the ID number, if there is one."""
        return identity.sex(number) if (number := self.id_number) else None
