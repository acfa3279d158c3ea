"""A limit counts tries, forgets them after its span, and keeps nobody's address."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from registry import throttle
from registry.throttle import Limit

LIMIT = Limit("test", most=3, seconds=60)


@pytest.fixture(autouse=True)
def counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def test_a_limit_lets_its_number_pass_and_no_more() -> None:
    assert [LIMIT.spend("a") for _ in range(5)] == [True, True, True, False, False]
    assert LIMIT.spend("b")
    assert Limit("other", most=1, seconds=60).spend("a")


def test_a_span_is_not_drawn_out_by_more_tries() -> None:
    with time_machine.travel("2021-03-01T01:00:00Z", tick=False) as traveller:
        assert [LIMIT.spend("a") for _ in range(4)][-1] is False
        traveller.shift(timedelta(seconds=59))
        assert not LIMIT.spend("a")
        traveller.shift(timedelta(seconds=2))
        assert LIMIT.spend("a")


def test_a_counter_that_ran_out_between_two_calls_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out(key: str) -> int:
        raise ValueError(key)

    monkeypatch.setattr(cache, "incr", run_out)
    assert LIMIT.spend("a")


def test_the_cache_holds_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []
    monkeypatch.setattr(cache, "add", lambda key, *rest: keys.append(key))
    LIMIT.spend("192.0.2.7")
    assert len(keys) == 1
    assert "192.0.2.7" not in keys[0]


@pytest.mark.parametrize(
    ("hops", "forwarded", "found"),
    [
        (0, "203.0.113.9", "10.0.0.0/24"),
        (1, "203.0.113.9", "203.0.113.0/24"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.0/24"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.0/24"),
        (2, "203.0.113.9", "10.0.0.0/24"),
        (1, "2001:db8::1", "2001:db8::/56"),
        (1, "no address", "unknown"),
    ],
)
def test_only_as_many_proxies_are_believed_as_there_are(
    settings: Any, hops: int, forwarded: str, found: str
) -> None:
    settings.PROXY_HOPS = hops
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}
    assert throttle.client(meta) == found


def test_a_cache_of_files_counts_the_same(settings: Any, tmp_path: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(tmp_path),
            "TIMEOUT": 1,
        }
    }
    with time_machine.travel("2021-03-01T01:00:00Z", tick=False) as traveller:
        assert [LIMIT.spend("a") for _ in range(4)] == [True, True, True, False]
        traveller.shift(timedelta(seconds=59))
        assert not LIMIT.spend("a")
        traveller.shift(timedelta(seconds=2))
        assert LIMIT.spend("a")
