"""A look at who objects is written down beside the looks at full numbers. Nullable: the table keeps its triggers."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('applications', '0003_privacy'),
    ]

    operations = [
        migrations.AddField(
            model_name='disclosure',
            name='objection',
            field=models.CharField(blank=True, help_text='看的是异议人的姓名和电话时，异议的编号；空的为户的完整号码。', max_length=40, null=True, verbose_name='涉及的异议'),
        ),
    ]
