"""What may not be done with a sheet: put up without evidence, twice, too early, by the wrong person (张贴, 期满)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet

from applications.models import Application, PostingPlan
from applications.states import Level, State
from registry.models import User
from tests import stages
from tests.workflow.refusing import refused
from tests.workflow.views.pages import as_, clock_at
from tests.world import World, photo
from workflow import drafts, intake, postings
from workflow.models import DisplayPhoto, Posting, PostingKind, PostingState
from workflow.postings import Display
from workflow.results import Ref
from workflow.sheets import ListTampered

VILLAGE = PostingKind.VILLAGE


def act(now: datetime, **values: object) -> Display:
    base: dict[str, object] = {
        "place": "村务公开栏",
        "displayed_at": now,
        "witness": "吴监督",
        "photo": photo(),
    }
    return Display(**{**base, **values})  # type: ignore[arg-type]


BAD_ACTS: dict[str, tuple[Callable[[World], dict[str, object]], str]] = {
    "in an hour": (lambda w: {"displayed_at": w.now + timedelta(hours=1)}, "张贴时间不能晚于现在"),
    "before the meeting": (lambda w: {"displayed_at": w.later(-1)}, "民主评议会在张贴日期之后"),
    "before the case was declared": (
        lambda w: {"displayed_at": w.now - timedelta(hours=1)},
        "到本级公示环节的时间晚于张贴时间",
    ),
    "witnessed by the poster": (lambda w: {"witness": f" {w.clerk.name} "}, "张贴人和见证人不能是同一人"),
    "witnessed by nobody": (lambda w: {"witness": " "}, "请填写见证人"),
    "nowhere": (lambda w: {"place": " "}, "请填写张贴地点"),
    "with an empty photo": (lambda w: {"photo": SimpleUploadedFile("空.jpg", b"")}, "是空的"),
    "with a photo that is none": (
        lambda w: {"photo": SimpleUploadedFile("照片.jpg", b"not a photo")},
        "不是JPG或PNG照片",
    ),
    "with a PDF as photo": (
        lambda w: {"photo": SimpleUploadedFile("扫描.jpg", b"%PDF-1.7\n" + b"0" * 100)},
        "不是JPG或PNG照片",
    ),
}


@pytest.mark.parametrize("name", BAD_ACTS)
def test_a_display_that_is_no_evidence_is_refused(world: World, name: str) -> None:
    values, words = BAD_ACTS[name]
    posting = draft(world)
    bad = act(world.now, **values(world))
    refused(lambda: postings.display([posting.pk], act=bad, by=world.clerk, now=world.now), words)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("department_phone", "区主管部门监督电话"),
        ("township_phone", "乡镇监督电话"),
        ("hotline", "12317举报电话"),
    ],
)
def test_a_sheet_without_a_supervision_phone_is_not_put_up(world: World, name: str, label: str) -> None:
    posting = draft(world)
    Posting.objects.filter(pk=posting.pk).update(**{name: ""})
    refused(
        lambda: postings.display([posting.pk], act=act(world.now), by=world.clerk, now=world.now),
        f"公示还缺少：{label}，补齐后才能张贴",
    )


def draft(world: World, **values: object) -> Posting:
    """A sheet of one case that waits to be put up."""
    case, _ = stages.reach(world, State.VILLAGE_POSTING, **values)  # type: ignore[arg-type]
    return stages.sheet(world, [case], kind=VILLAGE, now=world.now)


def hanging(world: World) -> Posting:
    case, _ = stages.reach(world, State.VILLAGE_POSTING)
    return stages.displayed(world, [case], kind=VILLAGE, now=world.now)


def case_of(posting: Posting) -> Application:
    return posting.entries.get().application


def put_up(world: World, *postings_: Posting, by: User | None = None, now: datetime | None = None) -> object:
    moment = now or world.now
    return postings.display([one.pk for one in postings_], act=act(moment), by=by or world.clerk, now=moment)


def test_a_sheet_is_put_up_once(world: World) -> None:
    posting = hanging(world)
    refused(lambda: put_up(world, posting), "不是拟稿状态，可能已经张贴")


def test_a_case_hangs_on_one_sheet_of_a_level_at_a_time(world: World) -> None:
    posting = hanging(world)
    second = stages.sheet(world, [case_of(posting)], kind=VILLAGE, now=world.now)
    refused(lambda: put_up(world, second), "正在另一张公示上公示，不能重复张贴")


def test_a_case_does_not_stand_on_two_sheets_of_one_act(world: World) -> None:
    first = draft(world)
    second = stages.sheet(world, [case_of(first)], kind=VILLAGE, now=world.now)
    refused(lambda: put_up(world, first, second), "列入了两张要张贴的公示")


def test_an_act_that_puts_up_no_sheet_is_refused(world: World) -> None:
    refused(lambda: put_up(world), "请选择要张贴的公示")


def test_a_sheet_that_does_not_exist_is_refused(world: World) -> None:
    posting = draft(world)
    refused(lambda: put_up(world, posting, Posting(pk=posting.pk + 1000)), "有的公示已不存在")


def test_a_sheet_without_entries_is_neither_drafted_nor_put_up(world: World) -> None:
    posting = draft(world)
    posting.entries.all().delete()
    refused(lambda: put_up(world, posting), "公示名单不能为空")
    heading = drafts.default_heading(VILLAGE, world.village, world.grain)
    refused(
        lambda: drafts.prepare(
            kind=VILLAGE,
            region=world.village,
            programme=world.grain,
            applications=[],
            heading=heading,
            by=world.clerk,
            now=world.now,
        ),
        "公示名单不能为空",
    )


@pytest.mark.parametrize(("name", "label"), drafts.REQUIRED.items())
def test_a_sheet_that_lacks_what_it_must_show_is_not_even_drafted(
    world: World, name: str, label: str
) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    heading = replace(drafts.default_heading(VILLAGE, world.village, world.grain), **{name: " "})
    refused(lambda: prepare(world, case, heading, moment), f"公示还缺少：{label}，")
    assert not Posting.objects.exists()


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [({"channels": " "}, "没有设定村级公示的公示地点"), (None, "没有设定村级公示的公示期")],
)
def test_a_sheet_without_a_period_or_a_place_is_not_even_drafted(
    world: World, plan: dict[str, str] | None, sentence: str
) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    # Past the manager, which keeps a programme with applications as it is.
    plans = QuerySet(PostingPlan).filter(programme=world.grain, level=Level.VILLAGE)
    _ = plans._raw_delete("default") if plan is None else plans.update(**plan)
    heading = drafts.default_heading(VILLAGE, world.village, world.grain)
    refused(lambda: prepare(world, case, heading, moment), sentence)
    assert not Posting.objects.exists()


def prepare(world: World, case: Application, heading: drafts.Heading, moment: datetime) -> Posting:
    return drafts.prepare(
        kind=VILLAGE,
        region=world.village,
        programme=world.grain,
        applications=[case.pk],
        heading=heading,
        by=world.clerk,
        now=moment,
    )


def test_a_sheet_of_a_programme_without_a_period_is_not_put_up(world: World) -> None:
    posting = draft(world)
    # Behind the doors, which would refuse it: the programme has applications.
    QuerySet(PostingPlan).filter(programme=world.grain, level=Level.VILLAGE)._raw_delete("default")
    refused(lambda: put_up(world, posting), "没有设定村级公示的公示期，不能张贴")


def test_a_case_that_left_the_step_stops_the_sheet_it_was_picked_for(world: World) -> None:
    posting = draft(world)
    ref = Ref.of(stages.again(case_of(posting)))
    stages.do(intake.withdraw([ref], by=world.clerk, now=world.now, opinion="不要了。"))
    refused(lambda: put_up(world, posting), "现在不在“村级公示”环节，不能列入本公示")


FOREIGN: dict[str, tuple[Callable[[World], dict[str, object]], str]] = {
    "another programme": (lambda w: {"programme": w.travel}, "不是“2021年示例交通补贴”的申请"),
    "another village": (lambda w: {"region": w.villages[1], "by": w.clerks[1]}, "不属于示例2村"),
    "another level": (
        lambda w: {"kind": PostingKind.TOWNSHIP, "region": w.township, "by": w.reviewer},
        "现在不在“乡级公示”环节",
    ),
    "the township's hand": (lambda w: {"by": w.reviewer}, "村级公示由当地的村级经办人办理，您没有这项任职"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_sheet_takes_cases_of_its_own_programme_place_and_step_only(world: World, name: str) -> None:
    values, words = FOREIGN[name]
    case, _ = stages.reach(world, State.VILLAGE_POSTING)
    given: dict[str, object] = {
        "kind": VILLAGE,
        "region": world.village,
        "programme": world.grain,
        "by": world.clerk,
        **values(world),
    }
    heading = drafts.default_heading(VILLAGE, world.village, world.grain)
    refused(
        lambda: drafts.prepare(applications=[case.pk], heading=heading, now=world.now, **given),  # type: ignore[arg-type]
        words,
    )


@pytest.mark.parametrize("who", ["reviewer", "approver", "supervisor", "stranger"])
def test_a_village_s_sheet_is_its_clerks_business(world: World, who: str) -> None:
    other: User = getattr(world, who)
    first, second = draft(world), hanging(world)
    words = "您没有这项任职"
    refused(lambda: put_up(world, first, by=other), words)
    refused(lambda: postings.take_down(second, by=other, now=world.now, reason="有误。"), words)
    refused(lambda: drafts.discard(first, by=other, now=world.now), words)
    late = stages.after(second)
    refused(lambda: postings.add_end_photo(second, photo=photo(), by=other, now=late), words)


def test_a_township_s_sheet_cannot_have_hung_before_its_cases_came_to_it(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    posting = stages.sheet(world, [case], kind=PostingKind.TOWNSHIP, now=moment)
    early = act(moment, displayed_at=moment - timedelta(days=9))
    refused(lambda: postings.display([posting.pk], act=early, by=world.reviewer, now=moment), "张贴时间")


def test_a_sheet_closes_when_its_last_day_has_ended_in_the_township_and_not_before(world: World) -> None:
    posting = hanging(world)
    for early in (world.now, world.later(9), stages.after(posting) - timedelta(seconds=1)):
        refused(lambda now=early: [postings.close(posting.pk, now=now)], "当天结束之后才能办结")  # type: ignore[misc]
    assert postings.due(now=stages.after(posting) - timedelta(seconds=1)) == []
    assert postings.due(now=stages.after(posting)) == [posting.pk]
    assert postings.close(posting.pk, now=stages.after(posting)).done


def test_closing_twice_changes_nothing_the_second_time(world: World) -> None:
    posting = hanging(world)
    postings.close(posting.pk, now=stages.after(posting))
    refused(lambda: [postings.close(posting.pk, now=stages.after(posting))], "已不在公示中")


def test_taking_a_sheet_down_needs_a_reason_and_a_sheet_that_hangs(world: World) -> None:
    first, second = draft(world), hanging(world)
    now = world.now
    refused(lambda: postings.take_down(second, by=world.clerk, now=now, reason=" "), "必须写明原因")
    refused(
        lambda: postings.take_down(first, by=world.clerk, now=now, reason="有误。"), "不在公示中，不能撤下"
    )
    postings.take_down(second, by=world.clerk, now=now, reason="标题有误。")
    kept = Posting.objects.get(pk=second.pk)
    assert (kept.state, kept.taken_down_reason) == (PostingState.TAKEN_DOWN, "标题有误。")
    refused(
        lambda: postings.take_down(second, by=world.clerk, now=now, reason="有误。"), "不在公示中，不能撤下"
    )
    assert not postings.close(second.pk, now=stages.after(second)).done


def test_a_sheet_that_is_not_what_was_displayed_is_taken_down_even_after_its_last_day(world: World) -> None:
    intact, broken = hanging(world), hanging(world)
    entry = broken.entries.get()
    broken.entries.update(row={**entry.row, "amount": "9000.00"})
    late = stages.after(broken)
    refused(lambda: postings.take_down(intact, by=world.clerk, now=late, reason="有误。"), "不能再提前撤下")
    with pytest.raises(ListTampered):
        postings.close(broken.pk, now=late)
    with clock_at(late):
        page = as_(world.clerk).get(broken.get_absolute_url()).content.decode()
        whole = as_(world.clerk).get(intact.get_absolute_url()).content.decode()
    assert "可以写明原因提前撤下，期满以后也可以" in page
    assert "提前撤下：已于" not in page
    assert "提前撤下：已于2021-03-11期满" in whole
    postings.take_down(broken, by=world.clerk, now=late, reason="名单被改动，恢复不了。")
    kept = Posting.objects.get(pk=broken.pk)
    assert (kept.state, kept.taken_down_at) == (PostingState.TAKEN_DOWN, late)
    # The case waits for a new sheet and runs again in full.
    case = stages.again(entry.application)
    assert case.state == State.VILLAGE_POSTING
    again = stages.displayed(world, [case], kind=VILLAGE, now=late)
    assert again.entries.get().repeats == entry
    assert postings.close(again.pk, now=stages.after(again)).done
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


def test_the_photo_at_the_end_is_of_the_end(world: World) -> None:
    first, second = draft(world), hanging(world)
    end = stages.after(second) - timedelta(hours=8)
    refused(lambda: postings.add_end_photo(first, photo=photo(), by=world.clerk, now=world.now), "还没有张贴")
    refused(
        lambda: postings.add_end_photo(second, photo=photo(), by=world.clerk, now=world.later(9)),
        "期满照片应在最后一天或之后拍摄",
    )
    postings.add_end_photo(second, photo=photo(), by=world.clerk, now=end)
    assert list(DisplayPhoto.objects.values_list("moment", flat=True)) == ["start", "end"]


def test_only_a_draft_is_thrown_away(world: World) -> None:
    first, second = draft(world), hanging(world)
    refused(lambda: drafts.discard(second, by=world.clerk, now=world.now), "已张贴的公示永久保留")
    drafts.discard(first, by=world.clerk, now=world.now)
    assert list(Posting.objects.all()) == [second]


@pytest.mark.parametrize(
    ("kind", "who"), [(PostingKind.TOWNSHIP, "reviewer"), (PostingKind.DISTRICT, "approver")]
)
def test_a_sheet_is_of_a_region_of_its_own_level(world: World, kind: PostingKind, who: str) -> None:
    case, moment = stages.reach(world, State(f"{kind}_posting"))
    heading = drafts.default_heading(kind, world.village, world.grain)
    refused(
        lambda: drafts.prepare(
            kind=kind,
            region=world.village,
            programme=world.grain,
            applications=[case.pk],
            heading=heading,
            by=getattr(world, who),
            now=moment,
        ),
        kind.label,
    )


def test_the_same_form_twice_discards_once_and_the_key_is_nobody_else_s(world: World) -> None:
    posting, other = draft(world), draft(world)
    for _ in range(2):
        drafts.discard(posting, by=world.clerk, now=world.now, key="once")
    assert list(Posting.objects.all()) == [other]
    refused(lambda: drafts.discard(other, by=world.reviewer, now=world.now, key="once"), "已用于其他操作")
    refused(lambda: drafts.discard(posting, by=world.clerk, now=world.now, key="anew"), "这张拟稿已经删除")
    assert list(Posting.objects.all()) == [other]
