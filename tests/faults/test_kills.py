"""R-08 and R-20 with real processes: kill -9 at random under load; and what must hold is seen to be broken where it is."""

import random
from pathlib import Path

import pytest

from tests.conftest import answers, need
from tests.faults import injector, system
from tests.faults.loader import Asked, Ledger
from tests.faults.system import Template

pytestmark = pytest.mark.broker

SEED = 20260301
"""Fixed, so that a failure can be looked at again; `make faults` takes one by chance and prints it."""


def test_ten_kills_of_each_process_lose_nothing_and_double_nothing(
    template: Template, broker: str, tmp_path: Path
) -> None:
    """Ten on the embedded default, four on PostgreSQL with Redis; poisoned are one letter and one sheet (R-20)."""
    each = 4 if template.admin else 10
    with template.copy(tmp_path / "system", broker=broker) as running:
        facts = injector.laid_out(running, ready=10, sheets=10, households=30, poison=True)
        report = injector.killed_at_random(
            running, facts, kills={"web": each, "worker": each, "beat": each}, seed=SEED
        )
    assert report.faults == []
    assert report.kills == {"web": each, "worker": each, "beat": each}
    assert report.ledger["done"] > each
    assert report.counts["sheets closed"] >= each - 2
    assert report.longest <= injector.RESUMED


def test_a_kill_of_each_process_with_rabbitmq(template: Template, tmp_path: Path) -> None:
    need(answers(5672), "RabbitMQ")
    with template.copy(tmp_path / "system", broker=system.RABBITMQ) as running:
        facts = injector.laid_out(running, ready=4, sheets=2, households=5)
        report = injector.killed_at_random(
            running, facts, kills={"web": 1, "worker": 1, "beat": 1}, seed=SEED
        )
    assert report.faults == []
    assert report.kills.total() == 3


def test_what_is_lost_or_done_twice_is_seen(template: Template, tmp_path: Path) -> None:
    """The check itself: rows taken away, added and turned back behind the system's back."""
    with template.copy(tmp_path / "system") as running:
        facts = injector.laid_out(running, ready=2, sheets=2)
        first, second = facts["ready"]
        ledger = Ledger(asked=[Asked("a-key-nobody-kept", "pass", first, done=True)])
        running.sql("UPDATE notifications_message SET state = 'pending' WHERE id = 1")
        running.sql(f"UPDATE applications_application SET state = 'township_review' WHERE id = {second}")
        running.sql(
            "UPDATE workflow_posting SET closed_at = displayed_on || ' 01:00:00' WHERE id = 1"
            if not template.admin
            else "UPDATE workflow_posting SET closed_at = displayed_on WHERE id = 1"
        )
        running.sql("UPDATE workflow_deadline SET reminded_at = set_at WHERE id = 1")
        found = injector.judge(running, facts, ledger, injector.Report())
    told = "\n".join(found)
    for words in (
        f"I1 case {first}: pass was answered 1 times as done, written 0 times",
        "I1 1 keys that were answered as done have no receipt",
        "I2 ",
        "I3 sheet 1 closed on",
        "I5 due date 1: reminder",
        "I6 message 1 is pending",
    ):
        assert words in told


def test_kills_come_in_rounds_of_different_kinds_in_any_order() -> None:
    made = injector.rounds({"web": 3, "worker": 2, "beat": 0}, random.Random(1))
    assert [sorted(names) for names in made] == [["web", "worker"], ["web", "worker"], ["web"]]
