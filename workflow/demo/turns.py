"""Turns that cases of the story take off the straight way (办理经过), each by its verb."""

from datetime import datetime

from registry.models import User
from workflow import intake, objections, reviews
from workflow.demo.acts import Case, require
from workflow.models import Objection, ObjectionOutcome, RefusalCode

FINDINGS: dict[ObjectionOutcome, tuple[str, str]] = {
    ObjectionOutcome.NOT_UPHELD: (
        "两人到现场丈量，地块均已耕种，面积与公示一致。",
        "反映的情况与事实不符，异议不成立。",
    ),
    ObjectionOutcome.CORRECTED: (
        "两人到现场丈量，实际面积比公示少0.6亩。",
        "公示的面积有误，撤出更正后重新公示。",
    ),
    ObjectionOutcome.CANCELLED: (
        "流转合同和现场情况与反映的一致，本人没有种植。",
        "不符合补助条件，取消申报。",
    ),
}
"""What was found, and the reason for the decision."""


def decide_objection(case: Case, at: datetime, *, by: User, outcome: ObjectionOutcome) -> None:
    """Decide the open objection on a case."""
    findings, reason = FINDINGS[outcome]
    objections.decide(
        Objection.objects.open().get(application=case.pk),
        by=by,
        now=at,
        outcome=outcome,
        findings=findings,
        reason=reason,
    )


def give_back(case: Case, at: datetime, *, by: User) -> None:
    """The district gives a case back to the township (退回乡级重审)."""
    opinion = "请乡级再核对一次户信息。"
    require(reviews.return_to_township([case.ref], by=by, now=at, opinion=opinion))


def refuse_in_village(case: Case, at: datetime) -> None:
    """The village does not declare a case (不予上报)."""
    require(
        reviews.reject(
            [case.ref],
            by=case.clerk,
            now=at,
            reason_code=RefusalCode.FACTS,
            opinion="入户复核时没有饲养，不予上报。可以向镇政府申请复核。",
        )
    )


def refuse(case: Case, at: datetime, *, by: User) -> None:
    """The township refuses a case (不予批准)."""
    require(
        reviews.reject(
            [case.ref],
            by=by,
            now=at,
            reason_code=RefusalCode.DUPLICATE,
            opinion="本人本年度已从用工单位领取同类交通补助〔示例〕。",
        )
    )


def withdraw(case: Case, at: datetime) -> None:
    """The household takes its application back (撤回)."""
    opinion = "申请人表示家中劳力不足，自愿撤回。"
    require(intake.withdraw([case.ref], by=case.clerk, now=at, opinion=opinion))


def put_right(case: Case, reason: str, at: datetime) -> None:
    """The village completes a returned case and hands it in again (补正)."""
    intake.amend(case.ref, by=case.clerk, now=at, quantity=case.quantity, reason=reason)
    require(intake.resubmit([case.ref], by=case.clerk, now=at, opinion="已按告知补充。"))


def correct(case: Case, at: datetime, *, by: User) -> None:
    """A row on display is wrong and is taken out (更正)."""
    opinion = "公示的面积录入有误，应按承包合同更正。"
    require(reviews.correct([case.ref], by=by, now=at, opinion=opinion))


def lapse(case: Case, at: datetime, *, by: User) -> None:
    """End a correction that nobody made (逾期终止)."""
    opinion = "补正期满，经催办仍未补正，终止办理。"
    require(reviews.lapse([case.ref], by=by, now=at, opinion=opinion))


def revoke(case: Case, at: datetime, *, by: User) -> None:
    """Revoke an announced result (撤销)."""
    opinion = "公告后查实本人已由用工单位报销路费，不再符合条件〔示例〕。"
    require(reviews.revoke([case.ref], by=by, now=at, opinion=opinion))
