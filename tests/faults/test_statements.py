"""R-06: whichever statement of a verb fails, or its commit, nothing has changed, and the same act then succeeds."""

import ast
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from applications.models import Application
from applications.states import State
from tests import stages
from tests.faults import breaking, test_statements_beside
from tests.faults.breaking import MOST, Act, fails_everywhere
from tests.workflow import law_stages, law_verbs, written
from tests.workflow.law_verbs import Tried
from tests.workflow.views.pages import as_, clock_at
from tests.world import MU, World, photo
from workflow import (
    announcements,
    appeals,
    drafts,
    intake,
    mending,
    objections,
    postings,
    releases,
    reviews,
    setbacks,
    sweeps,
)
from workflow.models import (
    Channel,
    Deadline,
    DeadlineKind,
    Fault,
    Objection,
    Posting,
    PostingEntry,
    PostingKind,
    SetbackKind,
)
from workflow.objections import Complaint
from workflow.postings import Display
from workflow.results import Ref, Result

Ready = Callable[[World], Act]


def tried(world: World, state: State) -> Tried:
    case, moment = law_stages.at(world, state)
    return Tried(world, case, moment)


def from_table(verb: law_verbs.Verb) -> Ready:
    """A verb of the table of laws, in the first state in which it is done."""
    state = next(state for state in State if state in verb.done_in)

    def ready(world: World) -> Act:
        it = tried(world, state)
        return lambda: verb.do(it)

    return ready


def _enter(world: World) -> Act:
    form = intake.Form(world.grain, world.household(), MU, timezone.localdate(world.now), committed=True)
    key = uuid4().hex
    return lambda: intake.enter(form, by=world.clerk, now=world.now, key=key)


def _lapse(world: World) -> Act:
    it = tried(world, State.TOWNSHIP_CORRECTION)
    moment = law_stages.overdue(it.case)
    return lambda: reviews.lapse(it.refs, by=world.reviewer, now=moment, opinion="逾期未补正。")


def _tick_faults(world: World) -> Act:
    it = tried(world, State.TOWNSHIP_CORRECTION)
    faults = list(Fault.objects.filter(decision__application=it.case).values_list("pk", flat=True))
    key = uuid4().hex
    return lambda: mending.tick_faults(it.refs[0], ticked=faults, by=world.clerk, now=it.now, key=key)


def _sheet(world: World) -> tuple[Application, Posting, datetime]:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    return case, stages.sheet(world, [case], kind=PostingKind.VILLAGE, now=moment), moment


def _display(world: World) -> Act:
    _, posting, moment = _sheet(world)

    def act() -> list[Result]:
        shown = Display("村务公开栏", moment, "吴监督", photo())
        return postings.display([posting.pk], act=shown, by=world.clerk, now=moment)

    return act


def _hanging(world: World) -> tuple[Application, Posting, datetime]:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    return case, stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment), moment


def _take_down(world: World) -> Act:
    _, posting, moment = _hanging(world)
    return lambda: postings.take_down(posting, by=world.clerk, now=moment, reason="被雨淋湿。")


def _close(world: World) -> Act:
    _, posting, _ = _hanging(world)
    return lambda: postings.close(posting.pk, now=stages.after(posting))


def _end_photo(world: World) -> Act:
    _, posting, _ = _hanging(world)
    moment = stages.after(posting)
    return lambda: postings.add_end_photo(posting, photo=photo(), by=world.clerk, now=moment)


def _release(world: World) -> Act:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    stages.do(reviews.return_to_township([Ref.of(case)], by=world.approver, now=moment, opinion="请重审。"))
    stages.passed(world, [case], by=world.reviewer, now=moment)
    return lambda: releases.pass_covered([case.pk], now=moment)


def _announcement(world: World) -> tuple[Posting, datetime]:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    return stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment), moment


