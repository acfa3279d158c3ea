"""Revoking announced results: each announcement stays and gets its correction, linked both ways (更正公告)."""

from datetime import datetime, timedelta

import pytest

from applications.models import Application
from applications.states import State
from registry.models import Region
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World
from workflow import objections, reviews, sheets
from workflow.complaints import Complaint
from workflow.models import (
    AnnouncementSheet,
    Channel,
    EntryOutcome,
    Objection,
    Posting,
    PostingKind,
    PostingState,
)
from workflow.results import Ref, Result


def announced(world: World, number: int) -> tuple[Posting, list[Application], datetime]:
    """One announcement with this many cases."""
    reached = [stages.reach(world, State.ANNOUNCEMENT) for _ in range(number)]
    cases, moment = [case for case, _ in reached], reached[0][1]
    sheet, _ = stages.announced(world, cases, now=moment)
    return sheet, [stages.again(case) for case in cases], moment + timedelta(days=40)


def revoke(world: World, *cases: Application, now: datetime, opinion: str = "经查重复享受。") -> list[Result]:
    refs = [Ref.of(stages.again(case)) for case in cases]
    return reviews.revoke(refs, by=world.approver, now=now, opinion=opinion)


def corrections_of(sheet: Posting) -> list[AnnouncementSheet]:
    return list(AnnouncementSheet.objects.get(posting=sheet).corrected_by)


def outcomes(sheet: Posting) -> list[str]:
    return list(sheet.entries.order_by("position").values_list("outcome", flat=True))


def test_a_revocation_publishes_a_correction_with_numbers_of_its_own(world: World) -> None:
    sheet, cases, moment = announced(world, 3)
    old = AnnouncementSheet.objects.get(posting=sheet)
    revoke(world, cases[1], now=moment)
    (made,) = corrections_of(sheet)
    assert (made.corrects, made.index_number, made.posting.number) == (
        old,
        "113417030032496887/202105-00002",
        "示公告〔2021〕2号",
    )
    assert (made.publisher, made.announced_on, made.published_on, made.generated_on) == (
        "示例区乡村振兴局",
        moment.date(),
        moment.date(),
        moment.date(),
    )
    assert made.posting.state == PostingState.PUBLISHED
    assert made.posting.title == "关于示公告〔2021〕1号的更正公告"
    assert "名单中的第2号共1件，经核查予以撤销，其余2件不变。原公告和索引号保留不变。" in made.posting.text
    assert old.index_number in made.posting.text
    entry = made.posting.entries.get()
    first = sheet.entries.get(position=2)
    assert (entry.application, entry.outcome, entry.repeats, entry.row) == (
        cases[1],
        EntryOutcome.REVOKED,
        first,
        first.row,
    )
    sheets.verify(made.posting, [entry])


def test_the_old_announcement_keeps_its_number_and_list_and_marks_the_row(world: World) -> None:
    sheet, cases, moment = announced(world, 2)
    before = AnnouncementSheet.objects.filter(posting=sheet).values().get()
    revoke(world, cases[0], now=moment)
    kept = Posting.objects.get(pk=sheet.pk)
    assert AnnouncementSheet.objects.filter(posting=sheet).values().get() == before
    assert (kept.state, kept.number, kept.digest) == (PostingState.CORRECTED, sheet.number, sheet.digest)
    assert outcomes(kept) == [EntryOutcome.REMOVED, EntryOutcome.ANNOUNCED]
    sheets.verify(kept, kept.entries.all())


def test_two_revocations_of_one_sheet_are_two_corrections(world: World) -> None:
    sheet, cases, moment = announced(world, 3)
    revoke(world, cases[0], now=moment)
    revoke(world, cases[2], now=moment + timedelta(days=1))
    found = corrections_of(sheet)
    assert [one.index_number[-5:] for one in found] == ["00002", "00003"]
    assert [one.posting.entries.get().application for one in found] == [cases[0], cases[2]]
    assert "其余2件不变" in found[0].posting.text
    assert "第3号共1件，经核查予以撤销，其余1件不变" in found[1].posting.text
    assert Posting.objects.get(pk=sheet.pk).state == PostingState.CORRECTED


