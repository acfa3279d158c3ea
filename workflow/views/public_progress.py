"""How far an application is (办理进度查询), for the household: code and name in, the step and whom to ask out."""

import unicodedata
from dataclasses import dataclass
from secrets import compare_digest
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from applications.models import Application, HistoryEntry
from applications.states import CORRECTIONS, FINAL, Level, State, holder
from registry import throttle
from registry.models import Region
from registry.throttle import Limit
from workflow.forms.progress import ProgressForm
from workflow.steps import public_label
from workflow.views import chain
from workflow.views.public import NO_ROBOTS

# A village office asks for many households from one address; who tries names on a slip that was found has ten.
BY_ADDRESS = Limit("progress-address", most=30, seconds=600)
BY_CODE = Limit("progress-code", most=10, seconds=3600)
TOO_MANY = "查询次数太多，请过一会儿再查，或者打电话、到村（社区）当面询问。您填写的内容还在。"


@dataclass(frozen=True)
class Progress:
    """What a household is told: the step and whom to ask. Never a reason, an amount, or who decided."""

    programme: str
    step: str
    is_final: bool
    in_correction: bool
    chain: list[chain.Link]
    ask: list[Region]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def progress(request: HttpRequest) -> HttpResponse:
    """The question and its answer. An unknown code and a wrong name get the same answer."""
    form = ProgressForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "asked": False}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and not _may_ask(request, form):
            form.add_error(None, TOO_MANY)
            status = 429
        elif form.is_valid():
            context |= {"asked": True, "progress": _answer(form.typed_code, form.cleaned_data["name"])}
            status = 200
    response = render(request, "public/progress.html", context, status=status)
    response["X-Robots-Tag"] = NO_ROBOTS
    if status == 429:
        response["Retry-After"] = f"{BY_ADDRESS.seconds}"
    return response


def _may_ask(request: HttpRequest, form: ProgressForm) -> bool:
    return BY_ADDRESS.spend(throttle.client(request.META)) and BY_CODE.spend(form.typed_code)


def _answer(code: str, name: str) -> Progress | None:
    """The progress of the case with this code, if the name is one of its people's; drafts are not handed in."""
    case = (
        Application.objects.exclude(state=State.DRAFT)
        .select_related("programme", "village__parent__parent", "household", "member", "payee")
        .filter(inquiry_code=code)
        .first()
    )
    if case is None or not _is_of(case, name):
        return None
    history = list(case.history.order_by("seq"))
    state = State(case.state)
    return Progress(
        programme=f"{case.programme.year}年{case.programme.name}",
        step=public_label(state),
        is_final=state in FINAL,
        in_correction=state in CORRECTIONS,
        chain=chain.of(case, history),
        ask=_whom_to_ask(case, history),
    )


def _is_of(case: Application, name: str) -> bool:
    """Head of household, the person helped or the person paid; every name is compared, whichever fits."""
    people = (case.household.head, case.member, case.payee)
    fits = [compare_digest(_spelled(person.name), _spelled(name)) for person in people if person]
    return any(fits)


def _spelled(name: str) -> bytes:
    """A name without blanks and points between its parts, which people type in many ways."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", name) if sign.isalnum()).encode()


def _whom_to_ask(case: Application, history: list[HistoryEntry]) -> list[Region]:
    """The body at whose level the case lies or ended; with the next one above it that has a telephone."""
    places = {Level.VILLAGE: case.village, Level.TOWNSHIP: case.village.parent}
    places[Level.DISTRICT] = case.village.parent.parent if case.village.parent else None
    level = holder(case.state)
    if case.state in CORRECTIONS:
        level = Level.VILLAGE
    elif case.state in FINAL:
        level = next((Level(line.level) for line in reversed(history) if line.level), level)
    order = list(Level)
    above = [place for one in order[order.index(level) :] if (place := places[one]) is not None]
    reached = next((number for number, place in enumerate(above) if place.phone), 0)
    return above[:1] if reached == 0 else [above[0], above[reached]]
