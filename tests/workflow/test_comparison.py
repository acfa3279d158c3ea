"""One truth across the lists: what differs between them has a recorded event, or nothing is published (四级名单比对)."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from applications.models import Application
from applications.states import State
from tests import stages, tampering
from tests.workflow.refusing import refused
from tests.world import World
from workflow import announcements, comparison, intake, postings, releases, reviews
from workflow.comparison import Comparison
from workflow.models import PostingEntry, PostingKind, RefusalCode
from workflow.proceedings import Cut
from workflow.results import Ref

ANNOUNCEMENT = PostingKind.ANNOUNCEMENT


def ref(case: Application) -> list[Ref]:
    return [Ref.of(stages.again(case))]


def beside(world: World, number: int, *, until: PostingKind = PostingKind.DISTRICT) -> list[Application]:
    """Cases side by side on every list up to this one, closed; `world.now` is the moment after it."""
    cases = [stages.submitted(world) for _ in range(number)]
    go_on(world, cases, PostingKind.VILLAGE, until)
    return cases


def go_on(world: World, cases: list[Application], first: PostingKind, last: PostingKind) -> None:
    """Review and post the cases at each level in turn."""
    officers = [world.clerk, world.reviewer, world.approver]
    kinds = list(PostingKind)
    for kind in kinds[kinds.index(first) : kinds.index(last) + 1]:
        stages.passed(world, cases, by=officers[kinds.index(kind)], now=world.now)
        world.now = stages.ran(world, cases, kind=kind, now=world.now)


def drafted(world: World, cases: list[Application]) -> int:
    sheet = stages.sheet(world, cases, kind=ANNOUNCEMENT, now=world.now)
    announcements.write_items(sheet, items=stages.ITEMS, by=world.approver, now=world.now)
    return sheet.pk


def compared(key: int) -> Comparison:
    entries = PostingEntry.objects.filter(posting=key).select_related("posting")
    posting = entries[0].posting
    cases = [stages.again(entry.application) for entry in entries.order_by("position")]
    return comparison.compare(posting, cases)


def publish(world: World, key: int) -> object:
    return announcements.publish(key, by=world.approver, now=world.now)


def said(found: Comparison) -> list[tuple[str, str, str, str, list[str]]]:
    """Every difference of the announced rows: lists, field, before, after, and the acts that explain it."""
    return [
        (one.lists, one.label, one.before, one.after, [event.line.act for event in one.events])
        for line in found.lines
        for one in line.differences
    ]


def test_lists_that_agree_have_no_difference_and_are_published(world: World) -> None:
    key = drafted(world, beside(world, 3))
    found = compared(key)
    assert (said(found), found.absent, found.faults) == ([], [], [])
    publish(world, key)
    assert (said(compared(key)), compared(key).faults) == ([], [])


def test_a_cut_explains_the_difference_from_the_list_before_it(world: World) -> None:
    (case,) = beside(world, 1, until=PostingKind.VILLAGE)
    cut = Cut(Decimal(2), Decimal(600), "2亩 × 300.00元/亩 = 600.00元")
    stages.do(
        reviews.pass_on(ref(case), by=world.reviewer, now=world.now, opinion="实测。", cuts={case.pk: cut})
    )
    world.now = stages.ran(world, [case], kind=PostingKind.TOWNSHIP, now=world.now)
    go_on(world, [case], PostingKind.DISTRICT, PostingKind.DISTRICT)
    key = drafted(world, [case])
    assert said(compared(key)) == [
        ("村级公示→乡级公示", "数量", "3", "2", ["pass_township_review"]),
        ("村级公示→乡级公示", "核定金额", "900.00", "600.00", ["pass_township_review"]),
    ]
    publish(world, key)


def test_a_cut_after_the_draft_was_made_explains_the_draft(world: World) -> None:
    (case,) = beside(world, 1)
    key = drafted(world, [case])
    world.now += timedelta(hours=1)
    stages.do(reviews.stop(ref(case), by=world.approver, now=world.now, opinion="重审。"))
    cut = Cut(Decimal(2), Decimal(600), "2亩 × 300.00元/亩 = 600.00元")
    stages.do(
        reviews.pass_on(ref(case), by=world.approver, now=world.now, opinion="实测。", cuts={case.pk: cut})
    )
    assert stages.again(case).state == State.DISTRICT_POSTING
    stages.do(releases.pass_covered([case.pk], now=world.now))
    found = said(compared(key))
    assert ("公告拟稿→公告", "核定金额", "900.00", "600.00", ["pass_district_review"]) in found
    assert ("区级公示→公告", "核定金额", "900.00", "600.00", ["pass_district_review"]) in found
    publish(world, key)


def test_a_correction_downwards_explains_the_difference(world: World) -> None:
    (case,) = beside(world, 1, until=PostingKind.VILLAGE)
    stages.returned(world, case, by=world.reviewer, now=world.now)
    intake.amend(ref(case)[0], by=world.clerk, now=world.now, quantity=Decimal(2))
    stages.do(intake.resubmit(ref(case), by=world.clerk, now=world.now))
    go_on(world, [case], PostingKind.TOWNSHIP, PostingKind.DISTRICT)
    key = drafted(world, [case])
    assert said(compared(key)) == [
        ("村级公示→乡级公示", label, before, after, ["amend"])
        for label, before, after in (
            ("数量", "3", "2"),
            ("申报金额", "900.00", "600.00"),
            ("核定金额", "900.00", "600.00"),
        )
    ]
    publish(world, key)


def test_after_a_restart_the_lists_agree_again(world: World) -> None:
    (case,) = beside(world, 1, until=PostingKind.VILLAGE)
    stages.returned(world, case, by=world.reviewer, now=world.now)
    intake.amend(ref(case)[0], by=world.clerk, now=world.now, quantity=Decimal(4))
    stages.do(intake.resubmit(ref(case), by=world.clerk, now=world.now))
    go_on(world, [case], PostingKind.VILLAGE, PostingKind.DISTRICT)
    key = drafted(world, [case])
    found = compared(key)
    assert (said(found), found.faults) == ([], [])
    assert found.lines[0].cells[PostingKind.VILLAGE].row["quantity"] == "4"  # type: ignore[union-attr]
    publish(world, key)


def _withdrawn(world: World, case: Application) -> None:
    stages.do(intake.withdraw(ref(case), by=world.clerk, now=world.now, opinion="申请人撤回。"))


def _refused(world: World, case: Application) -> None:
    code = RefusalCode.FACTS
    stages.do(reviews.reject(ref(case), by=world.reviewer, now=world.now, reason_code=code, opinion="不符。"))


def _returned(world: World, case: Application) -> None:
    stages.returned(world, case, by=world.reviewer, now=world.now)


def _objected(outcome: str) -> Callable[[World, Application], None]:
    def decide(world: World, case: Application) -> None:
        posting = PostingEntry.objects.get(application=case, level=PostingKind.VILLAGE).posting
        one = stages.lodged(world, case, posting, now=world.now)
        stages.decided(one, outcome, by=world.clerk, now=world.now)

    return decide


def _late(world: World, case: Application) -> None:
    """Nothing was done with it: it waits for the next batch."""


FATES: dict[str, tuple[Callable[[World, Application], None], str, str]] = {
    "withdrawn": (_withdrawn, "现在是“已撤回”", "withdraw"),
    "refused": (_refused, "现在是“不予批准”", "reject"),
    "returned": (_returned, "现在是“乡级退回补正”", "send_back"),
    "objection upheld": (_objected("cancelled"), "已撤出（异议成立），现在是“不予批准”", "reject"),
    "objection corrected": (_objected("corrected"), "已撤出（更正）", "send_back"),
    "late batch": (_late, "现在是“待乡级审核”", "close_village_posting"),
}


@pytest.mark.parametrize("fate", FATES)
def test_a_row_that_is_not_announced_has_the_event_that_took_it_out(world: World, fate: str) -> None:
    act, words, event = FATES[fate]
    goes, stays = beside(world, 2, until=PostingKind.VILLAGE)
    act(world, stays)
    go_on(world, [goes], PostingKind.TOWNSHIP, PostingKind.DISTRICT)
    key = drafted(world, [goes])
    found = compared(key)
    assert found.faults == []
    (absent,) = found.absent
    (difference,) = absent.differences
    assert absent.case == stays
    assert difference.after.startswith(words)
    assert [one.line.act for one in difference.events] == [event]
    publish(world, key)


def test_a_row_taken_down_with_its_sheet_and_posted_again_is_explained(world: World) -> None:
    cases = [stages.submitted(world) for _ in range(2)]
    stages.passed(world, cases, by=world.clerk, now=world.now)
    first = stages.displayed(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    postings.take_down(first, by=world.clerk, now=world.now, reason="标题有误。")
    world.now = stages.ran(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    go_on(world, cases, PostingKind.TOWNSHIP, PostingKind.DISTRICT)
    key = drafted(world, cases)
    assert compared(key).faults == []
    publish(world, key)


def test_a_case_of_the_first_batch_stands_on_its_own_announcement(world: World) -> None:
    first, second = beside(world, 2)
    publish(world, drafted(world, [first]))
    key = drafted(world, [second])
    found = compared(key)
    assert found.faults == []
    assert found.absent[0].differences[0].after == "另列入示公告〔2021〕1号"
    publish(world, key)


def test_an_open_objection_on_a_row_beside_is_named(world: World) -> None:
    goes, stays = beside(world, 2)
    posting = PostingEntry.objects.get(application=stays, level=PostingKind.VILLAGE).posting
    stages.lodged(world, stays, posting, now=world.now)
    key = drafted(world, [goes])
    assert compared(key).absent[0].differences[0].after == "现在是“待公告”，有未办结异议"
    publish(world, key)


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount == 1


def change_row(entry: PostingEntry, **changed: str) -> None:
    row = json.dumps({**entry.row, **changed})
    sql("UPDATE workflow_postingentry SET row = %s WHERE id = %s", row, entry.pk)


LISTS = [PostingKind.VILLAGE, PostingKind.TOWNSHIP, PostingKind.DISTRICT, ANNOUNCEMENT]


@pytest.mark.parametrize("beside_it", [False, True])
@pytest.mark.parametrize(
    "changed", [{"name": "别人"}, {"quantity": "9"}, {"amount": "9.00"}, {"standard": "9元"}]
)
@pytest.mark.parametrize("kind", LISTS)
def test_a_row_changed_in_the_database_blocks_the_announcement_with_its_name(
    world: World, kind: PostingKind, changed: dict[str, str], beside_it: bool
) -> None:
    goes, stays = beside(world, 2)
    if beside_it and kind is ANNOUNCEMENT:
        pytest.skip("a row beside the announced ones stands on no draft")
    key = drafted(world, [goes])
    case = stays if beside_it else goes
    change_row(PostingEntry.objects.get(application=case, level=kind), **changed)
    refused(lambda: publish(world, key), f"各级名单对不上，不能公告：{case.payee.name}（{case.number}）")


FIGURES = [
    "quantity = 2",
    "amount = 899",
    "payee_id = (SELECT MAX(id) FROM registry_member)",
    "option = '示例'",
]


@pytest.mark.parametrize("kind", LISTS[:3])
@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_that_coverage_is_judged_by_cannot_be_changed_unseen(
    world: World, kind: PostingKind, figure: str
) -> None:
    goes, stays = beside(world, 2)
    key = drafted(world, [goes])
    entry = PostingEntry.objects.get(application=stays, level=kind)
    world.household()
    sql(f"UPDATE workflow_postingentry SET {figure} WHERE id = %s", entry.pk)
    refused(lambda: publish(world, key), f"{stays.payee.name}（{stays.number}）：{kind.label}名单")


@pytest.mark.parametrize("kind", LISTS[:3])
def test_a_row_taken_off_a_list_in_the_database_is_missed_by_name(world: World, kind: PostingKind) -> None:
    goes, stays = beside(world, 2)
    key = drafted(world, [goes])
    sql("DELETE FROM workflow_postingentry WHERE application_id = %s AND level = %s", stays.pk, kind)
    refused(lambda: publish(world, key), f"{stays.payee.name}（{stays.number}）：")


def test_a_row_that_hung_on_one_list_alone_is_missed_too(world: World) -> None:
    goes, stays = beside(world, 2, until=PostingKind.VILLAGE)
    go_on(world, [goes], PostingKind.TOWNSHIP, PostingKind.DISTRICT)
    key = drafted(world, [goes])
    sql("DELETE FROM workflow_postingentry WHERE application_id = %s", stays.pk)
    refused(
        lambda: publish(world, key),
        f"{stays.payee.name}（{stays.number}）：村级公示名单上的这一行不见了，没有对应的办理记录",
    )


def test_a_row_slipped_onto_a_list_in_the_database_is_found(world: World) -> None:
    goes, other = beside(world, 1)[0], stages.submitted(world)
    key = drafted(world, [goes])
    entry = PostingEntry.objects.get(application=goes, level=PostingKind.TOWNSHIP)
    entry.pk, entry.application, entry.position = None, other, 2
    entry.save()
    refused(lambda: publish(world, key), f"{other.payee.name}（{other.number}）：乡级公示名单")


@pytest.mark.parametrize("figure", ["amount = 600", "claimed_amount = 1200", "quantity = 2"])
def test_a_case_changed_in_the_database_is_not_announced(world: World, figure: str) -> None:
    (case,) = beside(world, 1)
    key = drafted(world, [case])
    sql(f"UPDATE applications_application SET {figure} WHERE id = %s", case.pk)
    refused(lambda: publish(world, key), "与最后一次办理的记录不一致")


def test_a_state_changed_in_the_database_explains_nothing(world: World) -> None:
    goes, stays = beside(world, 2)
    key = drafted(world, [goes])
    sql("UPDATE applications_application SET state = 'withdrawn' WHERE id = %s", stays.pk)
    refused(lambda: publish(world, key), "现在是“已撤回”，没有对应的办理记录")


def test_a_line_of_the_record_changed_in_the_database_explains_nothing(world: World) -> None:
    (case,) = beside(world, 1)
    key = drafted(world, [case])
    line = case.history.get(act="put_up", level="township")
    data = json.dumps({**line.data, "amount": "1.00"})
    assert (
        tampering.rewrite("UPDATE applications_historyentry SET data = %s WHERE id = %s", data, line.pk) == 1
    )
    refused(lambda: publish(world, key), f"办理记录第{line.seq}条与摘要不符")


def test_comparing_more_rows_takes_no_more_statements(world: World) -> None:
    counts = []
    for number in (2, 8):
        cases = beside(world, number)
        key = drafted(world, cases[: number // 2])
        entries = PostingEntry.objects.filter(posting=key).select_related("posting")
        posting, mine = entries[0].posting, [stages.again(case) for case in cases[: number // 2]]
        with CaptureQueriesContext(connection) as captured:
            assert comparison.compare(posting, mine).faults == []
        counts.append(len(captured))
    assert counts == [4, 4]


def test_the_moment_of_a_sheet_is_not_taken_for_another(world: World) -> None:
    """Two cases at one moment: the record of one never explains the row of the other."""
    goes, stays = beside(world, 2, until=PostingKind.VILLAGE)
    moment: datetime = world.now
    cut = Cut(Decimal(2), Decimal(600), "2亩 × 300.00元/亩 = 600.00元")
    stages.do(
        reviews.pass_on(ref(stays), by=world.reviewer, now=moment, opinion="实测。", cuts={stays.pk: cut})
    )
    stages.passed(world, [goes], by=world.reviewer, now=moment)
    world.now = stages.ran(world, [goes, stays], kind=PostingKind.TOWNSHIP, now=moment)
    go_on(world, [goes, stays], PostingKind.DISTRICT, PostingKind.DISTRICT)
    key = drafted(world, [goes, stays])
    found = compared(key)
    assert [len(line.differences) for line in found.lines] == [0, 2]
    publish(world, key)
