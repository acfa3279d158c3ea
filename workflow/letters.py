"""The letters to a household (告知书), written from what was decided and reprinted the same at any time.

A return has one numbered list of faults, its due date and its delivery; a refusal has its reason and the way to have it
looked at again (复核). No document number is invented: a blank is left for the one that is given by hand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import number_format

from applications import amounts
from applications.models import Application
from applications.states import Level, State
from registry.models import Region
from workflow.calendar import chinese_date
from workflow.models import Act, Deadline, DeadlineKind, Decision
from workflow.notices import RECONSIDERED_BY

BLANK_NUMBER = "〔　　　　〕　　　号"
HOTLINE = "12317"


@dataclass(frozen=True)
class Letter:
    """One letter, ready for paper: the same texts on the print page and in the Word document."""

    title: str
    number: str
    addressee: str
    opening: str
    items: tuple[str, ...]
    paragraphs: tuple[str, ...]
    body: str
    on: date
    delivered_on: date | None


Write = Callable[[Decision, Deadline | None], tuple[str, tuple[str, ...], tuple[str, ...]]]
"""From a decision and its due date: the opening, the numbered items, the paragraphs."""


def tells(decision: Decision) -> bool:
    """Whether a letter tells the household of this decision. A draft concerns the village alone."""
    return decision.act in WRITERS and decision.source != State.DRAFT


def of_case(case: Application) -> QuerySet[Decision]:
    """The decisions on a case that a letter tells its household, in order."""
    return case.decisions.filter(act__in=list(WRITERS)).exclude(source=State.DRAFT).order_by("at", "pk")


def title_of(decision: Decision) -> str:
    """What the letter of a decision is called."""
    if decision.act == Act.REJECT and decision.level == Level.VILLAGE:
        return "不予上报告知书"
    return TITLES[Act(decision.act)]


def write(decision: Decision) -> Letter:
    """The letter of one decision. Ask for it with its case's household, programme and regions."""
    case = decision.application
    opening, items, paragraphs = WRITERS[Act(decision.act)](decision, _due(decision))
    place = region_of(case, Level(decision.level))
    return Letter(
        title=title_of(decision),
        number=BLANK_NUMBER,
        addressee=_addressee(case),
        opening=opening,
        items=items,
        paragraphs=(*paragraphs, _contact(case, Level(decision.level))),
        body=name_of(place) if place else decision.get_level_display(),
        on=timezone.localdate(decision.at),
        delivered_on=decision.delivered_on,
    )


def region_of(case: Application, level: Level) -> Region | None:
    """The region of the level that decides on a case; above it, as far up as the regions go."""
    found: Region | None = case.village
    for _ in level.below:
        found = found.parent if found else None
    return found


def name_of(region: Region) -> str:
    """How a region signs: its body's name, or its own."""
    return region.body_name or region.name


def money(amount: Decimal) -> str:
    """An amount as the pages write it."""
    return number_format(amount, 2, force_grouping=True)


def _due(decision: Decision) -> Deadline | None:
    """The due date that was set with a return, as it stands now: a holiday notice may have moved it."""
    found = Deadline.objects.filter(
        application=decision.application_id,
        objection__isnull=True,
        kind=DeadlineKind.CORRECTION,
        set_at=decision.at,
    )
    return found.first()


def _addressee(case: Application) -> str:
    head = case.household.head
    name = head.name if head else case.beneficiary_name
    return f"{case.village.name}{case.household.group}{name}户"


def _claim(case: Application) -> str:
    about = "" if case.member is None else f"{case.member.name}的"
    asked = f"{amounts.plain(case.claimed_quantity)}{case.programme.quantity_unit}、{money(case.claimed_amount)}元"
    return f"您户{chinese_date(case.applied_on)}申报的{about}{case.programme}（申请编号{case.number}，申报{asked}）"


def _contact(case: Application, level: Level) -> str:
    """Whom to ask: the village, the level that decided, the one number that is the same everywhere."""
    places = {region.pk: region for region in (case.village, region_of(case, level)) if region is not None}
    told = [f"{name_of(region)}，{region.phone or '请当面询问'}" for region in places.values()]
    return f"咨询：{'；'.join(told)}。监督举报电话：{HOTLINE}。"


