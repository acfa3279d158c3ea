"""The picture of a case's way: one place where it is, also after a return, and the same told in words; the BPMN drawing."""

import re
from collections import Counter
from datetime import datetime
from xml.etree import ElementTree

import pytest

from applications.models import Application
from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.world import World
from workflow import diagram, intake, reviews
from workflow.diagram import Mark
from workflow.models import PostingKind
from workflow.results import Ref

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
HAN = re.compile(r"[\u4e00-\u9fff]")


def marks(case: Application) -> dict[str, str]:
    """The marked boxes of a case, gateways left out."""
    boxes = diagram.of(stages.again(case)).boxes
    return {box.name: box.mark for box in boxes if box.mark is not Mark.AHEAD and box.kind != "gateway"}


def shown(world: World, case: Application, moment: datetime) -> str:
    with clock_at(moment):
        response = as_(world.clerk).get(url("case-diagram", case.pk))
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("state", stages.ORDER[1:-1])
def test_exactly_one_node_is_where_the_case_is(world: World, state: State) -> None:
    case, moment = stages.reach(world, state)
    found = marks(case)
    assert Counter(found.values())[Mark.CURRENT] == 1
    assert found[state.value] is Mark.CURRENT
    before = [one.value for one in stages.ORDER[1 : stages.ORDER.index(state)]]
    assert {name for name, mark in found.items() if mark is Mark.PASSED} == {"start", *before}
    assert shown(world, case, moment).count("is-current") == 2  # the node and the legend


def test_after_a_return_only_the_correction_is_current_and_the_review_is_passed(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    found = marks(case)
    assert found["township_correction"] is Mark.CURRENT
    assert found["township_review"] is Mark.PASSED
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=moment))
    found = marks(case)
    assert [name for name, mark in found.items() if mark is Mark.CURRENT] == ["township_review"]
    assert found["township_correction"] is Mark.PASSED
    text = shown(world, case, moment)
    assert "现在在“乡级审核”" in text
    assert text.count("<strong>现在在这里</strong>") == 1
    assert text.count("<li>乡级审核：") == 2


def test_what_a_restart_has_undone_is_to_do_again(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    stages.displayed(world, [case], kind=PostingKind.TOWNSHIP, now=moment)
    stages.do(
        reviews.correct([Ref.of(stages.again(case))], by=world.reviewer, now=moment, opinion="面积写错了")
    )
    found = marks(case)
    assert found["village_correction"] is Mark.CURRENT
    assert {name for name, mark in found.items() if mark is Mark.AGAIN} == {
        "village_posting",
        "township_review",
        "township_posting",
    }
    assert "要再办一次" in shown(world, case, moment)


@pytest.mark.parametrize("ended", [State.ANNOUNCED, State.REJECTED])
def test_a_case_that_has_ended_is_nowhere_and_says_where_it_ended(world: World, ended: State) -> None:
    state = State.ANNOUNCED if ended is State.ANNOUNCED else State.TOWNSHIP_REVIEW
    case, moment = stages.reach(world, state)
    if ended is State.REJECTED:
        stages.do(
            reviews.reject(
                [Ref.of(case)], by=world.reviewer, now=moment, reason_code="facts", opinion="没有种植"
            )
        )
    found = marks(case)
    node = "announced" if ended is State.ANNOUNCED else "township_end"
    assert Mark.CURRENT not in found.values()
    assert [name for name, mark in found.items() if mark is Mark.ENDED] == [node]
    text = shown(world, case, moment)
    assert "现在在这里" not in text
    assert "办结。</li>" in text


def test_a_draft_has_not_entered_the_flow(world: World) -> None:
    case = stages.draft(world)
    assert marks(case) == {}
    assert "草稿还没有提交" in shown(world, case, world.now)


def test_the_page_has_no_inline_style_and_takes_twelve_queries(world: World) -> None:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    text = shown(world, case, moment)
    assert "style=" not in text
    assert "<style" not in text
    with clock_at(moment):
        assert queries(as_(world.supervisor), url("case-diagram", case.pk)) <= 12
        assert url("case-diagram", case.pk) in as_(world.clerk).get(case.get_absolute_url()).content.decode()


def test_the_drawing_parses_with_chinese_names_its_diagram_and_says_that_it_cannot_run(world: World) -> None:
    response = as_(world.clerk).get(url("flow-bpmn"))
    assert response["Content-Type"].startswith("application/bpmn+xml")
    root = ElementTree.fromstring(response.content)
    process = root.find(f"{BPMN}process")
    assert process is not None
    assert process.get("isExecutable") == "false"
    nodes = [node for node in process if node.tag != f"{BPMN}sequenceFlow"]
    assert len(nodes) == len(diagram._layout().nodes)
    assert all(HAN.search(node.get("name", "")) for node in nodes)
    flows = process.findall(f"{BPMN}sequenceFlow")
    assert flows
    ids = {node.get("id") for node in nodes}
    assert {flow.get("sourceRef") for flow in flows} | {flow.get("targetRef") for flow in flows} == ids
    shapes = root.findall(f".//{DI}BPMNShape")
    assert {shape.get("bpmnElement") for shape in shapes} == ids
    assert len(root.findall(f".//{DI}BPMNEdge")) == len(flows)
    assert not root.findall(f".//{BPMN}conditionExpression")
