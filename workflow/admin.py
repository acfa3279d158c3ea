"""Viewflow's own admin is closed: it would be a side door to tasks and processes."""

from django.contrib import admin
from viewflow.workflow.models import Process, Task

from registry.admin import ReadOnly
from workflow.models import Holiday, HolidayNotice

admin.site.unregister(Process)
admin.site.unregister(Task)


class HolidayInline(ReadOnly, admin.TabularInline):
    model = Holiday
    extra = 0


@admin.register(HolidayNotice)
class HolidayNoticeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["year", "citation", "entered_at", "entered_by"]
    inlines = [HolidayInline]