def _returned(decision: Decision, due: Deadline | None) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    case = decision.application
    faults = tuple(_sentence(_fault(fault.text, fault.paper)) for fault in decision.faults.all())
    opening = f"{_claim(case)}，经{decision.get_level_display()}审查，需要补正。现将全部需要补正的内容一次性告知如下："
    after = "补正齐全以后继续办理，不用重新申请。"
    if Level(decision.level).below:
        after += "补正后的数量或者金额高于已经公示过的，从村级申报起重新办理、重新公示。"
    return opening, faults or (_sentence(decision.opinion),), (*_until(case, due), after, IN_VAIN)


def _wrong_on_display(
    decision: Decision, due: Deadline | None
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    case = decision.application
    opening = f"{_claim(case)}，公示的内容有误，已经从公示中撤出。需要更正的内容如下："
    after = "更正以后从村级申报起重新办理，并重新公示满期。"
    return opening, (_sentence(decision.opinion),), (*_until(case, due), after, IN_VAIN)


IN_VAIN = "到期没有补正、经催办仍不补正的，可以终止办理，届时另行书面告知。"


def _until(case: Application, due: Deadline | None) -> Sequence[str]:
    """Until when, counted how, and to whom."""
    if due is None:
        return ()
    kept = "（当年节假日通知还没有发布，日期为暂定，有变动时另行告知）" if due.provisional else ""
    return (
        f"请在{chinese_date(due.due_on)}以前（含当日）把补正材料交给{name_of(case.village)}，由村级经办人代为提交。"
        f"期限从{chinese_date(due.starts_on)}的第二天起算，共{due.days}个工作日{kept}。",
    )


def _fault(text: str, paper: object) -> str:
    """A fault with the paper it is about, unless its words name it already."""
    return f"{text.rstrip('。')}（材料：{paper}）" if paper and f"{paper}" not in text else text


def _sentence(text: str) -> str:
    return f"{text.strip().rstrip('。；;')}。"


def _refused(decision: Decision, due: Deadline | None) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    case, level = decision.application, Level(decision.level)
    outcome = "不予上报" if level is Level.VILLAGE else "不予批准"
    stage = "审查" if level is Level.VILLAGE else ("审核" if level is Level.TOWNSHIP else "审定")
    opening = f"{_claim(case)}，经{decision.get_level_display()}{stage}，决定{outcome}。"
    return opening, (), (*_why(decision), _remedy(case, level))


def _lapsed(decision: Decision, due: Deadline | None) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    case = decision.application
    opening = f"{_claim(case)}，因逾期没有补正，经催办仍未补正，决定终止办理。"
    again = "材料备齐以后可以重新申请。"
    return opening, (), (*_why(decision), again, _remedy(case, Level(decision.level)))


def _why(decision: Decision) -> Sequence[str]:
    code = decision.get_reason_code_display() if decision.reason_code else ""
    told = [f"原因：{_sentence(code)}"] if code else []
    return [*told, *([f"理由：{_sentence(decision.opinion)}"] if decision.opinion.strip() else [])]


def _remedy(case: Application, level: Level) -> str:
    """To whom a household turns that does not agree (复核), over the head of who decided."""
    above = region_of(case, level.above) if level.above else None
    body = name_of(above) if above else RECONSIDERED_BY[level]
    phone = f"（{above.phone}）" if above and above.phone else ""
    direct = "，不需要经过村里同意" if level is Level.VILLAGE else ""
    return (
        f"如果不同意，可以向{body}{phone}申请复核{direct}，也可以请{name_of(case.village)}帮助提交。"
        "复核认为应当办理的，重新录入申请，并与这一件承接。"
    )


TITLES: dict[Act, str] = {
    Act.SEND_BACK: "退回补正告知书",
    Act.CORRECT: "退回补正告知书",
    Act.REJECT: "不予批准告知书",
    Act.LAPSE: "逾期终止告知书",
}
WRITERS: dict[Act, Write] = {
    Act.SEND_BACK: _returned,
    Act.CORRECT: _wrong_on_display,
    Act.REJECT: _refused,
    Act.LAPSE: _lapsed,
}
