"""Twenty synthetic households (户) of two villages. The people do not exist; their ID numbers name no place."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from stdnum.cn import ric

from registry.identity import Sex
from registry.models import (
    Category,
    Household,
    Member,
    MemberStatus,
    MonitorPeriod,
    MonitorType,
    Region,
    Relationship,
)

NO_PLACE = "999999"
"""An area code assigned to no place: nobody real can have such an ID number."""

EMPLOYED = "财政供养"


@dataclass(frozen=True)
class Person:
    """One person as the table below states it; `remark` is empty, 死亡, 迁出 or 财政供养."""

    name: str
    relationship: Relationship
    sex: Sex
    born: date
    remark: str = ""


@dataclass(frozen=True)
class Family:
    """One household: village group, category, people (the head first)."""

    group: str
    category: Category
    people: tuple[Person, ...]


def _family(group: str, category: Category, *lines: str) -> Family:
    """A household from lines such as 王长根 户主 男 1955-03-02."""
    return Family(group, category, tuple(_person(line) for line in lines))


def _person(line: str) -> Person:
    name, relationship, sex, born, *remark = line.split()
    relationships = {choice.label: choice for choice in Relationship}
    sexes = {choice.label: choice for choice in Sex}
    return Person(name, relationships[relationship], sexes[sex], date.fromisoformat(born), *remark)


GENERAL, LOW, POOR, MARGINAL = (
    Category.GENERAL,
    Category.LOW_INCOME,
    Category.EXTREMELY_POOR,
    Category.MARGINAL,
)

# The first two heads bear one name in one village group: their public row needs the tail of the ID number.
FIRST_VILLAGE = (
    _family(
        "东头组",
        GENERAL,
        "王长根 户主 男 1955-03-02",
        "刘秀英 配偶 女 1957-11-20",
        "王小军 子女 男 1984-06-15",
    ),
    _family("东头组", LOW, "王长根 户主 男 1968-09-08", "陈兰 配偶 女 1970-01-27", "王雨 子女 女 1996-12-03"),
    _family("西头组", GENERAL, "欧阳春晓 户主 女 1971-04-30", "丁一 子女 男 1995-08-19"),
    _family(
        "西头组",
        GENERAL,
        "李德胜 户主 男 1962-02-11",
        "李老根 父母 男 1935-10-05 死亡",
        "何桂香 配偶 女 1964-07-22",
        "李晓燕 子女 女 1990-05-14",
    ),
    _family(
        "河边组", LOW, "赵山 户主 男 1966-12-25", "孙玉梅 配偶 女 1969-03-18", "赵海波 子女 男 1993-09-29"
    ),
    _family(
        "河边组",
        GENERAL,
        "钱满仓 户主 男 1959-06-06",
        "周小妹 配偶 女 1961-08-13",
        "钱进 子女 男 1987-02-24",
        "蔡文静 儿媳或女婿 女 1989-04-09",
        "钱多多 孙子女或外孙子女 男 2014-11-11",
    ),
    _family("河边组", POOR, "郝福来 户主 男 1948-01-19"),
    _family("东头组", GENERAL, "冯秋生 户主 男 1974-10-01", "冯立冬 子女 男 1999-11-08"),
    _family(
        "西头组",
        MARGINAL,
        "司马云 户主 男 1977-05-17",
        "高月琴 配偶 女 1979-09-12",
        "司马青 子女 女 2002-03-21",
    ),
    _family("河边组", GENERAL, "许有田 户主 男 1964-04-04", "许志强 子女 男 1991-07-30"),
)
SECOND_VILLAGE = (
    _family(
        "上坡组",
        GENERAL,
        "张大顺 户主 男 1960-08-16",
        "马春花 配偶 女 1963-12-12",
        "张伟民 子女 男 1988-10-23",
    ),
    _family("上坡组", LOW, "吕梅 户主 女 1973-02-05", "彭亮 子女 男 1997-06-27"),
    _family(
        "上坡组",
        GENERAL,
        "黄铁柱 户主 男 1967-07-07",
        "黄莺 子女 女 1994-01-15 迁出",
        "黄鹏 子女 男 1998-05-05",
    ),
    _family(
        "下坡组", GENERAL, "罗家旺 户主 男 1958-11-28", "汪翠莲 配偶 女 1960-03-09", "罗成 子女 男 1986-09-17"
    ),
    _family("下坡组", POOR, "田阿婆 户主 女 1943-06-20"),
    _family(
        "下坡组",
        MARGINAL,
        "谢文武 户主 男 1975-01-31",
        "沈丽 配偶 女 1978-08-08",
        "谢小雨 子女 女 2006-10-10",
    ),
    _family("上坡组", GENERAL, "韩来喜 户主 男 1965-05-26", "韩冬梅 子女 女 1992-12-22"),
    _family("上坡组", GENERAL, "杨守业 户主 男 1961-09-03", "杨慧 子女 女 1989-02-14 财政供养"),
    _family(
        "下坡组", LOW, "朱三宝 户主 男 1970-10-18", "唐小凤 配偶 女 1972-04-25", "朱明 子女 男 1996-08-02"
    ),
    _family("下坡组", GENERAL, "邓小河 户主 男 1969-03-13", "邓佳 子女 女 2000-07-19"),
)


def settle(villages: list[Region], *, today: date) -> list[list[Household]]:
    """Write the households of both villages, with their people and their monitoring history."""
    serial = count(1)
    settled = [
        [_house(family, village, number, serial, today) for number, family in enumerate(families, 1)]
        for village, families in zip(villages, (FIRST_VILLAGE, SECOND_VILLAGE), strict=True)
    ]
    days = [today - timedelta(days=ago) for ago in (700, 400, 300, 150)]
    MonitorPeriod.objects.create(
        household=settled[0][4], monitor_type=MonitorType.UNSTABLE, marked_on=days[2], note="收入波动〔示例〕"
    )
    MonitorPeriod.objects.create(
        household=settled[1][5], monitor_type=MonitorType.MARGINAL, marked_on=days[0], cleared_on=days[1]
    )
    MonitorPeriod.objects.create(
        household=settled[1][5], monitor_type=MonitorType.SUDDEN, marked_on=days[3], note="再标注〔示例〕"
    )
    return settled


def _house(family: Family, village: Region, number: int, serial: "count[int]", today: date) -> Household:
    household = Household.objects.create(  # type: ignore[misc]
        number=f"〔示例〕{village.code[-3:]}-{number:03d}",
        village=village,
        group=family.group,
        category=family.category,
        address=f"{village.name}{family.group}{number}号〔示例〕",
        phone=f"〔示例〕0000-{number:07d}",
    )
    for person in family.people:
        _member(person, household, next(serial), today)
    return household


def _member(person: Person, household: Household, number: int, today: date) -> Member:
    statuses = {choice.label: choice for choice in MemberStatus}
    status = statuses.get(person.remark, MemberStatus.ALIVE)
    return Member.objects.create(  # type: ignore[misc]
        household=household,
        name=person.name,
        relationship=person.relationship,
        id_number=id_number(person, number),
        phone=f"〔示例〕0000-{number:07d}",
        status=status,
        status_on=None if status is MemberStatus.ALIVE else today - timedelta(days=200),
        bank="示例银行〔示例〕",
        card_number=f"〔示例〕{number:012d}",
        card_holder=person.name,
        public_employee=person.remark == EMPLOYED,
    )


def id_number(person: Person, number: int) -> str:
    """A number with the right check character, whose last order digit is odd for men."""
    order = number * 2 - (person.sex == Sex.MALE)
    body = f"{NO_PLACE}{person.born:%Y%m%d}{order:03d}"
    # stdnum takes the check digit off again before it computes.
    return body + str(ric.calc_check_digit(body + "0"))


def travellers(households: list[Household]) -> list[Member]:
    """One grown child of each household who may be helped with the fare: alive, here, not on a public payroll."""
    found = []
    for household in households:
        for person in household.members.all():
            helped = person.status == MemberStatus.ALIVE and not person.public_employee
            if helped and person.relationship == Relationship.CHILD:
                found.append(person)
                break
    return found
