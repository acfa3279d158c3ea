"""Staff taken in from a list (人员导入): each line a person and one appointment; the same list twice adds nothing."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from enum import Enum

from django.db import transaction
from django.utils import timezone

from registry import appointments, passwords
from registry.appointments import Actor
from registry.models import AccountAct, Appointment, Region, Role, User
from registry.scope import within
from workflow import accounts, permissions, receipts
from workflow.accounts import AccountRefused, Given
from workflow.results import Result

MOST_ROWS = 100
"""Lines a list may have: each new login pays for a hash, a hundred of them for some twenty seconds."""

Place = tuple[str, str, int]
"""Who holds what where: login name, role, key of the region."""

LOGIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,29}")


class ForeseenOtherwise(AccountRefused):
    """The lines are no longer what the preview said of them."""

    def __init__(self) -> None:
        super().__init__("预览之后账号或任职有变化，请重新核对后再确认。")


class NotAllGood(AccountRefused):
    """All was asked for, and some lines are wrong."""

    def __init__(self) -> None:
        super().__init__("还有行需要改正，一行也没有导入。请改正后重新上传，或选择只导入没有问题的行。")


class Outcome(Enum):
    """What a line leads to."""

    NEW = "新建账号"
    ADD = "已有账号，增加任职"
    KNOWN = "已有，不重复导入"
    FAULT = "需要改正"


@dataclass(frozen=True)
class StaffLine:
    """One line as it was written, with its number in the sheet; days as YYYY-MM-DD."""

    number: int
    name: str
    username: str
    role: str
    region: str
    starts_on: str
    ends_on: str


@dataclass(frozen=True)
class Judged:
    """A line with what it leads to, and the sentence where it is wrong."""

    line: StaffLine
    outcome: Outcome
    fault: str = ""
    role: Role | None = None
    region: Region | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True)
class TakenIn:
    """What was done: passwords to hand over, appointments made, lines passed over. Empty for a form sent twice."""

    given: tuple[Given, ...] = ()
    appointed: int = 0
    again: bool = False


def role_of(text: str) -> Role | None:
    """The role that a label names; what stands in brackets may be left out."""
    return next((role for role in Role if text in {role.label, role.label.partition("（")[0]}), None)


def judge(lines: Sequence[StaffLine], *, by: User, on: date) -> list[Judged]:
    """Say of each line what it leads to. Writes nothing."""
    return Judge(lines, appointments.actor(by, on=on)).all()


def fingerprint(judged: Sequence[Judged]) -> str:
    """One value over all lines and what was said of them: what is confirmed is what was seen."""
    shown = [[*astuple(one.line), one.outcome.name, one.fault] for one in judged]
    return hashlib.sha256(json.dumps(shown, ensure_ascii=False).encode()).hexdigest()


class Judge:
    """Looks at the lines of one list together: what the database knows is read once."""

    def __init__(self, lines: Sequence[StaffLine], actor: Actor) -> None:
        self.lines, self.actor = lines, actor
        prefixes = actor.prefixes(Role.ADMINISTRATOR)
        self.regions: dict[str, list[Region]] = {}
        for region in Region.objects.filter(within(prefixes, "code")).select_related("parent"):
            above = region.parent.name if region.parent else ""
            for name in {region.code, region.name, above + region.name}:
                self.regions.setdefault(name, []).append(region)
        names = [line.username for line in lines]
        self.people = {person.username: person for person in User.objects.filter(username__in=names)}
        self.verdicts = {name: permissions.may_keep_account(actor, one) for name, one in self.people.items()}
        rows = Appointment.objects.filter(user__username__in=names).select_related("user")
        self.held: dict[Place, list[tuple[date, date | None]]] = defaultdict(list)
        for row in rows:
            place = (row.user.username, row.role, row.region_id)
            self.held[place].append((row.starts_on, row.ends_on))
        self.named: dict[str, StaffLine] = {}
        self.listed: dict[Place, list[tuple[date, date | None, int]]] = defaultdict(list)

    def all(self) -> list[Judged]:
        return [self._judge(line) for line in self.lines]

    def _judge(self, line: StaffLine) -> Judged:
        try:
            return self._read(line)
        except AccountRefused as refused:
            return Judged(line, Outcome.FAULT, refused.sentence)

    def _read(self, line: StaffLine) -> Judged:
        if not line.name or len(line.name) > 50:
            raise AccountRefused("请填写姓名，最多50个字。")
        if not LOGIN_NAME.fullmatch(line.username):
            raise AccountRefused("登录名应为3至30个字母、数字、“.”“_”“-”，以字母或数字开头。")
        first = self.named.setdefault(line.username, line)
        if first.name != line.name:
            raise AccountRefused(f"登录名与第{first.number}行相同，姓名却不同。")
        role = role_of(line.role)
        if role is None:
            raise AccountRefused(
                f"职务“{line.role[:20]}”不对，可填：{'、'.join(one.label for one in Role)}。"
            )
        region = self._region(line.region)
        if not role.fits(region.level):
            raise AccountRefused(f"{role.label}不能任职于{region.get_level_display()}一级的{region.name}。")
        starts_on = _day("开始日期", line.starts_on)
        ends_on = _day("结束日期", line.ends_on) if line.ends_on else None
        if ends_on is not None and ends_on < starts_on:
            raise AccountRefused("结束日期早于开始日期。")
        outcome = self._outcome(line, role, region, starts_on, ends_on)
        return Judged(line, outcome, "", role, region, starts_on, ends_on)

    def _region(self, text: str) -> Region:
        found = self.regions.get(text, [])
        if len(found) > 1:
            raise AccountRefused(f"有{len(found)}个区划叫“{text}”，请填12位区划代码。")
        if not found:
            raise AccountRefused(f"没有找到区划“{text[:20]}”，或者不在您管辖的范围内。")
        return found[0]

    def _outcome(
        self, line: StaffLine, role: Role, region: Region, starts_on: date, ends_on: date | None
    ) -> Outcome:
        person = self.people.get(line.username)
        place = (line.username, str(role), region.pk)
        for starts, ends, number in self.listed[place]:
            if _overlap(starts, ends, starts_on, ends_on):
                raise AccountRefused(f"与第{number}行重复。")
        self.listed[place].append((starts_on, ends_on, line.number))
        if person is None:
            return Outcome.NEW
        if person.pk == self.actor.user_id:
            raise AccountRefused("不能给自己任职，请由其他管理员办理。")
        if person.name != line.name:
            raise AccountRefused("这个登录名已经有人使用，请换一个。")
        verdict = self.verdicts[line.username]
        if not verdict:
            raise AccountRefused(verdict.reason)
        if (starts_on, ends_on) in self.held[place]:
            return Outcome.KNOWN
        if not person.is_active:
            raise AccountRefused("这个账号已停用，请先恢复启用。")
        for starts, ends in self.held[place]:
            if _overlap(starts, ends, starts_on, ends_on):
                raise AccountRefused(f"与已有任职的日期重叠（{starts}至{ends or '长期'}）。")
        return Outcome.ADD


def take_in(
    lines: Sequence[StaffLine],
    *,
    by: User,
    now: datetime,
    seen: str,
    only_good: bool,
    reason: str,
    key: str | None = None,
) -> TakenIn:
    """Make the logins and appointments of a list as its preview said: all of it, or what has no fault.

    New logins get a random password each, in the answer and nowhere else. Lines that are known already are passed over.
    """
    accounts.need_reason(reason)
    today = timezone.localdate(now)
    # A hash takes a fifth of a second: made before the transaction, for those the preview called new.
    foreseen = judge(lines, by=by, on=today)
    made = {one.line.username: passwords.fresh() for one in foreseen if one.outcome is Outcome.NEW}
    rows = {name: User(username=name) for name in made}
    for name, row in rows.items():
        accounts.set_initial(row, made[name], now=now)
    with transaction.atomic(durable=True):
        if receipts.first(key, act="take_in_staff", by=by.pk, at=now) is not None:
            return TakenIn(again=True)
        permissions.may_keep_accounts(appointments.actor(by, on=today)).enforce()
        judged = judge(lines, by=by, on=today)
        if {fingerprint(foreseen), fingerprint(judged)} != {seen}:
            raise ForeseenOtherwise
        if not only_good and any(one.outcome is Outcome.FAULT for one in judged):
            raise NotAllGood
        given, appointed = _write(judged, rows, made, by=by, now=now, reason=reason)
        receipts.keep(key, [Result(by.pk, "", True, data={"new": len(given), "appointed": appointed})])
    return TakenIn(tuple(given), appointed)


def _write(
    judged: Sequence[Judged],
    rows: dict[str, User],
    made: dict[str, str],
    *,
    by: User,
    now: datetime,
    reason: str,
) -> tuple[list[Given], int]:
    given, appointed = [], 0
    people = {person.username: person for person in User.objects.filter(username__in=_names(judged))}
    for one in judged:
        if one.outcome not in (Outcome.NEW, Outcome.ADD):
            continue
        person = people.get(one.line.username)
        if person is None:
            person = rows[one.line.username]
            person.name, person.date_joined = one.line.name, now
            person.save(force_insert=True)
            people[person.username] = person
            accounts.note(person, AccountAct.CREATE, by=by, now=now, reason=reason)
            given.append(Given(person, made[person.username]))
        assert one.role is not None
        assert one.region is not None
        assert one.starts_on is not None
        row = appointments.appoint(
            person, role=one.role, region=one.region, starts_on=one.starts_on, ends_on=one.ends_on, by=by
        )
        accounts.note(person, AccountAct.APPOINT, by=by, now=now, reason=reason, appointment=row.pk)
        appointed += 1
    return given, appointed


def _names(judged: Sequence[Judged]) -> list[str]:
    return [one.line.username for one in judged]


def _overlap(starts: date, ends: date | None, other: date, until: date | None) -> bool:
    return (ends is None or ends >= other) and (until is None or until >= starts)


def _day(label: str, text: str) -> date:
    try:
        return date.fromisoformat(text.replace("/", "-").replace(".", "-"))
    except ValueError:
        raise AccountRefused(f"{label}“{text[:20]}”不是日期，请写成2021-10-01的样子。") from None
