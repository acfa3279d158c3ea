"""Viewflow's own admin is closed: it would be a side door to tasks and processes."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from viewflow.workflow.models import Process, Task

from workflow.models import Holiday, HolidayNotice

admin.site.unregister(Process)
admin.site.unregister(Task)


class ReadOnly:
    """Looked at only: a notice moves dates, so it is entered on its own page, with a preview."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class HolidayInline(ReadOnly, admin.TabularInline):
    model = Holiday
    extra = 0


@admin.register(HolidayNotice)
class HolidayNoticeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["year", "citation", "entered_at", "entered_by"]
    inlines = [HolidayInline]
