"""Lines of a village's register (户和成员导入): looked at against what is registered, then written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from registry import categories, identity
from registry.appointments import Actor
from registry.models import (
    Household,
    Member,
    MemberStatus,
    Region,
    RegisterAct,
    RegisterChange,
    Relationship,
    User,
)
from registry.refusal import Refused
from registry.sensitive import blind_index
from workflow.household_sheet import (
    CODES,
    ID,
    LENGTHS,
    NAME,
    NUMBER,
    OF_HOUSEHOLD,
    OF_MEMBER,
    RELATION,
    STATUS_ON,
    households,
)
from workflow.models import RowState
from workflow.register_lines import pair, told_of
from workflow.workbooks import Line


@dataclass
class Plan:
    """What a line does: to which household, to which person, which fields."""

    household: Household | None
    member: Member | None
    of_household: dict[str, Any]
    of_member: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """A line after it was looked at: what it becomes, or why it cannot."""

    line: Line
    state: RowState
    sentence: str = ""
    digest: str = ""
    plan: Plan | None = field(default=None, repr=False)


def lock(village: Region) -> None:
    """One list of a village at a time."""
    Region.objects.select_for_update(no_key=True).only("pk").get(pk=village.pk)


def check(lines: Sequence[Line], *, village: Region, actor: Actor) -> list[Checked]:
    """Look at each line against the register and the lines before it. A few statements for any number."""
    register, today = _Register(lines, village, actor), actor.on
    found = []
    for line in lines:
        try:
            found.append(register.look(line, today=today))
        except Refused as refused:
            found.append(Checked(line, RowState.FAULTY, refused.sentence))
    return _without_heads(found)


def _without_heads(found: Sequence[Checked]) -> list[Checked]:
    """A new household is registered with its head, or not at all."""
    good = [one for one in found if one.plan is not None and one.plan.household is None]
    headed = {one.line.given[NUMBER] for one in good if one.plan and _is_head(one.plan)}
    return [
        Checked(one.line, RowState.FAULTY, "这是新登记的户，表里没有它的户主，或者户主的一行有问题。")
        if one in good and one.line.given[NUMBER] not in headed
        else one
        for one in found
    ]


def _is_head(plan: Plan) -> bool:
    return bool(plan.of_member.get("relationship") == Relationship.HEAD)


class _Register:
    """The village's register, as the lines before have left it."""

    def __init__(self, lines: Sequence[Line], village: Region, actor: Actor) -> None:
        self.tied = actor.interests
        self.homes = households(village)
        numbers = {line.given[NUMBER] for line in lines}
        elsewhere = Household.objects.filter(number__in=numbers).exclude(village=village)
        self.elsewhere = set(elsewhere.values_list("number", flat=True))
        # A list asks for all its numbers at once; each is looked for under the keys of a rotation too.
        keys = {key for line in lines if line.given[ID] for key in keys_of(line.given[ID])}
        owners = Member.objects.filter(id_number_index__in=keys).values_list("id_number_index", "pk")
        self.owners = dict(owners)
        self.heads = {number for number, home in self.homes.items() if home.head}
        self.seen: dict[tuple[str, str], int] = {}
        self.ids: dict[str, int] = {}
        self.first: dict[str, tuple[int, dict[str, Any]]] = {}

    def look(self, line: Line, *, today: date) -> Checked:
        given = line.given
        _refuse_unreadable(line, today=today)
        number, name = given[NUMBER], given[NAME]
        if number in self.elsewhere:
            raise Refused(f"户编号“{number}”已经在别的村登记，请核对。")
        if before := self.seen.get((number, name)):
            raise Refused(f"和第{before}行是同一户的同名成员，请核对是否重复。")
        self.seen[number, name] = line.number
        home = self.homes.get(number)
        if home is not None and home.pk in self.tied:
            raise Refused("这是您本人家庭或近亲属家庭，登记内容请由其他管理员修改。")
        member = self._member(line, home)
        plan = Plan(home, member, _wanted(given, OF_HOUSEHOLD), _wanted(given, OF_MEMBER))
        self._refuse_contradiction(line, plan.of_household)
        if home is None and "category" not in plan.of_household:
            raise Refused("新登记的户必须填写“户类别”。")
        self._refuse_second_head(line, plan)
        if member is None and "relationship" not in plan.of_member:
            raise Refused(f"新登记的成员必须填写“{RELATION}”。")
        _refuse_undated(plan)
        return _told(line, plan)

    def _member(self, line: Line, home: Household | None) -> Member | None:
        """The person as registered: by ID number, else by name within the household."""
        number, name = line.given[ID], line.given[NAME]
        people = list(home.members.all()) if home else []
        named = [one for one in people if one.name == name]
        owner = (
            next((self.owners[key] for key in keys_of(number) if key in self.owners), None)
            if number
            else None
        )
        if number and (before := self.ids.get(number)):
            raise Refused(f"身份证号和第{before}行相同，请核对。")
        if number:
            self.ids[number] = line.number
        if owner is not None:
            mine = next((one for one in people if one.pk == owner), None)
            if mine is None:
                raise Refused("这个身份证号已登记在别的户，请核对。")
            if mine.name != name:
                raise Refused(f"这个身份证号登记的姓名是“{mine.name}”，请核对。")
            return mine
        if len(named) > 1:
            raise Refused(f"该户登记了{len(named)}名叫“{name}”的成员，请写明身份证号。")
        if named and number and named[0].id_number:
            raise Refused(
                "这名成员登记的是另一个身份证号，不能用表格改动，请核对是不是同名的另一个人；登记错了的，在这一户的页面更正。"
            )
        return named[0] if named else None

    def _refuse_contradiction(self, line: Line, wanted: dict[str, Any]) -> None:
        """All lines of a household say the same of it; what a line leaves empty it does not contradict."""
        before, known = self.first.setdefault(line.given[NUMBER], (line.number, {}))
        labels = {attribute: label for label, attribute in OF_HOUSEHOLD.items()}
        for attribute, value in wanted.items():
            if known.setdefault(attribute, value) != value:
                raise Refused(f"同一户的“{labels[attribute]}”和前面（第{before}行起）写的不一样，请核对。")

    def _refuse_second_head(self, line: Line, plan: Plan) -> None:
        if not _is_head(plan):
            return
        number = line.given[NUMBER]
        if number in self.heads and not (plan.member and plan.member.is_head):
            raise Refused("这一户已经有户主，不能用表格更换户主，请在这一户的页面更换。")
        self.heads.add(number)


