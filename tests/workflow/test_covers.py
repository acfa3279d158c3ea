"""covers: what a full posting shows is what may be announced; anything beyond is posted again (覆盖, 重新公示)."""

import os
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import QuerySet
from hypothesis import given, settings
from hypothesis import strategies as st

from applications import history
from applications.models import Application, RequiredPaper
from applications.states import CORRECTIONS, LEVEL_OF, POSTINGS, REVIEWS, Level, State
from registry.models import Member, MemberStatus, User
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World, photo, programme
from workflow import consistency, drafts, intake, objections, releases, reviews, sweeps
from workflow.models import Channel, Decision, EntryOutcome, PostingEntry, PostingKind, PostingState
from workflow.objections import Complaint
from workflow.proceedings import Cut
from workflow.results import Ref
from workflow.standings import RAN

PRICE = Decimal(300)
EXAMPLES = int(os.environ.get("COVER_EXAMPLES", "20"))
"""Lives a run leads; COVER_EXAMPLES=500 for an evening."""
STEPS = ("forward", "cut", "cut", "mend", "mend", "correct", "objection", "take back", "stop", "give back")


def ref(case: Application) -> list[Ref]:
    return [Ref.of(stages.again(case))]


@dataclass
class Life:
    """One case led at random, beside a plain account of what its boards have shown for a full period."""

    world: World
    case: Application
    now: datetime
    shown: dict[Level, list[tuple[Decimal, Decimal]]] = field(
        default_factory=lambda: {one: [] for one in Level}
    )

    def see(self) -> State:
        self.case = stages.again(self.case)
        return State(self.case.state)

    def covered(self, level: Level) -> bool:
        """Plainly: some full posting of this level showed at least the figures of now."""
        return any(
            self.case.quantity <= quantity and self.case.amount <= amount
            for quantity, amount in self.shown[level]
        )

    def officer(self, level: Level) -> User:
        return {
            Level.VILLAGE: self.world.clerk,
            Level.TOWNSHIP: self.world.reviewer,
            Level.DISTRICT: self.world.approver,
        }[level]

    def step(self, name: str, size: int) -> None:
        """Try one step; what does not fit the state is left out."""
        state = self.see()
        self.now += timedelta(hours=1)
        if name in ("forward", "cut"):
            self.forward(state, size if name == "cut" else 0)
        elif name == "mend" and state in REVIEWS | CORRECTIONS:
            self.mend(state, size)
        elif name == "correct" and state in POSTINGS:
            self.correct(LEVEL_OF[state])
        elif name == "objection":
            self.object(state, upheld=size % 2 == 0)
        elif name == "take back" and state in POSTINGS:
            by = self.officer(LEVEL_OF[state])
            stages.do(reviews.take_back(ref(self.case), by=by, now=self.now, opinion="重审。"))
        elif name == "stop" and state is State.ANNOUNCEMENT:
            by = self.world.approver
            stages.do(reviews.stop(ref(self.case), by=by, now=self.now, opinion="重审。"))
        elif name == "give back" and state is State.DISTRICT_REVIEW:
            by = self.world.approver
            stages.do(reviews.return_to_township(ref(self.case), by=by, now=self.now, opinion="重审。"))

    def forward(self, state: State, cut: int) -> None:
        if state in REVIEWS:
            self.review(LEVEL_OF[state], cut)
        elif state in POSTINGS:
            self.post(LEVEL_OF[state])
        elif state in CORRECTIONS:
            self.resubmit(state)

    def review(self, level: Level, cut: int) -> None:
        quantity, amount = self.case.quantity, self.case.amount
        if cut % 2 and quantity > 1:
            quantity, amount = quantity - 1, min(amount, (quantity - 1) * PRICE)
        elif cut and amount > 100:
            amount -= 100
        cuts = {self.case.pk: Cut(quantity, amount, "重新丈量")} if cut else None
        held = all(self.covered(below) for below in level.below)
        (result,) = reviews.pass_on(
            ref(self.case), by=self.officer(level), now=self.now, opinion="同意。", cuts=cuts
        )
        assert result.done is held, result.sentence
        if not held:
            stages.returned(self.world, self.case, by=self.officer(level), now=self.now)

    def post(self, level: Level) -> None:
        covered = self.covered(level)
        assert (self.case.pk in releases.covered_but_waiting()) is covered
        assert (self.case not in drafts.waiting(PostingKind(level), self.world.county)) is covered
        if covered:
            stages.do(releases.pass_covered([self.case.pk], now=self.now))
            return
        self.now = stages.ran(self.world, [self.case], kind=PostingKind(level), now=self.now)
        self.shown[level].append((self.case.quantity, self.case.amount))

    def mend(self, state: State, size: int) -> None:
        """Return the case where it is under review, amend it by one 亩 up, down or not at all, report it again."""
        if state in REVIEWS:
            stages.returned(self.world, self.case, by=self.officer(LEVEL_OF[state]), now=self.now)
        quantity = max(Decimal(1), self.case.quantity + (size % 3) - 1)
        intake.amend(ref(self.case)[0], by=self.world.clerk, now=self.now, quantity=quantity)
        self.resubmit(self.see())

    def resubmit(self, state: State) -> None:
        """Restart or resubmit follows from the account and from nothing else."""
        restarts = not all(self.covered(below) for below in LEVEL_OF[state].below)
        stages.do(intake.resubmit(ref(self.case), by=self.world.clerk, now=self.now))
        act = Decision.objects.filter(application=self.case).latest("pk").act
        assert act == ("restart" if restarts else "resubmit")

    def correct(self, level: Level) -> None:
        if self.covered(level):
            # What an earlier period covers has gone on before the act is judged (ADR 21).
            (result,) = reviews.correct(
                ref(self.case), by=self.officer(level), now=self.now, opinion="有误。"
            )
            assert result.changes, result.sentence
            return
        stages.displayed(self.world, [self.case], kind=PostingKind(level), now=self.now)
        stages.do(reviews.correct(ref(self.case), by=self.officer(level), now=self.now, opinion="有误。"))
        self.shown[level] = []

    def object(self, state: State, *, upheld: bool) -> None:
        """An objection to the row last shown, decided by its level as unfounded or as a mistake in the row."""
        ran = PostingEntry.objects.filter(application=self.case, outcome__in=RAN).exclude(
            level="announcement"
        )
        entry = ran.order_by("pk").last()
        if entry is None or state is State.ANNOUNCED:
            return
        level = Level(entry.level)
        complaint = Complaint(Channel.WEB, "面积不足。", anonymous=True)
        one = objections.lodge(entry, complaint=complaint, now=self.now)
        outcome = "corrected" if upheld else "not_upheld"
        stages.decided(one, outcome, by=self.officer(level), now=self.now)
        if upheld:
            self.shown[level] = []

    def finish(self) -> None:
        """Lead the case straight to its announcement from wherever it lies."""
        for _ in range(20):
            state = self.see()
            if state is State.ANNOUNCEMENT:
                if all(self.covered(level) for level in Level):
                    stages.announced(self.world, [self.case], now=self.now)
                    return
                opinion = "公示不再覆盖。"
                stages.do(reviews.stop(ref(self.case), by=self.world.approver, now=self.now, opinion=opinion))
            else:
                self.step("forward", 0)
        raise AssertionError(f"the case does not get on, it lies in {state}")


def test_nobody_is_announced_above_any_of_three_full_postings(world: World) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
    # 17 亩 reach the cap of 5,000 yuan: there a larger quantity brings no larger amount.
    @given(
        st.sampled_from([3, 17]),
        st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 6)), min_size=6, max_size=16),
    )
    def lives(mu: int, steps: list[tuple[str, int]]) -> None:
        case, moment = stages.reach(world, State.VILLAGE_REVIEW, quantity=Decimal(mu))
        life = Life(world, case, moment)
        for name, size in steps:
            life.step(name, size)
        life.finish()
        assert life.see() is State.ANNOUNCED
        for level in Level:
            full = PostingEntry.objects.filter(
                application=case,
                level=level,
                outcome=EntryOutcome.PASSED,
                posting__state=PostingState.CLOSED,
                quantity__gte=life.case.quantity,
                amount__gte=life.case.amount,
            )
            assert [entry.posting.ledger[-1][1] for entry in full], level
        assert history.faults(life.case) == []

    lives()
    assert list(consistency.faults()) == []


@pytest.mark.parametrize(
    ("quantity", "act", "target"),
    [
        ("2", "resubmit", State.TOWNSHIP_REVIEW),
        ("3", "resubmit", State.TOWNSHIP_REVIEW),
        ("3.01", "restart", State.VILLAGE_REVIEW),
        ("4", "restart", State.VILLAGE_REVIEW),
    ],
)
def test_a_correction_within_what_was_posted_returns_and_one_beyond_it_restarts(
    world: World, quantity: str, act: str, target: State
) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    intake.amend(ref(case)[0], by=world.clerk, now=moment, quantity=Decimal(quantity))
    stages.do(intake.resubmit(ref(case), by=world.clerk, now=moment))
    assert stages.again(case).state == target
    assert Decision.objects.latest("pk").act == act


def test_after_a_correction_upwards_the_case_is_posted_again_on_a_linked_sheet(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    first = PostingEntry.objects.get(application=case)
    stages.returned(world, case, by=world.reviewer, now=moment)
    intake.amend(ref(case)[0], by=world.clerk, now=moment, quantity=Decimal(4))
    stages.do(intake.resubmit(ref(case), by=world.clerk, now=moment))
    stages.passed(world, [case], by=world.clerk, now=moment)
    again = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment, supplements=first.posting)
    assert again.entries.get().repeats == first


def test_a_row_taken_off_the_township_s_board_runs_there_again_for_the_full_period(world: World) -> None:
    cases = [stages.reach(world, State.TOWNSHIP_POSTING) for _ in range(2)]
    (wrong, moment), (right, _) = cases
    sheet = stages.displayed(world, [wrong, right], kind=PostingKind.TOWNSHIP, now=moment)
    day4 = moment + timedelta(days=3)
    stages.do(reviews.correct(ref(wrong), by=world.reviewer, now=day4, opinion="数量有误。"))
    removed = sheet.entries.get(application=wrong)
    assert (removed.outcome, removed.outcome_reason) == (EntryOutcome.REMOVED, "更正")
    intake.amend(ref(wrong)[0], by=world.clerk, now=day4, quantity=Decimal(2))
    stages.do(intake.resubmit(ref(wrong), by=world.clerk, now=day4))
    stages.passed(world, [wrong], by=world.clerk, now=day4)
    # The village's board showed more: it covers, and nothing is posted there again.
    assert sweeps.run(now=day4).released == 1
    assert stages.again(wrong).state == State.TOWNSHIP_REVIEW
    stages.passed(world, [wrong], by=world.reviewer, now=day4)
    again = stages.displayed(world, [wrong], kind=PostingKind.TOWNSHIP, now=day4, supplements=sheet)
    entry = again.entries.get()
    assert (again.supplements, entry.repeats, entry.row["remark"]) == (sheet, removed, "补充公示")
    assert again.closes_on == (day4 + timedelta(days=10)).date()
    assert sweeps.run(now=stages.after(sheet)).closed == 1
    assert stages.again(right).state == State.DISTRICT_REVIEW
    assert stages.again(wrong).state == State.TOWNSHIP_POSTING
    assert sweeps.run(now=stages.after(again)).closed == 1
    assert stages.again(wrong).state == State.DISTRICT_REVIEW


def test_another_payee_was_never_posted_and_is_posted_again(world: World) -> None:
    household = world.household()
    spouse = world.member(household, name="示例配偶", relationship="spouse")  # type: ignore[arg-type]
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW, household=household)
    stages.returned(world, case, by=world.reviewer, now=moment)
    intake.amend(ref(case)[0], by=world.clerk, now=moment, quantity=Decimal(3), payee=spouse)
    stages.do(intake.resubmit(ref(case), by=world.clerk, now=moment))
    assert stages.again(case).state == State.VILLAGE_REVIEW


def test_another_standard_is_posted_again_even_where_it_pays_less(world: World) -> None:
    tiers = programme(
        world.county,
        beneficiary="person",
        quantity_unit="人",
        rule={"kind": "tiers", "clause": "示例条款〔示例〕", "tiers": {"省外": "500", "市内县外": "300"}},
    )
    household = world.household()
    person = world.member(household)
    form = intake.Form(tiers, household, Decimal(1), date(2021, 3, 1), person, option="省外", committed=True)
    case = Application.objects.get(pk=intake.enter(form, by=world.clerk, now=world.now).pk)
    moment = world.now
    for state in (State.VILLAGE_REVIEW, State.VILLAGE_POSTING, State.TOWNSHIP_REVIEW):
        moment = stages.forward(world, case, state, moment)
    stages.returned(world, case, by=world.reviewer, now=moment)
    intake.amend(ref(case)[0], by=world.clerk, now=moment, quantity=Decimal(1), option="市内县外")
    stages.do(intake.resubmit(ref(case), by=world.clerk, now=moment))
    assert stages.again(case).state == State.VILLAGE_REVIEW


def test_a_case_is_not_reported_again_for_somebody_who_has_died_meanwhile(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    Member.objects.filter(pk=case.payee_id).update(status=MemberStatus.DECEASED, status_on=date(2021, 3, 9))
    refused(lambda: intake.resubmit(ref(case), by=world.clerk, now=moment), "已登记为“死亡”")


def test_a_corrected_case_that_lacks_a_paper_is_not_reported_again(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    # Behind the doors, which would refuse it: the programme has applications.
    (paper,) = QuerySet(RequiredPaper).bulk_create(
        [RequiredPaper(programme=world.grain, name="土地承包合同")]
    )
    refused(lambda: intake.resubmit(ref(case), by=world.clerk, now=moment), "还缺少材料：土地承包合同")
    intake.attach(ref(case)[0], paper=paper, upload=photo(), by=world.clerk, now=moment)
    stages.do(intake.resubmit(ref(case), by=world.clerk, now=moment))
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
