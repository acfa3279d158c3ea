"""The places and the staff of the synthetic township (示例区划与经办人)."""

from dataclasses import dataclass

from stdnum.cn import uscc

from registry.models import RegionLevel, Role

# The names are real, the codes are not: a code that begins with 98 is assigned to no place, and the demonstration
# has those that begin with 99.
PROVINCE, CITY, COUNTY, TOWNSHIP = "980000000000", "983400000000", "983402000000", "983402105000"

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


def district_publisher() -> str:
    """A publisher code for the synthetic district: right in its check digit, and of no real body.

    Registering office 0 and kind 0 are assigned to nobody, and the area code is assigned to no place.
    """
    body = "00983402HT0HT0HT0"
    return body + str(uscc.calc_check_digit(body))


UNIT_NAMES = (*(f"示例{word}村" for word in "一二三四五六七"), "示例社区")

UNITS = tuple(
    Place(
        code=f"{TOWNSHIP[:9]}{number:03d}",
        name=name,
        level=RegionLevel.VILLAGE,
        above=TOWNSHIP,
        body=f"{name}{'居民' if name.endswith('社区') else '村民'}委员会",
        short=f"寒{name.removeprefix('示例').removesuffix('村')}",
        phone=f"〔示例〕0000-00010{number:02d}",
    )
    for number, name in enumerate(UNIT_NAMES, 1)
)

PLACES = (
    Place(PROVINCE, "安徽省", RegionLevel.PROVINCE),
    Place(CITY, "宣城市", RegionLevel.CITY, PROVINCE),
    Place(
        COUNTY,
        "宣州区",
        RegionLevel.COUNTY,
        CITY,
        body="宣州区主管部门〔示例〕",
        short="宣",
        phone="〔示例〕0000-0000101",
        discipline_phone="〔示例〕0000-0000102",
        publisher_code=district_publisher(),
    ),
    Place(
        TOWNSHIP,
        "寒亭镇",
        RegionLevel.TOWNSHIP,
        COUNTY,
        body="寒亭镇人民政府",
        short="寒",
        phone="〔示例〕0000-0000103",
        discipline_phone="〔示例〕0000-0000104",
        publisher_code=TOWNSHIP_PUBLISHER,
    ),
    *UNITS,
)

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
