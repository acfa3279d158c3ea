"""On whose desk a case lies (办理人), as pages: take, give back, hand over, urge; and what the case's page says of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from applications.models import Application, HistoryEntry
from applications.states import CORRECTIONS, REVIEWS, State
from registry import appointments, clock
from registry.appointments import Actor
from workflow import custody, permissions, worklists
from workflow.engine import URGE
from workflow.forms.custody import HandOverForm, TakeForm, UrgeForm
from workflow.forms.reviews import ActForm
from workflow.permissions import Taken, Verdict
from workflow.results import Ref, Result, one
from workflow.steps import STEPS
from workflow.views.acts import Told
from workflow.views.case import CaseVerbView
from workflow.views.offers import Offer

May = Callable[[Actor, Application, Taken | None], Verdict]
Verb = Callable[[Any, list[Ref], Told], list[Result]]


@dataclass(frozen=True)
class CustodyPage:
    """One act on whose desk a case lies: its form, its predicate, its verb, and what the page says."""

    slug: str
    label: str
    explanation: str
    done: str
    form: type[ActForm]
    may: May
    verb: Verb

    def label_for(self, case: Application) -> str:
        """Taking from a colleague has a word of its own."""
        return "接手" if self.slug == "take" and worklists.taken(case) else self.label


PAGES: dict[str, CustodyPage] = {
    page.slug: page
    for page in (
        CustodyPage(
            "take",
            "取件",
            "取件后这件申请由您办理，其他经办人要接手必须写明理由。",
            "由您办理",
            TakeForm,
            lambda actor, case, taken: permissions.may_take(actor, case, taken=taken),
            lambda form, refs, told: custody.take(refs, reason=form.cleaned_data.get("opinion", ""), **told),
        ),
        CustodyPage(
            "give_back",
            "放回",
            "放回后，这一步的每个经办人都可以办理。",
            "已放回",
            ActForm,
            lambda actor, case, taken: permissions.may_give_back(actor, case, taken=taken),
            lambda form, refs, told: custody.give_back(refs, **told),
        ),
        CustodyPage(
            "hand_over",
            "转办",
            "转给同一步的其他经办人办理，对方会收到消息。",
            "已转办",
            HandOverForm,
            lambda actor, case, taken: permissions.may_hand_over(actor, case, taken=taken),
            lambda form, refs, told: custody.hand_over(
                refs, to=form.cleaned_data["to"], reason=form.cleaned_data["opinion"], **told
            ),
        ),
        CustodyPage(
            "urge",
            "催办",
            "提醒上级正在办理的人。催办会写进审批记录，申请的环节不变。",
            "已催办",
            UrgeForm,
            lambda actor, case, taken: permissions.may_urge(actor, case),
            lambda form, refs, told: custody.urge(refs, reason=form.cleaned_data["opinion"], **told),
        ),
    )
}


class ApplicationCustody(CaseVerbView):
    """One act on whose desk a case lies."""

    template_name = "desk/custody_act.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if kwargs["act"] not in PAGES:
            raise Http404
        found: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return found

    @property
    def page(self) -> CustodyPage:
        return PAGES[self.kwargs["act"]]

    def permitted(self) -> Verdict:
        return self.page.may(self.actor, self.case, worklists.taken(self.case))

    def get_form_class(self) -> type[forms.Form]:
        return self.page.form

    def get_form_kwargs(self) -> dict[str, Any]:
        found = {**super().get_form_kwargs(), "case": self.case}
        if self.page.form is HandOverForm:
            holder = worklists.taken(self.case)
            besides = holder.by_id if holder else self.actor.user_id
            found["people"] = custody.colleagues(self.case, besides=besides, on=self.actor.on)
        return found

    def act(self, form: forms.Form) -> Result:
        told: Told = {
            "by": self.request.user,  # type: ignore[typeddict-item]
            "now": clock.now(),
            "key": form.cleaned_data["key"],
        }
        return one(self.page.verb(form, [self.ref(form)], told))

    @property
    def success_message(self) -> str:  # type: ignore[override]
        return f"申请{self.case.number}{self.page.done}。"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        label = self.page.label_for(self.case)
        extra = {
            "page_title": label,
            "submit_label": label,
            "page": self.page,
            "holder": holder(self.case, self.actor),
        }
        return super().get_context_data(**{**extra, **kwargs})


def offers(case: Application, actor: Actor) -> list[Offer]:
    """The buttons of a case's page: giving back for the holder alone, urging for those below the step."""
    taken, state = worklists.taken(case), State(case.state)
    found = []
    for page in PAGES.values():
        verdict = page.may(actor, case, taken)
        if verdict or (page.slug in {"take", "hand_over"} and state in REVIEWS | CORRECTIONS):
            url = reverse("application-custody", args=[case.pk, page.slug])
            found.append(Offer(page.label_for(case), url, verdict))
    return found


def holder(case: Application, actor: Actor) -> str:
    """Whose desk the case lies on: who has taken it, or all who hold its step, by role and name."""
    step = STEPS.get(State(case.state))
    if step is None:
        return ""
    taken = worklists.taken(case)
    if taken is not None:
        return f"{step.role.label}{taken.name}（已取件）"
    code = case.village.code
    people = appointments.holders(step.role, [code], on=actor.on)[code]
    names = "、".join(person.name for person in people)
    return f"{step.role.label}（{names}）" if names else f"{step.role.label}（现在无人任职，请联系管理员）"


def urgings(history: Sequence[HistoryEntry]) -> list[str]:
    """Who has urged the case since it came to its step, each in a sentence, the latest first."""
    found = []
    for entry in reversed(history):
        if entry.source != entry.target:
            break
        if entry.act == URGE and entry.by is not None:
            at = timezone.localtime(entry.at)
            found.append(f"{at:%Y-%m-%d %H:%M} {entry.by.name}催办：{entry.text}")
    return found


application_custody = ApplicationCustody.as_view()
