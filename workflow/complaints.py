"""What an objector says (异议内容), and taking it in: the row, its photos, its due date, the line, the messages.

Shared by objections and appeals: these functions ask for locked rows and open no transaction of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from applications import uploads
from applications.models import Application, AttachmentKind
from applications.states import Level
from notifications import catalogue
from notifications.outbox import Notice
from registry import appointments
from registry.models import Interest, User
from registry.refusal import Refused
from workflow import deadlines, numbers, permissions, sheets
from workflow.models import Channel, DeadlineKind, Objection, ObjectionEvidence, PostingEntry
from workflow.proceedings import Proceeding
from workflow.results import Ref
from workflow.steps import LEVEL_ROLE

MAX_FACTS = 5000
MAX_PHOTOS = 3


class BadObjection(Refused):
    """An objection that names no fact, or a step in its handling that lacks something."""


@dataclass(frozen=True)
class Complaint:
    """What the objector says, and how it came in. `to_confirm`: over the limit, to be confirmed by call."""

    channel: Channel
    facts: str
    anonymous: bool = False
    name: str = ""
    phone: str = ""
    concerns_cadre: bool = False
    to_confirm: bool = False
    photos: tuple[UploadedFile, ...] = ()

    def enforce(self) -> None:
        """Refuse what nobody could look into."""
        if not self.facts.strip():
            raise BadObjection("请写明异议的具体事实，例如什么人、什么情况与公示不符。")
        if len(self.facts) > MAX_FACTS:
            raise BadObjection(f"异议内容请控制在{MAX_FACTS}字以内。")
        if not self.anonymous and not self.name.strip():
            raise BadObjection("实名异议请填写姓名；不愿留名可以选择匿名。")
        if len(self.photos) > MAX_PHOTOS:
            raise BadObjection(f"照片最多{MAX_PHOTOS}张，请选最能说明情况的。")

    def with_clean_photos(self) -> "Complaint":
        """With its photos drawn anew: without the place and the telephone that a camera writes into them."""
        names = (f"异议照片{number}.jpg" for number in range(1, len(self.photos) + 1))
        clean = (uploads.repainted(one, name=name) for one, name in zip(self.photos, names, strict=True))
        return replace(self, photos=tuple(clean))


def handling_level(posting_level: Level, complaint: Complaint, case: Application, *, on: date) -> Level:
    """Who handles it: the level that posted, but the township where village cadres or their kin are concerned.

    They are concerned where the objector says so, or where a clerk of the village has declared a tie (domain.md §3).
    """
    if posting_level is not Level.VILLAGE:
        return posting_level
    clerks = appointments.holders(LEVEL_ROLE[Level.VILLAGE], {case.village.code}, on=on)[case.village.code]
    tied = Interest.objects.in_force(on).filter(household=case.household_id, user__in=clerks)
    return Level.TOWNSHIP if complaint.concerns_cadre or tied.exists() else Level.VILLAGE


def take_in(
    entry: PostingEntry,
    *,
    proceeding: Proceeding,
    complaint: Complaint,
    received: datetime,
    level: Level,
    appeal_of: Objection | None = None,
) -> Objection:
    """Write a complaint down as an objection, or as an appeal against one, and tell the level that handles it."""
    posting = proceeding.locked.postings[entry.posting_id]
    case = proceeding.locked.cases[entry.application_id]
    on = timezone.localdate(received)
    by, now = proceeding.by, proceeding.at
    objection = Objection.objects.create(  # type: ignore[misc]
        number=numbers.objection(case.village, on.year),
        receipt=numbers.receipt(),
        appeal_of=appeal_of,
        application=case,
        posting=posting,
        entry=entry,
        channel=complaint.channel,
        anonymous=complaint.anonymous,
        objector_name="" if complaint.anonymous else complaint.name.strip(),
        objector_phone=complaint.phone.strip(),
        facts=complaint.facts.strip(),
        concerns_cadre=complaint.concerns_cadre,
        to_confirm=complaint.to_confirm,
        received_at=received,
        received_by=by,
        late=posting.closes_on is None or on > posting.closes_on,
        handling_level=level,
    )
    files = _keep_photos(objection, complaint, by=by, now=now)
    due = deadlines.enter_objection(
        objection,
        DeadlineKind.ACCEPTANCE,
        days=case.programme.acceptance_days,
        at=now,
        calendar=proceeding.calendar,
        start=on,
    )
    deadlines.pause([case.pk], at=now)
    context: dict[str, Any] = {"number": case.number, "objection": objection.number, "due": due.due_on}
    if appeal_of is None:
        act, text, event = "objection_received", "收到异议", catalogue.OBJECTION_RECEIVED
    else:
        act, text, event = "appeal_received", f"异议{appeal_of.number}申请复核", catalogue.APPEAL_RECEIVED
        context["level"] = appeal_of.get_handling_level_display()
    named = {"files": files} if files else {}
    proceeding.touch(case, act, text=f"{text}（编号{objection.number}）。", data=named)
    proceeding.write()
    proceeding.say([to_handlers(objection, event, context, proceeding, "received")])
    return objection


def _keep_photos(objection: Objection, complaint: Complaint, *, by: User | None, now: datetime) -> list[str]:
    """Store the evidence; the digests by which the case's line names it."""
    files = []
    for photo in complaint.photos:
        kept = uploads.keep(
            photo, kind=AttachmentKind.OBJECTION, by=by.pk if by else None, at=now, photo=True
        )
        ObjectionEvidence.objects.create(objection=objection, attachment=kept)
        files.append(kept.kept_sha256)
    return files


def to_handlers(
    objection: Objection,
    event: catalogue.Event,
    context: Mapping[str, object],
    proceeding: Proceeding,
    stage: str,
    *,
    level: Level | None = None,
) -> Notice:
    """A notice to the people of the level that handles the objection, or of the level named."""
    code = objection.application.village.code
    role = LEVEL_ROLE[level or Level(objection.handling_level)]
    people = appointments.holders(role, {code}, on=proceeding.today)[code]
    return Notice(
        event=event,
        fact=f"objection:{objection.pk}",
        stage=stage,
        recipients=people,
        context=context,
        application=objection.application_id,
        url=objection.get_absolute_url(),
    )


def under_lock(objection: Objection, *, by: User, now: datetime) -> tuple[Objection, Proceeding]:
    """Lock the sheets of the case, the case, and the objection, and ask whether the person may handle it."""
    locked = sheets.locked_with_sheets([Ref(objection.application_id)])
    rows = Objection.objects.select_for_update(of=("self",)).select_related("entry", "appeal_of")
    kept = rows.get(pk=objection.pk)
    proceeding = Proceeding(locked, by, now)
    kept.application = locked.cases[objection.application_id]
    if proceeding.actor is not None:
        permissions.may_handle(proceeding.actor, kept).enforce()
    return kept, proceeding
