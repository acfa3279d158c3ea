"""The photo of a sheet at the end of its period (期满照片): asked for, waited for by no clock, missed before the announcement."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from notifications import catalogue, outbox
from notifications.models import Message
from notifications.outbox import Notice
from notifications.tasks import deliver
from registry import appointments
from registry.models import User
from registry.refusal import Refused
from workflow.models import DisplayPhoto, Posting, PostingEntry, PostingState
from workflow.standings import RAN
from workflow.steps import LEVEL_ROLE

FACT = "end_photo:"
"""With the key of the sheet: what its reminder is about."""


class EndPhotoMissing(Refused):
    """A sheet whose period has run has neither a photo of its end nor a reason why there is none."""


def lacking(postings: QuerySet[Posting]) -> QuerySet[Posting]:
    """Of these sheets those that have closed and have neither; an earlier photo of the same board is none of the end."""
    return postings.filter(~Exists(_taken()), state=PostingState.CLOSED, photo_excuse="")


def _taken() -> QuerySet[DisplayPhoto]:
    return DisplayPhoto.objects.filter(
        display=OuterRef("display"),
        moment=DisplayPhoto.Moment.END,
        attachment__uploaded_at__date__gte=OuterRef("closes_on"),
    )


def to_ask(*, now: datetime) -> QuerySet[Posting]:
    """Sheets on display whose last day has come, that have no photo of it, and of which nobody was reminded."""
    asked = Message.objects.filter(
        event=catalogue.END_PHOTO.name, fact=Concat(Value(FACT), Cast(OuterRef("pk"), CharField()))
    )
    rows = Posting.objects.on_display().filter(closes_on__lte=timezone.localdate(now))
    return rows.filter(~Exists(_taken()), ~Exists(asked)).order_by("closes_on", "pk")


def ask(keys: Sequence[int], *, now: datetime) -> set[int]:
    """Remind whoever put those sheets up of their photo, once; nobody holds the sheets. Returns which.

    Where the poster has left the service, everybody who answers for the sheet is told.
    """
    with transaction.atomic(durable=True):
        held = to_ask(now=now).filter(pk__in=keys).select_related("region", "display__posted_by")
        rows = list(held.select_for_update(of=("self",), no_key=True, skip_locked=True))
        told = [(row, people) for row in rows if (people := _posters(row, now))]
        notices = [
            Notice(
                event=catalogue.END_PHOTO,
                fact=f"{FACT}{row.pk}",
                recipients=people,
                context={"number": row.number, "due": row.closes_on},
                url=row.get_absolute_url(),
            )
            for row, people in told
        ]
        if notices:
            outbox.announce(notices, at=now)
            outbox.wake(deliver, at=now)
    return {row.pk for row, _ in told}


def _posters(posting: Posting, now: datetime) -> list[User]:
    assert posting.display is not None
    if posting.display.posted_by.is_active:
        return [posting.display.posted_by]
    code = posting.region.code
    return appointments.holders(LEVEL_ROLE[posting.level], {code}, on=timezone.localdate(now))[code]


def settle(postings: Iterable[int], *, at: datetime) -> None:
    """These sheets need no photo any more, or have it: what was not yet sent about it is withdrawn."""
    outbox.withdraw([f"{FACT}{key}" for key in postings], at=at)


def refuse_lacking(applications: Iterable[int]) -> None:
    """Refuse to announce while a sheet that these cases ran on lacks its photo and a reason."""
    ran = PostingEntry.objects.filter(application__in=list(applications), outcome__in=list(RAN))
    missing = list(lacking(Posting.objects.filter(pk__in=ran.values("posting"))).order_by("pk"))
    if missing:
        listed = "、".join(str(posting) for posting in missing)
        raise EndPhotoMissing(
            f"{listed}还没有期满照片，请由张贴单位补登记照片，或者在公示页面写明没有照片的原因，再发布公告。"
        )
