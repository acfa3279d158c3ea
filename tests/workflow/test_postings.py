"""Sheets on their boards: how each kind of day ends for them, and what may not be done with them (公示)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from applications.models import Application, Attachment
from applications.states import State
from registry import appointments
from registry.models import Region, RegionLevel, Role
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World, photo, region, user
from workflow import consistency, drafts, intake, postings, reviews, sweeps
from workflow.models import (
    DisplayAct,
    DisplayPhoto,
    EntryOutcome,
    Posting,
    PostingKind,
    PostingState,
)
from workflow.postings import Display
from workflow.results import Ref

VILLAGE = PostingKind.VILLAGE


def waiting(world: World, number: int, *, village: int = 0) -> tuple[list[Application], datetime]:
    """Cases of one village that wait for its sheet."""
    cases = [stages.reach(world, State.VILLAGE_POSTING, village=village)[0] for _ in range(number)]
    return cases, world.now


def act(now: datetime, **values: object) -> Display:
    """One act of putting sheets up, as it should be but for the given values."""
    base: dict[str, object] = {
        "place": "村务公开栏",
        "displayed_at": now,
        "witness": "吴监督",
        "photo": photo(),
    }
    return Display(**{**base, **values})  # type: ignore[arg-type]


def states(cases: Sequence[Application]) -> list[str]:
    return [stages.again(case).state for case in cases]


def outcomes(posting: Posting) -> list[str]:
    return list(posting.entries.order_by("position").values_list("outcome", flat=True))


def fresh(posting: Posting) -> Posting:
    return Posting.objects.get(pk=posting.pk)


def test_a_sheet_whose_entries_are_all_held_closes_on_its_day_with_none_passed(world: World) -> None:
    cases, moment = waiting(world, 2)
    posting = stages.displayed(world, cases, kind=VILLAGE, now=moment)
    first, second = (stages.lodged(world, case, posting, now=world.later(3)) for case in cases)
    result = postings.close(posting.pk, now=stages.after(posting))
    assert result.data == {"passed": 0, "held": 2}
    assert fresh(posting).state == PostingState.CLOSED
    assert outcomes(posting) == [EntryOutcome.NOT_PASSED, EntryOutcome.NOT_PASSED]
    assert fresh(posting).certificate == (
        "村1公示〔2021〕1号《示例1村2021年示例种植补助村级公示》于2021年03月01日在村务公开栏张贴，"
        "公示期10个自然日（首日不计），至2021年03月11日期满。名单共2件。"
        "期满时2件有未办结异议，暂不通过，待异议办结后处理。本次公示没有条目通过。"
    )
    assert states(cases) == [State.VILLAGE_POSTING, State.VILLAGE_POSTING]
    stages.decided(first, "not_upheld", by=world.clerk, now=world.later(12))
    stages.decided(second, "cancelled", by=world.clerk, now=world.later(12))
    assert states(cases) == [State.TOWNSHIP_REVIEW, State.REJECTED]
    assert outcomes(posting) == [EntryOutcome.PASSED, EntryOutcome.REMOVED]
    assert list(consistency.faults()) == []


def test_a_sheet_whose_entries_are_all_taken_out_is_taken_down(world: World) -> None:
    cases, moment = waiting(world, 2)
    posting = stages.displayed(world, cases, kind=VILLAGE, now=moment)
    day3 = world.later(2)
    stages.do(intake.withdraw([Ref.of(stages.again(cases[0]))], by=world.clerk, now=day3, opinion="不要了。"))
    assert fresh(posting).state == PostingState.DISPLAYED
    stages.do(
        reviews.correct([Ref.of(stages.again(cases[1]))], by=world.clerk, now=day3, opinion="面积有误。")
    )
    kept = fresh(posting)
    assert (kept.state, kept.taken_down_at, kept.taken_down_reason) == (
        PostingState.TAKEN_DOWN,
        day3,
        "名单内已无条目",
    )
    assert list(posting.entries.values_list("outcome_reason", flat=True)) == ["撤回", "更正"]
    assert kept.digest == posting.digest
    assert not postings.close(posting.pk, now=stages.after(posting)).done
    assert states(cases) == [State.WITHDRAWN, State.VILLAGE_CORRECTION]


def test_a_late_village_is_named_and_follows_in_a_second_batch(world: World) -> None:
    ready, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    late = stages.submitted(world, village=1, now=moment)
    assert drafts.late_villages(PostingKind.TOWNSHIP, world.township, world.grain) == ["示例2村"]
    assert list(drafts.waiting(PostingKind.TOWNSHIP, world.township)) == [ready]
    heading = drafts.default_heading(PostingKind.TOWNSHIP, world.township, world.grain)
    first = drafts.prepare(
        kind=PostingKind.TOWNSHIP,
        region=world.township,
        programme=world.grain,
        applications=[ready.pk],
        heading=replace(heading, batch_label="第一批"),
        by=world.reviewer,
        now=moment,
    )
    postings.display([first.pk], act=act(moment), by=world.reviewer, now=moment)
    assert list(drafts.waiting(PostingKind.TOWNSHIP, world.township)) == []
    stages.passed(world, [late], by=world.clerks[1], now=moment)
    later = stages.ran(world, [late], kind=VILLAGE, now=moment, village=1)
    stages.passed(world, [late], by=world.reviewer, now=later)
    assert drafts.late_villages(PostingKind.TOWNSHIP, world.township, world.grain) == []
    second = stages.displayed(world, [late], kind=PostingKind.TOWNSHIP, now=later)
    assert sweeps.run(now=stages.after(second)).closed == 2
    assert states([ready, late]) == [State.DISTRICT_REVIEW, State.DISTRICT_REVIEW]
    assert (fresh(first).number, fresh(first).batch_label) == ("例公示〔2021〕1号", "第一批")
    assert second.number == "例公示〔2021〕2号"


def test_the_certificate_of_a_clean_sheet_says_so(world: World) -> None:
    cases, moment = waiting(world, 3)
    posting = stages.displayed(world, cases, kind=VILLAGE, now=moment)
    assert postings.close(posting.pk, now=stages.after(posting)).data == {"passed": 3, "held": 0}
    assert fresh(posting).certificate.endswith("名单共3件。公示期间无异议，公示有效。")


def test_the_certificate_does_not_say_nobody_objected_where_somebody_did(world: World) -> None:
    cases, moment = waiting(world, 1)
    posting = stages.displayed(world, cases, kind=VILLAGE, now=moment)
    objection = stages.lodged(world, cases[0], posting, now=world.later(2))
    stages.decided(objection, "not_upheld", by=world.clerk, now=world.later(4))
    assert postings.close(posting.pk, now=stages.after(posting)).data == {"passed": 1, "held": 0}
    assert "公示期间无异议" not in fresh(posting).certificate


def test_five_sheets_side_by_side_share_one_act_and_one_photo(world: World) -> None:
    cases, moment = waiting(world, 5)
    sheets = [stages.sheet(world, [case], kind=VILLAGE, now=moment) for case in cases]
    results = postings.display([one.pk for one in sheets], act=act(moment), by=world.clerk, now=moment)
    assert [one.number for one in results] == [f"村1公示〔2021〕{n}号" for n in range(1, 6)]
    done = DisplayAct.objects.get()
    assert set(Posting.objects.values_list("display", "state")) == {(done.pk, PostingState.DISPLAYED)}
    assert DisplayPhoto.objects.get().display == done
    assert Attachment.objects.count() == 1
    assert len(set(Posting.objects.values_list("digest", flat=True))) == 5
    assert sweeps.run(now=world.later(11)).closed == 5


def test_one_sheet_that_may_not_go_up_keeps_the_others_down(world: World) -> None:
    cases, moment = waiting(world, 2)
    good, bad = (stages.sheet(world, [case], kind=VILLAGE, now=moment) for case in cases)
    Posting.objects.filter(pk=bad.pk).update(discipline_phone=" ")
    refused(
        lambda: postings.display([good.pk, bad.pk], act=act(moment), by=world.clerk, now=moment),
        "公示还缺少：纪委监督电话",
    )


TAMPERED: dict[str, Callable[[Posting], Any]] = {
    "a row": lambda one: one.entries.update(row={**one.entries.get().row, "amount": "9000.00"}),
    "an amount": lambda one: one.entries.update(amount=Decimal(9000)),
    "a quantity": lambda one: one.entries.update(quantity=Decimal(30)),
    "the case of a row": lambda one: one.entries.update(position=7),
    "the title": lambda one: Posting.objects.filter(pk=one.pk).update(title="别的标题"),
    "a phone": lambda one: Posting.objects.filter(pk=one.pk).update(township_phone="别的电话〔示例〕"),
    "the last day": lambda one: Posting.objects.filter(pk=one.pk).update(closes_on=date(2021, 3, 4)),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_sheet_changed_in_the_database_is_found_and_stops_nobody_else(world: World, what: str) -> None:
    cases, moment = waiting(world, 2)
    bad, good = (stages.displayed(world, [case], kind=VILLAGE, now=moment) for case in cases)
    TAMPERED[what](bad)
    words = f"{bad.number}的名单与张贴时封存的名单不一致，期满不能办结"
    refused(lambda: postings.close(bad.pk, now=stages.after(good)), words)
    done = sweeps.run(now=stages.after(good))
    assert (done.closed, [words in one for one in done.failed]) == (1, [True])
    assert states(cases) == [State.VILLAGE_POSTING, State.TOWNSHIP_REVIEW]


def test_numbers_run_per_body_and_year_and_a_refused_sheet_takes_none(world: World) -> None:
    cases, moment = waiting(world, 3)
    other = stages.reach(world, State.VILLAGE_POSTING, village=1)[0]
    bad = stages.sheet(world, [cases[0]], kind=VILLAGE, now=moment)
    Posting.objects.filter(pk=bad.pk).update(title="")
    found = [stages.displayed(world, [cases[1]], kind=VILLAGE, now=moment).number]
    refused(lambda: postings.display([bad.pk], act=act(moment), by=world.clerk, now=moment), "标题")
    found.append(stages.displayed(world, [cases[2]], kind=VILLAGE, now=moment).number)
    found.append(stages.displayed(world, [other], kind=VILLAGE, now=moment, village=1).number)
    next_year = world.later(366)
    again = stages.displayed(world, [cases[0]], kind=VILLAGE, now=next_year)
    assert [*found, again.number] == [
        "村1公示〔2021〕1号",
        "村1公示〔2021〕2号",
        "村2公示〔2021〕1号",
        "村1公示〔2022〕1号",
    ]


def test_two_villages_of_one_name_in_two_townships_each_have_a_first_sheet(world: World) -> None:
    cases, moment = waiting(world, 1)
    stages.displayed(world, cases, kind=VILLAGE, now=moment)
    far = Region.objects.get(name="邻镇")
    far.phone = "邻镇监督电话〔示例〕"
    far.save(update_fields=["phone"])
    world.villages.append(region("990101002001", "示例1村", RegionLevel.VILLAGE, far, short_name="村1"))
    clerk = user("郑村员")
    appointments.appoint(
        clerk, role=Role.VILLAGE_CLERK, region=world.villages[2], starts_on=date(2020, 1, 1), by=None
    )
    world.clerks.append(clerk)
    twin = stages.reach(world, State.VILLAGE_POSTING, village=2)[0]
    assert (
        stages.displayed(world, [twin], kind=VILLAGE, now=moment, village=2).state == PostingState.DISPLAYED
    )
