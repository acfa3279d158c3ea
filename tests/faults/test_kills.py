"""R-08 and R-20 with real processes on the embedded default: kill -9 at random under load."""

import random
from pathlib import Path

import pytest

from tests.faults import injector
from tests.faults.system import Template

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("suite_on_sqlite")]

SEED = 20260301
"""Fixed, so that a failure can be looked at again; `make faults` takes one by chance and prints it."""
EACH = 10


def test_ten_kills_of_each_process_lose_nothing_and_double_nothing(
    template: Template, tmp_path: Path
) -> None:
    """Poisoned are one letter and one sheet (R-20)."""
    with template.copy(tmp_path / "system") as running:
        facts = injector.laid_out(running, ready=10, sheets=10, households=30, poison=True)
        report = injector.killed_at_random(
            running, facts, kills={"web": EACH, "worker": EACH, "beat": EACH}, seed=SEED
        )
    assert report.faults == []
    assert report.kills == {"web": EACH, "worker": EACH, "beat": EACH}
    assert report.ledger["done"] > EACH
    assert report.counts["sheets closed"] >= EACH - 2


def test_kills_come_in_rounds_of_different_kinds_in_any_order() -> None:
    made = injector.rounds({"web": 3, "worker": 2, "beat": 0}, random.Random(1))
    assert [sorted(names) for names in made] == [["web", "worker"], ["web", "worker"], ["web"]]
