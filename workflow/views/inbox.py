"""Messages (消息): what a person was told, and what of it is not yet read."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from notifications.models import Message
from registry import clock
from workflow.views.base import StaffView

PER_PAGE = 30


class MessageList(StaffView):
    """A person's own messages, newest first; a POST marks all of them as read."""

    def get(self, request: HttpRequest) -> HttpResponse:
        inbox = Message.objects.inbox_of(self.actor.user_id or 0)
        only = request.GET.get("only") == "unread"
        rows = (inbox.unread() if only else inbox).order_by("-created_at", "-pk")
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        context = {"page_obj": page, "only": only}
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


message_list = MessageList.as_view()
message_read = MessageRead.as_view()
