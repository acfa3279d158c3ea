"""Programmes are looked at here and changed on the desk, where each change leaves a line. Cases are not here at all."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from applications.models import PostingPlan, Programme, ProgrammeChange, RequiredPaper


class ReadOnly(admin.options.BaseModelAdmin):
    """Rows that only verbs write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PostingPlanInline(ReadOnly, admin.TabularInline):
    model = PostingPlan
    extra = 0


class RequiredPaperInline(ReadOnly, admin.TabularInline):
    model = RequiredPaper
    extra = 0


class ProgrammeChangeInline(ReadOnly, admin.TabularInline):
    model = ProgrammeChange
    fields = ["at", "by", "act", "text"]
    extra = 0


@admin.register(Programme)
class ProgrammeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "year", "version", "region", "kind", "active"]
    list_filter = ["year", "kind", "active"]
    inlines = [PostingPlanInline, RequiredPaperInline, ProgrammeChangeInline]
