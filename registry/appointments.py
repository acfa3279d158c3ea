"""Who may act where (任职): one answer for lists, buttons and verbs alike."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value

from registry.models import ROLE_LEVEL, Appointment, Interest, Region, RegionLevel, Role, User
from registry.refusal import Refused
from registry.scope import lineage, within


class AppointmentRefused(Refused):
    """An appointment cannot be made or ended like this."""


class AppointmentOverlaps(AppointmentRefused):
    """The same person already holds the same role over the same region on some of these days."""


class RoleDoesNotFit(AppointmentRefused):
    """The role belongs to another level of region."""


class UserInactive(AppointmentRefused):
    """The login is deactivated."""


class AppointmentDatesWrong(AppointmentRefused):
    """An end before the start, or of an appointment that has ended already."""


@dataclass(frozen=True)
class Holding:
    """One role over one region, as held on one day."""

    role: Role
    prefix: str
    region_id: int


@dataclass(frozen=True)
class Actor:
    """A person with all they hold on one day. Whoever is anonymous or inactive holds nothing."""

    user_id: int | None
    user: User | AnonymousUser = field(compare=False)
    on: date
    holdings: tuple[Holding, ...] = ()
    interests: frozenset[int] = frozenset()

    def holds(self, role: str, region_code: str) -> bool:
        """Tell whether this person holds a role over the region with this code."""
        return any(h.role == role and region_code.startswith(h.prefix) for h in self.holdings)

    def prefixes(self, *roles: str) -> tuple[str, ...]:
        """List the code prefixes over which this person holds one of the roles; without roles, any role."""
        return tuple(sorted({h.prefix for h in self.holdings if not roles or h.role in roles}))

    @property
    def may_read_prefixes(self) -> tuple[str, ...]:
        """List the code prefixes this person may read: those of every role held."""
        return self.prefixes()

    @property
    def keeps_the_system(self) -> bool:
        """Tell whether this person is administrator of a whole county or of more."""
        county = RegionLevel.COUNTY.digits
        return any(h.role == Role.ADMINISTRATOR and len(h.prefix) <= county for h in self.holdings)

    @property
    def roles(self) -> tuple[Role, ...]:
        """List the roles held, each once, in the order of the chain."""
        return tuple(role for role in Role if any(h.role == role for h in self.holdings))

    def is_staff_of(self, level: RegionLevel) -> bool:
        """Tell whether this person holds the role that decides at a level; reading roles do not count."""
        return any(ROLE_LEVEL.get(h.role) == level for h in self.holdings)


def actor(user: User | AnonymousUser, *, on: date) -> Actor:
    """Gather what a person holds on a day, in one query; none for the anonymous and the inactive."""
    if user.pk is None or not user.is_active:
        return Actor(user_id=user.pk, user=user, on=on)
    held = Appointment.objects.active(on).filter(user_id=user.pk).order_by()
    near = Interest.objects.in_force(on).filter(user_id=user.pk).order_by()
    # One statement for both: it is asked at every request. An interest comes with a role that nobody holds.
    rows = held.values_list("pk", "role", "region__code", "region__level", "region_id").union(
        near.values_list("pk", Value(""), Value(""), Value(""), "household_id"), all=True
    )
    found = sorted(rows)
    return Actor(
        user_id=user.pk,
        user=user,
        on=on,
        holdings=tuple(
            Holding(role=Role(role), prefix=Region(code=code, level=level).prefix, region_id=region)
            for _, role, code, level, region in found
            if role
        ),
        interests=frozenset(household for _, role, _, _, household in found if not role),
    )


def holdings(held: Iterable[Appointment]) -> tuple[Holding, ...]:
    """What appointments that were read already, with their regions, amount to."""
    return tuple(Holding(Role(one.role), one.region.prefix, one.region_id) for one in held)


def holds(user: User | AnonymousUser, role: str, region: Region, *, on: date) -> bool:
    """Tell whether a person holds a role over a region, or over one that contains it, on a day."""
    if user.pk is None:
        return False
    found = Appointment.objects.active(on).filter(user_id=user.pk, role=role)
    return found.filter(region__code__in=lineage(region.code)).exists()


def holders(role: str, codes: Iterable[str], *, on: date) -> dict[str, list[User]]:
    """List, for each region code or prefix, the people who hold a role over it on a day. One query."""
    lines = {code: lineage(code) for code in codes}
    found: dict[str, list[User]] = {code: [] for code in lines}
    wanted = {ancestor for line in lines.values() for ancestor in line}
    by_region: dict[str, list[User]] = {}
    rows = Appointment.objects.active(on).filter(role=role, region__code__in=wanted)
    for row in rows.select_related("region", "user").order_by("user_id", "pk"):
        by_region.setdefault(row.region.code, []).append(row.user)
    for code, line in lines.items():
        people = {user.pk: user for ancestor in line for user in by_region.get(ancestor, [])}
        found[code] = [people[pk] for pk in sorted(people)]
    return found


def colleagues(actor: Actor) -> QuerySet[User]:
    """The others who hold one of the person's roles over one of the person's own regions on that day."""
    same = Q()
    for holding in actor.holdings:
        same |= Q(role=holding.role, region=holding.region_id)
    found = (
        Appointment.objects.active(actor.on).filter(same) if actor.holdings else Appointment.objects.none()
    )
    return (
        User.objects.filter(pk__in=found.values("user")).exclude(pk=actor.user_id or 0).order_by("name", "pk")
    )


def staff_of(actor: Actor) -> QuerySet[User]:
    """The logins that an administrator sees: of whoever was ever appointed in their regions, or nowhere yet."""
    prefixes = actor.prefixes(Role.ADMINISTRATOR)
    if not prefixes:
        return User.objects.none()
    there = Appointment.objects.filter(within(prefixes, "region__code")).order_by().values("user")
    return User.objects.filter(Q(pk__in=there) | Q(appointments__isnull=True))


def end_sessions(user: User) -> None:
    """End every session of a person, at the next request of each."""
    User.objects.filter(pk=user.pk).update(session_round=F("session_round") + 1)
    user.session_round += 1


def appoint(
    user: User,
    *,
    role: str,
    region: Region,
    starts_on: date,
    by: User | None,
    ends_on: date | None = None,
    note: str = "",
) -> Appointment:
    """Appoint an active person to a role over a region of its level, on days they do not hold it yet."""
    if not Role(role).fits(region.level):
        raise RoleDoesNotFit(f"{Role(role).label}不能任职于{region.get_level_display()}一级的{region.name}。")
    if ends_on is not None and ends_on < starts_on:
        raise AppointmentDatesWrong("任职的结束日期不能早于开始日期。")
    with transaction.atomic():
        # The person's row is the lock: two appointments at once would not see each other's row.
        person = User.objects.select_for_update().get(pk=user.pk)
        if not person.is_active:
            raise UserInactive(f"{person}已停用，不能任职。")
        if Appointment.objects.overlapping(
            person, role=role, region=region, starts_on=starts_on, ends_on=ends_on
        ).exists():
            raise AppointmentOverlaps(f"{person}在{region.name}担任{Role(role).label}的日期与已有任职重叠。")
        # With other rights begins another session (ASVS 5 7.2.4); rights themselves are read at each request.
        end_sessions(user)
        return Appointment.objects.create(
            user=person,
            role=role,
            region=region,
            starts_on=starts_on,
            ends_on=ends_on,
            note=note,
            appointed_by=by,
        )


def end(appointment: Appointment, *, on: date, by: User | None) -> Appointment:
    """End an appointment; the day given is its last. One that ends no later already stays as it is."""
    with transaction.atomic():
        kept = (
            Appointment.objects.select_related("user").select_for_update(of=("self",)).get(pk=appointment.pk)
        )
        if on < kept.starts_on:
            raise AppointmentDatesWrong("任职的结束日期不能早于开始日期。")
        if kept.ends_on is not None and kept.ends_on <= on:
            raise AppointmentDatesWrong("这项任职已经在更早的日期或同一天结束。")
        kept.ends_on, kept.ended_by = on, by
        kept.save(update_fields=["ends_on", "ended_by"])
        end_sessions(kept.user)
        return kept
