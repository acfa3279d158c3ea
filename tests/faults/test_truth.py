"""The judge of all these tests: what must hold is seen to be broken where it is broken."""

from pathlib import Path

import pytest

from tests.faults import injector
from tests.faults.loader import Asked, Ledger
from tests.faults.system import Template


@pytest.mark.usefixtures("suite_on_sqlite")
def test_what_is_lost_or_done_twice_is_seen(template: Template, tmp_path: Path) -> None:
    """Rows taken away, added and turned back behind the system's back."""
    with template.copy(tmp_path / "system") as running:
        facts = injector.laid_out(running, ready=2, sheets=2)
        first, second = facts["ready"]
        ledger = Ledger(asked=[Asked("a-key-nobody-kept", "pass", first, done=True)])
        running.sql("UPDATE notifications_message SET state = 'pending' WHERE id = 1")
        running.sql(f"UPDATE applications_application SET state = 'township_review' WHERE id = {second}")
        running.sql("UPDATE workflow_posting SET closed_at = displayed_on || ' 01:00:00' WHERE id = 1")
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
