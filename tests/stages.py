"""Taking cases to a stage with the real verbs, never by writing rows."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from applications.models import Application, MeetingKind, Programme
from applications.states import State
from registry.models import Household, Member, User
from tests.kept import stage
from tests.world import MU, World, photo
from workflow import announcements, drafts, fieldwork, intake, objections, postings, reviews
from workflow.announcements import TenItems
from workflow.fieldwork import Minutes, VerifierName
from workflow.models import Channel, Objection, Posting, PostingEntry, PostingKind
from workflow.objections import Complaint
from workflow.postings import Display
from workflow.results import Ref, Result, one
from workflow.reviews import FaultText

ORDER = (
    State.DRAFT,
    State.VILLAGE_REVIEW,
    State.VILLAGE_POSTING,
    State.TOWNSHIP_REVIEW,
    State.TOWNSHIP_POSTING,
    State.DISTRICT_REVIEW,
    State.DISTRICT_POSTING,
    State.ANNOUNCEMENT,
    State.ANNOUNCED,
)
ITEMS = TenItems(
    place="示例镇",
    content="示例内容",
    funding="示例资金〔示例〕",
    construction_period="2021年",
    result="已完成",
    inspection="合格",
    performance="达到",
    responsible="示例单位〔示例〕",
    phones="12317",
)


def key() -> str:
    return uuid4().hex


def again(case: Application) -> Application:
    """The case as the database has it now."""
    return Application.objects.select_related("programme", "village", "household", "member", "payee").get(
        pk=case.pk
    )


@stage
def draft(
    world: World,
    *,
    household: Household | None = None,
    programme: Programme | None = None,
    member: Member | None = None,
    quantity: Decimal = MU,
    village: int = 0,
    now: datetime | None = None,
    committed: bool = True,
) -> Application:
    """A draft of the village's clerk."""
    moment = now or world.now
    form = intake.Form(
        programme=programme or world.grain,
        household=household or world.household(village=village),
        quantity=quantity,
        applied_on=timezone.localdate(moment),
        member=member,
        committed=committed,
    )
    result = intake.enter(form, by=world.clerks[village], now=moment)
    return Application.objects.get(pk=result.pk)


def do(results: Sequence[Result]) -> Result:
    """The one result, which must be done."""
    result = one(results)
    assert result.done, result.sentence
    return result


def submitted(
    world: World, *, village: int = 0, now: datetime | None = None, **values: object
) -> Application:
    """In 待村级申报, visited and appraised, ready to be declared."""
    moment = now or world.now
    case = draft(world, village=village, now=moment, **values)  # type: ignore[arg-type]
    forward(world, case, State.VILLAGE_REVIEW, moment, village=village)
    return again(case)


@stage
def visit(world: World, case: Application, *, village: int = 0, now: datetime | None = None) -> None:
    moment = now or world.now
    fieldwork.record_visit(
        Ref(case.pk),
        by=world.clerks[village],
        now=moment,
        visited_on=timezone.localdate(moment),
        verifiers=[VerifierName(world.clerks[village].name, "村委"), VerifierName("钱队员", "驻村工作队")],
        findings="情况与申请一致。",
        confirmed=True,
    )


@stage
def meeting(
    world: World, cases: Sequence[Application], *, village: int = 0, now: datetime | None = None
) -> None:
    moment = now or world.now
    fieldwork.record_meeting(
        world.villages[village],
        minutes=Minutes(
            kind=MeetingKind.ASSEMBLY,
            held_on=timezone.localdate(moment),
            place="村部",
            entitled=30,
            present=24,
            chair="钱主任",
            recorder="孙文书",
            minutes="逐户评议。",
        ),
        votes={case.pk: 24 for case in cases},
        by=world.clerks[village],
        now=moment,
    )


@stage
def passed(world: World, cases: Sequence[Application], *, by: User, now: datetime) -> None:
    for result in reviews.pass_on([Ref.of(again(case)) for case in cases], by=by, now=now):
        assert result.done, result.sentence


@stage
def sheet(
    world: World,
    cases: Sequence[Application],
    *,
    kind: PostingKind,
    now: datetime,
    village: int = 0,
    by: User | None = None,
    supplements: Posting | None = None,
) -> Posting:
    """A draft sheet of the level with these cases."""
    region = {
        PostingKind.VILLAGE: world.villages[village],
        PostingKind.TOWNSHIP: world.township,
        PostingKind.DISTRICT: world.county,
        PostingKind.ANNOUNCEMENT: world.county,
    }[kind]
    who = {
        PostingKind.VILLAGE: world.clerks[village],
        PostingKind.TOWNSHIP: world.reviewer,
        PostingKind.DISTRICT: world.approver,
        PostingKind.ANNOUNCEMENT: world.approver,
    }[kind]
    programme = again(cases[0]).programme
    return drafts.prepare(
        kind=kind,
        region=region,
        programme=programme,
        applications=[case.pk for case in cases],
        heading=drafts.default_heading(kind, region, programme),
        by=by or who,
        now=now,
        supplements=supplements,
    )


