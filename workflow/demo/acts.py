"""What the people of the story do, each by the verb that the pages call; a refusal stops the story."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from applications.amounts import plain
from applications.models import Application, MeetingKind, Programme, ProgrammeKind
from applications.states import State
from notifications import outbox
from notifications.models import Channel as Way
from notifications.models import Message
from registry import appointments
from registry.models import Household, Member, Region, Role, User
from workflow import announcements, drafts, fieldwork, intake, objections, postings, reviews
from workflow.demo import drawings
from workflow.demo.agenda import StoryBroken
from workflow.displays import Display
from workflow.fieldwork import Minutes, VerifierName
from workflow.models import Channel, EntryOutcome, Objection, Posting, PostingEntry, PostingKind
from workflow.objections import Complaint
from workflow.proceedings import Cut
from workflow.results import Ref, Result
from workflow.reviews import FaultText
from workflow.township import settling

PLACES = {
    PostingKind.VILLAGE: "村务公开栏",
    PostingKind.TOWNSHIP: "政务公开栏",
    PostingKind.DISTRICT: "政务公开栏",
}
REASONS = {
    ProgrammeKind.INDUSTRY: "发展生产，增加收入。",
    ProgrammeKind.EMPLOYMENT: "在外稳定务工，申请就业补助。",
    ProgrammeKind.TRANSPORT: "外出务工，申请交通补贴。",
    ProgrammeKind.AUXILIARY_POST: "已在村辅助岗位上岗，申请岗位补贴。",
    ProgrammeKind.FOUR_POSTS: "已受聘四员岗位，申请岗位补贴。",
}
ITEMS = announcements.TenItems(
    place="寒亭镇有关村（社区），见名单。",
    content="对名单所列各户按核定数量给予补助。",
    funding="财政衔接推进乡村振兴补助资金〔示例〕。",
    construction_period="本年度内。",
    result="名单所列事项已经完成。",
    inspection="镇、村两级检查验收合格〔示例〕。",
    performance="达到预期目标〔示例〕。",
    responsible="宣州区主管部门〔示例〕，冯区甲。",
    phones="0000-0000001〔示例〕；12317",
)


@dataclass
class Case:
    """One application of the story; `pk` is known once it has been entered."""

    household: Household
    programme: Programme
    clerk: User
    quantity: Decimal = Decimal(1)
    member: Member | None = None
    option: str = ""
    pk: int = 0

    @property
    def ref(self) -> Ref:
        return Ref(self.pk)


def require(results: Iterable[Result]) -> None:
    """Stop the story where a verb refused something, with its own sentence."""
    refused = [result.sentence for result in results if not result.done]
    if refused:
        raise StoryBroken("".join(refused))


def rows(cases: Iterable[Case], state: State) -> list[Application]:
    """The cases that are in a state now; others have taken another way meanwhile."""
    keys = [case.pk for case in cases]
    return list(
        Application.objects.filter(pk__in=keys, state=state)
        .select_related("programme", "village", "household")
        .order_by("pk")
    )


def enter(case: Case, at: datetime, *, complete: bool = True) -> None:
    """Enter the draft (代办录入); a complete one has its commitment and its compulsory papers."""
    form = intake.Form(
        programme=case.programme,
        household=case.household,
        quantity=case.quantity,
        applied_on=timezone.localdate(at),
        member=case.member,
        option=case.option,
        reason=REASONS[ProgrammeKind(case.programme.kind)],
        committed=complete,
    )
    case.pk = intake.enter(form, by=case.clerk, now=at).pk
    if complete:
        bring_papers(case, at)


def bring_papers(case: Case, at: datetime) -> None:
    """Upload the papers that the programme insists on."""
    for paper in case.programme.required_papers.filter(compulsory=True):
        upload = drawings.paper(paper.name)
        intake.attach(case.ref, paper=paper, upload=upload, by=case.clerk, now=at)


def submit(cases: Sequence[Case], at: datetime) -> None:
    """Hand the drafts in, each clerk those of the own village at once."""
    heaps: dict[User, list[Ref]] = {}
    for case in cases:
        heaps.setdefault(case.clerk, []).append(case.ref)
    for clerk, refs in heaps.items():
        require(intake.submit(refs, by=clerk, now=at))


def visit(case: Case, at: datetime) -> None:
    """Two verifiers visit, one of them from outside the village (入户核实)."""
    fieldwork.record_visit(
        case.ref,
        by=case.clerk,
        now=at,
        visited_on=timezone.localdate(at),
        verifiers=[
            VerifierName(case.clerk.name, "村级经办人", case.clerk),
            VerifierName("钱队员", "驻村工作队〔示例〕"),
        ],
        findings="现场情况与申请一致。",
        confirmed=True,
        photos=[drawings.photo_of_field()],
    )


def meet(cases: Sequence[Case], at: datetime) -> None:
    """The village's assembly appraises the cases and finds for all of them (民主评议)."""
    fieldwork.record_meeting(
        cases[0].household.village,
        minutes=Minutes(
            kind=MeetingKind.ASSEMBLY,
            held_on=timezone.localdate(at),
            place=f"{cases[0].household.village.name}会议室",
            entitled=30,
            present=24,
            chair="孙主持",
            recorder="李记录",
            minutes="逐户评议申请理由和现场核实情况，与会代表无反对意见。",
        ),
        votes={case.pk: 24 for case in cases},
        by=cases[0].clerk,
        now=at,
        papers=[drawings.paper("评议会议记录")],
    )


