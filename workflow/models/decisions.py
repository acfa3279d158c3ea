"""What a person did to a case (办理决定), with the faults of a return and the reason of a refusal."""

from django.conf import settings
from django.db import models

from applications.models import Application, RequiredPaper
from applications.states import Level, State


class Act(models.TextChoices):
    """The acts that move a case, named as the state machine's methods."""

    SUBMIT = "submit", "提交申请"
    DISCARD = "discard", "作废草稿"
    PASS_VILLAGE = "pass_village_review", "村级申报"
    PASS_TOWNSHIP = "pass_township_review", "乡级审核通过"
    PASS_DISTRICT = "pass_district_review", "区级审定通过"
    SEND_BACK = "send_back", "退回补正"
    REJECT = "reject", "不予批准"
    RETURN_TO_TOWNSHIP = "return_to_township", "退回乡级重审"
    TAKE_BACK = "take_back", "收回"
    CORRECT = "correct", "更正"
    STOP = "stop", "暂停公告"
    RESUBMIT = "resubmit", "补正后再报"
    RESTART = "restart", "补正后重新申报"
    LAPSE = "lapse", "逾期终止"
    WITHDRAW = "withdraw", "撤回"
    ANNOUNCE = "announce", "公告"
    REVOKE = "revoke", "撤销"


OTHER_ACTS = {
    "enter": "代办录入",
    "amend": "修改申请",
    "attach": "上传材料",
    "record_visit": "入户核实",
    "record_meeting": "民主评议",
    "put_up": "张贴公示",
    "take_down": "撤下公示",
    "dates_moved": "日期调整",
    "close_village_posting": "村级公示期满",
    "close_township_posting": "乡级公示期满",
    "close_district_posting": "区级公示期满",
    "objection_received": "收到异议",
    "objection_accepted": "异议受理",
    "objection_not_accepted": "异议不予受理",
    "objection_investigating": "异议调查",
    "objection_withdrawn": "异议撤回",
    "objection_passed_on": "异议移送",
    "objection_decided": "异议办结",
    "objection_confirmed": "异议核实",
    "objector_told": "告知异议人",
    "appeal_received": "收到复核申请",
    "data_removed": "删除个人信息",
    "task_handed_over": "移交办理",
    "objection_handed_over": "异议移交",
    "take": "取件",
    "take_over": "接手",
    "give_back": "放回",
    "hand_over": "转办",
    "urge": "催办",
    "tick_faults": "补正登记",
}
"""Acts in history that are nobody's decision: the village's fieldwork, sheets, objections, the clock."""


def word_for(act: str) -> str:
    """The Chinese word for an act in history."""
    return OTHER_ACTS.get(act) or dict(Act.choices).get(act, act)


DECIDING = frozenset(set(Act) - {Act.WITHDRAW, Act.DISCARD})
"""Acts that make a person a decider at their level. The household's withdrawal is nobody's decision."""


class RefusalCode(models.TextChoices):
    """Why a case is refused (不予批准原因)."""

    NOT_TARGET = "not_target", "不属于补贴对象"
    FACTS = "facts", "申报情况与事实不符"
    DUPLICATE = "duplicate", "重复享受"
    PAPERS = "papers", "材料不全且未按期补正"
    EXCLUDED = "excluded", "属于不得享受的情形"
    APPRAISAL = "appraisal", "民主评议未通过"
    OBJECTION = "objection", "异议成立"
    OTHER = "other", "其他原因"


class Decision(models.Model):
    """One human act on one case at one level. Facts for letters, messages and the rule of separate people."""

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="decisions", verbose_name="申请"
    )
    act = models.CharField("事项", max_length=30, choices=Act.choices)
    level = models.CharField("层级", max_length=10, choices=Level.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="decisions", verbose_name="经办人"
    )
    at = models.DateTimeField("时间")
    source = models.CharField("原状态", max_length=30, choices=State.choices)
    target = models.CharField("新状态", max_length=30, choices=State.choices)
    opinion = models.TextField("意见", blank=True)
    reason_code = models.CharField("原因", max_length=20, choices=RefusalCode.choices, blank=True)
    quantity_before = models.DecimalField("原数量", max_digits=10, decimal_places=2)
    quantity_after = models.DecimalField("核定数量", max_digits=10, decimal_places=2)
    amount_before = models.DecimalField("原金额", max_digits=12, decimal_places=2)
    amount_after = models.DecimalField("核定金额", max_digits=12, decimal_places=2)
    working = models.TextField("核减计算", blank=True)
    delivered_on = models.DateField("送达日期", null=True, blank=True)
    batch = models.UUIDField("批次")

    class Meta:
        verbose_name = "办理决定"
        verbose_name_plural = "办理决定"
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["application", "level"], name="decision_deciders")]

    def __str__(self) -> str:
        return f"{self.application} {self.get_act_display()}"

    @property
    def is_cut(self) -> bool:
        """The decision lowered quantity or amount (核减)."""
        return self.quantity_after < self.quantity_before or self.amount_after < self.amount_before


class Fault(models.Model):
    """One numbered fault of a return (补正事项). All faults are named at once (一次性告知)."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="faults", verbose_name="退回决定")
    number = models.PositiveSmallIntegerField("序号")
    text = models.TextField("补正内容")
    paper = models.ForeignKey(
        RequiredPaper, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="所需材料"
    )
    visible_before = models.BooleanField("首次退回时已可发现", default=False)
    mended_at = models.DateTimeField("补正时间", null=True, blank=True)

    class Meta:
        verbose_name = "补正事项"
        verbose_name_plural = "补正事项"
        ordering = ["decision", "number"]
        constraints = [models.UniqueConstraint(fields=["decision", "number"], name="fault_number_once")]

    def __str__(self) -> str:
        return f"{self.number}. {self.text}"
