"""The administration (后台管理): places and appointments are kept here; people and households are only looked at.

What is done to a login, a household or a declared tie is done on the desk, where it asks for a reason, keeps to the
region, and leaves a line.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django_otp.plugins.otp_totp.admin import TOTPDevice

from registry import appointments, clock
from registry.masking import mask_card, mask_id_number, mask_phone
from registry.models import (
    AccountAct,
    AccountChange,
    Appointment,
    Household,
    Interest,
    Member,
    MonitorPeriod,
    Region,
    User,
)
from registry.sensitive import blind_index

# Rights come from appointments, not from groups. A telephone is bound by its holder and forgotten by an administrator
# on the desk: whoever could add one here would hold the other's second factor.
for closed in (Group, TOTPDevice):
    admin.site.unregister(closed)


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


class Undeletable(admin.ModelAdmin):
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def on_the_desk(name: str, label: str, arg: str = "pk") -> Any:
    """Make a read-only column that leads to the page of the desk where the thing is dealt with."""

    @admin.display(description="办理")
    def column(self: Any, row: Model) -> str:
        return format_html('<a href="{}">{}</a>', reverse(name, args=[getattr(row, arg)]), label)

    return column


@admin.register(User)
class UserAdmin(ReadOnly, DjangoUserAdmin):
    """Logins are looked at here. They are made, reset, locked out and let in again on the desk (账号)."""

    list_display = ["username", "name", "masked_phone", "is_active", "is_staff", "desk"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["username", "name"]
    ordering = ["username"]
    filter_horizontal = ()
    fieldsets = [
        (None, {"fields": ["username", "name", "masked_phone", "email", "desk"]}),
        ("状态与后台权限", {"fields": ["is_active", "must_change_password", "is_staff", "is_superuser"]}),
        ("时间", {"fields": ["last_login", "date_joined"]}),
    ]
    masked_phone = masked("phone", mask_phone, "手机号")
    desk = on_the_desk("account-detail", "在“账号”页面办理")


@admin.register(Region)
class RegionAdmin(Undeletable):
    list_display = ["code", "name", "level", "parent", "body_name", "phone"]
    list_filter = ["level"]
    list_select_related = ["parent"]
    search_fields = ["code", "name"]
    autocomplete_fields = ["parent"]


class MemberInline(ReadOnly, admin.StackedInline):
    model = Member
    extra = 0
    fields = [
        ("name", "relationship"),
        ("masked_id_number", "masked_phone"),
        ("status", "status_on", "public_employee"),
        ("bank", "card_holder", "masked_card_number"),
    ]
    readonly_fields = ["masked_id_number", "masked_phone", "masked_card_number"]
    masked_id_number = masked("id_number", mask_id_number, "身份证号")
    masked_phone = masked("phone", mask_phone, "手机号")
    masked_card_number = masked("card_number", mask_card, "银行卡号")


class MonitorPeriodInline(ReadOnly, admin.TabularInline):
    model = MonitorPeriod
    extra = 0


@admin.register(Household)
class HouseholdAdmin(ReadOnly, admin.ModelAdmin):
    """Households are looked at here. They are registered and changed on the desk, by whoever administers the village."""

    inlines = [MemberInline, MonitorPeriodInline]
    list_display = ["number", "head_name", "village", "group", "category", "desk"]
    list_filter = ["category"]
    list_select_related = ["village"]
    search_fields = ["number", "members__name"]
    search_help_text = "按户编号、姓名或完整的身份证号查找。"
    fields = ["number", "village", "group", "category", "address", "masked_phone", "desk"]
    readonly_fields = ["masked_phone", "desk"]
    masked_phone = masked("phone", mask_phone, "联系电话")
    desk = on_the_desk("household-detail", "在“户籍”页面办理")

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
    by_id: int | None = None
    reason = forms.CharField(label="原因", max_length=200, help_text="会写入账号记录。")

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

    def clean_user(self) -> User:
        """Nobody appoints themselves: where nobody else could, the command of the first administrator does."""
        user: User = self.cleaned_data["user"]
        if user.pk == self.by_id:
            raise ValidationError("不能给自己任职，请由其他管理员办理。")
        return user

    def clean_reason(self) -> str:
        """No line without a reason."""
        if not (reason := str(self.cleaned_data["reason"]).strip()):
            raise ValidationError("请写明原因，原因会写入账号记录。")
        return reason


@admin.register(Appointment)
class AppointmentAdmin(Undeletable):
    """Appointments are made and ended here by the same verbs as elsewhere, each with a line in the record of the login.

    What was is not rewritten, and nobody appoints themselves.
    """

    form = AppointmentForm
    list_display = ["user", "role", "region", "starts_on", "ends_on", "appointed_by"]
    list_filter = ["role"]
    list_select_related = ["user", "region", "appointed_by"]
    search_fields = ["user__username", "user__name", "region__name", "region__code"]
    autocomplete_fields = ["user", "region"]
    fields = ["user", "role", "region", "starts_on", "ends_on", "note", "reason", "appointed_by", "ended_by"]

    def get_readonly_fields(self, request: HttpRequest, obj: Appointment | None = None) -> list[str]:
        fixed = ["user", "role", "region", "starts_on", "note"] if obj else []
        return [*fixed, "appointed_by", "ended_by"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form knows who fills it in."""
        made = super().get_form(request, obj, change, **kwargs)
        made.by_id = request.user.pk  # type: ignore[attr-defined]
        return made

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
            self._note(obj, AccountAct.APPOINT, by, form)
        elif "ends_on" in form.changed_data and obj.ends_on:
            appointments.end(obj, on=obj.ends_on, by=by)
            self._note(obj, AccountAct.END_APPOINTMENT, by, form)

    @staticmethod
    def _note(made: Appointment, act: AccountAct, by: User, form: forms.ModelForm) -> None:
        AccountChange.objects.create(
            user_id=made.user_id,
            act=act,
            by=by,
            at=clock.now(),
            reason=form.cleaned_data["reason"],
            data={"appointment": made.pk, "by_way_of": "admin"},
        )


@admin.register(Interest)
class InterestAdmin(ReadOnly, admin.ModelAdmin):
    """Declared ties are looked at here, the withdrawn ones too. They are declared and withdrawn on the desk."""

    list_display = ["user", "household", "kind", "declared_on", "withdrawn_on", "withdrawal_reason"]
    list_filter = ["kind"]
    list_select_related = ["user", "household"]
    search_fields = ["user__username", "user__name", "household__number"]
