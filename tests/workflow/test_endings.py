"""How a period ends: taken down, photographed, certified; which rows pass, which are held, which are shown again."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from applications.models import Application, HistoryEntry
from applications.states import State
from notifications.models import Channel, Message
from tests import stages
from tests.workflow import invariants
from tests.workflow.refusing import refused
from tests.world import World, photo
from workflow import announcements, appeals, consistency, drafts, intake, postings, reviews, sweeps
from workflow.models import (
    Deadline,
    DisplayPhoto,
    EntryOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.results import Ref

VILLAGE = PostingKind.VILLAGE


def hung(world: World, number: int, *, village: int = 0) -> tuple[list[Application], Posting]:
    cases = [stages.reach(world, State.VILLAGE_POSTING, village=village)[0] for _ in range(number)]
    return cases, stages.displayed(world, cases, kind=VILLAGE, now=world.now, village=village)


def fresh(posting: Posting) -> Posting:
    return Posting.objects.get(pk=posting.pk)


def outcomes(posting: Posting) -> list[str]:
    return list(posting.entries.order_by("position").values_list("outcome", flat=True))


def test_a_sheet_taken_down_early_voids_its_period_and_its_cases_are_posted_again_in_full(
    world: World,
) -> None:
    cases, posting = hung(world, 2)
    day9 = world.later(9)
    postings.take_down(posting, by=world.clerk, now=day9, reason="公开栏倒塌。")
    assert outcomes(posting) == [EntryOutcome.REMOVED] * 2
    assert sweeps.run(now=stages.after(posting)).closed == 0
    assert [stages.again(case).state for case in cases] == [State.VILLAGE_POSTING] * 2
    assert list(drafts.waiting(VILLAGE, world.village)) == cases
    assert Deadline.objects.filter(application__in=cases, settled_at=None, kind="waiting").count() == 2
    again = stages.displayed(world, cases, kind=VILLAGE, now=day9)
    assert (again.closes_on, again.supplements) == (date(2021, 3, 22), None)  # the 20th is a Saturday
    assert [entry.repeats.posting for entry in again.entries.select_related("repeats__posting")] == [
        posting
    ] * 2  # type: ignore[union-attr]
    texts = HistoryEntry.objects.filter(application=cases[0], act="take_down").values_list("text", flat=True)
    assert list(texts) == [f"{posting.number}提前撤下：公开栏倒塌。"]


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_sheet_is_not_taken_down_without_a_reason(world: World, reason: str) -> None:
    _, posting = hung(world, 1)
    refused(
        lambda: postings.take_down(posting, by=world.clerk, now=world.later(1), reason=reason), "必须写明原因"
    )


def test_a_sheet_whose_last_day_has_ended_is_not_taken_down_early(world: World) -> None:
    _, posting = hung(world, 1)
    after = stages.after(posting)
    refused(lambda: postings.take_down(posting, by=world.clerk, now=after, reason="迟了。"), "不能再提前撤下")
    postings.take_down(posting, by=world.clerk, now=after - timedelta(seconds=1), reason="最后一天。")


def to_announce(world: World) -> tuple[Application, Posting]:
    """A case that waits for its announcement, whose district sheet has no photo of its end."""
    case, moment = stages.reach(world, State.DISTRICT_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.DISTRICT, now=moment)
    assert sweeps.run(now=stages.after(posting)).closed == 1
    return stages.again(case), fresh(posting)


def publishing(world: World, case: Application, now: datetime) -> Callable[[], object]:
    """The announcement of a case, ready to be published."""
    sheet = stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=now)
    announcements.write_items(sheet, items=stages.ITEMS, by=world.approver, now=now)
    return lambda: announcements.publish(sheet.pk, by=world.approver, now=now)


def test_a_missing_photo_of_the_end_stops_no_clock_but_the_announcement(world: World) -> None:
    case, posting = to_announce(world)
    assert (case.state, posting.state) == (State.ANNOUNCEMENT, PostingState.CLOSED)
    now = stages.after(posting)
    refused(publishing(world, case, now), f"{posting}还没有期满照片")


def test_the_photo_opens_the_way_to_the_announcement(world: World) -> None:
    case, posting = to_announce(world)
    now = stages.after(posting)
    stages.photographed(posting, now=now)
    assert stages.announced(world, [case], now=now)[1][0].done


def test_a_reason_opens_the_way_to_the_announcement_and_stays(world: World) -> None:
    case, posting = to_announce(world)
    now = stages.after(posting)
    postings.excuse_end_photo(posting, reason="手机损坏。", by=world.approver, now=now)
    kept = fresh(posting)
    assert (kept.photo_excuse, kept.photo_excused_by, kept.photo_excused_at) == (
        "手机损坏。",
        world.approver,
        now,
    )
    assert stages.announced(world, [case], now=now)[1][0].done


def test_a_reason_is_refused_where_it_is_empty_not_needed_or_not_this_persons(world: World) -> None:
    _, posting = hung(world, 1)
    after = stages.after(posting)

    def excuse(by: Any, reason: str = "手机损坏。") -> Callable[[], None]:
        return lambda: postings.excuse_end_photo(fresh(posting), reason=reason, by=by, now=after)

    refused(excuse(world.clerk), "不缺期满照片")
    postings.close(posting.pk, now=after)
    refused(excuse(world.clerk, " "), "请写明没有期满照片的原因")
    for stranger in (world.clerks[1], world.stranger, world.supervisor):
        refused(excuse(stranger), "由张贴单位或上级经办人写明")
    excuse(world.reviewer)()
    refused(excuse(world.clerk), "不缺期满照片")


def test_a_photo_of_the_same_board_before_the_last_day_is_none_of_the_end(world: World) -> None:
    case, posting = to_announce(world)
    stages.photographed(posting, now=stages.after(posting))
    taken = DisplayPhoto.objects.get(display=posting.display, moment=DisplayPhoto.Moment.END)
    type(taken.attachment).objects.filter(pk=taken.attachment_id).update(
        uploaded_at=stages.after(posting) - timedelta(days=2)
    )
    refused(publishing(world, case, stages.after(posting)), "还没有期满照片")


def test_the_certificate_holds_place_dates_number_and_objections_and_never_changes(world: World) -> None:
    cases, posting = hung(world, 3)
    first = stages.lodged(world, cases[0], posting, now=world.later(2))
    second = stages.lodged(world, cases[1], posting, now=world.later(5))
    stages.decided(first, "not_upheld", by=world.clerk, now=world.later(4))
    stages.do(
        intake.withdraw(
            [Ref.of(stages.again(cases[2]))], by=world.clerk, now=world.later(3), opinion="不要了。"
        )
    )
    postings.close(posting.pk, now=stages.after(posting))
    kept = fresh(posting)
    facts = kept.certificate_facts
    assert {
        name: facts[name] for name in ("place", "displayed_on", "closes_on", "entries", "passed", "held")
    } == {
        "place": "村务公开栏",
        "displayed_on": "2021-03-01",
        "closes_on": "2021-03-11",
        "entries": 3,
        "passed": 1,
        "held": 1,
    }
    assert facts["objections"] == [[1, "2021-03-03", "异议不成立"], [2, "2021-03-06", "已收到"]]
    assert facts["removed"] == [[3, "撤回"]]
    assert "该户实际种植面积不足" not in str(facts)
    assert first.receipt not in str(facts)
    stages.decided(second, "cancelled", by=world.clerk, now=stages.after(posting))
    postings.add_end_photo(posting, photo=photo(), by=world.clerk, now=stages.after(posting))
    assert (fresh(posting).certificate, fresh(posting).certificate_facts) == (kept.certificate, facts)


def test_one_household_of_forty_objected_to_holds_back_nobody_else(world: World) -> None:
    cases, posting = hung(world, 40)
    objection = stages.lodged(world, cases[17], posting, now=world.later(6))
    assert sweeps.run(now=stages.after(posting) - timedelta(seconds=1)).closed == 0
    assert sweeps.run(now=stages.after(posting)).closed == 1
    states = [stages.again(case).state for case in cases]
    assert states.count(State.TOWNSHIP_REVIEW) == 39
    assert states[17] == State.VILLAGE_POSTING
    assert outcomes(posting).count(EntryOutcome.PASSED) == 39
    later = world.later(20)
    stages.decided(objection, "not_upheld", by=world.clerk, now=later)
    assert stages.again(cases[17]).state == State.TOWNSHIP_REVIEW
    assert outcomes(posting) == [EntryOutcome.PASSED] * 40
    assert Posting.objects.count() == 1
    assert list(consistency.faults()) == []


def test_a_held_row_is_not_posted_again_for_its_days_count(world: World) -> None:
    cases, posting = hung(world, 1)
    stages.lodged(world, cases[0], posting, now=world.later(6))
    after = stages.after(posting)
    postings.close(posting.pk, now=after)
    assert list(drafts.waiting(VILLAGE, world.village)) == []
    sheet = stages.sheet(world, cases, kind=VILLAGE, now=after)
    act = postings.Display(place="公开栏", displayed_at=after, witness="吴监督", photo=photo())
    refused(
        lambda: postings.display([sheet.pk], act=act, by=world.clerk, now=after), "已经期满有效，不用重新张贴"
    )


def test_a_corrected_row_is_posted_again_in_full_on_a_sheet_that_supplements_the_first(world: World) -> None:
    cases, posting = hung(world, 2)
    objection = stages.lodged(world, cases[0], posting, now=world.later(2))
    stages.decided(objection, "corrected", by=world.clerk, now=world.later(4))
    assert outcomes(posting) == [EntryOutcome.REMOVED, EntryOutcome.ON_DISPLAY]
    day5 = world.later(5)
    wrong = stages.again(cases[0])
    assert wrong.state == State.VILLAGE_CORRECTION
    stages.do(intake.resubmit([Ref.of(wrong)], by=world.clerk, now=day5))
    stages.visit(world, cases[0], now=day5)
    stages.meeting(world, [cases[0]], now=day5)
    stages.passed(world, [cases[0]], by=world.second_clerk, now=day5)
    supplement = stages.displayed(world, [cases[0]], kind=VILLAGE, now=day5)
    assert supplement.supplements == posting
    assert supplement.closes_on == date(2021, 3, 16)
    entry = supplement.entries.get()
    assert entry.repeats == posting.entries.get(position=1)
    assert entry.row["remark"] == "补充公示"
    assert sweeps.run(now=stages.after(posting)).closed == 1
    assert [stages.again(case).state for case in cases] == [State.VILLAGE_POSTING, State.TOWNSHIP_REVIEW]
    assert sweeps.run(now=stages.after(supplement)).closed == 1
    assert stages.again(cases[0]).state == State.TOWNSHIP_REVIEW


@pytest.mark.parametrize("how", ["withdrawn", "refused"])
def test_a_row_withdrawn_or_refused_is_never_posted_again(world: World, how: str) -> None:
    cases, posting = hung(world, 2)
    day2 = world.later(2)
    if how == "withdrawn":
        ref = Ref.of(stages.again(cases[0]))
        stages.do(intake.withdraw([ref], by=world.clerk, now=day2, opinion="不要了。"))
    else:
        stages.decided(
            stages.lodged(world, cases[0], posting, now=day2), "cancelled", by=world.clerk, now=day2
        )
    assert outcomes(posting) == [EntryOutcome.REMOVED, EntryOutcome.ON_DISPLAY]
    assert list(drafts.waiting(VILLAGE, world.village)) == []
    assert sweeps.run(now=stages.after(posting)).closed == 1
    assert stages.again(cases[0]).state in {State.WITHDRAWN, State.REJECTED}


def sql(text: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        assert cursor.rowcount == 1


ENTRY, SHEET = "workflow_postingentry", "workflow_posting"


def _insert(bad: Posting) -> None:
    entry = bad.entries.get(position=1)
    entry.application = Application.objects.get(state=State.DRAFT)
    entry.pk, entry.position = None, 9
    PostingEntry.objects.bulk_create([entry])


TAMPERED: dict[str, Callable[[Posting], None]] = {
    "the row": lambda one: sql(
        f"UPDATE {ENTRY} SET row = %s WHERE posting_id = %s AND position = 1", '{"name": "别人"}', one.pk
    ),
    "the amount": lambda one: sql(
        f"UPDATE {ENTRY} SET amount = 9000 WHERE posting_id = %s AND position = 1", one.pk
    ),
    "who is paid": lambda one: sql(
        f"UPDATE {ENTRY} SET payee_id = (SELECT payee_id FROM {ENTRY} WHERE posting_id <> %s LIMIT 1) "
        "WHERE posting_id = %s AND position = 1",
        one.pk,
        one.pk,
    ),
    "the standard": lambda one: sql(
        f"UPDATE {ENTRY} SET option = '省外' WHERE posting_id = %s AND position = 1", one.pk
    ),
    "the digest": lambda one: sql(f"UPDATE {SHEET} SET digest = %s WHERE id = %s", "0" * 64, one.pk),
    "the last day": lambda one: sql(f"UPDATE {SHEET} SET closes_on = '2021-03-08' WHERE id = %s", one.pk),
    "a row less": lambda one: sql(f"DELETE FROM {ENTRY} WHERE posting_id = %s AND position = 2", one.pk),
    "a row more": _insert,
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_is_changed_in_the_database_is_found_reported_and_stops_nobody_else(
    world: World, what: str
) -> None:
    cases, bad = hung(world, 2)
    good_cases, good = hung(world, 1, village=1)
    stages.draft(world)
    TAMPERED[what](bad)
    after = stages.after(good)
    for minutes in (0, 1):
        done = sweeps.run(now=after + timedelta(minutes=minutes))
        assert len(done.failed) == 1
    assert (fresh(bad).state, fresh(good).state) == (PostingState.DISPLAYED, PostingState.CLOSED)
    assert stages.again(good_cases[0]).state == State.TOWNSHIP_REVIEW
    assert {stages.again(case).state for case in cases} == {State.VILLAGE_POSTING}
    told = Message.objects.filter(event="list_tampered", channel=Channel.IN_APP)
    assert [(one.recipient, one.url) for one in told] == [(world.administrator, bad.get_absolute_url())]
    assert bad.number in told[0].subject


def test_a_sheet_set_right_again_closes_at_the_next_check(world: World) -> None:
    cases, posting = hung(world, 1)
    sql(f"UPDATE {ENTRY} SET amount = 9000 WHERE posting_id = %s", posting.pk)
    assert sweeps.run(now=stages.after(posting)).closed == 0
    sql(f"UPDATE {ENTRY} SET amount = 900 WHERE posting_id = %s", posting.pk)
    # It rests for a minute after the first failure.
    assert sweeps.run(now=stages.after(posting) + timedelta(seconds=59)).closed == 0
    assert sweeps.run(now=stages.after(posting) + timedelta(minutes=1)).closed == 1
    assert stages.again(cases[0]).state == State.TOWNSHIP_REVIEW


def test_reviews_and_sheets_agree_after_every_kind_of_end(world: World) -> None:
    cases, posting = hung(world, 3)
    stages.do(
        reviews.correct(
            [Ref.of(stages.again(cases[0]))], by=world.clerk, now=world.later(1), opinion="面积有误。"
        )
    )
    stages.lodged(world, cases[1], posting, now=world.later(3))
    sweeps.run(now=stages.after(posting))
    assert outcomes(posting) == [EntryOutcome.REMOVED, EntryOutcome.NOT_PASSED, EntryOutcome.PASSED]
    assert invariants.faults() == []


def test_the_certificate_counts_an_appeal_apart_from_the_objection_it_is_against(world: World) -> None:
    cases, posting = hung(world, 2)
    first = stages.lodged(world, cases[0], posting, now=world.later(1))
    stages.decided(first, "not_upheld", by=world.clerk, now=world.later(2))
    appeal = appeals.lodge(first, facts="不服。", now=world.later(3))
    stages.decided(appeal, "not_upheld", by=world.reviewer, now=world.later(4))
    postings.close(posting.pk, now=stages.after(posting))
    kept = fresh(posting)
    assert "公示期间收到的异议有1件、复核申请有1件已办结。" in kept.certificate
    assert "期满时2件无未办结异议，公示有效。" in kept.certificate
    assert kept.certificate_facts["objections"] == [[1, "2021-03-02", "异议不成立"]]
    assert kept.certificate_facts["appeals"] == [[1, "2021-03-04", "异议不成立"]]


def test_the_certificate_counts_an_open_appeal_neither_as_settled_nor_as_an_objection(world: World) -> None:
    cases, posting = hung(world, 2)
    first = stages.lodged(world, cases[0], posting, now=world.later(1))
    stages.decided(first, "not_upheld", by=world.clerk, now=world.later(2))
    appeals.lodge(first, facts="不服。", now=world.later(3))
    postings.close(posting.pk, now=stages.after(posting))
    kept = fresh(posting)
    assert "公示期间收到的异议有1件已办结。" in kept.certificate
    assert "复核申请" not in kept.certificate
    assert [len(kept.certificate_facts[name]) for name in ("objections", "appeals")] == [1, 1]
