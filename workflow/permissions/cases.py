"""Who may do what with one case (申请): the acts of the chain, and the work around them."""

from typing import Any

from django.db.models import QuerySet

from applications.models import Application
from applications.states import CORRECTIONS, REVIEWS, Level, State, holder
from registry.appointments import Actor
from registry.models import Household, Region, Role
from workflow.models import (
    Act,
    Decision,
)
from workflow.permissions.verdicts import ACTS_OF_HOLDER, YES, Taken, Verdict, holds, no_interest, role_for
from workflow.steps import LEVEL_ROLE, STEPS


def returned_by(application: Application) -> Level:
    """The level whose correction it is (退回的一级): the one that set it, never below the one that holds it.

    A 更正 by the township or the district leads to the village's correction state, and still is theirs to end.
    """
    held = holder(application.state)
    if not application.is_in_correction or application.pk is None:
        return held
    if "set_back_by" in (row := vars(application)):  # a page reads it along with the case
        set_by = row["set_back_by"]
    else:
        set_by = set_backs(application.pk, application.state).values_list("level", flat=True).first()
    return max(held, Level(set_by or held), key=list(Level).index)


def set_backs(case: Any, state: Any) -> QuerySet[Decision]:
    """The decisions that led a case to its correction, the latest first; the arguments may be those of an outer query."""
    acts = [Act.SEND_BACK, Act.CORRECT]
    return Decision.objects.filter(application=case, target=state, act__in=acts).order_by("-pk")


def may(actor: Actor, act: Act, application: Application, *, taken: Taken | None = None) -> Verdict:
    """Whether the person may do this act on this case, by role, region, day, kinship, and who has taken it."""
    role = role_for(act, State(application.state))
    if act is Act.LAPSE:
        role = LEVEL_ROLE[returned_by(application)]
    # Withdrawing is the household's right: whoever of the village is there may write it down.
    kin = YES if act is Act.WITHDRAW else no_interest(actor, application.household_id)
    verdict = kin and holds(actor, role, application.village.code)
    if verdict and act in ACTS_OF_HOLDER and taken is not None and taken.by_id != actor.user_id:
        return Verdict(False, f"这件申请由{taken.name}办理，您要办理请先说明理由接手。")
    return verdict


def may_review(actor: Actor) -> Verdict:
    """Whether the person has a queue to review case by case: the township's reviewers and the district's approvers."""
    if set(actor.roles) & {Role.TOWNSHIP_REVIEWER, Role.DISTRICT_APPROVER}:
        return YES
    return Verdict(False, "逐件审核由乡镇审核员和区级审定员办理，您没有这项任职。")


def may_work(actor: Actor, application: Application) -> Verdict:
    """Whether the person may take this case to their desk, or hand it on: a review or a correction of their own role."""
    state = State(application.state)
    if state not in REVIEWS | CORRECTIONS:
        return Verdict(False, "只有待审核和退回补正中的申请可以取件和转办。")
    return no_interest(actor, application.household_id) and holds(
        actor, STEPS[state].role, application.village.code
    )


def may_take(actor: Actor, application: Application, *, taken: Taken | None) -> Verdict:
    """Whether the person may take a case to their desk; taking over from a colleague asks for a reason besides."""
    verdict = may_work(actor, application)
    if verdict and taken is not None and taken.by_id == actor.user_id:
        return Verdict(False, "这件申请已经由您办理。")
    return verdict


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
        kin = no_interest(actor, household.pk)
        if not kin:
            return kin
    return holds(actor, Role.VILLAGE_CLERK, village.code)


def may_amend(actor: Actor, application: Application) -> Verdict:
    """Whether the person may change a draft or a case in correction, its papers and its visits."""
    if (
        State(application.state) not in {State.DRAFT, State.VILLAGE_REVIEW}
        and not application.is_in_correction
    ):
        return Verdict(False, "只有草稿、待村级申报和退回补正中的申请可以修改。")
    return may_enter(actor, application.village, application.household)


def may_tick(actor: Actor, application: Application) -> Verdict:
    """Whether the person may say which faults of a return are mended (补正登记): the village, while it corrects."""
    if not application.is_in_correction:
        return Verdict(False, "只有退回补正中的申请可以登记补正情况。")
    return may_amend(actor, application)


def may_declare(actor: Actor) -> Verdict:
    """Whether the person has lists of a village to declare (申报); each case is asked of `may` as well."""
    if Role.VILLAGE_CLERK in actor.roles:
        return YES
    return Verdict(False, "核实、评议和申报由当地的村级经办人办理，您没有这项任职。")


def may_hold_meeting(actor: Actor, village: Region) -> Verdict:
    """Whether the person may record an appraisal meeting of this village (民主评议)."""
    return holds(actor, Role.VILLAGE_CLERK, village.code)


def may_take_over(actor: Actor, application: Application) -> Verdict:
    """Whether the person may go on with a case that somebody else had taken: as if they decided it now."""
    return may(actor, Act.SEND_BACK, application)
