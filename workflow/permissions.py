"""One predicate per act: whether this person may do it, with a reason that a person can read.

The list query, the button and the verb ask the same predicate. The law of the case itself (open objections,
coverage, the same person at two levels) stands in the state machine and is asked there.
"""

from dataclasses import dataclass

from django.db.models import Q

from applications.models import Application
from applications.states import CORRECTIONS, REVIEWS, Level, State, holder
from registry.appointments import Actor
from registry.models import Appointment, Household, Region, Role, User
from registry.refusal import Refused
from workflow.models import Act, EntryOutcome, Objection, Posting, PostingEntry, PostingKind
from workflow.steps import LEVEL_ROLE, STEPS


class NotAllowed(Refused):
    """The person may not do this; the sentence says why."""


@dataclass(frozen=True)
class Verdict:
    """Yes, or no with a reason."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def enforce(self) -> None:
        """Raise NotAllowed with the reason where the verdict is no."""
        if not self.allowed:
            raise NotAllowed(self.reason)


YES = Verdict(True)


@dataclass(frozen=True)
class Taken:
    """Who has taken a case to their own desk (取件)."""

    by_id: int
    name: str


VILLAGE_ACTS = frozenset({Act.SUBMIT, Act.DISCARD, Act.RESUBMIT, Act.RESTART, Act.WITHDRAW})
ACTS_OF_HOLDER = frozenset(
    {
        Act.PASS_VILLAGE,
        Act.PASS_TOWNSHIP,
        Act.PASS_DISTRICT,
        Act.SEND_BACK,
        Act.REJECT,
        Act.RETURN_TO_TOWNSHIP,
        Act.RESUBMIT,
        Act.RESTART,
    }
)
"""What only the holder of a taken case does. The household's withdrawal, and the end of a correction nobody answered,
must not hang on who has taken the case."""
DISTRICT_ACTS = frozenset({Act.RETURN_TO_TOWNSHIP, Act.STOP, Act.ANNOUNCE, Act.REVOKE})


def role_for(act: Act, state: State) -> Role:
    """The role that an act needs on a case in this state."""
    if act in VILLAGE_ACTS:
        return Role.VILLAGE_CLERK
    if act in DISTRICT_ACTS:
        return Role.DISTRICT_APPROVER
    if act is Act.LAPSE:
        return LEVEL_ROLE[holder(state)]
    return STEPS[state].role if state in STEPS else Role.DISTRICT_APPROVER


def _holds(actor: Actor, role: Role, region_code: str) -> Verdict:
    if actor.holds(role, region_code):
        return YES
    return Verdict(False, f"这一步由当地的{role.label}办理，您没有这项任职。")


def _no_interest(actor: Actor, household_id: int) -> Verdict:
    if household_id in actor.interests:
        return Verdict(False, "这是您本人家庭或近亲属家庭的申请，请由其他经办人办理。")
    return YES


def returned_by(application: Application) -> Level:
    """The level whose correction it is (退回的一级): the one that set it, never below the one that holds it.

    A 更正 by the township or the district leads to the village's correction state, and still is theirs to end.
    """
    held = holder(application.state)
    if not application.is_in_correction or application.pk is None:
        return held
    acts = application.decisions.filter(target=application.state, act__in=[Act.SEND_BACK, Act.CORRECT])
    set_by = acts.order_by("pk").values_list("level", flat=True).last()
    return max(held, Level(set_by or held), key=list(Level).index)


def may(actor: Actor, act: Act, application: Application, *, taken: Taken | None = None) -> Verdict:
    """Whether the person may do this act on this case, by role, region, day, kinship, and who has taken it."""
    role = role_for(act, State(application.state))
    if act is Act.LAPSE:
        role = LEVEL_ROLE[returned_by(application)]
    # Withdrawing is the household's right: whoever of the village is there may write it down.
    kin = YES if act is Act.WITHDRAW else _no_interest(actor, application.household_id)
    verdict = kin and _holds(actor, role, application.village.code)
    if verdict and act in ACTS_OF_HOLDER and taken is not None and taken.by_id != actor.user_id:
        return Verdict(False, f"这件申请由{taken.name}办理，您要办理请先说明理由接手。")
    return verdict


def may_work(actor: Actor, application: Application) -> Verdict:
    """Whether the person may take this case to their desk, or hand it on: a review or a correction of their own role."""
    state = State(application.state)
    if state not in REVIEWS | CORRECTIONS:
        return Verdict(False, "只有待审核和退回补正中的申请可以取件和转办。")
    return _no_interest(actor, application.household_id) and _holds(
        actor, STEPS[state].role, application.village.code
    )


def may_give_back(actor: Actor, application: Application, *, taken: Taken | None) -> Verdict:
    """Whether the person may put a case back on the common desk: whoever has taken it."""
    if taken is not None and taken.by_id == actor.user_id:
        return YES
    return Verdict(False, f"这件申请由{taken.name}办理。" if taken else "这件申请还没有人取件。")


def may_hand_over(actor: Actor, application: Application, *, taken: Taken | None) -> Verdict:
    """Whether the person may hand a case to a colleague (转办): its holder, or anybody of the desk it lies on untaken."""
    verdict = may_work(actor, application)
    if verdict and taken is not None and taken.by_id != actor.user_id:
        return Verdict(False, f"这件申请由{taken.name}办理，只有{taken.name}可以转办。")
    return verdict


def may_urge(actor: Actor, application: Application) -> Verdict:
    """Whether the person may urge the level that holds the case (催办): a level below it, over the same village."""
    state = State(application.state)
    if state not in STEPS or state in CORRECTIONS or not STEPS[state].level.below:
        return Verdict(False, "只有等待上级办理的申请可以催办。")
    if any(actor.holds(LEVEL_ROLE[level], application.village.code) for level in STEPS[state].level.below):
        return YES
    return Verdict(False, "催办由下级经办人提出，您没有下级的任职。")


def may_read(actor: Actor, application: Application) -> Verdict:
    """Whether the person sees the case at all: any role over its village."""
    if any(application.village.code.startswith(prefix) for prefix in actor.may_read_prefixes):
        return YES
    return Verdict(False, "该申请不在您的管辖范围内。")


def may_enter(actor: Actor, village: Region, household: Household | None = None) -> Verdict:
    """Whether the person may enter an application for a household of this village (代办)."""
    if household is not None:
        kin = _no_interest(actor, household.pk)
        if not kin:
            return kin
    return _holds(actor, Role.VILLAGE_CLERK, village.code)


def may_see_numbers(actor: Actor, household: Household) -> Verdict:
    """Whether the person may see full ID numbers, cards and telephones of a household: who decides on its cases."""
    if not any(actor.holds(role, household.village.code) for role in LEVEL_ROLE.values()):
        return Verdict(False, "完整号码只对当地的经办人开放，您没有这项任职。")
    return _no_interest(actor, household.pk)


def may_export_numbers(actor: Actor, region_code: str) -> Verdict:
    """Whether full numbers of a region's households may leave in one file: the district, which pays."""
    if actor.holds(Role.DISTRICT_APPROVER, region_code):
        return YES
    return Verdict(
        False, f"完整号码由{Role.DISTRICT_APPROVER.label}导出，您没有这项任职；请导出只显示一部分的名册。"
    )


