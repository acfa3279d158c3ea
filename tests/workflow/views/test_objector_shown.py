"""Who objects is masked on the page; in full it is asked for with a reason, by whoever may know, and written down."""

from typing import Any
from uuid import uuid4

import pytest

from applications.models import Disclosure
from tests.workflow.views.pages import as_, clock_at, key_of, url
from tests.workflow.views.sheets import all_rows, on_display
from tests.world import World
from workflow import objections
from workflow.complaints import Complaint
from workflow.models import Channel, Objection

NAME, PHONE = "金丝雀某人", "13800001234"
FORM = {"purpose": "contact", "reason": "电话核实地块位置"}


def objected(world: World, **said: Any) -> Objection:
    complaint = Complaint(Channel.VISIT, "面积不足。", **{"name": NAME, "phone": PHONE, **said})
    entry = on_display(world, 1).entries.get()
    return objections.lodge(entry, complaint=complaint, by=world.clerk, now=world.now)


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver"])
def test_the_page_masks_and_the_answer_to_a_reason_shows_and_is_written_down(world: World, who: str) -> None:
    made, client = objected(world), as_(getattr(world, who))
    with clock_at(world.now):
        page = client.get(made.get_absolute_url()).content.decode()
        assert ("金****" in page, "138****1234" in page) == (True, True)
        assert (NAME in page, PHONE in page) == (False, False)
        asked = client.get(url("objector-shown", made.pk))
        assert NAME not in asked.content.decode()
        answer = client.post(url("objector-shown", made.pk), {**FORM, "key": key_of(asked)})
    text = answer.content.decode()
    assert (answer.status_code, NAME in text, PHONE in text) == (200, True, True)
    assert answer["Cache-Control"] == "private, no-store"
    line = Disclosure.objects.get()
    assert (line.by, line.objection, line.household, line.reason, line.purpose) == (
        getattr(world, who),
        made.number,
        made.application.household,
        FORM["reason"],
        "contact",
    )
    with clock_at(world.now):
        record = as_(world.supervisor).get(url("disclosure-list")).content.decode()
    assert (made.number in record, FORM["reason"] in record) == (True, True)
    assert (NAME in record, PHONE in record) == (False, False)


@pytest.mark.parametrize(
    ("who", "status", "reason"),
    [
        ("clerk", 403, "电话核实地块位置"),
        ("supervisor", 403, "电话核实地块位置"),
        ("administrator", 403, "电话核实地块位置"),
        ("stranger", 404, "电话核实地块位置"),
        ("reviewer", 422, "看看"),
        ("reviewer", 422, ""),
    ],
)
def test_who_may_not_know_or_gives_no_reason_sees_nothing_and_nothing_is_written(
    world: World, who: str, status: int, reason: str
) -> None:
    made = objected(world, concerns_cadre=True)
    before = all_rows()
    with clock_at(world.now):
        form = {**FORM, "reason": reason, "key": uuid4().hex}
        answer = as_(getattr(world, who)).post(url("objector-shown", made.pk), form)
    assert answer.status_code == status
    assert (NAME in answer.content.decode(), PHONE in answer.content.decode()) == (False, False)
    assert all_rows() == before


def test_nothing_is_offered_where_the_objector_left_nothing(world: World) -> None:
    made = objected(world, anonymous=True, name="", phone="")
    with clock_at(world.now):
        page = as_(world.clerk).get(made.get_absolute_url()).content.decode()
    assert url("objector-shown", made.pk) not in page
