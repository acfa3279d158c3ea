"""What comes in at the counter, by telephone and by letter is written down, with a slip for the objector."""

from typing import Any

import pytest

from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import all_rows, on_display
from tests.workflow.views.test_objections import FACTS, SECRET, brought_to, named
from tests.world import World, photo
from workflow.models import Channel, Objection, ObjectionState, Posting


def written_down(**changed: Any) -> dict[str, Any]:
    values = {
        "key": stages.key(),
        "channel": "phone",
        "received_at": "2021-03-02T10:00",
        "anonymous": "0",
        "name": SECRET,
        "facts": FACTS,
    }
    return {**values, **changed}


def test_a_call_is_written_down_with_the_time_it_came(world: World) -> None:
    posting = on_display(world, 2)
    entry = posting.entries.get(position=2)
    client = as_(world.clerk)
    with clock_at(world.later(2)):
        assert client.get(url("objection-new", entry.pk)).status_code == 200
        answer = client.post(url("objection-new", entry.pk), written_down(), follow=True)
    made = Objection.objects.get()
    assert (made.channel, made.entry, made.received_by, made.state) == (
        Channel.PHONE,
        entry,
        world.clerk,
        "received",
    )
    assert made.received_at.isoformat() == "2021-03-02T02:00:00+00:00"
    assert made.objector_name == SECRET
    assert made.receipt in answer.content.decode()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"facts": ""}, "请写明异议的具体事实"),
        ({"facts": "字" * 5001}, "异议内容请控制在5000字以内。"),
        ({"name": ""}, "实名异议请填写姓名；不愿留名可以选择匿名。"),
        ({"received_at": "2021-03-03T09:01"}, "收到时间不能晚于现在。"),
        ({"channel": "web"}, "选择一个有效的选项"),
    ],
)
def test_what_cannot_be_written_down_is_refused_with_its_reason(
    world: World, changed: dict[str, str], sentence: str
) -> None:
    posting = on_display(world, 1)
    before = all_rows()
    with clock_at(world.later(2)):
        page = as_(world.clerk).post(url("objection-new", posting.entries.get().pk), written_down(**changed))
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert all_rows() == before


def test_a_reading_role_and_a_draft_take_no_objection(world: World) -> None:
    posting = on_display(world, 1)
    with clock_at(world.later(2)):
        assert as_(world.supervisor).get(url("objection-new", posting.entries.get().pk)).status_code == 403
    case, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    draft = stages.sheet(world, [case], kind=Posting.Kind.TOWNSHIP, now=moment)
    assert as_(world.reviewer).get(url("objection-new", draft.entries.get().pk)).status_code == 404


def test_script_in_the_facts_is_shown_as_text(world: World) -> None:
    posting = on_display(world, 1)
    with clock_at(world.later(2)):
        client = as_(world.clerk)
        client.post(
            url("objection-new", posting.entries.get().pk), written_down(facts="<script>alert(1)</script>")
        )
        text = client.get(Objection.objects.get().get_absolute_url()).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert(1)" not in text


def test_whoever_wrote_it_down_gets_a_slip_with_the_receipt_and_nobody_else_does(world: World) -> None:
    posting = on_display(world, 1)
    client = as_(world.clerk)
    with clock_at(world.later(2)):
        sent = written_down(channel="letter", photos=[photo()])
        answer = client.post(url("objection-new", posting.entries.get().pk), sent)
        made = Objection.objects.get()
        assert answer["Location"] == url("objection-slip", made.pk)
        slip = client.get(answer["Location"]).content.decode()
        assert made.receipt in slip
        assert "应在2021年3月4日以前决定是否受理" in slip
        assert "12317" in slip
        assert SECRET not in slip
        for who, status in (("second_clerk", 403), ("reviewer", 403), ("supervisor", 403), ("stranger", 404)):
            answer = as_(getattr(world, who)).get(url("objection-slip", made.pk))
            assert answer.status_code == status
            assert made.receipt not in answer.content.decode()
        detail = client.get(made.get_absolute_url()).content.decode()
    assert (made.channel, made.evidence.count()) == (Channel.LETTER, 1)
    assert made.receipt not in detail
    assert made.number in detail


def test_an_appeal_is_written_down_and_gets_a_slip(world: World) -> None:
    objection = named(world, on_display(world, 1))
    client = as_(world.clerk)
    with clock_at(world.later(3)):
        before = client.get(objection.get_absolute_url()).content.decode()
        assert url("objection-appeal", objection.pk) not in before
        brought_to(world, objection, ObjectionState.DECIDED)
        assert (
            url("objection-appeal", objection.pk) in client.get(objection.get_absolute_url()).content.decode()
        )
        sent = {"key": stages.key(), "channel": "visit", "facts": "不服，请再量一次。"}
        empty = client.post(url("objection-appeal", objection.pk), {**sent, "facts": " "})
        assert empty.status_code == 422
        assert "请写明对处理结果哪一点不服" in empty.content.decode()
        answer = client.post(url("objection-appeal", objection.pk), sent, follow=True)
        made = Objection.objects.get(appeal_of=objection)
        assert made.receipt in answer.content.decode()
        detail = client.get(made.get_absolute_url()).content.decode()
        again = client.post(url("objection-appeal", objection.pk), {**sent, "key": stages.key()})
    assert "不服，请再量一次。" not in detail
    assert again.status_code == 422
    assert "已经申请过复核" in again.content.decode()


@pytest.mark.parametrize("received", ["0001-01-01T00:00", "1900-01-01T00:00", "2021-02-28T23:59"])
def test_a_day_before_the_sheet_hung_gets_a_sentence_and_keeps_the_words(world: World, received: str) -> None:
    posting = on_display(world, 1)
    before = all_rows()
    with clock_at(world.later(2)):
        address = url("objection-new", posting.entries.get().pk)
        page = as_(world.clerk).post(address, written_down(received_at=received))
    assert page.status_code == 422
    assert "收到时间早于名单张贴的日期，请核对。" in page.content.decode()
    assert page.context["form"]["facts"].value() == FACTS
    assert all_rows() == before
