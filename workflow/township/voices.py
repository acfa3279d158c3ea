"""What the public and the households do in the synthetic year: object, take back, have a row corrected (异议、撤回、更正)."""

from datetime import date

from applications.states import Level, State
from registry.models import User
from workflow import intake, objections, reviews
from workflow.models import Channel, Objection, ObjectionOutcome, ObjectionState, PostingEntry
from workflow.objections import Complaint
from workflow.results import Ref, one
from workflow.township.boards import on_display
from workflow.township.casebook import Casebook, moment
from workflow.township.courses import Course

OBJECTED: dict[Course, tuple[Level, ObjectionOutcome]] = {
    Course.OBJECTED_DISMISSED: (Level.VILLAGE, ObjectionOutcome.NOT_UPHELD),
    Course.OBJECTED_HELD: (Level.TOWNSHIP, ObjectionOutcome.NOT_UPHELD),
    Course.OBJECTED_CORRECTED: (Level.TOWNSHIP, ObjectionOutcome.CORRECTED),
    Course.OBJECTED_CANCELLED: (Level.TOWNSHIP, ObjectionOutcome.CANCELLED),
}
"""At which level a row is objected to, and how that ends."""

SEEN_AFTER, NOTICED_AFTER = 3, 4
"""Days that a sheet hangs before somebody objects to a row, or has one taken out."""


def object_to_rows(book: Casebook, day: date) -> None:
    """Somebody objects to a row on a board, by the web and without a name; a late one on its last day."""
    objected = set(
        Objection.objects.filter(application__in=list(book.rows)).values_list("application", flat=True)
    )
    expected: dict[Level, list[int]] = {Level.VILLAGE: [], Level.TOWNSHIP: []}
    for key, grant in book.rows.items():
        if grant.course in OBJECTED and key not in objected:
            expected[OBJECTED[grant.course][0]].append(key)
    for level, keys in expected.items():
        for entry in on_display(keys, level):
            if _is_due(entry, book.row(entry.application_id).course, day):
                complaint = Complaint(Channel.WEB, "反映该户申报数量与实际不符〔示例〕。", anonymous=True)
                objections.lodge(entry, complaint=complaint, now=moment(day, "16:50"))


def _is_due(entry: PostingEntry, course: Course, day: date) -> bool:
    if course is Course.OBJECTED_HELD:
        return entry.posting.closes_on == day
    return _has_hung(entry, day, SEEN_AFTER)


def _has_hung(entry: PostingEntry, day: date, days: int) -> bool:
    put_up = entry.posting.displayed_on
    return put_up is not None and (day - put_up).days >= days


def handle_objections(book: Casebook, day: date) -> None:
    """Accept an objection the working day after it came, look into it the next, decide it two days later.

    One that came on the last day is decided when its sheet has closed, so that its case was held.
    """
    rows = Objection.objects.filter(application__in=list(book.rows)).open()
    for objection in rows.select_related("application", "posting").order_by("pk"):
        course = book.row(objection.application_id).course
        by = _handler(book, objection)
        accepted = book.days_since(objection.accepted_at, day)
        closed = book.days_since(objection.posting.closed_at, day) >= 1
        if objection.state == ObjectionState.RECEIVED:
            if book.days_since(objection.received_at, day) >= 1:
                objections.accept(objection, by=by, now=moment(day, "08:50"))
        elif objection.state == ObjectionState.ACCEPTED:
            if accepted >= 1:
                people = ["调查人甲〔示例〕", "调查人乙〔示例〕"]
                objections.investigate(objection, by=by, now=moment(day, "08:55"), investigators=people)
        elif accepted >= 3 and (closed or course is not Course.OBJECTED_HELD):
            _decide(book, objection, day, by=by)


def _handler(book: Casebook, objection: Objection) -> User:
    if objection.handling_level == Level.VILLAGE:
        return book.unit_of(objection.application).clerk
    return book.township.reviewers[0]


def _decide(book: Casebook, objection: Objection, day: date, *, by: User) -> None:
    grant = book.row(objection.application_id)
    outcome = OBJECTED[grant.course][1]
    reasons = {
        ObjectionOutcome.NOT_UPHELD: "现场核对数量一致，异议不成立。",
        ObjectionOutcome.CORRECTED: "现场核对数量少于公示数量，予以更正。",
        ObjectionOutcome.CANCELLED: "现场核对没有申报的种养项目，取消申报。",
    }
    objections.decide(
        objection,
        by=by,
        now=moment(day, "09:00"),
        outcome=outcome,
        findings="两名调查人到户核对〔示例〕。",
        reason=reasons[outcome],
        key=book.key(grant.row, "decide"),
    )


def correct_rows(book: Casebook, day: date) -> None:
    """The village finds a row on its board wrong and takes it out for correction."""
    now, opinion = moment(day, "16:10"), "公示数量录入有误，撤出后重新核实申报。"
    corrected = {
        case.pk: case for case in book.desk(State.VILLAGE_POSTING, before=now, courses=[Course.CORRECTED])
    }
    for entry in on_display(corrected, Level.VILLAGE):
        case = corrected[entry.application_id]
        if entry.posting.supplements_id is None and _has_hung(entry, day, NOTICED_AFTER):
            by = book.unit_of(case).clerk
            key = book.key(book.row(case.pk).row, "correct")
            one(reviews.correct([Ref.of(case)], by=by, now=now, opinion=opinion, key=key))


def take_back(book: Casebook, day: date) -> None:
    """A household takes its application back while it hangs on a board."""
    now = moment(day, "17:00")
    for state, level, course in (
        (State.VILLAGE_POSTING, Level.VILLAGE, Course.WITHDRAWN),
        (State.DISTRICT_POSTING, Level.DISTRICT, Course.WITHDRAWN_LATE),
    ):
        wishing = {case.pk: case for case in book.desk(state, before=now, courses=[course])}
        for entry in on_display(wishing, level):
            case = wishing[entry.application_id]
            if _has_hung(entry, day, NOTICED_AFTER):
                by = book.unit_of(case).clerk
                key = book.key(book.row(case.pk).row, "withdraw")
                opinion = "申请人因外出务工自愿撤回。"
                one(intake.withdraw([Ref.of(case)], by=by, now=now, opinion=opinion, key=key))
