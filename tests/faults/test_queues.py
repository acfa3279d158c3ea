"""R-11 with real processes: a broker that is wiped under a live worker with five thousand open intents."""

from pathlib import Path

import pytest

from tests.faults import injector, queues
from tests.faults.loader import Ledger
from tests.faults.system import Template

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("suite_on_sqlite")]

INTENTS, LETTERS = 5_000, 500


def test_five_thousand_intents_are_sent_though_the_broker_is_wiped_under_the_worker(
    template: Template, redis: str, tmp_path: Path
) -> None:
    # Few letters a round, so that there is something left each time the broker is wiped.
    with template.copy(
        tmp_path / "system", broker=redis, EMAIL_PER_ROUND="10", DELIVER_SECONDS="1"
    ) as running:
        facts = injector.laid_out(running, intents=INTENTS, letters=LETTERS)
        assert running.sql(queues.OPEN) == [(INTENTS,)]
        wiped = queues.wiped_under_a_live_worker(running, times=3)
        found = injector.judge(running, facts, Ledger(), injector.Report())
    assert found == []
    assert wiped.times == 3
    assert wiped.seconds <= 120
