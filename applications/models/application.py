"""A household's application for one programme (申请): the case itself, and what may not be done to its row."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Self, cast
from uuid import uuid4

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.urls import reverse

from applications.amounts import Given
from applications.machine import ApplicationMachine
from applications.models.programme import Programme
from applications.states import CORRECTIONS, LEVEL_OF, OPEN, Level, State
from registry import codes
from registry.appointments import Actor
from registry.models import Household, Member, Region
from registry.refusal import Refused
from registry.scope import within
from registry.sensitive import SensitiveField


class StateWrittenOutside(Refused):
    """Somebody tried to write a state past the state machine and the engine."""

    def __init__(self) -> None:
        super().__init__("申请的状态只能由办理流程改变，不能直接写入。")


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Scoped lists, and closed doors: a state is written by `move`, which only the engine calls."""

    def visible_to(self, actor: Actor) -> Self:
        """The cases in the regions where the person holds a role on that day."""
        return self.filter(within(actor.may_read_prefixes))

    def in_states(self, states: Iterable[State]) -> Self:
        return self.filter(state__in=list(states))

    def move(self, *, source: State, target: State, **values: Any) -> int:
        """Write a transition that the state machine has made in memory; the number of rows is the verdict."""
        changed = self.filter(state=source)
        return super(ApplicationQuerySet, changed).update(
            state=target, revision=models.F("revision") + 1, **values
        )

    def update(self, **kwargs: Any) -> int:
        if "state" in kwargs or "revision" in kwargs:
            raise StateWrittenOutside
        return super().update(**kwargs)

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        rows = list(objs)
        if kwargs.get("update_conflicts") or any(row.state != State.DRAFT or row.revision for row in rows):
            raise StateWrittenOutside
        return super().bulk_create(rows, *args, **kwargs)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        if {"state", "revision"} & set(fields):
            raise StateWrittenOutside
        return super().bulk_update(objs, fields, *args, **kwargs)

    def delete(self) -> Any:
        raise CaseKept

    def _raw_delete(self, using: str | None) -> int:
        raise CaseKept


class CaseKept(Refused):
    """Cases are never deleted."""

    def __init__(self) -> None:
        super().__init__("申请不能删除，只能作废、撤回或不予批准，办理记录永久保留。")


class Application(ApplicationMachine):
    """One case. 申报 is what the household claimed, 核定 (`quantity`, `amount`) what stands now."""

    number = models.CharField("申请编号", max_length=30, unique=True)
    uid = models.UUIDField("标识", default=uuid4, unique=True, editable=False)
    inquiry_code = models.CharField(
        "查询码",
        max_length=20,
        unique=True,
        default=codes.unguessable,
        editable=False,
        help_text="提交后印在凭条上交给申请人，凭它和姓名在公开栏查询进度。",
    )
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="applications", verbose_name="项目")
    village = models.ForeignKey(Region, models.PROTECT, related_name="applications", verbose_name="村")
    household = models.ForeignKey(Household, models.PROTECT, related_name="applications", verbose_name="户")
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="applications", verbose_name="申请对象"
    )
    quantity = models.DecimalField(
        "核定数量", max_digits=10, decimal_places=2, validators=[MinValueValidator(0)]
    )
    amount = models.DecimalField("核定金额", max_digits=12, decimal_places=2)
    claimed_quantity = models.DecimalField("申报数量", max_digits=10, decimal_places=2)
    claimed_amount = models.DecimalField("申报金额", max_digits=12, decimal_places=2)
    option = models.CharField(
        "档次", max_length=40, blank=True, help_text="按档次补助的项目，如交通补贴的务工地。"
    )
    given = models.JSONField("计算依据", default=dict, help_text="除数量外计算金额所用的数据，用于复算。")
    working = models.TextField("计算过程")
    clause = models.TextField("依据条款")
    reason = models.TextField("申请理由", blank=True)
    payee = models.ForeignKey(
        Member, models.PROTECT, related_name="payments", verbose_name="收款人", help_text="领取补贴的人。"
    )
    payee_bank = models.CharField("开户行", max_length=60, blank=True)
    payee_card = SensitiveField("一卡通账号", blank=True)
    applied_on = models.DateField("申请日期")
    committed = models.BooleanField("已签承诺", default=False)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="entered_applications", verbose_name="代办人"
    )
    entered_at = models.DateTimeField("录入时间")
    revision = models.PositiveIntegerField("修订号", default=0, editable=False)
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followers", verbose_name="承接的原申请"
    )

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = "申请"
        verbose_name_plural = "申请"
        ordering = ["-pk"]
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="application_quantity_positive"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="application_amount_not_negative"),
            models.CheckConstraint(
                condition=models.Q(quantity__lte=models.F("claimed_quantity"))
                & models.Q(amount__lte=models.F("claimed_amount")),
                name="application_never_above_claim",
            ),
        ]
        indexes = [
            models.Index(fields=["village", "state"], name="application_desk"),
            models.Index(fields=["programme", "household"], name="application_cap"),
            models.Index(fields=["state", "village"], name="application_queue"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("application-detail", args=[self.pk])

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise CaseKept

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Whatever the object carries, the columns that the engine writes are not among those saved."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            kept = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            kwargs["update_fields"] = kept - {"state", "revision"} - self.get_deferred_fields()
        super().save(*args, **kwargs)

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, **kwargs: Any) -> Self:
        instance = super().from_db(db, field_names, values, **kwargs)
        # What the row said when it was read: save() must not carry a transition to the database.
        instance.__dict__["_state_read"] = instance.__dict__.get("state")
        return instance

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("fields", args[1] if len(args) > 1 else None)
        try:
            super().refresh_from_db(*args, **kwargs)
        finally:
            # The library opens the field for the reading and leaves it open where that fails.
            cast(Any, self._meta.get_field("state")).protected = True
        if fields is None or "state" in fields:
            self.__dict__["_state_read"] = self.__dict__.get("state")

    @property
    def level(self) -> Level | None:
        """The level that holds the case now, or None where it has ended."""
        return LEVEL_OF.get(State(self.state))

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_in_correction(self) -> bool:
        return self.state in CORRECTIONS

    @property
    def basis(self) -> Given:
        """What the amount was computed from besides the quantity."""
        kept = self.given or {}
        return Given(
            already=Decimal(kept.get("already", "0")), heads=int(kept.get("heads", 1)), option=self.option
        )

    @property
    def beneficiary_name(self) -> str:
        """The person the case is about: the member, or the head of the household."""
        return self.member.name if self.member else self.payee.name

    @property
    def was_cut(self) -> bool:
        """A reviewer lowered quantity or amount (核减)."""
        return self.quantity < self.claimed_quantity or self.amount < self.claimed_amount


@receiver(pre_save, sender=Application)
def refuse_a_state_written_by_save(
    sender: type[Application], instance: Application, raw: bool, update_fields: Any = None, **_: Any
) -> None:
    """The one door that the queryset cannot close: save() and loaddata reach the row through this signal."""
    if raw:
        raise StateWrittenOutside
    if instance._state.adding:
        written = instance.state != State.DRAFT or instance.revision or instance.pk is not None
    elif update_fields is not None and {"state", "revision"} & set(update_fields):
        written = True
    else:
        written = cast(str, instance.state) != instance.__dict__.get("_state_read")
    if written:
        raise StateWrittenOutside