def _write_items(world: World) -> Act:
    posting, moment = _announcement(world)
    return lambda: announcements.write_items(posting, items=stages.ITEMS, by=world.approver, now=moment)


def _publish(world: World) -> Act:
    posting, moment = _announcement(world)
    announcements.write_items(posting, items=stages.ITEMS, by=world.approver, now=moment)
    return lambda: announcements.publish(posting.pk, by=world.approver, now=moment)


def _lodge(world: World) -> Act:
    case, posting, moment = _hanging(world)
    entry = PostingEntry.objects.get(posting=posting, application=case)
    complaint = Complaint(Channel.WEB, "面积不实。", anonymous=True)
    return lambda: objections.lodge(entry, complaint=complaint, now=moment)


def _lodged(world: World) -> tuple[Objection, datetime]:
    case, posting, moment = _hanging(world)
    return stages.lodged(world, case, posting, now=moment), moment


def _accept(world: World) -> Act:
    found, moment = _lodged(world)
    return lambda: objections.accept(found, by=world.clerk, now=moment)


def _investigate(world: World) -> Act:
    found, moment = _lodged(world)
    objections.accept(found, by=world.clerk, now=moment)
    return lambda: objections.investigate(found, by=world.clerk, now=moment, investigators=["甲", "乙"])


def _decide(outcome: str) -> Ready:
    def ready(world: World) -> Act:
        found, moment = _lodged(world)
        stages.investigated(found, by=world.clerk, now=moment)
        return lambda: objections.decide(
            found, by=world.clerk, now=moment, outcome=outcome, findings="现场丈量。", reason="事实清楚。"
        )

    return ready


def _morning(due: Deadline) -> datetime:
    return timezone.make_aware(datetime.combine(due.due_on + timedelta(days=1), datetime.min.time()))


def _remind(world: World) -> Act:
    stages.submitted(world)
    moment = _morning(Deadline.objects.get(kind=DeadlineKind.STEP))
    return lambda: sweeps.remind(now=moment)


def _escalate(world: World) -> Act:
    stages.submitted(world)
    moment = _morning(Deadline.objects.get(kind=DeadlineKind.STEP))
    return lambda: sweeps.escalate(now=moment)


def _note(world: World) -> Act:
    return lambda: setbacks.note(SetbackKind.RELEASE, 1, ValueError("no way out"), now=world.now)


def _withdraw_on_display(world: World) -> Act:
    case, _, moment = _hanging(world)
    refs = law_stages.refs(case)
    return lambda: intake.withdraw(refs, by=world.clerk, now=moment, opinion="申请人撤回。")


def _not_accept(world: World) -> Act:
    found, moment = _lodged(world)
    return lambda: objections.not_accept(found, by=world.clerk, now=moment, reason="没有具体事实。")


def _withdraw_objection(world: World) -> Act:
    found, moment = _lodged(world)
    return lambda: objections.withdraw(found, by=world.clerk, now=moment, reason="异议人撤回。")


def _pass_on_objection(world: World) -> Act:
    found, moment = _lodged(world)
    return lambda: objections.pass_on(
        found, by=world.clerk, now=moment, to="示例单位〔示例〕", reason="不属本级。"
    )


def _appeal(world: World) -> Act:
    found, moment = _lodged(world)
    stages.decided(found, "not_upheld", by=world.clerk, now=moment)
    return lambda: appeals.lodge(found, facts="没有去地里量过。", now=moment)


def _discard_sheet(world: World) -> Act:
    _, posting, moment = _sheet(world)
    return lambda: drafts.discard(posting, by=world.clerk, now=moment)


def _excuse(world: World) -> Act:
    _, posting, _ = _hanging(world)
    moment = stages.after(posting)
    postings.close(posting.pk, now=moment)
    return lambda: postings.excuse_end_photo(posting, reason="相机坏了。", by=world.reviewer, now=moment)


def _report(world: World) -> Act:
    _, posting, moment = _hanging(world)
    return lambda: postings.report_tampered(posting.pk, now=moment)


