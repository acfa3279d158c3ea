"""All that a reviewer reads of one case at once (案卷): five statements, for the page that stays within a dozen."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.shortcuts import get_object_or_404

from applications.models import (
    Application,
    AppraisalItem,
    AppraisalMeeting,
    Attachment,
    AttachmentKind,
    VerificationVisit,
    Verifier,
)
from registry import masking
from registry.appointments import Actor
from workflow import doubts, returns, worklists
from workflow.json_rows import JSONList
from workflow.models import Objection
from workflow.returns import Return
from workflow.views import badges


@dataclass(frozen=True)
class Dossier:
    """A case with its papers, the village's work on it, the objections to it, and its last return."""

    case: Application
    papers: list[Attachment]
    visits: list[VerificationVisit]
    appraisals: list[AppraisalItem]
    objections: list[Objection]
    returned: Return | None

    @property
    def open_objections(self) -> int:
        return sum(objection.is_open for objection in self.objections)

    @property
    def card(self) -> str:
        return masking.mask_card(self.case.payee_card or "")


def cases(actor: Actor) -> QuerySet[Application]:
    """The cases a person may see, with what `read` makes a dossier of."""
    meeting = JSONObject(
        pk="meeting",
        held_on="meeting__held_on",
        kind="meeting__kind",
        entitled="meeting__entitled",
        present="meeting__present",
        in_favour="in_favour",
        opinion="opinion",
    )
    items = AppraisalItem.objects.filter(application=OuterRef("pk")).order_by().values("application")
    rows = returns.annotated(doubts.annotated(worklists.cases(actor)))
    rows = rows.annotate(entered_by_name=F("entered_by__name"))
    return rows.annotate(appraised=Subquery(items.annotate(found=JSONList(meeting)).values("found")[:1]))


def load(pk: int, actor: Actor) -> Dossier:
    """The dossier of a case the person may see; a stranger finds nothing."""
    case = get_object_or_404(cases(actor), pk=pk)
    files = list(
        Attachment.objects.filter(Q(application=pk) | Q(visit__application=pk))
        .exclude(kind=AttachmentKind.OBJECTION)
        .select_related("paper")
        .order_by("kind", "pk")
    )
    visits = _visits(pk)
    for visit in visits:
        visit.pictures = [file for file in files if file.visit_id == visit.pk]  # type: ignore[attr-defined]
    papers = [file for file in files if file.visit_id is None]
    objected = vars(case)["ever_objected"]
    objections = (
        list(Objection.objects.visible_to(actor).filter(application=pk).order_by("-pk")) if objected else []
    )
    return Dossier(
        case=badges.put_on(case, today=actor.on),
        papers=papers,
        visits=visits,
        appraisals=_appraisals(vars(case)["appraised"]),
        objections=objections,
        returned=returns.read(case, papers, visits),
    )


def _visits(pk: int) -> list[VerificationVisit]:
    """The latest first, with those who made it: a visit without anybody is not recorded."""
    found: dict[int, VerificationVisit] = {}
    people: dict[int, list[Verifier]] = {}
    rows = Verifier.objects.filter(visit__application=pk).select_related("visit")
    for person in rows.order_by("-visit__visited_on", "-visit", "pk"):
        found.setdefault(person.visit_id, person.visit)
        people.setdefault(person.visit_id, []).append(person)
    for key, visit in found.items():
        visit.people = people[key]  # type: ignore[attr-defined]
    return list(found.values())


def _appraisals(rows: list[dict[str, Any]] | None) -> list[AppraisalItem]:
    """The latest meeting first; the rules of a vote are those of the models."""
    found = [
        AppraisalItem(
            meeting=AppraisalMeeting(
                pk=row["pk"],
                held_on=date.fromisoformat(row["held_on"]),
                kind=row["kind"],
                entitled=row["entitled"],
                present=row["present"],
            ),
            in_favour=row["in_favour"],
            opinion=row["opinion"],
        )
        for row in rows or ()
    ]
    return sorted(found, key=lambda item: (item.meeting.held_on, item.meeting.pk), reverse=True)
