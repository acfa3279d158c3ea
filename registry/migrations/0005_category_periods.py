"""A household's category has a dated history; it begins with what is registered now, since when nobody wrote down."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

BATCH = 500
CATEGORIES = [
    ("general", "一般脱贫户"),
    ("low_income", "低保脱贫户"),
    ("extremely_poor", "特困（五保）脱贫户"),
    ("marginal", "边缘易致贫户"),
]


def begin(apps: Any, schema_editor: Any) -> None:
    """The first row of every registered household, so many at a time."""
    alias = schema_editor.connection.alias
    households = apps.get_model("registry", "Household").objects.using(alias)
    periods = apps.get_model("registry", "CategoryPeriod")
    last = 0
    while rows := list(households.filter(pk__gt=last).order_by("pk").values_list("pk", "category")[:BATCH]):
        periods.objects.using(alias).bulk_create(periods(household_id=key, category=now) for key, now in rows)
        last = rows[-1][0]


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_people")]

    operations = [
        migrations.CreateModel(
            name="CategoryPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("category", models.CharField(choices=CATEGORIES, max_length=20, verbose_name="户类别")),
                ("since", models.DateField(blank=True, help_text="空为登记以来，从哪天起没有记录。", null=True, verbose_name="起始日期")),
                ("household", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="category_periods", to="registry.household", verbose_name="户")),
                ("recorded_by", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="登记人")),
            ],
            options={
                "verbose_name": "户类别记录",
                "verbose_name_plural": "户类别记录",
                "ordering": ["household", models.OrderBy(models.F("since"), nulls_first=True), "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("household", "since"), name="category_once_a_day"),
                    models.UniqueConstraint(condition=models.Q(("since__isnull", True)), fields=("household",), name="category_begins_once"),
                ],
            },
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
