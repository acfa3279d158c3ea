"""The demonstration township (演示镇): places, logins with their appointments, and two programmes.

Names of places are real, their codes are assigned to no place. Everything else that could be mistaken for a
fact (phones, citations, bodies) says 〔示例〕 in itself.
"""

from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.hashers import make_password
from stdnum.cn import uscc

from applications.models import Beneficiary, PostingPlan, Programme, ProgrammeKind, RequiredPaper
from applications.states import Level
from applications.terms import DayUnit
from registry import appointments
from registry.models import (
    Household,
    Interest,
    InterestKind,
    Member,
    Region,
    RegionLevel,
    Role,
    User,
)
from workflow.demo import families
from workflow.demo_accounts import DEMO_LOGINS, DEMO_PASSWORD

# The township's own code, printed in its published summary. It stands on the township and nowhere else.
TOWNSHIP_PUBLISHER = "113417030032496887"

ROLES = {
    "cun1": Role.VILLAGE_CLERK,
    "cun1b": Role.VILLAGE_CLERK,
    "cun2": Role.VILLAGE_CLERK,
    "xiang1": Role.TOWNSHIP_REVIEWER,
    "xiang2": Role.TOWNSHIP_REVIEWER,
    "qu1": Role.DISTRICT_APPROVER,
    "qu2": Role.DISTRICT_APPROVER,
    "jiandu": Role.SUPERVISOR,
    "admin": Role.ADMINISTRATOR,
}


@dataclass
class Township:
    """The rows that the story speaks of."""

    county: Region
    township: Region
    villages: list[Region]
    people: dict[str, User]
    industry: Programme
    transport: Programme
    households: list[list[Household]]
    travellers: list[list[Member]] = field(default_factory=list)


def build(*, today: date, since: date) -> Township:
    """Lay the township out; whoever works there has been appointed since before the story begins."""
    county, township, villages = _places()
    people = _people(county, township, villages, since=since)
    households = families.settle(villages, today=today)
    # The first clerk's kin: that household's case is the second clerk's.
    Interest.objects.create(
        user=people["cun1"], household=households[0][9], kind=InterestKind.RELATIVE, declared_on=since
    )
    return Township(
        county=county,
        township=township,
        villages=villages,
        people=people,
        industry=_industry(county, today=today, since=since),
        transport=_transport(county, today=today, since=since),
        households=households,
        travellers=[families.travellers(of_village) for of_village in households],
    )


def district_code() -> str:
    """A publisher code for the demo district, computed: right in form, and of no real body.

    Registering office 0 and kind 0 are assigned to nobody, the area begins with 99, the body is DEM0DEM00.
    """
    body = "00990101DEM0DEM00"
    return body + str(uscc.calc_check_digit(body))


def _places() -> tuple[Region, Region, list[Region]]:
    province = Region.objects.create(code="990000000000", name="安徽省", level=RegionLevel.PROVINCE)
    city = Region.objects.create(code="990100000000", name="宣城市", level=RegionLevel.CITY, parent=province)
    county = Region.objects.create(
        code="990101000000",
        name="宣州区",
        level=RegionLevel.COUNTY,
        parent=city,
        body_name="宣州区主管部门〔示例〕",
        short_name="宣〔示例〕",
        phone="0000-0000001〔示例〕",
        discipline_phone="0000-0000002〔示例〕",
        publisher_code=district_code(),
    )
    township = Region.objects.create(
        code="990101001000",
        name="寒亭镇",
        level=RegionLevel.TOWNSHIP,
        parent=county,
        body_name="寒亭镇人民政府",
        short_name="寒〔示例〕",
        phone="0000-0000003〔示例〕",
        discipline_phone="0000-0000004〔示例〕",
        publisher_code=TOWNSHIP_PUBLISHER,
    )
    villages = [
        Region.objects.create(
            code=f"99010100100{number}",
            name=f"示例{word}村",
            level=RegionLevel.VILLAGE,
            parent=township,
            body_name=f"示例{word}村村民委员会",
            short_name=f"示例{word}",
            phone=f"0000-000001{number}〔示例〕",
        )
        for number, word in ((1, "一"), (2, "二"))
    ]
    return county, township, villages