def test_revoking_all_rows_leaves_the_page_and_says_so(world: World) -> None:
    sheet, cases, moment = announced(world, 2)
    revoke(world, *cases, now=moment)
    (made,) = corrections_of(sheet)
    assert "名单中的第1号、第2号共2件，经核查予以撤销，该公告名单上已没有有效的条目。" in made.posting.text
    assert outcomes(sheet) == [EntryOutcome.REMOVED] * 2
    assert outcomes(made.posting) == [EntryOutcome.REVOKED] * 2
    assert {stages.again(case).state for case in cases} == {State.REVOKED}


def test_cases_of_two_announcements_revoked_together_give_one_correction_each(world: World) -> None:
    first, some, moment = announced(world, 1)
    second, others, _ = announced(world, 1)
    revoke(world, *some, *others, now=moment)
    made = [corrections_of(sheet) for sheet in (first, second)]
    assert [[one.index_number[-5:] for one in found] for found in made] == [["00003"], ["00004"]]


def test_the_reason_stands_on_no_correction(world: World) -> None:
    sheet, cases, moment = announced(world, 1)
    revoke(world, *cases, now=moment, opinion="某人隐情〔示例〕")
    (made,) = corrections_of(sheet)
    assert "隐情" not in made.posting.text + made.posting.title
    assert made.posting.entries.get().outcome_reason == ""


def test_without_a_valid_publisher_code_nothing_is_revoked(world: World) -> None:
    _, cases, moment = announced(world, 1)
    Region.objects.filter(pk=world.county.pk).update(publisher_code="113417030032496888")
    refused(lambda: revoke(world, *cases, now=moment), "没有有效的统一社会信用代码，不能生成索引号")
    Region.objects.filter(pk=world.county.pk).update(publisher_code="113417030032496887")
    stages.do(revoke(world, *cases, now=moment))


def test_a_case_revoked_once_is_not_revoked_again(world: World) -> None:
    sheet, cases, moment = announced(world, 1)
    revoke(world, *cases, now=moment)
    refused(lambda: revoke(world, *cases, now=moment), "不能这样办理")
    assert len(corrections_of(sheet)) == 1


@pytest.mark.parametrize("who", ["clerk", "reviewer", "supervisor"])
def test_a_correction_is_the_district_s(world: World, who: str) -> None:
    _, cases, moment = announced(world, 1)
    refused(
        lambda: reviews.revoke(
            [Ref.of(cases[0])], by=getattr(world, who), now=moment, opinion="经查重复享受。"
        ),
        "您没有这项任职",
    )


def test_the_same_form_twice_publishes_one_correction(world: World) -> None:
    sheet, cases, moment = announced(world, 1)
    refs = [Ref.of(cases[0])]
    for _ in range(2):
        stages.do(reviews.revoke(refs, by=world.approver, now=moment, opinion="重复。", key="once"))
    assert len(corrections_of(sheet)) == 1
    assert Posting.objects.filter(kind=PostingKind.ANNOUNCEMENT).count() == 2


def test_a_row_of_a_correction_takes_no_objection(world: World) -> None:
    sheet, cases, moment = announced(world, 1)
    revoke(world, *cases, now=moment)
    (made,) = corrections_of(sheet)
    entry, complaint = made.posting.entries.get(), Complaint(Channel.PHONE, "面积不足。", anonymous=True)
    for by in (None, world.approver):
        refused(
            lambda by=by: [objections.lodge(entry, complaint=complaint, by=by, now=moment)],  # type: ignore[misc]
            "更正公告上的申请已经撤销",
        )
    assert not Objection.objects.exists()
