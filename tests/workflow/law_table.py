"""The state machine as design.md §2 tells it, copied by hand, and one way to call any transition."""

import inspect
from functools import cache
from typing import Any

from applications.models import Application
from applications.standing import Standing
from applications.states import LEVEL_OF, Level, State

S = State

WRITTEN_DOWN: dict[State, dict[str, State]] = {
    S.DRAFT: {"submit": S.VILLAGE_REVIEW, "discard": S.WITHDRAWN},
    S.VILLAGE_REVIEW: {
        "pass_village_review": S.VILLAGE_POSTING,
        "send_back": S.VILLAGE_CORRECTION,
        "reject": S.REJECTED,
        "withdraw": S.WITHDRAWN,
    },
    S.VILLAGE_POSTING: {
        "close_village_posting": S.TOWNSHIP_REVIEW,
        "take_back": S.VILLAGE_REVIEW,
        "correct": S.VILLAGE_CORRECTION,
        "reject": S.REJECTED,
        "withdraw": S.WITHDRAWN,
    },
    S.TOWNSHIP_REVIEW: {
        "pass_township_review": S.TOWNSHIP_POSTING,
        "send_back": S.TOWNSHIP_CORRECTION,
        "reject": S.REJECTED,
        "withdraw": S.WITHDRAWN,
    },
    S.TOWNSHIP_POSTING: {
        "close_township_posting": S.DISTRICT_REVIEW,
        "take_back": S.TOWNSHIP_REVIEW,
        "correct": S.VILLAGE_CORRECTION,
        "reject": S.REJECTED,
        "withdraw": S.WITHDRAWN,
    },
    S.DISTRICT_REVIEW: {
        "pass_district_review": S.DISTRICT_POSTING,
        "send_back": S.DISTRICT_CORRECTION,
        "return_to_township": S.TOWNSHIP_REVIEW,
        "reject": S.REJECTED,
        "withdraw": S.WITHDRAWN,
    },
    S.DISTRICT_POSTING: {
        "close_district_posting": S.ANNOUNCEMENT,
        "take_back": S.DISTRICT_REVIEW,
        "correct": S.VILLAGE_CORRECTION,
        "reject": S.REJECTED,
        "withdraw": S.WITHDRAWN,
    },
    S.ANNOUNCEMENT: {
        "announce": S.ANNOUNCED,
        "stop": S.DISTRICT_REVIEW,
        "reject": S.REJECTED,
        "withdraw": S.WITHDRAWN,
    },
    # From the village's own correction, "again from the village" is the way back to the village's review.
    S.VILLAGE_CORRECTION: {
        "resubmit": S.VILLAGE_REVIEW,
        "cancel": S.REJECTED,
        "lapse": S.LAPSED,
        "withdraw": S.WITHDRAWN,
    },
    S.TOWNSHIP_CORRECTION: {
        "resubmit": S.TOWNSHIP_REVIEW,
        "restart": S.VILLAGE_REVIEW,
        "cancel": S.REJECTED,
        "lapse": S.LAPSED,
        "withdraw": S.WITHDRAWN,
    },
    S.DISTRICT_CORRECTION: {
        "resubmit": S.DISTRICT_REVIEW,
        "restart": S.VILLAGE_REVIEW,
        "cancel": S.REJECTED,
        "lapse": S.LAPSED,
        "withdraw": S.WITHDRAWN,
    },
    S.ANNOUNCED: {"revoke": S.REVOKED},
    S.REJECTED: {},
    S.WITHDRAWN: {},
    S.LAPSED: {},
    S.REVOKED: {},
}
"""State → {transition: target}. A state left out, or a row that no longer fits, fails a test."""

FORWARD = (
    "pass_village_review",
    "close_village_posting",
    "pass_township_review",
    "close_township_posting",
    "pass_district_review",
    "close_district_posting",
    "announce",
)

ALL_LEVELS = frozenset(Level)
ANYBODY = 1


def neutral(name: str) -> Standing:
    """Facts that stand in no transition's way; a restart is due only where something is not covered."""
    return Standing(covered=frozenset() if name == "restart" else ALL_LEVELS)


def sources(name: str) -> list[State]:
    """The states that a transition starts from."""
    return [state for state, ways in WRITTEN_DOWN.items() if name in ways]


def in_memory(state: State) -> Application:
    """A case in a state, without a row."""
    return Application(state=state)


@cache
def _wanted(name: str) -> frozenset[str]:
    return frozenset(inspect.signature(getattr(Application, name)).parameters)


def call(
    case: Application, name: str, standing: Standing, *, by: int = ANYBODY, level: Level | None = None
) -> None:
    """Call a transition with the arguments it takes; the level is by default the one that holds the case."""
    held = level or LEVEL_OF.get(State(case.state), Level.DISTRICT)
    given: dict[str, Any] = {"by": by, "level": held}
    wanted = _wanted(name)
    getattr(case, name)(standing, **{key: value for key, value in given.items() if key in wanted})
