"""The set-based step: the same rows as Viewflow's own activations, and a number of statements that does not grow."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from viewflow.workflow.exceptions import FlowRuntimeError
from viewflow.workflow.models import Process, Task

from applications.machine import transition_table
from applications.models import Application
from applications.states import State
from registry.models import User
from tests import stages
from tests.workflow import viewflow_way, written
from tests.world import World
from workflow import consistency, engine, intake, reviews, sweeps
from workflow.models import Deadline, PostingKind, RefusalCode
from workflow.results import Ref
from workflow.steps import STEPS

VIEWFLOW_TABLES = ("viewflow_process", "viewflow_task", "viewflow_task_previous", "workflow_approvalprocess")
VIEWFLOW_STATEMENTS = 10
"""The most a set of steps may cost in Viewflow's tables on a database without a limit of variables."""


def announced(world: World) -> Application:
    return stages.reach(world, State.ANNOUNCED)[0]


def returned_and_resubmitted(world: World) -> Application:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=moment))
    stages.passed(world, [case], by=world.reviewer, now=moment)
    return case


def withdrawn(world: World) -> Application:
    case, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    stages.displayed(world, [case], kind=PostingKind.TOWNSHIP, now=moment)
    stages.do(
        intake.withdraw([Ref.of(stages.again(case))], by=world.clerk, now=moment, opinion="申请人撤回。")
    )
    return case


def lapsed(world: World) -> Application:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    stages.returned(world, case, by=world.approver, now=moment)
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    late = moment + (due.due_on - due.starts_on) + timedelta(days=1)
    sweeps.remind(now=late)
    stages.do(
        reviews.lapse([Ref.of(stages.again(case))], by=world.approver, now=late, opinion="逾期未补正。")
    )
    return case


def rejected(world: World) -> Application:
    case, moment = stages.reach(world, State.VILLAGE_REVIEW)
    stages.do(
        reviews.reject(
            [Ref.of(case)],
            by=world.clerk,
            now=moment,
            reason_code=RefusalCode.NOT_TARGET,
            opinion="不属于补贴对象。",
        )
    )
    return case


ROUTES: dict[str, tuple[Callable[[World], Application], State]] = {
    "announced": (announced, State.ANNOUNCED),
    "returned and resubmitted": (returned_and_resubmitted, State.TOWNSHIP_POSTING),
    "withdrawn": (withdrawn, State.WITHDRAWN),
    "lapsed": (lapsed, State.LAPSED),
    "rejected": (rejected, State.REJECTED),
}


def wanted(rows: list[dict[str, Any]]) -> list[tuple[str, int, str, Any, Any]]:
    """The one known and wanted difference: the engine says when a finished human task was assigned."""
    return [
        ("viewflow_task", place, "assigned", True, False)
        for place, row in enumerate(rows)
        if row["flow_task_type"] == "HUMAN" and row["status"] == "DONE"
    ]


def assert_same(ours: Application, theirs: Application) -> None:
    engine_rows, viewflow_rows = viewflow_way.rows(ours), viewflow_way.rows(theirs)
    found = viewflow_way.differences(engine_rows, viewflow_rows)
    assert found == wanted(engine_rows["viewflow_task"])


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_by_verbs_writes_the_rows_that_viewflow_writes(world: World, name: str) -> None:
    go, end = ROUTES[name]
    ours, theirs = go(world), stages.draft(world)
    viewflow_way.replay(ours, theirs)
    assert stages.again(ours).state == stages.again(theirs).state == end
    assert_same(ours, theirs)


@pytest.mark.parametrize("name", ROUTES)
def test_every_table_of_viewflow_holds_something_to_compare(world: World, name: str) -> None:
    rows = viewflow_way.rows(ROUTES[name][0](world))
    assert set(rows) == set(VIEWFLOW_TABLES)
    assert all(rows.values())
    assert set(rows["viewflow_process"][0]) == {field.column for field in Process._meta.concrete_fields} - {
        "id"
    }
    assert set(rows["viewflow_task"][0]) == {field.column for field in Task._meta.concrete_fields} - {
        "id",
        "process_id",
    }


