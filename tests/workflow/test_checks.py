"""System checks that hold state machine, steps and flow together: clean as it is, each fault found when planted."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.urls import reverse
from viewflow.workflow.lock import CacheLock, NoLock, SelectForUpdateLock

from applications.machine import transition_table
from applications.states import OPEN, State
from workflow import checks
from workflow.flows import ApprovalFlow, when
from workflow.steps import STEPS


@pytest.fixture(autouse=True)
def pages_that_load() -> None:
    """The pages import the steps: they are loaded before a test takes one away."""
    reverse("desk")


@pytest.fixture(autouse=True)
def steps_in_their_order() -> Iterator[None]:
    """monkeypatch puts a key it took away back at the end, and the order of the steps is the order of the chain."""
    kept = dict(STEPS)
    yield
    STEPS.clear()
    STEPS.update(kept)


def ids(found: object) -> list[str]:
    return sorted({message.id for message in found})  # type: ignore[attr-defined]


def test_system_checks_find_nothing() -> None:
    assert [message for message in run_checks() if message.is_serious()] == []


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_gateway_offers_exactly_one_way_for_each_transition() -> None:
    pairs = {
        (source, target)
        for row in transition_table().values()
        for source, target in row.items()
        if source in OPEN
    }
    assert len(pairs) == 43
    for source, target in pairs:
        assert len(checks.ways(source, target)) == 1, (source, target)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_open_state_without_a_step_is_found(monkeypatch: pytest.MonkeyPatch, state: State) -> None:
    monkeypatch.delitem(STEPS, state)
    assert "workflow.E001" in ids(run_checks())


def test_step_of_a_state_that_is_not_open_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STEPS, State.ANNOUNCED, replace(STEPS[State.ANNOUNCEMENT], node="announced"))
    assert ids(checks.every_open_state_has_one_step(None)) == ["workflow.E001"]


def test_two_states_at_one_node_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    one = STEPS[State.VILLAGE_CORRECTION]
    monkeypatch.setitem(STEPS, one.state, replace(one, node=State.TOWNSHIP_CORRECTION.value))
    assert "workflow.E002" in ids(run_checks())


def test_node_that_the_flow_does_not_have_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    one = STEPS[State.VILLAGE_REVIEW]
    monkeypatch.setitem(STEPS, one.state, replace(one, node="nowhere"))
    assert "workflow.E003" in ids(run_checks())


def gateway(name: str) -> object:
    return ApprovalFlow.instance.node(f"after_{name}")


@pytest.mark.parametrize("state", sorted(OPEN))
def test_gateway_without_one_of_its_ways_is_found(monkeypatch: pytest.MonkeyPatch, state: State) -> None:
    node = gateway(STEPS[state].node)
    for missing in range(len(node._branches)):  # type: ignore[attr-defined]
        branches = list(node._branches)  # type: ignore[attr-defined]
        del branches[missing]
        with monkeypatch.context() as patch:
            patch.setattr(node, "_activate_next", branches)
            assert ids(checks.every_transition_has_one_way_through_its_gateway(None)) == ["workflow.E004"]


def test_gateway_with_two_ways_for_one_state_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    node = gateway("village_review")
    end = ApprovalFlow.instance.node("village_end")
    second = (end, when(State.VILLAGE_POSTING))
    monkeypatch.setattr(node, "_activate_next", [*node._branches, second])  # type: ignore[attr-defined]
    assert ids(run_checks()) == ["workflow.E004"]


def test_gateway_with_a_default_case_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    node = gateway("district_review")
    end = ApprovalFlow.instance.node("district_end")
    monkeypatch.setattr(node, "_activate_next", [*node._branches, (end, None)])  # type: ignore[attr-defined]
    assert ids(run_checks()) == ["workflow.E004"]


def test_way_to_the_wrong_node_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    node = gateway("announcement")
    wrong = ApprovalFlow.instance.node("district_posting")
    branches = [(wrong, condition) for _, condition in node._branches]  # type: ignore[attr-defined]
    monkeypatch.setattr(node, "_activate_next", branches)
    assert ids(run_checks()) == ["workflow.E004"]


@pytest.mark.parametrize("lock", [NoLock(), SelectForUpdateLock(nowait=True), CacheLock()])
def test_flow_without_a_waiting_lock_is_found(monkeypatch: pytest.MonkeyPatch, lock: object) -> None:
    monkeypatch.setattr(ApprovalFlow, "lock_impl", lock)
    assert ids(run_checks()) == ["workflow.E005"]
