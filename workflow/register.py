"""Corrections of the register of households (户籍更正): wrong numbers, names, cards, states; new members; another head.

By an administrator over the village, never of the own or a declared relative's household, always with a reason and a
line that stays (`RegisterChange`). The rules for numbers, dates and heads are those of the list (`household_rows`).

A case keeps what it was handed in with: bank and account stand on the case itself, and who is paid is a person, not
"whoever is head now". Sheets that hang are frozen.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from applications.models import Application
from applications.states import FINAL
from registry import appointments, categories, identity
from registry.models import (
    Household,
    Member,
    MemberStatus,
    RegisterAct,
    RegisterChange,
    Relationship,
    User,
)
from registry.refusal import Refused
from registry.sensitive import normalised
from workflow import permissions, receipts
from workflow.household_rows import changed_of, keys_of, lock, save_values
from workflow.household_sheet import LENGTHS
from workflow.register_lines import HOUSEHOLD_LABELS, PERSON_LABELS, pair, since, told_of
from workflow.results import Conflict, Result

NUMBERS = ("id_number", "phone", "card_number")
"""Shown in part only; a form never holds the registered one."""
LONG_NUMBER = re.compile(r"\d{11}")


class RegisterRefused(Refused):
    """A correction that cannot be, with the sentence that says why."""


def correct_household(
    household: Household,
    *,
    wanted: Mapping[str, Any],
    seen: str,
    by: User,
    now: datetime,
    reason: str,
    key: str | None = None,
) -> RegisterChange | None:
    """Correct what is registered of a household itself: group, category, address, telephone.

    In: `wanted`, the fields that are said; `seen`, the `mark` of what the person saw. None for a form sent twice.
    """
    _need_reason(reason)
    with transaction.atomic(durable=True):
        if receipts.first(key, act=RegisterAct.CORRECT_HOUSEHOLD, by=by.pk, at=now) is not None:
            return None
        kept, _ = _locked(household, seen=seen, by=by, now=now)
        values = changed_of(kept, _cleaned(wanted, HOUSEHOLD_LABELS, today=timezone.localdate(now)))
        if not values:
            raise RegisterRefused("和登记的一样，没有要改的。")
        told, before = told_of(kept, values), kept.category
        save_values(kept, values)
        if "category" in values:
            categories.record({kept: before}, on=timezone.localdate(now), by=by)
        return _note(kept, None, RegisterAct.CORRECT_HOUSEHOLD, told, by=by, now=now, reason=reason, key=key)


def correct_member(
    member: Member,
    *,
    wanted: Mapping[str, Any],
    seen: str,
    by: User,
    now: datetime,
    reason: str,
    key: str | None = None,
) -> RegisterChange | None:
    """Correct what is registered of a person; who is head of the household is changed by `change_head` only."""
    _need_reason(reason)
    with transaction.atomic(durable=True):
        if receipts.first(key, act=RegisterAct.CORRECT_MEMBER, by=by.pk, at=now) is not None:
            return None
        kept, people = _locked(member.household, seen=seen, by=by, now=now)
        person = people[member.pk]
        today = timezone.localdate(now)
        said = _cleaned(wanted, PERSON_LABELS, today=today)
        if said.get("relationship", person.relationship) != person.relationship and (
            person.is_head or said["relationship"] == Relationship.HEAD
        ):
            raise RegisterRefused("户主不在这里改，请用“更换户主”。")
        if said.get("status", person.status) == MemberStatus.ALIVE:
            said["status_on"] = None
        values = changed_of(person, said)
        if not values:
            raise RegisterRefused("和登记的一样，没有要改的。")
        _refuse_undated(person, values)
        _refuse_twin(
            people, values.get("name", person.name), values.get("id_number", person.id_number), person
        )
        told = told_of(person, values)
        _write(lambda: save_values(person, values))
        return _note(kept, person, RegisterAct.CORRECT_MEMBER, told, by=by, now=now, reason=reason, key=key)


def add_member(
    household: Household,
    *,
    wanted: Mapping[str, Any],
    seen: str,
    by: User,
    now: datetime,
    reason: str,
    key: str | None = None,
) -> RegisterChange | None:
    """Register a person who joined a household (born, married in, moved here)."""
    _need_reason(reason)
    with transaction.atomic(durable=True):
        if receipts.first(key, act=RegisterAct.ADD_MEMBER, by=by.pk, at=now) is not None:
            return None
        kept, people = _locked(household, seen=seen, by=by, now=now)
        said = _cleaned(wanted, PERSON_LABELS, today=timezone.localdate(now))
        values = {name: value for name, value in said.items() if value not in ("", None, False)}
        for name in ("name", "relationship"):
            if name not in values:
                raise RegisterRefused(f"没有填写“{PERSON_LABELS[name]}”。")
        if values["relationship"] == Relationship.HEAD:
            raise RegisterRefused("请先增加成员，再用“更换户主”。")
        if values.get("status", MemberStatus.ALIVE) != MemberStatus.ALIVE:
            raise RegisterRefused("新增加的成员按“正常”登记。")
        _refuse_twin(people, values["name"], values.get("id_number", ""), None)
        person = Member(household=kept, **values)
        told = [pair(name, "", value) for name, value in values.items()]
        _write(person.save)
        return _note(kept, person, RegisterAct.ADD_MEMBER, told, by=by, now=now, reason=reason, key=key)


def change_head(
    household: Household,
    *,
    to: int,
    relations: Mapping[int, str],
    seen: str,
    by: User,
    now: datetime,
    reason: str,
    key: str | None = None,
) -> RegisterChange | None:
    """Make another living member head of the household (户主); each of the others gets a relation to the new head."""
    _need_reason(reason)
    with transaction.atomic(durable=True):
        if receipts.first(key, act=RegisterAct.CHANGE_HEAD, by=by.pk, at=now) is not None:
            return None
        kept, people = _locked(household, seen=seen, by=by, now=now)
        new = people.get(to)
        if new is None:
            raise RegisterRefused("这一户没有这名成员，请重新选择。")
        if new.is_head:
            raise RegisterRefused(f"{new.name}已经是户主。")
        if new.status != MemberStatus.ALIVE:
            raise RegisterRefused(f"{new.name}已登记为“{new.get_status_display()}”，不能做户主。")
        told = []
        for person in people.values():
            relation = Relationship.HEAD if person.pk == to else relations.get(person.pk, "")
            if relation not in Relationship.values or (relation == Relationship.HEAD) != (person.pk == to):
                raise RegisterRefused(f"请写明{person.name}与新户主的关系。")
            if relation != person.relationship:
                told.append({**pair("relationship", person.relationship, relation), "member": person.pk})
                person.relationship = relation
        # The database keeps one head: the old one steps down first.
        for person in sorted(people.values(), key=lambda one: one.is_head):
            person.save(update_fields=["relationship"])
        return _note(kept, new, RegisterAct.CHANGE_HEAD, told, by=by, now=now, reason=reason, key=key)


def mark(household: Household) -> str:
    """What stands registered now, as one value: the last line of the record, and a digest over all columns."""
    last = RegisterChange.objects.filter(household=household).order_by("-pk").values_list("pk", flat=True)
    rows = [
        Household.objects.get(pk=household.pk),
        *Member.objects.filter(household=household).order_by("pk"),
    ]
    columns = [[str(getattr(row, one.attname)) for one in row._meta.concrete_fields] for row in rows]
    return f"{last.first() or 0}-{hashlib.sha256(repr(columns).encode()).hexdigest()}"


def open_cases(household: Household) -> list[Application]:
    """The cases that go on with what they were handed in with."""
    return list(Application.objects.filter(household=household).exclude(state__in=list(FINAL)).order_by("pk"))


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise RegisterRefused("请写明更正的原因，原因会写入更正记录。")
    if LONG_NUMBER.search(normalised(reason)):
        raise RegisterRefused("更正记录长期保留，原因里请不要写身份证号、账号或电话号码。")


def _locked(
    household: Household, *, seen: str, by: User, now: datetime
) -> tuple[Household, dict[int, Member]]:
    """The household and its people under lock, if the person may change them and they are as the form showed them."""
    lock(household.village)
    rows = Household.objects.select_for_update(of=("self",), no_key=True).select_related("village")
    kept = rows.get(pk=household.pk)
    people = Member.objects.select_for_update(of=("self",), no_key=True).filter(household=kept).order_by("pk")
    found = {person.pk: person for person in people}
    actor = appointments.actor(by, on=timezone.localdate(now))
    permissions.may_change_household(actor, kept).enforce()
    if kept.removals.exists():
        raise RegisterRefused("这一户的个人信息已经删除，登记内容不能再更正。")
    if mark(kept) != seen:
        raise Conflict("您打开页面以后，这一户的登记内容有变化，刚才的更正没有生效。", since(kept, seen))
    return kept, found


def _cleaned(wanted: Mapping[str, Any], labels: Mapping[str, str], *, today: date) -> dict[str, Any]:
    """The said fields in their one spelling, checked as a line of the list is."""
    unknown = set(wanted) - set(labels)
    if unknown:
        raise ValueError(f"no field of the register: {sorted(unknown)}")
    found: dict[str, Any] = dict(wanted)
    for name, value in wanted.items():
        if isinstance(value, str):
            found[name] = value.strip()
    for name in NUMBERS:
        if found.get(name):
            found[name] = normalised(found[name])
    for name, value in found.items():
        most = LENGTHS.get(labels[name])
        if most and len(value) > most:
            raise RegisterRefused(f"“{labels[name]}”超过{most}个字，请核对。")
    if "name" in found and not found["name"]:
        raise RegisterRefused("没有填写“姓名”。")
    if found.get("id_number"):
        found["id_number"] = identity.check_id_number(found["id_number"], today=today).number
    if found.get("status_on") and found["status_on"] > today:
        raise RegisterRefused("“状态变更日期”晚于今天，请核对。")
    return found


def _refuse_undated(person: Member, values: Mapping[str, Any]) -> None:
    left = values.get("status", person.status) != MemberStatus.ALIVE
    if left and values.get("status_on", person.status_on) is None:
        raise RegisterRefused("死亡或迁出的，请填写“状态变更日期”。")


def _refuse_twin(people: Mapping[int, Member], name: str, number: str, person: Member | None) -> None:
    """An ID number stands once in the whole register; a name twice in a household only where numbers tell them apart."""
    own = person.pk if person else 0
    if number:
        owners = Member.objects.filter(id_number_index__in=keys_of(number)).exclude(pk=own)
        if owners.exists():
            raise RegisterRefused("这个身份证号已登记在另一名成员名下，请核对。")
    twins = [one for one in people.values() if one.name == name and one.pk != own]
    if twins and not (number and all(one.id_number for one in twins)):
        raise RegisterRefused(f"这一户已经登记了名叫“{name}”的成员；确是两个人的，请写明两人的身份证号。")


def _write(save: Callable[[], Any]) -> None:
    """Save a person; a number that somebody registers elsewhere at this moment is refused by the database."""
    try:
        with transaction.atomic():
            save()
    except IntegrityError:
        raise RegisterRefused("这个身份证号刚刚登记在另一名成员名下，请核对。") from None


def _note(
    household: Household,
    member: Member | None,
    act: RegisterAct,
    told: list[dict[str, Any]],
    *,
    by: User,
    now: datetime,
    reason: str,
    key: str | None,
) -> RegisterChange:
    made = RegisterChange.objects.create(
        household=household,
        member=member,
        act=act,
        at=now,
        by=by,
        reason=reason.strip(),
        data={"changed": told},
    )
    receipts.keep(key, [Result(household.pk, household.number, True)])
    return made
