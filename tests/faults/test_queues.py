"""R-11 with real processes: a broker that is wiped under a live worker with five thousand open intents."""

from pathlib import Path

import pytest

from tests.faults import injector, queues
from tests.faults.loader import Ledger
from tests.faults.system import Template

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("suite_on_sqlite")]

LETTERS = 5_000
"""Each beside a message in the application, which the first round shows: so many are open when the broker is wiped."""


def test_five_thousand_intents_are_sent_though_the_broker_is_wiped_under_the_worker(
    template: Template, redis: str, tmp_path: Path
) -> None:
    # As many letters a round as usual, and a round each second: what is not sent yet is still most of it.
    with template.copy(tmp_path / "system", broker=redis, DELIVER_SECONDS="1") as running:
        facts = injector.laid_out(running, intents=2 * LETTERS, letters=LETTERS)
        assert running.sql(queues.OPEN) == [(2 * LETTERS,)]
        wiped = queues.wiped_under_a_live_worker(running, times=3)
        found = injector.judge(running, facts, Ledger(), injector.Report())
    assert found == []
    assert wiped.times == 3
    assert wiped.most > LETTERS // 2
    assert wiped.seconds <= 120
