"""Messages (消息): what a person was told, and the slips (告知单) that a village hands over to its households."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import View

from notifications import outbox, preferences
from notifications.models import Channel, Message
from registry import appointments, clock
from registry.models import Role
from registry.scope import within
from workflow.forms.messages import LettersForm, SubstituteForm
from workflow.views.base import StaffView, tell_foreign_choices

PER_PAGE = 30


class MessageList(StaffView):
    """A person's own messages, newest first; a POST marks all of them as read."""

    def get(self, request: HttpRequest) -> HttpResponse:
        inbox = Message.objects.inbox_of(self.actor.user_id or 0)
        only = request.GET.get("only") == "unread"
        rows = (inbox.unread() if only else inbox).order_by("-created_at", "-pk")
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        context = {"page_obj": page, "only": only}
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


class Unread(View):
    """The number beside 消息, asked for by an open page; for whoever is no longer signed in it is empty, no login page."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "desk/_unread.html")


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
        here = within(self.actor.prefixes(Role.VILLAGE_CLERK), field="household__village__code")
        keys = Message.objects.filter(here, channel=Channel.SLIP, pk__in=given).values_list("pk", flat=True)
        if set(given) - set(keys):
            # Another village's, or none at all. One that a colleague has handed over already is no fault.
            raise Http404
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


class MessageSettings(StaffView):
    """Of what letters are wanted, and who is told as well while the person is away."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, self._letters(), self._away())

    def post(self, request: HttpRequest) -> HttpResponse:
        user_id = self.actor.user_id or 0
        if "letters" in request.POST:
            letters = LettersForm(request.POST)
            if not letters.is_valid():
                return self._page(request, letters, self._away(), status=422)
            preferences.choose_letters(user_id, letters.cleaned_data["events"])
            messages.success(request, "邮件设置已保存。")
        elif "end" in request.POST:
            preferences.end_substitution(user_id, on=self.actor.on)
            messages.success(request, "替班已结束。")
        else:
            away = self._away(request.POST)
            if not away.is_valid():
                tell_foreign_choices(request, away)
                return self._page(request, self._letters(), away, status=422)
            preferences.substitute(user_id, **away.cleaned_data)
            messages.success(
                request, f"已设置{away.cleaned_data['substitute']}替班：期间的消息同时发给替班人。"
            )
        return HttpResponseRedirect(reverse("message-settings"))

    def _letters(self) -> LettersForm:
        return LettersForm(initial={"events": preferences.letters_of(self.actor.user_id or 0)})

    def _away(self, data: Any = None) -> SubstituteForm:
        return SubstituteForm(data, colleagues=appointments.colleagues(self.actor), today=self.actor.on)

    def _page(
        self, request: HttpRequest, letters: LettersForm, away: SubstituteForm, status: int = 200
    ) -> HttpResponse:
        now = preferences.substitution_of(self.actor.user_id or 0, on=self.actor.on)
        context = {"letters": letters, "away": away, "substitution": now}
        return render(request, "desk/message_settings.html", context, status=status)


message_list = MessageList.as_view()
message_read = MessageRead.as_view()
message_settings = MessageSettings.as_view()
message_unread = Unread.as_view()
slip_list = SlipList.as_view()
slip_print = SlipPrint.as_view()
