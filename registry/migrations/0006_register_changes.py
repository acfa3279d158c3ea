"""The record of what was corrected in the register of households; appended, never changed."""

import django.core.serializers.json
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


TABLE = "registry_registerchange"
FUNCTION = "registry_register_append_only"
REFUSAL = "户籍更正记录只能追加，不能修改或删除"


def sqlite():
    for act in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    # REPLACE removes a row without its DELETE trigger (unless recursive_triggers is on), so it is met on its way in.
    yield (
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} "
        f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL} (UNIQUE)'); END"
    )


def postgresql():
    yield (
        f"CREATE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    # For each statement: one trigger meets TRUNCATE too.
    yield (
        f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()"
    )


def guard(apps, schema_editor):
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[schema_editor.connection.vendor]():
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP FUNCTION {FUNCTION}() CASCADE")
        return
    for act in ("update", "delete", "replace"):
        schema_editor.execute(f"DROP TRIGGER {TABLE}_no_{act}")


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0005_category_periods'),
    ]

    operations = [
        migrations.CreateModel(
            name='RegisterChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(choices=[('correct_household', '更正户的登记'), ('correct_member', '更正成员'), ('add_member', '增加成员'), ('change_head', '更换户主')], max_length=20, verbose_name='事项')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('reason', models.CharField(max_length=200, verbose_name='原因')),
                ('data', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='数据')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人')),
                ('household', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='register_changes', to='registry.household', verbose_name='户')),
                ('member', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='register_changes', to='registry.member', verbose_name='家庭成员')),
            ],
            options={
                'verbose_name': '户籍更正记录',
                'verbose_name_plural': '户籍更正记录',
                'ordering': ['-pk'],
                'base_manager_name': 'objects',
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
