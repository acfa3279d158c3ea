"""Whether state and flow agree: each open case has exactly one open task, at its state's node."""

from collections import defaultdict
from collections.abc import Iterator

from applications.models import Application
from applications.states import OPEN, State
from workflow.models import ApprovalProcess, ReviewTask
from workflow.steps import STEPS

CHUNK = 2000


def faults() -> Iterator[str]:
    """Every disagreement between the cases and Viewflow's rows, in English for the operator; none is the norm."""
    last = 0
    while True:
        cases = list(
            Application.objects.filter(pk__gt=last)
            .order_by("pk")
            .only("pk", "number", "state", "revision")[:CHUNK]
        )
        if not cases:
            return
        yield from _chunk(cases)
        last = cases[-1].pk


def _chunk(cases: list[Application]) -> Iterator[str]:
    first, last = cases[0].pk, cases[-1].pk
    span = {"application__gte": first, "application__lte": last}
    processes = {row.application_id: row for row in ApprovalProcess.objects.filter(**span)}
    tasks: dict[int, list[ReviewTask]] = defaultdict(list)
    waiting = ReviewTask.objects.filter(
        process__approvalprocess__application__gte=first,
        process__approvalprocess__application__lte=last,
        finished__isnull=True,
    )
    by_process = {process.pk: application for application, process in processes.items()}
    for task in waiting:
        tasks[by_process[task.process_id]].append(task)
    for case in cases:
        yield from _case(case, processes.get(case.pk), tasks[case.pk])


def _case(case: Application, process: ApprovalProcess | None, tasks: list[ReviewTask]) -> Iterator[str]:
    state = State(case.state)
    names = [task.flow_task.name for task in tasks]
    if state in OPEN:
        if names != [STEPS[state].node]:
            yield f"{case.number}: state {state}, open tasks {names or 'none'}"
        if process is None or not process.is_running:
            yield f"{case.number}: state {state}, its process is not running"
    else:
        if names:
            yield f"{case.number}: state {state}, open tasks {names}"
        if process is not None and not process.is_over:
            yield f"{case.number}: state {state}, its process is still running"
