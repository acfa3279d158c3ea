"""A village's list of applications as a workbook (申请导入): the template with its households, and its lines as forms."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from applications.amounts import FixedRule, TierRule, plain
from applications.models import Programme
from applications.states import LIVE
from registry.appointments import Actor
from registry.models import Household, Member, MemberStatus, Region, User
from registry.refusal import Refused
from workflow import entering, spreadsheets
from workflow.entering import Form, Settled
from workflow.models import ImportKind, ImportRow, RowState
from workflow.results import Result
from workflow.spreadsheets import Sheet
from workflow.workbooks import ABOUT, FILL_IN, BadWorkbook, Column, Line

NUMBER, HEAD, PERSON = "户编号", "户主", "申请对象"
OPTION, QUANTITY, WANTED = "档次", "数量", "是否申报"
APPLIED, PAYEE, REASON, COMMITTED = "申请日期", "收款人", "申请理由", "已签承诺"
YES, NO = "是", "否"


@dataclass(frozen=True)
class Checked:
    """A line after it was looked at: what it becomes, or why it cannot. `settled` only where it can be entered."""

    line: Line
    state: RowState
    sentence: str = ""
    digest: str = ""
    settled: Settled | None = field(default=None, repr=False)


def deciding(programme: Programme) -> str:
    """The column that says whether a line is an application at all; left empty, the household does not apply."""
    rule = programme.parsed_rule
    if isinstance(rule, TierRule):
        return OPTION
    return WANTED if isinstance(rule, FixedRule) else QUANTITY


def columns(programme: Programme) -> list[Column]:
    rule = programme.parsed_rule
    options = tuple(rule.tiers) if isinstance(rule, TierRule) else ()
    said = {
        OPTION: Column(OPTION, "choice", options, 14, "从列表里选择。不申报的留空。"),
        WANTED: Column(WANTED, "choice", (YES, NO), 10, "申报的填“是”。不申报的留空。"),
        QUANTITY: Column(
            QUANTITY, "decimal", width=10, help=f"只填数字，单位是{programme.quantity_unit}。不申报的留空。"
        ),
    }[deciding(programme)]
    person = [Column(PERSON, width=14, help="家庭成员的姓名。")] if programme.per_person else []
    return [
        Column(NUMBER, "text", width=24, help="模板里已填好，不要改动。"),
        Column(HEAD, width=14, help="模板里已填好，用于核对。"),
        *person,
        said,
        Column(APPLIED, "date", width=14, help="写成2021-10-01的样子。留空就是上传的当天。"),
        Column(PAYEE, width=14, help="家庭成员的姓名。留空就是申请对象本人（按户补助的是户主）。"),
        Column(REASON, width=30, help="可以留空。"),
        Column(COMMITTED, "choice", (YES, NO), 10, "申请人已经签署承诺的填“是”。"),
    ]


def marks(programme: Programme, village: Region) -> dict[str, str]:
    """What the 说明 sheet says the workbook is for; an upload must say the same."""
    return {
        "模板": ImportKind.APPLICATIONS.label,
        "项目": programme.name,
        "项目代码": programme.code,
        "年度": f"{programme.year}",
        "版本": f"{programme.version}",
        "村": village.name,
        "村代码": village.code,
    }


def template(programme: Programme, village: Region) -> bytes:
    """The workbook to fill in: a line for each household of the village that may apply (or each of its members)."""
    rows: list[list[str]] = []
    for household in _households(village):
        if household.category not in programme.target_categories:
            continue
        head = household.head.name if household.head else ""
        if not programme.per_person:
            rows.append([household.number, head])
            continue
        alive = [one for one in household.members.all() if one.status == MemberStatus.ALIVE]
        rows += [[household.number, head, one.name] for one in alive if not one.public_employee]
    return workbook(columns(programme), marks(programme, village), rows)


def workbook(
    wanted: Sequence[Column],
    said: dict[str, str],
    rows: Iterable[Sequence[str]],
    *,
    more: Sequence[str] = (),
) -> bytes:
    """A workbook of the template's shape; `more` are columns behind those of the template."""
    about = list(said.items())[1:]
    helps = [(column.name, column.help) for column in wanted if column.help]
    advice = ("", "每行填一件，空行不算。不要合并单元格、不要写公式、不要改动表头和本页。")
    sheet = Sheet(
        FILL_IN,
        [*(column.name for column in wanted), *more],
        rows,
        widths=[*(column.width for column in wanted), *([60] * len(more))],
        as_text=[column.name for column in wanted if column.kind in ("digits", "text")],
        choices={column.name: column.choices for column in wanted if column.choices},
    )
    # The first mark stands in the header's place.
    top = next(iter(said.items()))
    return spreadsheets.write([sheet, Sheet(ABOUT, top, [*about, advice, *helps], widths=[14, 80])])


