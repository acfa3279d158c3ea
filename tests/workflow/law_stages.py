"""Taking one case to any state at all, by the verbs, and telling what a state looks like from outside."""

from datetime import datetime, time, timedelta

from django.utils import timezone

from applications.models import Application
from applications.states import CORRECTIONS, LEVEL_OF, Level, State
from registry.models import User
from tests import stages
from tests.world import World
from workflow import intake, reviews, sweeps
from workflow.models import Deadline, PostingKind, RefusalCode
from workflow.results import Ref
from workflow.steps import REVIEW_STATE


def holder(world: World, level: Level) -> User:
    """The person of the level who works the case on the straight way."""
    return {Level.VILLAGE: world.clerk, Level.TOWNSHIP: world.reviewer, Level.DISTRICT: world.approver}[level]


def refs(case: Application) -> list[Ref]:
    return [Ref.of(stages.again(case))]


def at(world: World, state: State) -> tuple[Application, datetime]:
    """One case in the state, and the moment it got there."""
    if state in stages.ORDER:
        return stages.reach(world, state)
    if state in CORRECTIONS:
        level = LEVEL_OF[state]
        case, moment = stages.reach(world, REVIEW_STATE[level])
        stages.returned(world, case, by=holder(world, level), now=moment)
    elif state is State.LAPSED:
        case, moment = at(world, State.TOWNSHIP_CORRECTION)
        moment = overdue(case)
        stages.do(reviews.lapse(refs(case), by=world.reviewer, now=moment, opinion="逾期未补正。"))
    elif state is State.WITHDRAWN:
        case, moment = stages.reach(world, State.VILLAGE_REVIEW)
        stages.do(intake.withdraw(refs(case), by=world.clerk, now=moment, opinion="申请人不再申请。"))
    elif state is State.REJECTED:
        case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
        stages.do(
            reviews.reject(
                refs(case),
                by=world.reviewer,
                now=moment,
                reason_code=RefusalCode.FACTS,
                opinion="与事实不符。",
            )
        )
    else:
        assert state is State.REVOKED, f"no way to {state} is written down"
        case, moment = stages.reach(world, State.ANNOUNCED)
        stages.do(reviews.revoke(refs(case), by=world.approver, now=moment, opinion="重复享受。"))
    return stages.again(case), moment


def on_display(world: World, state: State) -> tuple[Application, datetime]:
    """One case of a posting state that hangs on a displayed sheet."""
    case, moment = stages.reach(world, state)
    stages.displayed(world, [case], kind=PostingKind(LEVEL_OF[state]), now=moment)
    return stages.again(case), moment


def overdue(case: Application) -> datetime:
    """Let the reminder of a case's correction go out; the morning after its due date."""
    due = Deadline.objects.get(application=case, objection__isnull=True, settled_at__isnull=True)
    sweeps.remind(now=_morning(due.remind_on))
    return _morning(due.due_on + timedelta(days=1))


def _morning(day: object) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(9)))  # type: ignore[arg-type]
