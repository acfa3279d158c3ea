"""Where the demonstration must not be loaded, and what is said there."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from notifications import outbox
from registry import demo
from registry.models import Region, RegionLevel, User
from tests.workflow.rows import counts
from workflow.demo.agenda import Agenda
from workflow.models import HolidayNotice

REAL = {
    "people": lambda: User.objects.create(username="somebody", name="某人"),
    "places": lambda: Region.objects.create(code="990000000000", name="某省", level=RegionLevel.PROVINCE),
}


@pytest.mark.django_db
@pytest.mark.parametrize("what", REAL)
def test_a_database_with_other_data_is_refused_and_not_marked(what: str) -> None:
    REAL[what]()
    before = counts()
    with override_settings(DEMO=True), pytest.raises(CommandError, match=r"^数据库里已有其他数据"):
        call_command("load_demo", verbosity=0)
    assert counts() == before
    assert not demo.is_demo_database()


@pytest.mark.django_db
def test_an_empty_database_outside_demo_mode_stays_empty() -> None:
    assert not django_settings.DEMO
    before = counts()
    with pytest.raises(CommandError, match=r"^系统不在演示模式下"):
        call_command("load_demo", verbosity=0)
    assert counts() == before
    assert not HolidayNotice.objects.exists()


@pytest.mark.django_db
def test_logins_that_are_not_there_are_not_printed() -> None:
    with override_settings(DEMO=True):
        demo.mark(now=timezone.now())
        with pytest.raises(CommandError, match=r"^演示账号还没有载入"):
            call_command("demo_logins", stdout=StringIO())


def test_a_story_that_nobody_listens_to_any_more_keeps_nobody_from_being_woken(db: None) -> None:
    begins = datetime(2021, 3, 1, 1, 0, tzinfo=UTC)
    seen: list[bool] = []
    plan = Agenda()
    for hour in (0, 1):
        plan.plan_at(begins + timedelta(hours=hour), lambda at: seen.append(outbox._held.get()))
    telling = plan.tell()
    assert next(telling) == begins
    assert seen == [True]
    assert not outbox._held.get()
