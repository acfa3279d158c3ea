"""What the pages of one case share: the case as the person may see it, and forms that end in a verb on it."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from applications.models import Application
from registry.models import Member, Relationship
from workflow import permissions, worklists
from workflow.models import Deadline
from workflow.permissions import Verdict
from workflow.results import Ref
from workflow.views import badges
from workflow.views.base import StaffMixin, VerbView

NEVER_SHOWN = -1
"""A revision that no case has: a form without one was not made by us, and is answered as out of date."""


OF_DEADLINE = ("kind", "starts_on", "days", "due_on", "provisional", "paused_on", "rests")


def open_deadline(case: Application) -> Deadline | None:
    """The due date of the step that a case of `OfCase` is in: it was read along with the case."""
    row = {name: vars(case)[f"open_{name}"] for name in OF_DEADLINE}
    return Deadline(**row) if row["due_on"] else None


class OfCase(StaffMixin):
    """A page of one case that the person sees; a stranger finds nothing."""

    kwargs: dict[str, Any]

    @cached_property
    def case(self) -> Application:
        rows = worklists.cases(self.actor).select_related("entered_by", "follows")
        # The one that rests too: the page says since when, and why.
        due = Deadline.objects.filter(
            application=OuterRef("pk"), objection__isnull=True, settled_at__isnull=True
        )
        head = Member.objects.filter(household=OuterRef("household"), relationship=Relationship.HEAD)
        rows = rows.annotate(
            set_back_by=Subquery(
                permissions.set_backs(OuterRef("pk"), OuterRef("state")).values("level")[:1]
            ),
            head_name=Subquery(head.values("name")[:1]),
            **{f"open_{name}": Subquery(due.values(name)[:1]) for name in OF_DEADLINE},
        )
        return badges.put_on(get_object_or_404(rows, pk=self.kwargs["pk"]), today=self.actor.on)


class CaseVerbView(OfCase, VerbView):
    """A form on one case, with the revision it showed."""

    def permitted(self) -> Verdict:
        """Whether the person may do this at all."""
        raise NotImplementedError

    def refuse_strangers(self) -> None:
        """403 with the reason. A form that showed an older state is left to the verb, which says what changed."""
        posted = self.request.POST.get("revision")
        if posted and posted != f"{self.case.revision}":
            return
        verdict = self.permitted()
        if not verdict:
            raise PermissionDenied(verdict.reason)

    def get(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.refuse_strangers()
        return super().get(*args, **kwargs)

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.refuse_strangers()
        return super().post(*args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        return {"revision": self.case.revision}

    def ref(self, form: forms.Form) -> Ref:
        """The case as the form showed it."""
        revision = form.cleaned_data["revision"]
        return Ref(self.case.pk, NEVER_SHOWN if revision is None else revision)

    def get_success_url(self) -> str:
        return self.case.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        extra = {"case": self.case, "back_url": self.case.get_absolute_url()}
        return super().get_context_data(**{**extra, **kwargs})
