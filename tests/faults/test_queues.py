"""R-11 and R-12 with real processes: a broker wiped with open intents, and any number of beats."""

import time
from pathlib import Path

import pytest

from tests.faults import injector, system
from tests.faults.loader import Ledger
from tests.faults.system import Template

pytestmark = pytest.mark.broker

INTENTS, LETTERS = 5_000, 500
DUE = 1_000
"""Cases whose due dates pass at once; `make faults` takes ten thousand."""


def test_five_thousand_intents_are_sent_after_the_broker_was_wiped(
    template: Template, broker: str, tmp_path: Path
) -> None:
    with template.copy(tmp_path / "system", broker=broker, EMAIL_PER_ROUND=str(LETTERS)) as running:
        facts = injector.laid_out(running, intents=INTENTS, letters=LETTERS)
        for _ in range(5):
            running.run("-c", WAKE)
        running.empty_broker()
        # With the wake-ups gone nothing but the rows tells the worker what to do.
        running.start_all()
        took = wait_until_sent(running)
        found = injector.judge(running, facts, Ledger(), injector.Report())
    assert found == []
    assert took <= 120


def wait_until_sent(running: system.System) -> float:
    open_ones = "SELECT count(*) FROM notifications_message WHERE state <> 'sent' AND channel <> 'slip'"
    return system.until(lambda: running.sql(open_ones) == [(0,)], seconds=180, what="everything is sent")


WAKE = "import django; django.setup(); from notifications.tasks import deliver; deliver.apply_async()"


@pytest.mark.parametrize("beats", [0, 2, 5])
def test_any_number_of_beats_fires_each_due_date_once(
    template: Template, broker: str, tmp_path: Path, beats: int
) -> None:
    """Without one the health page turns red, and the first that comes makes good what was left."""
    workers = 3 if broker else 1
    with template.copy(tmp_path / "system", broker=broker) as running:
        facts = injector.laid_out(running, due=DUE if beats == 5 else 50)
        running.start("web")
        for number in range(workers):
            running.start(f"worker{number}", kind="worker")
        running.start("beat")
        system.until(running.answers, seconds=system.STARTING, what="the web answers")
        running.wait_for_a_round()
        for number in range(1, beats):
            running.start(f"beat{number}", kind="beat")
        if beats == 0:
            running.kill("beat")
            time.sleep(2)
            running.let_pass(seconds=170)
            assert running.ready()["sweep"]
            running.let_pass(seconds=30)
            assert not running.ready()["sweep"]
            running.start("beat")
        running.let_pass(days=12)
        late = (
            "SELECT count(*) FROM workflow_deadline WHERE settled_at IS NULL "
            "AND (reminded_at IS NULL OR escalated_at IS NULL)"
        )
        system.until(lambda: running.sql(late) == [(0,)], seconds=120, what="all due dates are told of")
        injector.settle(running)
        assert running.ready()["sweep"]
        found = injector.judge(running, facts, Ledger(), injector.Report())
    assert found == []
