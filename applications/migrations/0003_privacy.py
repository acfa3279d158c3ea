"""Records of numbers shown in full and of data removed, append-only; what is known of a file beside its picture."""

import django.core.serializers.json
import django.db.models.deletion
import registry.sensitive
import uuid
from django.conf import settings
from django.db import migrations, models


TABLES = ("applications_disclosure", "applications_removal")
REFUSAL = "办理记录只能追加，不能修改或删除"


def sqlite():
    for table in TABLES:
        for act in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        yield (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL} (UNIQUE)'); END"
        )


def postgresql():
    for table in TABLES:
        # The function is that of 0002.
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION applications_append_only()"
        )


def guard(apps, schema_editor):
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[schema_editor.connection.vendor]():
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            continue
        for act in ("update", "delete", "replace"):
            schema_editor.execute(f"DROP TRIGGER {table}_no_{act}")


class Migration(migrations.Migration):

    dependencies = [
        ('applications', '0002_append_only'),
        ('registry', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='attachment',
            name='kept_sha256',
            field=models.CharField(blank=True, db_index=True, max_length=64, verbose_name='存放内容的SHA-256'),
        ),
        migrations.AddField(
            model_name='attachment',
            name='taken_at',
            field=registry.sensitive.SensitiveField(verbose_name='拍摄时间'),
        ),
        migrations.AddField(
            model_name='attachment',
            name='taken_place',
            field=registry.sensitive.SensitiveField(verbose_name='拍摄地点'),
        ),
        migrations.CreateModel(
            name='Disclosure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('way', models.CharField(choices=[('screen', '页面查看'), ('export', '导出文件')], max_length=10, verbose_name='方式')),
                ('purpose', models.CharField(choices=[('identity', '核对身份'), ('account', '核对一卡通账号'), ('contact', '联系农户'), ('payment', '办理资金发放'), ('inspection', '配合审计检查'), ('other', '其他')], max_length=12, verbose_name='用途')),
                ('reason', models.CharField(max_length=200, verbose_name='事由')),
                ('batch', models.UUIDField(db_index=True, default=uuid.uuid4, verbose_name='批次')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disclosures', to=settings.AUTH_USER_MODEL, verbose_name='查看人')),
                ('household', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disclosures', to='registry.household', verbose_name='户')),
            ],
            options={
                'verbose_name': '完整信息查看记录',
                'verbose_name_plural': '完整信息查看记录',
                'ordering': ['-pk'],
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Removal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('ground', models.CharField(choices=[('retention', '保存期限已满'), ('decision', '依决定删除')], max_length=10, verbose_name='删除依据')),
                ('document', models.CharField(max_length=100, verbose_name='文号')),
                ('reason', models.CharField(max_length=200, verbose_name='事由')),
                ('counts', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='删除内容')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='办理人')),
                ('household', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='removals', to='registry.household', verbose_name='户')),
            ],
            options={
                'verbose_name': '个人信息删除记录',
                'verbose_name_plural': '个人信息删除记录',
                'ordering': ['-pk'],
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddField(
            model_name='attachment',
            name='removal',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='files', to='applications.removal', verbose_name='随个人信息删除'),
        ),
        migrations.RunPython(guard, unguard),
    ]
