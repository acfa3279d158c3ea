"""The reviewer's desk in two halves: the queue beside the case, and the next case after a decision."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import get_messages

from applications.models import Application, RequiredPaper
from applications.states import State
from registry.models import Interest, User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, queries, url
from tests.world import World, photo
from workflow import custody, intake, mending, objections, reviews
from workflow.complaints import Complaint
from workflow.models import Channel, Decision, Fault, Objection, PostingEntry, PostingKind
from workflow.results import Ref
from workflow.reviews import FaultText

REVIEW = "/review/"


@pytest.fixture
def waiting(world: World) -> tuple[list[Application], datetime]:
    """Three cases in 乡级审核, by the order of the queue."""
    return in_review(world, 3)


def in_review(world: World, count: int) -> tuple[list[Application], datetime]:
    cases = [stages.submitted(world) for _ in range(count)]
    stages.passed(world, cases, by=world.clerk, now=world.now)
    now = stages.ran(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    return [stages.again(case) for case in cases], now


def look(person: User, query: str = "") -> Any:
    return as_(person).get(f"{REVIEW}{query}")


def queue(person: User, query: str = "") -> list[int]:
    return [line.pk for line in look(person, query).context["lines"]]


def act(person: User, case: Application, slug: str, *, more: str = "", **values: Any) -> Any:
    sent = {"revision": case.revision, "key": stages.key(), **values}
    return as_(person).post(f"{REVIEW}?{more}case={case.pk}&act={slug}", sent)


def test_queue_holds_what_waits_for_the_person_and_opens_the_first(
    world: World, waiting: tuple[list[Application], datetime]
) -> None:
    cases, now = waiting
    stages.submitted(world)
    with clock_at(now):
        response = look(world.reviewer)
        assert [line.pk for line in response.context["lines"]] == [case.pk for case in cases]
        assert response.context["case"].pk == cases[0].pk
        assert (response.context["previous"], response.context["next"]) == (None, cases[1].pk)
        assert queue(world.approver) == []
        assert "现在没有待您审核的申请。" in look(world.approver).content.decode()
        assert queue(world.stranger) == []


def test_case_stands_beside_its_queue_with_all_that_a_reviewer_reads(world: World) -> None:
    draft = stages.draft(world)
    intake.attach(Ref(draft.pk), paper=None, upload=photo("contract.jpg"), by=world.clerk, now=world.now)
    stages.do(intake.submit([Ref.of(stages.again(draft))], by=world.clerk, now=world.now))
    stages.visit(world, draft)
    stages.meeting(world, [draft])
    stages.passed(world, [draft], by=world.clerk, now=world.now)
    now = stages.ran(world, [draft], kind=PostingKind.VILLAGE, now=world.now)
    entry = PostingEntry.objects.get(application=draft)
    objections.lodge(entry, complaint=Complaint(Channel.WEB, "暗号面积不足。", anonymous=True), now=now)
    with clock_at(now):
        page = look(world.reviewer).content.decode()
    for text in (
        draft.number,
        draft.beneficiary_name,
        draft.working,
        "申请材料",
        "入户核实，",
        "王村一（村委）、钱队员（驻村工作队）",
        "村民代表会议</a>：应到30人，到会24人，同意24人，通过",
        "有1件未办结异议，办结之前不能通过",
        Objection.objects.get().number,
        "有疑点",
        "键盘：",
    ):
        assert text in page, text
    assert "暗号" not in page


def test_after_a_decision_the_next_case_comes_under_the_same_filter(
    world: World, waiting: tuple[list[Application], datetime]
) -> None:
    (first, second, third), now = waiting
    with clock_at(now):
        passed = act(world.reviewer, second, "pass", more="sort=number&")
        assert (passed.status_code, passed["Location"]) == (302, f"{REVIEW}?sort=number&case={third.pk}")
        assert [message.message for message in get_messages(passed.wsgi_request)] == [
            f"申请{second.number}（{second.beneficiary_name}）已通过，等待公示。"
        ]
        back = act(world.reviewer, third, "send_back", faults="缺合同\n面积写错")
        assert back["Location"] == f"{REVIEW}?case={first.pk}"
        refused = act(world.reviewer, first, "reject", reason_code="facts", opinion="与事实不符。")
        assert refused["Location"] == REVIEW
        assert queue(world.reviewer) == []
    states = [stages.again(case).state for case in (first, second, third)]
    assert states == [State.REJECTED, State.TOWNSHIP_POSTING, State.TOWNSHIP_CORRECTION]
    faults = Fault.objects.filter(decision__application=third).order_by("number")
    assert list(faults.values_list("number", "text")) == [(1, "缺合同"), (2, "面积写错")]


def test_same_form_twice_decides_once(world: World, waiting: tuple[list[Application], datetime]) -> None:
    (first, *_), now = waiting
    key = stages.key()
    with clock_at(now):
        act(world.reviewer, first, "pass", key=key)
        before = everything()
        again = act(world.reviewer, first, "pass", key=key)
        assert again.status_code == 302
        assert everything() == before
    assert Decision.objects.filter(application=first, by=world.reviewer).count() == 1


def test_what_is_wrong_in_a_form_is_said_beside_the_case_and_changes_nothing(
    world: World, waiting: tuple[list[Application], datetime]
) -> None:
    (case, *_), now = waiting
    with clock_at(now):
        before = everything()
        empty = act(world.reviewer, case, "send_back")
        assert empty.status_code == 422
        assert "至少一条" in empty.content.decode()
        unnamed = act(world.reviewer, case, "reject", opinion="与事实不符。")
        assert unnamed.status_code == 422
        assert "不予批准必须选择原因。" in unnamed.content.decode()
        assert "与事实不符。" in unnamed.content.decode()
        raised = act(world.reviewer, case, "pass", quantity="4", opinion="多给。")
        assert raised.status_code == 422
        assert "不能调高" in raised.content.decode()
        assert everything() == before


def test_others_are_refused_and_strangers_find_nothing(
    world: World, waiting: tuple[list[Application], datetime]
) -> None:
    (case, other, _), now = waiting
    Interest.objects.create(
        user=world.reviewer, household=other.household, kind="relative", declared_on=now.date()
    )
    custody.take([Ref.of(case)], by=world.second_reviewer, now=now)
    taken = stages.again(case)
    with clock_at(now):
        before = everything()
        for person, which, slug, status in (
            (world.clerk, taken, "pass", 403),
            (world.approver, taken, "pass", 403),
            (world.stranger, taken, "pass", 404),
            (world.reviewer, other, "pass", 403),
            (world.reviewer, taken, "pass", 403),
            (world.reviewer, taken, "withdraw", 404),
        ):
            assert act(person, which, slug).status_code == status
        page = look(world.reviewer, f"?case={case.pk}")
        assert "这件申请由李复核办理" in page.content.decode()
        assert 'id="act"' not in page.content.decode()
        assert everything() == before


def test_case_that_changed_since_is_a_conflict_with_the_way_back(
    world: World, waiting: tuple[list[Application], datetime]
) -> None:
    (case, *_), now = waiting
    custody.take([Ref.of(case)], by=world.reviewer, now=now)
    with clock_at(now):
        before = everything()
        late = act(world.reviewer, case, "pass", more="q=示例&")
        assert late.status_code == 409
        assert f"/review/?q=%E7%A4%BA%E4%BE%8B&amp;case={case.pk}" in late.content.decode()
        assert everything() == before


def test_filter_search_order_and_doubts_are_those_of_the_list(
    world: World, waiting: tuple[list[Application], datetime]
) -> None:
    (first, second, third), now = waiting
    Application.objects.filter(pk=second.pk).update(amount=Decimal(100))
    with clock_at(now):
        assert queue(world.reviewer, "?sort=-number") == [third.pk, second.pk, first.pk]
        assert queue(world.reviewer, "?sort=amount")[0] == second.pk
        assert queue(world.reviewer, f"?q={third.number}") == [third.pk]
        assert queue(world.reviewer, "?doubts=some") == [second.pk]
        assert queue(world.reviewer, "?doubts=none") == [first.pk, third.pk]
        assert queue(world.reviewer, f"?village={world.villages[1].pk}") == []
        assert len(queue(world.reviewer, f"?programme={world.grain.pk}&village={world.village.pk}")) == 3
        assert len(queue(world.reviewer, f"?village={world.township.pk}")) == 3
        assert queue(world.reviewer, f"?programme={world.travel.pk}") == []
        assert len(queue(world.reviewer, "?programme=x&village=x&due=nonsense&sort=x&case=x&act=x")) == 3
        page = look(world.reviewer, f"?sort=-number&case={second.pk}").content.decode()
        assert f'href="?sort=-number&amp;case={first.pk}"' in page
        assert f'href="?sort=-number&amp;case={third.pk}"' in page
        assert "已核减800.00元" in page


def test_case_that_is_not_in_the_list_is_said_and_one_out_of_reach_not_found(
    world: World, waiting: tuple[list[Application], datetime]
) -> None:
    (first, second, _), now = waiting
    stages.passed(world, [second], by=world.reviewer, now=now)
    with clock_at(now):
        response = look(world.reviewer, f"?case={second.pk}")
        assert response.context["case"].pk == first.pk
        assert f"申请{second.number}现在不在这份名单里" in response.content.decode()
        assert look(world.reviewer, "?case=999999").status_code == 404
        assert look(world.stranger, f"?case={first.pk}").status_code == 404


def test_another_townships_reviewer_finds_no_trace_of_the_queue(
    world: World, waiting: tuple[list[Application], datetime]
) -> None:
    (case, *_), now = waiting
    secrets = (case.number, case.household.number, case.beneficiary_name, "示例种植补助", "示例1村")
    with clock_at(now):
        assert all(secret in look(world.reviewer).content.decode() for secret in secrets)
        for query in ("", f"?village={world.village.pk}", f"?programme={world.grain.pk}", "?q=示例"):
            page = look(world.stranger, query).content.decode()
            assert [secret for secret in secrets if secret in page] == [], query


def test_district_works_through_its_own_queue_and_gives_back_to_the_township(world: World) -> None:
    case, now = stages.reach(world, State.DISTRICT_REVIEW)
    with clock_at(now):
        assert queue(world.approver) == [case.pk]
        assert queue(world.reviewer) == []
        assert [page.slug for page, *_ in look(world.approver).context["acts"]] == [
            "pass",
            "send_back",
            "reject",
            "return_to_township",
        ]
        answer = act(world.approver, case, "return_to_township", opinion="面积再核。")
    assert answer["Location"] == REVIEW
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


def test_reviewer_sees_each_fault_with_its_tick_and_the_difference(
    world: World, waiting: tuple[list[Application], datetime]
) -> None:
    (case, *_), now = waiting
    later = now + timedelta(hours=1)
    faults = [FaultText("缺合同"), FaultText("面积写错")]
    stages.do(reviews.send_back([Ref.of(case)], by=world.reviewer, now=now, faults=faults))
    intake.amend(Ref.of(stages.again(case)), by=world.clerk, now=later, quantity=Decimal(2))
    second = Fault.objects.get(number=2)
    again = stages.again(case)
    stages.do(mending.tick_faults(Ref.of(again), ticked=[second.pk], by=world.clerk, now=later))
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=later))
    with clock_at(later):
        response = look(world.reviewer, f"?case={case.pk}")
    found = response.context["returned"]
    assert [(fault.number, fault.mended_at) for fault in found.faults] == [(1, None), (2, later)]
    assert [(one.label, one.before, one.after) for one in found.differences] == [
        ("数量", "3亩", "2亩"),
        ("金额", "900.00元", "600.00元"),
    ]
    page = response.content.decode()
    assert "没有勾选已补正" in page
    assert "与退回时相比" in page


def test_page_takes_twelve_queries_at_its_fullest(world: World) -> None:
    RequiredPaper.objects.create(programme=world.grain, name="合同", compulsory=False)
    (case, *_), now = in_review(world, 60)
    entry = PostingEntry.objects.get(application=case)
    found = objections.lodge(entry, complaint=Complaint(Channel.WEB, "面积不足。", anonymous=True), now=now)
    stages.decided(found, "not_upheld", by=world.clerk, now=now)
    stages.returned(world, case, by=world.reviewer, now=now)
    intake.amend(Ref.of(stages.again(case)), by=world.clerk, now=now, quantity=Decimal(2), reason="改。")
    intake.attach(Ref(case.pk), paper=None, upload=photo(), by=world.clerk, now=now)
    stages.visit(world, case, now=now)
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=now))
    client = as_(world.reviewer)
    everything_asked = f"q=示例&programme={world.grain.pk}&doubts=some&sort=-amount&due=&mine=1"
    with clock_at(now):
        for query in ("", f"?case={case.pk}", f"?{everything_asked}&case={case.pk}&act=send_back"):
            # One statement more than counted here: the clock stands still in tests.
            assert queries(client, f"{REVIEW}{query}") <= 11
        shown = look(world.reviewer, f"?{everything_asked}&case={case.pk}&act=send_back")
    assert shown.context["case"].pk == case.pk
    assert [line.pk for line in shown.context["lines"]] == [case.pk]
    assert shown.context["returned"].differences
    assert url("review") == REVIEW


def test_long_queue_is_shown_by_fifties_around_the_open_case(world: World) -> None:
    cases, now = in_review(world, 60)
    with clock_at(now):
        first = look(world.reviewer)
        assert (len(first.context["lines"]), first.context["before"], first.context["after"]) == (
            50,
            None,
            cases[50].pk,
        )
        rest = look(world.reviewer, f"?case={cases[50].pk}")
        assert [line.pk for line in rest.context["lines"]] == [case.pk for case in cases[50:]]
        assert (rest.context["before"], rest.context["previous"]) == (cases[0].pk, cases[49].pk)
