"""A township of the tests' own: synthetic people with an area code assigned to no place."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import count

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from stdnum.cn import ric

from applications.models import Beneficiary, PostingPlan, Programme, ProgrammeKind
from applications.states import Level
from registry import appointments
from registry.models import (
    Category,
    Household,
    Member,
    MemberStatus,
    Region,
    RegionLevel,
    Relationship,
    Role,
    User,
)
from tests.kept import stage
from workflow.models import HolidayNotice

NOW = datetime(2021, 3, 1, 1, 0, tzinfo=UTC)
"""Monday 1 March 2021, nine in the morning in the township: a quarter with no statutory holiday but 清明."""

AREA = "999999"
_serial = count(1)
_pixel = count(1)


def id_number(born: date = date(1960, 1, 1)) -> str:
    """A number that passes the check character, with an area code assigned to no place."""
    days, number = divmod(next(_serial), 1000)
    body = f"{AREA}{born + timedelta(days=days):%Y%m%d}{number:03d}"
    # The library leaves out the last of the characters it is given: the place of the check character.
    return body + ric.calc_check_digit(body + "0")


def photo(name: str = "photo.jpg") -> SimpleUploadedFile:
    """A small real JPEG, each one different, also after it was drawn anew: its number in black and white."""
    number = next(_pixel)
    image = Image.new("RGB", (128, 8), "white")
    for bit in (bit for bit in range(16) if number >> bit & 1):
        image.paste("black", (8 * bit, 0, 8 * bit + 8, 8))
    buffer = BytesIO()
    image.save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), content_type="image/jpeg")


@dataclass
class World:
    """The places, people and programmes of one test."""

    county: Region
    township: Region
    villages: list[Region]
    clerks: list[User]
    second_clerk: User
    reviewer: User
    second_reviewer: User
    approver: User
    second_approver: User
    supervisor: User
    administrator: User
    stranger: User
    grain: Programme
    travel: Programme
    now: datetime = NOW

    @property
    def village(self) -> Region:
        return self.villages[0]

    @property
    def clerk(self) -> User:
        return self.clerks[0]

    @stage
    def household(
        self, *, village: int = 0, category: Category = Category.GENERAL, name: str = ""
    ) -> Household:
        """A new household with its head."""
        number = next(_serial)
        household = Household.objects.create(
            number=f"示例{number:06d}",
            village=self.villages[village],
            group=f"第{number % 5 + 1}村民组",
            category=category,
            phone="〔示例〕",
        )
        self.member(household, name=name or f"示例户主{number}", relationship=Relationship.HEAD)
        return household

    @stage
    def member(
        self,
        household: Household,
        *,
        name: str = "示例成员",
        relationship: Relationship = Relationship.CHILD,
        status: MemberStatus = MemberStatus.ALIVE,
        **values: object,
    ) -> Member:
        return Member.objects.create(
            household=household,
            name=name,
            relationship=relationship,
            id_number=id_number(),
            bank="示例银行〔示例〕",
            card_number=f"〔示例〕{next(_serial):08d}",
            card_holder=name,
            status=status,
            status_on=None if status == MemberStatus.ALIVE else date(2020, 12, 1),
            **values,
        )

    def later(self, days: float) -> datetime:
        """The world's moment, this many days later."""
        return self.now + timedelta(days=days)


@stage
def user(name: str, **values: object) -> User:
    number = next(_serial)
    return User.objects.create(
        username=f"u{number:03d}", name=name, email=f"u{number:03d}@example.invalid", **values
    )


def region(
    code: str, name: str, level: RegionLevel, parent: Region | None = None, **values: object
) -> Region:
    return Region.objects.create(code=code, name=name, level=level, parent=parent, **values)


