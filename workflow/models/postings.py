"""A posting (公示) or an announcement (公告): a document with a list, a clock, evidence and an outcome per entry."""

from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django_fsm import FSMField, FSMModelMixin, transition

from applications.models import Application, Attachment, Programme
from applications.states import Level
from applications.terms import DayUnit, Term
from registry.appointments import Actor
from registry.models import Member, Region
from registry.scope import within


class PostingKind(models.TextChoices):
    VILLAGE = "village", "村级公示"
    TOWNSHIP = "township", "乡级公示"
    DISTRICT = "district", "区级公示"
    ANNOUNCEMENT = "announcement", "公告"

    @property
    def level(self) -> Level:
        """The level that answers for the sheet; announcements are the district's."""
        return Level.DISTRICT if self is PostingKind.ANNOUNCEMENT else Level(self.value)


class PostingState(models.TextChoices):
    DRAFT = "draft", "拟稿"
    DISPLAYED = "displayed", "公示中"
    CLOSED = "closed", "已期满"
    TAKEN_DOWN = "taken_down", "已撤下"
    PUBLISHED = "published", "已公告"
    CORRECTED = "corrected", "已更正"


class EntryOutcome(models.TextChoices):
    PICKED = "picked", "拟列入"
    ON_DISPLAY = "on_display", "公示中"
    PASSED = "passed", "公示无异议"
    NOT_PASSED = "not_passed", "期满时有异议"
    REMOVED = "removed", "已撤出"
    ANNOUNCED = "announced", "已公告"
    REVOKED = "revoked", "撤销"


class PostingQuerySet(models.QuerySet["Posting"]):
    def visible_to(self, actor: Actor) -> Self:
        """Sheets of the regions the person looks after, and those above that hold their cases."""
        prefixes = actor.may_read_prefixes
        holds_their_case = PostingEntry.objects.filter(
            within(prefixes, "application__village__code"), posting=models.OuterRef("pk")
        )
        return self.filter(within(prefixes, "region__code") | models.Exists(holds_their_case))

    def on_display(self) -> Self:
        return self.filter(state=PostingState.DISPLAYED)


class DisplayAct(models.Model):
    """One act of putting up sheets: place, time, person, witness. It may cover several sheets side by side."""

    place = models.CharField("张贴地点", max_length=100)
    displayed_at = models.DateTimeField("张贴时间")
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="张贴人"
    )
    witness = models.CharField("见证人", max_length=50)
    witness_post = models.CharField("见证人身份", max_length=50, default="村务监督委员会")
    recorded_at = models.DateTimeField("登记时间")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="登记人",
    )

    class Meta:
        verbose_name = "张贴登记"
        verbose_name_plural = "张贴登记"
        ordering = ["-displayed_at"]

    def __str__(self) -> str:
        return f"{self.place} {self.displayed_at:%Y-%m-%d %H:%M}"


class DisplayPhoto(models.Model):
    """A photo of the posted sheet, at the start or at the end of its period."""

    class Moment(models.TextChoices):
        START = "start", "张贴时"
        END = "end", "期满时"

    display = models.ForeignKey(DisplayAct, models.PROTECT, related_name="photos", verbose_name="张贴登记")
    attachment = models.OneToOneField(
        Attachment, models.PROTECT, related_name="display_photo", verbose_name="照片"
    )
    moment = models.CharField("时点", max_length=10, choices=Moment.choices)

    class Meta:
        verbose_name = "公示照片"
        verbose_name_plural = "公示照片"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.display} {self.get_moment_display()}"


