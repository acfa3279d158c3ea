"""One predicate per act: whether this person may do it, with a reason that a person can read.

The list query, the button and the verb ask the same predicate. The law of the case itself (open objections,
coverage, the same person at two levels) stands in the state machine and is asked there.
"""

from dataclasses import dataclass

from applications.models import Application
from applications.states import Level, State, holder
from registry.appointments import Actor
from registry.models import Household, Region, Role
from registry.refusal import Refused
from workflow.models import Act, Objection, Posting, PostingKind
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

VILLAGE_ACTS = frozenset({Act.SUBMIT, Act.DISCARD, Act.RESUBMIT, Act.RESTART, Act.WITHDRAW})
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


def may(actor: Actor, act: Act, application: Application) -> Verdict:
    """Whether the person may do this act on this case, by role, region, day and kinship."""
    role = role_for(act, State(application.state))
    # Withdrawing is the household's right: whoever of the village is there may write it down.
    kin = YES if act is Act.WITHDRAW else _no_interest(actor, application.household_id)
    return kin and _holds(actor, role, application.village.code)


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


def may_amend(actor: Actor, application: Application) -> Verdict:
    """Whether the person may change a draft or a case in correction, its papers and its visits."""
    if (
        State(application.state) not in {State.DRAFT, State.VILLAGE_REVIEW}
        and not application.is_in_correction
    ):
        return Verdict(False, "只有草稿、待村级申报和退回补正中的申请可以修改。")
    return may_enter(actor, application.village, application.household)


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


def may_change_wording(actor: Actor) -> Verdict:
    """Whether the person may word the templates of the sheets: an administrator (管理员)."""
    if Role.ADMINISTRATOR in actor.roles:
        return YES
    return Verdict(False, "公示模板由管理员维护，您没有这项任职。")


def may_lodge(actor: Actor, application: Application) -> Verdict:
    """Whether the person may write down an objection that came in by visit, phone or 12317."""
    if any(actor.holds(role, application.village.code) for role in LEVEL_ROLE.values()):
        return YES
    return Verdict(False, "只有当地的经办人可以登记异议。")


def may_handle(actor: Actor, objection: Objection) -> Verdict:
    """Whether the person may accept, investigate and decide an objection: the level that handles it."""
    kin = _no_interest(actor, objection.application.household_id)
    role = LEVEL_ROLE[Level(objection.handling_level)]
    return kin and _holds(actor, role, objection.application.village.code)


def may_see_objector(actor: Actor, objection: Objection) -> Verdict:
    """Whether the person sees who objects: the handling level and those above, never the level complained of."""
    order = list(Level)
    able = order[order.index(Level(objection.handling_level)) :]
    code = objection.application.village.code
    if any(actor.holds(LEVEL_ROLE[level], code) for level in able):
        return YES
    return Verdict(False, "异议人的身份对被反映的一级保密。")
