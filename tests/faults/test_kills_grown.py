"""R-08 where the system has grown: PostgreSQL with Redis, and a smoke run with RabbitMQ."""

from pathlib import Path

import pytest

from tests.conftest import answers, need
from tests.faults import injector, system
from tests.faults.system import Template

pytestmark = pytest.mark.broker

SEED = 20260302
EACH = 4


@pytest.mark.usefixtures("suite_on_postgresql")
def test_four_kills_of_each_process_on_postgresql_with_redis_lose_and_double_nothing(
    template: Template, redis: str, tmp_path: Path
) -> None:
    """Poisoned are one letter and one sheet (R-20)."""
    with template.copy(tmp_path / "system", broker=redis) as running:
        facts = injector.laid_out(running, ready=10, sheets=10, households=30, poison=True)
        report = injector.killed_at_random(
            running, facts, kills={"web": EACH, "worker": EACH, "beat": EACH}, seed=SEED
        )
    assert report.faults == []
    assert report.kills == {"web": EACH, "worker": EACH, "beat": EACH}
    assert report.ledger["done"] > EACH
    assert report.counts["sheets closed"] >= EACH - 2


@pytest.mark.usefixtures("suite_on_sqlite")
def test_a_kill_of_each_process_with_rabbitmq(template: Template, tmp_path: Path) -> None:
    need(answers(5672), "RabbitMQ")
    with template.copy(tmp_path / "system", broker=system.RABBITMQ) as running:
        facts = injector.laid_out(running, ready=4, sheets=2, households=5)
        report = injector.killed_at_random(
            running, facts, kills={"web": 1, "worker": 1, "beat": 1}, seed=SEED
        )
    assert report.faults == []
    assert report.kills.total() == 3
