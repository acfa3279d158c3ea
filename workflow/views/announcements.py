"""Pages of the announcement (公告): its ten items, and the last look before it is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.db.models import OuterRef
from django.http import Http404
from django.urls import reverse

from applications.machine import WrongState
from applications.models import Application
from registry import clock
from registry.appointments import Actor
from registry.refusal import Refused
from workflow import announcements, comparison, drafts, permissions, standings
from workflow.forms.base import VerbForm
from workflow.forms.postings import CATALOGUE, ItemsForm
from workflow.models import (
    Act,
    AnnouncementSheet,
    Deadline,
    DeadlineKind,
    EntryOutcome,
    Posting,
    PostingState,
)
from workflow.results import Result
from workflow.steps import staff_label
from workflow.views import badges
from workflow.views.displaying import OfPosting


@dataclass(frozen=True)
class Prospect:
    """One case on the draft, and why it would stay behind; nothing where it would be announced."""

    case: Application
    why_not: str = ""


def foresee(cases: Sequence[Application], *, actor: Actor) -> list[Prospect]:
    """Ask predicate and law of each case in memory; the cases are thrown away, the verb asks again under lock."""
    found = []
    around = standings.of(cases)
    for case in cases:
        before = staff_label(case.state)
        try:
            permissions.may(actor, Act.ANNOUNCE, case).enforce()
            case.announce(around[case.pk], by=actor.user_id or 0)
        except Refused as refused:
            found.append(Prospect(case, refused.sentence))
        except WrongState:
            found.append(Prospect(case, f"该申请现在是“{before}”，不能公告。"))
        else:
            found.append(Prospect(case))
    return found


class OfDraft(OfPosting):
    """An act on an announcement that is still a draft."""

    @property
    def draft(self) -> Posting:
        if not self.posting.is_announcement:
            raise Http404
        return self.posting


class AnnouncementItems(OfDraft):
    """Write the ten items; what is left empty can be filled in later, before it is published."""

    template_name = "desk/announcement_items.html"
    form_class = ItemsForm
    page_title = "填写公告十项"
    submit_label = "保存"
    success_message = "公告十项已保存。"

    def get_initial(self) -> dict[str, Any]:
        posting = self.draft
        written = getattr(posting, "announcement", None)
        if written is not None:
            return {name: getattr(written, name) for name in [*announcements.LABELS, *CATALOGUE]}
        phones = {
            "区主管部门": posting.department_phone,
            "乡镇": posting.township_phone,
            "纪委": posting.discipline_phone,
            "举报电话": posting.hotline,
        }
        usual = AnnouncementSheet()
        return {
            "category": usual.category,
            "topic": usual.topic,
            "place": posting.region.name,
            "content": f"{posting.programme.name}：{posting.standard}",
            "phones": "；".join(f"{label}{phone}" for label, phone in phones.items() if phone),
        }

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, ItemsForm)
        announcements.write_items(
            self.draft,
            items=form.items_typed,
            listing=form.listing,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )


class AnnouncementPublish(OfDraft):
    """Show what will be announced and what stays behind and why; then publish."""

    template_name = "desk/announcement_publish.html"
    form_class = VerbForm
    page_title = "发布公告"
    success_message = "公告已发布，列入公告的申请已办结"

    def act(self, form: forms.Form) -> list[Result]:
        return announcements.publish(
            self.draft.pk,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        posting = self.draft
        picked = (
            posting.entries.filter(outcome=EntryOutcome.PICKED).order_by("position").values("application")
        )
        waiting = Deadline.objects.filter(
            application=OuterRef("pk"), kind=DeadlineKind.ANNOUNCEMENT, settled_at__isnull=True
        ).order_by("due_on")
        cases = (
            Application.objects.filter(pk__in=picked)
            .select_related("programme", "village", "household", "payee")
            .annotate(due_on=waiting.values("due_on")[:1], near_on=waiting.values("near_on")[:1])
        )
        prospects = foresee(list(cases.order_by("village__code", "pk")), actor=self.actor)
        going = [one for one in prospects if not one.why_not]
        draft = posting.state == PostingState.DRAFT
        faults = comparison.compare(posting, [one.case for one in going]).faults if draft else []
        written = getattr(posting, "announcement", None)
        missing = drafts.missing(posting)
        missing += announcements.lacking(written)
        missing += announcements.unlisted(written) if written else []
        return super().get_context_data(
            going=going,
            staying=[one for one in prospects if one.why_not],
            total=sum(one.case.amount for one in going),
            missing=missing,
            faults=faults,
            due=_due(going, self.actor.on),
            published=not draft,
            may_publish=bool(going) and not missing and not faults and draft,
            comparison_url=reverse("announcement-comparison", args=[posting.pk]),
            items_url=reverse("announcement-items", args=[posting.pk]),
            **kwargs,
        )


def _due(going: Sequence[Prospect], today: date) -> badges.DueBadge | None:
    """The first day by which one of these cases has to be announced (20 working days from the approval)."""
    waiting = [vars(one.case) for one in going if vars(one.case)["due_on"]]
    if not waiting:
        return None
    first = min(waiting, key=lambda row: row["due_on"])
    return badges.of_due(first["due_on"], first["near_on"], today=today)


announcement_items = AnnouncementItems.as_view()
announcement_publish = AnnouncementPublish.as_view()
