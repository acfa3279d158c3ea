"""Programmes are kept here. Cases are not: they are worked on the desk, by verbs."""

from django.contrib import admin

from applications.models import PostingPlan, Programme, RequiredPaper


class PostingPlanInline(admin.TabularInline):
    model = PostingPlan
    extra = 0


class RequiredPaperInline(admin.TabularInline):
    model = RequiredPaper
    extra = 0


@admin.register(Programme)
class ProgrammeAdmin(admin.ModelAdmin):
    list_display = ["name", "year", "version", "region", "kind", "active"]
    list_filter = ["year", "kind", "active"]
    inlines = [PostingPlanInline, RequiredPaperInline]