def keys_of(number: str) -> list[str]:
    key = blind_index(number)
    return [str(key), *([key.older] if key.older else [])]


def _refuse_unreadable(line: Line, *, today: date) -> None:
    given = line.given
    if line.faults:
        raise Refused("；".join(line.faults) + "。")
    for label in (NUMBER, NAME):
        if not given[label]:
            raise Refused(f"没有填写“{label}”。")
    for label, most in LENGTHS.items():
        if len(given[label]) > most:
            raise Refused(f"“{label}”超过{most}个字，请核对。")
    if given[ID]:
        identity.check_id_number(given[ID], today=today)
    if given[STATUS_ON] and date.fromisoformat(given[STATUS_ON]) > today:
        raise Refused(f"“{STATUS_ON}”晚于今天，请核对。")


def _refuse_undated(plan: Plan) -> None:
    status = plan.of_member.get("status")
    dated = plan.of_member.get("status_on") or (plan.member and plan.member.status_on)
    if status not in (None, MemberStatus.ALIVE) and not dated:
        raise Refused(f"死亡或迁出的，请填写“{STATUS_ON}”。")


def _wanted(given: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    """The fields that a line fills in, as the register keeps them."""
    found: dict[str, Any] = {}
    for label, attribute in names.items():
        if given[label]:
            found[attribute] = CODES[label][given[label]] if label in CODES else given[label]
    if "status_on" in found:
        found["status_on"] = date.fromisoformat(found["status_on"])
    return found


def changed_of(row: Household | Member, wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if getattr(row, name) != value}


def _told(line: Line, plan: Plan) -> Checked:
    """What the line will do, in words; nothing where all of it stands in the register already."""
    labels = {attribute: label for label, attribute in (OF_HOUSEHOLD | OF_MEMBER).items()}
    if plan.household is not None:
        plan.of_household = changed_of(plan.household, plan.of_household)
    if plan.member is not None:
        plan.of_member = changed_of(plan.member, plan.of_member)
    told = [] if plan.household else ["新登记的户"]
    if plan.household and plan.of_household:
        told.append("修改户的" + "、".join(labels[name] for name in plan.of_household))
    if plan.member is None:
        told.append("新登记的成员")
    elif plan.of_member:
        told.append("修改" + "、".join(labels[name] for name in plan.of_member))
    if not told:
        return Checked(line, RowState.KNOWN, "和登记的一样，没有要改的。")
    return Checked(line, RowState.GOOD, "，".join(told) + "。", plan=plan)


def write(found: Sequence[Checked], *, village: Region, by: User, now: datetime, reason: str) -> int:
    """Register what was found good: new households, new people, completed ones. How many lines.

    What was registered before and changes leaves a line on the record, as a correction on the desk does.
    """
    today = timezone.localdate(now)
    good = [(one.line, one.plan) for one in found if one.plan is not None]
    homes: dict[str, Household] = {}
    said: dict[str, dict[str, Any]] = {}
    became: dict[Household, str] = {}
    changes: list[tuple[Household, Member | None, RegisterAct, list[dict[str, Any]]]] = []
    for line, plan in good:
        said.setdefault(line.given[NUMBER], {}).update(plan.of_household)
        if plan.household is not None:
            homes[line.given[NUMBER]] = plan.household
    for number, values in said.items():
        if number not in homes:
            homes[number] = Household(number=number, village=village, **values)
            homes[number].save()
            became[homes[number]] = ""
        elif values:
            home = homes[number]
            became[home] = home.category
            changes.append((home, None, RegisterAct.CORRECT_HOUSEHOLD, told_of(home, values)))
            save_values(homes[number], values)
    categories.record(became, on=today, by=by)
    new = []
    for line, plan in good:
        home = homes[line.given[NUMBER]]
        if plan.member is None:
            new.append(Member(household=home, name=line.given[NAME], **plan.of_member))
            if became.get(home) != "":
                values = {"name": line.given[NAME], **plan.of_member}
                told = [pair(name, "", value) for name, value in values.items()]
                changes.append((home, new[-1], RegisterAct.ADD_MEMBER, told))
        elif plan.of_member:
            changes.append(
                (home, plan.member, RegisterAct.CORRECT_MEMBER, told_of(plan.member, plan.of_member))
            )
            save_values(plan.member, plan.of_member)
    Member.objects.bulk_create(new)
    RegisterChange.objects.bulk_create(
        RegisterChange(
            household=home, member=member, act=act, at=now, by=by, reason=reason, data={"changed": told}
        )
        for home, member, act, told in changes
    )
    return len(good)


def save_values(row: Household | Member, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    written = {*values, *(f"{name}_index" for name in ("id_number", "card_number") if name in values)}
    row.save(update_fields=written)
