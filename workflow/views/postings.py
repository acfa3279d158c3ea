"""Pages of sheets (公示): the list; one sheet with its outcomes, evidence and certificate."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from registry.appointments import Actor
from workflow import calendar, permissions, photos, reuse, sheets
from workflow.announcements import LABELS
from workflow.models import (
    DisplayPhoto,
    Objection,
    Posting,
    PostingEntry,
    PostingState,
)
from workflow.permissions import Verdict
from workflow.views import happening, sheet
from workflow.views.base import StaffView
from workflow.views.comparing import may_be_compared
from workflow.views.displaying import (
    posting_discard,
    posting_display,
    posting_end_photo,
    posting_excuse,
    posting_take_down,
)
from workflow.views.drafting import posting_new
from workflow.views.sheet_list import TONES, posting_list

__all__ = [
    "posting_certificate",
    "posting_detail",
    "posting_discard",
    "posting_display",
    "posting_end_photo",
    "posting_excuse",
    "posting_list",
    "posting_new",
    "posting_take_down",
]


@dataclass(frozen=True)
class Action:
    """A button of the page, or the reason why there is none."""

    label: str
    url: str
    verdict: Verdict
    main: bool = False


class OneSheet(StaffView):
    """A sheet that the person may see; anybody else finds nothing."""

    def posting(self, pk: int) -> Posting:
        rows = Posting.objects.visible_to(self.actor).select_related(
            "region",
            "programme",
            "created_by",
            "display__posted_by",
            "display__recorded_by",
            "supplements",
            "announcement",
        )
        lacking = photos.lacking(Posting.objects.filter(pk=OuterRef("pk")))
        return get_object_or_404(rows.annotate(lacks_photo=Exists(lacking)), pk=pk)

    def entries(self, posting: Posting) -> list[PostingEntry]:
        """The rows with their cases, each with how many open objections stop it (`objected`)."""
        open_ones = Objection.objects.open().filter(application=OuterRef("application")).order_by()
        counted = open_ones.values("application").annotate(n=Count("pk")).values("n")
        rows = posting.entries.select_related("application__village", "repeats__posting")
        rows = rows.prefetch_related("repeated_by__posting").order_by("position")
        return list(rows.annotate(objected=Coalesce(Subquery(counted), 0)))


class PostingDetail(OneSheet):
    """The sheet as shown, the outcome of every entry, its period, evidence and certificate."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        posting = self.posting(pk)
        entries = self.entries(posting)
        objected = {entry.application_id: vars(entry)["objected"] for entry in entries}
        draft = posting.state == PostingState.DRAFT
        plan = posting.programme.plan_of(posting.level) if draft and not posting.is_announcement else None
        villages = {entry.application.village.code: entry.application for entry in entries}
        lodging = {code: permissions.may_lodge(self.actor, case) for code, case in villages.items()}
        if draft:
            lodging = {}
        lines = sheet.staff_lines(entries, objected=objected, may_object=lodging)
        foreseen = None
        if plan is not None:
            foreseen = calendar.load().period(self.actor.on, plan.term)
        intact = _intact(posting, entries)
        context = {
            "posting": posting,
            "tone": TONES[PostingState(posting.state)],
            "paper": sheet.of(posting, sheet.as_shown(entries), plan=plan),
            "outcomes": lines,
            "may_object": any(line.may_object for line in lines),
            "happening": happening.of(
                posting,
                entries,
                objected,
                intact=intact,
                lacks_photo=vars(posting)["lacks_photo"],
                today=self.actor.on,
            ),
            "foreseen": foreseen,
            "ledger": [(date.fromisoformat(day), number, why) for day, number, why in posting.ledger],
            "photos": _photos(posting, self.actor),
            **_beside(posting),
            "intact": intact,
            "seal_words": sheets.seal_words(posting, intact=bool(intact)),
            "items": items_of(posting),
            "actions": _actions(posting, self.actor, intact=intact, lacks_photo=vars(posting)["lacks_photo"]),
        }
        return render(request, "desk/posting_detail.html", context)


