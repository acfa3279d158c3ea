"""Many at once: one decision, plain refusals for the others, numbers without gaps, and no deadlock."""

import random
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from applications.models import Application
from applications.models.application import ApplicationQuerySet
from applications.states import Level, State
from notifications import outbox
from registry.refusal import Refused
from tests import stages
from tests.workflow import hunting, invariants, races
from tests.world import World, photo
from workflow import (
    announcements,
    deadlines,
    engine,
    intake,
    objections,
    postings,
    reviews,
    sweeps,
)
from workflow.models import (
    AnnouncementSheet,
    Channel,
    Deadline,
    Decision,
    EntryOutcome,
    Objection,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.objections import Complaint
from workflow.postings import Display
from workflow.results import Ref, Result

MANY = 20

pytestmark = races.ON_POSTGRESQL


def test_twenty_deciding_one_case_make_one_decision_and_nineteen_plain_refusals(world: World) -> None:
    case = stages.submitted(world)
    people = [world.clerk, world.second_clerk] * (MANY // 2)
    outcomes = races.together(
        [lambda by=by: reviews.pass_on([Ref.of(case)], by=by, now=world.now) for by in people]
    )
    races.assert_one_decision(case, outcomes, act="pass_village_review")
    refused = [outcome[0] for outcome in outcomes if not outcome[0].done]
    assert {(result.conflict, len(result.changes)) for result in refused} == {(True, 1)}


def test_twenty_times_the_same_form_answer_with_the_first_result(world: World) -> None:
    case, key = stages.submitted(world), uuid4().hex
    outcomes = races.together([races.pass_village(world, Ref.of(case), key=key)] * MANY)
    assert races.unexpected(outcomes) == []
    assert outcomes == [[Result(case.pk, case.number, True)]] * MANY
    assert Decision.objects.filter(application=case, act="pass_village_review").count() == 1
    assert case.history.filter(act="pass_village_review").count() == 1
    races.assert_clean()


def test_without_lock_and_conditions_the_assertion_about_one_decision_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = stages.submitted(world)
    without_the_guards(monkeypatch, together=4)
    outcomes = races.together([races.pass_village(world, Ref.of(case))] * 4)
    with pytest.raises(AssertionError):
        races.assert_one_decision(case, outcomes, act="pass_village_review")
    assert races.tally(outcomes) != {"done": 1, "refused": 3}


def without_the_guards(monkeypatch: pytest.MonkeyPatch, *, together: int) -> None:
    """Take the row lock, the comparison of revisions and the condition on the state out of the engine."""
    gate = threading.Barrier(together)

    def unlocked(refs: Any, *, postings: Any = ()) -> engine.Locked:
        rows = Application.objects.select_related(
            "programme", "village", "household", "member", "payee", "entered_by"
        )
        found = {case.pk: case for case in rows.filter(pk__in=[ref.pk for ref in refs])}
        gate.wait(races.PATIENCE)
        return engine.Locked({}, found)

    def unconditional(rows: ApplicationQuerySet, *, source: State, target: State, **values: Any) -> int:
        return super(ApplicationQuerySet, rows).update(state=target, **values)

    monkeypatch.setattr(engine, "locked", unlocked)
    monkeypatch.setattr(engine, "compare", lambda application, ref: None)
    monkeypatch.setattr(ApplicationQuerySet, "move", unconditional)


def test_without_the_row_lock_the_condition_on_the_state_still_lets_one_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = stages.submitted(world)
    kept = ApplicationQuerySet.move
    without_the_guards(monkeypatch, together=4)
    monkeypatch.setattr(ApplicationQuerySet, "move", kept)
    outcomes = races.together([races.pass_village(world, Ref.of(case))] * 4)
    words = races.tally(outcomes)
    assert words.pop("done") == 1
    assert [word.split(":")[0] for word in words] == ["StaleWrite"]
    assert Decision.objects.filter(application=case, act="pass_village_review").count() == 1
    races.assert_clean()


@pytest.mark.parametrize("attempt", range(4))
def test_of_two_officers_who_pass_and_refuse_at_once_one_wins(world: World, attempt: int) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    refuse = {"reason_code": "facts", "opinion": "与事实不符。"}
    outcomes = races.together(
        [
            lambda: reviews.pass_on([Ref.of(case)], by=world.reviewer, now=moment),
            lambda: reviews.reject([Ref.of(case)], by=world.second_reviewer, now=moment, **refuse),
        ]
    )
    assert races.tally(outcomes) == {"done": 1, "refused": 1}
    won = State.TOWNSHIP_POSTING if outcomes[0][0].done else State.REJECTED
    assert stages.again(case).state == won
    assert Decision.objects.filter(application=case, level=Level.TOWNSHIP).count() == 1
    races.assert_clean()


@pytest.mark.parametrize("attempt", range(4))
def test_a_sheet_that_closes_while_an_objection_of_its_last_day_is_noted_counts_it_or_comes_before_it(
    world: World, attempt: int
) -> None:
    case, posting, moment = races.on_display(world)
    entry = PostingEntry.objects.get(posting=posting)
    complaint = Complaint(Channel.VISIT, "面积不实。", anonymous=True)
    received = moment - timedelta(days=1)
    outcomes = races.together(
        [
            lambda: postings.close(posting.pk, now=moment),
            lambda: objections.lodge(
                entry, complaint=complaint, by=world.clerk, now=moment, received_at=received
            ),
        ]
    )
    assert races.tally(outcomes) == {"done": 2}
    acts = list(case.history.order_by("seq").values_list("act", flat=True))
    outcome = PostingEntry.objects.get(posting=posting).outcome
    if "close_village_posting" in acts:
        assert acts[-2:] == ["close_village_posting", "objection_received"]
        assert (outcome, outcomes[0].data) == (EntryOutcome.PASSED, {"passed": 1, "held": 0})
        assert stages.again(case).state == State.TOWNSHIP_REVIEW
    else:
        assert acts[-1] == "objection_received"
        assert (outcome, outcomes[0].data) == (EntryOutcome.NOT_PASSED, {"passed": 0, "held": 1})
        assert stages.again(case).state == State.VILLAGE_POSTING
    assert Objection.objects.get().is_open
    races.assert_clean()


@pytest.mark.parametrize("attempt", range(4))
@pytest.mark.parametrize("act", ["objection", "withdrawal"])
def test_a_sheet_whose_days_are_over_closes_before_any_act_that_comes_after_them(
    world: World, act: str, attempt: int
) -> None:
    """By whom is the same: whoever acts on the case closes the sheet first, where no round has done it yet."""
    case, posting, moment = races.on_display(world)
    entry = PostingEntry.objects.get(posting=posting)
    complaint = Complaint(Channel.WEB, "面积不实。", anonymous=True)
    acts = {
        "objection": lambda: objections.lodge(entry, complaint=complaint, now=moment),
        "withdrawal": lambda: intake.withdraw(
            [Ref.of(case)], by=world.clerk, now=moment, opinion="申请人撤回。"
        ),
    }
    closed, done = races.together([lambda: postings.close(posting.pk, now=moment), acts[act]])
    assert closed.done or closed.sentence == f"{posting.number}已不在公示中。"
    assert races.tally([done]) == ({"done": 1} if act == "objection" else {"refused": 1})
    facts = (stages.again(case).state, Posting.objects.get().state, PostingEntry.objects.get().outcome)
    assert facts == (State.TOWNSHIP_REVIEW, PostingState.CLOSED, EntryOutcome.PASSED)
    told = list(case.history.order_by("seq").values_list("act", flat=True))
    closing = ["close_village_posting"]
    assert told[-2:] == [*closing, "objection_received"] if act == "objection" else told[-1:] == closing
    races.assert_clean()


def test_a_case_on_two_drafts_put_up_at_once_hangs_on_one(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    drafted = [stages.sheet(world, [case], kind=PostingKind.VILLAGE, now=moment) for _ in range(6)]
    pictures = [photo() for _ in drafted]

    def put_up(number: int) -> list[Result]:
        act = Display("村务公开栏", moment, "吴监督", pictures[number])
        return postings.display([drafted[number].pk], act=act, by=world.clerk, now=moment)

    outcomes = races.together([lambda number=number: put_up(number) for number in range(len(drafted))])
    assert races.tally(outcomes) == {"done": 1, "refused": 5}
    assert PostingEntry.objects.filter(outcome=EntryOutcome.ON_DISPLAY).count() == 1
    assert Posting.objects.exclude(number="").count() == 1
    races.assert_clean()


def test_one_sheet_put_up_by_many_at_once_is_put_up_once(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.sheet(world, [case], kind=PostingKind.VILLAGE, now=moment)
    pictures = [photo() for _ in range(6)]

    def put_up(picture: Any) -> list[Result]:
        act = Display("村务公开栏", moment, "吴监督", picture)
        return postings.display([posting.pk], act=act, by=world.clerk, now=moment)

    outcomes = races.together([lambda picture=picture: put_up(picture) for picture in pictures])
    assert races.tally(outcomes) == {"done": 1, "refused": 5}
    assert case.history.filter(act="put_up").count() == 1
    races.assert_clean()


def test_fifty_announcements_at_once_get_fifty_index_numbers_without_a_gap(world: World) -> None:
    reached = [stages.submitted(world) for _ in range(50)]
    moment = world.now
    for kind, by in (
        (PostingKind.VILLAGE, world.clerk),
        (PostingKind.TOWNSHIP, world.reviewer),
        (PostingKind.DISTRICT, world.approver),
    ):
        stages.passed(world, reached, by=by, now=moment)
        moment = stages.ran(world, reached, kind=kind, now=moment)
    sheets = [stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment) for case in reached]
    for sheet in sheets:
        announcements.write_items(sheet, items=stages.ITEMS, by=world.approver, now=moment)

    def publish(sheet: Posting) -> list[Result]:
        return announcements.publish(sheet.pk, by=world.approver, now=moment)

    outcomes = races.together([lambda sheet=sheet: publish(sheet) for sheet in sheets])
    assert races.tally(outcomes) == {"done": 50}, outcomes
    found = AnnouncementSheet.objects.order_by("index_number").values_list("index_number", flat=True)
    assert list(found) == [f"113417030032496887/202104-{serial:05d}" for serial in range(1, 51)]
    names = Posting.objects.filter(kind=PostingKind.ANNOUNCEMENT).values_list("number", flat=True)
    assert set(names) == {f"示公告〔2021〕{serial}号" for serial in range(1, 51)}
    races.assert_clean()


def test_a_reminder_and_a_decision_on_the_same_case_do_not_wait_for_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = stages.submitted(world)
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    moment = world.now + (due.remind_on - due.starts_on)
    decided, told = threading.Event(), threading.Event()
    settle, announce = deadlines.settle, outbox.announce

    def settle_after_the_reminder(*args: Any, **values: Any) -> Any:
        decided.set()
        told.wait(3)
        return settle(*args, **values)

    def announce_and_say_so(*args: Any, **values: Any) -> int:
        written = announce(*args, **values)
        told.set()
        return written

    monkeypatch.setattr(deadlines, "settle", settle_after_the_reminder)
    monkeypatch.setattr(outbox, "announce", announce_and_say_so)
    outcomes = races.together(
        [
            lambda: reviews.pass_on([Ref.of(case)], by=world.clerk, now=moment),
            lambda: decided.wait(races.PATIENCE) and sweeps.remind(now=moment),
        ]
    )
    assert races.unexpected(outcomes) == []
    assert outcomes[0][0].done
    races.assert_clean()


@pytest.mark.parametrize("seed", range(3))
def test_random_verbs_over_the_same_cases_meet_no_deadlock_and_leave_everything_consistent(
    world: World, seed: int
) -> None:
    keys = [stages.reach(world, State.VILLAGE_POSTING)[0].pk for _ in range(2)]
    keys += [stages.submitted(world).pk for _ in range(2)]
    keys += [stages.reach(world, State.TOWNSHIP_REVIEW)[0].pk for _ in range(2)]
    hunt = hunting.Hunt(world, keys)

    def run(number: int) -> list[races.Outcome]:
        chance, outcomes = random.Random(f"{seed} {number}"), []
        for _ in range(25):
            try:
                outcomes.append(hunt.act(chance))
            except Refused as refused:
                outcomes.append(refused)
        return outcomes

    threads = races.together([lambda number=number: run(number) for number in range(8)])
    assert races.unexpected(threads) == []
    outcomes = [outcome for thread in threads for outcome in thread]
    assert len(outcomes) == 200
    assert sum(outcome is not None and not isinstance(outcome, Refused) for outcome in outcomes) > 20
    assert invariants.faults() == []