def audited_prefixes(actor: Actor) -> tuple[str, ...]:
    """The regions whose records of personal data the person may look through."""
    return actor.prefixes(Role.SUPERVISOR, Role.ADMINISTRATOR)


def may_audit_disclosures(actor: Actor) -> Verdict:
    """Whether the person may look through the records of personal data: supervisors and administrators."""
    if audited_prefixes(actor):
        return YES
    return Verdict(False, "个人信息记录由监督员和系统管理员查看，您没有这项任职。")


def may_remove(actor: Actor, household: Household) -> Verdict:
    """Whether the person may remove a household's personal data by a decision: an administrator over its village."""
    if actor.holds(Role.ADMINISTRATOR, household.village.code):
        return YES
    return Verdict(False, f"个人信息由{Role.ADMINISTRATOR.label}凭决定删除，您没有这项任职。")


def may_amend(actor: Actor, application: Application) -> Verdict:
    """Whether the person may change a draft or a case in correction, its papers and its visits."""
    if (
        State(application.state) not in {State.DRAFT, State.VILLAGE_REVIEW}
        and not application.is_in_correction
    ):
        return Verdict(False, "只有草稿、待村级申报和退回补正中的申请可以修改。")
    return may_enter(actor, application.village, application.household)


def may_declare(actor: Actor) -> Verdict:
    """Whether the person has lists of a village to declare (申报); each case is asked of `may` as well."""
    if Role.VILLAGE_CLERK in actor.roles:
        return YES
    return Verdict(False, "核实、评议和申报由当地的村级经办人办理，您没有这项任职。")


def may_hold_meeting(actor: Actor, village: Region) -> Verdict:
    """Whether the person may record an appraisal meeting of this village (民主评议)."""
    return _holds(actor, Role.VILLAGE_CLERK, village.code)


def may_prepare(actor: Actor, kind: PostingKind, region: Region) -> Verdict:
    """Whether the person may prepare, display, photograph or take down a sheet of this level and region."""
    role = LEVEL_ROLE[kind.level]
    verdict = _holds(actor, role, region.code)
    return verdict if verdict else Verdict(False, f"{kind.label}由当地的{role.label}办理，您没有这项任职。")


