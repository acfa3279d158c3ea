"""What an act of putting sheets up must hold to (张贴登记): said in time, in order, watched by somebody else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F, Max, Q

from applications.models import Application, AppraisalItem, HistoryEntry
from registry import appointments
from registry.models import User
from registry.refusal import Refused
from workflow import drafts, permissions
from workflow.calendar import Calendar, Period
from workflow.models import Posting
from workflow.steps import LEVEL_ROLE

EARLIEST_YEAR = 2000
"""A year before this is a slip of the pen, and the first years of all cannot be told in another time zone."""


class WitnessMissing(Refused):
    """Poster and witness must be two people."""


class PosterUnfit(Refused):
    """Whoever is said to have put a sheet up does not belong to the office that answers for it."""


class RegisteredLate(Refused):
    """The sheet is said to have hung for so long that the public board cannot show it for its period."""


@dataclass(frozen=True)
class Display:
    """One act of putting sheets up: where, when, who watched, and the photo of it."""

    place: str
    displayed_at: datetime
    witness: str
    photo: UploadedFile
    witness_post: str = "村务监督委员会"
    posted_by: User | None = None
    """Who really put them up, a colleague of the same office maybe; whoever registers it, where nobody is named."""


def refuse_act(act: Display, by: User, now: datetime) -> None:
    """Refuse an act that is no evidence: without place or witness, at no real time."""
    if not act.place.strip():
        raise drafts.PostingIncomplete("请填写张贴地点。")
    if not act.witness.strip():
        raise WitnessMissing("请填写见证人（村务监督委员会成员）。")
    if act.witness.strip() == (act.posted_by or by).name:
        raise WitnessMissing("张贴人和见证人不能是同一人。")
    if act.witness.strip() == by.name:
        raise WitnessMissing("登记人和见证人不能是同一人。")
    if act.displayed_at.year < EARLIEST_YEAR:
        raise drafts.PostingIncomplete(f"张贴时间写的是公元{act.displayed_at.year}年，请核对年份。")
    if act.displayed_at > now:
        raise drafts.PostingIncomplete("张贴时间不能晚于现在。")


def refuse_stranger(poster: User, posting: Posting, on: date) -> None:
    """Whoever put a sheet up held the office that answers for it, on the day it went up."""
    if not permissions.may_handle_posting(appointments.actor(poster, on=on), posting):
        role = LEVEL_ROLE[posting.level].label
        raise PosterUnfit(
            f"{poster.name}在张贴当天（{on}）不是{posting.region.name}的{role}，不能登记为张贴人。"
        )


def posters(posting: Posting, *, on: date) -> list[User]:
    """Who may have put a sheet up on a day: all who hold the office that answers for it."""
    code = posting.region.code
    return appointments.holders(LEVEL_ROLE[posting.level], {code}, on=on)[code]


def refuse_late(period: Period, calendar: Calendar, today: date) -> None:
    """The public board shows the list from its registration on: days before it were seen by nobody but passers-by.

    One working day is left for the way from the board to the desk; a period that is all but over is refused in any case.
    """
    latest = calendar.add_working_days(period.start, settings.DISPLAY_REGISTERED_WITHIN)
    again = "公开栏上看不到满公示期的名单。请重新张贴，按重新张贴的时间登记。"
    if today > latest:
        raise RegisteredLate(f"张贴时间是{period.start}，最迟应当在{latest}登记。现在登记，{again}")
    if period.start < today and period.last_day <= today:
        raise RegisteredLate(
            f"张贴时间是{period.start}，公示期到{period.last_day}就结束了。现在登记，{again}"
        )


def refuse_before_arrival(cases: Sequence[Application], displayed_at: datetime) -> None:
    """A sheet cannot have hung before its cases came to this posting: a period would be over at once."""
    arrived = (
        HistoryEntry.objects.filter(application__in=[case.pk for case in cases])
        .filter(~Q(source=F("target")), target=cases[0].state)
        .order_by()
        .values("application")
        .annotate(last=Max("at"))
        .values_list("application", "last")
    )
    for key, last in arrived:
        # The form gives the time to the minute.
        if displayed_at < last.replace(second=0, microsecond=0):
            number = next(case.number for case in cases if case.pk == key)
            raise drafts.NotReady(f"申请{number}到本级公示环节的时间晚于张贴时间，请核对张贴时间。")


def refuse_before_meeting(cases: Iterable[Application], displayed_on: date) -> None:
    """A list cannot hang before the meeting that made it: auditors look for just that."""
    items = AppraisalItem.objects.filter(application__in=[case.pk for case in cases]).select_related(
        "meeting", "application"
    )
    for item in items:
        if item.meeting.held_on > displayed_on:
            raise drafts.NotReady(f"申请{item.application.number}的民主评议会在张贴日期之后，日期先后有误。")
