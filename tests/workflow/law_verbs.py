"""Every verb on a case with the person who may do it, and the states in which it is done: a table by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from applications.models import Application, MeetingKind
from applications.states import CORRECTIONS, LEVEL_OF, OPEN, POSTINGS, REVIEWS, Level, State
from registry.models import User
from tests import stages
from tests.workflow.law_stages import holder, refs
from tests.world import MU, World, photo
from workflow import fieldwork, intake, postings, releases, reviews
from workflow.fieldwork import Minutes, VerifierName
from workflow.models import Posting, PostingKind, RefusalCode
from workflow.results import Ref
from workflow.reviews import FaultText


@dataclass(frozen=True)
class Tried:
    """A case, the moment, and the person of the level that holds it (the district's where it has ended)."""

    world: World
    case: Application
    now: datetime

    @property
    def refs(self) -> list[Ref]:
        return refs(self.case)

    @property
    def ref(self) -> Ref:
        return self.refs[0]

    @property
    def person(self) -> User:
        return holder(self.world, LEVEL_OF.get(State(self.case.state), Level.DISTRICT))


@dataclass(frozen=True)
class Verb:
    """`done_in`: the states in which it succeeds for a case on the straight way that hangs on no sheet."""

    name: str
    do: Callable[[Tried], Any]
    done_in: frozenset[State]
    done_on_display: bool = False


def _meeting(it: Tried) -> Any:
    on = timezone.localdate(it.now)
    minutes = Minutes(MeetingKind.ASSEMBLY, on, "村部", 30, 24, "钱主任", "孙文书", "逐户评议。")
    return fieldwork.record_meeting(
        it.case.village, minutes=minutes, votes={it.case.pk: 20}, by=it.world.clerk, now=it.now
    )


def _visit(it: Tried) -> Any:
    return fieldwork.record_visit(
        it.ref,
        by=it.world.clerk,
        now=it.now,
        visited_on=timezone.localdate(it.now),
        verifiers=[VerifierName("甲"), VerifierName("乙")],
        findings="属实。",
        confirmed=True,
    )


def _reject(it: Tried) -> Any:
    return reviews.reject(
        it.refs, by=it.person, now=it.now, reason_code=RefusalCode.FACTS, opinion="与事实不符。"
    )


def _sheet(kind: PostingKind) -> Callable[[Tried], Any]:
    return lambda it: stages.sheet(it.world, [it.case], kind=kind, now=it.now)


def _close(it: Tried) -> Any:
    """Closing today the sheet the case hangs on, which is always too early; without a sheet nothing is due."""
    posting = Posting.objects.filter(entries__application=it.case, entries__outcome="on_display").first()
    return (
        postings.close(posting.pk, now=it.now) if posting else releases.pass_covered([it.case.pk], now=it.now)
    )


EDITABLE = frozenset(CORRECTIONS | {State.DRAFT})

VERBS = (
    Verb(
        "amend",
        lambda it: intake.amend(it.ref, by=it.world.clerk, now=it.now, quantity=MU + 1),
        EDITABLE,
    ),
    Verb(
        "attach",
        lambda it: intake.attach(it.ref, paper=None, upload=photo(), by=it.world.clerk, now=it.now),
        EDITABLE | {State.VILLAGE_REVIEW},
    ),
    Verb(
        "attach_all",
        lambda it: intake.attach_all(
            it.ref, paper=None, files=[photo(), photo()], by=it.world.clerk, now=it.now
        ),
        EDITABLE | {State.VILLAGE_REVIEW},
    ),
    Verb("record_visit", _visit, EDITABLE | {State.VILLAGE_REVIEW}),
    Verb("record_meeting", _meeting, frozenset({State.VILLAGE_REVIEW})),
    Verb(
        "submit",
        lambda it: intake.submit(it.refs, by=it.world.clerk, now=it.now),
        frozenset({State.DRAFT}),
    ),
    Verb(
        "discard",
        lambda it: intake.discard(it.refs, by=it.world.clerk, now=it.now),
        frozenset({State.DRAFT}),
    ),
    Verb(
        "resubmit",
        lambda it: intake.resubmit(it.refs, by=it.world.clerk, now=it.now),
        CORRECTIONS,
    ),
    Verb(
        "withdraw",
        lambda it: intake.withdraw(it.refs, by=it.world.clerk, now=it.now, opinion="申请人不再申请。"),
        frozenset(OPEN),
        done_on_display=True,
    ),
    Verb(
        "pass_on",
        lambda it: reviews.pass_on(it.refs, by=it.person, now=it.now),
        REVIEWS,
    ),
    Verb(
        "send_back",
        lambda it: reviews.send_back(it.refs, by=it.person, now=it.now, faults=[FaultText("缺少复印件")]),
        REVIEWS,
    ),
    Verb("reject", _reject, REVIEWS | POSTINGS | {State.ANNOUNCEMENT}, done_on_display=True),
    Verb(
        "return_to_township",
        lambda it: reviews.return_to_township(it.refs, by=it.world.approver, now=it.now, opinion="重审。"),
        frozenset({State.DISTRICT_REVIEW}),
    ),
    Verb(
        "take_back",
        lambda it: reviews.take_back(it.refs, by=it.person, now=it.now, opinion="再核。"),
        POSTINGS,
    ),
    Verb(
        "stop",
        lambda it: reviews.stop(it.refs, by=it.world.approver, now=it.now, opinion="再审。"),
        frozenset({State.ANNOUNCEMENT}),
    ),
    Verb(
        "correct",
        lambda it: reviews.correct(it.refs, by=it.person, now=it.now, opinion="数量有误。"),
        POSTINGS,
        done_on_display=True,
    ),
    Verb(
        # Never at once: a correction lapses after its due date and a reminder (a test of its own).
        "lapse",
        lambda it: reviews.lapse(it.refs, by=it.person, now=it.now, opinion="逾期未补正。"),
        frozenset(),
    ),
    Verb(
        "revoke",
        lambda it: reviews.revoke(it.refs, by=it.world.approver, now=it.now, opinion="重复享受。"),
        frozenset({State.ANNOUNCED}),
    ),
    Verb("close", _close, frozenset()),
    Verb("draft a village sheet", _sheet(PostingKind.VILLAGE), frozenset({State.VILLAGE_POSTING}), True),
    Verb("draft a township sheet", _sheet(PostingKind.TOWNSHIP), frozenset({State.TOWNSHIP_POSTING}), True),
    Verb("draft a district sheet", _sheet(PostingKind.DISTRICT), frozenset({State.DISTRICT_POSTING}), True),
    Verb("draft an announcement", _sheet(PostingKind.ANNOUNCEMENT), frozenset({State.ANNOUNCEMENT})),
)