def paths() -> dict[State, list[tuple[State, State]]]:
    """A shortest way by declared transitions to every open state."""
    edges = sorted({edge for table in transition_table().values() for edge in table.items()})
    found: dict[State, list[tuple[State, State]]] = {State.DRAFT: []}
    waiting = [State.DRAFT]
    while waiting:
        source = waiting.pop(0)
        for begin, end in edges:
            if begin is source and end in STEPS and end not in found:
                found[end] = [*found[source], (begin, end)]
                waiting.append(end)
    return found


EDGES = sorted({edge for table in transition_table().values() for edge in table.items() if edge[0] in STEPS})


def move(case: Application, source: State, target: State, by: User | None, at: datetime) -> None:
    """A step in memory, without asking the law, written by the engine."""
    assert case.state == source
    case.__dict__["state"] = target
    with transaction.atomic():
        engine.save_moves([engine.Move(case, source, "step")], by=by.pk if by else None, at=at, batch=uuid4())


@pytest.mark.parametrize("edge", EDGES, ids=[f"{source} to {target}" for source, target in EDGES])
def test_every_declared_transition_writes_the_rows_that_viewflow_writes(
    world: World, edge: tuple[State, State]
) -> None:
    ours, theirs = stages.draft(world), stages.draft(world)
    for source, target in [*paths()[edge[0]], edge]:
        by = None if source is not State.DRAFT and STEPS[source].is_posting else world.clerk
        move(ours, source, target, by, world.now)
        viewflow_way.step(theirs, source=source, target=target, by=by)
    assert stages.again(ours).state == edge[1]
    assert_same(ours, theirs)


@pytest.mark.parametrize("every_other", [False, True])
def test_a_task_taken_by_somebody_else_keeps_its_owner(world: World, every_other: bool) -> None:
    way = [*paths()[State.ANNOUNCEMENT], (State.ANNOUNCEMENT, State.ANNOUNCED)]
    ours, theirs = stages.draft(world), stages.draft(world)
    owners = []
    for place, (source, target) in enumerate(way):
        human = source is not State.DRAFT and viewflow_way.node(STEPS[source].node).task_type == "HUMAN"
        if human and (not every_other or place % 4 == 1):
            viewflow_way.take(ours, by=world.second_reviewer)
            viewflow_way.take(theirs, by=world.second_reviewer)
            owners.append(world.second_reviewer.pk)
        elif human:
            owners.append(world.reviewer.pk)
        move(ours, source, target, world.reviewer, world.now)
        viewflow_way.step(theirs, source=source, target=target, by=world.reviewer)
    rows = viewflow_way.rows(ours)["viewflow_task"]
    assert [row["owner_id"] for row in rows if row["flow_task_type"] == "HUMAN"] == owners
    assert world.second_reviewer.pk in owners
    assert_same(ours, theirs)


def village_cases(world: World, number: int) -> list[Application]:
    """Cases ready for 村级申报, laid out in sets where a verb takes sets."""
    cases = [stages.draft(world) for _ in range(number)]
    results = intake.submit([Ref.of(case) for case in cases], by=world.clerk, now=world.now)
    assert all(result.done for result in results)
    for case in cases:
        stages.visit(world, case)
    stages.meeting(world, cases)
    return list(Application.objects.filter(pk__in=[case.pk for case in cases]).order_by("pk"))


def is_viewflow(sql: str) -> bool:
    return any(f'"{table}"' in sql for table in VIEWFLOW_TABLES)


def count(act: Callable[[], object]) -> tuple[int, int]:
    """(all statements, those on Viewflow's tables) of an act."""
    with CaptureQueriesContext(connection) as captured:
        act()
    texts = [query["sql"] for query in captured.captured_queries]
    return len(texts), sum(is_viewflow(text) for text in texts)


def test_passing_on_takes_a_number_of_statements_that_does_not_grow(world: World) -> None:
    everything = village_cases(world, 211)
    counts = {}
    for number in (1, 10, 200):
        cases, everything = everything[:number], everything[number:]
        refs = [Ref.of(case) for case in cases]
        done: list[Any] = []
        counts[number] = count(
            lambda refs=refs, done=done: done.extend(
                reviews.pass_on(refs, by=world.clerk, now=world.now, key=uuid4().hex)
            )
        )
        assert [result.done for result in done] == [True] * number
    assert list(consistency.faults()) == []
    if connection.vendor == "postgresql":
        assert counts[1] == counts[10] == counts[200]
        assert counts[200][1] <= VIEWFLOW_STATEMENTS
    else:
        # SQLite takes 999 variables a statement: what 200 rows cost more is batches of inserts, not a loop.
        assert counts[1] == counts[10]
        assert counts[10][1] <= VIEWFLOW_STATEMENTS
        assert counts[200][0] <= counts[10][0] + 40
        assert counts[200][1] <= VIEWFLOW_STATEMENTS + 10


