"""The only code that writes a case's state and moves Viewflow's rows: in sets, in the verb's transaction.

It writes the rows that Viewflow's own activations would (a test compares them column by column), in a number
of statements that does not grow with the number of cases.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from viewflow.workflow.base import Node
from viewflow.workflow.exceptions import FlowRuntimeError
from viewflow.workflow.models import Process
from viewflow.workflow.status import PROCESS, STATUS
from viewflow.workflow.token import Token

from applications import history
from applications.models import Application, HistoryEntry
from applications.states import FINAL, Level, State
from registry.models import User
from workflow.flows import ApprovalFlow
from workflow.models import Act, ApprovalProcess, Posting, ReviewTask, word_for
from workflow.permissions import Taken
from workflow.results import Change, Conflict, Ref
from workflow.steps import START_NODE, STEPS

URGE = "urge"


class StaleWrite(Exception):
    """Fewer rows than expected carried the source state under lock: something wrote past the engine."""


@dataclass(frozen=True)
class Move:
    """One case's step, made in memory already. With `source` == state it only touches the case (no step)."""

    application: Application
    source: State
    act: str
    text: str = ""
    level: Level | None = None
    data: dict[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()

    @property
    def target(self) -> State:
        return State(self.application.state)

    @property
    def steps(self) -> bool:
        return self.target is not self.source


@dataclass(frozen=True)
class Locked:
    """The rows a verb works on, locked in the one order (postings, then cases), read again, by key."""

    postings: dict[int, Posting]
    cases: dict[int, Application]


def locked(refs: Iterable[Ref], *, postings: Iterable[int] = (), skip_locked: bool = False) -> Locked:
    """Lock and re-read postings and cases, each in key order. On SQLite the IMMEDIATE transaction is the lock.

    No-key locks: a message row's foreign key takes a key share of the case, which a full lock would meet in a
    deadlock with a sweep that holds the due date the verb wants next. `skip_locked`: what somebody else holds is
    left out, for a sweep that comes again.
    """
    sheets = list(postings)
    found = Posting.objects.select_related("programme", "region").select_for_update(
        of=("self",), no_key=True, skip_locked=skip_locked
    )
    rows = {row.pk: row for row in found.filter(pk__in=sheets).order_by("pk")} if sheets else {}
    keys = sorted({ref.pk for ref in refs})
    cases = (
        Application.objects.select_related(
            "programme__region", "village", "household", "member", "payee", "entered_by"
        )
        .select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
        .filter(pk__in=keys)
        .order_by("pk")
    )
    return Locked(rows, {case.pk: case for case in cases})


def compare(application: Application, ref: Ref) -> None:
    """Refuse a form that showed an older revision, with what changed since and by whom."""
    if ref.revision is None or ref.revision == application.revision:
        return
    entries = list(application.history.filter(seq__gt=ref.revision).select_related("by").order_by("seq"))
    # A reminder from below changes nothing that a decision rests on.
    entries = [entry for entry in entries if entry.act != URGE]
    if not entries:
        return
    changes = [
        Change(entry.at.isoformat(), entry.by.name if entry.by else "系统", _told(entry)) for entry in entries
    ]
    raise Conflict(f"申请{application.number}在您打开页面之后已被办理，请查看变化后重新操作。", changes)


def _told(entry: HistoryEntry) -> str:
    """A line as the conflict page tells it: an officer's act by its name, then what was written."""
    word = word_for(entry.act)
    return (
        f"{word}：{entry.text}" if entry.act in Act.values and word not in entry.text else entry.text or word
    )


def open_tasks(cases: Iterable[int]) -> dict[int, ReviewTask]:
    """The open task of each case, with its owner: one statement. Ask under the cases' lock where it decides."""
    waiting = (
        ReviewTask.objects.filter(
            process__approvalprocess__application__in=list(cases), finished__isnull=True
        )
        .select_related("owner")
        .annotate(case=F("process__approvalprocess__application"))
    )
    return {task.case: task for task in waiting}


def taken(cases: Iterable[int]) -> dict[int, Taken]:
    """Who has taken which of these cases; one that lies on the common desk is left out."""
    return {
        case: Taken(task.owner_id, task.owner.name)
        for case, task in open_tasks(cases).items()
        if task.owner is not None
    }


def hand_over(tasks: Sequence[ReviewTask], *, to: User | None, at: datetime) -> None:
    """Give open human tasks to a person, or back to the common desk (None): the rows alone, one statement.

    The verb that calls it holds the cases' locks and writes their history.
    """
    rows = ReviewTask.objects.filter(
        pk__in=[task.pk for task in tasks], finished__isnull=True, flow_task_type="HUMAN"
    )
    status = STATUS.NEW if to is None else STATUS.ASSIGNED
    _expect(rows.update(owner=to, assigned=at if to else None, status=status), len(tasks))


def save_moves(moves: Sequence[Move], *, by: int | None, at: datetime, batch: UUID) -> None:
    """Write moves: states, Viewflow's rows, and one history line each. Raises StaleWrite and so rolls back."""
    if not moves:
        return
    _write_states(moves)
    _open_processes(
        [move for move in moves if move.source is State.DRAFT and move.steps and move.target in STEPS], by, at
    )
    _advance([move for move in moves if move.source in STEPS and move.steps], by, at)
    history.record(
        [
            history.Line(
                application=move.application,
                act=move.act,
                source=move.source,
                target=move.target,
                text=move.text,
                level=move.level,
                data=move.data,
            )
            for move in moves
        ],
        by=by,
        at=at,
        batch=batch,
    )


def _write_states(moves: Sequence[Move]) -> None:
    """One conditional UPDATE per (source, target), its count checked; one more per case whose figures changed."""
    groups: dict[tuple[State, State], list[Application]] = defaultdict(list)
    for move in moves:
        if move.changed:
            values = {name: getattr(move.application, name) for name in move.changed}
            case = Application.objects.filter(pk=move.application.pk)
            _expect(case.move(source=move.source, target=move.target, **values), 1)
        else:
            groups[move.source, move.target].append(move.application)
    for (source, target), cases in groups.items():
        rows = Application.objects.filter(pk__in=[case.pk for case in cases])
        _expect(rows.move(source=source, target=target), len(cases))
    for move in moves:
        move.application.revision += 1


def _expect(count: int, expected: int) -> None:
    if count != expected:
        raise StaleWrite(f"{count} of {expected} rows carried the expected state")


def route(node: Node, application: Application) -> tuple[Node, Node]:
    """The gateway behind `node` and the node it chooses for the case's state; an unmapped state raises."""
    gateway = node._next
    activation = SimpleNamespace(process=SimpleNamespace(application=application))
    for target, condition in gateway._branches:
        if condition(activation):
            return gateway, target
    raise FlowRuntimeError(f"No next task available for {gateway.name} in state {application.state}")


def _node(name: str) -> Node:
    return ApprovalFlow.instance.node(name, no_obsolete=True)


def _task(process_id: int, node: Node, at: datetime, **values: Any) -> ReviewTask:
    return ReviewTask(
        process_id=process_id,
        flow_task=node,
        flow_task_type=node.task_type,
        token=Token("start"),
        created=at,
        data={},
        **values,
    )


def _open_processes(moves: Sequence[Move], by: int | None, at: datetime) -> None:
    """Start the processes of submitted cases: the process, its start task done, its first task waiting."""
    if not moves:
        return
    parents = Process.objects.bulk_create(
        [Process(flow_class=ApprovalFlow, status=PROCESS.NEW, created=at, data={}) for _ in moves]
    )
    pairs = [(parent.pk, move.application.pk) for parent, move in zip(parents, moves, strict=True)]
    _insert_children(pairs)
    start = _node(START_NODE)
    done = {"status": STATUS.DONE, "started": at, "finished": at}
    started = ReviewTask.objects.bulk_create([_task(process, start, at, **done) for process, _ in pairs])
    first = ReviewTask.objects.bulk_create([_task(process, start._next, at) for process, _ in pairs])
    _link(zip(started, first, strict=True))


def _insert_children(pairs: Sequence[tuple[int, int]]) -> None:
    """The child rows of multi-table inheritance, which bulk_create does not write."""
    table = connection.ops.quote_name(ApprovalProcess._meta.db_table)
    # SQLite allows 999 variables a statement in Django's reckoning, PostgreSQL any number; each row takes two.
    most = (connection.features.max_query_params or 2 * len(pairs)) // 2
    with connection.cursor() as cursor:
        for begin in range(0, len(pairs), most):
            chunk = pairs[begin : begin + most]
            places = ", ".join(["(%s, %s)"] * len(chunk))
            values = [value for pair in chunk for value in pair]
            cursor.execute(f"INSERT INTO {table} (process_ptr_id, application_id) VALUES {places}", values)


def _advance(moves: Sequence[Move], by: int | None, at: datetime) -> None:
    """Finish each case's open task, pass its gateway and create its next task, in sets."""
    if not moves:
        return
    cases = {move.application.pk: move.application for move in moves}
    waiting = ReviewTask.objects.filter(
        process__approvalprocess__application__in=list(cases), finished__isnull=True
    ).annotate(case=F("process__approvalprocess__application"))
    found = list(waiting)
    _expect(len(found), len(cases))
    tasks = {task.case: task for task in found}
    _expect(len(tasks), len(cases))
    for move in moves:
        if tasks[move.application.pk].flow_task.name != STEPS[move.source].node:
            raise StaleWrite(f"case {move.application.pk} has its task at another node than its state")
    _finish(list(tasks.values()), by, at)
    gates, targets = [], []
    for key, case in cases.items():
        gateway, target = route(tasks[key].flow_task, case)
        gates.append(_task(tasks[key].process_id, gateway, at, status=STATUS.DONE, finished=at))
        ended = {"status": STATUS.DONE, "started": at, "finished": at} if target.task_type == "END" else {}
        targets.append(_task(tasks[key].process_id, target, at, **ended))
    gates = ReviewTask.objects.bulk_create(gates)
    targets = ReviewTask.objects.bulk_create(targets)
    _link([*zip([tasks[key] for key in cases], gates, strict=True), *zip(gates, targets, strict=True)])
    over = [tasks[key].process_id for key, case in cases.items() if case.state in FINAL]
    if over:
        Process.objects.filter(pk__in=over).update(status=PROCESS.DONE, finished=at)


def _finish(tasks: Sequence[ReviewTask], by: int | None, at: datetime) -> None:
    """As Viewflow does it: a human task gets an owner (who took it stays), a handle has none."""
    human = [task.pk for task in tasks if task.flow_task_type == "HUMAN"]
    handles = [task.pk for task in tasks if task.flow_task_type != "HUMAN"]
    if human:
        rows = ReviewTask.objects.filter(pk__in=human)
        rows.update(
            status=STATUS.DONE,
            owner=Coalesce(F("owner"), Value(by)),
            assigned=Coalesce(F("assigned"), Value(at)),
            started=Coalesce(F("started"), Value(at)),
            finished=at,
        )
    if handles:
        ReviewTask.objects.filter(pk__in=handles).update(status=STATUS.DONE, started=at, finished=at)


def _link(pairs: Iterable[tuple[ReviewTask, ReviewTask]]) -> None:
    through = ReviewTask.previous.through
    through.objects.bulk_create(
        [through(from_task_id=later.pk, to_task_id=earlier.pk) for earlier, later in pairs]
    )
