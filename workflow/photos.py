"""The photo of a sheet at the end of its period (期满照片): asked for, waited for by no clock, missed before the announcement."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from registry.refusal import Refused
from workflow.models import DisplayPhoto, Posting, PostingEntry, PostingState
from workflow.standings import RAN


class EndPhotoMissing(Refused):
    """A sheet whose period has run has neither a photo of its end nor a reason why there is none."""


def lacking(postings: QuerySet[Posting]) -> QuerySet[Posting]:
    """Of these sheets those that have closed and have neither; an earlier photo of the same board is none of the end."""
    taken = DisplayPhoto.objects.filter(
        display=OuterRef("display"),
        moment=DisplayPhoto.Moment.END,
        attachment__uploaded_at__date__gte=OuterRef("closes_on"),
    )
    return postings.filter(~Exists(taken), state=PostingState.CLOSED, photo_excuse="")


def refuse_lacking(applications: Iterable[int]) -> None:
    """Refuse to announce while a sheet that these cases ran on lacks its photo and a reason."""
    ran = PostingEntry.objects.filter(application__in=list(applications), outcome__in=list(RAN))
    missing = list(lacking(Posting.objects.filter(pk__in=ran.values("posting"))).order_by("pk"))
    if missing:
        listed = "、".join(str(posting) for posting in missing)
        raise EndPhotoMissing(
            f"{listed}还没有期满照片，请由张贴单位补登记照片，或者在公示页面写明没有照片的原因，再发布公告。"
        )
