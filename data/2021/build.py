"""Draws the rows of 2021: plausible quantities, by one seed, until the rules give the published totals.

`python data/2021/build.py` writes rows.json again, byte for byte. No amount is typed for a grant, and no row
takes up what the others leave: single steps up and down, spread over all rows, close the difference.
"""

import json
import os
import random
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    import django

    sys.path.insert(0, str(HERE.parents[1]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from registry.models import Category, Relationship  # noqa: E402
from workflow.township import people, rows  # noqa: E402
from workflow.township.courses import Course  # noqa: E402
from workflow.township.people import Family  # noqa: E402
from workflow.township.programmes import ABLE  # noqa: E402
from workflow.township.rows import Grant, Loan, Training, Year  # noqa: E402

SEED = 219724
WAVES = {
    "2021-1": date(2021, 3, 1),
    "2021-2": date(2021, 4, 12),
    "2021-3": date(2021, 5, 24),
    "2021-4": date(2021, 7, 5),
    "2021-5": date(2021, 8, 9),
}
LAST_WAVE = "2021-5"

# Quantities as households have them: least, most, step.
QUANTITIES = {
    "HT-DAO": ("2", "12", "0.5"),
    "HT-CHA": ("1", "8", "0.5"),
    "HT-QIN": ("35", "180", "1"),
    "HT-ZHU": ("2", "10", "1"),
    "HT-YANG": ("4", "18", "1"),
    "HT-FENG": ("5", "25", "1"),
    "HT-JIUYE": ("3", "8", "1"),
    "HT-FUZHU": ("6", "12", "1"),
    "HT-SIYUAN": ("6", "12", "1"),
    "HT-JIAOTONG": ("1", "1", "1"),
}
# Which industry programmes a batch is for, by the season.
SEASONS = {
    "2021-1": ("HT-DAO", "HT-CHA"),
    "2021-2": ("HT-QIN", "HT-FENG"),
    "2021-3": ("HT-ZHU", "HT-YANG", "HT-DAO"),
    "2021-4": ("HT-CHA", "HT-QIN"),
    "2021-5": ("HT-YANG", "HT-FENG"),
}

C = Course
# The turns of the industry rows; the others go straight. The last batch has only turns that cost little time.
INDUSTRY_TURNS = {
    C.RETURNED_VILLAGE: 3,
    C.RETURNED_TOWNSHIP: 3,
    C.RETURNED_DISTRICT: 2,
    C.GIVEN_BACK: 2,
    C.RESTARTED: 2,
    C.CORRECTED: 3,
    C.CUT_TOWNSHIP: 4,
    C.CUT_DISTRICT: 3,
    C.OBJECTED_DISMISSED: 3,
    C.OBJECTED_HELD: 2,
    C.OBJECTED_CORRECTED: 2,
    C.OBJECTED_CANCELLED: 2,
    C.REFUSED_VILLAGE: 3,
    C.REFUSED_TOWNSHIP: 3,
    C.REFUSED_DISTRICT: 2,
    C.WITHDRAWN: 2,
    C.WITHDRAWN_LATE: 1,
    C.LAPSED: 2,
    C.REVOKED: 1,
    C.DISCARDED: 1,
}
QUICK = frozenset(
    {C.STRAIGHT, C.CUT_TOWNSHIP, C.CUT_DISTRICT, C.REFUSED_VILLAGE, C.REFUSED_TOWNSHIP, C.WITHDRAWN}
)


@dataclass(frozen=True)
class Share:
    """How many rows of one programme per person count, over which batches, with which turns, to which total."""

    programme: str
    letter: str
    count: int
    total: str
    waves: tuple[str, ...]
    ages: tuple[int, int]
    turns: tuple[Course, ...] = ()


SHARES = (
    Share("HT-JIAOTONG", "T", 12, "6000.00", ("2021-1",), (18, 55), (C.RETURNED_VILLAGE, C.REFUSED_VILLAGE)),
    Share(
        "HT-JIUYE",
        "E",
        53,
        "40350.00",
        ("2021-2", "2021-4"),
        (18, 59),
        (C.RETURNED_TOWNSHIP, C.OBJECTED_DISMISSED, C.CUT_TOWNSHIP, C.REFUSED_TOWNSHIP, C.WITHDRAWN),
    ),
    Share("HT-FUZHU", "A", 5, "18000.00", ("2021-2",), (45, 68)),
    Share("HT-SIYUAN", "P", 29, "154800.00", ("2021-1",), (40, 66), (C.CUT_DISTRICT, C.REFUSED_DISTRICT)),
)
INDUSTRY_COUNT, INDUSTRY_TOTAL = 137, "219724.00"
LOANS, LOANED, LOAN_MOST = 17, "809700", 50_000
TRAINED = 28
# Wednesdays of the year on which no bank hands out a loan: 春节, 劳动节, 国庆节.
HOLIDAYS = (date(2021, 2, 17), date(2021, 5, 5), date(2021, 10, 6))


def draw() -> Year:
    """All rows of the year; the same on every machine."""
    chance = random.Random(SEED)
    grants = [*_industry(chance), *_personal(chance)]
    order = list(WAVES)
    grants.sort(key=lambda grant: (order.index(grant.wave), grant.programme, grant.row))
    return Year(2021, WAVES, tuple(grants), tuple(_loans(chance)), tuple(_training(chance)))


def _quantity(chance: random.Random, programme: str, family: Family) -> Decimal:
    least, most, step = (Decimal(text) for text in QUANTITIES[programme])
    if programme == "HT-DAO":
        least = max(least, Decimal(len(family.people)) / 2)
    return least + step * chance.randint(0, int((most - least) / step))


def _turned(chance: random.Random, grant: Grant, course: Course) -> Grant:
    """The row with its turn: what a correction makes of it, or what a reviewer leaves of it."""
    least, most, step = (Decimal(text) for text in QUANTITIES[grant.programme])
    if grant.programme == "HT-DAO":
        least = max(least, Decimal(len(grant.family.people)) / 2)
    some = step * chance.randint(1, 3) * (10 if grant.programme == "HT-QIN" else 1)
    grant = replace(grant, course=course)
    if course in (C.RESTARTED, C.CORRECTED):
        return replace(
            grant, quantity=min(grant.quantity, most - some), amended=min(grant.quantity, most - some) + some
        )
    if course is C.OBJECTED_CORRECTED:
        return replace(
            grant,
            quantity=max(grant.quantity, least + some),
            amended=max(grant.quantity, least + some) - some,
        )
    if course in (C.CUT_TOWNSHIP, C.CUT_DISTRICT):
        return replace(
            grant, quantity=max(grant.quantity, least + some), cut=max(grant.quantity, least + some) - some
        )
    return grant


def _industry(chance: random.Random) -> Iterator[Grant]:
    """Applications for the six programmes: most households have one, some a second in a later batch."""
    able = [one for one in people.families() if one.category in ABLE and one.people[0].age < 76]
    chance.shuffle(able)
    homes = iter(able)
    turns = [course for course, count in INDUSTRY_TURNS.items() for _ in range(count)]
    straight = INDUSTRY_COUNT - sum(course.counts for course in turns)
    twice = 15
    found: list[Grant] = []
    for course in [*turns, *[C.STRAIGHT] * (straight - twice)]:
        home = next(homes)
        wave = chance.choice([name for name in WAVES if name != LAST_WAVE or course in QUICK])
        programme = chance.choice(SEASONS[wave])
        quantity = _quantity(chance, programme, home)
        found.append(_turned(chance, Grant("", wave, programme, home.number, quantity), course))
    for first in chance.sample(
        [one for one in found if one.course is C.STRAIGHT and one.wave < LAST_WAVE], twice
    ):
        wave = chance.choice([name for name in WAVES if name > first.wave])
        programme = chance.choice([name for name in SEASONS[wave] if name != first.programme])
        found.append(Grant("", wave, programme, first.household, _quantity(chance, programme, first.family)))
    found.sort(key=lambda grant: (grant.wave, grant.household))
    numbered = [replace(grant, row=f"I{number:03d}") for number, grant in enumerate(found, 1)]
    yield from _closed(chance, numbered, Decimal(INDUSTRY_TOTAL))


def _personal(chance: random.Random) -> Iterator[Grant]:
    """Applications per person; nobody has two."""
    seats = [
        (home.number, place, person.age)
        for home in people.families()
        if home.category is not Category.EXTREMELY_POOR
        for place, person in enumerate(home.people)
        if person.relationship is not Relationship.PARENT
    ]
    chance.shuffle(seats)
    for share in SHARES:
        turns = [*share.turns, *[C.STRAIGHT] * (share.count - sum(turn.counts for turn in share.turns))]
        found = []
        for number, course in enumerate(turns, 1):
            seat = next(one for one in seats if share.ages[0] <= one[2] <= share.ages[1])
            seats.remove(seat)
            home = people.family(seat[0])
            grant = Grant(
                f"{share.letter}{number:03d}",
                chance.choice(share.waves),
                share.programme,
                home.number,
                _quantity(chance, share.programme, home),
                member=seat[1],
            )
            found.append(_destination(_turned(chance, grant, course)))
        yield from _closed(chance, found, Decimal(share.total))


def _destination(grant: Grant) -> Grant:
    """Twelve people and 6,000 yuan leave one destination: all went to another province."""
    if grant.programme != "HT-JIAOTONG":
        return grant
    if grant.course is C.RETURNED_VILLAGE:
        return replace(grant, option="省内市外", amended_option="省外")
    return replace(grant, option="省外" if grant.course.counts else "市内县外")


def _closed(chance: random.Random, grants: list[Grant], target: Decimal) -> list[Grant]:
    """Rows moved by single steps, here and there, until their amounts come to the target."""

    def missing(candidate: list[Grant]) -> Decimal:
        computed = rows.amounts(candidate)
        return target - sum((computed[one.row].value for one in candidate if one.course.counts), Decimal(0))

    moved = list(grants)
    left = missing(moved)
    for _ in range(20_000):
        if not left:
            return moved
        place = chance.randrange(len(moved))
        candidate = [*moved]
        candidate[place] = _stepped(moved[place], chance.choice([-1, 1]))
        now = missing(candidate)
        # Now and then a step the wrong way: near the end no single step fits.
        if abs(now) < abs(left) or (abs(left) < 800 and abs(now) < 1600 and chance.random() < 0.3):
            moved, left = candidate, now
    raise RuntimeError(f"{left} yuan cannot be closed")


def _stepped(grant: Grant, direction: int) -> Grant:
    """One step more or less, within what is plausible; a correction and a cut move along."""
    least, most, step = (Decimal(text) for text in QUANTITIES[grant.programme])
    if grant.programme == "HT-DAO":
        least = max(least, Decimal(len(grant.family.people)) / 2)
    figures = {name: getattr(grant, name) for name in ("quantity", "amended", "cut")}
    after = {name: value + step * direction for name, value in figures.items() if value is not None}
    if not all(least <= value <= most for value in after.values()):
        return grant
    return replace(grant, **after)


def _loans(chance: random.Random) -> Iterator[Loan]:
    """Loans to as many households, each within the bank's limit: most take all of it."""
    homes = [one for one in people.families() if one.category in ABLE and 20 <= one.people[0].age <= 64]
    chosen = chance.sample(homes, LOANS)
    sums = [LOAN_MOST if chance.random() < 0.6 else 1000 * chance.randint(35, 49) for _ in chosen]
    while (left := int(LOANED) - sum(sums)) != 0:
        place = chance.randrange(LOANS)
        step = chance.choice([100, 500, 1000]) * (1 if left > 0 else -1)
        if 20_000 <= sums[place] + step <= LOAN_MOST and abs(left - step) <= abs(left):
            sums[place] += step
    days = sorted(date(2021, 1, 18) + timedelta(days=chance.randint(0, 270)) for _ in chosen)
    for number, (home, amount, day) in enumerate(zip(chosen, sums, days, strict=True), 1):
        # A loan is handed out on a Wednesday, and falls due one, two or three years later.
        day += timedelta(days=(2 - day.weekday()) % 7)
        day += timedelta(days=7) if day in HOLIDAYS else timedelta(0)
        yield Loan(
            f"L{number:03d}",
            home.number,
            Decimal(amount),
            day,
            day.replace(year=day.year + chance.randint(1, 3)),
        )


def _training(chance: random.Random) -> Iterator[Training]:
    """Two courses of a week for people of working age."""
    seats = [
        (home.number, place)
        for home in people.families()
        if home.category is not Category.MARGINAL
        for place, person in enumerate(home.people)
        if 18 <= person.age <= 55
    ]
    for number, (home, place) in enumerate(chance.sample(seats, TRAINED), 1):
        starts = date(2021, 5, 17) if number <= TRAINED // 2 else date(2021, 9, 6)
        yield Training(f"S{number:03d}", home, place, starts, starts + timedelta(days=4))


def _spelled(one: Grant | Loan | Training) -> dict[str, object]:
    """A row as the file has it: numbers and days as text, what is empty left out."""
    kept = {name: value for name, value in vars(one).items() if value not in (None, "", C.STRAIGHT)}
    return {name: value if isinstance(value, int) else f"{value}" for name, value in kept.items()}


def _lines(grants: Iterable[Grant | Loan | Training]) -> str:
    return ",\n".join(f"    {json.dumps(_spelled(one), ensure_ascii=False)}" for one in grants)


def text(year: Year) -> str:
    """The file: one row a line."""
    waves = {name: f"{day}" for name, day in year.waves.items()}
    parts = {"grants": year.grants, "loans": year.loans, "training": year.training}
    lists = ",\n".join(f'  "{name}": [\n{_lines(part)}\n  ]' for name, part in parts.items())
    return f'{{\n  "year": {year.year},\n  "waves": {json.dumps(waves)},\n{lists}\n}}\n'


if __name__ == "__main__":
    (HERE / rows.FILE).write_text(text(draw()), encoding="utf-8")
