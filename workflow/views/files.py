"""Files (附件): given out only to people who may see the matter a file belongs to."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from applications import uploads
from applications.models import Application, Attachment, AttachmentKind
from registry.appointments import Actor
from registry.scope import within
from workflow import permissions
from workflow.models import DisplayPhoto, Objection, ObjectionEvidence, PendingPaper, Posting
from workflow.views.base import StaffView

INLINE = frozenset({"image/jpeg", "image/png"})
"""Types a browser shows by itself; anything else is saved to a file."""


def may_open(actor: Actor, attachment: Attachment) -> bool:
    """Whether the person may open a file: through its case, meeting, sheet or objection. No way found is no."""
    kind = attachment.kind
    if kind == AttachmentKind.DISPLAY:
        shown = DisplayPhoto.objects.filter(
            attachment=attachment, display__postings__in=Posting.objects.visible_to(actor)
        )
        return shown.exists()
    if kind == AttachmentKind.OBJECTION:
        evidence = ObjectionEvidence.objects.filter(
            attachment=attachment, objection__in=Objection.objects.visible_to(actor)
        )
        # What an objector handed in may show who they are: the level complained of does not see it.
        found = evidence.select_related("objection__application__village").first()
        return found is not None and bool(permissions.may_see_objector(actor, found.objection))
    if kind == AttachmentKind.MEETING:
        return Attachment.objects.filter(
            within(actor.may_read_prefixes, "meeting__village__code"), pk=attachment.pk
        ).exists()
    if attachment.application_id is None:
        # Handed over before its case exists: seen by whoever did, and nobody else.
        return PendingPaper.objects.filter(attachment=attachment, entry__by=actor.user_id).exists()
    return Application.objects.visible_to(actor).filter(attachments=attachment).exists()


class AttachmentFile(StaffView):
    """One file: a photo is shown (it was drawn anew when it came in), anything else is saved."""

    def get(self, request: HttpRequest, uid: str) -> HttpResponseBase:
        attachment = get_object_or_404(Attachment, uid=uid)
        if not may_open(self.actor, attachment):
            raise Http404
        try:
            content = uploads.shown(attachment)
        except FileNotFoundError:
            raise Http404 from None
        response = FileResponse(
            content,
            as_attachment=attachment.content_type not in INLINE,
            filename=attachment.download_name,
            content_type=attachment.content_type,
        )
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response


attachment = AttachmentFile.as_view()
