"""Who and where: the nouns of the registry (户籍与人员)."""

from registry.models.accounts import AccountAct, AccountChange
from registry.models.appointments import (
    ROLE_LEVEL,
    Appointment,
    AppointmentQuerySet,
    Interest,
    InterestKind,
    Role,
)
from registry.models.demo import ClockOffset, DemoMarker
from registry.models.households import Category, Household, HouseholdQuerySet, MonitorPeriod, MonitorType
from registry.models.members import Member, MemberStatus, Relationship
from registry.models.regions import Region, RegionLevel, RegionQuerySet
from registry.models.users import User, UserManager, UserNeverDeleted, UserQuerySet

__all__ = [
    "ROLE_LEVEL",
    "AccountAct",
    "AccountChange",
    "Appointment",
    "AppointmentQuerySet",
    "Category",
    "ClockOffset",
    "DemoMarker",
    "Household",
    "HouseholdQuerySet",
    "Interest",
    "InterestKind",
    "Member",
    "MemberStatus",
    "MonitorPeriod",
    "MonitorType",
    "Region",
    "RegionLevel",
    "RegionQuerySet",
    "Relationship",
    "Role",
    "User",
    "UserManager",
    "UserNeverDeleted",
    "UserQuerySet",
]
