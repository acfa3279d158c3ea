"""Drafting a sheet: the picker, its preview, its headings, the supplement, and throwing a draft away."""

import pytest
from django.test import Client

from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.workflow.views.sheets import all_rows, heading, on_display, waiting
from tests.world import World
from workflow import drafts, intake, reviews
from workflow.models import EntryOutcome, Posting, PostingEntry, PostingKind, PostingState
from workflow.results import Ref
from workflow.views.drafting import address


def picker(world: World, kind: PostingKind = PostingKind.VILLAGE, **values: int) -> str:
    region = {
        PostingKind.VILLAGE: world.village,
        PostingKind.TOWNSHIP: world.township,
        PostingKind.DISTRICT: world.county,
        PostingKind.ANNOUNCEMENT: world.county,
    }[kind]
    return address(kind, region.pk, world.grain.pk, **values)


def test_all_waiting_cases_are_ticked_and_the_sheet_is_shown_as_it_will_hang(world: World) -> None:
    cases = waiting(world, 3, names=["赵示例", "钱示例", "孙示例"])
    with clock_at(world.now):
        page = as_(world.clerk).get(picker(world))
    assert [pick.case.pk for pick in page.context["picks"] if pick.ticked] == [case.pk for case in cases]
    assert [line.row["name"] for line in page.context["paper"].lines] == ["赵示例", "钱示例", "孙示例"]
    assert page.context["paper"].title == "示例1村2021年示例种植补助村级公示"
    assert page.context["paper"].period == "自张贴之日起10个自然日（首日不计）"


def test_a_draft_holds_exactly_the_ticked_cases(world: World) -> None:
    cases = waiting(world, 3)
    client = as_(world.clerk)
    with clock_at(world.now):
        page = client.get(picker(world))
        sent = heading(page, applications=[cases[0].pk, cases[2].pk], batch_label="第一批")
        answer = client.post(picker(world), sent)
    posting = Posting.objects.get()
    assert answer.url == posting.get_absolute_url()
    assert list(posting.entries.values_list("application", flat=True)) == [cases[0].pk, cases[2].pk]
    assert (posting.state, posting.batch_label, posting.created_by) == (
        PostingState.DRAFT,
        "第一批",
        world.clerk,
    )
    assert {stages.again(case).state for case in cases} == {State.VILLAGE_POSTING}


def test_a_preview_shows_what_was_changed_and_keeps_nothing(world: World) -> None:
    cases = waiting(world, 2)
    client = as_(world.clerk)
    with clock_at(world.now):
        sent = heading(client.get(picker(world)), applications=[cases[1].pk], title="改过的标题")
        before = all_rows()
        page = client.post(picker(world), {**sent, "preview": "1"})
    assert page.status_code == 200
    assert page.context["paper"].title == "改过的标题"
    assert len(page.context["paper"].lines) == 1
    assert all_rows() == before


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"discipline_phone": ""}, "公示必须写明纪委监督电话，请补齐。"),
        ({"text": " "}, "公示必须写明正文，请补齐。"),
        ({"objection_way": " "}, "公示必须写明异议受理方式，请补齐。"),
        ({"applications": []}, "请至少选择一件申请列入名单。"),
        ({"applications": [999999]}, "所选申请中有的已不在待公示名单里，名单已更新，请核对后重新选择。"),
    ],
)
def test_what_a_sheet_lacks_is_named_and_what_was_typed_stays(
    world: World, changed: dict[str, object], sentence: str
) -> None:
    waiting(world, 1)
    client = as_(world.clerk)
    with clock_at(world.now):
        sent = heading(client.get(picker(world)), **{"text": "我写的正文。", **changed})
        before = all_rows()
        page = client.post(picker(world), sent)
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert page.context["form"]["text"].value() == sent["text"]
    assert all_rows() == before


def test_a_case_on_display_no_longer_waits_for_a_sheet(world: World) -> None:
    on_display(world, 2)
    with clock_at(world.now):
        page = as_(world.clerk).get(picker(world))
    assert page.context["picks"] == []
    assert "现在没有等待列入这张名单的申请。" in page.content.decode()


def test_villages_that_are_late_are_named_and_a_first_batch_can_be_labelled(world: World) -> None:
    stages.reach(world, State.TOWNSHIP_POSTING)
    stages.submitted(world, village=1)
    with clock_at(world.later(30)):
        page = as_(world.reviewer).get(picker(world, PostingKind.TOWNSHIP))
    assert page.context["late_villages"] == ["示例2村"]
    assert "还有村的申请没有全部报到这一步" in page.content.decode()
    assert '<option value="第一批">' in page.content.decode()


def test_a_second_draft_for_the_same_list_is_pointed_out(world: World) -> None:
    cases = waiting(world, 1)
    stages.sheet(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    with clock_at(world.now):
        assert "已有拟稿" in as_(world.clerk).get(picker(world)).content.decode()


def test_cases_taken_out_of_a_sheet_to_be_corrected_are_drafted_as_its_supplement(world: World) -> None:
    earlier = on_display(world, 1, names=["赵示例"])
    case = earlier.entries.get().application
    stages.do(reviews.correct([Ref.of(stages.again(case))], by=world.clerk, now=world.now, opinion="有误。"))
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=world.now))
    stages.passed(world, [case], by=world.second_clerk, now=world.now)
    waiting(world, 1, names=["钱示例"])
    client = as_(world.clerk)
    with clock_at(world.now):
        page = client.get(picker(world))
        assert [[pick.case.payee.name for pick in heap.picks] for heap in page.context["heaps"]] == [
            ["钱示例"],
            ["赵示例"],
        ]
        assert [pick.case.payee.name for pick in page.context["picks"] if pick.ticked] == ["钱示例"]
        linked = client.get(picker(world, supplements=earlier.pk))
        assert [pick.case.payee.name for pick in linked.context["picks"] if pick.ticked] == ["赵示例"]
        assert linked.context["paper"].lines[0].row["remark"] == "补充公示"
        both = [pick.case.pk for pick in page.context["picks"]]
        before = all_rows()
        mixed = client.post(picker(world), heading(page, applications=both))
        assert mixed.status_code == 422
        assert "不能和第一次公示的申请列在一张上，请分开拟稿。" in mixed.content.decode()
        assert all_rows() == before
        client.post(picker(world, supplements=earlier.pk), heading(linked))
    made = Posting.objects.get(state=PostingState.DRAFT)
    assert made.supplements == earlier
    assert made.entries.get().row["remark"] == "补充公示"
    with clock_at(world.now):
        assert "补充公示" in client.get(made.get_absolute_url()).content.decode()
        assert str(made) in client.get(earlier.get_absolute_url()).content.decode()


