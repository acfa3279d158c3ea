"""The list of cases and the page of one: scoped, filtered, bounded in queries, and silent about objectors."""

from decimal import Decimal
from typing import Any

import pytest

from applications.models import Application
from applications.states import State
from registry.models import Interest, Relationship, User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, submitted_in_sets, url
from tests.world import World
from workflow import intake, objections
from workflow.models import Channel, PostingEntry, PostingKind
from workflow.objections import Complaint
from workflow.results import Ref
from workflow.views.case_tabs import TABS

LIST = "/applications/"
ONE = Decimal(1)


def listed(person: User, query: str = "") -> list[int]:
    return [case.pk for case in as_(person).get(f"{LIST}{query}").context["page_obj"]]


def person_of(world: World, name: str) -> User:
    people: dict[str, User] = {
        "clerk": world.clerk,
        "other clerk": world.clerks[1],
        "reviewer": world.reviewer,
        "approver": world.approver,
        "supervisor": world.supervisor,
        "administrator": world.administrator,
        "stranger": world.stranger,
    }
    return people[name]


WHO_SEES = [
    ("clerk", True),
    ("other clerk", False),
    ("reviewer", True),
    ("approver", True),
    ("supervisor", True),
    ("administrator", True),
    ("stranger", False),
]


@pytest.mark.parametrize(("who", "sees"), WHO_SEES)
def test_case_is_seen_within_the_region_and_is_not_found_outside(world: World, who: str, sees: bool) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    person = person_of(world, who)
    with clock_at(moment):
        assert listed(person) == ([case.pk] if sees else [])
        for tab in TABS:
            response = as_(person).get(f"{case.get_absolute_url()}?tab={tab}")
            assert response.status_code == (200 if sees else 404)
            assert (case.number in response.content.decode()) is sees


@pytest.mark.parametrize("state", stages.ORDER)
def test_page_of_a_case_opens_in_every_state_within_twelve_queries(world: World, state: State) -> None:
    case, moment = stages.reach(world, state)
    clients = [as_(person) for person in (world.clerk, world.reviewer, world.supervisor)]
    for tab in TABS:
        # One statement more than counted here: the clock stands still in tests.
        with clock_at(moment):
            for client in clients:
                assert queries(client, f"{case.get_absolute_url()}?tab={tab}") <= 11


def test_list_takes_twelve_queries_with_five_hundred_rows(world: World) -> None:
    submitted_in_sets(world, 5)
    few = queries(as_(world.clerk), LIST)
    submitted_in_sets(world, 495)
    assert Application.objects.count() == 500
    assert queries(as_(world.clerk), LIST) == few
    assert queries(as_(world.clerk), f"{LIST}?state=village_review&due=over&q=示例&page=3") <= 12
    assert few <= 12
    page = as_(world.clerk).get(LIST).context["page_obj"]
    assert (len(page), page.paginator.num_pages) == (50, 10)


def test_each_filter_narrows_the_list(world: World) -> None:
    head = world.household(name="欧阳示例")
    ours = stages.draft(world, household=head)
    member = world.member(head, name="欧阳小示例")
    person = stages.draft(world, household=head, programme=world.travel, member=member, quantity=ONE)
    far = stages.draft(world, village=1)
    review, _ = stages.reach(world, State.VILLAGE_REVIEW)
    with clock_at(world.later(30)):
        assert listed(world.reviewer) == [review.pk, far.pk, person.pk, ours.pk]
        for query, found in (
            ("?q=欧阳", [person.pk, ours.pk]),
            ("?q=欧阳小", [person.pk]),
            (f"?q={head.number}", [person.pk, ours.pk]),
            (f"?q={far.number}", [far.pk]),
            ("?state=village_review", [review.pk]),
            (f"?village={world.villages[1].pk}", [far.pk]),
            (f"?programme={world.travel.pk}", [person.pk]),
            ("?due=over", [review.pk]),
            ("?due=near", []),
            (f"?state=draft&village={world.village.pk}&q=欧阳", [ours.pk, person.pk]),
            ("?q=没有这个人", []),
        ):
            assert listed(world.reviewer, query) == found, query


