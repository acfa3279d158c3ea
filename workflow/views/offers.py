"""The acts on a case as buttons (可办事项), each asked of its predicate and of the law in memory."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from applications.models import Application, HistoryEntry
from applications.standing import Standing
from applications.states import LEVEL_OF, State
from registry.appointments import Actor
from registry.refusal import Refused
from workflow import letters, permissions, worklists
from workflow.models import PostingKind
from workflow.permissions import Verdict
from workflow.steps import POSTING_STATE
from workflow.views.acts import PAGES, ActPage

FORWARD = frozenset({"submit", "pass", "resubmit"})


@dataclass(frozen=True)
class Offer:
    """A button, or the reason why there is none."""

    label: str
    url: str
    verdict: Verdict
    look: str = "btn-outline-secondary"


def try_law(page: ActPage, case: Application, standing: Standing, *, by: int) -> Verdict:
    """Whether the law of the case would let the act through: tried on a copy in memory, which is thrown away."""
    if State(case.state) not in page.sources:
        return Verdict(False, "该申请现在不在这一环节。")
    try:
        page.law(copy.copy(case), standing, by)
    except Refused as refused:
        return Verdict(False, refused.sentence)
    return permissions.YES


def acts(case: Application, standing: Standing, *, actor: Actor) -> list[Offer]:
    """The acts that the case's state has room for, each with the person's verdict, forward ones first."""
    found = []
    for page in PAGES.values():
        if State(case.state) not in page.sources:
            continue
        verdict = permissions.may(actor, page.act(case), case, taken=worklists.taken(case))
        verdict = verdict and try_law(page, case, standing, by=actor.user_id or 0)
        look = "btn-primary" if page.slug in FORWARD else "btn-outline-secondary"
        look = "btn-outline-danger" if page.danger else look
        url = reverse("application-act", args=[case.pk, page.slug])
        found.append(Offer(page.label_for(case), url, verdict, look))
    return found


def works(case: Application, *, actor: Actor, hanging: bool) -> list[Offer]:
    """What may be done besides the acts: change, papers, visit, meeting, a sheet."""
    state, pk = State(case.state), case.pk
    amend = permissions.may_amend(actor, case)
    found = []
    if state is State.DRAFT or case.is_in_correction:
        found.append(Offer("修改内容", reverse("application-amend", args=[pk]), amend))
    if state in {State.DRAFT, State.VILLAGE_REVIEW} or case.is_in_correction:
        found.append(Offer("上传材料", reverse("application-attach", args=[pk]), amend))
    if state is State.VILLAGE_REVIEW or case.is_in_correction:
        found.append(Offer("登记入户核实", reverse("visit-new", args=[pk]), amend))
    if state is State.VILLAGE_REVIEW:
        meeting = permissions.may_hold_meeting(actor, case.village)
        found.append(Offer("登记评议会", reverse("meeting-new", args=[case.village_id]), meeting))
    if state is State.ANNOUNCEMENT:
        found.append(_sheet("去拟公告", "announcement", PostingKind.ANNOUNCEMENT, case, actor))
    elif state in POSTING_STATE.values() and not hanging:
        found.append(_sheet("去拟公示", "waiting", PostingKind(LEVEL_OF[state].value), case, actor))
    if state is not State.DRAFT:
        found.append(Offer("打印查询凭条", reverse("application-slip", args=[pk]), permissions.YES))
    return found


def papers(case: Application, history: Sequence[HistoryEntry]) -> list[Offer]:
    """What may be printed: the form, and the letters, each of which stands with its act in the record."""
    found = [Offer("打印申请表", reverse("application-form", args=[case.pk]), permissions.YES)]
    if any(entry.act in letters.WRITERS for entry in history):
        found.append(
            Offer("告知书在审批记录里打印", f"{case.get_absolute_url()}?tab=history", permissions.YES)
        )
    return found


def _sheet(label: str, tab: str, kind: PostingKind, case: Application, actor: Actor) -> Offer:
    url = f"{reverse('posting-list')}?tab={tab}"
    return Offer(label, url, permissions.may_prepare(actor, kind, case.village))


def reasons(offers: list[Offer]) -> list[tuple[str, str]]:
    """What the person may not do, gathered by reason: (the acts, why not)."""
    found: dict[str, list[str]] = {}
    for offer in offers:
        if not offer.verdict:
            found.setdefault(offer.verdict.reason, []).append(offer.label)
    return [("、".join(labels), reason) for reason, labels in found.items()]
