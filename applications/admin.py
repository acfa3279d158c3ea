"""Programmes are looked at here and changed on the desk, where each change leaves a line. Cases are not here at all."""

from django.contrib import admin

from applications.models import PostingPlan, Programme, ProgrammeChange, RequiredPaper
from registry.admin import ReadOnly


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
