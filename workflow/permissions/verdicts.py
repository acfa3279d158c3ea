"""What a predicate answers (裁定): yes, or no with a reason a person can read; and what all of them ask."""

from dataclasses import dataclass

from applications.states import State, holder
from registry.appointments import Actor
from registry.models import Role
from registry.refusal import Refused
from workflow.models import (
    Act,
)
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


def holds(actor: Actor, role: Role, region_code: str) -> Verdict:
    if actor.holds(role, region_code):
        return YES
    return Verdict(False, f"这一步由当地的{role.label}办理，您没有这项任职。")


def no_interest(actor: Actor, household_id: int) -> Verdict:
    if household_id in actor.interests:
        return Verdict(False, "这是您本人家庭或近亲属家庭的申请，请由其他经办人办理。")
    return YES
