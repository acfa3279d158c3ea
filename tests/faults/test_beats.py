"""R-12 with real processes: none, two and five beats."""

from pathlib import Path

import pytest

from tests.faults import injector, queues
from tests.faults.loader import Ledger
from tests.faults.system import Template

pytestmark = pytest.mark.broker

DUE = 300
"""Cases whose due dates pass at once; `make faults` takes ten thousand."""


@pytest.mark.usefixtures("suite_on_sqlite")
@pytest.mark.parametrize("beats", [0, 2])
def test_without_a_beat_health_is_red_and_with_two_each_due_date_fires_once(
    template: Template, tmp_path: Path, beats: int
) -> None:
    """The first beat that comes makes good what was left."""
    with template.copy(tmp_path / "system") as running:
        facts = injector.laid_out(running, due=50)
        queues.fired_once(running, beats=beats, workers=1)
        found = injector.judge(running, facts, Ledger(), injector.Report())
    assert found == []


@pytest.mark.usefixtures("suite_on_postgresql")
def test_five_beats_and_three_workers_fire_each_due_date_once(
    template: Template, redis: str, tmp_path: Path
) -> None:
    with template.copy(tmp_path / "system", broker=redis) as running:
        facts = injector.laid_out(running, due=DUE)
        queues.fired_once(running, beats=5, workers=3)
        found = injector.judge(running, facts, Ledger(), injector.Report())
    assert found == []
