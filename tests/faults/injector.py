"""Killing processes at random under load, starting them again, and looking that the work goes on."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.loader import Ledger, Load
from tests.faults.system import STARTING, System, until

RESUMED = 30
"""Seconds within which work goes on after a killed process was started again, where the machine is not overbooked."""


def allowed(seconds: float) -> float:
    """So many seconds, stretched by how many times over the machine's cores are asked for just now."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass
class Report:
    """What was done to a system and what came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    resumed: list[float] = field(default_factory=list)
    ledger: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def longest(self) -> float:
        return max(self.resumed, default=0.0)


def killed_at_random(
    system: System,
    facts: dict[str, Any],
    *,
    kills: dict[str, int],
    seed: int,
    officers: int = 3,
    seconds: float = 3600,
) -> Report:
    """Kill each kind as often as asked, in random order at random moments; then hold the ledger against the rows.

    Each round kills up to three processes of different kinds, starts them again, waits until the web answers and a
    sweep has run, and lets a day pass. `seconds` bounds the whole: rounds that do not fit are left out, and counted so.
    """
    chance = random.Random(seed)
    report, load = Report(), Load(system, facts, seed=seed, officers=officers)
    end = time.monotonic() + seconds
    system.start_all()
    load.begin()
    for victims in rounds(kills, chance):
        # One round in any case: without one no day has passed, and there is nothing to judge.
        if report.resumed and time.monotonic() > end:
            break
        for name in victims:
            time.sleep(chance.uniform(0.05, 0.6))
            if system.running[name].poll() is not None:
                report.faults.append(f"{name} had ended by itself\n{system.logs()}")
                continue
            strike(system, name, chance)
            report.kills[name] += 1
        time.sleep(chance.uniform(0, 0.5))
        report.resumed.append(took := resume(system))
        if took > allowed(RESUMED):
            report.faults.append(f"work went on only after {took:.0f} s")
        system.let_pass(days=1)
    ledger = load.end()
    settle(system)
    report.ledger = ledger.summary()
    report.faults += ledger.faults + judge(system, facts, ledger, report)
    return report


def rounds(kills: dict[str, int], chance: random.Random) -> list[list[str]]:
    """The kills in rounds, no kind twice in one."""
    left, found = Counter(kills), []
    while left.total():
        victims = [name for name, count in left.items() if count]
        chance.shuffle(victims)
        left.subtract(victims)
        found.append(victims)
    return found


def strike(system: System, name: str, chance: random.Random) -> None:
    """SIGKILL: to the process, or, of the web, as often to one of its workers, which gunicorn replaces itself."""
    workers = system.children(name)
    if name == "web" and workers and chance.random() < 0.5:
        system.kill(name, pid=chance.choice(workers))
    else:
        system.kill(name)


def resume(system: System) -> float:
    """Start what is dead again; the seconds until pages are answered and a sweep has run to its end."""
    began = time.monotonic()
    until(lambda: restarted(system), seconds=STARTING, what=f"the web answers again\n{system.logs()}")
    system.wait_for_a_round()
    return time.monotonic() - began


def restarted(system: System) -> bool:
    """As a supervisor would: whatever has ended is started again. True when all live and the new web answers."""
    for name, child in list(system.running.items()):
        if child.poll() is not None:
            # After the arbiter's death gunicorn's workers hold the port for a moment: the start is tried again.
            system.start(name)
    return system.whole() and system.answers()


ROUNDS_OF_A_RETRY = 9


def settle(system: System) -> None:
    """Let the days pass that bring every retry and every claim to its end, with a round in each.

    As long as fewer and fewer messages wait the pile is being worked off, however high it is; nine rounds in which
    none goes are enough for the longest wait between two tries.
    """
    waiting = "SELECT count(*) FROM notifications_message WHERE state IN ('pending', 'sending') AND channel <> 'slip'"
    fewest, idle = system.sql(waiting)[0][0], 0
    while fewest and idle < ROUNDS_OF_A_RETRY:
        system.let_pass(seconds=4 * 3600)
        system.wait_for_a_round()
        time.sleep(float(system.environment["DELIVER_SECONDS"]) + 0.5)
        left = system.sql(waiting)[0][0]
        idle = 0 if left < fewest else idle + 1
        fewest = min(left, fewest)
    system.wait_for_a_round()
    system.wait_for_a_round()


def judge(system: System, facts: dict[str, Any], ledger: Ledger, report: Report) -> list[str]:
    """What the rows say, read by a process of the system's own while nothing else writes."""
    system.end()
    told = system.run(
        "-m", "tests.faults.truth", given=json.dumps({"facts": facts, "ledger": ledger.as_json()})
    )
    found = json.loads(told)
    report.counts = found["counts"]
    faults: Sequence[str] = found["faults"]
    return list(faults)


def laid_out(system: System, **wanted: Any) -> dict[str, Any]:
    """The town of a system: its cases, people and sheets."""
    facts: dict[str, Any] = json.loads(system.run("-m", "tests.faults.town", json.dumps(wanted)))
    return facts
