"""Visits and meetings by their pages: two verifiers, a quorum, votes, and what is refused with all that was typed."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from applications.models import AppraisalItem, AppraisalMeeting, Attachment, VerificationVisit
from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, key_of, queries, submitted_in_sets, url
from tests.world import World, photo
from workflow import intake
from workflow.results import Ref


def handed_in(world: World, *, village: int = 0) -> Any:
    case = stages.draft(world, village=village)
    stages.do(intake.submit([Ref.of(case)], by=world.clerks[village], now=world.now))
    return stages.again(case)


def visit_typed(case: Any, **values: Any) -> dict[str, Any]:
    return {
        "visited_on": "2021-03-01",
        "name1": "王村一",
        "post1": "村级经办人",
        "name2": "钱队员",
        "post2": "驻村工作队",
        "findings": "地块三处，共三亩。",
        "confirmed": "1",
        "revision": case.revision,
        "key": stages.key(),
        **values,
    }


def test_visit_is_recorded_with_its_verifiers_and_photos(world: World) -> None:
    case = handed_in(world)
    with clock_at(world.now):
        client, address = as_(world.clerk), url("visit-new", case.pk)
        form = client.get(address).context["form"]
        assert (form["name1"].value(), form["visited_on"].value()) == ("王村一", world.now.date())
        sent = visit_typed(case, photos=[photo("一.jpg"), photo("二.jpg")])
        done = client.post(address, sent)
        assert (done.status_code, done["Location"]) == (302, f"{case.get_absolute_url()}?tab=field")
        page = client.get(done["Location"]).content.decode()
    visit = VerificationVisit.objects.get()
    assert (visit.confirmed, visit.findings, visit.recorded_by) == (True, "地块三处，共三亩。", world.clerk)
    assert list(visit.verifiers.values_list("name", "post")) == [
        ("王村一", "村级经办人"),
        ("钱队员", "驻村工作队"),
    ]
    assert Attachment.objects.filter(visit=visit, application=case).count() == 2
    assert page.count("入户核实照片") == 2
    assert "钱队员（驻村工作队）" in page


def test_second_click_on_a_visit_is_told_that_it_is_recorded(world: World) -> None:
    case = handed_in(world)
    with clock_at(world.now):
        sent = visit_typed(case)
        assert as_(world.clerk).post(url("visit-new", case.pk), sent).status_code == 302
        again = as_(world.clerk).post(url("visit-new", case.pk), sent)
    assert again.status_code == 409
    assert again.context["changes"][0]["text"] == "入户核实：属实。"
    assert VerificationVisit.objects.count() == 1


VISIT_REFUSALS = [
    ({"name2": ""}, "入户核实须有两名以上核实人。"),
    ({"name2": "王村一"}, "入户核实须有两名以上核实人。"),
    ({"visited_on": "2021-03-02"}, "核实日期不能晚于今天。"),
    ({"visited_on": "2021-02-28"}, "核实日期不能早于申请日期。"),
    ({"findings": " "}, "请写明核实情况。"),
    ({"confirmed": ""}, "请选择核实结论。"),
]


@pytest.mark.parametrize(("wrong", "sentence"), VISIT_REFUSALS)
def test_refused_visit_keeps_what_was_typed_and_records_nothing(
    world: World, wrong: dict[str, str], sentence: str
) -> None:
    case = handed_in(world)
    before = everything()
    with clock_at(world.now):
        sent = visit_typed(case, **wrong, photos=[photo()])
        response = as_(world.clerk).post(url("visit-new", case.pk), sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert "驻村工作队" in page
    assert everything() == before


def test_visit_with_a_photo_that_is_none_records_nothing(world: World) -> None:
    case = handed_in(world)
    before = everything()
    with clock_at(world.now):
        fake = SimpleUploadedFile("照片.jpg", b"%PDF-1.4 not a picture")
        response = as_(world.clerk).post(
            url("visit-new", case.pk), visit_typed(case, photos=[photo("好.jpg"), fake])
        )
    assert response.status_code == 422
    assert "文件“照片.jpg”不是JPG或PNG照片，请换一个文件。" in response.content.decode()
    assert everything() == before


def test_more_than_nine_photos_at_once_are_refused(world: World) -> None:
    case = handed_in(world)
    with clock_at(world.now):
        sent = visit_typed(case, photos=[photo() for _ in range(10)])
        response = as_(world.clerk).post(url("visit-new", case.pk), sent)
    assert response.status_code == 422
    assert "一次最多上传9个文件。" in response.content.decode()


def test_visit_page_is_for_the_village_clerk(world: World) -> None:
    case = handed_in(world)
    gone, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        for person, one, status in (
            (world.clerks[1], case, 404),
            (world.stranger, case, 404),
            (world.reviewer, case, 403),
            (world.supervisor, case, 403),
            (world.clerk, gone, 403),
        ):
            assert as_(person).get(url("visit-new", one.pk)).status_code == status
            assert as_(person).post(url("visit-new", one.pk), visit_typed(one)).status_code == status
    assert VerificationVisit.objects.filter(application=case).count() == 0


def meeting_typed(**values: Any) -> dict[str, Any]:
    return {
        "kind": "assembly",
        "held_on": "2021-03-01",
        "place": "村部会议室",
        "entitled": "30",
        "present": "24",
        "chair": "钱主任",
        "recorder": "孙文书",
        "minutes": "逐户评议，没有不同意见。",
        "key": stages.key(),
        **values,
    }


def test_meeting_is_recorded_with_votes_and_opinions(world: World) -> None:
    first, second, third = (handed_in(world) for _ in range(3))
    handed_in(world, village=1)
    address = url("meeting-new", world.village.pk)
    with clock_at(world.now):
        client = as_(world.clerk)
        shown = client.get(address)
        rows = shown.context["form"].rows
        assert [row["case"].pk for row in rows] == [first.pk, second.pk, third.pk]
        assert all(row["pick"].value() for row in rows)
        sent = meeting_typed(
            key=key_of(shown),
            papers=[photo("签到表.jpg")],
            **{f"pick{first.pk}": "on", f"pick{second.pk}": "on"},
            **{f"vote{second.pk}": "10", f"opinion{second.pk}": "面积有出入。", f"vote{third.pk}": "3"},
        )
        done = client.post(address, sent)
        meeting = AppraisalMeeting.objects.get()
        assert (done.status_code, done["Location"]) == (302, meeting.get_absolute_url())
        page = client.get(done["Location"]).content.decode()
    assert (meeting.village, meeting.present, meeting.chair) == (world.village, 24, "钱主任")
    assert list(AppraisalItem.objects.values_list("application", "in_favour", "opinion")) == [
        (first.pk, 24, ""),
        (second.pk, 10, "面积有出入。"),
    ]
    for text in ("签到表.jpg", "面积有出入。", "没有通过", "村部会议室"):
        assert text in page


MEETING_REFUSALS = [
    ({"present": "19"}, {}, "村民代表会议须有应到人数三分之二以上到会，评议才有效。"),
    ({"present": "31"}, {}, "实到人数不能多于应到人数。"),
    ({"held_on": "2021-03-02"}, {}, "会议日期不能晚于今天。"),
    ({"held_on": "2021-02-28"}, {}, "的申请日期晚于会议日期。"),
    ({"chair": ""}, {}, "这个字段是必填项。"),
    ({}, {"vote": "25"}, "的同意人数不能多于实到人数。"),
    ({}, {"vote": "-1"}, "同意人数不能小于0。"),
    ({}, {"pick": None}, "请至少选择一件参加评议的申请。"),
]


@pytest.mark.parametrize(("wrong", "row", "sentence"), MEETING_REFUSALS)
def test_refused_meeting_keeps_what_was_typed_and_records_nothing(
    world: World, wrong: dict[str, str], row: dict[str, str | None], sentence: str
) -> None:
    case = handed_in(world)
    typed: dict[str, str | None] = {"pick": "on", "vote": "20", "opinion": "同意上报。", **row}
    before = everything()
    with clock_at(world.now):
        sent = meeting_typed(
            papers=[photo()],
            **{f"{name}{case.pk}": value for name, value in typed.items() if value is not None},
        )
        response = as_(world.clerk).post(url("meeting-new", world.village.pk), {**sent, **wrong})
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    for text in ("逐户评议，没有不同意见。", "同意上报。", f'value="{typed["vote"]}"'):
        assert text in page
    assert everything() == before


def test_double_click_on_a_meeting_records_one(world: World) -> None:
    case = handed_in(world)
    with clock_at(world.now):
        sent = meeting_typed(**{f"pick{case.pk}": "on"})
        for _ in range(2):
            as_(world.clerk).post(url("meeting-new", world.village.pk), sent)
    assert AppraisalMeeting.objects.count() == 1


def test_meetings_are_recorded_by_the_village_and_read_above_it(world: World) -> None:
    case = handed_in(world)
    stages.meeting(world, [case])
    meeting = AppraisalMeeting.objects.get()
    new = url("meeting-new", world.village.pk)
    before = everything()
    with clock_at(world.now):
        for person, write, read, count in (
            (world.clerk, 200, 200, 1),
            (world.clerks[1], 404, 404, 0),
            (world.reviewer, 403, 200, 1),
            (world.supervisor, 403, 200, 1),
            (world.stranger, 404, 404, 0),
        ):
            client = as_(person)
            assert client.get(new).status_code == write
            if write != 200:
                assert client.post(new, meeting_typed(**{f"pick{case.pk}": "on"})).status_code == write
            assert client.get(meeting.get_absolute_url()).status_code == read
            listed = client.get(url("meeting-list"))
            assert listed.context["page_obj"].paginator.count == count
            assert [village.pk for village in listed.context["villages"]] == (
                [world.village.pk]
                if person is world.clerk
                else [world.villages[1].pk] * (person is world.clerks[1])
            )
    assert everything() == before


def test_case_that_was_appraised_is_not_ticked_again(world: World) -> None:
    case = handed_in(world)
    stages.meeting(world, [case])
    with clock_at(world.now):
        (row,) = as_(world.clerk).get(url("meeting-new", world.village.pk)).context["form"].rows
    assert row["pick"].value() is False


def test_meeting_pages_take_twelve_queries_with_two_hundred_cases(world: World) -> None:
    cases = submitted_in_sets(world, 200)
    stages.meeting(world, cases)
    meeting = AppraisalMeeting.objects.get()
    client = as_(world.clerk)
    for address in (
        url("meeting-new", world.village.pk),
        meeting.get_absolute_url(),
        url("meeting-list"),
    ):
        assert queries(client, address) <= 12


def test_photos_can_be_taken_with_the_telephone_and_both_ways_are_taken_in(world: World) -> None:
    case = handed_in(world)
    with clock_at(world.now):
        client = as_(world.clerk)
        page = client.get(url("visit-new", case.pk)).content.decode()
        typed = {**visit_typed(case), "photos": [photo("camera.jpg"), photo("picked.jpg")]}
        client.post(url("visit-new", case.pk), typed)
    assert page.count('name="photos"') == page.count("data-shrink") == 2
    assert page.count('capture="environment"') == 1
    assert "photos.js" in page
    assert VerificationVisit.objects.get().photos.count() == 2
