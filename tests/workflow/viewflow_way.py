"""Moving a case the way Viewflow itself does, by its own activations: the yardstick for `workflow.engine`.

Also the reading of Viewflow's tables by position, so that two processes can be compared column by column.
"""

from typing import Any

from django.db import connection, transaction
from viewflow.workflow.base import Node

from applications.models import Application
from applications.states import State
from registry.models import User
from workflow.flows import ApprovalFlow
from workflow.models import ApprovalProcess, ReviewTask
from workflow.steps import START_NODE

TIMES = frozenset({"created", "assigned", "started", "finished"})
"""Columns that are compared as filled or empty: two runs never write the same microsecond."""

Row = dict[str, Any]


def node(name: str) -> Node:
    """A node of the flow by its name."""
    return ApprovalFlow.instance.node(name, no_obsolete=True)


def put(case: Application, *, source: State, target: State) -> None:
    """Write the state that the gateway will read, past the law: Viewflow is what is looked at here."""
    assert Application.objects.filter(pk=case.pk).move(source=source, target=target) == 1


def begin(case: Application) -> ApprovalProcess:
    """Start the process of a submitted case by Viewflow's StartHandle."""
    start = node(START_NODE)

    def name_the_case(activation: Any) -> ApprovalProcess:
        activation.process.application = case
        process: ApprovalProcess = activation.process
        return process

    return start._create_wrapper_function(name_the_case)()


def open_task(case: Application) -> ReviewTask:
    """The one task of the case that is not finished."""
    return ReviewTask.objects.get(process__approvalprocess__application=case, finished__isnull=True)


def take(case: Application, *, by: User) -> None:
    """Somebody takes the open task for themselves (领取), by Viewflow's own assignment."""
    task = open_task(case)
    with transaction.atomic(), task.activation() as activation:
        activation.assign(by)


def finish(case: Application, *, by: User | None) -> None:
    """Finish the open task: a view is assigned where nobody took it, started and executed; a handle is run."""
    task = open_task(case)
    if task.flow_task_type != "HUMAN":
        task.flow_task.run(task)
        return
    with transaction.atomic(), task.activation() as activation:
        if task.owner_id is None:
            activation.assign(by)
        activation.start(None)
        activation.execute()


def step(case: Application, *, source: State, target: State, by: User | None) -> None:
    """One move of a case, as a program on plain Viewflow would make it: the state first, then the activation."""
    put(case, source=source, target=target)
    if source is State.DRAFT:
        begin(case)
    else:
        finish(case, by=by)


def replay(model: Application, case: Application, *, taken: dict[State, User] | None = None) -> None:
    """Take `case` along the way that `model` went by its history; `taken` names who took a task before."""
    for entry in model.history.order_by("seq").select_related("by"):
        source, target = State(entry.source), State(entry.target)
        if source is target:
            continue
        if taken and source in taken:
            take(case, by=taken[source])
        step(case, source=source, target=target, by=entry.by)


def rows(case: Application) -> dict[str, list[Row]]:
    """What Viewflow's four tables hold about a case, with keys as positions and times as filled or empty."""
    process = ApprovalProcess.objects.get(application=case).pk
    tasks = _select("viewflow_task", "process_id = %s", process)
    position = {row["id"]: place for place, row in enumerate(tasks)}
    links = _select(
        "viewflow_task_previous",
        "from_task_id IN (SELECT id FROM viewflow_task WHERE process_id = %s)",
        process,
    )
    return {
        "viewflow_process": [_neutral(row) for row in _select("viewflow_process", "id = %s", process)],
        "workflow_approvalprocess": [
            {
                "of_its_process": row["process_ptr_id"] == process,
                "of_its_case": row["application_id"] == case.pk,
            }
            for row in _select("workflow_approvalprocess", "process_ptr_id = %s", process)
        ],
        "viewflow_task": [_neutral(row) for row in tasks],
        "viewflow_task_previous": [
            {"later": later, "earlier": earlier}
            for later, earlier in sorted(
                (position[row["from_task_id"]], position[row["to_task_id"]]) for row in links
            )
        ],
    }


def differences(
    engine: dict[str, list[Row]], viewflow: dict[str, list[Row]]
) -> list[tuple[str, int, str, Any, Any]]:
    """(table, position, column, the engine's value, Viewflow's value) wherever the two differ."""
    found: list[tuple[str, int, str, Any, Any]] = []
    for table in engine:
        ours, theirs = engine[table], viewflow[table]
        if len(ours) != len(theirs):
            found.append((table, min(len(ours), len(theirs)), "number of rows", len(ours), len(theirs)))
        for place, (our, their) in enumerate(zip(ours, theirs, strict=False)):
            assert our.keys() == their.keys()
            found += [
                (table, place, name, our[name], their[name]) for name in our if our[name] != their[name]
            ]
    return found


def _select(table: str, where: str, *values: Any) -> list[Row]:
    """Every column there is, whether a model names it or not."""
    order = "process_ptr_id" if table == "workflow_approvalprocess" else "id"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY {order}", values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _neutral(row: Row) -> Row:
    """Without its own key and that of its process; times as filled or empty."""
    kept = {name: value for name, value in row.items() if name not in {"id", "process_id"}}
    return {name: value is not None if name in TIMES else value for name, value in kept.items()}
