"""Recording the village's work: visits (入户核实) and appraisal meetings (民主评议)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from applications import uploads
from applications.models import (
    Application,
    AppraisalItem,
    AppraisalMeeting,
    AttachmentKind,
    MeetingKind,
    VerificationVisit,
    Verifier,
)
from applications.standing import Standing
from applications.states import Level, State
from registry.models import Region, User
from registry.refusal import Refused
from workflow import engine, permissions, receipts
from workflow.proceedings import NoSuchCase, Proceeding
from workflow.results import Ref, Result, one


class BadVisit(Refused):
    """A visit that does not count: too few verifiers, nobody but the enterer, a wrong date."""


class BadMeeting(Refused):
    """A meeting that does not count: no quorum, figures that cannot be, a wrong date."""


@dataclass(frozen=True)
class VerifierName:
    """One verifier: a user of the system, or a named person with a post."""

    name: str
    post: str = ""
    user: User | None = None


def record_visit(
    ref: Ref,
    *,
    by: User,
    now: datetime,
    visited_on: date,
    verifiers: Sequence[VerifierName],
    findings: str,
    confirmed: bool,
    photos: Sequence[UploadedFile] = (),
) -> VerificationVisit:
    """Record a visit by at least two verifiers, one of whom did not enter the case."""
    people = list({person.name.strip(): person for person in verifiers if person.name.strip()}.values())
    pictures = [uploads.prepare(photo, photo=True) for photo in photos]
    with transaction.atomic(durable=True):
        proceeding = Proceeding(engine.locked([ref]), by, now)
        actor = proceeding.actor
        assert actor is not None

        def law(application: Application, standing: Standing) -> None:
            names = {person.name.strip() for person in people}
            if len(names) < 2:
                raise BadVisit("入户核实须有两名以上核实人。")
            if names == {application.entered_by.name} or not names - {application.entered_by.name}:
                raise BadVisit("核实人中至少一人不能是代办录入的人。")
            if visited_on > proceeding.today:
                raise BadVisit("核实日期不能晚于今天。")
            if visited_on < application.applied_on:
                raise BadVisit("核实日期不能早于申请日期。")
            if not findings.strip():
                raise BadVisit("请写明核实情况。")

        case = proceeding.step(
            ref,
            "record_visit",
            law,
            permitted=lambda application: permissions.may_amend(actor, application),
            level=Level.VILLAGE,
            text=f"入户核实：{'属实' if confirmed else '不属实'}。",
            data={"files": [picture.kept_sha256 for picture in pictures]},
        )
        if case is None:
            one(proceeding.results)
            raise AssertionError("a refused step raises")
        visit = VerificationVisit.objects.create(
            application=case,
            visited_on=visited_on,
            findings=findings.strip(),
            confirmed=confirmed,
            recorded_by=by,
            recorded_at=now,
        )
        Verifier.objects.bulk_create(
            Verifier(visit=visit, name=person.name.strip(), post=person.post.strip(), user=person.user)
            for person in people
        )
        for picture in pictures:
            uploads.keep(picture, kind=AttachmentKind.VISIT, by=by.pk, at=now, application=case, visit=visit)
        proceeding.write()
        return visit


@dataclass(frozen=True)
class Minutes:
    """What the meeting's record says."""

    kind: MeetingKind
    held_on: date
    place: str
    entitled: int
    present: int
    chair: str
    recorder: str
    minutes: str


def record_meeting(
    village: Region,
    *,
    minutes: Minutes,
    votes: Mapping[int, int],
    by: User,
    now: datetime,
    opinions: Mapping[int, str] | None = None,
    papers: Sequence[UploadedFile] = (),
    key: str | None = None,
) -> AppraisalMeeting:
    """Record a quorate meeting that appraised cases of its village; `votes` are those in favour, by case."""
    if not votes:
        raise BadMeeting("请至少选择一件参加评议的申请。")
    files = [uploads.prepare(paper) for paper in papers]
    named = {"files": [file.kept_sha256 for file in files]}
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="record_meeting", by=by.pk, at=now)) is not None:
            return AppraisalMeeting.objects.get(pk=before[0].pk)
        proceeding = Proceeding(engine.locked([Ref(case) for case in votes]), by, now)
        if set(votes) - set(proceeding.locked.cases):
            raise NoSuchCase
        actor = proceeding.actor
        assert actor is not None
        permissions.may_hold_meeting(actor, village).enforce()
        meeting = AppraisalMeeting(village=village, recorded_by=by, recorded_at=now, **vars(minutes))
        _refuse_bad_meeting(meeting, proceeding.today)
        for case in proceeding.locked.cases.values():
            _refuse_bad_item(meeting, case, votes[case.pk])
        meeting.save()
        AppraisalItem.objects.bulk_create(
            AppraisalItem(
                meeting=meeting, application_id=case, in_favour=count, opinion=(opinions or {}).get(case, "")
            )
            for case, count in votes.items()
        )
        for file in files:
            uploads.keep(file, kind=AttachmentKind.MEETING, by=by.pk, at=now, meeting=meeting)
        for case in proceeding.locked.cases.values():
            text = f"{meeting.get_kind_display()}评议：到会{meeting.present}人，同意{votes[case.pk]}人。"
            proceeding.touch(case, "record_meeting", text=text, level=Level.VILLAGE, data=named)
        proceeding.write()
        receipts.keep(key, [Result(meeting.pk, "", True)])
        return meeting


def _refuse_bad_meeting(meeting: AppraisalMeeting, today: date) -> None:
    if meeting.held_on > today:
        raise BadMeeting("会议日期不能晚于今天。")
    if meeting.present < 1:
        raise BadMeeting("没有人到会，评议无效。")
    if meeting.present > meeting.entitled:
        raise BadMeeting("实到人数不能多于应到人数。")
    if not meeting.is_quorate:
        needed = "三分之二以上" if meeting.kind == MeetingKind.ASSEMBLY else "过半数"
        raise BadMeeting(f"{meeting.get_kind_display()}须有应到人数{needed}到会，评议才有效。")
    for value, label in (
        (meeting.chair, "主持人"),
        (meeting.recorder, "记录人"),
        (meeting.minutes, "会议记录"),
    ):
        if not value.strip():
            raise BadMeeting(f"请填写{label}。")


def _refuse_bad_item(meeting: AppraisalMeeting, case: Application, in_favour: int) -> None:
    if case.village_id != meeting.village_id:
        raise BadMeeting(f"申请{case.number}不属于{meeting.village.name}，不能在本会评议。")
    if State(case.state) is not State.VILLAGE_REVIEW:
        raise BadMeeting(f"申请{case.number}不在待村级申报环节，不能评议。")
    if in_favour < 0:
        raise BadMeeting(f"申请{case.number}的同意人数不能小于0。")
    if in_favour > meeting.present:
        raise BadMeeting(f"申请{case.number}的同意人数不能多于实到人数。")
    if meeting.held_on < case.applied_on:
        raise BadMeeting(f"申请{case.number}的申请日期晚于会议日期。")
