"""Pages of the logins (账号): who has one, in what state it is, and the acts of an administrator on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django_otp.plugins.otp_totp.models import TOTPDevice

from registry import appointments, clock, factor, lockout
from registry.lockout import Lock
from registry.models import Appointment, Role, User
from workflow import accounts, departures, permissions
from workflow.accounts import Given
from workflow.forms.accounts import AccountFilter, AccountReasonForm
from workflow.views.base import StaffView, VerbView
from workflow.views.operations import AdministratorMixin

PER_PAGE = 50


@dataclass(frozen=True)
class Page:
    """One act on one login: what it is called and what it says."""

    slug: str
    label: str
    explanation: str
    done: str
    verb: Callable[..., Given | None]


PAGES = {
    page.slug: page
    for page in (
        Page(
            "reset-password",
            "重置密码",
            "系统会生成一个随机的初始密码，只显示一次，请当面交给本人。原密码和所有登录立即失效，本人登录后须先改密码。",
            "密码已重置。",
            accounts.reset_password,
        ),
        Page(
            "reset-factor",
            "解除验证器绑定",
            "本人手机遗失或更换时使用。所有登录立即失效，本人下次登录时重新绑定手机。请先核实确是本人申请。",
            "验证器已解除绑定。",
            accounts.reset_factor,
        ),
        Page(
            "end-sessions",
            "退出全部登录",
            "这个人在所有电脑和手机上的登录立即失效，需要重新登录。",
            "全部登录已退出。",
            accounts.end_sessions,
        ),
        Page(
            "unlock",
            "解除登录锁定",
            "清除这个登录名输错密码的记录，本人可以立即再试。请先核实确是本人输错。",
            "登录锁定已解除。",
            accounts.unlock,
        ),
        Page(
            "reactivate",
            "恢复启用",
            "账号恢复使用，系统生成新的初始密码，只显示一次。原来的任职不会恢复，需要另行任命。",
            "账号已恢复启用。",
            accounts.reactivate,
        ),
    )
}


def rows(people: QuerySet[User]) -> QuerySet[User]:
    """People with what the list shows of each: what they hold, and whether a telephone is bound."""
    held = Appointment.objects.select_related("region").order_by("role", "region__code", "-starts_on")
    bound = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
    return people.annotate(bound=Exists(bound)).prefetch_related(Prefetch("appointments", held))


def unused(now: datetime) -> Q:
    """Nobody has signed in for ninety days, though the login is there for as long."""
    since = now - accounts.UNUSED
    return Q(is_active=True) & (Q(last_login__lt=since) | Q(last_login__isnull=True, date_joined__lt=since))


def wanted_state(people: QuerySet[User], state: str, *, now: datetime) -> QuerySet[User]:
    """The people in one of the states of the filter."""
    if state == "locked":
        names = lockout.locks(lockout.tried(now=now), now=now)
        return people.filter(username__in=list(names))
    conditions = {
        "active": Q(is_active=True),
        "inactive": Q(is_active=False),
        "initial": Q(is_active=True, must_change_password=True),
        "no-factor": Q(is_active=True, bound=False),
        "unused": unused(now),
    }
    return people.filter(conditions[state])


def badges(person: Any, locks: list[Lock], *, now: datetime) -> list[tuple[str, str]]:
    """The state of a login in words and tones."""
    found: list[tuple[str, str]] = []
    if not person.is_active:
        return [("已停用", "quiet")]
    if locks:
        until = max(lock.until for lock in locks)
        found.append((f"已锁定至{timezone.localtime(until):%H:%M}", "bad"))
    if person.must_change_password:
        run_out = person.initial_has_run_out(now=now)
        found.append(("初始密码已过期", "bad") if run_out else ("初始密码未改", "warn"))
    last = person.last_login or person.date_joined
    if last < now - accounts.UNUSED:
        found.append(("90天未登录", "warn"))
    return found or [("在用", "good")]


class AccountList(AdministratorMixin, StaffView):
    """Everybody with a login in the administrator's regions."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = clock.now()
        form = AccountFilter(request.GET)
        wanted = form.wanted
        people = rows(appointments.staff_of(self.actor))
        if "q" in wanted:
            people = people.filter(Q(name__icontains=wanted["q"]) | Q(username__icontains=wanted["q"]))
        if "role" in wanted:
            active = Appointment.objects.active(self.actor.on).filter(role=wanted["role"])
            people = people.filter(pk__in=active.order_by().values("user"))
        if "state" in wanted:
            people = wanted_state(people, wanted["state"], now=now)
        page = Paginator(people.order_by("-is_active", "name", "pk"), PER_PAGE).get_page(
            request.GET.get("page")
        )
        locks = lockout.locks([person.username for person in page], now=now)
        shown: list[Any] = list(page)
        for person in shown:
            person.badges = badges(person, locks.get(person.username, []), now=now)
            person.held = _in_force(person, self.actor.on)
        context = {"form": form, "wanted": wanted, "page_obj": page}
        return render(request, "desk/account_list.html", context)


