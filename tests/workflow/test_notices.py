"""Who is told of what, on which channels, and what no message may say (消息)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from applications.models import Application
from applications.states import State
from notifications import wordings
from notifications.catalogue import Event
from notifications.models import Message
from registry.models import Member, User
from tests import stages
from tests.world import World
from workflow import intake, objections, postings, reviews, sweeps
from workflow.models import Channel, Deadline, Objection, Posting, PostingEntry, PostingKind
from workflow.objections import Complaint
from workflow.proceedings import Cut
from workflow.results import Ref

Told = set[tuple[str, str, str]]
Scene = Callable[[World], Callable[[], object]]
"""Prepares a scene and answers with the act whose messages are looked at."""

CLERKS = ("王村一", "赵村员")
REVIEWERS = ("李审核", "李复核")
APPROVERS = ("张审定", "张复审")


def to(event: str, people: tuple[str, ...], *, email: bool = False) -> Told:
    channels = ("in_app", "email") if email else ("in_app",)
    return {(event, person, one) for person in people for one in channels}


def ref(case: Application) -> list[Ref]:
    return [Ref.of(stages.again(case))]


def told_by(act: Callable[[], object]) -> Told:
    """(event, officer, channel) of every message that an act writes; what households are told stands apart."""
    before = set(Message.objects.values_list("pk", flat=True))
    act()
    new = Message.objects.exclude(pk__in=before).filter(household__isnull=True)
    return set(new.values_list("event", "recipient__name", "channel"))


def at(state: State, act: Callable[[World, Application, datetime], object]) -> Scene:
    """A scene in which one case lies in a state and the act is done to it."""

    def scene(world: World) -> Callable[[], object]:
        case, moment = stages.reach(world, state)
        return lambda: act(world, stages.again(case), moment)

    return scene


def closing(kind: PostingKind) -> Scene:
    def scene(world: World) -> Callable[[], object]:
        case, moment = stages.reach(world, State(f"{kind}_posting"))
        posting = stages.displayed(world, [case], kind=kind, now=moment)
        return lambda: postings.close(posting.pk, now=stages.after(posting))

    return scene


def hung(world: World, *, kind: PostingKind = PostingKind.VILLAGE) -> tuple[Application, datetime]:
    case, moment = stages.reach(world, State(f"{kind}_posting"))
    stages.displayed(world, [case], kind=kind, now=moment)
    return case, moment


def lodge(case: Application, now: datetime, *, cadre: bool = False) -> Objection:
    entry = PostingEntry.objects.filter(application=case).latest("pk")
    complaint = Complaint(
        Channel.WEB, "面积不足。", name="吴异议人", phone="异议人电话〔示例〕", concerns_cadre=cadre
    )
    return objections.lodge(entry, complaint=complaint, now=now)


def objected(act: Callable[[World, Objection, datetime], object], *, cadre: bool = False) -> Scene:
    def scene(world: World) -> Callable[[], object]:
        case, moment = hung(world)
        objection = stages.investigated(
            lodge(case, moment, cadre=cadre), by=world.reviewer if cadre else world.clerk, now=moment
        )
        return lambda: act(world, objection, moment)

    return scene


def objected_late(world: World) -> Callable[[], object]:
    case, moment = stages.reach(world, State.ANNOUNCED)
    posting = Posting.objects.get(kind=PostingKind.VILLAGE, entries__application=case)
    objection = stages.lodged(world, case, posting, now=moment)
    return lambda: stages.decided(objection, "cancelled", by=world.clerk, now=moment)


def lodging(*, cadre: bool) -> Scene:
    def scene(world: World) -> Callable[[], object]:
        case, moment = hung(world)
        return lambda: lodge(case, moment, cadre=cadre)

    return scene


def overdue(world: World) -> tuple[Application, datetime]:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    return case, moment + (due.due_on - due.starts_on) + timedelta(days=1)


def reminding(world: World) -> Callable[[], object]:
    _, late = overdue(world)
    return lambda: sweeps.remind(now=late)


def escalating(world: World) -> Callable[[], object]:
    _, late = overdue(world)
    return lambda: sweeps.escalate(now=late)


def lapsing(world: World) -> Callable[[], object]:
    case, late = overdue(world)
    sweeps.remind(now=late)
    return lambda: reviews.lapse(ref(case), by=world.reviewer, now=late, opinion="逾期未补正。")


def resubmitting(world: World) -> Callable[[], object]:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    stages.returned(world, case, by=world.approver, now=moment)
    return lambda: intake.resubmit(ref(case), by=world.clerk, now=moment)


def submitting(world: World) -> Callable[[], object]:
    case = stages.draft(world)
    return lambda: intake.submit([Ref.of(case)], by=world.clerk, now=world.now)


CUT = Cut(Decimal(2), Decimal(600), "2亩 × 300.00元/亩 = 600.00元")

EVENTS: dict[str, tuple[Scene, Told]] = {
    "handed in": (submitting, to("arrived", CLERKS)),
    "declared by the village": (
        at(State.VILLAGE_REVIEW, lambda w, case, now: reviews.pass_on(ref(case), by=w.clerk, now=now)),
        to("to_post", CLERKS),
    ),
    "passed by the township": (
        at(State.TOWNSHIP_REVIEW, lambda w, case, now: reviews.pass_on(ref(case), by=w.reviewer, now=now)),
        to("to_post", REVIEWERS),
    ),
    "passed by the district": (
        at(State.DISTRICT_REVIEW, lambda w, case, now: reviews.pass_on(ref(case), by=w.approver, now=now)),
        to("to_post", APPROVERS),
    ),
    "village sheet closed": (
        closing(PostingKind.VILLAGE),
        to("arrived", REVIEWERS) | to("posting_closed", ("王村一",)),
    ),
    "township sheet closed": (
        closing(PostingKind.TOWNSHIP),
        to("arrived", APPROVERS) | to("posting_closed", ("李审核",)),
    ),
    "district sheet closed": (
        closing(PostingKind.DISTRICT),
        to("arrived", APPROVERS) | to("posting_closed", ("张审定",)),
    ),
    "announced": (
        at(State.ANNOUNCEMENT, lambda w, case, now: stages.announced(w, [case], now=now)),
        to("announced", CLERKS, email=True),
    ),
    "cut": (
        at(
            State.TOWNSHIP_REVIEW,
            lambda w, case, now: reviews.pass_on(
                ref(case), by=w.reviewer, now=now, opinion="实测2亩。", cuts={case.pk: CUT}
            ),
        ),
        to("to_post", REVIEWERS) | to("cut", CLERKS, email=True),
    ),
    "sent back": (
        at(State.DISTRICT_REVIEW, lambda w, case, now: stages.returned(w, case, by=w.approver, now=now)),
        to("sent_back", CLERKS, email=True),
    ),
    "reported again": (resubmitting, to("arrived", APPROVERS)),
    "corrected": (
        at(
            State.TOWNSHIP_POSTING,
            lambda w, case, now: reviews.correct(ref(case), by=w.reviewer, now=now, opinion="有误。"),
        ),
        to("to_correct", CLERKS, email=True),
    ),
    "rejected": (
        at(
            State.TOWNSHIP_REVIEW,
            lambda w, case, now: reviews.reject(
                ref(case), by=w.reviewer, now=now, reason_code="facts", opinion="不符。"
            ),
        ),
        to("rejected", CLERKS, email=True),
    ),
    "withdrawn": (
        at(
            State.TOWNSHIP_REVIEW,
            lambda w, case, now: intake.withdraw(ref(case), by=w.clerk, now=now, opinion="不要了。"),
        ),
        to("ended", CLERKS),
    ),
    "lapsed": (lapsing, to("ended", CLERKS)),
    "revoked": (
        at(
            State.ANNOUNCED,
            lambda w, case, now: reviews.revoke(ref(case), by=w.approver, now=now, opinion="不符。"),
        ),
        to("ended", CLERKS),
    ),
    "given back": (
        at(
            State.DISTRICT_REVIEW,
            lambda w, case, now: reviews.return_to_township(
                ref(case), by=w.approver, now=now, opinion="重审。"
            ),
        ),
        to("arrived", REVIEWERS),
    ),
    "objection received": (lodging(cadre=False), to("objection_received", CLERKS, email=True)),
    "objection to cadres received": (lodging(cadre=True), to("objection_received", REVIEWERS, email=True)),
    "objection not upheld": (
        objected(lambda w, one, now: stages.decided(one, "not_upheld", by=w.clerk, now=now)),
        to("objection_decided", CLERKS),
    ),
    "objection upheld, corrected": (
        objected(lambda w, one, now: stages.decided(one, "corrected", by=w.clerk, now=now)),
        to("objection_decided", CLERKS) | to("to_correct", CLERKS, email=True),
    ),
    "objection to cadres upheld, cancelled": (
        objected(lambda w, one, now: stages.decided(one, "cancelled", by=w.reviewer, now=now), cadre=True),
        to("objection_decided", REVIEWERS) | to("rejected", CLERKS, email=True),
    ),
    "objection upheld after the announcement": (
        objected_late,
        to("objection_decided", CLERKS) | to("to_revoke", APPROVERS, email=True),
    ),
    "reminded": (reminding, to("reminder", CLERKS, email=True)),
    "escalated": (escalating, to("escalation", REVIEWERS, email=True)),
}


EVERY_EVENT = {event for _, wanted in EVENTS.values() for event, _, _ in wanted}


@pytest.mark.parametrize("name", EVENTS)
def test_each_event_is_told_to_its_people_and_to_nobody_else(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    say, lacking = wordings.say, {}

    def checked(event: Event, context: Any, worded: Any) -> Any:
        lacking[event.name] = {one.key for one in event.variables.values()} - set(context)
        return say(event, context, worded)

    monkeypatch.setattr(wordings, "say", checked)
    scene, wanted = EVENTS[name]
    assert told_by(scene(world)) == wanted
    # An administrator may name each of these in a template of the event.
    assert not any(lacking.values()), lacking


def test_twenty_cases_that_arrive_together_are_one_message_a_desk(world: World) -> None:
    cases = [stages.reach(world, State.TOWNSHIP_REVIEW, village=number % 2)[0] for number in range(20)]
    moment = world.later(20)
    Message.objects.all().delete()
    reviews.pass_on([*(ref(case)[0] for case in cases)], by=world.reviewer, now=moment)
    assert sorted(Message.objects.values_list("recipient__name", "subject")) == [
        ("李复核", "待公示：20件"),
        ("李审核", "待公示：20件"),
    ]


def test_two_villages_get_a_message_each_about_their_own(world: World) -> None:
    cases = [stages.draft(world, village=number) for number in (0, 1, 1)]
    for number, clerk in enumerate(world.clerks):
        own = [Ref.of(case) for case in cases if case.village == world.villages[number]]
        intake.submit(own, by=clerk, now=world.now)
    found = Message.objects.filter(event="arrived").values_list("recipient__name", "subject")
    assert sorted(found) == [
        ("王村一", "待村级申报：新到1件"),
        ("王村二", "待村级申报：新到2件"),
        ("赵村员", "待村级申报：新到1件"),
    ]


def test_two_returns_on_one_day_are_two_messages(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    for _ in range(2):
        stages.returned(world, case, by=world.reviewer, now=moment)
        stages.do(intake.resubmit(ref(case), by=world.clerk, now=moment))
    mine = Message.objects.filter(event="sent_back", recipient=world.clerk, channel="in_app")
    assert mine.count() == 2


def test_no_message_carries_an_identity_number_a_telephone_or_a_card(world: World) -> None:
    for scene, _ in EVENTS.values():
        scene(world)()
    secrets = {"异议人电话", "吴异议人"}
    for member in Member.objects.all():
        secrets |= {member.id_number, member.card_number}
    secrets |= {case.payee_card for case in Application.objects.all()}
    said = [f"{one.subject}\n{one.body}" for one in Message.objects.all()]
    told = Message.objects.filter(household__isnull=True)
    assert set(told.values_list("event", flat=True)) == EVERY_EVENT
    numbers = {case.number for case in Application.objects.all()}
    for text in said:
        for number in numbers:
            text = text.replace(number, "")
        assert not [secret for secret in secrets if secret and secret in text], text


def test_whoever_has_no_address_is_told_inside_only(world: World) -> None:
    User.objects.filter(pk=world.clerk.pk).update(email="")
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    told = told_by(lambda: stages.returned(world, case, by=world.reviewer, now=moment))
    assert told == to("sent_back", ("王村一",)) | to("sent_back", ("赵村员",), email=True)


HOME = {
    "sent back": "home_sent_back",
    "corrected": "home_to_correct",
    "rejected": "home_rejected",
    "cut": "home_cut",
    "announced": "home_announced",
    "withdrawn": "home_ended",
    "lapsed": "home_lapsed",
    "revoked": "home_revoked",
    "objection not upheld": "home_objection",
    "objection upheld, corrected": "home_to_correct",
    "objection to cadres upheld, cancelled": "home_rejected",
    "objection upheld after the announcement": "home_objection",
    "reminded": "home_reminder",
}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_household_is_told_of_each_outcome_once_and_of_nothing_else(world: World, name: str) -> None:
    scene, _ = EVENTS[name]
    act = scene(world)
    before = set(Message.objects.values_list("pk", flat=True))
    act()
    home = Message.objects.exclude(pk__in=before).filter(household__isnull=False)
    wanted = HOME.get(name)
    assert list(home.values_list("event", "channel")) == ([(wanted, "slip")] if wanted else [])


def test_a_household_with_a_mobile_gets_a_short_message_where_there_is_a_gateway(
    world: World, settings: Settings
) -> None:
    settings.SMS_URL = "http://127.0.0.1:9/"
    household = world.household()
    household.phone = "100 0000-0000"
    household.save()
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW, household=household)
    stages.returned(world, case, by=world.reviewer, now=moment)
    told = Message.objects.get(household=household)
    assert (told.channel, told.recipient) == ("sms", None)
    assert "0000" not in told.body
    assert told.body.endswith("监督电话12317。")
    assert "前把材料交给村里" in told.body


def test_a_draft_that_is_thrown_away_is_no_news_for_the_household(world: World) -> None:
    stages.do(intake.discard(ref(stages.draft(world)), by=world.clerk, now=world.now))
    assert not Message.objects.filter(household__isnull=False).exists()