def may_handle_posting(actor: Actor, posting: Posting) -> Verdict:
    return may_prepare(actor, PostingKind(posting.kind), posting.region)


def may_keep_programmes(actor: Actor, region: Region) -> Verdict:
    """Whether the person may lay down programmes of this region, change them, and add versions."""
    if actor.holds(Role.ADMINISTRATOR, region.code):
        return YES
    return Verdict(False, f"补贴项目由当地的{Role.ADMINISTRATOR.label}维护，您没有这项任职。")


def may_keep_households(actor: Actor, village: Region) -> Verdict:
    """Whether the person may register households and people of this village from a list (户籍)."""
    if actor.holds(Role.ADMINISTRATOR, village.code):
        return YES
    return Verdict(False, f"户和成员由当地的{Role.ADMINISTRATOR.label}登记，您没有这项任职。")


def may_compare(actor: Actor, posting: Posting) -> Verdict:
    """Whether the person may compare an announcement with the lists behind it: the district, and who supervises it."""
    if any(actor.holds(role, posting.region.code) for role in (Role.DISTRICT_APPROVER, Role.SUPERVISOR)):
        return YES
    return Verdict(False, "各级名单比对由区级审定员和监督人员查看，您没有这项任职。")


def may_enter_notice(actor: Actor) -> Verdict:
    """Whether the person may enter a year's holiday notice: it moves dates everywhere (节假日通知)."""
    if Role.ADMINISTRATOR in actor.roles:
        return YES
    return Verdict(False, "节假日通知由系统管理员录入，您没有这项任职。")


def may_excuse_photo(actor: Actor, posting: Posting) -> Verdict:
    """Whether the person may say why a sheet has no photo of its end: the level that posted it, or one above."""
    order = list(Level)
    able = order[order.index(posting.level) :]
    if any(actor.holds(LEVEL_ROLE[level], posting.region.code) for level in able):
        return YES
    return Verdict(False, "没有期满照片的原因由张贴单位或上级经办人写明，您没有这项任职。")


def may_change_wording(actor: Actor) -> Verdict:
    """Whether the person may word the templates of sheets and messages: an administrator (管理员)."""
    if Role.ADMINISTRATOR in actor.roles:
        return YES
    return Verdict(False, "公示模板和消息模板由管理员维护，您没有这项任职。")


def may_keep_accounts(actor: Actor) -> Verdict:
    """Whether the person may keep logins at all: an administrator (系统管理员)."""
    if Role.ADMINISTRATOR in actor.roles:
        return YES
    return Verdict(False, "账号由系统管理员管理，您没有这项任职。")


def may_keep_account(actor: Actor, person: User) -> Verdict:
    """Whether the person may reset, lock out, or let in again the holder of a login.

    All that the holder holds, today or later, lies in the administrator's regions: nobody takes over a login that
    reaches further than the own. Nor the own one, where nobody else would see it.
    """
    verdict = may_keep_accounts(actor)
    if not verdict:
        return verdict
    if person.pk == actor.user_id:
        return Verdict(False, "自己的账号请由其他管理员办理；密码请在“密码”页面修改。")
    if person.is_superuser and not getattr(actor.user, "is_superuser", False):
        return Verdict(False, "该账号可以进入全部后台，只能由同样的账号办理。")
    held = Appointment.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=actor.on), user_id=person.pk)
    codes = held.order_by().values_list("region__code", flat=True)
    if all(actor.holds(Role.ADMINISTRATOR, code) for code in codes):
        return YES
    return Verdict(False, "该账号在您管辖的区划以外还有任职，请由上级管理员办理。")


def may_take_over(actor: Actor, application: Application) -> Verdict:
    """Whether the person may go on with a case that somebody else had taken: as if they decided it now."""
    return may(actor, Act.SEND_BACK, application)


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
    kin = _no_interest(actor, objection.application.household_id)
    role = LEVEL_ROLE[Level(objection.handling_level)]
    verdict = kin and _holds(actor, role, objection.application.village.code)
    before = objection.appeal_of
    if verdict and before is not None and before.decided_by_id == actor.user_id:
        return Verdict(False, "原来的异议是您办结的，复核请由其他经办人办理。")
    return verdict


def may_give_slip(actor: Actor, objection: Objection) -> Verdict:
    """Whether the person may print the objector's receipt: who wrote it down, for whoever knows it may appeal."""
    if objection.received_by_id is not None and objection.received_by_id == actor.user_id:
        return YES
    return Verdict(False, "回执编号只由登记人交给异议人。")


def may_see_objector(actor: Actor, objection: Objection) -> Verdict:
    """Whether the person sees who objects: the handling level and those above, never the level complained of."""
    if objection.discloses_to(actor):
        return YES
    return Verdict(False, "异议人的身份对被反映的一级保密。")