def _people(county: Region, township: Region, villages: list[Region], *, since: date) -> dict[str, User]:
    # The password is public, so that one hash for all of them gives nothing away and saves seconds.
    hashed = make_password(DEMO_PASSWORD)
    found = {}
    for login in DEMO_LOGINS:
        username = login["username"]
        role = ROLES[username]
        manages = role is Role.ADMINISTRATOR
        user = User.objects.create(
            username=username,
            name=login["name"],
            email=f"{username}@example.invalid",
            password=hashed,
            is_staff=manages,
            is_superuser=manages,
        )
        place = {
            Role.VILLAGE_CLERK: villages[1] if username == "cun2" else villages[0],
            Role.TOWNSHIP_REVIEWER: township,
        }.get(role, county)
        appointments.appoint(user, role=role, region=place, starts_on=since, by=None, note="〔示例〕")
        found[username] = user
    return found


def _window(today: date, since: date) -> dict[str, object]:
    """Open all this year, and from the beginning of the story where that lies in the year before."""
    return {
        "year": today.year,
        "opens_on": min(date(today.year, 1, 1), since),
        "closes_on": date(today.year, 12, 31),
    }


def _industry(county: Region, *, today: date, since: date) -> Programme:
    programme = Programme.objects.create(
        code="DEMO-CY",
        region=county,
        kind=ProgrammeKind.INDUSTRY,
        name="产业振兴到户项目",
        department="宣州区主管部门〔示例〕",
        legal_basis="产业振兴到户项目实施方案〔示例〕",
        targets="脱贫户和边缘易致贫户，种植面积不少于1亩。",
        standard="每亩补助300元，每户每年封顶5000元。",
        contact="0000-0000003〔示例〕",
        beneficiary=Beneficiary.HOUSEHOLD,
        quantity_unit="亩",
        rule={
            "kind": "unit_price",
            "unit_price": "300.00",
            "min_quantity": "1",
            "max_quantity": "50",
            "cap": "5000.00",
            "clause": "产业振兴到户项目实施方案〔示例〕第三条",
        },
        terms_citation="产业振兴到户项目实施方案〔示例〕第五条",
        **_window(today, since),
    )
    RequiredPaper.objects.create(programme=programme, name="土地承包合同复印件")
    RequiredPaper.objects.create(programme=programme, name="种植现场照片", compulsory=False)
    plans = ((Level.VILLAGE, 10, DayUnit.CALENDAR), (Level.TOWNSHIP, 5, DayUnit.WORKING))
    for level, days, unit in (*plans, (Level.DISTRICT, 7, DayUnit.CALENDAR)):
        PostingPlan.objects.create(
            programme=programme,
            level=level,
            days=days,
            unit=unit,
            citation=f"产业振兴到户项目实施方案〔示例〕第六条（{level.label}）",
        )
    return programme


def _transport(county: Region, *, today: date, since: date) -> Programme:
    programme = Programme.objects.create(
        code="DEMO-JT",
        region=county,
        kind=ProgrammeKind.TRANSPORT,
        name="交通补贴",
        department="宣州区主管部门〔示例〕",
        legal_basis="外出务工交通补贴办法〔示例〕",
        targets="外出务工的脱贫人口和边缘易致贫人口。",
        standard="每人每年定额补助500元。",
        contact="0000-0000003〔示例〕",
        beneficiary=Beneficiary.PERSON,
        quantity_unit="人",
        rule={"kind": "fixed", "amount": "500.00", "clause": "外出务工交通补贴办法〔示例〕第二条"},
        terms_citation="外出务工交通补贴办法〔示例〕第四条",
        **_window(today, since),
    )
    RequiredPaper.objects.create(programme=programme, name="务工证明", compulsory=False)
    for level in Level:
        # Three days and no roll-over: a sheet can end on a Sunday, and a year's round fits into a trial.
        PostingPlan.objects.create(
            programme=programme,
            level=level,
            days=3,
            rolls=False,
            citation=f"外出务工交通补贴办法〔示例〕第五条（{level.label}）",
        )
    return programme
