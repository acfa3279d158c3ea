"""Rounds of sessions, the record of what was done to logins, and a table of users that loses no row."""

import django.core.serializers.json
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# A user is deactivated, never deleted; what administrators did to a login stays as it was written.
USERS, CHANGES = "registry_user", "registry_accountchange"
NO_DELETION = "用户不能删除，请改为停用"
APPEND_ONLY = "账号记录只能追加，不能修改或删除"


def sqlite():
    for table, act, refusal in (
        (USERS, "DELETE", NO_DELETION),
        (CHANGES, "UPDATE", APPEND_ONLY),
        (CHANGES, "DELETE", APPEND_ONLY),
    ):
        yield (
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        )
    # REPLACE removes a row without its DELETE trigger (unless recursive_triggers is on), so it is met on its way in.
    yield (
        f"CREATE TRIGGER {USERS}_no_replace BEFORE INSERT ON {USERS} WHEN EXISTS (SELECT 1 FROM {USERS} "
        "WHERE id = NEW.id OR username = NEW.username OR uid = NEW.uid) "
        f"BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {USERS}'); END"
    )
    yield (
        f"CREATE TRIGGER {CHANGES}_no_replace BEFORE INSERT ON {CHANGES} "
        f"WHEN EXISTS (SELECT 1 FROM {CHANGES} WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY} (UNIQUE)'); END"
    )


def postgresql():
    for name, refusal in (("registry_no_deletion", NO_DELETION), ("registry_append_only", APPEND_ONLY)):
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    # For each statement: one trigger meets TRUNCATE too.
    yield (
        f"CREATE TRIGGER {USERS}_no_deletion BEFORE DELETE OR TRUNCATE ON {USERS} "
        "FOR EACH STATEMENT EXECUTE FUNCTION registry_no_deletion()"
    )
    yield (
        f"CREATE TRIGGER {CHANGES}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {CHANGES} "
        "FOR EACH STATEMENT EXECUTE FUNCTION registry_append_only()"
    )


def guard(apps, schema_editor):
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[schema_editor.connection.vendor]():
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in ("registry_no_deletion", "registry_append_only"):
            schema_editor.execute(f"DROP FUNCTION {name}() CASCADE")
        return
    for trigger in (
        f"{USERS}_no_delete",
        f"{USERS}_no_replace",
        *(f"{CHANGES}_no_{act}" for act in ("update", "delete", "replace")),
    ):
        schema_editor.execute(f"DROP TRIGGER {trigger}")


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='user',
            options={'base_manager_name': 'objects', 'ordering': ['username'], 'verbose_name': '用户', 'verbose_name_plural': '用户'},
        ),
        migrations.AddField(
            model_name='user',
            name='initial_until',
            field=models.DateTimeField(blank=True, editable=False, help_text='过期未改的初始密码不能再登录。', null=True, verbose_name='初始密码有效期至'),
        ),
        migrations.AddField(
            model_name='user',
            name='session_round',
            field=models.PositiveIntegerField(default=0, editable=False, help_text='加一，此前的登录全部失效。', verbose_name='登录轮次'),
        ),
        migrations.CreateModel(
            name='AccountChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(choices=[('create', '新建账号'), ('appoint', '任职'), ('reset_password', '重置密码'), ('reset_factor', '解除验证器绑定'), ('end_sessions', '退出全部登录'), ('unlock', '解除登录锁定'), ('deactivate', '停用'), ('reactivate', '恢复启用')], max_length=20, verbose_name='事项')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('reason', models.CharField(max_length=200, verbose_name='原因')),
                ('data', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='数据')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='account_changes', to=settings.AUTH_USER_MODEL, verbose_name='账号')),
            ],
            options={
                'verbose_name': '账号记录',
                'verbose_name_plural': '账号记录',
                'ordering': ['-pk'],
                'base_manager_name': 'objects',
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
