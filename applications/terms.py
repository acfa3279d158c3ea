"""A period of time as a rule states it: how many days, of which kind, counted from which day."""

from dataclasses import dataclass

from django.db import models


class DayUnit(models.TextChoices):
    """Calendar days or working days (自然日, 工作日)."""

    CALENDAR = "calendar", "自然日"
    WORKING = "working", "工作日"


@dataclass(frozen=True)
class Term:
    """`days` days of `unit`; by default the first day is not counted (the stricter reading).

    With `rolls`, a last day that is a rest day moves to the next working day (民法典第二百零三条).
    """

    days: int
    unit: DayUnit
    first_day_counts: bool = False
    rolls: bool = True

    def __str__(self) -> str:
        first = "首日计入" if self.first_day_counts else "首日不计"
        return f"{self.days}个{DayUnit(self.unit).label}（{first}）"
