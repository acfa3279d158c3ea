"""What the pages of figures are asked: a region, a year, a day."""

from datetime import date
from typing import Any

from django import forms

from registry.models import Region
from workflow.forms.applications import DayInput

FIRST_YEAR, LAST_YEAR = 2000, 2100
OLDEST_OFFERED = 2020
YEAR_SENTENCE = f"年度应是{FIRST_YEAR}到{LAST_YEAR}之间的四位数字，例如2021。"


class FigureForm(forms.Form):
    """Region, year and day of the figures. What is left out is the first region, this year, today."""

    region = forms.ChoiceField(label="区域", required=False)
    year = forms.IntegerField(
        label="年度",
        required=False,
        min_value=FIRST_YEAR,
        max_value=LAST_YEAR,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), YEAR_SENTENCE),
    )
    as_of = forms.DateField(
        label="截至",
        required=False,
        widget=DayInput,
        error_messages={"invalid": "截至日期应写成“年-月-日”，例如2021-11-08。"},
    )

    def __init__(self, *args: Any, regions: list[Region], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.regions, self.today = regions, today
        region: Any = self.fields["region"]
        region.choices = [(one.code, one.name) for one in regions]
        year: Any = self.fields["year"]
        asked = self.data.get("year", "")
        years = range(today.year, OLDEST_OFFERED - 1, -1)
        offered = [(f"{one}", f"{one}年") for one in years]
        # A year outside the offered ones stays chosen, and a faulty one stays to be seen.
        other = [(asked, asked)] if asked and asked not in dict(offered) else []
        year.widget = forms.Select(choices=offered + other)

    @property
    def region_asked(self) -> Region | None:
        """The region asked for, or the first; None where the person has no such region."""
        code = self.data.get("region") or (self.regions[0].code if self.regions else "")
        return next((one for one in self.regions if one.code == code), None)