def test_an_objected_case_is_left_for_a_later_announcement(world: World) -> None:
    free, moment = stages.reach(world, State.ANNOUNCEMENT)
    stopped, _ = stages.reach(world, State.ANNOUNCEMENT)
    entry = PostingEntry.objects.filter(application=stopped, outcome=EntryOutcome.PASSED).latest("pk")
    stages.lodged(world, stopped, entry.posting, now=moment)
    client = as_(world.approver)
    with clock_at(moment):
        page = client.get(picker(world, PostingKind.ANNOUNCEMENT))
        assert [pick.case.pk for pick in page.context["picks"]] == [free.pk]
        assert [case.pk for case in page.context["left_behind"]] == [stopped.pk]
        before = all_rows()
        refused = client.post(
            picker(world, PostingKind.ANNOUNCEMENT), heading(page, applications=[free.pk, stopped.pk])
        )
    assert refused.status_code == 422
    assert all_rows() == before


@pytest.mark.parametrize(
    ("who", "kind", "status"),
    [
        ("clerk", PostingKind.VILLAGE, 200),
        ("second_clerk", PostingKind.VILLAGE, 200),
        ("reviewer", PostingKind.VILLAGE, 403),
        ("supervisor", PostingKind.VILLAGE, 403),
        ("stranger", PostingKind.VILLAGE, 404),
        ("clerk", PostingKind.TOWNSHIP, 404),
        ("reviewer", PostingKind.TOWNSHIP, 200),
        ("approver", PostingKind.TOWNSHIP, 403),
        ("approver", PostingKind.DISTRICT, 200),
        ("reviewer", PostingKind.DISTRICT, 404),
        ("approver", PostingKind.ANNOUNCEMENT, 200),
        ("administrator", PostingKind.ANNOUNCEMENT, 403),
    ],
)
def test_who_may_draft_which_sheet(world: World, who: str, kind: PostingKind, status: int) -> None:
    waiting(world, 1)
    client = as_(getattr(world, who))
    with clock_at(world.now):
        assert client.get(picker(world, kind)).status_code == status
        if status != 200:
            before = all_rows()
            assert client.post(picker(world, kind), {"title": "标题"}).status_code == status
            assert all_rows() == before


@pytest.mark.parametrize(
    "query", ["", "?kind=village", "?kind=moon&region=1&programme=1", "?kind=village&region=x"]
)
def test_an_incomplete_address_finds_nothing(world: World, query: str) -> None:
    assert as_(world.clerk).get(url("posting-new") + query).status_code == 404


def test_the_picker_needs_no_more_statements_for_more_cases(world: World) -> None:
    waiting(world, 2)
    client = as_(world.clerk)
    with clock_at(world.now):
        few = queries(client, picker(world))
        waiting(world, 10)
        assert queries(client, picker(world)) == few


def test_a_draft_is_discarded_and_its_cases_wait_again(world: World) -> None:
    cases = waiting(world, 1)
    posting = stages.sheet(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    client = as_(world.clerk)
    with clock_at(world.now):
        client.post(
            url("posting-discard", posting.pk), heading(client.get(url("posting-discard", posting.pk)))
        )
    assert not Posting.objects.exists()
    assert list(drafts.waiting(PostingKind.VILLAGE, world.village)) == cases


def test_a_displayed_sheet_cannot_be_discarded(world: World) -> None:
    posting = on_display(world, 1)
    before = all_rows()
    with clock_at(world.now):
        page = as_(world.clerk).post(url("posting-discard", posting.pk), {"key": stages.key()})
    assert page.status_code == 422
    assert "已张贴的公示永久保留" in page.content.decode()
    assert all_rows() == before


def test_an_announcement_without_items_can_be_discarded(world: World) -> None:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    posting = stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment)
    with clock_at(moment):
        as_(world.approver).post(url("posting-discard", posting.pk), {"key": stages.key()})
    assert not Posting.objects.filter(pk=posting.pk).exists()


def test_without_a_login_the_desk_asks_for_one(world: World) -> None:
    for name in ("posting-list", "posting-new", "posting-display", "objection-list"):
        assert Client().get(url(name)).status_code == 302


def test_a_second_click_on_discard_ends_like_the_first(world: World) -> None:
    posting = stages.sheet(world, waiting(world, 1), kind=PostingKind.VILLAGE, now=world.now)
    client, sent = as_(world.clerk), {"key": stages.key()}
    address = url("posting-discard", posting.pk)
    with clock_at(world.now):
        answers = [client.post(address, sent) for _ in range(2)]
        strange = as_(world.stranger).post(address, sent)
        late = client.post(address, {"key": stages.key()})
    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
        (302, url("posting-list"))
    ] * 2
    assert (strange.status_code, late.status_code) == (404, 404)
