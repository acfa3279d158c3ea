"""The public objection form and the progress by receipt code: no login, no puzzle, no trace of the objector."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from applications.states import State
from registry.models import User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import all_rows, on_display
from tests.world import World
from workflow import objections, reviews
from workflow.forms.public import FORGED, HONEYPOT, SALT, TOO_FRESH, TOO_OLD, issue
from workflow.models import Channel, Objection, Posting, PostingKind
from workflow.numbers import RECEIPT_ALPHABET
from workflow.results import Ref

FACTS = "该户实际种植面积只有一亩。"
NAME = "赵举报〔示例〕"


def typed(**changed: Any) -> dict[str, Any]:
    return {"anonymous": "0", "name": NAME, "phone": "〔示例〕", "facts": FACTS, **changed}


def given_out(client: Client, address: str, moment: datetime) -> str:
    """The token of the form as it is given out at a moment."""
    with clock_at(moment):
        return str(client.get(address).context["form"]["token"].value())


def test_a_named_objection_gets_a_receipt_and_keeps_its_objector_sealed(world: World) -> None:
    posting = on_display(world, 2)
    entry = posting.entries.get(position=2)
    client, address = Client(enforce_csrf_checks=True), url("public-objection", entry.pk)
    token = given_out(client, address, world.later(1))
    with clock_at(world.later(1) + timedelta(seconds=60)):
        sent = typed(token=token, csrfmiddlewaretoken=client.cookies["csrftoken"].value)
        answer = client.post(address, sent, follow=True)
        made = Objection.objects.get()
        assert made.receipt in answer.content.decode()
        assert made.receipt not in client.get(url("public-receipt")).content.decode()
    assert (made.entry, made.channel, made.state, made.received_by) == (entry, Channel.WEB, "received", None)
    assert (made.objector_name, made.facts, made.anonymous, made.late) == (NAME, FACTS, False, False)
    assert set(made.receipt.replace("-", "")) <= set(RECEIPT_ALPHABET)
    assert NAME not in answer.content.decode()
    assert FACTS not in answer.content.decode()


def test_without_its_csrf_token_the_form_is_refused(world: World) -> None:
    posting = on_display(world, 1)
    client, address = Client(enforce_csrf_checks=True), url("public-objection", posting.entries.get().pk)
    token = given_out(client, address, world.later(1))
    before = all_rows()
    with clock_at(world.later(1) + timedelta(minutes=1)):
        assert client.post(address, typed(token=token)).status_code == 403
    assert all_rows() == before


def test_an_anonymous_objection_keeps_no_name(world: World) -> None:
    posting = on_display(world, 1)
    client, address = Client(), url("public-objection", posting.entries.get().pk)
    token = given_out(client, address, world.later(1))
    with clock_at(world.later(1) + timedelta(minutes=1)):
        client.post(address, typed(token=token, anonymous="1", concerns_cadre="on"))
    made = Objection.objects.get()
    assert (made.anonymous, made.objector_name, made.concerns_cadre, made.handling_level) == (
        True,
        "",
        True,
        "township",
    )


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"facts": ""}, "请写明异议的具体事实，例如什么人、什么情况与公示不符。"),
    ({"facts": " \n　"}, "请写明异议的具体事实，例如什么人、什么情况与公示不符。"),
    ({"facts": "字" * 5001}, "异议内容请控制在5000字以内。"),
    ({"facts": f"{FACTS}\x00"}, "不允许是用空字符"),
    ({"anonymous": ""}, "请选择署名或者不署名。"),
    ({"anonymous": "2"}, "选择一个有效的选项"),
    ({"name": ""}, "实名异议请填写姓名；不愿留名可以选择匿名。"),
    ({"name": "名" * 51}, "姓名请控制在50个字以内。"),
    ({"website": "http://example.org"}, HONEYPOT),
]


@pytest.mark.parametrize(("changed", "sentence"), REFUSALS)
def test_bad_input_gets_a_sentence_and_keeps_what_was_typed(
    world: World, changed: dict[str, Any], sentence: str
) -> None:
    posting = on_display(world, 1)
    client, address = Client(), url("public-objection", posting.entries.get().pk)
    token = given_out(client, address, world.later(1))
    before = all_rows()
    sent = typed(token=token, **changed)
    with clock_at(world.later(1) + timedelta(minutes=1)):
        page = client.post(address, sent)
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert {name: page.context["form"][name].value() for name in sent} == sent
    assert all_rows() == before


@pytest.mark.parametrize(
    ("age", "sentence"),
    [
        (timedelta(seconds=2), TOO_FRESH),
        (timedelta(seconds=3), ""),
        (timedelta(hours=2), ""),
        (timedelta(hours=2, seconds=1), TOO_OLD),
        (timedelta(seconds=-60), FORGED),
    ],
)
def test_the_form_is_taken_between_three_seconds_and_two_hours(
    world: World, age: timedelta, sentence: str
) -> None:
    posting = on_display(world, 1)
    client, address = Client(), url("public-objection", posting.entries.get().pk)
    token = given_out(client, address, world.later(1))
    with clock_at(world.later(1) + age):
        page = client.post(address, typed(token=token))
    assert Objection.objects.count() == (0 if sentence else 1)
    assert page.status_code == (422 if sentence else 302)
    if sentence:
        assert sentence in page.content.decode()
        assert page.context["form"]["facts"].value() == FACTS


def forged(posting: Posting, moment: datetime) -> dict[str, str]:
    entry, other = posting.entries.order_by("position")[:2]
    return {
        "missing": "",
        "nonsense": "x:y:z",
        "of another row": issue(other.pk, now=moment),
        "signed for something else": signing.dumps(
            {"entry": entry.pk, "at": moment.timestamp()}, salt="other"
        ),
        "of another shape": signing.dumps([entry.pk], salt=SALT),
        "changed": issue(entry.pk, now=moment)[:-1] + "-",
    }


@pytest.mark.parametrize(
    "kind",
    ["missing", "nonsense", "of another row", "signed for something else", "of another shape", "changed"],
)
def test_a_forged_token_is_refused_and_a_good_one_given_out(world: World, kind: str) -> None:
    posting = on_display(world, 2)
    entry = posting.entries.get(position=1)
    client, address = Client(), url("public-objection", entry.pk)
    token = forged(posting, world.later(1))[kind]
    with clock_at(world.later(1) + timedelta(minutes=1)):
        page = client.post(address, typed(token=token))
    assert page.status_code == 422
    assert FORGED in page.content.decode()
    assert page.context["form"]["facts"].value() == FACTS
    assert not Objection.objects.exists()
    renewed = page.context["form"]["token"].value()
    with clock_at(world.later(1) + timedelta(minutes=2)):
        assert client.post(address, typed(token=renewed)).status_code == 302
    assert Objection.objects.count() == 1


def test_a_form_sent_too_fast_succeeds_when_sent_again(world: World) -> None:
    posting = on_display(world, 1)
    client, address = Client(), url("public-objection", posting.entries.get().pk)
    token = given_out(client, address, world.later(1))
    with clock_at(world.later(1) + timedelta(seconds=1)):
        page = client.post(address, typed(token=token))
    with clock_at(world.later(1) + timedelta(seconds=5)):
        again = typed(token=page.context["form"]["token"].value())
        assert client.post(address, again).status_code == 302


def test_script_typed_by_an_objector_is_only_text(world: World) -> None:
    posting = on_display(world, 1)
    client, address = Client(), url("public-objection", posting.entries.get().pk)
    token = given_out(client, address, world.later(1))
    bad = "</textarea><script>alert(1)</script>"
    with clock_at(world.later(1) + timedelta(minutes=1)):
        before = all_rows()
        page = client.post(address, typed(token=token, facts=bad, name=bad, website="x"))
        assert page.status_code == 422
        assert all_rows() == before
        client.post(address, typed(token=token, facts=bad))
        desk = as_(world.clerk).get(Objection.objects.get().get_absolute_url())
    for text in (page.content.decode(), desk.content.decode()):
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_form_loaded_before_midnight_is_taken_after_it_as_late(world: World) -> None:
    posting = on_display(world, 1, names=["赵示例"])
    client, address = Client(), url("public-objection", posting.entries.get().pk)
    end = stages.after(posting)
    token = given_out(client, address, end - timedelta(minutes=5))
    with clock_at(end + timedelta(minutes=5)):
        refused = client.post(address, typed(token=token, facts=""))
        assert "赵示例" not in refused.content.decode()
        assert client.post(address, typed(token=token)).status_code == 302
    assert Objection.objects.get().late is True


def progress(code: str) -> str:
    """The answer to a receipt code, without the form below it (it carries a token of its own)."""
    text = Client().post(url("public-receipt"), {"receipt": code}).content.decode()
    return text[text.index('<main id="main"') : text.index('<form method="post"')]


@pytest.mark.parametrize("spelling", ["{}", " {} ", "lower", "bare", "wide"])
def test_progress_shows_the_step_and_never_the_objector_or_the_facts(world: World, spelling: str) -> None:
    posting = on_display(world, 1, names=["赵示例"])
    objection = stages.lodged(
        world, posting.entries.get().application, posting, now=world.later(1), facts=FACTS
    )
    objections.accept(objection, by=world.clerk, now=world.later(2))
    code = objection.receipt
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    spelled = {"lower": code.lower(), "bare": code.replace("-", ""), "wide": wide}.get(
        spelling, spelling.format(code)
    )
    answer = progress(spelled)
    assert "已受理" in answer
    assert "2021年3月2日" in answer
    assert "2021年3月3日" in answer
    for hidden in (FACTS, "赵示例", objection.application.number, world.clerk.name):
        assert hidden not in answer


def test_the_outcome_is_told_without_its_reason(world: World) -> None:
    posting = on_display(world, 1)
    objection = stages.lodged(world, posting.entries.get().application, posting, now=world.later(1))
    stages.decided(objection, "not_upheld", by=world.clerk, now=world.later(2))
    answer = progress(objection.receipt)
    assert "已办结" in answer
    assert "异议不成立" in answer
    assert "现场丈量" not in answer
    assert "调查甲" not in answer


def test_every_unknown_code_gets_the_same_answer(world: World) -> None:
    on_display(world, 1)
    codes = ["AAAA-BBBB-CCCC", "x", "1' OR '1'='1", "〇〇〇〇", "A" * 40]
    answers = {progress(code) for code in codes}
    assert len(answers) == 1
    assert "没有查到这个回执编号，请核对后再查。" in answers.pop()


def test_no_page_asks_a_visitor_to_log_in_and_none_makes_a_user(world: World) -> None:
    posting = on_display(world, 1)
    people = User.objects.count()
    with clock_at(world.later(1)):
        for address in (url("public-board"), url("public-receipt"), url("public-sheet", posting.pk)):
            assert Client().get(address).status_code == 200
    assert User.objects.count() == people


def test_a_row_of_a_correction_is_offered_nowhere_and_its_form_is_not_there(world: World) -> None:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    old, _ = stages.announced(world, [case], now=moment)
    stages.do(
        reviews.revoke([Ref.of(stages.again(case))], by=world.approver, now=moment, opinion="重复享受。")
    )
    made = Posting.objects.exclude(pk=old.pk).get(kind=PostingKind.ANNOUNCEMENT)
    entry, client = made.entries.get(), as_(world.approver)
    before = all_rows()
    with clock_at(moment):
        token = issue(entry.pk, now=moment - timedelta(minutes=1))
        for answer in (
            Client().get(url("public-objection", entry.pk)),
            Client().post(url("public-objection", entry.pk), typed(token=token)),
        ):
            assert answer.status_code == 404
        assert client.get(url("objection-new", entry.pk)).status_code == 403
        sheet = client.get(url("posting-detail", made.pk)).content.decode()
        tab = client.get(url("application-detail", case.pk) + "?tab=sheets").content.decode()
        first = client.get(url("posting-detail", old.pk)).content.decode()
    offered = url("objection-new", entry.pk)
    assert offered not in sheet
    assert offered not in tab
    assert url("objection-new", old.entries.get().pk) in first
    assert url("objection-new", old.entries.get().pk) in tab
    assert all_rows() == before


def test_the_form_is_for_no_search_engine_also_when_it_is_refused(world: World) -> None:
    posting = on_display(world, 1)
    client, address = Client(), url("public-objection", posting.entries.get().pk)
    with clock_at(world.later(1)):
        for answer in (client.get(address), client.post(address, typed(facts=""))):
            assert answer.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
