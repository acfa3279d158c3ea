"""The chain of a case as a stepper (办理进度): eight steps, with the days on which each was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from applications.models import Application, HistoryEntry
from applications.states import CORRECTIONS, LEVEL_OF, REVIEWS, State
from workflow.steps import REVIEW_STATE, staff_label

STEPS_SHOWN: tuple[tuple[State, str], ...] = (
    (State.DRAFT, "户申请"),
    (State.VILLAGE_REVIEW, "村级申报"),
    (State.VILLAGE_POSTING, "村级公示"),
    (State.TOWNSHIP_REVIEW, "乡级审核"),
    (State.TOWNSHIP_POSTING, "乡级公示"),
    (State.DISTRICT_REVIEW, "区级审定"),
    (State.DISTRICT_POSTING, "区级公示"),
    (State.ANNOUNCEMENT, "公告"),
)
PLACE = {state: place for place, (state, _) in enumerate(STEPS_SHOWN)}


@dataclass(frozen=True)
class Link:
    """One step of the chain: done, current, todo or stopped."""

    label: str
    state: str
    when: datetime | None = None
    note: str = ""


def place_of(state: State) -> int | None:
    """Where in the chain a case lies; a correction lies at the review of the level that returned it."""
    if state in CORRECTIONS:
        return PLACE[REVIEW_STATE[LEVEL_OF[state]]]
    return PLACE.get(state)


def of(application: Application, history: Sequence[HistoryEntry]) -> list[Link]:
    """The chain as history tells it. Steps that a restart has undone are to do again."""
    moved = [entry for entry in history if entry.source != entry.target]
    state = State(application.state)
    place, stopped = place_of(state), ""
    if place is None and state is State.ANNOUNCED:
        place = len(STEPS_SHOWN)
    elif place is None:
        place, stopped = _where_it_ended(moved, state), staff_label(state)
    arrived = moved[-1].at if moved else None
    done = _done_at(moved)
    links = []
    for number, (step, label) in enumerate(STEPS_SHOWN):
        if number < place:
            links.append(Link(label, "done", done.get(step)))
        elif number > place:
            links.append(Link(label, "todo"))
        elif stopped:
            links.append(Link(label, "stopped", arrived, stopped))
        else:
            note = "退回补正" if state in CORRECTIONS else ""
            links.append(Link(label, "current", None, note or _since(state, arrived)))
    return links


def _since(state: State, arrived: datetime | None) -> str:
    return "" if arrived is None or state not in REVIEWS else f"{timezone.localtime(arrived):%m-%d}到"


def _where_it_ended(moved: Sequence[HistoryEntry], state: State) -> int:
    if state is State.REVOKED:
        return PLACE[State.ANNOUNCEMENT]
    return (place_of(State(moved[-1].source)) if moved else None) or 0


def _done_at(moved: Sequence[HistoryEntry]) -> dict[State, datetime]:
    """When each step was last left. A step before the present one was left forwards, or it would not be before."""
    return {State(entry.source): entry.at for entry in moved}
