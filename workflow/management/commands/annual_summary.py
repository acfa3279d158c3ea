"""`manage.py annual_summary --year 2021 --region 寒亭镇`: the township's own paragraph, counted from the rows."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry import clock
from registry.models import Region
from workflow import summaries


class Command(BaseCommand):
    help = "Print the year's paragraph for a region, each figure counted from announced cases and records."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--region", required=True, help="name or 12-digit code")
        parser.add_argument("--as-of", type=date.fromisoformat, help="count as of the end of this day")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["region"]
        regions = Region.objects.filter(code=name) | Region.objects.filter(name=name)
        if regions.count() != 1:
            found = "、".join(regions.values_list("code", flat=True))
            raise CommandError(
                f"“{name}”对应多个行政区划（{found}），请用代码。"
                if found
                else f"没有名为“{name}”的行政区划。"
            )
        region, as_of = regions.get(), options["as_of"] or clock.today()
        self.stdout.write(summaries.household_sentence(region, as_of=as_of))
        self.stdout.write(summaries.paragraph(region, year=options["year"], as_of=as_of))
