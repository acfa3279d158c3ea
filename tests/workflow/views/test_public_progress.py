"""The household asks how far it is: step and telephone, no reason; one answer for every wrong question."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from applications.models import Application
from applications.states import CORRECTIONS, State
from registry import codes
from registry.models import Region
from tests import stages
from tests.leaks import find_leaks
from tests.workflow.views.pages import as_, clock_at, everything, url
from tests.world import World
from workflow import intake, reviews
from workflow.models import RefusalCode
from workflow.results import Ref
from workflow.steps import public_label
from workflow.views import qr
from workflow.views.public_progress import BY_ADDRESS, BY_CODE

NOT_FOUND = "查询码或者姓名不对，没有查到申请。"


@pytest.fixture(autouse=True)
def counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def ask(code: str, name: str, *, client: Client | None = None, **extra: str) -> tuple[int, str]:
    """The status of the answer and the page, without what differs from click to click and without what was typed."""
    answer = (client or Client()).post(url("public-progress"), {"code": code, "name": name}, **extra)
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())
    return answer.status_code, text.replace(f'value="{escape(code)}"', "").replace(
        f'value="{escape(name)}"', ""
    )


def asked(world: World, state: State) -> tuple[Application, str]:
    case, moment = stages.reach(world, state, household=world.household(name="周示例"))
    with clock_at(moment):
        status, text = ask(case.inquiry_code, "周示例")
    assert status == 200
    return case, text


@pytest.mark.parametrize(
    ("state", "body", "phone"),
    [
        (State.VILLAGE_REVIEW, "示例1村", "镇监督电话〔示例〕"),
        (State.VILLAGE_POSTING, "示例1村", "镇监督电话〔示例〕"),
        (State.TOWNSHIP_REVIEW, "示例镇人民政府", "镇监督电话〔示例〕"),
        (State.TOWNSHIP_POSTING, "示例镇人民政府", "镇监督电话〔示例〕"),
        (State.DISTRICT_REVIEW, "示例区乡村振兴局", "区监督电话〔示例〕"),
        (State.DISTRICT_POSTING, "示例区乡村振兴局", "区监督电话〔示例〕"),
        (State.ANNOUNCEMENT, "示例区乡村振兴局", "区监督电话〔示例〕"),
        (State.ANNOUNCED, "示例区乡村振兴局", "区监督电话〔示例〕"),
    ],
)
def test_the_answer_names_the_step_and_whom_to_ask(world: World, state: State, body: str, phone: str) -> None:
    case, text = asked(world, state)
    assert f"示例种植补助：{public_label(state)}" in text
    assert body in text
    assert phone in text
    for private in (case.number, case.payee.id_number, "周示例", "900.00", "王村一", "李审核"):
        assert private not in text
    assert find_leaks(text) == []


def test_a_village_with_a_telephone_of_its_own_is_asked_first(world: World) -> None:
    Region.objects.filter(pk=world.village.pk).update(phone="村电话〔示例〕")
    _, text = asked(world, State.VILLAGE_REVIEW)
    assert "村电话〔示例〕" in text
    assert "镇监督电话〔示例〕" not in text


def test_every_open_and_final_state_has_its_sentence(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW, household=world.household(name="周示例"))
    stages.returned(world, case, by=world.reviewer, now=moment, fault="隐情一〔示例〕")
    assert stages.again(case).state in CORRECTIONS
    with clock_at(moment):
        _, returned = ask(case.inquiry_code, "周示例")
    assert "示例种植补助：退回补正" in returned
    assert "示例1村" in returned
    assert "隐情一" not in returned
    other, moment = stages.reach(world, State.TOWNSHIP_REVIEW, household=world.household(name="吴示例"))
    stages.do(
        reviews.reject(
            [Ref.of(other)],
            by=world.reviewer,
            now=moment,
            reason_code=RefusalCode.FACTS,
            opinion="隐情二〔示例〕",
        )
    )
    with clock_at(moment):
        _, refused = ask(other.inquiry_code, "吴示例")
    assert "示例种植补助：不予批准" in refused
    assert "示例镇人民政府" in refused
    for private in ("隐情二", RefusalCode.FACTS.label):
        assert private not in refused


@pytest.mark.parametrize(
    "spelled",
    ["{code}", "{lower}", "{joined}", "{spaced}", "{wide}"],
    ids=["as is", "small", "joined", "spaced", "wide"],
)
def test_code_and_name_may_be_typed_in_many_ways(world: World, spelled: str) -> None:
    case = stages.submitted(world, household=world.household(name="古丽·示例"))
    code = case.inquiry_code
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    typed = spelled.format(
        code=code,
        lower=code.lower(),
        joined=code.replace("-", ""),
        spaced=f" {code.replace('-', ' ')} ",
        wide=wide,
    )
    with clock_at(world.now):
        assert "可以问谁" in ask(typed, "古丽 • 示例")[1]


def test_an_unknown_code_a_wrong_name_and_a_draft_get_one_answer(world: World) -> None:
    case = stages.submitted(world, household=world.household(name="周示例"))
    draft = stages.draft(world, household=world.household(name="周示例"))
    with clock_at(world.now):
        answers = {
            ask("2345-6789-ABCD", "周示例"),
            ask(case.inquiry_code, "吴示例"),
            ask(case.inquiry_code, "周"),
            ask(case.inquiry_code, "〔〕"),
            ask(draft.inquiry_code, "周示例"),
            ask("' OR 1=1 --", "周示例"),
        }
    assert len(answers) == 1
    ((status, text),) = answers
    assert status == 200
    assert NOT_FOUND in text


@pytest.mark.parametrize(
    ("code", "name"), [("", "周示例"), ("2345", ""), ("2" * 41, "周"), ("2345", "周" * 51)]
)
def test_an_incomplete_question_keeps_what_was_typed(world: World, code: str, name: str) -> None:
    before = everything()
    answer = Client().post(url("public-progress"), {"code": code, "name": name})
    assert answer.status_code == 422
    assert answer.context["form"]["code"].value() == code
    assert answer.context["form"]["name"].value() == name
    assert everything() == before


def test_an_address_is_told_to_wait_after_too_many_questions(world: World) -> None:
    case = stages.submitted(world, household=world.household(name="周示例"))
    with clock_at(world.now):
        for number in range(BY_ADDRESS.most):
            assert ask(f"22222222{number:04d}", "周示例")[0] == 200
        status, text = ask(case.inquiry_code, "周示例")
        elsewhere = ask(case.inquiry_code, "周示例", REMOTE_ADDR="192.0.2.7")
    assert status == 429
    assert "查询次数太多" in text
    assert "可以问谁" not in text
    assert elsewhere[0] == 200
    assert "可以问谁" in elsewhere[1]


def test_names_are_not_tried_out_on_one_code_from_many_addresses(world: World) -> None:
    case = stages.submitted(world, household=world.household(name="周示例"))
    with clock_at(world.now):
        for number in range(BY_CODE.most):
            assert ask(case.inquiry_code, f"错{number}", REMOTE_ADDR=f"192.0.2.{number}")[0] == 200
        assert ask(case.inquiry_code, "周示例", REMOTE_ADDR="192.0.2.200")[0] == 429


def test_the_answer_is_kept_by_nobody(world: World) -> None:
    answer = Client().post(url("public-progress"), {"code": "x", "name": "y"})
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Robots-Tag"].startswith("noindex")


def test_codes_are_random_and_each_case_has_its_own(world: World) -> None:
    made = {codes.unguessable() for _ in range(2000)}
    assert len(made) == 2000
    assert all(
        re.fullmatch(rf"[{codes.ALPHABET}]{{4}}(-[{codes.ALPHABET}]{{4}}){{2}}", code) for code in made
    )
    first, second = stages.draft(world), stages.draft(world)
    assert first.inquiry_code != second.inquiry_code
    assert stages.again(first).inquiry_code == first.inquiry_code


def test_the_clerk_prints_a_slip_once_the_case_is_handed_in(world: World) -> None:
    case = stages.draft(world)
    clerk = as_(world.clerk)
    with clock_at(world.now):
        assert clerk.get(url("application-slip", case.pk)).status_code == 403
        assert case.inquiry_code not in clerk.get(case.get_absolute_url()).content.decode()
        stages.do(intake.submit([Ref.of(case)], by=world.clerk, now=world.now))
        page = clerk.get(case.get_absolute_url()).content.decode()
        assert case.inquiry_code in page
        assert url("application-slip", case.pk) in page
        slip = clerk.get(url("application-slip", case.pk)).content.decode()
        assert as_(world.stranger).get(url("application-slip", case.pk)).status_code == 404
        assert Client().get(url("application-slip", case.pk)).status_code == 302
    for shown in (case.inquiry_code, case.beneficiary_name, "http://testserver/public/progress/", "12317"):
        assert shown in slip
    assert str(qr.svg(f"http://testserver/public/progress/#{case.inquiry_code}")) in slip
    assert case.payee.id_number not in slip


def test_the_answer_takes_few_statements_however_long_the_history(world: World) -> None:
    taken = []
    for state in (State.VILLAGE_REVIEW, State.ANNOUNCED):
        case, moment = stages.reach(world, state, household=world.household(name="周示例"))
        with clock_at(moment + timedelta(days=1)), CaptureQueriesContext(connection) as captured:
            assert "可以问谁" in ask(case.inquiry_code, "周示例")[1]
        taken.append(len(captured))
    assert taken == [3, 3]
