"""Random verbs by the right people, for looking for deadlocks and for what does not agree afterwards."""

import random
from datetime import datetime, timedelta

from applications.models import Application
from applications.states import Level
from notifications import outbox
from registry.models import User
from tests import stages
from tests.world import World, photo
from workflow import (
    drafts,
    intake,
    objections,
    postings,
    releases,
    reviews,
    supplements,
    sweeps,
)
from workflow.models import (
    Channel,
    EntryOutcome,
    Objection,
    ObjectionOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.objections import Complaint
from workflow.postings import Display
from workflow.results import Ref
from workflow.reviews import FaultText


class Hunt:
    """Random verbs by the right people over the same few cases, in no order, with what they happen to see."""

    def __init__(self, world: World, keys: list[int]) -> None:
        self.world, self.keys = world, keys

    def act(self, chance: random.Random) -> object:
        name = chance.choice([name for name in vars(Hunt) if name.startswith("do_")])
        return getattr(self, name)(chance)

    def moment(self, chance: random.Random) -> datetime:
        return self.world.now + timedelta(days=chance.choice([0, 3, 12, 24, 36, 60]))

    def refs(self, chance: random.Random) -> list[Ref]:
        """A few cases in random order, as seen now or as the system sees them."""
        picked = chance.sample(self.keys, chance.randint(1, 4))
        seen = dict(Application.objects.filter(pk__in=picked).values_list("pk", "revision"))
        return [Ref(key, chance.choice([seen[key], None])) for key in picked]

    def person(self, chance: random.Random) -> User:
        world = self.world
        return chance.choice([*world.clerks, world.reviewer, world.approver])

    def do_pass(self, chance: random.Random) -> object:
        return reviews.pass_on(self.refs(chance), by=self.person(chance), now=self.moment(chance))

    def do_return(self, chance: random.Random) -> object:
        faults = [FaultText("缺少合同。")]
        return reviews.send_back(
            self.refs(chance), by=self.person(chance), now=self.moment(chance), faults=faults
        )

    def do_resubmit(self, chance: random.Random) -> object:
        return intake.resubmit(self.refs(chance), by=self.person(chance), now=self.moment(chance))

    def do_take_back(self, chance: random.Random) -> object:
        return reviews.take_back(
            self.refs(chance), by=self.person(chance), now=self.moment(chance), opinion="漏项。"
        )

    def do_correct(self, chance: random.Random) -> object:
        return reviews.correct(
            self.refs(chance), by=self.person(chance), now=self.moment(chance), opinion="写错。"
        )

    def do_sheet(self, chance: random.Random) -> object:
        """Draft a sheet of what waits at some level and put it up."""
        world, moment = self.world, self.moment(chance)
        kind = chance.choice([PostingKind.VILLAGE, PostingKind.TOWNSHIP, PostingKind.DISTRICT])
        region = {Level.VILLAGE: world.village, Level.TOWNSHIP: world.township, Level.DISTRICT: world.county}[
            kind.level
        ]
        by = {Level.VILLAGE: world.clerk, Level.TOWNSHIP: world.reviewer, Level.DISTRICT: world.approver}[
            kind.level
        ]
        rows = list(drafts.waiting(kind, region))
        shown = supplements.shown_before([case.pk for case in rows], kind)
        heap = next(iter(supplements.heaps(rows, kind, shown).values()), [])
        heading = drafts.default_heading(kind, region, world.grain)
        posting = drafts.prepare(
            kind=kind,
            region=region,
            programme=world.grain,
            applications=[case.pk for case in heap],
            heading=heading,
            by=by,
            now=moment,
        )
        return postings.display(
            [posting.pk], act=Display("公开栏", moment, "吴监督", photo()), by=by, now=moment
        )

    def do_close(self, chance: random.Random) -> object:
        hanging = list(Posting.objects.filter(state=PostingState.DISPLAYED).values_list("pk", flat=True))
        return postings.close(chance.choice(hanging), now=self.moment(chance)) if hanging else None

    def do_take_down(self, chance: random.Random) -> object:
        hanging = list(Posting.objects.filter(state=PostingState.DISPLAYED))
        if not hanging or chance.random() < 0.7:
            return None
        posting = chance.choice(hanging)
        return postings.take_down(posting, by=posting.created_by, now=self.moment(chance), reason="破损。")

    def do_object(self, chance: random.Random) -> object:
        entries = list(PostingEntry.objects.exclude(outcome=EntryOutcome.PICKED))
        if not entries:
            return None
        complaint = Complaint(Channel.WEB, "面积不实。", anonymous=True)
        return objections.lodge(chance.choice(entries), complaint=complaint, now=self.moment(chance))

    def do_handle(self, chance: random.Random) -> object:
        found = list(Objection.objects.open())
        if not found:
            return None
        objection, moment = chance.choice(found), self.moment(chance)
        by = {"village": self.world.clerk, "township": self.world.reviewer, "district": self.world.approver}[
            objection.handling_level
        ]
        if chance.random() < 0.5:
            return objections.withdraw(objection, by=by, now=moment, reason="异议人撤回。")
        outcome = chance.choice(list(ObjectionOutcome))
        return stages.decided(objection, outcome, by=by, now=moment)

    def do_sweep(self, chance: random.Random) -> object:
        done = sweeps.run(now=self.moment(chance))
        if done.failed:
            raise AssertionError(f"a round named faults: {done.failed}")
        return done

    def do_release(self, chance: random.Random) -> object:
        waiting = releases.covered_but_waiting()
        return releases.pass_covered(waiting, now=self.moment(chance)) if waiting else None

    def do_deliver(self, chance: random.Random) -> object:
        moment = self.moment(chance)
        return [outbox.deliver(key, now=moment) for key in outbox.due(now=moment, limit=20)]
