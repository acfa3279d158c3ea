"""Pages of what is done with a sheet: put up (one act for several), taken down, photographed at its end, discarded."""

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from registry import clock
from registry.models import User
from workflow import displays, drafts, permissions, postings
from workflow.forms.base import VerbForm
from workflow.forms.postings import WHEN, DisplayForm, EndPhotoForm, ExcuseForm, TakeDownForm
from workflow.models import Posting, PostingState
from workflow.permissions import Verdict
from workflow.results import Result
from workflow.views.base import VerbView

MOST_SHEETS = 50
"""Sheets in one act: more do not fit on one photo."""


class PostingDisplay(VerbView):
    """Record that one or several drafts were really put up: place, time, witness, photo."""

    template_name = "desk/posting_display.html"
    form_class = DisplayForm
    success_message = "已登记张贴，公示期开始计算"

    @cached_property
    def sheets(self) -> list[Posting]:
        """The sheets that hang side by side. One that the person may not see hides them all."""
        given = self.request.POST.getlist("ids") or self.request.GET.getlist("ids")
        keys = {part.strip() for text in given for part in text.split(",") if part.strip()}
        if (
            not keys
            or len(keys) > MOST_SHEETS
            or not all(k.isascii() and k.isdigit() and len(k) < 19 for k in keys)
        ):
            raise Http404
        found = list(
            Posting.objects.visible_to(self.actor)
            .filter(pk__in=[int(key) for key in keys])
            .select_related("region", "programme")
            .prefetch_related("programme__posting_plans", "entries")
            .order_by("pk")
        )
        if len(found) != len(keys):
            raise Http404
        for posting in found:
            verdict = permissions.may_handle_posting(self.actor, posting)
            if not verdict:
                raise PermissionDenied(verdict.reason)
        return found

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.GET.get("ids"):
            messages.warning(request, "请先勾选要张贴的公示。")
            return HttpResponseRedirect(f"{reverse('posting-list')}?tab=draft")
        gone = [posting for posting in self.sheets if posting.state != PostingState.DRAFT]
        if gone:
            messages.warning(request, f"{gone[0]}已不是拟稿，请查看它现在的情况。")
            return HttpResponseRedirect(gone[0].get_absolute_url())
        return super().get(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        # Sheets side by side are of one office, else the person could not register them.
        sheets = [displays.posters(posting, on=self.actor.on) for posting in self.sheets]
        shared = set.intersection(*({person.pk for person in people} for people in sheets))
        people = User.objects.filter(pk__in=shared).order_by("name", "pk")
        return {**super().get_form_kwargs(), "posters": people}

    def get_initial(self) -> dict[str, Any]:
        plans = [_plan(posting) for posting in self.sheets]
        return {
            "posted_by": self.actor.user_id,
            "ids": ",".join(f"{posting.pk}" for posting in self.sheets),
            "displayed_at": timezone.localtime(clock.now()).strftime(WHEN),
            "place": next((plan.channels for plan in plans if plan), ""),
        }

    def act(self, form: forms.Form) -> list[Result]:
        assert isinstance(form, DisplayForm)
        return postings.display(
            [posting.pk for posting in self.sheets],
            act=form.act,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )

    def get_success_url(self) -> str:
        if len(self.sheets) == 1:
            return self.sheets[0].get_absolute_url()
        return f"{reverse('posting-list')}?tab=displayed"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = [
            {
                "posting": posting,
                "count": len(posting.entries.all()),
                "plan": _plan(posting),
                "missing": drafts.missing(posting),
            }
            for posting in self.sheets
        ]
        return super().get_context_data(shown=shown, **kwargs)


def _plan(posting: Posting) -> Any:
    plans = posting.programme.posting_plans.all()
    return next((plan for plan in plans if plan.level == posting.level), None)


class OfPosting(VerbView):
    """An act on one sheet that the person sees and may handle."""

    template_name = "desk/posting_act.html"
    explanation = ""

    @cached_property
    def posting(self) -> Posting:
        rows = Posting.objects.visible_to(self.actor).select_related("region", "programme", "announcement")
        found = get_object_or_404(rows, pk=self.kwargs["pk"])
        verdict = self.verdict(found)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        return found

    def verdict(self, posting: Posting) -> Verdict:
        return permissions.may_handle_posting(self.actor, posting)

    def get_success_url(self) -> str:
        return self.posting.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            posting=self.posting,
            explanation=self.explanation,
            back_url=self.posting.get_absolute_url(),
            **kwargs,
        )


class PostingTakeDown(OfPosting):
    form_class = TakeDownForm
    page_title = "提前撤下公示"
    submit_label = "撤下"
    success_message = "公示已撤下"
    explanation = (
        "提前撤下后，这张公示的公示期作废，名单上还在公示的申请全部退出，回到“待公示”，需要重新拟稿、重新公示满期。"
        "张贴过的名单和照片永久保留。"
    )

    def act(self, form: forms.Form) -> list[Result]:
        return postings.take_down(
            self.posting,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            reason=form.cleaned_data["reason"],
            key=form.cleaned_data["key"],
        )


class PostingEndPhoto(OfPosting):
    form_class = EndPhotoForm
    page_title = "登记期满照片"
    submit_label = "保存照片"
    success_message = "期满照片已保存。"
    explanation = "期满时拍一张即可，照片不影响公示期的计算。"

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, EndPhotoForm)
        postings.add_end_photo(
            self.posting,
            photo=form.picture,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )


class PostingExcuse(OfPosting):
    form_class = ExcuseForm
    page_title = "写明没有期满照片的原因"
    submit_label = "保存原因"
    success_message = "原因已保存，不再影响公告。"
    explanation = (
        "能补拍或者找到照片的，请登记照片。确实没有的，在这里如实写明原因，原因会一直显示在公示页面上。"
    )

    def verdict(self, posting: Posting) -> Verdict:
        return permissions.may_excuse_photo(self.actor, posting)

    def act(self, form: forms.Form) -> None:
        postings.excuse_end_photo(
            self.posting,
            reason=form.cleaned_data["reason"],
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
        )


class PostingDiscard(OfPosting):
    form_class = VerbForm
    page_title = "删除拟稿"
    submit_label = "删除"
    success_message = "拟稿已删除，名单上的申请仍在待公示。"
    explanation = "只删除这张拟稿，名单上的申请不受影响，仍在“待公示”，可以重新拟稿。张贴过的公示不能删除。"

    def act(self, form: forms.Form) -> None:
        # Not looked up: at a second click the draft is gone, and the receipt of the first answers.
        drafts.discard(
            Posting(pk=self.kwargs["pk"]),
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )

    def get_success_url(self) -> str:
        return reverse("posting-list")


posting_display = PostingDisplay.as_view()
posting_take_down = PostingTakeDown.as_view()
posting_end_photo = PostingEndPhoto.as_view()
posting_excuse = PostingExcuse.as_view()
posting_discard = PostingDiscard.as_view()
