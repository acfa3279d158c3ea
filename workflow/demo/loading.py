"""Loading the demonstration (载入演示数据): once, into an empty database, in demo mode only."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from applications.models import Programme
from registry import demo
from registry.models import Household, Region, User
from workflow import calendar, numbers
from workflow.demo import story, township
from workflow.demo.teller import Teller
from workflow.models import Counter

PROGRESS = "load_demo"
BEGUN, FINISHED = 1, 2

SINCE = timedelta(days=240)
"""The officers were appointed, and the programmes opened, before the first page of the story."""

Told = Callable[[int, int], None]


def load(*, now: datetime, told: Told = lambda done, of: None) -> bool:
    """Load the township and tell its story up to now; false, and nothing done, where it has been told before.

    A load that was cut short is begun again from an emptied database: verbs commit one by one, and nobody
    has worked in a demo that never came up. Raises Refused outside a demo and where other data stand.
    """
    progress = Counter.objects.filter(name=PROGRESS).values_list("value", flat=True).first()
    if settings.DEMO and progress is None and _holds_data():
        raise demo.NotADemoDatabase("数据库里已有其他数据，没有载入演示镇；请换一个空的数据库。")
    demo.mark(now=now)
    if progress == FINISHED:
        return False
    if progress == BEGUN:
        call_command("flush", interactive=False, verbosity=0)
        demo.mark(now=now)
    _note_progress()
    call_command("load_holidays", verbosity=0)
    today = timezone.localdate(now)
    with transaction.atomic():
        built = township.build(today=today, since=today - SINCE)
    agenda = story.plan(Teller(built, now=now, calendar=calendar.load()))
    for done, _ in enumerate(agenda.tell(), 1):
        told(done, len(agenda.planned))
    _note_progress()
    return True


def _holds_data() -> bool:
    return any(model._default_manager.exists() for model in (User, Household, Region, Programme))


def _note_progress() -> None:
    with transaction.atomic():
        numbers.following(PROGRESS)
