"""Declared ties that are withdrawn and stay; former passwords by their hashes, and since when one is in use."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def remember_present_passwords(apps, schema_editor):
    """The password in use is the first that may not be chosen again."""
    remembered = apps.get_model('registry', 'FormerPassword')
    for pk, password in apps.get_model('registry', 'User').objects.values_list('pk', 'password'):
        if password and not password.startswith('!'):
            remembered.objects.create(user_id=pk, password=password)


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0003_member_spelling'),
    ]

    operations = [
        migrations.CreateModel(
            name='FormerPassword',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='口令散列')),
            ],
            options={
                'verbose_name': '历史口令',
                'verbose_name_plural': '历史口令',
                'ordering': ['-pk'],
            },
        ),
        migrations.AlterModelOptions(
            name='interest',
            options={'base_manager_name': 'objects', 'ordering': ['user', 'household'], 'verbose_name': '回避关系', 'verbose_name_plural': '回避关系'},
        ),
        migrations.RemoveConstraint(
            model_name='interest',
            name='one_interest_per_household',
        ),
        migrations.AddField(
            model_name='interest',
            name='declared_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='登记人'),
        ),
        migrations.AddField(
            model_name='interest',
            name='note',
            field=models.CharField(blank=True, max_length=100, verbose_name='说明'),
        ),
        migrations.AddField(
            model_name='interest',
            name='withdrawal_reason',
            field=models.CharField(blank=True, max_length=200, verbose_name='撤销原因'),
        ),
        migrations.AddField(
            model_name='interest',
            name='withdrawn_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='撤销人'),
        ),
        migrations.AddField(
            model_name='interest',
            name='withdrawn_on',
            field=models.DateField(blank=True, help_text='当天仍须回避，次日起不再回避。', null=True, verbose_name='撤销日期'),
        ),
        migrations.AddField(
            model_name='user',
            name='password_set_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='未记录的，从开户时间算起。', null=True, verbose_name='密码设置时间'),
        ),
        migrations.AlterField(
            model_name='accountchange',
            name='act',
            field=models.CharField(choices=[('create', '新建账号'), ('appoint', '任职'), ('end_appointment', '结束任职'), ('back_office', '后台权限'), ('declare_interest', '申报回避关系'), ('withdraw_interest', '撤销回避申报'), ('reset_password', '重置密码'), ('reset_factor', '解除验证器绑定'), ('end_sessions', '退出全部登录'), ('unlock', '解除登录锁定'), ('deactivate', '停用'), ('reactivate', '恢复启用')], max_length=20, verbose_name='事项'),
        ),
        migrations.AddConstraint(
            model_name='interest',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_on__isnull', True)), fields=('user', 'household'), name='one_interest_per_household', violation_error_message='这个人与这户的回避关系已经登记。'),
        ),
        migrations.AddConstraint(
            model_name='interest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('withdrawal_reason', ''), ('withdrawn_by__isnull', True), ('withdrawn_on__isnull', True)), models.Q(('withdrawn_by__isnull', False), ('withdrawn_on__gte', models.F('declared_on')), models.Q(('withdrawal_reason', ''), _negated=True)), _connector='OR'), name='interest_withdrawn_by_somebody_why', violation_error_message='撤销须有日期、撤销人和原因，且不能早于申报。'),
        ),
        migrations.AddField(
            model_name='formerpassword',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='former_passwords', to=settings.AUTH_USER_MODEL, verbose_name='用户'),
        ),
        migrations.RunPython(remember_present_passwords, migrations.RunPython.noop),
    ]
