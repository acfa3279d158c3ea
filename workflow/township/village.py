"""What the villages do in the synthetic year: enter, hand in, visit, meet, declare, mend (村级)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.utils import timezone

from applications.models import Application, AppraisalItem, Attachment, MeetingKind, VerificationVisit
from applications.states import CORRECTIONS, State
from registry.models import User
from workflow import fieldwork, intake, reviews
from workflow.fieldwork import Minutes, VerifierName
from workflow.models import Act
from workflow.results import Ref, Result, one
from workflow.reviews import FaultText
from workflow.township import evidence
from workflow.township.casebook import Casebook, moment
from workflow.township.courses import FAULTS, REFUSALS, Course
from workflow.township.layout import Unit
from workflow.township.rows import Grant

ENTRY_DAYS = 3
SUBMIT_DAY = 3
MEETING_DAY = 6
VISITS_A_DAY = 12
MEND_AFTER = 2
ENTITLED, PRESENT, IN_FAVOUR, AGAINST = 30, 25, 24, 9


def enter(book: Casebook, day: date) -> None:
    """Enter the rows of the day for their households, each with the paper its programme asks for."""
    for position, grant in _entries(book, day):
        at = moment(day, "08:40", 8 * (position // ENTRY_DAYS))
        unit = book.township.units[grant.family.unit]
        by = unit.second if position % 2 else unit.clerk
        if grant.row not in book.cases:
            household = book.households[grant.household]
            form = intake.Form(
                programme=book.township.programmes[grant.programme],
                household=household,
                quantity=grant.quantity,
                applied_on=day,
                member=None if grant.member is None else list(household.members.all())[grant.member],
                option=grant.option,
                reason=f"家庭申请{grant.plan.name}〔示例〕。",
                committed=True,
            )
            result = intake.enter(form, by=by, now=at, key=book.key(grant.row, "enter"))
            book.note(grant.row, result.pk)
        _hand_over(book, grant, by=by, now=at + timedelta(minutes=3))


def _entries(book: Casebook, day: date) -> Iterable[tuple[int, Grant]]:
    """The rows entered on a day, each with its position in its batch and village: a third of them a day."""
    positions: dict[tuple[str, int], int] = defaultdict(int)
    for grant in book.year.grants:
        position = positions[grant.wave, grant.family.unit]
        positions[grant.wave, grant.family.unit] += 1
        if book.wave_day(grant.wave, position % ENTRY_DAYS) == day:
            yield position, grant


def _hand_over(book: Casebook, grant: Grant, *, by: User, now: datetime) -> None:
    case = book.cases[grant.row]
    papers = list(book.township.programmes[grant.programme].required_papers.all())
    for number, paper in enumerate(papers, 1):
        if not Attachment.objects.filter(application=case, paper=paper).exists():
            upload = evidence.paper(f"{grant.row}-{number}")
            intake.attach(Ref(case), paper=paper, upload=upload, by=by, now=now)


def submit(book: Casebook, day: date) -> None:
    """Hand the drafts of the batch in, village by village; a household that thinks better of it discards."""
    now = moment(day, "10:50")
    due = [
        case
        for case in book.desk(State.DRAFT, before=now)
        if book.wave_day(book.row(case.pk).wave, SUBMIT_DAY) <= day
    ]
    for unit, cases in _by_unit(book, due):
        gone = [case for case in cases if book.row(case.pk).course is Course.DISCARDED]
        handed = [case for case in cases if case not in gone]
        if gone:
            key = book.key("discard", f"{day}", unit.region.code)
            all_done(intake.discard(refs(gone), by=unit.clerk, now=now, key=key))
        if handed:
            key = book.key("submit", f"{day}", unit.region.code)
            all_done(intake.submit(refs(handed), by=unit.clerk, now=now, key=key))


def visit(book: Casebook, day: date) -> None:
    """Visit households that were not visited yet: two verifiers, one photo, so many a day in a village."""
    waiting = [
        case
        for case in book.desk(State.VILLAGE_REVIEW, before=moment(day, "14:00"))
        if not case.visits.exists()
    ]
    for unit, cases in _by_unit(book, waiting):
        done = VerificationVisit.objects.filter(visited_on=day, application__village=unit.region).count()
        for place, case in enumerate(cases[: max(0, VISITS_A_DAY - done)], done):
            people = [VerifierName(user.name, "村“两委”", user) for user in (unit.clerk, unit.second)]
            fieldwork.record_visit(
                Ref.of(case),
                by=unit.clerk,
                now=moment(day, "14:00", 5 * place),
                visited_on=day,
                verifiers=people,
                findings="现场查看，情况与申请一致〔示例〕。",
                confirmed=True,
                photos=[evidence.photo(f"visit-{book.row(case.pk).row}")],
            )


def meet(book: Casebook, day: date) -> None:
    """Hold the meeting of the batch: every visited case of the village is appraised."""
    if all(book.wave_day(wave, MEETING_DAY) != day for wave in book.year.waves):
        return
    now = moment(day, "15:20")
    waiting = [
        case
        for case in book.desk(State.VILLAGE_REVIEW, before=now)
        if case.visits.exists() and not case.appraisals.exists()
    ]
    for unit, cases in _by_unit(book, waiting):
        refused = {case.pk for case in cases if book.row(case.pk).course is Course.REFUSED_VILLAGE}
        fieldwork.record_meeting(
            unit.region,
            minutes=Minutes(
                kind=MeetingKind.ASSEMBLY,
                held_on=day,
                place=f"{unit.region.name}会议室",
                entitled=ENTITLED,
                present=PRESENT,
                chair="村民代表主持人〔示例〕",
                recorder=unit.second.name,
                minutes="逐户介绍入户核实情况，逐户表决〔示例〕。",
            ),
            votes={case.pk: AGAINST if case.pk in refused else IN_FAVOUR for case in cases},
            by=unit.clerk,
            now=now,
        )


def declare(book: Casebook, day: date) -> None:
    """Declare appraised cases, refuse those the meeting refused, return those with a fault."""
    now = moment(day, "15:50")
    waiting = book.desk(State.VILLAGE_REVIEW, before=now)
    if not waiting:
        return
    keys = [case.pk for case in waiting]
    appraised = set(AppraisalItem.objects.filter(application__in=keys).values_list("application", flat=True))
    returned = book.decided(Act.SEND_BACK)
    for unit, cases in _by_unit(book, waiting):
        passed = []
        for case in cases:
            course = book.row(case.pk).course
            key = book.key(book.row(case.pk).row, "declare", f"{day}")
            if course is Course.RETURNED_VILLAGE and case.pk not in returned:
                faults = [FaultText(FAULTS[course])]
                one(reviews.send_back([Ref.of(case)], by=unit.clerk, now=now, faults=faults, key=key))
            elif case.pk not in appraised:
                continue
            elif course is Course.REFUSED_VILLAGE:
                code, opinion = REFUSALS[course]
                one(
                    reviews.reject(
                        [Ref.of(case)], by=unit.clerk, now=now, reason_code=code, opinion=opinion, key=key
                    )
                )
            else:
                passed.append(case)
        if passed:
            key = book.key("declare", f"{day}", unit.region.code)
            all_done(
                reviews.pass_on(refs(passed), by=unit.clerk, now=now, opinion="评议通过，同意申报。", key=key)
            )


def mend(book: Casebook, day: date) -> None:
    """Mend returned cases after two working days: the right figures, a paper, and report them again.

    One whose household does not answer stays where it is.
    """
    for clock, step in (("11:20", _amend), ("11:30", _add_paper), ("11:40", _resubmit)):
        now = moment(day, clock)
        waiting = book.desk(*CORRECTIONS, before=now)
        if not waiting:
            return
        sent = book.decided(Act.SEND_BACK, Act.CORRECT)
        for case in waiting:
            if book.row(case.pk).course is Course.LAPSED or book.days_since(sent[case.pk], day) < MEND_AFTER:
                continue
            step(book, case, sent[case.pk], now)


def _amend(book: Casebook, case: Application, sent: datetime, now: datetime) -> None:
    grant = book.row(case.pk)
    if (case.claimed_quantity, case.option) == (grant.claimed, grant.chosen):
        return
    intake.amend(
        Ref.of(case),
        by=book.unit_of(case).clerk,
        now=now,
        quantity=grant.claimed,
        option=grant.chosen,
        key=book.key(grant.row, "amend", f"{timezone.localdate(now)}"),
    )


def _add_paper(book: Casebook, case: Application, sent: datetime, now: datetime) -> None:
    if Attachment.objects.filter(application=case, uploaded_at__gt=sent).exists():
        return
    upload = evidence.paper(f"{book.row(case.pk).row}-mended-{timezone.localdate(now)}")
    intake.attach(Ref.of(case), paper=None, upload=upload, by=book.unit_of(case).clerk, now=now)


def _resubmit(book: Casebook, case: Application, sent: datetime, now: datetime) -> None:
    key = book.key(book.row(case.pk).row, "resubmit", f"{timezone.localdate(now)}")
    opinion = "已按一次性告知逐条补正。"
    one(intake.resubmit([Ref.of(case)], by=book.unit_of(case).clerk, now=now, opinion=opinion, key=key))


def _by_unit(book: Casebook, cases: Iterable[Application]) -> list[tuple[Unit, list[Application]]]:
    found: dict[int, list[Application]] = defaultdict(list)
    for case in cases:
        found[case.village_id].append(case)
    return [(unit, found[key]) for key, unit in book.units.items() if found[key]]


def refs(cases: Iterable[Application]) -> list[Ref]:
    """The cases as they were seen."""
    return [Ref.of(case) for case in cases]


def all_done(results: Iterable[Result]) -> None:
    """Stop at the first case that a verb on many refused: the year has no case that may be passed over."""
    for result in results:
        one([result])
