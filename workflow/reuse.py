"""The same photo used twice (重复使用的照片): told by its SHA-256, as it came or as it is kept."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q

from applications.models import Attachment, AttachmentKind
from registry.appointments import Actor
from workflow.models import Posting

ELSEWHERE = "管辖范围以外的一件事项"


def elsewhere() -> Q:
    """Whether a file of an outer query stands elsewhere too; `note` then asks where. The rest of them it asks nothing."""
    others = Attachment.objects.exclude(pk=OuterRef("pk")).exclude(kind=AttachmentKind.OBJECTION)
    as_it_came = others.filter(Q(sha256=OuterRef("sha256")) | Q(kept_sha256=OuterRef("sha256")))
    as_kept = others.filter(Q(sha256=OuterRef("kept_sha256")) | Q(kept_sha256=OuterRef("kept_sha256")))
    return Q(Exists(as_it_came)) | (~Q(kept_sha256="") & Q(Exists(as_kept)))


def note(files: Sequence[Attachment], actor: Actor) -> None:
    """Put on each file what is to be said of it; nothing where it stands once. Files may carry `elsewhere` as `twice`."""
    found = sentences([file for file in files if vars(file).get("twice", True)], actor)
    for file in files:
        file.reused = found.get(file.pk, "")  # type: ignore[attr-defined]


def sentences(files: Sequence[Attachment], actor: Actor) -> dict[int, str]:
    """For each photo that stands elsewhere too, where: two or three statements for any number of photos.

    One act of display is one photo, however many sheets hang side by side on it. What an objector handed in is
    left out on both sides: it would show who objects.
    """
    photos = [file for file in files if file.is_image and file.kind != AttachmentKind.OBJECTION]
    digests = {digest for file in photos for digest in _digests(file)}
    if not digests:
        return {}
    same = Attachment.objects.filter(Q(sha256__in=digests) | Q(kept_sha256__in=digests))
    rows = list(
        same.exclude(kind=AttachmentKind.OBJECTION)
        .select_related("application__village", "meeting__village", "display_photo__display")
        .order_by("pk")
    )
    if len(rows) == len(photos) == len({file.kept_sha256 or file.sha256 for file in photos}):
        return {}
    found = {}
    for file in photos:
        others = [one for one in rows if one.pk != file.pk and _digests(one) & _digests(file)]
        if others:
            places = "、".join(dict.fromkeys(_place(one, file, actor) for one in others))
            found[file.pk] = f"同一张照片也用在：{places}。请核对。"
    return found


def _digests(file: Attachment) -> set[str]:
    return {digest for digest in (file.sha256, file.kept_sha256) if digest}


def _place(other: Attachment, file: Attachment, actor: Actor) -> str:
    """Where the other one stands, as far as the person may know."""
    if other.application is not None:
        if other.application_id == file.application_id:
            return f"本件申请的另一张{other.get_kind_display()}"
        seen = _covers(actor, other.application.village.code)
        return f"申请{other.application.number}的{other.get_kind_display()}" if seen else ELSEWHERE
    if other.meeting is not None:
        village = other.meeting.village
        return f"{village}{other.meeting.held_on}评议会的材料" if _covers(actor, village.code) else ELSEWHERE
    shown = getattr(other, "display_photo", None)
    if shown is None:
        return ELSEWHERE
    sheets = Posting.objects.visible_to(actor).filter(display=shown.display_id).order_by("pk")
    names = "、".join(f"{sheet}" for sheet in sheets)
    return f"{names}{shown.get_moment_display()}的照片" if names else ELSEWHERE


def _covers(actor: Actor, code: str) -> bool:
    return any(code.startswith(prefix) for prefix in actor.may_read_prefixes)
