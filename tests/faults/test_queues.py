"""R-11 with real processes: a broker that is wiped under a live worker with thousands of open intents."""

from pathlib import Path

import pytest

from tests.conftest import answers, need
from tests.faults import injector, queues
from tests.faults.loader import Ledger
from tests.faults.system import RABBITMQ, Template

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("suite_on_sqlite")]

OPEN, SENT_MEANWHILE = 1_500, 600
"""Letters that are open when the broker is wiped, and what a worker may send before; each stands beside a message in the
application, which the first round shows. `make faults` does it with the 5,000 of R-11."""

RESUMED = 90
"""Seconds after which a worker must send again: half a minute by the clock of its asking, the rest for a machine that
runs three such tests at once. How soon all is sent is measured by `make faults`, with nothing beside it."""


def wiped(template: Template, broker: str, folder: Path, *, still_open: int) -> None:
    letters = still_open + SENT_MEANWHILE
    # As many letters a round as usual, and a round each second: what is not sent yet is still most of it.
    with template.copy(folder, broker=broker, DELIVER_SECONDS="1") as running:
        facts = injector.laid_out(running, intents=2 * letters, letters=letters)
        assert running.sql(queues.OPEN) == [(2 * letters,)]
        done = queues.wiped_under_a_live_worker(running, times=3)
        found = injector.judge(running, facts, Ledger(), injector.Report())
    assert found == []
    assert done.times == 3
    assert done.most >= still_open
    assert done.pause <= RESUMED


def test_thousands_of_intents_are_sent_though_redis_is_flushed_under_the_worker(
    template: Template, redis: str, tmp_path: Path
) -> None:
    wiped(template, redis, tmp_path / "system", still_open=OPEN)


def test_a_worker_whose_queue_rabbitmq_deleted_while_it_was_busy_asks_for_it_again(
    template: Template, tmp_path: Path
) -> None:
    """Celery hears of a deletion once and misses it then."""
    need(answers(5672), "RabbitMQ")
    wiped(template, RABBITMQ, tmp_path / "system", still_open=OPEN)
