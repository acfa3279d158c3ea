"""What the daily digest holds of the records beside the chains, append-only like the rest."""

import django.db.models.deletion
from django.db import migrations, models


TABLE = "applications_sealedrecord"
REFUSAL = "办理记录只能追加，不能修改或删除"


def sqlite():
    for act in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    yield (
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} WHEN EXISTS "
        f"(SELECT 1 FROM {TABLE} WHERE id = NEW.id OR (day_id = NEW.day_id AND record = NEW.record)) "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL} (UNIQUE)'); END"
    )


def postgresql():
    # The function is that of 0002.
    yield (
        f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION applications_append_only()"
    )


def guard(apps, schema_editor):
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[schema_editor.connection.vendor]():
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER {TABLE}_append_only ON {TABLE}")
        return
    for act in ("update", "delete", "replace"):
        schema_editor.execute(f"DROP TRIGGER {TABLE}_no_{act}")


class Migration(migrations.Migration):

    dependencies = [
        ('applications', '0004_disclosed_objectors'),
    ]

    operations = [
        migrations.CreateModel(
            name='SealedRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record', models.CharField(max_length=40, verbose_name='记录')),
                ('upto', models.PositiveBigIntegerField(verbose_name='最后一行')),
                ('rows', models.PositiveIntegerField(verbose_name='条数')),
                ('digest', models.CharField(max_length=64, verbose_name='摘要')),
                ('day', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='records', to='applications.dailydigest', verbose_name='日期')),
            ],
            options={
                'verbose_name': '另册摘要',
                'verbose_name_plural': '另册摘要',
                'ordering': ['day', 'record'],
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('day', 'record'), name='sealed_record_once')],
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