def pass_on(cases: Sequence[Case], state: State, at: datetime, *, by: User, opinion: str) -> None:
    refs = [Ref.of(row) for row in rows(cases, state)]
    require(reviews.pass_on(refs, by=by, now=at, opinion=opinion))


def cut(case: Case, to: Decimal, at: datetime, *, by: User) -> None:
    """Pass a case with a lower quantity (核减), its amount worked out anew."""
    row = Application.objects.select_related("programme").get(pk=case.pk)
    rule, unit = row.programme.parsed_rule, row.programme.quantity_unit
    amount = rule.compute(to, unit=unit, given=row.basis)
    cuts = {row.pk: Cut(to, amount.value, amount.working)}
    opinion = f"经核实为{plain(to)}{unit}，按实际数量核减。"
    require(reviews.pass_on([Ref.of(row)], by=by, now=at, opinion=opinion, cuts=cuts))


def send_back(case: Case, at: datetime, *, by: User, faults: Sequence[str]) -> None:
    texts = [FaultText(fault) for fault in faults]
    require(reviews.send_back([case.ref], by=by, now=at, faults=texts))


def draft_sheet(
    kind: PostingKind, region: Region, applications: Sequence[Application], at: datetime, *, by: User
) -> Posting:
    """Draft a sheet or an announcement with these cases."""
    programme = applications[0].programme
    return drafts.prepare(
        kind=kind,
        region=region,
        programme=programme,
        applications=[row.pk for row in applications],
        heading=drafts.default_heading(kind, region, programme),
        by=by,
        now=at,
    )


def hang(
    kind: PostingKind, region: Region, applications: Sequence[Application], at: datetime, *, by: User
) -> Posting:
    """Draft a sheet and put it up, with its photo and its witness."""
    posting = draft_sheet(kind, region, applications, at, by=by)
    act = Display(
        place=f"{region.name}{PLACES[kind]}",
        displayed_at=at,
        witness="沈见证",
        photo=drawings.photo_of_sheet(rows=len(applications)),
    )
    require(postings.display([posting.pk], act=act, by=by, now=at))
    return posting


def photograph_end(posting: Posting, at: datetime, *, by: User) -> None:
    photo = drawings.photo_of_sheet(rows=posting.entries.count())
    postings.add_end_photo(posting, photo=photo, by=by, now=at)


def announce(region: Region, applications: Sequence[Application], at: datetime, *, by: User) -> None:
    """Publish the announcement with its ten items (公告)."""
    posting = draft_sheet(PostingKind.ANNOUNCEMENT, region, applications, at, by=by)
    announcements.write_items(posting, items=ITEMS, by=by, now=at)
    require(announcements.publish(posting.pk, by=by, now=at))


def object_to(
    case: Case, facts: str, at: datetime, *, channel: Channel = Channel.WEB, by: User | None = None
) -> Objection:
    """Somebody objects to the row that hangs now: on the web without a name, at the counter with one."""
    entry = PostingEntry.objects.get(application=case.pk, outcome=EntryOutcome.ON_DISPLAY)
    named = by is not None
    complaint = Complaint(
        channel,
        facts,
        anonymous=not named,
        name="群众甲〔示例〕" if named else "",
        phone=settling.phone(0) if named else "",
    )
    return objections.lodge(entry, complaint=complaint, now=at, by=by)


def look_into(case: Case, at: datetime, *, by: User) -> None:
    """Accept the open objection on the case and begin the investigation with two people."""
    objection = Objection.objects.open().get(application=case.pk)
    objections.accept(objection, by=by, now=at)
    objections.investigate(objection, by=by, now=at, investigators=[by.name, "钱队员"])


def read_messages(at: datetime) -> None:
    """Everybody has read what came so far and carried the slips to the households, so that what waits is new."""
    Message.objects.unread().filter(created_at__lt=at).update(read_at=at)
    slips = Message.objects.filter(channel=Way.SLIP, created_at__lt=at).select_related("household__village")
    carried: dict[str, list[int]] = defaultdict(list)
    for slip in slips:
        assert slip.household is not None
        carried[slip.household.village.code].append(slip.pk)
    clerks = appointments.holders(Role.VILLAGE_CLERK, carried, on=timezone.localdate(at))
    for code, keys in carried.items():
        outbox.hand_over(keys, by=clerks[code][0].pk, at=at)
