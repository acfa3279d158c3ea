"""The table of the procedure as data: where each open state stands in the flow, who holds it, how long.

`node` is the Viewflow node at which the case lies, `end` the node that a case of this level ends at.
Node names are stored in rows and never renamed.
"""

from dataclasses import dataclass

from applications.states import CORRECTIONS, LEVEL_OF, POSTINGS, REVIEWS, Level, State
from registry.models import Role


@dataclass(frozen=True)
class Step:
    """One open state: its node, the role and level that hold it, its term, its names."""

    state: State
    node: str
    role: Role
    term_field: str
    staff_label: str
    public_label: str

    @property
    def level(self) -> Level:
        return LEVEL_OF[self.state]

    @property
    def end_node(self) -> str:
        return f"{self.level}_end"

    @property
    def is_review(self) -> bool:
        return self.state in REVIEWS

    @property
    def is_posting(self) -> bool:
        return self.state in POSTINGS

    @property
    def is_correction(self) -> bool:
        return self.state in CORRECTIONS


def _step(state: State, role: Role, term_field: str, staff_label: str, public_label: str) -> Step:
    return Step(state, state.value, role, term_field, staff_label, public_label)


_CLERK, _REVIEWER, _APPROVER = Role.VILLAGE_CLERK, Role.TOWNSHIP_REVIEWER, Role.DISTRICT_APPROVER

STEPS: dict[State, Step] = {
    step.state: step
    for step in (
        _step(State.VILLAGE_REVIEW, _CLERK, "village_review_days", "待村级申报", "村级申报"),
        _step(State.VILLAGE_POSTING, _CLERK, "waiting_days", "村级公示", "村级公示"),
        _step(State.TOWNSHIP_REVIEW, _REVIEWER, "township_review_days", "待乡级审核", "乡级审核"),
        _step(State.TOWNSHIP_POSTING, _REVIEWER, "waiting_days", "乡级公示", "乡级公示"),
        _step(State.DISTRICT_REVIEW, _APPROVER, "district_review_days", "待区级审定", "区级审定"),
        _step(State.DISTRICT_POSTING, _APPROVER, "waiting_days", "区级公示", "区级公示"),
        _step(State.ANNOUNCEMENT, _APPROVER, "announcement_days", "待公告", "待公告"),
        _step(State.VILLAGE_CORRECTION, _CLERK, "correction_days", "村级退回补正", "退回补正"),
        _step(State.TOWNSHIP_CORRECTION, _CLERK, "correction_days", "乡级退回补正", "退回补正"),
        _step(State.DISTRICT_CORRECTION, _CLERK, "correction_days", "区级退回补正", "退回补正"),
    )
}

FINAL_LABELS: dict[State, str] = {
    State.DRAFT: "草稿",
    State.ANNOUNCED: "已公告",
    State.REJECTED: "不予批准",
    State.WITHDRAWN: "已撤回",
    State.LAPSED: "逾期终止",
    State.REVOKED: "已撤销",
}

START_NODE = "start"
ANNOUNCED_NODE = "announced"

POSTING_STATE: dict[Level, State] = {
    Level.VILLAGE: State.VILLAGE_POSTING,
    Level.TOWNSHIP: State.TOWNSHIP_POSTING,
    Level.DISTRICT: State.DISTRICT_POSTING,
}
REVIEW_STATE: dict[Level, State] = {
    Level.VILLAGE: State.VILLAGE_REVIEW,
    Level.TOWNSHIP: State.TOWNSHIP_REVIEW,
    Level.DISTRICT: State.DISTRICT_REVIEW,
}
LEVEL_ROLE: dict[Level, Role] = {
    Level.VILLAGE: _CLERK,
    Level.TOWNSHIP: _REVIEWER,
    Level.DISTRICT: _APPROVER,
}
CLOSE: dict[State, str] = {
    State.VILLAGE_POSTING: "close_village_posting",
    State.TOWNSHIP_POSTING: "close_township_posting",
    State.DISTRICT_POSTING: "close_district_posting",
}


def staff_label(state: str) -> str:
    """The name of a state as officers read it."""
    found = State(state)
    return STEPS[found].staff_label if found in STEPS else FINAL_LABELS[found]


def public_label(state: str) -> str:
    """The name of a state as the household reads it: the three corrections are one."""
    found = State(state)
    return STEPS[found].public_label if found in STEPS else FINAL_LABELS[found]


def node_of(source: State, target: State) -> str:
    """The node at which a case lies after a move: its step's node, or the end node of the level it left."""
    if target in STEPS:
        return STEPS[target].node
    return ANNOUNCED_NODE if target is State.ANNOUNCED else STEPS[source].end_node
