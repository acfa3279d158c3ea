"""A person leaves (离岗停用): what they had taken goes to others, their appointments and sessions end, in one act.

Their row stays, with all they did.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from applications.models import Application, HistoryEntry
from applications.states import Level, State
from registry import appointments
from registry.models import ROLE_LEVEL, AccountAct, Appointment, Role, User
from workflow import accounts, engine, permissions, receipts
from workflow.accounts import AccountRefused
from workflow.models import OPEN_OBJECTION, Objection, ReviewTask
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result
from workflow.steps import LEVEL_ROLE, STEPS

HANDLING = ("objection_accepted", "objection_investigating", "objection_confirmed")


class HeldOtherwise(AccountRefused):
    """What the person holds is not what was shown."""

    def __init__(self) -> None:
        super().__init__("页面打开以后，这个人经办的事项有变化，请重新核对后再提交。")


class CannotTakeOver(AccountRefused):
    """The one chosen may not go on with a case."""


@dataclass(frozen=True)
class Post:
    """One role over one region whose open work has to go to somebody: the key by which a taker is chosen."""

    role: Role
    code: str

    @property
    def key(self) -> str:
        return f"{self.role}-{self.code}"

    @classmethod
    def of(cls, role: Role, village_code: str) -> "Post":
        digits = ROLE_LEVEL[role].digits
        return cls(role, village_code[:digits].ljust(12, "0"))


@dataclass(frozen=True)
class Held:
    """What a person has in hand: cases they took and objections they handle, by post; posts they leave empty."""

    cases: dict[Post, list[Application]]
    objections: dict[Post, list[Objection]]
    vacant: tuple[Appointment, ...]

    @property
    def posts(self) -> list[Post]:
        return sorted({*self.cases, *self.objections}, key=lambda post: post.key)

    @property
    def fingerprint(self) -> str:
        """One value over what was listed: what is handed over is what was seen."""
        cases = sorted(case.pk for found in self.cases.values() for case in found)
        objections = sorted(one.pk for found in self.objections.values() for one in found)
        return f"{'.'.join(map(str, cases))}-{'.'.join(map(str, objections))}"


def held(person: User, *, on: date, posts: Sequence[Appointment] | None = None) -> Held:
    """List what a person has in hand today, and which posts would be left with nobody.

    `posts` are the person's appointments of today with their regions, where they were read already.
    """
    taken = ReviewTask.objects.filter(owner=person, finished__isnull=True)
    cases = Application.objects.filter(approval_process__task__in=taken).select_related(
        "village", "programme"
    )
    by_post: dict[Post, list[Application]] = defaultdict(list)
    for case in cases.order_by("pk"):
        by_post[Post.of(STEPS[State(case.state)].role, case.village.code)].append(case)
    objections: dict[Post, list[Objection]] = defaultdict(list)
    for one in _objections(person):
        role = LEVEL_ROLE[Level(one.handling_level)]
        objections[Post.of(role, one.application.village.code)].append(one)
    return Held(dict(by_post), dict(objections), tuple(_left_empty(person, posts, on=on)))


def takers(posts: Iterable[Post], *, but: User, on: date) -> dict[Post, list[User]]:
    """Who else holds each post today."""
    found: dict[Post, list[User]] = {}
    for post in posts:
        people = appointments.holders(post.role, [post.code], on=on)[post.code]
        found[post] = [one for one in people if one.pk != but.pk]
    return found


def leave(
    person: User,
    *,
    by: User,
    now: datetime,
    reason: str,
    takers: Mapping[str, User | None],
    seen: str,
    key: str | None = None,
) -> list[Result]:
    """Deactivate a person: hand over what they had taken, end their appointments today and every session.

    `takers` names for each post who goes on; None lays the tasks back for everybody who holds the post. One line for
    each case and one for the login. Whoever is deactivated already may still have something handed over.
    """
    accounts.need_reason(reason)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="leave", by=by.pk, at=now)) is not None:
            return before
        today = timezone.localdate(now)
        permissions.may_keep_account(appointments.actor(by, on=today), person).enforce()
        found = held(person, on=today)
        refs = [Ref(case.pk) for cases in found.cases.values() for case in cases]
        refs += [Ref(one.application_id) for ones in found.objections.values() for one in ones]
        proceeding = Proceeding(engine.locked(refs), by, now)
        kept = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        # Read again under the locks: what was shown is what is handed over, or nothing is.
        again = held(kept, on=today)
        if {found.fingerprint, again.fingerprint} != {seen}:
            raise HeldOtherwise
        told: dict[int, list[str]] = defaultdict(list)
        owners = _hand_cases(again, kept, takers, proceeding, told)
        _hand_objections(again, kept, takers, proceeding, told)
        for case, sentences in told.items():
            act = "task_handed_over" if case in owners else "objection_handed_over"
            proceeding.touch(proceeding.locked.cases[case], act, text="".join(sentences))
        tasks = engine.open_tasks(owners)
        for taker in set(owners.values()):
            theirs = [tasks[case] for case, wanted in owners.items() if wanted == taker]
            engine.hand_over(theirs, to=taker, at=now)
        proceeding.write()
        ended = _end_appointments(kept, by=by, on=today)
        was_active = kept.is_active
        kept.is_active = False
        kept.save(update_fields=["is_active"])
        appointments.end_sessions(kept)
        accounts.note(
            kept,
            AccountAct.DEACTIVATE,
            by=by,
            now=now,
            reason=reason,
            cases=sorted(owners),
            objections=sorted(one.pk for ones in again.objections.values() for one in ones),
            appointments=ended,
            was_active=was_active,
        )
        results = [Result(kept.pk, kept.username, True, data={"cases": len(owners)})]
        receipts.keep(key, results)
        return results


def _hand_cases(
    found: Held,
    person: User,
    takers: Mapping[str, User | None],
    proceeding: Proceeding,
    told: dict[int, list[str]],
) -> dict[int, User | None]:
    """The new owner of each taken case, by case, with what its history is told."""
    owners: dict[int, User | None] = {}
    for post, cases in found.cases.items():
        taker = takers.get(post.key)
        actor = appointments.actor(taker, on=proceeding.today) if taker else None
        for one in cases:
            case = proceeding.locked.cases[one.pk]
            level = STEPS[State(case.state)].level
            if taker is not None and actor is not None:
                _enforce(actor, case, level, taker, person, proceeding)
            goes = f"由{taker}接办" if taker else "放回待办"
            told[case.pk].append(f"{person}离岗，{goes}。")
            owners[case.pk] = taker
    return owners


def _enforce(
    actor: appointments.Actor,
    case: Application,
    level: Level,
    taker: User,
    person: User,
    proceeding: Proceeding,
) -> None:
    if taker.pk == person.pk:
        raise CannotTakeOver(f"申请{case.number}：不能移交给离岗的本人。")
    verdict = permissions.may_take_over(actor, case)
    if not verdict:
        raise CannotTakeOver(
            f"申请{case.number}不能移交给{taker}：没有当地的任职，或与该户有回避关系。请另选一人，或放回待办。"
        )
    for other, people in proceeding.standings[case.pk].deciders.items():
        if other is not level and taker.pk in people:
            raise CannotTakeOver(f"申请{case.number}不能移交给{taker}：{taker}已在{other.label}经办过。")


def _hand_objections(
    found: Held,
    person: User,
    takers: Mapping[str, User | None],
    proceeding: Proceeding,
    told: dict[int, list[str]],
) -> None:
    """Put the taker in the place of the person among those who look into each objection."""
    for post, objections in found.objections.items():
        taker = takers.get(post.key)
        for one in objections:
            names = list(one.investigators)
            if taker is not None:
                actor = appointments.actor(taker, on=proceeding.today)
                if taker.pk == person.pk or not permissions.may_handle(actor, one):
                    raise CannotTakeOver(
                        f"异议{one.number}不能移交给{taker}，请另选一人，或留给同岗位的人办理。"
                    )
                if one.appeal_of is not None and taker.name in one.appeal_of.investigators:
                    raise CannotTakeOver(f"异议{one.number}不能移交给{taker}：{taker}参加过原来的调查。")
                names = list(dict.fromkeys(taker.name if name == person.name else name for name in names))
            Objection.objects.filter(pk=one.pk).update(investigators=names, revision=F("revision") + 1)
            goes = f"由{taker}接办" if taker else "由同岗位的人接办"
            told[one.application_id].append(f"异议（编号{one.number}）经办人{person}离岗，{goes}。")


def _objections(person: User) -> Sequence[Objection]:
    """Open objections that the person looks into by name, or took the latest step of handling on."""
    lines = HistoryEntry.objects.filter(by=person, act__in=HANDLING).order_by().values("application")
    near = Objection.objects.filter(state__in=list(OPEN_OBJECTION)).filter(
        Q(application__in=lines) | ~Q(investigators=[])
    )
    rows = near.select_related("application__village", "appeal_of").order_by("pk")
    told = defaultdict(set)
    own = HistoryEntry.objects.filter(application__in=[one.application_id for one in rows], act__in=HANDLING)
    for application, by, text in own.order_by("seq").values_list("application", "by", "text"):
        told[application].add((by, text))
    return [
        one
        for one in rows
        if person.name in one.investigators
        or any(by == person.pk and one.number in text for by, text in told[one.application_id])
    ]


def _left_empty(person: User, posts: Sequence[Appointment] | None, *, on: date) -> Iterable[Appointment]:
    """The person's posts that nobody else holds today: one statement for each role."""
    if posts is None:
        posts = list(Appointment.objects.active(on).filter(user=person).select_related("region"))
    if not person.is_active:
        return
    own = sorted((post for post in posts if post.role in ROLE_LEVEL), key=lambda post: post.pk)
    codes: dict[str, list[str]] = defaultdict(list)
    for post in own:
        codes[post.role].append(post.region.code)
    others = {role: appointments.holders(role, found, on=on) for role, found in codes.items()}
    for post in own:
        if not [one for one in others[post.role][post.region.code] if one.pk != person.pk]:
            yield post


def _end_appointments(person: User, *, by: User, on: date) -> list[int]:
    """End what has not ended; what would begin later keeps its first day only, which an inactive login cannot use."""
    rows = Appointment.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on), user=person)
    ended = []
    for row in rows.order_by("pk"):
        last = max(on, row.starts_on)
        if row.ends_on is None or row.ends_on > last:
            appointments.end(row, on=last, by=by)
            ended.append(row.pk)
    return ended
