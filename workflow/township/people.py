"""The households and people of the synthetic township (示例户籍), drawn by one seed: no database, no real person."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from stdnum.cn import ric

from registry.identity import Sex
from registry.models import Category, Relationship

SEED = 20211108
AREA = "999999"
"""An area code assigned to no place: nobody real can have such an ID number."""

ON = date(2021, 1, 1)
"""The day that ages are reckoned from."""

UNITS = 8
GROUPS = 6

# Households and persons of the published table (figures.json, `households`), and the most under one roof.
TABLE: dict[Category, tuple[int, int, int]] = {
    Category.LOW_INCOME: (145, 372, 6),
    Category.EXTREMELY_POOR: (34, 39, 2),
    Category.GENERAL: (128, 330, 6),
    Category.MARGINAL: (21, 62, 6),
}

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗梁宋郑谢唐许冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏"
    "吕丁任沈姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷"
)
FIRST = {
    Sex.MALE: "长守家大有德福金国建志永庆水根来光正厚先",
    Sex.FEMALE: "秀桂玉春翠小凤爱巧月兰美红彩冬素腊荷银雪",
}
SECOND = {
    Sex.MALE: "生贵发财旺顺根林富宝田山海木成柱才祥明友",
    Sex.FEMALE: "英兰花珍莲香云娣霞芳琴芝娥梅萍珠华仙枝云",
}
OTHER_SEX = {Sex.MALE: Sex.FEMALE, Sex.FEMALE: Sex.MALE}

R = Relationship
# Who lives together, by size: relationships in the order they are entered, the head always first.
TOGETHER: dict[int, tuple[tuple[Relationship, ...], ...]] = {
    1: ((R.HEAD,),),
    2: ((R.HEAD, R.SPOUSE), (R.HEAD, R.SPOUSE), (R.HEAD, R.CHILD)),
    3: ((R.HEAD, R.SPOUSE, R.CHILD), (R.HEAD, R.SPOUSE, R.CHILD), (R.HEAD, R.CHILD, R.PARENT)),
    4: ((R.HEAD, R.SPOUSE, R.CHILD, R.CHILD), (R.HEAD, R.SPOUSE, R.CHILD, R.PARENT)),
    5: (
        (R.HEAD, R.SPOUSE, R.CHILD, R.CHILD_IN_LAW, R.GRANDCHILD),
        (R.HEAD, R.SPOUSE, R.CHILD, R.CHILD, R.PARENT),
    ),
    6: ((R.HEAD, R.SPOUSE, R.CHILD, R.CHILD_IN_LAW, R.GRANDCHILD, R.GRANDCHILD),),
}


@dataclass(frozen=True)
class Person:
    """One synthetic person."""

    name: str
    relationship: Relationship
    sex: Sex
    born: date
    id_number: str

    @property
    def age(self) -> int:
        """Full years on the first day of the year."""
        return ON.year - self.born.year - ((self.born.month, self.born.day) > (ON.month, ON.day))


@dataclass(frozen=True)
class Family:
    """One synthetic household: its number, its village (0 to 7), its group, its people with the head first."""

    number: str
    unit: int
    group: str
    category: Category
    people: tuple[Person, ...]


@cache
def families(seed: int = SEED, numbered: str = "寒亭示例") -> tuple[Family, ...]:
    """All 328 households in the order of their numbers; the same for a seed on every machine."""
    chance = random.Random(seed)
    roofs = [
        (category, size)
        for category, (count, persons, most) in TABLE.items()
        for size in _sizes(chance, count, persons, most)
    ]
    chance.shuffle(roofs)
    numbers = _orders()
    found = []
    for position, (category, size) in enumerate(roofs):
        # Eight households at a time, one for each village, so that no village is far larger than another.
        unit = position % UNITS if chance.random() < 0.7 else chance.randrange(UNITS)
        people = _people(chance, category, size, numbers)
        group = f"第{chance.randint(1, GROUPS)}村民组"
        found.append(Family(f"{numbered}{position + 1:04d}", unit, group, category, people))
    return tuple(found)


def family(number: str) -> Family:
    """The household with a number."""
    return _by_number()[number]


@cache
def _by_number() -> dict[str, Family]:
    return {one.number: one for one in families()}


def _sizes(chance: random.Random, count: int, persons: int, most: int) -> list[int]:
    """Households of at least one person that add up to the published number."""
    sizes = [1] * count
    while sum(sizes) < persons:
        place = chance.randrange(count)
        if sizes[place] < most:
            sizes[place] += 1
    return sizes


def _orders() -> Iterator[int]:
    """Order codes in pairs (odd for men, even for women) that come round only after 400 people."""
    while True:
        yield from range(100, 900, 2)


def _people(
    chance: random.Random, category: Category, size: int, numbers: Iterator[int]
) -> tuple[Person, ...]:
    together = chance.choice(TOGETHER[size])
    alone = size == 1 or category is Category.EXTREMELY_POOR
    age = chance.randint(58, 82) if alone else chance.randint(42, 66)
    sex = Sex.MALE if chance.random() < 0.85 else Sex.FEMALE
    surname = chance.choice(SURNAMES)
    ages = {
        R.HEAD: lambda: age,
        R.SPOUSE: lambda: age - chance.randint(-2, 5),
        R.CHILD: lambda: age - chance.randint(22, 27),
        R.CHILD_IN_LAW: lambda: age - chance.randint(23, 28),
        R.GRANDCHILD: lambda: max(1, age - chance.randint(46, 52)),
        R.PARENT: lambda: age + chance.randint(20, 27),
    }
    found = []
    for relationship in together:
        other = {R.HEAD: sex, R.SPOUSE: OTHER_SEX[sex]}.get(relationship)
        of_sex = other or chance.choice([Sex.MALE, Sex.FEMALE])
        married_in = relationship in (R.SPOUSE, R.CHILD_IN_LAW)
        called = chance.choice(SURNAMES) if married_in else surname
        name = called + chance.choice(FIRST[of_sex]) + chance.choice(SECOND[of_sex])
        # Never the first of a month: other made-up people of this area code were mostly born on one.
        born = date(ON.year - 1 - ages[relationship](), chance.randint(1, 12), chance.randint(2, 28))
        order = next(numbers) + (of_sex is Sex.MALE)
        body = f"{AREA}{born:%Y%m%d}{order:03d}"
        # The library wants the check character included, and looks at the other seventeen only.
        found.append(Person(name, relationship, of_sex, born, body + ric.calc_check_digit(f"{body}0")))
    return tuple(found)
