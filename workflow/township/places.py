"""The places and the staff of the synthetic township (示例区划与经办人)."""

from dataclasses import dataclass
from functools import cached_property

from stdnum.cn import uscc

from registry.models import RegionLevel, Role

# The township's own code, printed in its published summary. It stands on the township and nowhere else.
TOWNSHIP_PUBLISHER = "113417030032496887"


@dataclass(frozen=True)
class Place:
    """One region as it is laid out; `above` is the code of the one that contains it."""

    code: str
    name: str
    level: RegionLevel
    above: str | None = None
    body: str = ""
    short: str = ""
    phone: str = ""
    discipline_phone: str = ""
    publisher_code: str = ""


@dataclass(frozen=True)
class Post:
    """One person of the staff: login, name, role, and the code of the place."""

    username: str
    name: str
    role: Role
    place: str


@dataclass(frozen=True)
class Line:
    """The regions of one synthetic township from the province down. The names are real, the codes are not.

    `begins` are two digits that no province has; `body` is the made-up body in the district's publisher code.
    """

    begins: str
    body: str

    @property
    def county(self) -> str:
        return f"{self.begins}3402000000"

    @property
    def township(self) -> str:
        return f"{self.begins}3402105000"

    @property
    def district_publisher(self) -> str:
        """Right in its check digit, and of no real body: registering office 0 and kind 0 are nobody's."""
        number = f"00{self.county[:6]}{self.body}"
        return number + str(uscc.calc_check_digit(number))

    @cached_property
    def units(self) -> tuple[Place, ...]:
        """The seven villages and the community."""
        return tuple(
            Place(
                code=f"{self.township[:9]}{number:03d}",
                name=name,
                level=RegionLevel.VILLAGE,
                above=self.township,
                body=f"{name}{'居民' if name.endswith('社区') else '村民'}委员会",
                short=name.removesuffix("村"),
                phone=f"0000-00010{number:02d}〔示例〕",
            )
            for number, name in enumerate(UNIT_NAMES, 1)
        )

    @property
    def places(self) -> tuple[Place, ...]:
        """All of them, each after the one that contains it."""
        province, city = f"{self.begins}0000000000", f"{self.begins}3400000000"
        return (
            Place(province, "安徽省", RegionLevel.PROVINCE),
            Place(city, "宣城市", RegionLevel.CITY, province),
            Place(
                self.county,
                "宣州区",
                RegionLevel.COUNTY,
                city,
                body="宣州区主管部门〔示例〕",
                short="宣〔示例〕",
                phone="0000-0000101〔示例〕",
                discipline_phone="0000-0000102〔示例〕",
                publisher_code=self.district_publisher,
            ),
            Place(
                self.township,
                "寒亭镇",
                RegionLevel.TOWNSHIP,
                self.county,
                body="寒亭镇人民政府",
                short="寒〔示例〕",
                phone="0000-0000103〔示例〕",
                discipline_phone="0000-0000104〔示例〕",
                publisher_code=TOWNSHIP_PUBLISHER,
            ),
            *self.units,
        )


UNIT_NAMES = (*(f"示例{word}村" for word in "一二三四五六七"), "示例社区")

REPLAYED, DEMONSTRATED = Line("98", "HT0HT0HT0"), Line("99", "DEM0DEM00")
"""The township of the replayed year, and that of the demonstration: they can stand in one database."""

COUNTY, TOWNSHIP, UNITS = REPLAYED.county, REPLAYED.township, REPLAYED.units

_NAMES = "赵钱孙李周吴郑王"

# The prefix keeps these logins apart from those of the demonstration.
STAFF = (
    *(
        Post(f"ht-cun{number}", f"{_NAMES[number - 1]}经办〔示例〕", Role.VILLAGE_CLERK, unit.code)
        for number, unit in enumerate(UNITS, 1)
    ),
    *(
        Post(f"ht-cun{number}b", f"{_NAMES[number - 1]}协办〔示例〕", Role.VILLAGE_CLERK, unit.code)
        for number, unit in enumerate(UNITS, 1)
    ),
    Post("ht-xiang1", "冯审核〔示例〕", Role.TOWNSHIP_REVIEWER, TOWNSHIP),
    Post("ht-xiang2", "陈复核〔示例〕", Role.TOWNSHIP_REVIEWER, TOWNSHIP),
    Post("ht-qu1", "褚审定〔示例〕", Role.DISTRICT_APPROVER, COUNTY),
    Post("ht-qu2", "卫复审〔示例〕", Role.DISTRICT_APPROVER, COUNTY),
    Post("ht-jiandu", "蒋监督〔示例〕", Role.SUPERVISOR, COUNTY),
    Post("ht-admin", "沈管理〔示例〕", Role.ADMINISTRATOR, COUNTY),
)