@pytest.mark.parametrize(
    "edge", [(State.VILLAGE_REVIEW, State.VILLAGE_POSTING), (State.VILLAGE_REVIEW, State.REJECTED)]
)
def test_a_set_of_moves_costs_viewflow_at_most_ten_statements(
    world: World, edge: tuple[State, State]
) -> None:
    sets = {}
    for number in (1, 10, 200):
        cases = village_cases_without_work(world, number)
        moves = []
        for case in cases:
            case.__dict__["state"] = edge[1]
            moves.append(engine.Move(case, edge[0], "step"))
        with transaction.atomic():
            sets[number] = count(
                lambda moves=moves: engine.save_moves(moves, by=world.clerk.pk, at=world.now, batch=uuid4())
            )
    assert sets[1] == sets[10]
    assert sets[10][1] <= VIEWFLOW_STATEMENTS
    if connection.vendor == "postgresql":
        assert sets[200] == sets[10]


def village_cases_without_work(world: World, number: int) -> list[Application]:
    cases = [stages.draft(world) for _ in range(number)]
    intake.submit([Ref.of(case) for case in cases], by=world.clerk, now=world.now)
    return list(Application.objects.filter(pk__in=[case.pk for case in cases]).order_by("pk"))


def test_a_state_that_no_gateway_maps_raises_and_rolls_everything_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [stages.submitted(world) for _ in range(2)]
    before = written.everything()
    gateway = viewflow_way.node(STEPS[State.VILLAGE_REVIEW].node)._next
    kept = [branch for branch in gateway._branches if branch[0].name != STEPS[State.VILLAGE_POSTING].node]
    assert len(kept) == len(gateway._branches) - 1
    monkeypatch.setattr(gateway, "_activate_next", kept)
    with pytest.raises(FlowRuntimeError, match="after_village_review"):
        reviews.pass_on([Ref.of(case) for case in cases], by=world.clerk, now=world.now)
    assert written.everything() == before


def test_a_state_written_past_the_engine_stops_the_step_and_rolls_it_back(world: World) -> None:
    case = stages.submitted(world)
    viewflow_way.put(case, source=State.VILLAGE_REVIEW, target=State.TOWNSHIP_REVIEW)
    before = written.everything()
    stale = stages.again(case)
    stale.__dict__["state"] = State.VILLAGE_POSTING
    with pytest.raises(engine.StaleWrite), transaction.atomic():
        engine.save_moves(
            [engine.Move(stale, State.VILLAGE_REVIEW, "pass")], by=world.clerk.pk, at=world.now, batch=uuid4()
        )
    assert written.everything() == before


def test_a_task_at_another_node_than_the_state_stops_the_step_and_rolls_it_back(world: World) -> None:
    case = stages.submitted(world)
    viewflow_way.put(case, source=State.VILLAGE_REVIEW, target=State.VILLAGE_CORRECTION)
    before = written.everything()
    with pytest.raises(engine.StaleWrite):
        intake.withdraw([Ref.of(stages.again(case))], by=world.clerk, now=world.now, opinion="申请人撤回。")
    assert written.everything() == before
    assert list(consistency.faults()) == [
        f"{case.number}: state village_correction, open tasks ['village_review']"
    ]


def test_a_case_with_two_open_tasks_is_named_as_a_fault_and_cannot_be_moved(world: World) -> None:
    case = stages.submitted(world)
    task = viewflow_way.open_task(case)
    task.pk, task._state.adding = None, True
    task.save()
    before = written.everything()
    with pytest.raises(engine.StaleWrite):
        stages.passed(world, [case], by=world.clerk, now=world.now)
    assert written.everything() == before
    assert len(list(consistency.faults())) == 1