class PostingCertificate(OneSheet):
    """The 公示情况说明 on A4, as it was written when the sheet closed."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        posting = self.posting(pk)
        if not posting.certificate_facts:
            raise Http404
        context = {"posting": posting, "facts": posting.certificate_facts}
        return render(request, "desk/certificate_print.html", context)


def _photos(posting: Posting, actor: Actor) -> list[DisplayPhoto]:
    if posting.display is None:
        return []
    photos = list(posting.display.photos.select_related("attachment").order_by("pk"))
    reuse.note([photo.attachment for photo in photos], actor)
    return photos


def _beside(posting: Posting) -> dict[str, list[Posting]]:
    """The sheets that this one has to do with, in one statement.

    Those of the same act of display hang side by side on one photo; supplements follow this one; batches are of the
    same body, level and programme.
    """
    same = Q(pk__in=[])
    if posting.batch_label:
        same = Q(kind=posting.kind, region=posting.region_id, programme=posting.programme_id)
        same &= ~Q(batch_label="")
    hung = Q(pk__in=[]) if posting.display_id is None else Q(display=posting.display_id)
    rows = Posting.objects.filter(hung | same | Q(supplements=posting)).exclude(pk=posting.pk)
    others = list(rows.order_by("pk"))
    this = (posting.kind, posting.region_id, posting.programme_id)
    return {
        "siblings": [one for one in others if posting.display_id and one.display_id == posting.display_id],
        "supplemented_by": [one for one in others if one.supplements_id == posting.pk],
        "batches": [
            one
            for one in others
            if posting.batch_label and one.batch_label and this == (one.kind, one.region_id, one.programme_id)
        ],
    }


def _intact(posting: Posting, entries: list[PostingEntry]) -> bool | None:
    """Whether the list still is what was sealed; None before it is sealed."""
    if not posting.digest or posting.state == PostingState.DRAFT:
        return None
    return sheets.is_intact(posting, entries)


def items_of(posting: Posting) -> list[tuple[str, str]]:
    """The ten items of an announcement, as far as they are written."""
    if not posting.is_announcement:
        return []
    written = getattr(posting, "announcement", None)
    texts = [(label, getattr(written, name) if written else "") for name, label in LABELS.items()]
    if written is not None and written.corrects_id:
        texts = [(label, text) for label, text in texts if text]
    on = written.announced_on if written else None
    return [*texts, ("公告时间", sheet.chinese_date(on) if on else "发布时自动填写")]


def _actions(posting: Posting, actor: Actor, *, intact: bool | None, lacks_photo: bool) -> list[Action]:
    """The acts that the sheet's state has room for, each with the person's verdict."""
    mine = permissions.may_handle_posting(actor, posting)
    state = PostingState(posting.state)

    def to(name: str) -> str:
        return reverse(name, args=[posting.pk])

    offered = may_be_compared(posting, actor)
    comparing = [Action("各级名单比对", to("announcement-comparison"), offered)] if offered else []
    if state is PostingState.DRAFT and posting.is_announcement:
        return [
            Action("发布公告", to("announcement-publish"), mine, main=True),
            Action("填写公告十项", to("announcement-items"), mine),
            *comparing,
            Action("删除拟稿", to("posting-discard"), mine),
        ]
    if state is PostingState.DRAFT:
        url = f"{reverse('posting-display')}?ids={posting.pk}"
        return [
            Action("登记张贴", url, mine, main=True),
            Action("删除拟稿", to("posting-discard"), mine),
        ]
    acts = comparing
    if posting.display is not None:
        early = posting.closes_on is not None and actor.on < posting.closes_on
        later = Verdict(False, f"期满照片应在{posting.closes_on}当天或之后拍摄。") if early else mine
        acts.append(Action("登记期满照片", to("posting-end-photo"), mine and later))
    if lacks_photo:
        excuse = permissions.may_excuse_photo(actor, posting)
        acts.append(Action("写明没有期满照片的原因", to("posting-excuse"), excuse))
    if state is PostingState.DISPLAYED:
        over = posting.closes_on is not None and posting.closes_on < actor.on and intact
        too_late = Verdict(False, f"已于{posting.closes_on}期满，等待系统办结。") if over else mine
        acts.append(Action("提前撤下", to("posting-take-down"), mine and too_late))
    return acts


posting_detail = PostingDetail.as_view()
posting_certificate = PostingCertificate.as_view()
