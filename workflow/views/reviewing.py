"""The reviewer's desk in two halves (逐件审核): the queue on the left, one case with its acts on the right.

The queue is the list's: its filter, search and order stand in the address, `case` names the one that is open and
`act` the form that is. The whole queue is read in one statement, because a doubt compares a case with all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Exists, OrderBy, OuterRef, Q, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from applications.models import Application, RequiredPaper
from applications.states import State
from registry import clock
from registry.models import Role
from registry.refusal import Refused
from registry.scope import within
from workflow import doubts, lists, permissions, worklists
from workflow.forms.lists import QueueFilter
from workflow.forms.reviews import SendBackForm
from workflow.results import Conflict, Ref, one
from workflow.steps import STEPS, staff_label
from workflow.views import badges, custody, dossier
from workflow.views.acts import PAGES, ActPage, Told
from workflow.views.applications import ApplicationList
from workflow.views.base import conflict_page, renew_key
from workflow.views.case import NEVER_SHOWN
from workflow.views.dossier import Dossier

QUEUES = {
    Role.TOWNSHIP_REVIEWER: State.TOWNSHIP_REVIEW,
    Role.DISTRICT_APPROVER: State.DISTRICT_REVIEW,
}
ACTS = ("pass", "send_back", "reject", "return_to_township")
KEYS = {"pass": "1", "send_back": "2", "reject": "3"}
SHOWN = 50
"""Rows of the queue beside a case; the others are a link away."""


@dataclass(frozen=True)
class Line:
    """One case of the queue, as its half of the page shows it."""

    pk: int
    number: str
    name: str
    village: str
    programme: str
    amount: Any
    due: Any
    taken_name: str
    doubts: tuple[str, ...]


class Reviewing(ApplicationList):
    """One page to work through a queue: what is decided leaves it, and the next case comes."""

    form_class = QueueFilter
    template_name = "desk/reviewing.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and self.actor.holdings:
            verdict = permissions.may_review(self.actor)
            if not verdict:
                raise PermissionDenied(verdict.reason)
        found: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return found

    @cached_property
    def form(self) -> QueueFilter:
        orders = [
            (f"{sign}{column.name}", f"{column.label}{word}")
            for column in self.columns
            if column.order
            for sign, word in (("", "，升序"), ("-", "，降序"))
        ]
        return QueueFilter(self.request.GET, orders=orders)

    def usual(self) -> tuple[Any, ...]:
        """The most urgent first, as in the list of one step."""
        return (OrderBy(self._orders["due"][0], nulls_last=True), "pk")

    @cached_property
    def states(self) -> set[State]:
        """The steps of the person's roles; the list's own filter may ask for one of them."""
        states = {state for role, state in QUEUES.items() if role in self.actor.roles}
        asked = {state for state in states if state == self.request.GET.get("state")}
        return asked or states

    def rows(self) -> QuerySet[Application]:
        """The whole queue, each case with whether the filter asks for it."""
        mine = Q(pk__in=[])
        for role, state in QUEUES.items():
            if role in self.actor.roles and state in self.states:
                mine |= Q(within(self.actor.prefixes(role)), state=state)
        return doubts.annotated(worklists.dressed(Application.objects.filter(mine))).annotate(
            asked=self._asked()
        )

    def _asked(self) -> Any:
        wanted = {name: value for name, value in self.wanted.items() if name != "doubts"}
        if not wanted:
            return Value(True, output_field=BooleanField())
        place = wanted.pop("village", None)
        found = lists.cases(self.actor, wanted, today=self.actor.on)
        if place is not None:
            found = found.filter(Q(village=place) | Q(village__parent=place))
        return Exists(found.filter(pk=OuterRef("pk")))

    @cached_property
    def queue(self) -> list[Line]:
        """The cases asked for, in their order, each with its doubts; the filter learns what there is to choose from."""
        rows = list(
            self.ordered(self.rows()).values(
                *doubts.FACTS, "pk", "number", "asked", "member__name", "payee__name", "village_id",
                "village__name", "programme__name", "due_on", "near_on", "paused_on", "taken_name",
            )
        )  # fmt: skip
        self.form.offer(
            programmes=sorted({(row["programme_id"], row["programme__name"]) for row in rows}),
            villages=sorted({(row["village_id"], row["village__name"]) for row in rows}),
        )
        known = doubts.bounds_of(rows)
        lines = [self._line(row, doubts.reasons(row, known)) for row in rows if row["asked"]]
        asked = self.wanted.get("doubts")
        return [line for line in lines if not asked or bool(line.doubts) is (asked == "some")]

    def _line(self, row: dict[str, Any], reasons: tuple[str, ...]) -> Line:
        return Line(
            pk=row["pk"],
            number=row["number"],
            name=row["member__name"] or row["payee__name"],
            village=row["village__name"],
            programme=row["programme__name"],
            amount=row["amount"],
            due=badges.of_due(row["due_on"], row["near_on"], today=self.actor.on, paused_on=row["paused_on"]),
            taken_name=row["taken_name"] or "",
            doubts=reasons,
        )

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self._key("case")
        pks = [line.pk for line in self.queue]
        if asked is not None and asked not in pks:
            gone = get_object_or_404(Application.objects.visible_to(self.actor), pk=asked)
            text = f"申请{gone.number}现在不在这份名单里，下面是名单中的第一件。"
            messages.info(request, text if pks else f"申请{gone.number}现在不在这份名单里。")
        at = pks.index(asked) if asked in pks else 0
        if not pks:
            return self._page(None, None, 0)
        found = dossier.load(pks[at], self.actor)
        return self._page(found, self._form_of(found, self._act(found.case)), at)

    def post(self, request: HttpRequest) -> HttpResponse:
        """One act on the open case; then the next one, under the same filter."""
        slug, asked = request.GET.get("act", ""), self._key("case")
        if slug not in ACTS or asked is None:
            raise Http404
        page, found = PAGES[slug], dossier.load(asked, self.actor)
        posted = request.POST.get("revision")
        if posted == f"{found.case.revision}" or not posted:
            verdict = permissions.may(
                self.actor, page.act(found.case), found.case, taken=worklists.taken(found.case)
            )
            if not verdict:
                raise PermissionDenied(verdict.reason)
        form = self._form_of(found, page, data=request.POST)
        pks = [line.pk for line in self.queue]
        at = pks.index(asked) if asked in pks else 0
        if not form.is_valid():
            return self._page(found, form, at, page=page, status=422)
        try:
            self._call(page, form, asked)
        except Conflict as conflict:
            return conflict_page(request, conflict, back_url=self._address(asked))
        except Refused as refused:
            renew_key(form)
            form.add_error(None, refused.sentence)
            return self._page(found, form, at, page=page, status=422)
        messages.success(request, f"申请{found.case.number}（{found.case.beneficiary_name}）{page.done}。")
        left = [pk for pk in pks[at + 1 :] + pks[:at][::-1] if pk != asked]
        return HttpResponseRedirect(self._address(left[0] if left else None))

    def _call(self, page: ActPage, form: Any, asked: int) -> None:
        told: Told = {
            "by": self.request.user,  # type: ignore[typeddict-item]
            "now": clock.now(),
            "key": form.cleaned_data["key"],
        }
        revision = form.cleaned_data["revision"]
        one(page.verb(form, [Ref(asked, NEVER_SHOWN if revision is None else revision)], told, self.actor.on))

    def _key(self, name: str) -> int | None:
        text = self.request.GET.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def _address(self, case: int | None) -> str:
        """This page with its filter, and a case open."""
        query = self.request.GET.copy()
        for name in ("act", "case", "page"):
            query.pop(name, None)
        if case is not None:
            query["case"] = f"{case}"
        return f"{reverse('review')}?{query.urlencode()}" if query else reverse("review")

    def _list_url(self) -> str:
        """The list under the same filter, at the step of the queue where that is one."""
        query = self.request.GET.copy()
        for name in ("act", "case", "page"):
            query.pop(name, None)
        if len(self.states) == 1:
            query["state"] = next(iter(self.states)).value
        return f"{reverse('application-list')}?{query.urlencode()}"

    def _act(self, case: Application) -> ActPage:
        """The act whose form is open: what the address asks for, or passing."""
        slug = self.request.GET.get("act", "")
        return PAGES[slug] if slug in ACTS and State(case.state) in PAGES[slug].sources else PAGES["pass"]

    def _form_of(self, found: Dossier, page: ActPage, data: Any = None) -> Any:
        more: dict[str, Any] = {}
        if page.form is SendBackForm:
            papers = RequiredPaper.objects.filter(programme=found.case.programme_id)
            more = {"papers": papers, "returned_before": vars(found.case)["ever_returned"]}
        form: forms.Form = page.form(
            data,
            case=found.case,
            initial={"revision": found.case.revision},
            auto_id=f"{page.slug}_%s",
            **more,
        )
        if page.slug != "pass":
            form.visible_fields()[0].field.widget.attrs["autofocus"] = True
        return form

    def _page(
        self, found: Dossier | None, form: Any, at: int, *, page: ActPage | None = None, status: int = 200
    ) -> HttpResponse:
        queue = self.queue
        first = at // SHOWN * SHOWN
        context: dict[str, Any] = {
            "filter": self.form,
            "list_url": self._list_url(),
            "wanted": self.wanted,
            "lines": queue[first : first + SHOWN],
            "n": len(queue),
            "label": "、".join(staff_label(state) for state in STEPS if state in self.states),
            "before": queue[first - SHOWN].pk if first else None,
            "after": queue[first + SHOWN].pk if first + SHOWN < len(queue) else None,
        }
        if found is not None:
            context |= self._of_case(found, form, page or self._act(found.case), queue, at)
        return render(self.request, self.template_name, context, status=status)

    def _of_case(
        self, found: Dossier, form: Any, page: ActPage, queue: Sequence[Line], at: int
    ) -> dict[str, Any]:
        """The half with the case: its dossier, its acts, and the ways to its neighbours."""
        case = found.case
        inside = at < len(queue) and queue[at].pk == case.pk
        acts = []
        for slug in ACTS:
            if State(case.state) in PAGES[slug].sources:
                verdict = permissions.may(
                    self.actor, PAGES[slug].act(case), case, taken=worklists.taken(case)
                )
                acts.append((PAGES[slug], PAGES[slug].label_for(case), KEYS.get(slug, ""), verdict))
        refusals = {verdict.reason for *_, verdict in acts if not verdict}
        return {
            "found": found,
            "case": case,
            "returned": found.returned,
            "doubts": queue[at].doubts if inside else (),
            "form": form,
            "act_page": page,
            "act_label": page.label_for(case),
            "may_act": all(verdict for one_page, *_, verdict in acts if one_page is page),
            "acts": acts,
            "why_not": sorted(refusals),
            "works": [offer for offer in custody.offers(case, self.actor) if offer.verdict],
            "place": at + 1,
            "previous": queue[at - 1].pk if inside and at else None,
            "next": queue[at + 1].pk if inside and at + 1 < len(queue) else None,
        }


review = Reviewing.as_view()