@stage
def displayed(
    world: World,
    cases: Sequence[Application],
    *,
    kind: PostingKind,
    now: datetime,
    village: int = 0,
    supplements: Posting | None = None,
) -> Posting:
    """A sheet on display since `now`."""
    posting = sheet(world, cases, kind=kind, now=now, village=village, supplements=supplements)
    act = Display(place="村务公开栏", displayed_at=now, witness="吴监督", photo=photo())
    postings.display([posting.pk], act=act, by=posting.created_by, now=now)
    return Posting.objects.get(pk=posting.pk)


def after(posting: Posting) -> datetime:
    """The first morning after the sheet's last day."""
    assert posting.closes_on is not None
    return timezone.make_aware(datetime.combine(posting.closes_on + timedelta(days=1), datetime.min.time()))


@stage
def ran(
    world: World, cases: Sequence[Application], *, kind: PostingKind, now: datetime, village: int = 0
) -> datetime:
    """Post the cases for the full period and close the sheet; returns the moment of closing."""
    posting = displayed(world, cases, kind=kind, now=now, village=village)
    moment = after(posting)
    result = postings.close(posting.pk, now=moment)
    assert result.done
    photographed(posting, now=moment)
    return moment


@stage
def photographed(posting: Posting, *, now: datetime) -> None:
    """The sheet with its photo of the end, as its announcement asks for."""
    postings.add_end_photo(posting, photo=photo(), by=posting.created_by, now=now)


def reach(
    world: World, state: State, *, now: datetime | None = None, village: int = 0, **values: object
) -> tuple[Application, datetime]:
    """One case brought to a state on the straight way, and the moment it got there."""
    case, moment = draft(world, village=village, now=now or world.now, **values), now or world.now  # type: ignore[arg-type]
    for step in ORDER[1 : ORDER.index(state) + 1]:
        moment = forward(world, case, step, moment, village=village)
    return again(case), moment


@stage
def forward(world: World, case: Application, to: State, now: datetime, *, village: int = 0) -> datetime:
    """One step of the straight way."""
    if to is State.VILLAGE_REVIEW:
        do(intake.submit([Ref.of(again(case))], by=world.clerks[village], now=now))
        visit(world, case, village=village, now=now)
        meeting(world, [case], village=village, now=now)
    elif to is State.VILLAGE_POSTING:
        passed(world, [case], by=world.clerks[village], now=now)
    elif to is State.TOWNSHIP_POSTING:
        passed(world, [case], by=world.reviewer, now=now)
    elif to is State.DISTRICT_POSTING:
        passed(world, [case], by=world.approver, now=now)
    elif to is State.TOWNSHIP_REVIEW:
        return ran(world, [case], kind=PostingKind.VILLAGE, now=now, village=village)
    elif to is State.DISTRICT_REVIEW:
        return ran(world, [case], kind=PostingKind.TOWNSHIP, now=now)
    elif to is State.ANNOUNCEMENT:
        return ran(world, [case], kind=PostingKind.DISTRICT, now=now)
    elif to is State.ANNOUNCED:
        announced(world, [case], now=now)
    return now


@stage
def announced(world: World, cases: Sequence[Application], *, now: datetime) -> tuple[Posting, list[Result]]:
    posting = sheet(world, cases, kind=PostingKind.ANNOUNCEMENT, now=now)
    announcements.write_items(posting, items=ITEMS, by=world.approver, now=now)
    results = announcements.publish(posting.pk, by=world.approver, now=now)
    return Posting.objects.get(pk=posting.pk), results


@stage
def returned(
    world: World, case: Application, *, by: User, now: datetime, fault: str = "缺少土地承包合同复印件"
) -> Result:
    return do(reviews.send_back([Ref.of(again(case))], by=by, now=now, faults=[FaultText(fault)]))


@stage
def lodged(
    world: World,
    case: Application,
    posting: Posting,
    *,
    now: datetime,
    facts: str = "该户实际种植面积不足。",
    concerns_cadre: bool = False,
    photos: tuple[UploadedFile, ...] = (),
) -> Objection:
    entry = PostingEntry.objects.get(posting=posting, application=case)
    complaint = Complaint(Channel.WEB, facts, anonymous=True, concerns_cadre=concerns_cadre, photos=photos)
    return objections.lodge(entry, complaint=complaint, now=now)


@stage
def investigated(objection: Objection, *, by: User, now: datetime) -> Objection:
    objections.accept(objection, by=by, now=now)
    people = ["复核甲", "复核乙"] if objection.appeal_of_id else ["调查甲", "调查乙"]
    return objections.investigate(objection, by=by, now=now, investigators=people)


@stage
def decided(objection: Objection, outcome: str, *, by: User, now: datetime) -> Result:
    from_state = Objection.objects.get(pk=objection.pk)
    if from_state.state == "received":
        investigated(objection, by=by, now=now)
    return objections.decide(
        objection, by=by, now=now, outcome=outcome, findings="现场丈量。", reason="事实清楚。"
    )


def day(text: str) -> date:
    return date.fromisoformat(text)