def _in_force(person: User, on: date) -> list[Appointment]:
    """The appointments of today, from what was read along with the person."""
    return [
        one
        for one in person.appointments.all()
        if one.starts_on <= on and (one.ends_on is None or one.ends_on >= on)
    ]


class OfAccount(AdministratorMixin):
    """Pages of one login; nobody's of another region is found."""

    kwargs: dict[str, Any]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and Role.ADMINISTRATOR in self.actor.roles:
            self.check()
        return super().dispatch(request, *args, **kwargs)

    def check(self) -> None:
        """Refuse with the reason where nothing may be done to this login by this person."""
        if not self.verdict:
            raise PermissionDenied(self.verdict.reason)

    @cached_property
    def person(self) -> Any:
        people = rows(appointments.staff_of(self.actor))
        return get_object_or_404(people, pk=self.kwargs["pk"])

    @property
    def verdict(self) -> permissions.Verdict:
        lasting = [
            one for one in self.person.appointments.all() if (one.ends_on or date.max) >= self.actor.on
        ]
        codes = [one.region.code for one in lasting]
        return permissions.may_keep_account(self.actor, self.person, codes=codes)


class AccountDetail(OfAccount, StaffView):
    """One login: what its holder holds and held, its state, what was done to it, and what can be."""

    def check(self) -> None:
        """To look at it is open to every administrator of its regions."""
        self.person  # noqa: B018  404 where it is nobody of theirs

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        person, now = self.person, clock.now()
        locks = lockout.locks([person.username], now=now).get(person.username, [])
        in_force = _in_force(person, self.actor.on)
        held = appointments.holdings(in_force) if person.is_active else ()
        theirs = appointments.Actor(user_id=person.pk, user=person, on=self.actor.on, holdings=held)
        context = {
            "person": person,
            "badges": badges(person, locks, now=now),
            "locks": locks,
            "asked": factor.is_asked_of(theirs),
            "appointments": person.appointments.all(),
            "in_force": in_force,
            "changes": person.account_changes.select_related("by"),
            "verdict": self.verdict,
            "pages": [page for page in PAGES.values() if _offers(page.slug, person, bool(locks))],
            "held": departures.held(person, on=self.actor.on, posts=in_force),
        }
        return render(request, "desk/account_detail.html", context)


def _offers(slug: str, person: Any, locked: bool) -> bool:
    """Whether an act has anything to do here."""
    if slug == "reactivate":
        return not person.is_active
    return person.is_active and {"reset-factor": person.bound, "unlock": locked}.get(slug, True)


class AccountAct(OfAccount, VerbView):
    """One act on one login, with its reason. A password that comes of it is on this answer and nowhere else."""

    form_class = AccountReasonForm
    template_name = "desk/account_act.html"

    def check(self) -> None:
        if self.kwargs["act"] not in PAGES:
            raise Http404
        super().check()

    @property
    def page(self) -> Page:
        return PAGES[self.kwargs["act"]]

    @property
    def page_title(self) -> str:  # type: ignore[override]
        return f"{self.page.label}：{self.person}"

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        return self.page.label

    @property
    def success_message(self) -> str:  # type: ignore[override]
        return self.page.done

    def get_success_url(self) -> str:
        return reverse("account-detail", args=[self.person.pk])

    def form_valid(self, form: forms.Form) -> HttpResponse:
        self.given: Given | None = None
        answer = super().form_valid(form)
        if self.given is not None:
            return given_page(self.request, [self.given])
        return answer

    def act(self, form: forms.Form) -> None:
        given = form.cleaned_data
        self.given = self.page.verb(
            self.person, by=self.request.user, now=clock.now(), reason=given["reason"], key=given["key"]
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        extra = {"explanation": self.page.explanation, "back_url": self.get_success_url()}
        return super().get_context_data(**{**extra, **kwargs})


def given_page(request: HttpRequest, given: Sequence[Given], refused: Sequence[Any] = ()) -> HttpResponse:
    """The sheet to hand over: to be printed now, for it cannot be shown again."""
    context = {
        "given": given,
        "refused": refused,
        "address": request.build_absolute_uri(reverse("login")),
        "days": settings.INITIAL_PASSWORD_DAYS,
    }
    answer = render(request, "desk/account_given.html", context)
    add_never_cache_headers(answer)
    return answer


account_list = AccountList.as_view()
account_detail = AccountDetail.as_view()
account_act = AccountAct.as_view()
