"""System checks: the state machine, the table of steps and the flow say the same."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from django.core.checks import CheckMessage, Error, register

from applications.machine import transition_table
from applications.states import OPEN, State
from workflow.flows import ApprovalFlow, has_a_real_lock
from workflow.steps import STEPS, node_of


@register()
def every_open_state_has_one_step(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Each open state has one step, each step one node of the flow, and no two share it."""
    found: list[CheckMessage] = []
    for state in sorted(set(OPEN) ^ set(STEPS)):
        found.append(
            Error(
                f"State {state} is open without a step, or has a step without being open.", id="workflow.E001"
            )
        )
    nodes = [step.node for step in STEPS.values()]
    for name in sorted(set(nodes)):
        if nodes.count(name) > 1:
            found.append(Error(f"Node {name} stands for more than one state.", id="workflow.E002"))
        if name not in ApprovalFlow._nodes_by_name:
            found.append(Error(f"Node {name} is not in the flow.", id="workflow.E003"))
    return found


@register()
def every_transition_has_one_way_through_its_gateway(
    app_configs: Any, **kwargs: Any
) -> Sequence[CheckMessage]:
    """Behind each open state's node the gateway has exactly one case for each target, to the target's node."""
    found: list[CheckMessage] = []
    for name, pairs in transition_table().items():
        for source, target in pairs.items():
            if source not in STEPS or STEPS[source].node not in ApprovalFlow._nodes_by_name:
                continue
            matching = ways(source, target)
            if matching != [node_of(source, target)]:
                found.append(
                    Error(
                        f"{name}: {source} → {target} leads to {matching or 'nowhere'}.", id="workflow.E004"
                    )
                )
    return found


def ways(source: State, target: State) -> list[str]:
    """The nodes that the gateway behind a state's node offers for a target state."""
    gateway = ApprovalFlow.instance.node(STEPS[source].node)._next
    activation = SimpleNamespace(process=SimpleNamespace(application=SimpleNamespace(state=target)))
    return [node.name for node, condition in gateway._branches if condition is None or condition(activation)]


@register()
def the_flow_has_a_real_lock(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Viewflow's default is no lock; with 20 clicks at once that gave 17 effects per decision."""
    return (
        []
        if has_a_real_lock()
        else [Error("ApprovalFlow needs SelectForUpdateLock(nowait=False).", id="workflow.E005")]
    )