@pytest.mark.parametrize(
    "query", ["?state=nonsense", "?village=999999", "?programme=x", "?page=999", "?due=1"]
)
def test_filter_that_cannot_be_understood_is_left_out(world: World, query: str) -> None:
    case = stages.draft(world)
    assert listed(world.clerk, query) == [case.pk]


def test_village_of_somebody_else_is_no_choice_in_the_filter(world: World) -> None:
    form = as_(world.clerk).get(LIST).context["form"]
    assert "village" not in form.fields


def batch_of(person: User, query: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = as_(person).get(f"{LIST}{query}").context["batch"]
    return found


def test_rows_can_be_ticked_only_where_all_stand_at_one_step_of_the_person(world: World) -> None:
    stages.draft(world)
    _, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        assert batch_of(world.clerk, "?state=draft") == {
            "acts": [("submit", "提交申请")],
            "label": "提交申请",
            "everything": "",
            "n": 0,
        }
        assert batch_of(world.clerk, "?state=township_review") is None
        assert batch_of(world.clerk, "") is None
        assert batch_of(world.reviewer, "?state=township_review") == {
            "acts": [("pass_on", "乡级审核通过"), ("take", "取件")],
            "label": "乡级审核通过",
            "everything": "",
            "n": 0,
        }
        assert batch_of(world.reviewer, "?state=draft") is None
        assert batch_of(world.supervisor, "?state=township_review") is None


def test_relatives_row_has_no_box(world: World) -> None:
    kin, other = stages.draft(world), stages.draft(world)
    Interest.objects.create(
        user=world.clerk, household=kin.household, kind="relative", declared_on=world.now.date()
    )
    page = as_(world.clerk).get(f"{LIST}?state=draft").content.decode()
    assert f'value="{other.pk}:{other.revision}"' in page
    assert f'value="{kin.pk}:{kin.revision}"' not in page


def labels(response: Any) -> list[str]:
    return [offer.label for offer in [*response.context["offers"], *response.context["works"]]]


def test_case_offers_what_the_person_may_do_and_says_why_not(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        reviewer = as_(world.reviewer).get(case.get_absolute_url())
        assert labels(reviewer) == ["乡级审核通过", "退回补正", "不予批准", "打印查询凭条", "取件", "转办"]
        assert reviewer.context["why_not"] == [("撤回", "这一步由当地的村级经办人办理，您没有这项任职。")]
        clerk = as_(world.clerk).get(case.get_absolute_url())
        assert labels(clerk) == ["撤回", "打印查询凭条", "催办"]
        assert clerk.context["why_not"] == [
            (
                "乡级审核通过、退回补正、不予批准、取件、转办",
                "这一步由当地的乡镇审核员办理，您没有这项任职。",
            )
        ]
        assert labels(as_(world.supervisor).get(case.get_absolute_url())) == ["打印查询凭条"]


def test_forward_act_is_not_offered_against_the_law_of_the_case(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    ended = stages.after(sheet)
    stages.postings.close(sheet.pk, now=ended)
    entry = PostingEntry.objects.get(posting=sheet, application=case)
    objections.lodge(entry, complaint=Complaint(Channel.WEB, "面积不足。", anonymous=True), now=ended)
    with clock_at(ended):
        response = as_(world.reviewer).get(case.get_absolute_url())
    assert labels(response) == ["退回补正", "不予批准", "打印查询凭条", "取件", "转办"]
    assert (
        "乡级审核通过",
        "该申请有1件未办结异议，办结之前不能进入下一步。",
    ) in response.context["why_not"]
    assert "有未办结异议" in response.content.decode()


def test_page_of_a_case_never_shows_who_objected_nor_what_they_said(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    entry = PostingEntry.objects.get(posting=sheet, application=case)
    complaint = Complaint(Channel.PHONE, "面积不足，我就住隔壁。", name="举报人甲", phone="〔示例〕电话")
    objections.lodge(entry, complaint=complaint, now=moment, by=world.clerk)
    with clock_at(moment):
        for person in (world.clerk, world.reviewer, world.approver, world.supervisor):
            for tab in TABS:
                page = as_(person).get(f"{case.get_absolute_url()}?tab={tab}").content.decode()
                assert not [word for word in ("举报人甲", "〔示例〕电话", "我就住隔壁") if word in page]


def test_page_of_a_case_masks_what_is_sensitive(world: World) -> None:
    case = stages.draft(world)
    payee = case.payee
    page = as_(world.clerk).get(case.get_absolute_url()).content.decode()
    assert payee.id_number not in page
    assert f"{payee.id_number[:2]}*************{payee.id_number[-3:]}" in page
    assert payee.card_number not in page
    assert f"{'*' * (len(payee.card_number) - 4)}{payee.card_number[-4:]}" in page


def test_due_date_explains_itself_day_by_day(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_REVIEW)
    with clock_at(moment):
        page = as_(world.clerk).get(case.get_absolute_url())
        assert 'href="?tab=form&amp;due=explain"' in page.content.decode()
        explained = as_(world.clerk).get(f"{case.get_absolute_url()}?due=explain")
    days = [(line.day, line.number) for line in explained.context["period"].ledger]
    assert days[0] == (moment.date(), None)
    assert days[-1] == (page.context["deadline"].due_on, 5)
    assert explained.context["deadline"].due_on == page.context["deadline"].due_on
    assert 'id="due-ledger"' in explained.content.decode()


def chain_of(world: World, case: Application) -> list[tuple[str, str]]:
    return [
        (link.label, link.state)
        for link in as_(world.supervisor).get(case.get_absolute_url()).context["chain"]
    ]


STEPS = ["户申请", "村级申报", "村级公示", "乡级审核", "乡级公示", "区级审定", "区级公示", "公告"]


@pytest.mark.parametrize(("place", "state"), list(enumerate(stages.ORDER)))
def test_chain_is_done_up_to_where_the_case_lies(world: World, place: int, state: State) -> None:
    case, _ = stages.reach(world, state)
    expected = ["done"] * place + ["current"] * (place < 8) + ["todo"] * (7 - place)
    assert chain_of(world, case) == list(zip(STEPS, expected, strict=True))


def test_chain_of_a_returned_a_restarted_and_an_ended_case(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    shown = as_(world.supervisor).get(case.get_absolute_url()).context["chain"]
    assert [(link.state, link.note) for link in shown[2:5]] == [
        ("done", ""),
        ("current", "退回补正"),
        ("todo", ""),
    ]
    assert shown[2].when == moment
    intake.amend(Ref.of(stages.again(case)), by=world.clerk, now=moment, quantity=case.quantity + 1)
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=moment))
    assert [state for _, state in chain_of(world, case)] == ["done", "current", *["todo"] * 6]
    stages.do(intake.withdraw([Ref.of(stages.again(case))], by=world.clerk, now=moment, opinion="不种了。"))
    shown = as_(world.supervisor).get(case.get_absolute_url()).context["chain"]
    assert [(link.state, link.note) for link in shown[:3]] == [
        ("done", ""),
        ("stopped", "已撤回"),
        ("todo", ""),
    ]


def test_history_names_every_act_in_chinese(world: World) -> None:
    case, _ = stages.reach(world, State.ANNOUNCED)
    lines = as_(world.supervisor).get(f"{case.get_absolute_url()}?tab=history").context["lines"]
    assert len(lines) == case.revision
    assert [line["word"] for line in lines if line["word"].isascii()] == []


def test_programme_shows_what_districts_publish_and_its_plans_with_citations(world: World) -> None:
    page = as_(world.clerk).get(url("programme-detail", world.grain.pk)).content.decode()
    for text in (
        world.grain.legal_basis,
        world.grain.standard,
        "10个自然日（首日不计）",
        "示例文件〔示例〕第二条",
    ):
        assert text in page
    assert page.count("示例文件〔示例〕第二条") == 3
    assert as_(world.clerk).get(url("programme-detail", 999_999)).status_code == 404


def test_head_of_household_is_named_on_a_case_of_another_member(world: World) -> None:
    household = world.household(name="示例家长")
    member = world.member(household, name="示例子女", relationship=Relationship.CHILD)
    case = stages.draft(world, household=household, member=member, programme=world.travel, quantity=ONE)
    page = as_(world.clerk).get(case.get_absolute_url()).content.decode()
    assert "示例子女" in page
    assert "示例家长户" in page
