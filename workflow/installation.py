"""The first administrator of an installation (首任管理员), and one let in again whom nobody else could let in.

Called from the command line only, by whoever runs the machine. What it does stands in the record of the login, as every
other act does: no administration begins without a line.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from registry import appointments, lockout, passwords
from registry.models import AccountAct, Appointment, Region, Role, User
from registry.models.regions import level_of, validate_region_code
from workflow import accounts
from workflow.accounts import AccountRefused, Given
from workflow.staff import LOGIN_NAME


@dataclass(frozen=True)
class Wanted:
    """Who is to administer which region; `back_office` opens the administration of places (后台) as well."""

    username: str
    name: str
    region: str
    region_name: str = ""
    back_office: bool = False
    let_in_again: bool = False


def appoint_administrator(wanted: Wanted, *, now: datetime, reason: str, at_the_machine: str) -> Given:
    """Appoint an administrator, with a login where there is none; each act leaves its line.

    In: `at_the_machine`, the name under which the command runs. A new login, and one let in again, get a random password
    to be changed at once. The acts stand under the login's own name, for nobody else may be there yet.
    """
    accounts.need_reason(reason)
    with transaction.atomic(durable=True):
        region = _region(wanted)
        person = User.objects.select_for_update(no_key=True).filter(username=wanted.username).first()
        data = {"command": "appoint_administrator", "at_the_machine": at_the_machine}
        made = None
        if person is None:
            made = passwords.fresh()
            person = _new(wanted, made, now=now)
            accounts.note(person, AccountAct.CREATE, by=person, now=now, reason=reason, **data)
        elif person.name != wanted.name:
            raise AccountRefused(f"登录名{wanted.username}已经由别的人使用，请核对姓名，或换一个登录名。")
        elif wanted.let_in_again:
            made = passwords.fresh()
            _let_in_again(person, made, now=now)
            accounts.note(person, AccountAct.REACTIVATE, by=person, now=now, reason=reason, **data)
        _appoint(person, region, now=now, reason=reason, data=data)
        if wanted.back_office and not person.is_superuser:
            person.is_staff = person.is_superuser = True
            person.save(update_fields=["is_staff", "is_superuser"])
            accounts.note(person, AccountAct.BACK_OFFICE, by=person, now=now, reason=reason, **data)
        return Given(person, made)


def _region(wanted: Wanted) -> Region:
    """The region of that code; in an empty installation the one that is named begins the list of places."""
    found = Region.objects.filter(code=wanted.region).first()
    if found is not None:
        return found
    if not wanted.region_name.strip():
        raise AccountRefused(f"没有代码为{wanted.region}的区划；要新建，请同时写明区划名称。")
    made = Region(code=wanted.region, name=wanted.region_name.strip())
    try:
        validate_region_code(made.code)
        made.level = level_of(made.code)
        made.full_clean()
    except ValidationError as fault:
        raise AccountRefused("".join(fault.messages)) from None
    made.save()
    return made


def _new(wanted: Wanted, password: str, *, now: datetime) -> User:
    if not LOGIN_NAME.fullmatch(wanted.username):
        raise AccountRefused("登录名应为3至30个字母、数字、“.”“_”“-”，以字母或数字开头。")
    if not wanted.name.strip() or len(wanted.name) > 50:
        raise AccountRefused("请写明姓名，最多50个字。")
    person = User(username=wanted.username, name=wanted.name.strip(), date_joined=now)
    accounts.set_initial(person, password, now=now)
    person.save(force_insert=True)
    return person


def _let_in_again(person: User, password: str, *, now: datetime) -> None:
    person.is_active = True
    accounts.set_initial(person, password, now=now)
    person.save(update_fields=["is_active", *accounts.INITIAL])
    TOTPDevice.objects.filter(user=person).delete()
    lockout.unlock(person.username)
    appointments.end_sessions(person)


def _appoint(person: User, region: Region, *, now: datetime, reason: str, data: dict[str, Any]) -> None:
    """Appoint from today, unless the post is held already."""
    today = timezone.localdate(now)
    held = Appointment.objects.active(today).filter(user=person, role=Role.ADMINISTRATOR, region=region)
    if held.exists():
        return
    row = appointments.appoint(person, role=Role.ADMINISTRATOR, region=region, starts_on=today, by=None)
    accounts.note(person, AccountAct.APPOINT, by=person, now=now, reason=reason, **data, appointment=row.pk)
