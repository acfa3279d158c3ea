"""The application as a paper form (申请表): what the household signs, and what each level wrote and seals.

Numbers of persons, telephones and cards are masked; who needs them whole asks for them with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone

from applications import amounts
from applications.models import Application
from applications.states import CORRECTIONS, FINAL, LEVEL_OF, REVIEWS, Level, State
from registry import masking
from registry.models import MemberStatus
from workflow.letters import money, name_of, region_of
from workflow.models import Act, Decision

PROMISE = "本人承诺：以上内容和所附材料真实、有效，没有重复申报。如有不实，愿意退回补助资金，并承担相应责任。"
OPINIONS: dict[Level, tuple[str, Act]] = {
    Level.VILLAGE: ("村级申报意见", Act.PASS_VILLAGE),
    Level.TOWNSHIP: ("乡级审核意见", Act.PASS_TOWNSHIP),
    Level.DISTRICT: ("区级审定意见", Act.PASS_DISTRICT),
}
Pair = tuple[str, str]
"""A label and what stands beside it."""


@dataclass(frozen=True)
class Block:
    """A part of the form that ends in a hand or a seal: what it says, who signs, the date if one is on record."""

    title: str
    text: str
    signers: str
    on: date | None = None
    seal: str = ""


@dataclass(frozen=True)
class PaperForm:
    """The form, line by line: two pairs on a line, or one over its whole width."""

    title: str
    number: str
    lines: tuple[tuple[Pair, ...], ...]
    blocks: tuple[Block, ...]


def of(case: Application) -> PaperForm:
    """The form of one case as it stands now. Ask for it with household, members and regions."""
    return PaperForm(
        title=f"{case.programme}申请表",
        number=case.number,
        lines=tuple(_lines(case)),
        blocks=(
            Block("申请人承诺", PROMISE, "申请人（签名、按手印）"),
            _visit(case),
            _meeting(case),
            *_opinions(case),
        ),
    )


def _lines(case: Application) -> Sequence[tuple[Pair, ...]]:
    household, programme = case.household, case.programme
    head = household.head
    about = case.member or case.payee
    living = [member for member in household.members.all() if member.status == MemberStatus.ALIVE]
    unit = programme.quantity_unit
    lines: list[tuple[Pair, ...]] = [
        (("户主", head.name if head else "没有登记"), ("户编号", household.number)),
        (("村、村民组", f"{case.village} {household.group}".strip()), ("家庭人口", f"{len(living)}人")),
        (
            ("户类别", household.get_category_display()),
            ("联系电话", masking.mask_phone(household.phone or "")),
        ),
        (
            ("申请对象", f"{about.name}（{about.get_relationship_display()}）"),
            ("身份证号", masking.mask_id_number(about.id_number or "")),
        ),
        (("申请日期", f"{case.applied_on:%Y-%m-%d}"), ("代办人", f"{case.entered_by}")),
        (("申请项目", f"{programme}"),),
        (("补贴标准", programme.standard),),
    ]
    if case.option:
        lines.append((("档次", case.option),))
    lines.append(_amounts("申报", case.claimed_quantity, unit, case.claimed_amount))
    if case.was_cut:
        lines.append(_amounts("核定", case.quantity, unit, case.amount))
    return [
        *lines,
        (("计算过程", case.working),),
        (("申请理由", case.reason or "没有填写"),),
        (("收款人", f"{case.payee}"), ("开户行", case.payee_bank or "没有登记")),
        (("一卡通账号", masking.mask_card(case.payee_card or "") or "没有登记"),),
    ]


def _amounts(word: str, quantity: Decimal, unit: str, amount: Decimal) -> tuple[Pair, ...]:
    return (f"{word}数量", f"{amounts.plain(quantity)}{unit}"), (f"{word}金额", f"{money(amount)}元")


def _visit(case: Application) -> Block:
    visit = case.visits.prefetch_related("verifiers").first()
    if visit is None:
        return Block("入户核实", "", "核实人（两人以上签名）")
    people = "、".join(one.name for one in visit.verifiers.all())
    word = "情况属实" if visit.confirmed else "情况不属实"
    text = f"{visit.findings.rstrip('。')}。{word}。核实人：{people}。"
    return Block("入户核实", text, "核实人（签名）", visit.visited_on)


def _meeting(case: Application) -> Block:
    item = case.appraisals.select_related("meeting").order_by("meeting__held_on", "pk").last()
    if item is None:
        return Block("民主评议", "", "主持人（签名）")
    meeting = item.meeting
    word = "评议通过" if item.passed else "评议没有通过"
    text = (
        f"{meeting.get_kind_display()}，应到{meeting.entitled}人，到会{meeting.present}人，"
        f"同意{item.in_favour}人，{word}。{item.opinion}"
    )
    return Block("民主评议", text, "主持人、记录人（签名）", meeting.held_on)


def _opinions(case: Application) -> list[Block]:
    """One block a level: the opinion that stands, or an empty place for it."""
    stands = _standing_levels(State(case.state))
    wanted = [Act.REJECT, *(act for _, act in OPINIONS.values())]
    last: dict[str, Decision] = {}
    for decision in case.decisions.filter(act__in=wanted).select_related("by").order_by("at", "pk"):
        last[decision.level] = decision
    blocks = []
    for level, (title, _) in OPINIONS.items():
        region = region_of(case, level)
        seal = name_of(region) if region else level.label
        stood = last.get(level) if level in stands else None
        if stood is None:
            blocks.append(Block(title, "", "经办人（签名）", seal=seal))
            continue
        word = "" if stood.act != Act.REJECT else f"{stood.get_reason_code_display()}。不予批准："
        text = f"{word}{stood.opinion.rstrip('。')}。经办人：{stood.by}。"
        blocks.append(Block(title, text, "经办人（签名）", timezone.localdate(stood.at), seal))
    return blocks


def _standing_levels(state: State) -> frozenset[Level]:
    """The levels whose opinion stands: those below the one that holds the case, and that one once it has passed."""
    if state in FINAL:
        return frozenset(Level)
    level = LEVEL_OF[state]
    undecided = state in REVIEWS | CORRECTIONS | {State.DRAFT}
    return frozenset(level.below if undecided else level.and_below)
