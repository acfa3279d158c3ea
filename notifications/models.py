"""Messages as rows: written with the fact that caused them, delivered afterwards, never lost."""

from typing import Self

from django.conf import settings
from django.db import models

from applications.models import Application


class Channel(models.TextChoices):
    IN_APP = "in_app", "站内"
    EMAIL = "email", "邮件"


class MessageState(models.TextChoices):
    PENDING = "pending", "待发送"
    SENT = "sent", "已发送"
    DEAD = "dead", "发送失败"
    WITHDRAWN = "withdrawn", "已撤销"


class MessageQuerySet(models.QuerySet["Message"]):
    def inbox_of(self, user_id: int) -> Self:
        """What a person finds in the message centre."""
        return self.filter(recipient=user_id, channel=Channel.IN_APP, state=MessageState.SENT)

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)


class Message(models.Model):
    """One message to one person on one channel, caused by one fact. The unique key makes repeats harmless."""

    event = models.CharField("事件", max_length=40)
    fact = models.CharField("起因", max_length=80, help_text="引起消息的记录，如 decision:12。")
    stage = models.CharField("阶段", max_length=20, blank=True)
    application = models.ForeignKey(
        Application, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name="申请"
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="messages", verbose_name="收件人"
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

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = "消息"
        verbose_name_plural = "消息"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "fact", "stage", "recipient", "channel"], name="message_once"
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="pending"), name="message_due"),
            models.Index(fields=["recipient", "channel", "read_at"], name="message_inbox"),
        ]

    def __str__(self) -> str:
        return self.subject


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
