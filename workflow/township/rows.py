"""The rows of the year (台账): read from the data files, and their amounts computed by the rules, not typed."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from applications.amounts import Amount, Given
from applications.models import ProgrammeKind
from workflow.township import people
from workflow.township.courses import Course
from workflow.township.people import Family, Person
from workflow.township.programmes import BY_CODE, CAP_GROUP, Plan

FILE = "rows.json"


@dataclass(frozen=True)
class Grant:
    """One application: who, under which programme, how much, in which batch, and the turn it takes.

    `amended` and `amended_option` are what a correction makes of the claim, `cut` what a reviewer leaves of it.
    """

    row: str
    wave: str
    programme: str
    household: str
    quantity: Decimal
    member: int | None = None
    option: str = ""
    course: Course = Course.STRAIGHT
    amended: Decimal | None = None
    amended_option: str = ""
    cut: Decimal | None = None

    @property
    def plan(self) -> Plan:
        return BY_CODE[self.programme]

    @property
    def family(self) -> Family:
        return people.family(self.household)

    @property
    def person(self) -> Person | None:
        return None if self.member is None else self.family.people[self.member]

    @property
    def claimed(self) -> Decimal:
        """The quantity that the household claims in the end."""
        return self.quantity if self.amended is None else self.amended

    @property
    def chosen(self) -> str:
        return self.amended_option or self.option

    @property
    def final(self) -> Decimal:
        """The quantity that stands."""
        return self.claimed if self.cut is None else self.cut


@dataclass(frozen=True)
class Loan:
    """One loan by the bank: a record."""

    row: str
    household: str
    amount: Decimal
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class Training:
    """One person's course: a record."""

    row: str
    household: str
    member: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class Year:
    """All rows of one year. `waves` are the batches in order, each with the day it begins on."""

    year: int
    waves: Mapping[str, date]
    grants: tuple[Grant, ...]
    loans: tuple[Loan, ...]
    training: tuple[Training, ...]


def folder(year: int) -> Path:
    """Where the data files of a year lie."""
    return Path(settings.BASE_DIR) / "data" / str(year)


def load(year: int) -> Year:
    """Read the rows of a year."""
    return parse(json.loads((folder(year) / FILE).read_text(encoding="utf-8")))


def parse(data: Mapping[str, Any]) -> Year:
    """The rows as objects: numbers are Decimal, days are dates."""
    return Year(
        year=data["year"],
        waves={name: date.fromisoformat(day) for name, day in data["waves"].items()},
        grants=tuple(_grant(row) for row in data["grants"]),
        loans=tuple(Loan(**{**_dated(row), "amount": Decimal(row["amount"])}) for row in data["loans"]),
        training=tuple(Training(**_dated(row)) for row in data["training"]),
    )


def _grant(row: Mapping[str, Any]) -> Grant:
    figures = {name: Decimal(row[name]) for name in ("quantity", "amended", "cut") if name in row}
    return Grant(**{**row, **figures, "course": Course(row.get("course", Course.STRAIGHT))})


def _dated(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **{name: date.fromisoformat(row[name]) for name in ("starts_on", "ends_on")}}


def amounts(grants: Iterable[Grant]) -> dict[str, Amount]:
    """What each row comes to in the end, by the rule of its programme, in the order of the rows.

    The shared cap is what a household's earlier rows leave of it; rows of one household under the cap go
    straight through, so that their order is the only thing that matters.
    """
    found: dict[str, Amount] = {}
    already: dict[str, Decimal] = defaultdict(Decimal)
    for grant in grants:
        capped = grant.plan.rule.get("cap_group") == CAP_GROUP
        given = Given(
            already=already[grant.household] if capped else Decimal(0),
            heads=len(grant.family.people),
            option=grant.chosen,
        )
        rule, unit = grant.plan.parsed, grant.plan.quantity_unit
        # The first claim must stand up to the rule too: it was entered by the same form.
        first = Given(given.already, given.heads, grant.option)
        rule.compute(grant.quantity, unit=unit, given=first)
        found[grant.row] = rule.compute(grant.final, unit=unit, given=given)
        if capped and grant.course.counts:
            already[grant.household] += found[grant.row].value
    return found


def totals(year: Year) -> dict[ProgrammeKind, tuple[int, Decimal]]:
    """Cases and yuan per kind: of grants those that count, of records all."""
    computed = amounts(year.grants)
    found: dict[ProgrammeKind, tuple[int, Decimal]] = {
        ProgrammeKind.FINANCE: (len(year.loans), sum((loan.amount for loan in year.loans), Decimal(0))),
        ProgrammeKind.TRAINING: (len(year.training), Decimal(0)),
    }
    for grant in year.grants:
        if grant.course.counts:
            count, amount = found.get(grant.plan.kind, (0, Decimal(0)))
            found[grant.plan.kind] = (count + 1, amount + computed[grant.row].value)
    return found
