"""Whether the system runs (运行状况): two addresses for monitors, one page for administrators."""

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
from workflow import health
from workflow.health import Finding
from workflow.models import Heartbeat
from workflow.views.base import StaffMixin, StaffView

PER_PAGE = 50


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The web process answers; nothing else is asked (for a load balancer)."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Everything works, each part by its name, without details (for a monitor): 200, or 503 with what is not."""
    found = _findings()
    well = all(one.ok for one in found)
    answer = {"ok": well, "checks": {one.name: one.ok for one in found}}
    return JsonResponse(answer, status=200 if well else 503)


def _findings() -> list[Finding]:
    try:
        return health.findings(now=clock.now())
    except DatabaseError:
        return health.no_database()


class AdministratorMixin(StaffMixin):
    """Pages of the administrator alone: for anybody else they are not there."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.user.is_authenticated and Role.ADMINISTRATOR not in self.actor.roles:
            raise Http404
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer


class OperationsPage(AdministratorMixin, StaffView):
    """Health in sentences, the queue by channel, messages that could not be delivered."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = clock.now()
        dead = Message.objects.filter(state=MessageState.DEAD).select_related("recipient")
        context = {
            "findings": health.findings(now=now),
            "heartbeats": Heartbeat.objects.order_by("name"),
            "queue": outbox.queue(now=now),
            "wake_ups": WakeUpFailure.objects.order_by("task"),
            "page_obj": Paginator(dead.order_by("-created_at", "-pk"), PER_PAGE).get_page(
                request.GET.get("page")
            ),
        }
        return render(request, "desk/operations.html", context)


class Resend(AdministratorMixin, StaffView):
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


operations_page = OperationsPage.as_view()
resend = Resend.as_view()
