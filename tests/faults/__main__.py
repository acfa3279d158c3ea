"""`make faults`: every scenario once with the full numbers, its table written to docs/faults.md.

    make faults ARGS='--kills 60 --minutes 10 --seed 7'
    .venv/bin/python -m tests.faults --only embedded disk

In parts, where there are only some minutes at a time; each adds its rows, with its own seed, to those that are there:

    .venv/bin/python -m tests.faults --keep --minutes 10 --only embedded

A scenario that goes on ten minutes longer than its share is broken off, and its row says so. Ends with 1
where anything that must hold did not.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.faults import scenarios
from tests.faults.scenarios import SCENARIOS, LeftOut, Outcome, Wanted
from tests.faults.system import ROOT

Rows = list[tuple[str, str, Outcome | None, str]]
"""A scenario's name, what it does, what came of it, or why it was not run."""
LOGS = ROOT / "var" / "faults"
GRACE = 600
"""Seconds that a scenario may take longer than its share, for starting, settling and judging."""
HEAD = """# Faults (故障试验)

Written by `make faults`, which breaks systems of its own, each in one way, under officers at work over HTTP, and then
holds every invariant against the rows: what was answered as done stands in the history once (I1); FSM, tasks and
history agree (I2); no sheet closed early, twice or never (I3); each due date told of once and not early (I5); every
message in one final state, no letter twice in the sink (I6); the chain verifies (I7); sheets are what was sealed (I8).
CI runs smaller numbers of the same (`tests/faults/test_*.py`).

"""


def table(rows: Rows) -> str:
    """The scenarios as rows of a Markdown table."""
    lines = ["| scenario | what was done | longest recovery | verdict |", "|---|---|---|---|"]
    for name, what, outcome, reason in rows:
        if outcome is None:
            lines.append(f"| {name}: {what} | – | – | not run: {reason} |")
        else:
            verdict = "holds" if not outcome.faults else f"**{len(outcome.faults)} faults**"
            lines.append(f"| {name}: {what} | {outcome.done} | {outcome.recovered} | {verdict} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    asked = argparse.ArgumentParser(prog="make faults", description=__doc__)
    asked.add_argument(
        "--kills",
        type=int,
        default=67,
        help="of web, worker and beat, each, in each of three kinds of system: together the 200 that R-08 asks",
    )
    asked.add_argument("--due", type=int, default=10_000, help="cases whose due dates pass before five beats")
    asked.add_argument("--rounds", type=int, default=100, help="contests of fifty browsers")
    asked.add_argument(
        "--minutes", type=float, default=240, help="for all of it; what does not fit is counted so"
    )
    asked.add_argument("--seed", type=int, default=None)
    asked.add_argument("--only", nargs="*", choices=list(SCENARIOS), default=list(SCENARIOS))
    asked.add_argument("--keep", action="store_true", help="add to the table that is there")
    asked.add_argument("--write", type=Path, default=ROOT / "docs" / "faults.md")
    given = asked.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}", flush=True)
    kept = given.write.read_text(encoding="utf-8") if given.keep and given.write.exists() else ""
    began, end = datetime.now(UTC), time.monotonic() + given.minutes * 60
    rows: Rows = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        wanted = Wanted(Path(folder), seed, given.kills, given.due, given.rounds, seconds=0)
        for number, name in enumerate(given.only):
            left = end - time.monotonic()
            if left <= 0:
                rows.append((name, _what(name), None, "the time was over"))
            else:
                rows.append(_run(name, replace(wanted, seconds=max(20.0, left / (len(given.only) - number)))))
            # After each one, so that a run which is broken off leaves what it has seen.
            _write(given.write, rows, seed, began, kept)
    print(table(rows))
    return any(outcome is not None and outcome.faults for _, _, outcome, _ in rows)


def _write(place: Path, rows: Rows, seed: int, began: datetime, kept: str) -> None:
    command = " ".join(["make faults", *([f"ARGS='{' '.join(sys.argv[1:])}'"] if sys.argv[1:] else [])])
    about = (
        f"`{command}` of {began:%Y-%m-%d %H:%M} UTC, seed {seed}, {(datetime.now(UTC) - began).seconds // 60} min, "
        f"{scenarios.machine()}."
    )
    before = kept.rstrip() + "\n\n" if kept else HEAD
    place.write_text(f"{before}{about}\n\n{table(rows)}{_faults(rows)}", encoding="utf-8")


def _what(name: str) -> str:
    return (SCENARIOS[name].__doc__ or "").strip()


def _run(name: str, wanted: Wanted) -> tuple[str, str, Outcome | None, str]:
    what = _what(name)
    print(f"{name}: {what}", flush=True)
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(int(wanted.seconds) + GRACE)
    try:
        outcome = SCENARIOS[name](wanted)
    except LeftOut as reason:
        print(f"  not run: {reason}", flush=True)
        return name, what, None, str(reason)
    except Exception as failure:
        # A scenario that breaks off is a fault of its row; the others are still worth knowing.
        traceback.print_exc()
        outcome = Outcome("broke off", 0.0, [f"{type(failure).__name__}: {failure}"])
    finally:
        signal.alarm(0)
    print(
        f"  {outcome.done}; longest recovery {outcome.recovered}; {len(outcome.faults)} faults",
        flush=True,
    )
    for fault in outcome.faults[:20]:
        print(f"    {fault}", flush=True)
    if outcome.faults:
        print(f"    the processes' logs are kept in {_keep_logs(name, wanted)}", flush=True)
    return name, what, outcome, ""


def _keep_logs(name: str, wanted: Wanted) -> Path:
    """Copy what the processes of a scenario wrote: its folder goes, and with it why something was answered 500."""
    place = LOGS / f"{name}-{wanted.seed}"
    place.mkdir(parents=True, exist_ok=True)
    for log in wanted.folder.glob(f"{name}-system/*.log"):
        shutil.copy(log, place)
    return place.relative_to(ROOT)


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError("the scenario went on ten minutes longer than its share")


def _faults(rows: Rows) -> str:
    found = [
        f"- {name}: {' '.join(fault.split())[:400]}"
        for name, _, outcome, _ in rows
        for fault in (outcome.faults[:10] if outcome else [])
    ]
    return "\n## Faults found\n\n" + "\n".join(found) + "\n" if found else ""


if __name__ == "__main__":
    sys.exit(main())