def refuse_wrong_template(found: dict[str, str], programme: Programme, village: Region) -> None:
    """Refuse the template of another thing, programme, year, version or village, each with its sentence."""
    said = marks(programme, village)
    again = "请下载这个项目今年的模板。"
    kind = found.get("模板")
    if kind != said["模板"]:
        known = kind in ImportKind.labels
        raise BadWorkbook(
            f"这是“{kind}”的模板，不是申请的模板，{again}" if known else f"这不是本系统的模板，{again}"
        )
    if found.get("项目代码") != said["项目代码"]:
        other = found.get("项目", "")[:50]
        raise BadWorkbook(f"这是项目“{other}”的模板，现在录入的是“{programme.name}”，{again}")
    if found.get("年度") != said["年度"]:
        raise BadWorkbook(
            f"这是{found.get('年度', '')[:10]}年的模板，现在录入的是{programme.year}年，{again}"
        )
    if found.get("版本") != said["版本"]:
        raise BadWorkbook(
            f"这是项目第{found.get('版本', '')[:10]}版的模板，现在是第{programme.version}版，{again}"
        )
    if found.get("村代码") != said["村代码"]:
        other = found.get("村", "")[:30]
        raise BadWorkbook(f"这是“{other}”的模板，现在录入的是“{village.name}”，请下载本村的模板。")


def wanted_lines(lines: Sequence[Line], programme: Programme) -> list[Line]:
    """The lines that are meant as applications: prefilled ones that nobody filled in are left out."""
    said = deciding(programme)
    typed = (said, APPLIED, PAYEE, REASON, COMMITTED)
    return [
        line
        for line in lines
        if any(line.given[name] for name in typed) and (line.given[said] != NO or said != WANTED)
    ]


def check(
    lines: Sequence[Line], *, programme: Programme, village: Region, actor: Actor, uploaded_on: date
) -> list[Checked]:
    """Look at each line: read it, find its household and people, ask the rules. A few statements for any number."""
    homes = {household.number: household for household in _households(village)}
    found: dict[int, Checked] = {}
    forms: dict[int, tuple[Form, str]] = {}
    seen: dict[str, int] = {}
    for line in lines:
        try:
            form = _form(line, programme, homes, today=uploaded_on)
        except Refused as refused:
            found[line.number] = Checked(line, RowState.FAULTY, refused.sentence)
            continue
        made = digest(form, line.given[APPLIED])
        if before := seen.get(made):
            sentence = f"和第{before}行重复，请删去一行。"
            found[line.number] = Checked(line, RowState.FAULTY, sentence)
            continue
        seen[made] = line.number
        forms[line.number] = form, made
    known = _known([made for _, made in forms.values()])
    new = [number for number, (_, made) in forms.items() if made not in known]
    answers = dict(
        zip(new, entering.settle_all([forms[number][0] for number in new], actor=actor), strict=True)
    )
    for line in lines:
        if line.number not in found:
            made = forms[line.number][1]
            found[line.number] = (
                _answered(line, made, answers[line.number])
                if line.number in answers
                else Checked(line, RowState.KNOWN, known[made], made)
            )
    return [found[line.number] for line in lines]


