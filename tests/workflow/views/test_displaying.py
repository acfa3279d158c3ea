"""Putting sheets up in one act, taking them down, and the photo at the end."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import all_rows, heading, on_display, waiting
from tests.world import World, photo
from workflow import postings
from workflow.models import DisplayAct, DisplayPhoto, EntryOutcome, Posting, PostingKind, PostingState


def drafted(world: World, count: int = 1, *, village: int = 0) -> Posting:
    cases = waiting(world, count, village=village)
    return stages.sheet(world, cases, kind=PostingKind.VILLAGE, now=world.now, village=village)


def form_address(*sheets: Posting) -> str:
    return f"{url('posting-display')}?ids={','.join(str(sheet.pk) for sheet in sheets)}"


def act(response: Any, **changed: Any) -> dict[str, Any]:
    """The form filled in as it should be, with some fields changed."""
    filled = {"witness": "吴监督", "photo": photo(), "place": "村务公开栏东墙"}
    return heading(response, **{**filled, **changed})


def test_several_sheets_go_up_in_one_act_with_one_photo(world: World) -> None:
    first, second = drafted(world, 2), drafted(world, 1)
    client = as_(world.clerk)
    with clock_at(world.now):
        page = client.get(form_address(first, second))
        assert [one["posting"].pk for one in page.context["shown"]] == [first.pk, second.pk]
        answer = client.post(form_address(first, second), act(page))
    assert answer.url == f"{url('posting-list')}?tab=displayed"
    done = DisplayAct.objects.get()
    assert (done.place, done.posted_by, done.witness) == ("村务公开栏东墙", world.clerk, "吴监督")
    assert DisplayPhoto.objects.filter(display=done).count() == 1
    assert set(Posting.objects.values_list("state", "display")) == {(PostingState.DISPLAYED, done.pk)}
    with clock_at(world.now):
        detail = client.get(first.get_absolute_url())
    assert [one.pk for one in detail.context["siblings"]] == [second.pk]


def test_the_form_offers_the_present_minute_and_the_place_of_the_plan(world: World) -> None:
    posting = drafted(world)
    with clock_at(world.now):
        form = as_(world.clerk).get(form_address(posting)).context["form"]
    assert form["displayed_at"].value() == "2021-03-01T09:00"
    assert form["place"].value() == "村务公开栏"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"displayed_at": "2021-03-01T09:01"}, "张贴时间不能晚于现在。"),
        ({"witness": "王村一"}, "张贴人和见证人不能是同一人。"),
        ({"photo": SimpleUploadedFile("a.jpg", b"")}, "提交的是空文件。"),
        ({"photo": SimpleUploadedFile("a.txt", b"not a picture")}, "不是JPG或PNG照片"),
        ({"photo": None}, "这个字段是必填项。"),
        ({"displayed_at": "昨天"}, "输入一个有效的日期/时间。"),
        ({"place": "  "}, "这个字段是必填项。"),
    ],
)
def test_a_refused_act_says_why_keeps_what_was_typed_and_puts_nothing_up(
    world: World, changed: dict[str, Any], sentence: str
) -> None:
    posting = drafted(world)
    client = as_(world.clerk)
    with clock_at(world.now):
        page = client.get(form_address(posting))
        before = all_rows()
        refused = client.post(form_address(posting), act(page, **{"witness_post": "监委会主任", **changed}))
    assert refused.status_code == 422
    assert sentence in refused.content.decode()
    assert refused.context["form"]["witness_post"].value() == "监委会主任"
    assert all_rows() == before


def test_one_sheet_that_may_not_go_up_stops_the_whole_act(world: World) -> None:
    good, bad = drafted(world), drafted(world)
    Posting.objects.filter(pk=bad.pk).update(discipline_phone="")
    client = as_(world.clerk)
    with clock_at(world.now):
        page = client.get(form_address(good, bad))
        assert "缺少纪委监督电话" in page.content.decode()
        before = all_rows()
        refused = client.post(form_address(good, bad), act(page))
    assert refused.status_code == 422
    assert "公示还缺少：纪委监督电话" in refused.content.decode()
    assert all_rows() == before


def test_an_act_that_is_refused_after_the_upload_leaves_no_file_behind(world: World) -> None:
    good, bad = drafted(world), drafted(world)
    Posting.objects.filter(pk=bad.pk).update(discipline_phone="")
    client = as_(world.clerk)
    with clock_at(world.now):
        page = client.get(form_address(good, bad))
        before = stored_files()
        assert client.post(form_address(good, bad), act(page)).status_code == 422
        assert stored_files() == before
        assert client.post(form_address(good), act(client.get(form_address(good)))).status_code == 302
    assert len(stored_files() - before) == 1


def stored_files() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def test_the_same_click_twice_is_one_act(world: World) -> None:
    posting = drafted(world)
    client = as_(world.clerk)
    with clock_at(world.now):
        sent = act(client.get(form_address(posting)))
        client.post(form_address(posting), sent)
        again = client.post(form_address(posting), {**sent, "photo": photo()})
    assert again.status_code == 302
    assert DisplayAct.objects.count() == 1
    assert Posting.objects.get().state == PostingState.DISPLAYED


def test_a_sheet_that_hangs_already_leads_to_its_page(world: World) -> None:
    posting = on_display(world, 1)
    with clock_at(world.now):
        assert as_(world.clerk).get(form_address(posting)).url == posting.get_absolute_url()


@pytest.mark.parametrize(("who", "status"), [("second_clerk", 200), ("reviewer", 403), ("stranger", 404)])
def test_who_may_put_a_sheet_up(world: World, who: str, status: int) -> None:
    posting = drafted(world)
    client = as_(getattr(world, who))
    with clock_at(world.now):
        assert client.get(form_address(posting)).status_code == status
        if status != 200:
            before = all_rows()
            sent = {
                "ids": f"{posting.pk}",
                "key": stages.key(),
                "place": "x",
                "witness": "y",
                "photo": photo(),
            }
            assert client.post(form_address(posting), sent).status_code == status
            assert all_rows() == before


def test_one_sheet_of_another_village_hides_them_all(world: World) -> None:
    own, other = drafted(world), drafted(world, village=1)
    with clock_at(world.now):
        assert as_(world.clerk).get(form_address(own, other)).status_code == 404


@pytest.mark.parametrize(
    "ids", ["x", "1,,x", "99999999999999999999", "0x1", ",".join(["1"] + [f"{n}" for n in range(9000, 9051)])]
)
def test_keys_that_are_none_find_nothing(world: World, ids: str) -> None:
    assert as_(world.clerk).get(f"{url('posting-display')}?ids={ids}").status_code == 404


def test_without_a_choice_the_list_of_drafts_comes_back(world: World) -> None:
    assert as_(world.clerk).get(url("posting-display")).url == f"{url('posting-list')}?tab=draft"


def test_two_drafts_with_the_same_case_are_refused_and_not_an_error(world: World) -> None:
    cases = waiting(world, 1)
    first = stages.sheet(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    second = stages.sheet(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    client = as_(world.clerk)
    with clock_at(world.now):
        page = client.get(form_address(first, second))
        before = all_rows()
        refused = client.post(form_address(first, second), act(page))
    assert refused.status_code == 422
    assert all_rows() == before


def test_a_sheet_cannot_have_hung_before_its_cases_came_to_the_posting(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    posting = stages.sheet(world, [case], kind=PostingKind.TOWNSHIP, now=moment)
    client = as_(world.reviewer)
    with clock_at(moment):
        page = client.get(form_address(posting))
        before = all_rows()
        earlier = timezone.localtime(world.now).strftime("%Y-%m-%dT%H:%M")
        refused = client.post(form_address(posting), act(page, displayed_at=earlier))
    assert refused.status_code == 422
    assert all_rows() == before


def test_a_sheet_is_taken_down_with_a_reason_and_its_cases_wait_again(world: World) -> None:
    posting = on_display(world, 2)
    client = as_(world.clerk)
    address = url("posting-take-down", posting.pk)
    with clock_at(world.later(1)):
        before = all_rows()
        refused = client.post(address, heading(client.get(address)))
        assert refused.status_code == 422
        assert "提前撤下公示必须写明原因。" in refused.content.decode()
        assert all_rows() == before
        answer = client.post(address, heading(client.get(address), reason="标题有误。"))
        page = client.get(answer.url)
    assert Posting.objects.get().state == PostingState.TAKEN_DOWN
    assert set(posting.entries.values_list("outcome", flat=True)) == {EntryOutcome.REMOVED}
    assert "这张公示已撤下，原因：标题有误。公示期作废" in page.content.decode()


@pytest.mark.parametrize(("who", "status"), [("reviewer", 403), ("supervisor", 403), ("stranger", 404)])
@pytest.mark.parametrize("name", ["posting-take-down", "posting-end-photo", "posting-discard"])
def test_nobody_else_handles_a_sheet(world: World, who: str, status: int, name: str) -> None:
    posting = on_display(world, 1)
    client = as_(getattr(world, who))
    before = all_rows()
    with clock_at(world.later(1)):
        assert client.get(url(name, posting.pk)).status_code == status
        sent = {"key": stages.key(), "reason": "理由", "photo": photo()}
        assert client.post(url(name, posting.pk), sent).status_code == status
    assert all_rows() == before


def test_the_end_photo_waits_for_the_last_day(world: World) -> None:
    posting = on_display(world, 1)
    client = as_(world.clerk)
    address = url("posting-end-photo", posting.pk)
    with clock_at(world.later(2)):
        page = client.get(posting.get_absolute_url())
        assert "期满照片应在2021-03-11当天或之后拍摄。" in page.content.decode()
        before = all_rows()
        refused = client.post(address, {"key": stages.key(), "photo": photo()})
    assert refused.status_code == 422
    assert all_rows() == before
    with clock_at(world.later(10)):
        client.post(address, {"key": stages.key(), "photo": photo()})
        page = client.get(posting.get_absolute_url())
    assert [one.moment for one in page.context["photos"]] == ["start", "end"]


def test_the_end_photo_can_be_added_after_closing_or_its_absence_explained(world: World) -> None:
    posting = on_display(world, 1)
    postings.close(posting.pk, now=stages.after(posting))
    with clock_at(stages.after(posting)):
        page = as_(world.clerk).get(posting.get_absolute_url())
    labels = [action.label for action in page.context["actions"] if action.verdict]
    assert labels == ["登记期满照片", "写明没有期满照片的原因"]
