"""Programmes (补贴项目) as districts publish them, one row per year and version."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.signals import pre_delete, pre_save
from django.dispatch import receiver
from django.urls import reverse

from applications import amounts
from applications.models.pinning import PinnedQuerySet, ProgrammePinned, refuse_pinned
from applications.states import Level
from applications.terms import DayUnit, Term
from registry.models import Category, Region


class ProgrammeKind(models.TextChoices):
    """The seven kinds of help; the last two are records, not grants."""

    INDUSTRY = "industry", "产业振兴到户项目"
    EMPLOYMENT = "employment", "就业补助"
    TRANSPORT = "transport", "交通补贴"
    AUXILIARY_POST = "auxiliary_post", "辅助型岗位补贴"
    FOUR_POSTS = "four_posts", "四员岗位补贴"
    TRAINING = "training", "就业技能培训"
    FINANCE = "finance", "小额信贷"


class Beneficiary(models.TextChoices):
    """Whom a programme pays: the household (its head) or one of its members."""

    HOUSEHOLD = "household", "按户"
    PERSON = "person", "按人"


def _categories() -> list[str]:
    return [category.value for category in Category]


class Programme(models.Model):
    """One programme in one year and version. A case keeps the version it was submitted under."""

    Kind = ProgrammeKind
    Beneficiary = Beneficiary

    code = models.CharField("项目代码", max_length=40, help_text="同一项目各年度、各版本相同。")
    year = models.PositiveSmallIntegerField("年度")
    version = models.PositiveSmallIntegerField("版本", default=1)
    region = models.ForeignKey(Region, models.PROTECT, related_name="programmes", verbose_name="实施区域")
    kind = models.CharField("类别", max_length=20, choices=ProgrammeKind.choices)
    name = models.CharField("项目名称", max_length=100)
    department = models.CharField("主管部门", max_length=100)
    legal_basis = models.TextField("政策依据")
    targets = models.TextField("补贴对象")
    standard = models.TextField("补贴标准")
    procedure = models.TextField("申领流程", default="户申请→村级申报→乡级审核→区级审定，实行三公示一公告")
    payment_method = models.CharField("发放方式", max_length=100, default="一卡通")
    payment_time = models.CharField("发放时间", max_length=100, blank=True)
    contact = models.CharField("咨询方式", max_length=200, blank=True)
    remark = models.TextField("备注", blank=True)
    target_categories = models.JSONField("对象类别", default=_categories)
    beneficiary = models.CharField("补贴单位", max_length=10, choices=Beneficiary.choices)
    quantity_unit = models.CharField("数量单位", max_length=10, help_text="如 亩、只、人、月。")
    rule = models.JSONField("补助规则")
    opens_on = models.DateField("申报开始")
    closes_on = models.DateField("申报截止")
    village_review_days = models.PositiveSmallIntegerField(
        "村级申报工作日", default=5, validators=[MinValueValidator(1)]
    )
    township_review_days = models.PositiveSmallIntegerField(
        "乡级审核工作日", default=5, validators=[MinValueValidator(1)]
    )
    district_review_days = models.PositiveSmallIntegerField(
        "区级审定工作日", default=5, validators=[MinValueValidator(1)]
    )
    correction_days = models.PositiveSmallIntegerField(
        "补正工作日", default=5, validators=[MinValueValidator(1)]
    )
    waiting_days = models.PositiveSmallIntegerField(
        "待公示工作日", default=3, validators=[MinValueValidator(1)]
    )
    announcement_days = models.PositiveSmallIntegerField(
        "公告工作日", default=20, validators=[MinValueValidator(1)]
    )
    acceptance_days = models.PositiveSmallIntegerField(
        "异议受理工作日", default=2, validators=[MinValueValidator(1)]
    )
    objection_days = models.PositiveSmallIntegerField(
        "异议办结工作日", default=10, validators=[MinValueValidator(1)]
    )
    reminder_days = models.PositiveSmallIntegerField(
        "到期前几个工作日催办",
        default=2,
        validators=[MaxValueValidator(20, "最多提前20个工作日催办。")],
        help_text="填0为到期当天催办。",
    )
    near_days = models.PositiveSmallIntegerField(
        "到期前几个工作日标为临近到期",
        default=2,
        validators=[MaxValueValidator(20, "最多提前20个工作日标为临近到期。")],
        help_text="填0为到期当天。",
    )
    escalation_days = models.PositiveSmallIntegerField(
        "超期几个工作日后报上级督办",
        default=0,
        validators=[MaxValueValidator(20, "最迟超期20个工作日后报上级督办。")],
        help_text="填0为到期次日。",
    )
    terms_citation = models.TextField("办理时限依据", blank=True)
    active = models.BooleanField("启用", default=True)

    objects = PinnedQuerySet.as_manager()

    class Meta:
        verbose_name = "补贴项目"
        verbose_name_plural = "补贴项目"
        ordering = ["-year", "code", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["region", "code", "year", "version"], name="programme_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(closes_on__gte=models.F("opens_on")), name="programme_window_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}年{self.name}"

    def get_absolute_url(self) -> str:
        return reverse("programme-detail", args=[self.pk])

    def clean(self) -> None:
        """The rule and the categories are data a person typed: name the fault at the field."""
        if self.is_pinned:
            raise ValidationError(ProgrammePinned().sentence)
        try:
            amounts.parse(self.rule if isinstance(self.rule, dict) else {})
        except amounts.BadRule as fault:
            raise ValidationError({"rule": fault.sentence}) from fault
        known = {category.value for category in Category}
        if not isinstance(self.target_categories, list) or not set(self.target_categories) <= known:
            raise ValidationError({"target_categories": "对象类别里有不认识的类别。"})

    @property
    def parsed_rule(self) -> amounts.Rule:
        """The rule as an object. Raises BadRule where the stored data is faulty."""
        return amounts.parse(self.rule)

    @property
    def is_pinned(self) -> bool:
        """Somebody has applied under this version: it stands still, and only a new version may differ."""
        return self.pk is not None and self.applications.exists()

    @property
    def versions(self) -> models.QuerySet["Programme"]:
        """All versions of the programme in its year, the newest first; only that one takes new applications."""
        same = Programme.objects.filter(region=self.region_id, code=self.code, year=self.year)
        return same.order_by("-version")

    def plan_of(self, level: str) -> "PostingPlan | None":
        """How long and where a list of this level hangs; announcements have no plan."""
        return next((plan for plan in self.posting_plans.all() if plan.level == level), None)

    @property
    def per_person(self) -> bool:
        return self.beneficiary == Beneficiary.PERSON


class PostingPlan(models.Model):
    """How long and where a programme's list is posted at one level, with the source of that rule (公示安排)."""

    programme = models.ForeignKey(
        Programme, models.CASCADE, related_name="posting_plans", verbose_name="项目"
    )
    level = models.CharField("层级", max_length=10, choices=Level.choices)
    days = models.PositiveSmallIntegerField("天数", default=10, validators=[MinValueValidator(3)])
    unit = models.CharField("单位", max_length=10, choices=DayUnit.choices, default=DayUnit.CALENDAR)
    first_day_counts = models.BooleanField("首日计入", default=False)
    rolls = models.BooleanField("末日逢休息日顺延", default=True)
    channels = models.CharField("公示渠道", max_length=200, default="村务公开栏")
    citation = models.TextField("依据")

    objects = PinnedQuerySet.as_manager()

    class Meta:
        verbose_name = "公示安排"
        verbose_name_plural = "公示安排"
        ordering = ["programme", "level"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "level"], name="posting_plan_once_per_level"),
            models.CheckConstraint(condition=models.Q(days__gte=3), name="posting_plan_three_days_at_least"),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}公示{self.term}"

    @property
    def term(self) -> Term:
        """The period as a rule: days, unit, first day, roll-over."""
        return Term(self.days, DayUnit(self.unit), self.first_day_counts, self.rolls)


