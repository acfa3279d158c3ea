"""What a household has had in a year against the caps of its programmes (每户每年封顶)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from applications.amounts import UnitPriceRule
from applications.models import Application
from applications.states import LIVE, State

ZERO = Decimal(0)


@dataclass(frozen=True)
class CapLine:
    """One cap: the programmes that draw on it, what was announced, what is under way, and what is left."""

    programmes: tuple[str, ...]
    cap: Decimal
    received: Decimal
    under_way: Decimal

    @property
    def left(self) -> Decimal:
        """Never below nothing: a newer version may have lowered the cap."""
        return max(ZERO, self.cap - self.received - self.under_way)

    @property
    def percent(self) -> int:
        return min(100, int(100 * (self.received + self.under_way) / self.cap))


@dataclass(frozen=True)
class YearLine:
    """One year of a household: its cases, how many were announced, the money received and under way."""

    year: int
    cases: int
    announced: int
    received: Decimal
    under_way: Decimal


def of_year(cases: Iterable[Application], *, year: int) -> list[CapLine]:
    """The caps that a household's cases of a year draw on, as `eligibility` counts them; no statement."""
    groups: dict[tuple[int, str], list[Application]] = {}
    for case in cases:
        rule = case.programme.parsed_rule
        if case.programme.year != year or case.state not in LIVE or not isinstance(rule, UnitPriceRule):
            continue
        if rule.cap is not None:
            # A group shares one cap among programmes; without one, the versions of a programme do.
            key = f"group {rule.cap_group}" if rule.cap_group else f"code {case.programme.code}"
            groups.setdefault((case.programme.region_id, key), []).append(case)
    return [_cap_line(group) for _, group in sorted(groups.items())]


def _cap_line(cases: list[Application]) -> CapLine:
    newest = max(cases, key=lambda case: (case.programme.version, case.pk)).programme.parsed_rule
    assert isinstance(newest, UnitPriceRule)
    assert newest.cap is not None
    received, under_way = _money(cases)
    names = tuple(dict.fromkeys(case.programme.name for case in sorted(cases, key=lambda case: case.pk)))
    return CapLine(names, newest.cap, received, under_way)


def years(cases: Iterable[Application]) -> list[YearLine]:
    """Every year of a household's cases, the newest first."""
    groups: dict[int, list[Application]] = {}
    for case in cases:
        groups.setdefault(case.programme.year, []).append(case)
    return [
        YearLine(
            year,
            len(group),
            sum(case.state == State.ANNOUNCED for case in group),
            *_money(group),
        )
        for year, group in sorted(groups.items(), reverse=True)
    ]


def _money(cases: Iterable[Application]) -> tuple[Decimal, Decimal]:
    """What was announced, and what is entered and not yet decided."""
    live = [case for case in cases if case.state in LIVE]
    received = sum((case.amount for case in live if case.state == State.ANNOUNCED), ZERO)
    return received, sum((case.amount for case in live), ZERO) - received
