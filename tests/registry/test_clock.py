"""The clock is the database's; only a demo may shift it, and production never looks at the shift."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from registry import clock
from registry.models import ClockOffset

# Above what a busy machine needs between two readings, far below one hour.
NEAR = timedelta(seconds=30)


@pytest.fixture
def demo(settings: Settings) -> None:
    settings.DEMO = True


@pytest.fixture
def production(settings: Settings) -> None:
    settings.DEMO = False


def shift() -> timedelta:
    return clock.now() - datetime.now(tz=UTC)


@pytest.mark.django_db
@pytest.mark.usefixtures("production")
def test_now_is_the_moment_in_utc() -> None:
    now = clock.now()
    assert now.utcoffset() == timedelta(0)
    assert abs(shift()) < NEAR


@pytest.mark.django_db
@pytest.mark.usefixtures("production")
def test_now_moves_on_inside_a_transaction() -> None:
    before = clock.now()
    time.sleep(0.02)
    assert clock.now() > before


@pytest.mark.django_db
@pytest.mark.usefixtures("production")
def test_production_ignores_an_offset_row(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ClockOffset.objects.create(pk=1, days=100, seconds=50, set_at=timezone.now())
    assert abs(shift()) < NEAR
    with django_assert_num_queries(1) as queries:
        clock.now()
    assert "clockoffset" not in queries.captured_queries[0]["sql"]


@pytest.mark.parametrize(("days", "seconds"), [(0, 0), (1, 0), (400, 3600), (-3, 0), (0, -90), (2, -1)])
@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
def test_a_demo_adds_its_offset(days: int, seconds: int) -> None:
    kept = clock.set_offset(days=days, seconds=seconds)
    assert (kept.days, kept.seconds) == (days, seconds)
    assert abs(kept.set_at - datetime.now(tz=UTC)) < NEAR
    assert abs(shift() - timedelta(days=days, seconds=seconds)) < NEAR
    assert ClockOffset.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
def test_a_demo_reads_the_clock_in_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert abs(shift()) < NEAR
    clock.set_offset(days=3)
    with django_assert_num_queries(1):
        clock.now()
    with django_assert_num_queries(1):
        clock.today()


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
def test_advancing_adds_to_what_was_there() -> None:
    clock.advance(days=2)
    clock.advance(days=1, seconds=30)
    kept = ClockOffset.objects.get()
    assert (kept.days, kept.seconds) == (3, 30)
    for backwards in ({"days": -1}, {"seconds": -1}):
        with pytest.raises(clock.ClockNotAdjustable, match="往后"):
            clock.advance(**backwards)
    kept.refresh_from_db()
    assert (kept.days, kept.seconds) == (3, 30)


@pytest.mark.parametrize("adjust", [lambda: clock.advance(days=1), lambda: clock.set_offset(days=1)])
@pytest.mark.django_db
@pytest.mark.usefixtures("production")
def test_the_clock_is_not_adjusted_outside_a_demo(adjust: Callable[[], object]) -> None:
    with pytest.raises(clock.ClockNotAdjustable) as refused:
        adjust()
    assert refused.value.sentence == "只有演示系统可以调整时钟。"
    assert not ClockOffset.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
def test_today_is_the_day_in_shanghai_whatever_zone_is_active() -> None:
    midnight_utc = datetime.now(tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    # 17:00 UTC is one o'clock the next morning in Shanghai.
    target = midnight_utc + timedelta(days=1, hours=17)
    clock.set_offset(seconds=int((target - clock.now()).total_seconds()) + 60)
    expected = (midnight_utc + timedelta(days=2)).date()
    assert clock.today() == expected
    with timezone.override("America/New_York"):
        assert clock.today() == expected