class RequiredPaper(models.Model):
    """A paper that an application under the programme needs (所需材料)."""

    programme = models.ForeignKey(
        Programme, models.CASCADE, related_name="required_papers", verbose_name="项目"
    )
    name = models.CharField("材料名称", max_length=100)
    compulsory = models.BooleanField("必须提供", default=True)

    objects = PinnedQuerySet.as_manager()

    class Meta:
        verbose_name = "所需材料"
        verbose_name_plural = "所需材料"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["programme", "name"], name="required_paper_once")]

    def __str__(self) -> str:
        return self.name


@receiver([pre_save, pre_delete], sender=Programme)
@receiver([pre_save, pre_delete], sender=PostingPlan)
@receiver([pre_save, pre_delete], sender=RequiredPaper)
def refuse_a_change_of_a_pinned_version(sender: type[models.Model], instance: Any, **_: Any) -> None:
    """save(), delete() and loaddata of a version and its parts reach the rows through these signals."""
    owners = {instance.pk} if sender is Programme else {instance.programme_id}
    if sender is not Programme and instance.pk:
        owners |= set(sender._base_manager.filter(pk=instance.pk).values_list("programme", flat=True))
    if owners - {None}:
        refuse_pinned(Programme.objects.filter(pk__in=owners - {None}))
