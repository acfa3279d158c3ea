"""Messages (消息): what a person was told, and the slips (告知单) that a village hands over to its households."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from notifications import outbox
from notifications.models import Message
from registry import clock
from registry.models import Role
from workflow.views.base import StaffView

PER_PAGE = 30


class MessageList(StaffView):
    """A person's own messages, newest first; a POST marks all of them as read."""

    def get(self, request: HttpRequest) -> HttpResponse:
        inbox = Message.objects.inbox_of(self.actor.user_id or 0)
        only = request.GET.get("only") == "unread"
        rows = (inbox.unread() if only else inbox).order_by("-created_at", "-pk")
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        context = {"page_obj": page, "only": only, "unread_count": inbox.unread().count()}
        context["slips"] = Message.objects.slips(self.actor.prefixes(Role.VILLAGE_CLERK)).count()
        return render(request, "desk/message_list.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        # Reading is no act on a case: no verb, no history, and a second time changes nothing.
        Message.objects.inbox_of(self.actor.user_id or 0).unread().update(read_at=clock.now())
        return HttpResponseRedirect(reverse("message-list"))


class MessageRead(StaffView):
    """Mark one message as read and go to what it is about."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        inbox = Message.objects.inbox_of(self.actor.user_id or 0)
        message = get_object_or_404(inbox, pk=pk)
        inbox.unread().filter(pk=pk).update(read_at=clock.now())
        local = bool(message.url) and url_has_allowed_host_and_scheme(message.url, None)
        return HttpResponseRedirect(message.url if local else reverse("message-list"))


class SlipsView(StaffView):
    """Pages about the slips of the villages whose clerk the person is; nobody else finds any."""

    @property
    def slips(self) -> QuerySet[Message]:
        waiting = Message.objects.slips(self.actor.prefixes(Role.VILLAGE_CLERK))
        return waiting.select_related("household__village").prefetch_related("household__members")


class SlipList(SlipsView):
    """What waits to be handed over; a POST writes down what has been."""

    def get(self, request: HttpRequest) -> HttpResponse:
        page = Paginator(self.slips.order_by("created_at", "pk"), PER_PAGE).get_page(request.GET.get("page"))
        return render(request, "desk/slip_list.html", {"page_obj": page})

    def post(self, request: HttpRequest) -> HttpResponse:
        given = [int(key) for key in request.POST.getlist("slip") if key.isascii() and key.isdigit()]
        keys = self.slips.filter(pk__in=given).values_list("pk", flat=True)
        handed = outbox.hand_over(list(keys), by=self.actor.user_id, at=clock.now())
        if handed:
            messages.success(request, f"已登记送达{handed}份告知单。")
        else:
            messages.error(request, "请先勾选已经送到的告知单。")
        return HttpResponseRedirect(reverse("slip-list"))


class SlipPrint(SlipsView):
    """One slip on paper, in plain words, with a line to sign."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return render(request, "desk/slip_print.html", {"slip": get_object_or_404(self.slips, pk=pk)})


message_list = MessageList.as_view()
message_read = MessageRead.as_view()
slip_list = SlipList.as_view()
slip_print = SlipPrint.as_view()