MODULES = {
    "intake": "amend attach attach_all submit discard resubmit withdraw",
    "fieldwork": "record_visit record_meeting",
}
"""Where the verbs of the table live that are not in `reviews`."""
TABLE = {
    f"{next((home for home, names in MODULES.items() if verb.name in names.split()), 'reviews')}.{verb.name}": (
        from_table(verb)
    )
    for verb in law_verbs.VERBS
    if verb.done_in and " " not in verb.name
}
OTHERS: dict[str, Ready] = {
    "intake.enter": _enter,
    "intake.withdraw: from a sheet": _withdraw_on_display,
    "mending.tick_faults": _tick_faults,
    "reviews.lapse": _lapse,
    "drafts.prepare": from_table(
        next(verb for verb in law_verbs.VERBS if verb.name == "draft a village sheet")
    ),
    "drafts.discard": _discard_sheet,
    "postings.display": _display,
    "postings.take_down": _take_down,
    "closings.close_all": _close,
    "postings.add_end_photo": _end_photo,
    "postings.excuse_end_photo": _excuse,
    "postings.report_tampered": _report,
    "releases.pass_covered": _release,
    "announcements.write_items": _write_items,
    "announcements.publish": _publish,
    "objections.lodge": _lodge,
    "objections.accept": _accept,
    "objections.not_accept": _not_accept,
    "objections.investigate": _investigate,
    "objections.withdraw": _withdraw_objection,
    "objections.pass_on": _pass_on_objection,
    "objections.decide: corrected": _decide("corrected"),
    "objections.decide: cancelled": _decide("cancelled"),
    "objections.decide: not upheld": _decide("not_upheld"),
    "appeals.lodge": _appeal,
    "reminders.remind": _remind,
    "reminders.escalate": _escalate,
    "setbacks.note": _note,
}
ALL = TABLE | OTHERS
WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", list(ALL))
def test_whatever_fails_nothing_changes_and_the_act_then_succeeds(world: World, name: str) -> None:
    assert fails_everywhere(ALL[name](world)) >= 3


def test_every_verb_that_opens_a_transaction_is_in_a_table() -> None:
    """A function with a durable block of its own is a verb; the private ones are reached through the public ones."""
    found = set()
    for path in WORKFLOW.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and "durable=True" in ast.unparse(node):
                found.add(f"{path.stem}.{node.name}")
    public = {name for name in found if "._" not in name}
    assert len(public) > 50
    assert public <= {name.split(":")[0] for name in [*ALL, *test_statements_beside.ALL]}


@pytest.mark.django_db(transaction=True)
def test_a_page_whose_database_fails_says_so_and_the_same_form_then_goes_through(world: World) -> None:
    case = stages.submitted(world)
    browser = as_(world.clerk)
    browser.raise_request_exception = False
    form = {"revision": case.revision, "key": uuid4().hex, "opinion": "同意。"}
    before = written.everything()
    failures = 0
    with clock_at(world.now):
        for number in range(1, MOST):
            with breaking.statement(number) as asked:
                answer = browser.post(f"/applications/{case.pk}/pass/", form)
            if len(asked) < number:
                break
            if answer.status_code == 302:
                # What comes after the verb (the session, a message) has its own ways; the decision stands.
                break
            failures += 1
            assert answer.status_code == 500
            assert "系统出了错，您的操作没有完成。" in answer.content.decode()
            assert written.everything() == before
        assert failures > 10
        with breaking.commit() as asked:
            lost = browser.post(f"/applications/{case.pk}/pass/", form)
        again = browser.post(f"/applications/{case.pk}/pass/", form)
    assert (answer.status_code, again.status_code) == (302, 302)
    assert lost.status_code in {302, 500}
    assert stages.again(case).state == State.VILLAGE_POSTING
    assert case.history.filter(act="pass_village_review").count() == 1
