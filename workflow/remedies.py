"""What the outcome of an objection does to its case (异议处理结果): go on, be corrected, be refused.

These functions ask for a proceeding over locked rows and open no transaction.
"""

from applications.models import Application
from applications.standing import Standing
from applications.states import LEVEL_OF, POSTINGS, REVIEWS, Level, State
from workflow import deadlines, releases, sheets
from workflow.models import Act, Fault, Objection, RefusalCode
from workflow.proceedings import Proceeding
from workflow.results import Ref


def run_again(proceeding: Proceeding, key: int) -> None:
    """With the last open objection gone, the term of the case's step runs again."""
    if not proceeding.standings[key].open_objections:
        deadlines.resume([key], at=proceeding.at, calendar=proceeding.calendar)


def go_on(proceeding: Proceeding, case: Application, word: str) -> None:
    """The entry's days count as if nothing had been said: where its period is over the case passes at once."""
    standing = proceeding.standings[case.pk]
    state = State(case.state)
    covered = state in POSTINGS and all(level in standing.covered for level in LEVEL_OF[state].and_below)
    if covered and not standing.open_objections and not standing.on_display:
        releases.release(proceeding, case.pk)
        releases.note_passed(proceeding, [case.pk])
    else:
        proceeding.touch(case, "objection_decided", text=word)


def correct(proceeding: Proceeding, objection: Objection, case: Application, word: str) -> None:
    """The row is wrong: it no longer covers the case, which is corrected from where it lies."""
    state, level = State(case.state), Level(objection.handling_level)
    assert proceeding.by is not None
    by = proceeding.by.pk
    wrong = objection.entry.level
    if state in POSTINGS:
        proceeding.step(
            Ref(case.pk),
            Act.CORRECT,
            lambda application, standing: application.correct(standing, by=by, level=level),
            level=level,
            opinion=word,
        )
    elif state in REVIEWS:
        proceeding.step(
            Ref(case.pk),
            Act.SEND_BACK,
            lambda application, standing: application.send_back(standing, by=by, level=level),
            level=level,
            opinion=word,
            delivered_on=proceeding.today,
        )
    elif state is State.ANNOUNCEMENT:
        proceeding.step(
            Ref(case.pk),
            Act.STOP,
            lambda application, standing: application.stop(standing, by=by, level=level),
            level=level,
            opinion=word,
        )
    else:
        proceeding.touch(case, "objection_decided", text=word)
    ran_at = Level(wrong) if wrong in Level.values else None
    if state in LEVEL_OF:
        sheets.take_out([case], reason="更正", locked=proceeding.locked, at=proceeding.at, ran_at=ran_at)


def cancel(proceeding: Proceeding, objection: Objection, case: Application, word: str) -> None:
    """The case is refused wherever it lies (domain.md §3); an announced one is the district's to revoke."""
    state, level = State(case.state), Level(objection.handling_level)
    assert proceeding.by is not None
    by = proceeding.by.pk

    def refuse(application: Application, standing: Standing) -> None:
        if application.is_in_correction:
            application.cancel(standing, by=by, level=level)
        else:
            application.reject(standing, by=by, level=level)

    if state not in LEVEL_OF:
        proceeding.touch(case, "objection_decided", text=word)
    else:
        proceeding.step(
            Ref(case.pk),
            Act.REJECT,
            refuse,
            level=level,
            opinion=word,
            reason_code=RefusalCode.OBJECTION,
        )
    wrong = objection.entry.level
    ran_at = Level(wrong) if wrong in Level.values else None
    if state in LEVEL_OF:
        sheets.take_out([case], reason="异议成立", locked=proceeding.locked, at=proceeding.at, ran_at=ran_at)


def number_faults(proceeding: Proceeding) -> None:
    """A return that follows from an objection has one fault: what the objection found."""
    Fault.objects.bulk_create(
        Fault(decision=decision, number=1, text=decision.opinion)
        for decision in proceeding.decisions
        if decision.act == Act.SEND_BACK
    )