class Posting(FSMModelMixin, models.Model):
    """One sheet: one level, one region, one programme, many cases. Frozen when it is really displayed."""

    Kind = PostingKind
    State = PostingState

    kind = models.CharField("种类", max_length=15, choices=PostingKind.choices)
    region = models.ForeignKey(Region, models.PROTECT, related_name="postings", verbose_name="公示单位区域")
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="postings", verbose_name="项目")
    title = models.CharField("标题", max_length=200)
    legal_basis = models.TextField("政策依据")
    standard = models.TextField("补贴标准")
    text = models.TextField("正文")
    objection_way = models.TextField("异议受理方式")
    department_phone = models.CharField("区主管部门监督电话", max_length=40, blank=True)
    township_phone = models.CharField("乡镇监督电话", max_length=40, blank=True)
    discipline_phone = models.CharField("纪委监督电话", max_length=40, blank=True)
    hotline = models.CharField("举报电话", max_length=40, default="12317")
    number = models.CharField("公示编号", max_length=60, blank=True)
    batch_label = models.CharField("批次", max_length=30, blank=True)
    supplements = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="supplements_to",
        verbose_name="补充的公示",
    )
    state = FSMField(
        "状态", choices=PostingState.choices, default=PostingState.DRAFT, protected=True, max_length=15
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="拟稿人"
    )
    created_at = models.DateTimeField("拟稿时间")
    display = models.ForeignKey(
        DisplayAct, models.PROTECT, null=True, blank=True, related_name="postings", verbose_name="张贴登记"
    )
    displayed_on = models.DateField("张贴日期", null=True, blank=True)
    days = models.PositiveSmallIntegerField("公示天数", null=True, blank=True)
    unit = models.CharField("天数单位", max_length=10, choices=DayUnit.choices, blank=True)
    first_day_counts = models.BooleanField("首日计入", default=False)
    rolls = models.BooleanField("末日逢休息日顺延", default=True)
    citation = models.TextField("公示期依据", blank=True)
    closes_on = models.DateField("公示截止日", null=True, blank=True)
    ledger = models.JSONField("逐日台账", default=list)
    provisional = models.BooleanField("含暂定日历", default=False)
    digest = models.CharField("名单摘要", max_length=64, blank=True)
    closed_at = models.DateTimeField("期满办结时间", null=True, blank=True)
    taken_down_at = models.DateTimeField("撤下时间", null=True, blank=True)
    taken_down_reason = models.TextField("撤下原因", blank=True)
    certificate = models.TextField("公示情况说明", blank=True)
    certificate_facts = models.JSONField("公示情况说明要素", default=dict, blank=True)
    photo_excuse = models.TextField("没有期满照片的原因", blank=True)
    photo_excused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="原因填写人",
    )
    photo_excused_at = models.DateTimeField("原因填写时间", null=True, blank=True)
    revision = models.PositiveIntegerField("修订号", default=0, editable=False)

    objects = PostingQuerySet.as_manager()

    class Meta:
        verbose_name = "公示"
        verbose_name_plural = "公示"
        ordering = ["-pk"]
        constraints = [
            # Two villages of one name in two townships each have a first sheet.
            models.UniqueConstraint(
                fields=["region", "number"], condition=~models.Q(number=""), name="posting_number_once"
            ),
            models.CheckConstraint(
                condition=models.Q(closes_on__isnull=True)
                | models.Q(closes_on__gte=models.F("displayed_on")),
                name="posting_closes_after_it_opens",
            ),
        ]
        indexes = [
            models.Index(fields=["closes_on"], condition=models.Q(state="displayed"), name="posting_due"),
            models.Index(fields=["region", "state"], name="posting_region_state"),
        ]

    def __str__(self) -> str:
        return self.number or self.title

    def get_absolute_url(self) -> str:
        return reverse("posting-detail", args=[self.pk])

    @property
    def is_announcement(self) -> bool:
        return self.kind == PostingKind.ANNOUNCEMENT

    @property
    def level(self) -> Level:
        return PostingKind(self.kind).level

    @property
    def term(self) -> Term | None:
        """The period as it was promised at display, or None before."""
        if self.days is None:
            return None
        return Term(self.days, DayUnit(self.unit), self.first_day_counts, self.rolls)

    @transition(field=state, source=PostingState.DRAFT, target=PostingState.DISPLAYED)
    def put_up(self) -> None:
        """The sheet is really displayed; from now on its list is frozen and its clock runs."""

    @transition(field=state, source=PostingState.DISPLAYED, target=PostingState.CLOSED)
    def close(self) -> None:
        """The last day of display has ended."""

    @transition(field=state, source=PostingState.DISPLAYED, target=PostingState.TAKEN_DOWN)
    def take_down(self) -> None:
        """The sheet is taken down before its end: the period is void."""

    @transition(field=state, source=PostingState.DRAFT, target=PostingState.PUBLISHED)
    def publish(self) -> None:
        """The announcement is published and stays."""

    @transition(
        field=state, source=[PostingState.PUBLISHED, PostingState.CORRECTED], target=PostingState.CORRECTED
    )
    def note_correction(self) -> None:
        """A case of the announcement was revoked; the page stays, with a notice."""


