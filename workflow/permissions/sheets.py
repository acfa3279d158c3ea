"""Who may do what with sheets and objections (公示、异议)."""

from applications.models import Application
from applications.states import Level
from registry.appointments import Actor
from registry.models import Region, Role
from workflow.models import (
    EntryOutcome,
    Objection,
    Posting,
    PostingEntry,
    PostingKind,
    Telling,
)
from workflow.permissions.verdicts import YES, Verdict, holds, no_interest
from workflow.steps import LEVEL_ROLE


def may_prepare(actor: Actor, kind: PostingKind, region: Region) -> Verdict:
    """Whether the person may prepare, display, photograph or take down a sheet of this level and region."""
    role = LEVEL_ROLE[kind.level]
    verdict = holds(actor, role, region.code)
    return verdict if verdict else Verdict(False, f"{kind.label}由当地的{role.label}办理，您没有这项任职。")


def may_handle_posting(actor: Actor, posting: Posting) -> Verdict:
    return may_prepare(actor, PostingKind(posting.kind), posting.region)


def may_compare(actor: Actor, posting: Posting) -> Verdict:
    """Whether the person may compare an announcement with the lists behind it: the district, and who supervises it."""
    if any(actor.holds(role, posting.region.code) for role in (Role.DISTRICT_APPROVER, Role.SUPERVISOR)):
        return YES
    return Verdict(False, "各级名单比对由区级审定员和监督人员查看，您没有这项任职。")


def may_excuse_photo(actor: Actor, posting: Posting) -> Verdict:
    """Whether the person may say why a sheet has no photo of its end: the level that posted it, or one above."""
    order = list(Level)
    able = order[order.index(posting.level) :]
    if any(actor.holds(LEVEL_ROLE[level], posting.region.code) for level in able):
        return YES
    return Verdict(False, "没有期满照片的原因由张贴单位或上级经办人写明，您没有这项任职。")


def may_lodge(actor: Actor, application: Application) -> Verdict:
    """Whether the person may write down an objection that came in by visit, phone or 12317."""
    if any(actor.holds(role, application.village.code) for role in LEVEL_ROLE.values()):
        return YES
    return Verdict(False, "只有当地的经办人可以登记异议。")


def takes_objections(entry: PostingEntry) -> Verdict:
    """Whether a row can be objected to at all: that of a correction (更正公告) names what is revoked already."""
    if entry.outcome != EntryOutcome.REVOKED:
        return YES
    return Verdict(
        False, "更正公告上的申请已经撤销，不能再对这一行登记异议；对撤销有意见的，请向发布单位反映。"
    )


def may_handle(actor: Actor, objection: Objection) -> Verdict:
    """Whether the person may accept, investigate and decide an objection: the level that handles it."""
    kin = no_interest(actor, objection.application.household_id)
    role = LEVEL_ROLE[Level(objection.handling_level)]
    verdict = kin and holds(actor, role, objection.application.village.code)
    before = objection.appeal_of
    if verdict and before is not None and before.decided_by_id == actor.user_id:
        return Verdict(False, "原来的异议是您办结的，复核请由其他经办人办理。")
    return verdict


def may_give_slip(actor: Actor, objection: Objection) -> Verdict:
    """Whether the person may print the objector's receipt: who wrote it down, for whoever knows it may appeal."""
    if objection.received_by_id is not None and objection.received_by_id == actor.user_id:
        return YES
    return Verdict(False, "回执编号只由登记人交给异议人。")


def may_answer(actor: Actor, objection: Objection) -> Verdict:
    """Whether the person may print the letter that answers a named objector: the level that handled the objection."""
    role = LEVEL_ROLE[Level(objection.handling_level)]
    verdict = no_interest(actor, objection.application.household_id)
    verdict = verdict and holds(actor, role, objection.application.village.code)
    if not verdict:
        return verdict
    if objection.due_telling is not Telling.OUTCOME:
        return Verdict(False, "异议还没有处理结果，办结以后才能打印答复书。")
    if objection.anonymous or not objection.objector_name:
        return Verdict(False, "异议人没有署名，凭回执编号查询结果，不用书面答复。")
    return YES


def may_see_objector(actor: Actor, objection: Objection) -> Verdict:
    """Whether the person sees who objects: the handling level and those above, never the level complained of."""
    if objection.discloses_to(actor):
        return YES
    return Verdict(False, "异议人的身份对被反映的一级保密。")
