"""Find and end what an earlier start left behind: its processes carry a mark in their environment.

A launcher or honcho that is killed outright cannot stop its children: they would keep port and broker.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

MARK = "LAUNCHED_FOR"
PATIENCE_SECONDS = 5


def marked(var_dir: Path, *, processes: Path = Path("/proc")) -> list[int]:
    """The processes started for this data folder, ourselves left out. Empty where there is no /proc."""
    wanted = os.fsencode(f"{MARK}={var_dir}")
    found = []
    for entry in processes.glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in variables and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return sorted(found)


def end(var_dir: Path) -> list[int]:
    """Ask them to stop, kill those that do not within a few seconds, and answer with the ones there were."""
    found = marked(var_dir)
    _signal(found, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while marked(var_dir) and time.monotonic() < deadline:
        time.sleep(0.1)
    # honcho's wrappers disregard SIGTERM.
    _signal(marked(var_dir), signal.SIGKILL)
    return found


def _signal(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue
