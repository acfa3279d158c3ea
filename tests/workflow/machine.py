"""A state machine for hypothesis: any verb on any case by anybody, and a calendar that moves."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from applications.models import Application
from applications.states import Level
from notifications import outbox
from registry.models import Household, User
from registry.refusal import Refused
from tests import stages
from tests.workflow import invariants
from tests.world import World, photo
from workflow import (
    announcements,
    appeals,
    drafts,
    intake,
    objections,
    photos,
    postings,
    reviews,
    supplements,
    sweeps,
)
from workflow.models import (
    Channel,
    Objection,
    ObjectionOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.objections import Complaint
from workflow.postings import Display
from workflow.proceedings import Cut
from workflow.results import Ref
from workflow.reviews import FaultText

place = st.integers(min_value=0, max_value=30)
"""Which of the rows there are; taken modulo their number, so that a shorter sequence stays meaningful."""
places = st.lists(place, min_size=1, max_size=3, unique=True)
quantity = st.integers(min_value=1, max_value=8).map(Decimal)
who = st.sampled_from(
    ["right", "right", "right", "right", "second", "stranger", "clerk", "reviewer", "approver"]
)
seen = st.sampled_from(["now", "now", "now", "now", "before", "system"])
level = st.sampled_from(list(Level))
kinds = st.sampled_from([PostingKind.VILLAGE, PostingKind.TOWNSHIP, PostingKind.DISTRICT])


class Township(RuleBasedStateMachine):
    """A township with a handful of cases at different desks, people who do anything, and a calendar that moves."""

    def __init__(self, world: World, households: list[Household], start: timedelta) -> None:
        super().__init__()
        self.world, self.households = world, households
        self.now = world.now + start
        self.savepoint = transaction.atomic()
        # Verbs ask for the outermost block; the test's own blocks do not count as one (as in Django's TestCase).
        self.savepoint._from_testcase = True
        self.savepoint.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @invariant()
    def everything_agrees(self) -> None:
        assert invariants.faults() == []

    def attempt(self, act: Callable[[], object]) -> None:
        """Do it or be refused in plain words; any other exception is a fault."""
        sentence = "。"
        try:
            act()
        except Refused as refused:
            sentence = refused.sentence
        assert sentence.endswith("。"), sentence

    def case(self, number: int) -> Application:
        cases = Application.objects.order_by("pk").select_related("village")
        return cases[number % cases.count()]

    def refs(self, numbers: list[int], how: str) -> list[Ref]:
        cases = {case.pk: case for case in map(self.case, numbers)}.values()
        older = {"now": 0, "before": 1}
        return [
            Ref(case.pk, None if how == "system" else max(case.revision - older[how], 0)) for case in cases
        ]

    def person(self, who: str, at: Level) -> User:
        world = self.world
        right = {Level.VILLAGE: world.clerk, Level.TOWNSHIP: world.reviewer, Level.DISTRICT: world.approver}
        second = {
            Level.VILLAGE: world.second_clerk,
            Level.TOWNSHIP: world.second_reviewer,
            Level.DISTRICT: world.second_approver,
        }
        others = {
            "stranger": world.stranger,
            "clerk": world.clerk,
            "reviewer": world.reviewer,
            "approver": world.approver,
        }
        return right[at] if who == "right" else second[at] if who == "second" else others[who]

    def of(self, who: str, number: int, *, otherwise: Level = Level.DISTRICT) -> User:
        """The person of the level that holds the case."""
        return self.person(who, self.case(number).level or otherwise)

    @rule(household=place, quantity=quantity, who=who, committed=st.booleans())
    def enter(self, household: int, quantity: Decimal, who: str, committed: bool) -> None:
        form = intake.Form(
            self.world.grain,
            self.households[household % len(self.households)],
            quantity,
            timezone.localdate(self.now),
            committed=committed,
        )
        self.attempt(lambda: intake.enter(form, by=self.person(who, Level.VILLAGE), now=self.now))

    @rule(number=place, quantity=quantity, who=who, how=seen)
    def amend(self, number: int, quantity: Decimal, who: str, how: str) -> None:
        (ref,) = self.refs([number], how)
        by = self.person(who, Level.VILLAGE)
        self.attempt(lambda: intake.amend(ref, by=by, now=self.now, quantity=quantity, committed=True))

    @rule(number=place, who=who, how=seen)
    def attach(self, number: int, who: str, how: str) -> None:
        (ref,) = self.refs([number], how)
        by = self.person(who, Level.VILLAGE)
        self.attempt(lambda: intake.attach(ref, paper=None, upload=photo(), by=by, now=self.now))

    @rule(numbers=places, who=who, how=seen)
    def submit(self, numbers: list[int], who: str, how: str) -> None:
        by = self.person(who, Level.VILLAGE)
        self.attempt(lambda: intake.submit(self.refs(numbers, how), by=by, now=self.now))

    @rule(numbers=places, who=who, how=seen)
    def discard(self, numbers: list[int], who: str, how: str) -> None:
        by = self.person(who, Level.VILLAGE)
        self.attempt(lambda: intake.discard(self.refs(numbers, how), by=by, now=self.now))

    @rule(number=place)
    def visit_and_appraise(self, number: int) -> None:
        case = self.case(number)
        self.attempt(lambda: stages.visit(self.world, case, now=self.now))
        self.attempt(lambda: stages.meeting(self.world, [case], now=self.now))

    @rule(numbers=places, who=who, how=seen, cut=st.sampled_from([None, None, None, 1, 2, 9]))
    def pass_on(self, numbers: list[int], who: str, how: str, cut: int | None) -> None:
        refs = self.refs(numbers, how)
        cuts = (
            {ref.pk: Cut(Decimal(cut), Decimal(cut * 300), f"核减为{cut}亩") for ref in refs} if cut else None
        )
        by = self.of(who, numbers[0])
        self.attempt(lambda: reviews.pass_on(refs, by=by, now=self.now, opinion="核实后同意。", cuts=cuts))

    @rule(numbers=places, who=who, how=seen)
    def send_back(self, numbers: list[int], who: str, how: str) -> None:
        refs, by = self.refs(numbers, how), self.of(who, numbers[0])
        faults = [FaultText("缺少合同。"), FaultText("缺少照片。")]
        self.attempt(lambda: reviews.send_back(refs, by=by, now=self.now, faults=faults))

    @rule(numbers=places, who=who, how=seen)
    def resubmit(self, numbers: list[int], who: str, how: str) -> None:
        by = self.person(who, Level.VILLAGE)
        self.attempt(lambda: intake.resubmit(self.refs(numbers, how), by=by, now=self.now))

    @rule(
        numbers=places,
        who=who,
        how=seen,
        verb=st.sampled_from(
            [
                reviews.return_to_township,
                reviews.take_back,
                reviews.stop,
                reviews.correct,
                reviews.lapse,
                reviews.revoke,
                intake.withdraw,
            ]
        ),
    )
    def turn(self, numbers: list[int], who: str, how: str, verb: Callable[..., object]) -> None:
        """The acts that take a case back or end it, each with its reason."""
        by = self.person(who, Level.VILLAGE) if verb is intake.withdraw else self.of(who, numbers[0])
        self.attempt(lambda: verb(self.refs(numbers, how), by=by, now=self.now, opinion="情况有变。"))

    @rule(number=place, who=who, how=seen)
    def reject(self, number: int, who: str, how: str) -> None:
        refs, by = self.refs([number], how), self.of(who, number)
        self.attempt(
            lambda: reviews.reject(refs, by=by, now=self.now, reason_code="facts", opinion="与事实不符。")
        )

    def post(self, kind: PostingKind, who: str, picked: list[int]) -> Posting:
        world = self.world
        region = {
            PostingKind.VILLAGE: world.village,
            PostingKind.TOWNSHIP: world.township,
            PostingKind.DISTRICT: world.county,
            PostingKind.ANNOUNCEMENT: world.county,
        }[kind]
        return drafts.prepare(
            kind=kind,
            region=region,
            programme=world.grain,
            applications=picked,
            heading=drafts.default_heading(kind, region, world.grain),
            by=self.person(who, kind.level),
            now=self.now,
        )

    @rule(kind=kinds, who=who, most=st.integers(min_value=1, max_value=4))
    def prepare_and_display(self, kind: PostingKind, who: str, most: int) -> None:
        """A sheet of what waits at the level goes up at once."""

        def act() -> None:
            region = {
                PostingKind.VILLAGE: self.world.village,
                PostingKind.TOWNSHIP: self.world.township,
                PostingKind.DISTRICT: self.world.county,
            }[kind]
            rows = list(drafts.waiting(kind, region))
            shown = supplements.shown_before([case.pk for case in rows], kind)
            heap = next(iter(supplements.heaps(rows, kind, shown).values()), [])
            self.put_up(self.post(kind, who, [case.pk for case in heap[:most]]), who)

        self.attempt(act)

    def put_up(self, posting: Posting, who: str) -> None:
        by = self.person(who, PostingKind(posting.kind).level)
        postings.display(
            [posting.pk], act=Display("公开栏", self.now, "吴监督", photo()), by=by, now=self.now
        )

    @rule(kind=kinds, who=who, numbers=places)
    def prepare(self, kind: PostingKind, who: str, numbers: list[int]) -> None:
        """A draft of whatever somebody picks; it may be put up when its cases have long moved on."""
        picked = [self.case(number).pk for number in numbers]
        self.attempt(lambda: self.post(kind, who, picked))

    def sheet(self, number: int, state: PostingState) -> Posting | None:
        rows = Posting.objects.filter(state=state).order_by("pk")
        return rows[number % rows.count()] if rows.exists() else None

    @rule(number=place, who=who, away=st.booleans())
    def display_or_discard_a_draft(self, number: int, who: str, away: bool) -> None:
        posting = self.sheet(number, PostingState.DRAFT)
        if posting is None:
            return
        by = self.person(who, PostingKind(posting.kind).level)
        if away:
            self.attempt(lambda: drafts.discard(posting, by=by, now=self.now))
        else:
            self.attempt(lambda: self.put_up(posting, who))

    @rule(number=place, who=who, end=st.sampled_from(["close", "close", "take down", "photo"]))
    def end_a_display(self, number: int, who: str, end: str) -> None:
        posting = self.sheet(number, PostingState.DISPLAYED)
        if posting is None:
            return
        by = self.person(who, PostingKind(posting.kind).level)
        acts: dict[str, Callable[[], object]] = {
            "close": lambda: postings.close(posting.pk, now=self.now),
            "take down": lambda: postings.take_down(posting, by=by, now=self.now, reason="被雨淋湿。"),
            "photo": lambda: postings.add_end_photo(posting, photo=photo(), by=by, now=self.now),
        }
        self.attempt(acts[end])

    @rule(who=who, photographed=st.sampled_from([True, True, False]))
    def announce(self, who: str, photographed: bool) -> None:
        def act() -> None:
            waiting = [case.pk for case in announcements.waiting(self.world.county, self.world.grain)]
            posting = self.post(PostingKind.ANNOUNCEMENT, who, waiting)
            by = self.person(who, Level.DISTRICT)
            announcements.write_items(posting, items=stages.ITEMS, by=by, now=self.now)
            for ran in photos.lacking(Posting.objects.all()) if photographed else ():
                stages.photographed(ran, now=self.now)
            announcements.publish(posting.pk, by=by, now=self.now)

        self.attempt(act)

    @rule(number=place, cadre=st.booleans())
    def lodge(self, number: int, cadre: bool) -> None:
        entries = PostingEntry.objects.order_by("pk")
        if not entries.exists():
            return
        entry = entries[number % entries.count()]
        complaint = Complaint(Channel.WEB, "面积不实。", anonymous=True, concerns_cadre=cadre)
        self.attempt(lambda: objections.lodge(entry, complaint=complaint, now=self.now))

    @rule(number=place)
    def appeal(self, number: int) -> None:
        """Whoever objected asks the level above to look again."""
        rows = Objection.objects.order_by("pk")
        if rows.exists():
            found = rows[number % rows.count()]
            self.attempt(lambda: appeals.lodge(found, facts="没有去地里量过。", now=self.now))

    @rule(
        number=place,
        who=who,
        step=st.sampled_from(["accept", "not accept", "investigate", "withdraw", "pass on", "decide", "all"]),
        outcome=st.sampled_from(list(ObjectionOutcome)),
    )
    def handle(self, number: int, who: str, step: str, outcome: ObjectionOutcome) -> None:
        """Any step in the handling of an objection, in any order, or all of them at once."""
        rows = Objection.objects.order_by("pk")
        if not rows.exists():
            return
        found = rows[number % rows.count()]
        by, now = self.person(who, Level(found.handling_level)), self.now
        words = {"findings": "现场丈量。", "reason": "事实清楚。"}
        people = ["丙", "丁"] if found.appeal_of_id else ["甲", "乙"]
        acts: dict[str, Callable[[], object]] = {
            "accept": lambda: objections.accept(found, by=by, now=now),
            "not accept": lambda: objections.not_accept(found, by=by, now=now, reason="没有事实。"),
            "investigate": lambda: objections.investigate(found, by=by, now=now, investigators=people),
            "withdraw": lambda: objections.withdraw(found, by=by, now=now, reason="异议人撤回。"),
            "pass on": lambda: objections.pass_on(
                found, by=by, now=now, to="区纪委〔示例〕", reason="移送。"
            ),
            "decide": lambda: objections.decide(found, by=by, now=now, outcome=outcome, **words),
            "all": lambda: stages.decided(found, outcome, by=by, now=now),
        }
        self.attempt(acts[step])

    @rule(days=st.sampled_from([0, 1, 3, 11, 11, 11, 20]), sweep=st.booleans())
    def time_passes(self, days: int, sweep: bool) -> None:
        self.now += timedelta(days=days, minutes=1)
        if sweep:
            assert sweeps.run(now=self.now).failed == []

    @rule()
    def deliver(self) -> None:
        for key in outbox.due(now=self.now, channel="email", limit=5):
            assert outbox.deliver(key, now=self.now)
        outbox.drain(now=self.now)
        assert outbox.due(now=self.now) == []
