"""Messages as rows: written with the fact that caused them, delivered afterwards, never lost."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models

from applications.models import Application
from registry.models import Household
from registry.scope import within


class Channel(models.TextChoices):
    IN_APP = "in_app", "站内"
    EMAIL = "email", "邮件"
    SMS = "sms", "短信"
    SLIP = "slip", "告知单"


class MessageState(models.TextChoices):
    PENDING = "pending", "待发送"
    SENDING = "sending", "发送中"
    SENT = "sent", "已发送"
    DEAD = "dead", "发送失败"
    WITHDRAWN = "withdrawn", "已撤销"


class MessageQuerySet(models.QuerySet["Message"]):
    def inbox_of(self, user_id: int | models.OuterRef) -> Self:
        """What a person finds in the message centre."""
        return self.filter(recipient=user_id, channel=Channel.IN_APP, state=MessageState.SENT)

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def waiting(self, *, now: datetime) -> Self:
        """What is due on a channel that the machine serves; slips wait for a person.

        A message written in the future is due too: the clock was set back since.
        """
        set_back = models.Q(created_at__gt=now, next_try_at__gte=models.F("created_at"))
        due = models.Q(next_try_at__lte=now) | set_back
        return self.filter(due, state=MessageState.PENDING).exclude(channel=Channel.SLIP)

    def slips(self, prefixes: Iterable[str]) -> Self:
        """The slips for households of these regions that nobody has handed over yet."""
        return self.filter(
            within(prefixes, field="household__village__code"),
            channel=Channel.SLIP,
            state=MessageState.PENDING,
        )


class Message(models.Model):
    """One message to one officer or household on one channel, caused by one fact. The unique keys make repeats
    harmless. The address is read when it is sent, so that no telephone number stands in a message."""

    event = models.CharField("事件", max_length=40)
    fact = models.CharField("起因", max_length=80, help_text="引起消息的记录，如 decision:12。")
    stage = models.CharField("阶段", max_length=20, blank=True)
    application = models.ForeignKey(
        Application, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name="申请"
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name="收件人",
    )
    household = models.ForeignKey(
        Household, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name="收件户"
    )
    channel = models.CharField("渠道", max_length=10, choices=Channel.choices)
    subject = models.CharField("标题", max_length=200)
    body = models.TextField("内容")
    url = models.CharField("链接", max_length=200, blank=True)
    created_at = models.DateTimeField("产生时间")
    state = models.CharField(
        "状态", max_length=10, choices=MessageState.choices, default=MessageState.PENDING
    )
    attempts = models.PositiveSmallIntegerField("尝试次数", default=0)
    next_try_at = models.DateTimeField("下次发送")
    sent_at = models.DateTimeField("发送时间", null=True, blank=True)
    error = models.TextField("失败原因", blank=True)
    read_at = models.DateTimeField("阅读时间", null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="经手人",
        help_text="重发或送达告知单的人。",
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = "消息"
        verbose_name_plural = "消息"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "fact", "stage", "recipient", "channel"], name="message_once"
            ),
            models.UniqueConstraint(
                fields=["event", "fact", "stage", "household"], name="message_household_once"
            ),
            models.CheckConstraint(
                condition=models.Q(recipient__isnull=True) ^ models.Q(household__isnull=True),
                name="message_has_one_recipient",
                violation_error_message="一条消息只能发给一个人或一户。",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="pending"), name="message_due"),
            models.Index(fields=["next_try_at"], condition=models.Q(state="sending"), name="message_claimed"),
            models.Index(fields=["created_at"], condition=models.Q(state="dead"), name="message_dead"),
            models.Index(fields=["recipient", "channel", "read_at"], name="message_inbox"),
        ]

    def __str__(self) -> str:
        return self.subject


class MessageWording(models.Model):
    """One version of an event's subject and body (消息模板). A change is a new row: who worded what, and when, stays."""

    event = models.CharField("事件", max_length=40)
    version = models.PositiveIntegerField("版本")
    title = models.CharField("标题", max_length=200)
    text = models.TextField("正文")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="修改人"
    )
    changed_at = models.DateTimeField("修改时间")

    class Meta:
        verbose_name = "消息模板"
        verbose_name_plural = "消息模板"
        ordering = ["event", "-version"]
        constraints = [models.UniqueConstraint(fields=["event", "version"], name="message_wording_once")]

    def __str__(self) -> str:
        return f"{self.event}模板第{self.version}版"


class Muted(models.Model):
    """An event of which a person wants no e-mail. The message centre has everything in any case."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="muted", verbose_name="用户"
    )
    event = models.CharField("事件", max_length=40)

    class Meta:
        verbose_name = "不收邮件的事件"
        verbose_name_plural = "不收邮件的事件"
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="muted_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.event}"


class Substitute(models.Model):
    """Who is told as well while somebody is away (替班). It gives messages, never a right to act."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="substitutes", verbose_name="本人"
    )
    substitute = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="替班人"
    )
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期", help_text="当天仍有效。")

    class Meta:
        verbose_name = "替班"
        verbose_name_plural = "替班"
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="substitute_in_order",
                violation_error_message="结束日期不能早于开始日期。",
            ),
            models.CheckConstraint(
                condition=~models.Q(user=models.F("substitute")),
                name="substitute_is_another",
                violation_error_message="替班人不能是本人。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} → {self.substitute}"


class WakeUpFailure(models.Model):
    """A wake-up that the broker did not take; counted, never shown to the person who clicked."""

    task = models.CharField("任务", max_length=80, unique=True)
    count = models.PositiveIntegerField("次数", default=0)
    last_at = models.DateTimeField("最近一次")
    last_error = models.CharField("最近原因", max_length=200, blank=True)

    class Meta:
        verbose_name = "唤醒失败"
        verbose_name_plural = "唤醒失败"

    def __str__(self) -> str:
        return f"{self.task}: {self.count}"


class DeliveryBeat(models.Model):
    """When the last round of delivery ended, and how many messages it sent: one row, the sign of life."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField("时间")
    sent = models.PositiveIntegerField("发出数", default=0)

    class Meta:
        verbose_name = "发送心跳"
        verbose_name_plural = "发送心跳"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="delivery_beat_one_row")]

    def __str__(self) -> str:
        return f"{self.at}"