def _known(digests: Sequence[str]) -> dict[str, str]:
    """What was entered before from this file or another, as long as the case lives: its sentence."""
    rows = ImportRow.objects.filter(
        digest__in=digests, state=RowState.MADE, application__state__in=list(LIVE)
    ).values_list("digest", "application__number", "job__uploaded_at")
    return {
        made: f"同样的一行在{timezone.localdate(at):%Y年%m月%d日}上传的表里已经录入，编号{number}，不再重复录入。"
        for made, number, at in rows
    }


def write(found: Sequence[Checked], *, by: User, now: datetime) -> dict[int, Result]:
    """Enter the lines that can be entered. The results by line."""
    good = [one for one in found if one.settled is not None]
    results = entering.create([one.settled for one in good if one.settled], by=by, now=now)
    return {one.line.number: result for one, result in zip(good, results, strict=True)}


def lock(lines: Sequence[Line], *, programme: Programme, village: Region) -> None:
    """Lock the programme and the households named, as entering one case does."""
    entering.standing(programme.pk)
    wanted = {line.given[NUMBER] for line in lines}
    homes = Household.objects.filter(village=village, number__in=wanted)
    entering.queue_up(homes.values_list("pk", flat=True))


def digest(form: Form, applied: str) -> str:
    """The same application in another file has the same: who, what, how much, and the date as it was written.

    Not the reason, nor who is paid: nobody applies a second time to say it better.
    """
    said = (
        form.programme.region_id,
        form.programme.code,
        form.programme.year,
        form.household.pk,
        form.member.pk if form.member else None,
        plain(form.quantity),
        form.option,
        applied,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _answered(line: Line, made: str, answer: Settled | Refused) -> Checked:
    if isinstance(answer, Refused):
        return Checked(line, RowState.FAULTY, answer.sentence, made)
    amount = answer.assessed.amount
    return Checked(line, RowState.GOOD, f"{amount.value:.2f}元（{amount.working}）", made, answer)


def _households(village: Region) -> Iterable[Household]:
    return (
        Household.objects.filter(village=village)
        .select_related("village")
        .prefetch_related("members")
        .order_by("number")
    )


def _form(line: Line, programme: Programme, homes: dict[str, Household], *, today: date) -> Form:
    given = line.given
    if line.faults:
        raise Refused("；".join(line.faults) + "。")
    said = deciding(programme)
    if not given[said]:
        raise Refused(f"没有填写“{said}”。不申报的，请把这一行其他填写的内容也删掉。")
    household = homes.get(given[NUMBER])
    if household is None:
        raise Refused(f"本村没有户编号“{given[NUMBER][:40]}”，请核对。只能录入本村的户。")
    head = household.head.name if household.head else ""
    if given[HEAD] and given[HEAD] != head:
        raise Refused(f"户编号和户主对不上：这一户的户主是“{head or '没有登记'}”。")
    member = _person(household, given[PERSON], PERSON) if programme.per_person else None
    return Form(
        programme=programme,
        household=household,
        quantity=Decimal(given[QUANTITY]) if said == QUANTITY else Decimal(1),
        applied_on=date.fromisoformat(given[APPLIED]) if given[APPLIED] else today,
        member=member,
        payee=_person(household, given[PAYEE], PAYEE) if given[PAYEE] else None,
        option=given[OPTION] if said == OPTION else "",
        reason=given[REASON],
        committed=given[COMMITTED] == YES,
    )


def _person(household: Household, name: str, part: str) -> Member:
    if not name:
        raise Refused(f"没有填写“{part}”。")
    by_name: dict[str, list[Member]] = defaultdict(list)
    for one in household.members.all():
        by_name[one.name].append(one)
    alive = [one for one in by_name[name] if one.status == MemberStatus.ALIVE] or by_name[name]
    if not alive:
        raise Refused(f"{part}“{name[:50]}”不是该户登记的成员。")
    if len(alive) > 1:
        raise Refused(f"该户有{len(alive)}名叫“{name}”的成员，分不清是哪一位，请在页面上单独录入。")
    return alive[0]
