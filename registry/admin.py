"""The administration of people and places (后台管理). Sensitive values are masked, and typed in afresh."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from registry import appointments, clock, identity
from registry.masking import mask_card, mask_id_number, mask_phone
from registry.models import Appointment, Household, Interest, Member, MonitorPeriod, Region, User
from registry.sensitive import blind_index

UNCHANGED = "留空表示不改。"


def masked(name: str, mask: Callable[[str], str], label: str) -> Any:
    """Make a read-only column that shows a sensitive field masked."""

    @admin.display(description=label)
    def column(self: Any, row: Model) -> str:
        return mask(getattr(row, name)) or "未填"

    return column


class ReadOnly(admin.options.BaseModelAdmin):
    """Mixed into an admin class or an inline: rows that are looked at here, and written by verbs elsewhere."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SensitiveForm(forms.ModelForm):
    """A form whose fields `new_x` set the sensitive field `x` of the row, where something was typed."""

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name, value in self.cleaned_data.items():
            if name.startswith("new_") and value:
                setattr(self.instance, name.removeprefix("new_"), value)
        return self.cleaned_data


class Undeletable(admin.ModelAdmin):
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NewUserForm(SensitiveForm, AdminUserCreationForm):
    new_phone = forms.CharField(label="手机号", required=False, max_length=40)

    class Meta:
        model = User
        fields = ("username", "name")


class UserForm(SensitiveForm, UserChangeForm):
    new_phone = forms.CharField(label="新手机号", required=False, max_length=40, help_text=UNCHANGED)

    class Meta:
        model = User
        fields = (
            "username",
            "password",
            "must_change_password",
            "name",
            "email",
            "is_active",
            "is_staff",
            "is_superuser",
            "groups",
            "user_permissions",
        )


@admin.register(User)
class UserAdmin(Undeletable, DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    list_display = ["username", "name", "masked_phone", "is_active", "is_staff"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["username", "name"]
    ordering = ["username"]
    readonly_fields = ["masked_phone", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password", "must_change_password"]}),
        ("个人信息", {"fields": ["name", "masked_phone", "new_phone", "email"]}),
        (
            "状态与后台权限",
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]},
        ),
        ("时间", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "name", "new_phone", "usable_password", "password1", "password2"]})
    ]
    masked_phone = masked("phone", mask_phone, "手机号")


@admin.register(Region)
class RegionAdmin(Undeletable):
    list_display = ["code", "name", "level", "parent", "body_name", "phone"]
    list_filter = ["level"]
    list_select_related = ["parent"]
    search_fields = ["code", "name"]
    autocomplete_fields = ["parent"]


class MemberForm(SensitiveForm):
    new_id_number = forms.CharField(label="新身份证号", required=False, max_length=40, help_text=UNCHANGED)
    new_phone = forms.CharField(label="新手机号", required=False, max_length=40, help_text=UNCHANGED)
    new_card_number = forms.CharField(label="新银行卡号", required=False, max_length=40, help_text=UNCHANGED)

    class Meta:
        model = Member
        fields = (
            "name",
            "relationship",
            "status",
            "status_on",
            "public_employee",
            "bank",
            "card_holder",
        )

    def clean_new_id_number(self) -> str:
        """Refuse a wrong number, and one that another person has."""
        text = self.cleaned_data["new_id_number"]
        if not text:
            return ""
        try:
            number = identity.check_id_number(text, today=clock.today()).number
        except identity.BadIdNumber as refused:
            raise ValidationError(refused.sentence) from refused
        others = Member.objects.exclude(pk=self.instance.pk)
        if others.filter(id_number_index=blind_index(number)).exists():
            raise ValidationError("这个身份证号已登记在别处。")
        return number


class MemberInline(admin.StackedInline):
    model = Member
    form = MemberForm
    extra = 0
    can_delete = False
    readonly_fields = ["masked_id_number", "masked_phone", "masked_card_number"]
    fields = [
        ("name", "relationship"),
        ("masked_id_number", "new_id_number"),
        ("masked_phone", "new_phone"),
        ("status", "status_on", "public_employee"),
        ("bank", "card_holder"),
        ("masked_card_number", "new_card_number"),
    ]
    masked_id_number = masked("id_number", mask_id_number, "身份证号")
    masked_phone = masked("phone", mask_phone, "手机号")
    masked_card_number = masked("card_number", mask_card, "银行卡号")


