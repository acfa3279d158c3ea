"""The tabs of a case's page: each loads its own rows, and no other tab's."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Prefetch, QuerySet, prefetch_related_objects

from applications import papers
from applications.models import (
    Application,
    AppraisalItem,
    Attachment,
    HistoryEntry,
    VerificationVisit,
    Verifier,
)
from applications.states import CORRECTIONS, REVIEWS, State
from registry import masking
from registry.appointments import Actor
from workflow import interests, letters, permissions, returns, reuse
from workflow.forms.applications import FaultsForm
from workflow.models import Objection, PostingEntry, PostingState, word_for
from workflow.steps import staff_label

Load = Callable[[Application, Actor, Sequence[HistoryEntry]], dict[str, Any]]


@dataclass(frozen=True)
class Tab:
    name: str
    label: str
    template: str
    load: Load


def _form(case: Application, actor: Actor, history: Sequence[HistoryEntry]) -> dict[str, Any]:
    """The application itself, what it still lacks, and what it was last sent back for."""
    return {
        "payee_card": masking.mask_card(case.payee_card or ""),
        "payee_id": masking.mask_id_number(case.payee.id_number or ""),
        "phone": masking.mask_phone(case.household.phone or ""),
        "lacking": _lacking(case),
        **_returned(case, actor, history),
    }


def _lacking(case: Application) -> list[tuple[str, bool, str]]:
    """What the village has to have done before its next step: (what, done, how it stands)."""
    state = State(case.state)
    if state not in {State.DRAFT, State.VILLAGE_REVIEW}:
        return []
    missing = papers.missing([case])[case.pk]
    found = [("所需材料", not missing, f"还缺{'、'.join(missing)}" if missing else "必须的材料齐全")]
    if state is State.DRAFT:
        return [("申请人承诺", case.committed, "已签署" if case.committed else "还没有签署"), *found]
    visit = case.visits.first()
    item = case.appraisals.select_related("meeting").order_by("meeting__held_on", "pk").last()
    visited = f"{visit.visited_on}核实，{'属实' if visit.confirmed else '不属实'}" if visit else "还没有登记"
    appraised = f"{item.meeting.held_on}评议，{_vote(item)}" if item else "还没有登记"
    return [
        ("入户核实", bool(visit and visit.confirmed), visited),
        ("民主评议", bool(item and item.passed), appraised),
        *found,
    ]


def _vote(item: AppraisalItem) -> str:
    word = "通过" if item.passed else "没有通过"
    return f"到会{item.meeting.present}人，同意{item.in_favour}人，{word}"


def _returned(case: Application, actor: Actor, history: Sequence[HistoryEntry]) -> dict[str, Any]:
    """The last return of a case in correction or under review again, and the ticks for whoever may set them."""
    sent_back = any(entry.act in returns.RETURNS for entry in history)
    if not sent_back or case.state not in CORRECTIONS | REVIEWS:
        return {}
    returned = returns.last(case)
    if returned is None or not returned.faults or not permissions.may_tick(actor, case):
        return {"returned": returned}
    return {
        "returned": returned,
        "ticks": FaultsForm(faults=returned.faults, initial={"revision": case.revision}),
    }


def _field(case: Application, actor: Actor, history: Sequence[HistoryEntry]) -> dict[str, Any]:
    """Visits with their verifiers and photos, and what meetings said."""
    shown = _visits(case)
    items = case.appraisals.select_related("meeting").order_by("-meeting__held_on", "-pk")
    for item in (appraisals := list(items)):
        item.vote = _vote(item)  # type: ignore[attr-defined]
    reuse.note([photo for visit in shown for photo in visit.photos.all()], actor)
    return {"visits": shown, "appraisals": appraisals}


def _visits(case: Application) -> list[VerificationVisit]:
    """The visits, the latest first, with verifiers and photos: two statements, for no visit is without verifiers."""
    rows = (
        Verifier.objects.filter(visit__application=case).select_related("visit__recorded_by").order_by("pk")
    )
    verifiers: dict[int, list[Verifier]] = defaultdict(list)
    visits: dict[int, VerificationVisit] = {}
    for verifier in rows:
        verifiers[verifier.visit_id].append(verifier)
        visits[verifier.visit_id] = verifier.visit
    for visit in (found := list(visits.values())):
        visit.seen_by = verifiers[visit.pk]  # type: ignore[attr-defined]
    prefetch_related_objects(found, Prefetch("photos", _files()))
    return sorted(found, key=lambda visit: (visit.visited_on, visit.pk), reverse=True)


def _files() -> QuerySet[Attachment]:
    """Files, each with whether its photo stands elsewhere too (`twice`)."""
    return Attachment.objects.annotate(twice=ExpressionWrapper(reuse.elsewhere(), BooleanField()))


def _sheets(case: Application, actor: Actor, history: Sequence[HistoryEntry]) -> dict[str, Any]:
    """The sheets the case stands or stood on, and the objections to it. Never who objected, nor what they said."""
    entries = PostingEntry.objects.filter(application=case).select_related(
        "posting__region", "repeats__posting"
    )
    objections = Objection.objects.visible_to(actor).filter(application=case).select_related("posting")
    lodge = permissions.may_lodge(actor, case)
    rows = list(entries.order_by("-pk"))
    for entry in rows:
        shown = entry.posting.state != PostingState.DRAFT
        entry.may_object = bool(lodge and permissions.takes_objections(entry)) and shown  # type: ignore[attr-defined]
    return {"entries": rows, "objections": list(objections)}


def _history(case: Application, actor: Actor, history: Sequence[HistoryEntry]) -> dict[str, Any]:
    """Every act on the case, newest first, with decisions' cuts and the cases that follow this one."""
    decisions = {(decision.batch, decision.act): decision for decision in case.decisions.all()}
    told = {place: one.pk for place, one in decisions.items() if letters.tells(one)}
    lines = [
        {
            "entry": entry,
            "word": word_for(entry.act),
            "moved": staff_label(entry.target) if entry.source != entry.target else "",
            "cut": one if (one := decisions.get((entry.batch, entry.act))) and one.is_cut else None,
            "letter": told.get((entry.batch, entry.act)),
        }
        for entry in reversed(history)
    ]
    found: dict[str, Any] = {"lines": lines, "followers": list(case.followers.all())}
    if case.village.code.startswith(permissions.audited_prefixes(actor)):
        found["ties"] = interests.at_decisions(case, [one.at for one in decisions.values()])
    return found


def _papers(case: Application, actor: Actor, history: Sequence[HistoryEntry]) -> dict[str, Any]:
    """The files of the case, and the required papers that it lacks."""
    rows = _files().filter(application=case).select_related("paper", "uploaded_by", "removal")
    files = list(rows.order_by("kind", "pk"))
    reuse.note(files, actor)
    return {"files": files, "missing": papers.missing([case])[case.pk]}


TABS: Mapping[str, Tab] = {
    tab.name: tab
    for tab in (
        Tab("form", "申请", "desk/_case_form.html", _form),
        Tab("field", "核实评议", "desk/_case_field.html", _field),
        Tab("sheets", "公示与异议", "desk/_case_sheets.html", _sheets),
        Tab("history", "审批记录", "desk/_case_history.html", _history),
        Tab("papers", "附件", "desk/_case_papers.html", _papers),
    )
}
