"""Names are found by pinyin and by initials: the spelling of a name stands beside it, for those registered so far too."""

from typing import Any

from django.db import migrations

from registry.spelling import SpellingField, spell

BATCH = 500


def spell_names(apps: Any, schema_editor: Any) -> None:
    """Spell the names of all who are registered, so many at a time."""
    members = apps.get_model("registry", "Member").objects.using(schema_editor.connection.alias)
    last = 0
    while rows := list(members.filter(pk__gt=last).order_by("pk").only("pk", "name")[:BATCH]):
        for row in rows:
            row.spelling = spell(row.name)
        members.bulk_update(rows, ["spelling"])
        last = rows[-1].pk


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_accounts")]

    operations = [
        migrations.AddField(
            model_name="member",
            name="spelling",
            field=SpellingField(of="name", verbose_name="拼音检索"),
        ),
        migrations.RunPython(spell_names, migrations.RunPython.noop),
    ]
