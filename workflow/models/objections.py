"""Objections of the public (异议): received, handled by at least two people, decided with a reason.

An appeal (复核) is an objection too, against the handling of another one and at the level above: it has the same
machine, due dates and effect on the case.
"""

from typing import Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.urls import reverse
from django_fsm import FSMField, FSMModelMixin, transition

from applications.models import Application, Attachment
from applications.states import Level
from registry.appointments import Actor
from registry.models import Role
from registry.scope import within
from registry.sensitive import SensitiveField
from workflow.models.postings import Posting, PostingEntry
from workflow.steps import LEVEL_ROLE


class ObjectionState(models.TextChoices):
    RECEIVED = "received", "已收到"
    ACCEPTED = "accepted", "已受理"
    INVESTIGATING = "investigating", "调查中"
    DECIDED = "decided", "已办结"
    NOT_ACCEPTED = "not_accepted", "不予受理"
    WITHDRAWN = "withdrawn", "已撤回"
    PASSED_ON = "passed_on", "已移送"


OPEN_OBJECTION = frozenset({ObjectionState.RECEIVED, ObjectionState.ACCEPTED, ObjectionState.INVESTIGATING})


class ObjectionOutcome(models.TextChoices):
    NOT_UPHELD = "not_upheld", "异议不成立"
    CORRECTED = "corrected", "更正"
    CANCELLED = "cancelled", "取消"


class Channel(models.TextChoices):
    VISIT = "visit", "来人"
    PHONE = "phone", "来电"
    LETTER = "letter", "来信"
    HOTLINE = "hotline", "12317"
    WEB = "web", "网上"


class Telling(models.TextChoices):
    """What an objector is told (告知事项)."""

    ACCEPTANCE = "acceptance", "受理"
    OUTCOME = "outcome", "办理结果"


class Way(models.TextChoices):
    """How an objector was told (告知方式)."""

    IN_PERSON = "in_person", "当面"
    BY_PHONE = "by_phone", "电话"
    IN_WRITING = "in_writing", "书面"
    BY_MESSAGE = "by_message", "短信"


def roles_told(level: Level) -> tuple[Role, ...]:
    """The roles that know who objects: the level that handles it and those above, never the one complained of."""
    return tuple(LEVEL_ROLE[one] for one in level.and_above)


class ObjectionQuerySet(models.QuerySet["Objection"]):
    def visible_to(self, actor: Actor) -> Self:
        """Objections whose existence the person knows: those on cases of their regions, which they hold up."""
        return self.filter(within(actor.may_read_prefixes, "application__village__code"))

    def disclosed_to(self, actor: Actor) -> Self:
        """Objections whose objector, facts and papers the person may see; `Objection.discloses_to` for one."""
        place = "application__village__code"
        found = models.Q(pk__in=[])
        for level in Level:
            found |= models.Q(within(actor.prefixes(*roles_told(level)), place), handling_level=level.value)
        return self.filter(found).exclude(application__household__in=list(actor.interests))

    def open(self) -> Self:
        return self.filter(state__in=list(OPEN_OBJECTION))


