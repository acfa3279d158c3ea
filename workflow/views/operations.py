"""Whether the system runs (运行状况): two addresses for monitors, one page for administrators."""

from dataclasses import asdict

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications import outbox
from notifications.models import Message, MessageState, WakeUpFailure
from registry import clock
from registry.models import Role
from workflow import health, permissions, setbacks, wordings
from workflow.health import Finding, Lag, Look
from workflow.views.base import StaffMixin, StaffView
from workflow.views.setbacks import listed as listed_setbacks

PER_PAGE = 50


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The web process answers; nothing else is asked (for a load balancer)."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Everything works, each part by its name, and the last round in figures (for a monitor): 200, or 503 with what
    is not."""
    found, last = _looked()
    well = all(one.ok for one in found)
    answer = {
        "ok": well,
        "checks": {one.name: one.ok for one in found},
        "sweep": asdict(last) if last is not None else None,
    }
    return JsonResponse(answer, status=200 if well else 503)


def _looked() -> tuple[list[Finding], Lag | None]:
    try:
        look = Look(clock.now())
    except DatabaseError:
        return health.no_database(), None
    found = health.findings(look)
    try:
        return found, health.lag(look)
    except DatabaseError:
        return found, None


class AdministratorMixin(StaffMixin):
    """Pages of the administrator alone: for anybody else they are not there."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.user.is_authenticated and Role.ADMINISTRATOR not in self.actor.roles:
            raise Http404
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer


class OperatorMixin(StaffMixin):
    """Pages of the administrators of a county or more: for anybody else they are not there."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.user.is_authenticated and not permissions.may_operate(self.actor):
            raise Http404
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer


class OperationsPage(OperatorMixin, StaffView):
    """Health in sentences, who works, the queue by channel, what failed and is tried again, what could not be sent."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = request.moment()  # type: ignore[attr-defined]
        look, queue = Look(now), outbox.queue(now=now)
        dead = Message.objects.filter(state=MessageState.DEAD).select_related("recipient")
        pages = Paginator(dead.order_by("-created_at", "-pk"), PER_PAGE)
        # The queues have counted them already.
        pages.count = sum(one.dead for one in queue)
        context = {
            "findings": health.findings(look),
            "signs": look.signs,
            "queue": queue,
            "troubled": outbox.troubled().select_related("recipient")[:PER_PAGE],
            "unfit": wordings.unfit(),
            **listed_setbacks(look.setbacks),
            "wake_ups": WakeUpFailure.objects.order_by("task"),
            "page_obj": pages.get_page(request.GET.get("page")),
        }
        return render(request, "desk/operations.html", context)


class Resend(OperatorMixin, StaffView):
    """Put dead messages back into the queue: the ticked ones."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        keys = [int(key) for key in request.POST.getlist("message") if key.isascii() and key.isdigit()]
        sent = outbox.resend(keys, by=self.actor.user_id, at=clock.now())
        if sent:
            messages.success(request, f"已重新排队{sent}条消息。")
        else:
            messages.error(request, "请先勾选要重发的消息。")
        return HttpResponseRedirect(reverse("operations"))


class Again(AdministratorMixin, StaffView):
    """Try the ticked things in the next round."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        keys = [int(key) for key in request.POST.getlist("setback") if key.isascii() and key.isdigit()]
        number = setbacks.again(keys, by=self.actor.user_id, at=clock.now())
        if number:
            messages.success(request, f"已安排{number}项在下一轮巡检中再试，一般在一分钟之内。")
        else:
            messages.error(request, "请先勾选要再试的事项；已经办成的事项不再列出。")
        return HttpResponseRedirect(reverse("operations"))


operations_page = OperationsPage.as_view()
resend = Resend.as_view()
again = Again.as_view()
