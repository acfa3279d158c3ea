"""R-11 with real processes: a broker that is wiped under a live worker with thousands of open intents."""

from pathlib import Path

import pytest

from tests.conftest import answers, need
from tests.faults import injector, queues
from tests.faults.loader import Ledger
from tests.faults.system import RABBITMQ, Template

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("suite_on_sqlite")]

OPEN, LETTERS = 5_000, 5_600
"""Open when the broker is wiped, and laid out: each beside a message in the application, which the first round shows."""


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> str:
    if request.param == "redis":
        return str(request.getfixturevalue("redis"))
    need(answers(5672), "RabbitMQ")
    return RABBITMQ


def test_five_thousand_intents_are_sent_though_the_broker_is_wiped_under_the_worker(
    template: Template, broker: str, tmp_path: Path
) -> None:
    """With RabbitMQ a worker that is busy misses what it is told of its queue, and has to ask again by itself."""
    # As many letters a round as usual, and a round each second: what is not sent yet is still most of it.
    with template.copy(tmp_path / "system", broker=broker, DELIVER_SECONDS="1") as running:
        facts = injector.laid_out(running, intents=2 * LETTERS, letters=LETTERS)
        assert running.sql(queues.OPEN) == [(2 * LETTERS,)]
        wiped = queues.wiped_under_a_live_worker(running, times=3)
        found = injector.judge(running, facts, Ledger(), injector.Report())
    assert found == []
    assert wiped.times == 3
    assert wiped.most >= OPEN
    assert wiped.seconds <= 120