class PostingEntry(models.Model):
    """One case on one sheet: the public row as it was shown, and what became of it."""

    Outcome = EntryOutcome

    posting = models.ForeignKey(Posting, models.PROTECT, related_name="entries", verbose_name="公示")
    application = models.ForeignKey(Application, models.PROTECT, related_name="entries", verbose_name="申请")
    level = models.CharField("层级", max_length=15, choices=PostingKind.choices)
    position = models.PositiveIntegerField("序号")
    quantity = models.DecimalField("数量", max_digits=10, decimal_places=2)
    amount = models.DecimalField("金额", max_digits=12, decimal_places=2)
    payee = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name="收款人")
    option = models.CharField("档次", max_length=40, blank=True)
    row = models.JSONField("公示内容", default=dict)
    outcome = models.CharField(
        "结果", max_length=12, choices=EntryOutcome.choices, default=EntryOutcome.PICKED
    )
    outcome_reason = models.CharField("结果原因", max_length=200, blank=True)
    outcome_at = models.DateTimeField("结果时间", null=True, blank=True)
    repeats = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="repeated_by",
        verbose_name="重新公示的条目",
    )

    class Meta:
        verbose_name = "公示条目"
        verbose_name_plural = "公示条目"
        ordering = ["posting", "position"]
        constraints = [
            models.UniqueConstraint(fields=["posting", "application"], name="entry_once_per_posting"),
            models.UniqueConstraint(
                fields=["application", "level"],
                condition=models.Q(outcome="on_display"),
                name="entry_on_display_once_per_level",
            ),
        ]
        indexes = [models.Index(fields=["application", "level", "outcome"], name="entry_cover")]

    def __str__(self) -> str:
        return f"{self.posting} 第{self.position}号"


class AnnouncementSheet(models.Model):
    """The ten items and the publication data of an announcement (公告十项, 政府信息公开目录)."""

    posting = models.OneToOneField(Posting, models.PROTECT, related_name="announcement", verbose_name="公告")
    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="corrections",
        verbose_name="更正的公告",
    )
    place = models.TextField("实施地点")
    content = models.TextField("建设内容")
    funding = models.TextField("资金来源")
    construction_period = models.TextField("建设期限")
    result = models.TextField("项目实施结果")
    inspection = models.TextField("检查验收结果")
    performance = models.TextField("绩效目标实现情况")
    responsible = models.TextField("责任单位及责任人")
    phones = models.TextField("监督电话")
    announced_on = models.DateField("公告时间", null=True, blank=True)
    index_number = models.CharField("索引号", max_length=40, blank=True)
    category = models.CharField("组配分类", max_length=60, default="扶贫项目")
    publisher = models.CharField("发布机构", max_length=100, blank=True)
    topic = models.CharField("主题分类", max_length=60, default="综合政务")
    document_number = models.CharField("文号", max_length=60, blank=True)
    generated_on = models.DateField("生成日期", null=True, blank=True)
    published_on = models.DateField("发布日期", null=True, blank=True)

    class Meta:
        verbose_name = "公告正文"
        verbose_name_plural = "公告正文"
        constraints = [
            models.UniqueConstraint(
                fields=["index_number"], condition=~models.Q(index_number=""), name="index_number_once"
            )
        ]

    def __str__(self) -> str:
        return self.index_number or str(self.posting)

    @property
    def corrected_by(self) -> models.QuerySet["AnnouncementSheet"]:
        """The corrections of this announcement (更正公告), the first one first."""
        return self.corrections.select_related("posting").order_by("pk")


class Counter(models.Model):
    """A locked counter row: numbers without gaps or repeats (公示编号, 索引号, 申请编号)."""

    name = models.CharField("计数器", max_length=120, unique=True)
    value = models.PositiveIntegerField("当前值", default=0)

    class Meta:
        verbose_name = "计数器"
        verbose_name_plural = "计数器"

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