class MonitorPeriodInline(admin.TabularInline):
    model = MonitorPeriod
    extra = 0
    can_delete = False


class HouseholdForm(SensitiveForm):
    new_phone = forms.CharField(label="新联系电话", required=False, max_length=40, help_text=UNCHANGED)

    class Meta:
        model = Household
        fields = ("number", "village", "group", "category", "address")


@admin.register(Household)
class HouseholdAdmin(Undeletable):
    form = HouseholdForm
    inlines = [MemberInline, MonitorPeriodInline]
    list_display = ["number", "head_name", "village", "group", "category"]
    list_filter = ["category"]
    list_select_related = ["village"]
    autocomplete_fields = ["village"]
    search_fields = ["number", "members__name"]
    search_help_text = "按户编号、姓名或完整的身份证号查找。"
    readonly_fields = ["masked_phone"]
    fields = ["number", "village", "group", "category", "address", "masked_phone", "new_phone"]
    masked_phone = masked("phone", mask_phone, "联系电话")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Household]:
        return super().get_queryset(request).prefetch_related("members")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Household], search_term: str
    ) -> tuple[QuerySet[Household], bool]:
        """Find a household by a whole ID number as well, by its blind index."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        if len(search_term.strip()) == 18:
            by_number = Member.objects.filter(id_number_index=blind_index(search_term))
            found = found | queryset.filter(pk__in=by_number.values("household_id"))
        return found, duplicates

    @admin.display(description="户主")
    def head_name(self, household: Household) -> str:
        return household.head.name if household.head else "未填"


class AppointmentForm(forms.ModelForm):
    class Meta:
        model = Appointment
        fields = ("user", "role", "region", "starts_on", "ends_on", "note")

    def clean_ends_on(self) -> date | None:
        """An appointment that exists can be shortened or ended, never made longer."""
        ends_on: date | None = self.cleaned_data["ends_on"]
        kept = self.initial.get("ends_on")
        if self.instance.pk and ends_on != kept and (ends_on is None or (kept and ends_on > kept)):
            raise ValidationError("已有的任职只能提前结束；要延长，请另立一项任职。")
        return ends_on


@admin.register(Appointment)
class AppointmentAdmin(Undeletable):
    """Appointments are made and ended here by the same verbs as elsewhere; what was is not rewritten."""

    form = AppointmentForm
    list_display = ["user", "role", "region", "starts_on", "ends_on", "appointed_by"]
    list_filter = ["role"]
    list_select_related = ["user", "region", "appointed_by"]
    search_fields = ["user__username", "user__name", "region__name", "region__code"]
    autocomplete_fields = ["user", "region"]
    fields = ["user", "role", "region", "starts_on", "ends_on", "note", "appointed_by", "ended_by"]

    def get_readonly_fields(self, request: HttpRequest, obj: Appointment | None = None) -> list[str]:
        fixed = ["user", "role", "region", "starts_on", "note"] if obj else []
        return [*fixed, "appointed_by", "ended_by"]

    def save_model(self, request: HttpRequest, obj: Appointment, form: forms.ModelForm, change: bool) -> None:
        by = User.objects.get(username=request.user.get_username())
        if not change:
            made = appointments.appoint(
                obj.user,
                role=obj.role,
                region=obj.region,
                starts_on=obj.starts_on,
                ends_on=obj.ends_on,
                by=by,
                note=obj.note,
            )
            obj.pk = made.pk
        elif "ends_on" in form.changed_data and obj.ends_on:
            appointments.end(obj, on=obj.ends_on, by=by)


@admin.register(Interest)
class InterestAdmin(admin.ModelAdmin):
    list_display = ["user", "household", "kind", "declared_on"]
    list_filter = ["kind"]
    list_select_related = ["user", "household"]
    autocomplete_fields = ["user", "household"]
    search_fields = ["user__username", "user__name", "household__number"]
