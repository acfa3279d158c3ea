"""The live picture of the procedure (流程图): Viewflow's layout, with a case's position marked by us from its tasks.

Viewflow's own colouring is wrong after a return: it marks a node by any of its tasks. Here the open task alone says where
the case is; what it has been through and what it has to go through again follow from the other tasks and the chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from viewflow.workflow import chart

from applications.models import Application
from applications.states import CORRECTIONS, LEVEL_OF, State
from workflow.flows import ApprovalFlow
from workflow.models import ReviewTask
from workflow.steps import REVIEW_STATE, STEPS

FORWARD = [state.value for state in STEPS if state not in CORRECTIONS]
"""The nodes of the straight way, in its order."""

GATEWAY = "after_"
START, END = "start", "end"
ENDED = "不予批准、撤回或者终止"


class Mark(StrEnum):
    """What a node is to the case."""

    CURRENT = "current"
    ENDED = "ended"
    PASSED = "passed"
    AGAIN = "again"
    AHEAD = "ahead"


WORDS = {Mark.CURRENT: "现在这里", Mark.ENDED: "在此办结", Mark.PASSED: "已经办过", Mark.AGAIN: "要再办一次"}
"""The marks as words: colour only repeats them."""


@dataclass(frozen=True)
class Box:
    """One node: where it stands, what it is called, what it is to the case."""

    name: str
    title: str
    kind: str
    x: int
    y: int
    width: int
    height: int
    mark: Mark

    @property
    def word(self) -> str:
        return WORDS.get(self.mark, "")

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Arrow:
    """One way between two nodes, and whether the case took it."""

    points: str
    taken: bool


@dataclass(frozen=True)
class Stop:
    """One stay of the case at a node: the picture as a list."""

    title: str
    arrived: datetime
    left: datetime | None
    ends: bool


@dataclass(frozen=True)
class Picture:
    """The picture of one case, and the same as a list."""

    width: int
    height: int
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    stops: Sequence[Stop]

    @property
    def current(self) -> Box | None:
        return next((box for box in self.boxes if box.mark is Mark.CURRENT), None)


@cache
def _layout() -> chart.Grid:
    """The flow laid out once, with the gateways and the ways out of them named in Chinese."""
    grid = chart.calc_layout_data(ApprovalFlow)
    for cell in grid.cells:
        name = cell.node.name
        if name.startswith(GATEWAY):
            before = getattr(ApprovalFlow.instance, name.removeprefix(GATEWAY))
            cell.title = f"{before.task_title}之后"
    for edge in grid.edges:
        if edge.src.name.startswith(GATEWAY):
            edge.label = _way_out(edge.dst.name)
    return grid


def _way_out(node: str) -> str:
    """When a gateway leads to a node. A drawing's words, no condition that an engine could run."""
    title = getattr(ApprovalFlow.instance, node).task_title
    return ENDED if node.endswith("_end") else f"转到{title}"


def bpmn() -> str:
    """The flow as BPMN 2.0 with its diagram: a drawing for others. Its branches carry no conditions, so it says that
    it cannot be run."""
    return chart.grid_to_bpmn(_layout()).replace('isExecutable="true"', 'isExecutable="false"')


def of(case: Application) -> Picture:
    """The picture of one case as it stands now: two statements."""
    tasks = list(ReviewTask.objects.filter(process__approvalprocess__application=case).order_by("pk"))
    nodes = {task.pk: task.flow_task.name for task in tasks}
    links = ReviewTask.previous.through.objects.filter(from_task__in=nodes).values_list(
        "to_task", "from_task"
    )
    taken = {(nodes[before], nodes[after]) for before, after in links if before in nodes}
    marks = _marks(case, tasks)
    grid = _layout()
    boxes = [
        Box(
            name=cell.node.name,
            title=f"{cell.node.task_title or cell.title}",
            kind=_kind(cell.node.name),
            x=cell.shape.x,
            y=cell.shape.y,
            width=cell.shape.width,
            height=cell.shape.height,
            mark=marks.get(cell.node.name, Mark.AHEAD),
        )
        for cell in grid.cells
    ]
    arrows = [
        Arrow(
            points=" ".join(f"{x},{y}" for x, y in edge.segments),
            taken=(edge.src.name, edge.dst.name) in taken,
        )
        for edge in grid.edges
    ]
    stops = [
        Stop(f"{task.flow_task.task_title}", task.created, task.finished, _kind(nodes[task.pk]) == END)
        for task in tasks
        if not nodes[task.pk].startswith(GATEWAY)
    ]
    return Picture(grid.width, grid.height, boxes, arrows, stops)


def _kind(name: str) -> str:
    if name.startswith(GATEWAY):
        return "gateway"
    if name == START:
        return START
    return END if name == "announced" or name.endswith("_end") else "step"


def _marks(case: Application, tasks: Sequence[ReviewTask]) -> dict[str, Mark]:
    """What each visited node is to the case: the open task's node is where it is, and only that one."""
    marks = {task.flow_task.name: Mark.PASSED for task in tasks if task.finished}
    waiting = [task.flow_task.name for task in tasks if not task.finished]
    if not waiting:
        return {name: Mark.ENDED if _kind(name) == END else mark for name, mark in marks.items()}
    (here,) = waiting
    beyond = set(FORWARD[_place(State(case.state)) + 1 :])
    for name in marks:
        if name.removeprefix(GATEWAY) in beyond:
            marks[name] = Mark.AGAIN
    if (behind := f"{GATEWAY}{here}") in marks:
        marks[behind] = Mark.AGAIN
    marks[here] = Mark.CURRENT
    return marks


def _place(state: State) -> int:
    """Where on the straight way a case stands; a correction stands at the review that sent it back."""
    at = REVIEW_STATE[LEVEL_OF[state]] if state in CORRECTIONS else state
    return FORWARD.index(at.value)
