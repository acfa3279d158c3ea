"""What the township and the district do in the synthetic year: pass, cut, return, refuse, lapse, revoke (乡级、区级)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from applications.models import Application
from applications.states import POSTINGS, State
from notifications import catalogue, outbox
from notifications.outbox import Notice
from registry.models import User
from workflow import releases, reviews
from workflow.models import Act, Deadline
from workflow.proceedings import Cut
from workflow.results import Ref, Result, one
from workflow.reviews import FaultText
from workflow.township.casebook import Casebook, moment
from workflow.township.courses import FAULTS, REFUSALS, Course
from workflow.township.village import all_done, refs

MONDAY, TUESDAY, THURSDAY, FRIDAY = 0, 1, 3, 4
REVOKE_AFTER = timedelta(days=10)


@dataclass(frozen=True)
class Office:
    """One office above the village: the desk it clears, when it sits, and the turns it gives."""

    name: str
    state: State
    clock: str
    sits_on: frozenset[int]
    refuses: Course
    returns: frozenset[Course]
    cuts: Course


TOWNSHIP = Office(
    "township",
    State.TOWNSHIP_REVIEW,
    "09:30",
    frozenset({TUESDAY, FRIDAY}),
    Course.REFUSED_TOWNSHIP,
    frozenset({Course.RETURNED_TOWNSHIP, Course.RESTARTED, Course.LAPSED}),
    Course.CUT_TOWNSHIP,
)
DISTRICT = Office(
    "district",
    State.DISTRICT_REVIEW,
    "09:50",
    frozenset({MONDAY, THURSDAY}),
    Course.REFUSED_DISTRICT,
    frozenset({Course.RETURNED_DISTRICT}),
    Course.CUT_DISTRICT,
)


def township_sits(book: Casebook, day: date) -> None:
    """The township clears its desk on its two days of the week."""
    _sit(TOWNSHIP, book, day, by=book.township.reviewers[0])


def district_sits(book: Casebook, day: date) -> None:
    """The district clears its desk on its two days of the week."""
    _sit(DISTRICT, book, day, by=book.township.approvers[0])


def _sit(office: Office, book: Casebook, day: date, *, by: User) -> None:
    if day.weekday() not in office.sits_on:
        return
    now = moment(day, office.clock)
    waiting = book.desk(office.state, before=now)
    if not waiting:
        return
    returned, given_back = book.decided(Act.SEND_BACK), book.decided(Act.RETURN_TO_TOWNSHIP)
    passed = []
    for case in waiting:
        course = book.row(case.pk).course
        key = book.key(book.row(case.pk).row, office.name, f"{day}")
        seen = [Ref.of(case)]
        if course is office.refuses:
            code, opinion = REFUSALS[course]
            one(reviews.reject(seen, by=by, now=now, reason_code=code, opinion=opinion, key=key))
        elif course in office.returns and case.pk not in returned:
            faults = [FaultText(FAULTS[course])]
            one(reviews.send_back(seen, by=by, now=now, faults=faults, key=key))
        elif course is Course.GIVEN_BACK and office is DISTRICT and case.pk not in given_back:
            opinion = "请乡级再核对一次户信息〔示例〕。"
            one(reviews.return_to_township(seen, by=by, now=now, opinion=opinion, key=key))
        elif course is office.cuts:
            one(_cut(book, case, by=by, now=now, key=key))
        else:
            passed.append(case)
    if passed:
        key = book.key(office.name, f"{day}")
        all_done(reviews.pass_on(refs(passed), by=by, now=now, opinion="审核通过。", key=key))


def _cut(book: Casebook, case: Application, *, by: User, now: datetime, key: str) -> Sequence[Result]:
    """Pass a case with the quantity that was really found; its amount follows from the rule."""
    grant = book.row(case.pk)
    rule, unit = case.programme.parsed_rule, case.programme.quantity_unit
    amount = rule.compute(grant.final, unit=unit, given=case.basis)
    cuts = {case.pk: Cut(grant.final, amount.value, amount.working)}
    return reviews.pass_on(
        [Ref.of(case)], by=by, now=now, opinion="经核实，数量少于申报，予以核减。", cuts=cuts, key=key
    )


def pass_covered(book: Casebook, day: date) -> None:
    """Cases whose earlier posting still covers them go on without a new sheet."""
    now = moment(day, "08:20")
    arrived = {case.pk for case in book.desk(*POSTINGS, before=now)}
    if arrived and (own := [key for key in releases.covered_but_waiting() if key in arrived]):
        all_done(releases.pass_covered(own, now=now))


def lapse(book: Casebook, day: date) -> None:
    """Remind of a correction that nobody makes, and end it at the first sitting after its due date."""
    now = moment(day, "09:10")
    silent = book.desk(State.TOWNSHIP_CORRECTION, before=now, courses=[Course.LAPSED])
    dues = Deadline.objects.filter(
        application__in=[case.pk for case in silent], objection__isnull=True, settled_at__isnull=True
    )
    due_of = {due.application_id: due for due in dues}
    for case in silent:
        due = due_of[case.pk]
        if due.reminded_at is None and due.remind_on <= day:
            _remind(book, case, due, now)
        elif due.reminded_at is not None and due.due_on < day and day.weekday() in TOWNSHIP.sits_on:
            by, opinion = book.township.reviewers[0], "逾期未补正，经催办仍未提供材料，予以终止。"
            key = book.key(book.row(case.pk).row, "lapse")
            one(reviews.lapse([Ref.of(case)], by=by, now=now, opinion=opinion, key=key))


def _remind(book: Casebook, case: Application, due: Deadline, now: datetime) -> None:
    """Remind of one due date as the sweep does; the sweep itself would remind of other people's cases too."""
    with transaction.atomic():
        Deadline.objects.filter(pk=due.pk, reminded_at__isnull=True).update(reminded_at=now)
        unit = book.unit_of(case)
        outbox.announce(
            [
                Notice(
                    event=catalogue.REMINDER,
                    fact=f"deadline:{due.pk}",
                    stage="reminder",
                    recipients=[unit.clerk, unit.second],
                    context={"number": case.number, "kind": due.get_kind_display(), "due": due.due_on},
                    application=case.pk,
                    url=case.get_absolute_url(),
                )
            ],
            at=now,
        )


def revoke(book: Casebook, day: date) -> None:
    """Revoke an announced result that should not have been given."""
    now = moment(day, "17:10")
    for case in book.desk(State.ANNOUNCED, before=now - REVOKE_AFTER, courses=[Course.REVOKED]):
        by, opinion = book.township.approvers[0], "公告后查实重复享受，予以撤销〔示例〕。"
        key = book.key(book.row(case.pk).row, "revoke")
        one(reviews.revoke([Ref.of(case)], by=by, now=now, opinion=opinion, key=key))
