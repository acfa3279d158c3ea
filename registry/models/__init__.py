"""Who and where: the nouns of the registry (户籍与人员)."""

from registry.models.accounts import AccountAct, AccountChange
from registry.models.appointments import (
    ROLE_LEVEL,
    Appointment,
    AppointmentQuerySet,
    Interest,
    InterestKind,
    InterestNeverDeleted,
    InterestQuerySet,
    Role,
)
from registry.models.demo import ClockOffset, DemoMarker
from registry.models.households import (
    Category,
    CategoryPeriod,
    Household,
    HouseholdQuerySet,
    MonitorPeriod,
    MonitorType,
)
from registry.models.members import Member, MemberStatus, Relationship
from registry.models.regions import Region, RegionLevel, RegionQuerySet
from registry.models.register import RegisterAct, RegisterChange
from registry.models.users import FormerPassword, User, UserManager, UserNeverDeleted, UserQuerySet

__all__ = [
    "ROLE_LEVEL",
    "AccountAct",
    "AccountChange",
    "Appointment",
    "AppointmentQuerySet",
    "Category",
    "CategoryPeriod",
    "ClockOffset",
    "DemoMarker",
    "FormerPassword",
    "Household",
    "HouseholdQuerySet",
    "Interest",
    "InterestKind",
    "InterestNeverDeleted",
    "InterestQuerySet",
    "Member",
    "MemberStatus",
    "MonitorPeriod",
    "MonitorType",
    "Region",
    "RegionLevel",
    "RegionQuerySet",
    "RegisterAct",
    "RegisterChange",
    "Relationship",
    "Role",
    "User",
    "UserManager",
    "UserNeverDeleted",
    "UserQuerySet",
]