class Objection(FSMModelMixin, models.Model):
    """One objection against one case on display (or that was). It stops every forward step of that case."""

    State = ObjectionState
    Outcome = ObjectionOutcome
    Channel = Channel

    uid = models.UUIDField("标识", default=uuid4, unique=True, editable=False)
    number = models.CharField("异议编号", max_length=40, unique=True)
    receipt = models.CharField(
        "回执编号", max_length=20, unique=True, help_text="只给异议人，凭它查询进度、申请复核。"
    )
    appeal_of = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="appeal",
        verbose_name="对其申请复核的异议",
    )
    application = models.ForeignKey(
        Application, models.PROTECT, related_name="objections", verbose_name="申请"
    )
    posting = models.ForeignKey(Posting, models.PROTECT, related_name="objections", verbose_name="公示")
    entry = models.ForeignKey(
        PostingEntry, models.PROTECT, related_name="objections", verbose_name="公示条目"
    )
    channel = models.CharField("渠道", max_length=10, choices=Channel.choices)
    anonymous = models.BooleanField("匿名", default=False)
    objector_name = SensitiveField("异议人姓名", blank=True)
    objector_phone = SensitiveField("异议人电话", blank=True)
    facts = models.TextField("异议内容")
    concerns_cadre = models.BooleanField("涉及村干部或其近亲属", default=False)
    received_at = models.DateTimeField("收到时间")
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="登记人",
    )
    late = models.BooleanField("期后收到", default=False)
    to_confirm = models.BooleanField("待电话核实", default=False, help_text="短时间内提交过多，照收并核实。")
    confirmed_at = models.DateTimeField("核实时间", null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="核实人",
    )
    handling_level = models.CharField("处理层级", max_length=10, choices=Level.choices)
    state = FSMField(
        "状态", choices=ObjectionState.choices, default=ObjectionState.RECEIVED, protected=True, max_length=15
    )
    accepted_at = models.DateTimeField("受理时间", null=True, blank=True)
    investigators = models.JSONField("调查人", default=list, help_text="两人以上的姓名。")
    findings = models.TextField("调查情况", blank=True)
    outcome = models.CharField("处理结果", max_length=12, choices=ObjectionOutcome.choices, blank=True)
    reason = models.TextField("理由", blank=True)
    passed_to = models.CharField("移送单位", max_length=100, blank=True)
    decided_at = models.DateTimeField("办结时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="办结人",
    )
    revision = models.PositiveIntegerField("修订号", default=0, editable=False)

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        verbose_name = "异议"
        verbose_name_plural = "异议"
        ordering = ["-received_at", "-pk"]
        indexes = [models.Index(fields=["application", "state"], name="objection_of_case")]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("objection-detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_OBJECTION

    @property
    def waits_for_a_call(self) -> bool:
        """Taken in over the limit, and nobody has confirmed it yet (待电话核实)."""
        return self.to_confirm and self.confirmed_at is None and self.is_open

    @property
    def can_be_told(self) -> bool:
        """There is somebody to tell; whoever left neither name nor telephone has the receipt."""
        return bool(self.objector_name or self.objector_phone)

    @property
    def due_telling(self) -> Telling | None:
        """What the objector has a right to know by now."""
        if self.accepted_at and self.is_open:
            return Telling.ACCEPTANCE
        ended = {ObjectionState.DECIDED, ObjectionState.NOT_ACCEPTED, ObjectionState.PASSED_ON}
        return Telling.OUTCOME if self.state in ended else None

    def discloses_to(self, actor: Actor) -> bool:
        """Whether the person may see who objects and what they say; the one rule, as `disclosed_to` asks it."""
        code = self.application.village.code
        told = any(actor.holds(role, code) for role in roles_told(Level(self.handling_level)))
        return told and self.application.household_id not in actor.interests

    @transition(field=state, source=ObjectionState.RECEIVED, target=ObjectionState.ACCEPTED)
    def accept(self) -> None:
        """The objection names a fact and is taken on (受理)."""

    @transition(field=state, source=ObjectionState.RECEIVED, target=ObjectionState.NOT_ACCEPTED)
    def not_accept(self) -> None:
        """No fact is named, or the same fact is already decided (不予受理)."""

    @transition(field=state, source=ObjectionState.ACCEPTED, target=ObjectionState.INVESTIGATING)
    def investigate(self) -> None:
        """At least two people look into it (调查)."""

    @transition(field=state, source=ObjectionState.INVESTIGATING, target=ObjectionState.DECIDED)
    def decide(self) -> None:
        """Decided with facts and a reason (办结)."""

    @transition(field=state, source=sorted(OPEN_OBJECTION), target=ObjectionState.WITHDRAWN)
    def withdraw(self) -> None:
        """The objector takes it back (撤回)."""

    @transition(field=state, source=sorted(OPEN_OBJECTION), target=ObjectionState.PASSED_ON)
    def pass_on(self) -> None:
        """It is about a body that cannot judge itself, and goes to the one that can (移送)."""


class ObjectorTold(models.Model):
    """That the objector was told of the acceptance or the outcome: when, in which way, by whom (告知记录)."""

    objection = models.ForeignKey(Objection, models.PROTECT, related_name="tellings", verbose_name="异议")
    matter = models.CharField("告知事项", max_length=12, choices=Telling.choices)
    way = models.CharField("告知方式", max_length=12, choices=Way.choices)
    told_on = models.DateField("告知日期")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="告知人")
    recorded_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = "异议告知记录"
        verbose_name_plural = "异议告知记录"
        ordering = ["told_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["objection", "matter"], name="objector_told_once_of_a_matter")
        ]

    def __str__(self) -> str:
        return f"{self.objection} {self.get_matter_display()}"


class ObjectionEvidence(models.Model):
    """A file the objector handed in, or the investigators found."""

    objection = models.ForeignKey(Objection, models.PROTECT, related_name="evidence", verbose_name="异议")
    attachment = models.OneToOneField(
        Attachment, models.PROTECT, related_name="evidence_of", verbose_name="附件"
    )

    class Meta:
        verbose_name = "异议材料"
        verbose_name_plural = "异议材料"

    def __str__(self) -> str:
        return f"{self.objection} {self.attachment}"