@stage
def programme(county: Region, **values: object) -> Programme:
    """A programme posted ten calendar days at each level, open all year."""
    settings: dict[str, object] = {
        "code": f"P{next(_serial)}",
        "year": 2021,
        "region": county,
        "kind": ProgrammeKind.INDUSTRY,
        "name": "示例种植补助",
        "department": "示例主管部门〔示例〕",
        "legal_basis": "示例文件〔示例〕",
        "targets": "脱贫户",
        "standard": "每亩300元，每户每年封顶5000元",
        "beneficiary": Beneficiary.HOUSEHOLD,
        "quantity_unit": "亩",
        "rule": {
            "kind": "unit_price",
            "unit_price": "300.00",
            "min_quantity": "1",
            "max_quantity": "50",
            "cap": "5000.00",
            "clause": "示例文件〔示例〕第一条",
        },
        "opens_on": date(2021, 1, 1),
        "closes_on": date(2021, 12, 31),
    }
    made = Programme.objects.create(**{**settings, **values})
    for level in Level:
        PostingPlan.objects.create(programme=made, level=level, citation="示例文件〔示例〕第二条")
    return made


def build() -> World:
    """Lay out the township."""
    province = region("990000000000", "示例省", RegionLevel.PROVINCE)
    city = region("990100000000", "示例市", RegionLevel.CITY, province)
    county = region(
        "990101000000",
        "示例区",
        RegionLevel.COUNTY,
        city,
        body_name="示例区乡村振兴局",
        short_name="示",
        phone="区监督电话〔示例〕",
        discipline_phone="纪委电话〔示例〕",
        publisher_code="113417030032496887",
    )
    township = region(
        "990101001000",
        "示例镇",
        RegionLevel.TOWNSHIP,
        county,
        body_name="示例镇人民政府",
        short_name="例",
        phone="镇监督电话〔示例〕",
    )
    villages = [
        region(
            f"9901010010{number:02d}",
            f"示例{number}村",
            RegionLevel.VILLAGE,
            township,
            short_name=f"村{number}",
        )
        for number in (1, 2)
    ]
    far = region("990101002000", "邻镇", RegionLevel.TOWNSHIP, county)
    clerks = [user("王村一"), user("王村二")]
    world = World(
        county=county,
        township=township,
        villages=villages,
        clerks=clerks,
        second_clerk=user("赵村员"),
        reviewer=user("李审核"),
        second_reviewer=user("李复核"),
        approver=user("张审定"),
        second_approver=user("张复审"),
        supervisor=user("孙监督"),
        administrator=user("周管理"),
        stranger=user("外镇人"),
        grain=programme(county),
        travel=programme(
            county,
            kind=ProgrammeKind.TRANSPORT,
            name="示例交通补贴",
            standard="每人每年500元",
            beneficiary=Beneficiary.PERSON,
            quantity_unit="人",
            rule={"kind": "fixed", "amount": "500.00", "clause": "示例文件〔示例〕第三条"},
        ),
    )
    for person, role, place in (
        (clerks[0], Role.VILLAGE_CLERK, villages[0]),
        (clerks[1], Role.VILLAGE_CLERK, villages[1]),
        (world.second_clerk, Role.VILLAGE_CLERK, villages[0]),
        (world.reviewer, Role.TOWNSHIP_REVIEWER, township),
        (world.second_reviewer, Role.TOWNSHIP_REVIEWER, township),
        (world.approver, Role.DISTRICT_APPROVER, county),
        (world.second_approver, Role.DISTRICT_APPROVER, county),
        (world.supervisor, Role.SUPERVISOR, county),
        (world.administrator, Role.ADMINISTRATOR, county),
        (world.stranger, Role.TOWNSHIP_REVIEWER, far),
    ):
        appointments.appoint(person, role=role, region=place, starts_on=date(2020, 1, 1), by=None)
    for year in (2020, 2021, 2022):
        HolidayNotice.objects.create(year=year, citation="示例通知〔示例〕", entered_at=NOW)
    return world


MU = Decimal("3")
"""The usual quantity of a test case: three 亩, 900 yuan."""
