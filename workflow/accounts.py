"""Logins and what administrators do to them (账号): each act with a reason and a line that stays; no page shows a
password twice, for none is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from registry import appointments, lockout, passwords
from registry.models import AccountAct, AccountChange, User
from registry.refusal import Refused
from workflow import permissions, receipts
from workflow.results import Result

UNUSED = timedelta(days=90)
"""A login nobody used for so long is looked at: is it still needed (GB/T 22239-2019 8.1.4.2 c)?"""


INITIAL = ["password", "password_set_at", "must_change_password", "initial_until"]
"""What a given password writes."""


class AccountRefused(Refused):
    """Something cannot be done to a login like this."""


@dataclass(frozen=True)
class Given:
    """A password as it is handed over; None where the same form was sent before and it has been shown."""

    person: User
    password: str | None


def reset_password(person: User, *, by: User, now: datetime, reason: str, key: str | None = None) -> Given:
    """Give a person a random password that must be changed at the first login; all their sessions end with the old one."""
    made = passwords.fresh()

    def give(kept: User) -> None:
        if not kept.is_active:
            raise AccountRefused("账号已停用，请先恢复启用。")
        set_initial(kept, made, now=now)
        kept.save(update_fields=INITIAL)
        lockout.unlock(kept.username)

    kept = _change(person, AccountAct.RESET_PASSWORD, give, by=by, now=now, reason=reason, key=key)
    return Given(person, made if kept else None)


def reset_factor(person: User, *, by: User, now: datetime, reason: str, key: str | None = None) -> None:
    """Forget a person's telephone (验证器): at the next login they bind one anew, and until then get nowhere."""

    def forget(kept: User) -> None:
        if not TOTPDevice.objects.filter(user=kept).delete()[0]:
            raise AccountRefused("该账号没有绑定验证器。")
        appointments.end_sessions(kept)

    _change(person, AccountAct.RESET_FACTOR, forget, by=by, now=now, reason=reason, key=key)


def end_sessions(person: User, *, by: User, now: datetime, reason: str, key: str | None = None) -> None:
    """End every login of a person, wherever it is open."""
    _change(
        person, AccountAct.END_SESSIONS, appointments.end_sessions, by=by, now=now, reason=reason, key=key
    )


def unlock(person: User, *, by: User, now: datetime, reason: str, key: str | None = None) -> None:
    """Forget the wrong passwords that lock a person's name."""

    def forget(kept: User) -> None:
        if not lockout.unlock(kept.username):
            raise AccountRefused("该账号没有被锁定，也没有输错密码的记录。")

    _change(person, AccountAct.UNLOCK, forget, by=by, now=now, reason=reason, key=key)


def reactivate(person: User, *, by: User, now: datetime, reason: str, key: str | None = None) -> Given:
    """Let a deactivated person in again, with a password of a new start; appointments stay ended."""
    made = passwords.fresh()

    def let_in(kept: User) -> None:
        if kept.is_active:
            raise AccountRefused("账号没有停用。")
        kept.is_active = True
        set_initial(kept, made, now=now)
        kept.save(update_fields=["is_active", *INITIAL])

    kept = _change(person, AccountAct.REACTIVATE, let_in, by=by, now=now, reason=reason, key=key)
    return Given(person, made if kept else None)


def set_initial(person: User, password: str, *, now: datetime) -> None:
    """Put a given password on a row in memory: to be changed at once, and of no use after some days."""
    person.set_password(password)
    person.password_set_at = now
    person.must_change_password = True
    person.initial_until = now + timedelta(days=settings.INITIAL_PASSWORD_DAYS)


def note(person: User, act: AccountAct, *, by: User, now: datetime, reason: str, **data: Any) -> None:
    """Write the line of an act into the record of a login."""
    AccountChange.objects.create(user=person, act=act, by=by, at=now, reason=reason.strip(), data=data)


def need_reason(reason: str) -> None:
    """No act without one."""
    if not reason.strip():
        raise AccountRefused("请写明原因，原因会写入账号记录。")


def _change(
    person: User,
    act: AccountAct,
    do: Callable[[User], None],
    *,
    by: User,
    now: datetime,
    reason: str,
    key: str | None,
) -> bool:
    """One act on one login under its lock, with its line; False where the same form did it before."""
    need_reason(reason)
    with transaction.atomic(durable=True):
        if receipts.first(key, act=act, by=by.pk, at=now) is not None:
            return False
        kept = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        actor = appointments.actor(by, on=timezone.localdate(now))
        permissions.may_keep_account(actor, kept).enforce()
        do(kept)
        note(kept, act, by=by, now=now, reason=reason)
        receipts.keep(key, [Result(kept.pk, kept.username, True)])
    return True
