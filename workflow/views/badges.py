"""How a state and a due date look on a page: always a word, and a colour that repeats it."""

from dataclasses import dataclass
from datetime import date

from applications.models import Application
from applications.states import CORRECTIONS, OPEN, POSTINGS, State
from workflow.deadlines import OBJECTED
from workflow.steps import staff_label

TONES = {
    State.ANNOUNCED: "good",
    State.REJECTED: "bad",
    State.LAPSED: "bad",
    State.REVOKED: "bad",
}


@dataclass(frozen=True)
class StateBadge:
    """The state as officers read it."""

    label: str
    tone: str


@dataclass(frozen=True)
class DueBadge:
    """A due date: in time, near, or over; or no date, for a term that rests, and why."""

    on: date | None
    tone: str
    text: str


def of_state(state: str, *, hanging: bool = False, held: bool = False, plain: bool = False) -> StateBadge:
    """The state's word; a posting step says whether a sheet is waited for, on display, or has run its period.

    `plain` is the word alone, for a list that does not read the sheets.
    """
    found = State(state)
    label = staff_label(found)
    if found in POSTINGS and not plain:
        label += "·公示中" if hanging else ("·已期满" if held else "·待张贴")
    if found in CORRECTIONS:
        return StateBadge(label, "warn")
    return StateBadge(label, "open" if found in OPEN else TONES.get(found, "quiet"))


def of_rest(since: date) -> DueBadge:
    """The word for a term that rests: it has no end to count to."""
    return DueBadge(None, "rest", f"暂停：{OBJECTED}（自{since}起）")


def of_due(
    on: date | None, near_on: date | None, *, today: date, paused_on: date | None = None
) -> DueBadge | None:
    """The due date's word: how many days are left, that it has passed, or that it rests."""
    if paused_on is not None:
        return of_rest(paused_on)
    if on is None:
        return None
    if on < today:
        return DueBadge(on, "over", f"已超期{(today - on).days}天")
    if on == today:
        return DueBadge(on, "near", "今天到期")
    near = near_on is not None and near_on <= today
    return DueBadge(on, "near" if near else "ok", f"还有{(on - today).days}天")


def put_on(case: Application, *, today: date) -> Application:
    """Put the badges on a row of `worklists.cases`, for the template."""
    row = vars(case)
    case.badge = of_state(case.state, hanging=row["hanging"], held=row["held"])  # type: ignore[attr-defined]
    case.due = of_due(row["due_on"], row["near_on"], today=today, paused_on=row["paused_on"])  # type: ignore[attr-defined]
    return case
