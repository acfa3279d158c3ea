"""What `make faults` does: each scenario breaks a system of its own in one way and holds it against what must hold.

A scenario gives what was done, how long recovery took at most, and every fault; or it is left out with its reason.
"""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.faults import contention, injector, postgresql, queues, system
from tests.faults.loader import Ledger, Load
from tests.faults.system import System, Template, until

CLOCK = Path(__file__).with_name("moved_clock.c")
DAY = 24 * 3600
BACK = 10
"""Seconds within which pages are answered after the database came back (R-09)."""


class LeftOut(Exception):
    """This machine has not what the scenario needs; the sentence says what."""


@dataclass
class Wanted:
    """How much of everything; `kills` of each kind of process."""

    folder: Path
    seed: int
    kills: int
    due: int
    rounds: int
    seconds: float


@dataclass
class Outcome:
    """One row of the table."""

    done: str
    recovery: float | None = None
    """Seconds; None where nothing had to recover."""
    faults: list[str] = field(default_factory=list)

    @property
    def recovered(self) -> str:
        return "–" if self.recovery is None else f"{self.recovery:.1f} s"


def killed_embedded(wanted: Wanted) -> Outcome:
    """kill -9 of web, worker and beat on SQLite with the broker of files"""
    with _template(wanted, "embedded") as made:
        return _killed(wanted, made, "", "embedded")


def killed_redis(wanted: Wanted) -> Outcome:
    """kill -9 of web, worker and beat on PostgreSQL with Redis"""
    _need(6379, "Redis")
    with (
        _server() as server,
        _template(wanted, "redis", server.admin) as made,
        system.redis_database() as broker,
    ):
        return _killed(wanted, made, broker, "redis")


def killed_rabbitmq(wanted: Wanted) -> Outcome:
    """kill -9 of web, worker and beat on SQLite with RabbitMQ"""
    _need(5672, "RabbitMQ")
    with _template(wanted, "rabbitmq") as made:
        return _killed(wanted, made, system.RABBITMQ, "rabbitmq")


def _killed(wanted: Wanted, made: Template, broker: str, name: str) -> Outcome:
    kills = dict.fromkeys(("web", "worker", "beat"), wanted.kills)
    with made.copy(wanted.folder / f"{name}-system", broker=broker) as running:
        facts = injector.laid_out(running, ready=20, sheets=10, households=500, poison=True)
        report = injector.killed_at_random(
            running, facts, kills=kills, seed=wanted.seed, seconds=wanted.seconds
        )
    told = ", ".join(f"{name} {number}" for name, number in sorted(report.kills.items()))
    done = (
        f"{report.kills.total()} of {sum(kills.values())} kills ({told}); {report.ledger['requests']} requests, "
        f"{report.ledger.get('done', 0)} acts done, {report.ledger['keys asked again']} keys asked again"
    )
    return Outcome(done, report.longest, report.faults)


def wiped_redis(wanted: Wanted) -> Outcome:
    """Redis flushed under a live worker with 5,000 open intents"""
    _need(6379, "Redis")
    with system.redis_database() as broker:
        return _wiped(wanted, broker, "wiped-redis")


def wiped_rabbitmq(wanted: Wanted) -> Outcome:
    """RabbitMQ's queue deleted under a live worker with 5,000 open intents"""
    _need(5672, "RabbitMQ")
    return _wiped(wanted, system.RABBITMQ, "wiped-rabbitmq")


def _wiped(wanted: Wanted, broker: str, name: str) -> Outcome:
    with (
        _template(wanted, name) as made,
        made.copy(wanted.folder / f"{name}-system", broker=broker, DELIVER_SECONDS="1") as running,
    ):
        facts = injector.laid_out(running, intents=11_200, letters=5_600)
        wiped = queues.wiped_under_a_live_worker(running, times=3)
        faults = injector.judge(running, facts, Ledger(), injector.Report())
    if wiped.most < 5_000:
        faults.append("fewer than 5,000 intents were open when the broker was wiped first")
    if wiped.seconds > 120:
        faults.append(f"all was sent only after {wiped.seconds:.0f} s")
    return Outcome(f"wiped {wiped.times} times, {wiped.most} open the first time", wiped.seconds, faults)


def five_beats(wanted: Wanted) -> Outcome:
    """five beats and three workers, all due dates pass at once"""
    _need(6379, "Redis")
    with _server() as server, _template(wanted, "beats", server.admin) as made, ExitStack() as stack:
        broker = stack.enter_context(system.redis_database())
        running = stack.enter_context(made.copy(wanted.folder / "beats-system", broker=broker))
        facts = injector.laid_out(running, due=wanted.due)
        took = queues.fired_once(running, beats=5, workers=3, patience=900)
        report = injector.Report()
        faults = injector.judge(running, facts, Ledger(), report)
    return Outcome(f"{report.counts['due dates told of']} due dates told of", took, faults)


def contested(wanted: Wanted) -> Outcome:
    """fifty browsers decide one case at the same moment (R-03)"""
    with (
        _template(wanted, "contested") as made,
        made.copy(wanted.folder / "contested-system") as running,
    ):
        facts = injector.laid_out(running, ready=1)
        running.start("web")
        until(running.answers, seconds=system.STARTING, what="the web answers")
        contest = contention.approvers_over_http(
            running, facts, threads=50, rounds=wanted.rounds, seconds=wanted.seconds
        )
    faults = [f"a round was answered {dict(one)}" for one in contest.wrong({"302": 1, "409": 49})]
    if contest.p99 > injector.allowed(1):
        faults.append(f"p99 is {contest.p99:.2f} s")
    return Outcome(
        f"{len(contest.rounds)} of {wanted.rounds} rounds, p99 {contest.p99:.2f} s",
        max(contest.seconds),
        faults,
    )


def sent_again(wanted: Wanted) -> Outcome:
    """forms sent after the case was changed (R-04), twenty times at once, and again and again (R-05)"""
    keys = wanted.rounds * 2
    with (
        _server() as server,
        _template(wanted, "forms", server.admin) as made,
        made.copy(wanted.folder / "forms-system") as running,
    ):
        facts = injector.laid_out(running, ready=1, households=keys + 2)
        running.start("web")
        until(running.answers, seconds=system.STARTING, what="the web answers")
        faults = contention.stale_forms(running, facts, times=wanted.rounds)
        once, wrong = contention.same_key(running, facts, keys=1, times=20, threads=20, seed=wanted.seed)
        each, others = contention.same_key(
            running, facts, keys=keys, times=5, threads=8, seed=wanted.seed + 1
        )
    if (once, each) != (1, keys):
        faults.append(f"one entry became {once} cases, {keys} entries became {each}")
    return Outcome(
        f"{wanted.rounds} forms grown old; 1 entry sent 20 times at once, {keys} entries 5 times each",
        faults=faults + wrong + others,
    )


def database_killed(wanted: Wanted) -> Outcome:
    """kill -9 of a PostgreSQL of the test's own under load (R-09)"""
    times, chance = max(1, wanted.kills * 3 // 10), random.Random(wanted.seed)
    faults: list[str] = []
    back: list[float] = []
    with (
        _server() as server,
        _template(wanted, "database", server.admin) as made,
        made.copy(wanted.folder / "database-system") as running,
    ):
        facts = injector.laid_out(running, ready=20, sheets=10, households=500)
        load = Load(running, facts, seed=wanted.seed, strict=False)
        running.start_all()
        load.begin()
        end = time.monotonic() + wanted.seconds
        while len(back) < times and time.monotonic() < end:
            time.sleep(chance.uniform(3, 8))
            server.kill()
            time.sleep(chance.uniform(0, 2))
            server.start()
            # Nobody starts the web again: it has to find its way back by itself.
            back.append(until(lambda: _page(running) == 200, seconds=60, what="pages are answered again"))
            faults += [
                f"{name} ended with its database"
                for name, child in running.running.items()
                if child.poll() is not None
            ]
            injector.resume(running)
            running.let_pass(days=1)
        ledger = load.end()
        injector.settle(running)
        faults += ledger.faults + injector.judge(running, facts, ledger, injector.Report())
    if max(back) > injector.allowed(BACK):
        faults.append(f"pages were answered again only after {max(back):.0f} s")
    told = ledger.summary()
    return Outcome(
        f"killed {len(back)} of {times} times; {told['requests']} requests, {told.get('done', 0)} acts done",
        max(back),
        faults,
    )


def disk_full(wanted: Wanted) -> Outcome:
    """a disk that is full for database, uploads, letters and log (R-14)"""
    faults: list[str] = []
    with (
        _small_disk(wanted.folder / "disk") as disk,
        _template(wanted, "full") as made,
        made.copy(disk / "system") as running,
    ):
        facts = injector.laid_out(running, ready=10, sheets=5, households=200)
        load = Load(running, facts, seed=wanted.seed, strict=False)
        running.start_all()
        load.begin()
        time.sleep(3)
        filler = disk / "filler"
        _fill(filler)
        time.sleep(5)
        if (status := _page(running)) != 200:
            faults.append(f"a public page was answered {status} while the disk was full")
        if running.ready().get("disk", True):
            faults.append("health said nothing of the disk")
        filler.unlink()
        # As docs/operations.md says: make room and start again; a start empties the folder of the broker, where
        # a cut-off file would stop the worker for ever.
        began = time.monotonic()
        running.end()
        running.run("manage.py", "reset_broker")
        running.start_all()
        took = time.monotonic() - began
        ledger = load.end()
        injector.settle(running)
        faults += ledger.faults + injector.judge(running, facts, ledger, injector.Report())
    told = ledger.summary()
    return Outcome(
        f"full for 5 s; {told['requests']} requests, {told.get('done', 0)} acts done", took, faults
    )


def clock_moved(wanted: Wanted) -> Outcome:
    """the wall clock of the processes ten days forward, ten back, and right again (R-13)"""
    shift, library = wanted.folder / "shift", wanted.folder / "moved_clock.so"
    _compile(library)
    shift.write_text("0\n", encoding="utf-8")
    moved = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(shift)}
    took = 0.0
    with (
        _template(wanted, "clock") as made,
        made.copy(wanted.folder / "clock-system", **moved) as running,
    ):
        # No household for entries: ten days back the day of their application lies in the future, which is refused.
        facts = injector.laid_out(running, ready=10, sheets=10)
        load = Load(running, facts, seed=wanted.seed)
        running.start_all()
        load.begin()
        for days in (10, -10, 0):
            time.sleep(3)
            shift.write_text(f"{days * DAY}\n", encoding="utf-8")
            took = max(took, injector.resume(running))
        running.let_pass(days=11)
        running.wait_for_a_round()
        ledger = load.end()
        injector.settle(running)
        faults = ledger.faults + injector.judge(running, facts, ledger, injector.Report())
    told = ledger.summary()
    return Outcome(f"three jumps; {told['requests']} requests, {told.get('done', 0)} acts done", took, faults)


SCENARIOS: dict[str, Callable[[Wanted], Outcome]] = {
    "embedded": killed_embedded,
    "redis": killed_redis,
    "rabbitmq": killed_rabbitmq,
    "wiped-redis": wiped_redis,
    "wiped-rabbitmq": wiped_rabbitmq,
    "beats": five_beats,
    "contested": contested,
    "forms": sent_again,
    "database": database_killed,
    "disk": disk_full,
    "clock": clock_moved,
}


def _compile(library: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        raise LeftOut("no C compiler is installed (Debian: gcc)")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(CLOCK)], check=True)


def _need(port: int, what: str) -> None:
    if not system.listens(port):
        raise LeftOut(f"{what} does not answer on the loopback")


@contextmanager
def _server() -> Iterator[postgresql.Server]:
    if reason := postgresql.missing():
        raise LeftOut(reason)
    with postgresql.server() as made:
        yield made


@contextmanager
def _template(wanted: Wanted, name: str, admin: str = "") -> Iterator[Template]:
    """Of SQLite one for all scenarios; of a server one of its own."""
    place = wanted.folder / (f"{name}-template" if admin else "template")
    if place.exists():
        yield Template(place)
        return
    with system.template(place, admin=admin) as made:
        yield made


@contextmanager
def _small_disk(place: Path) -> Iterator[Path]:
    place.mkdir()
    tried = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=192m", "faults", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        raise LeftOut(f"no small disk can be mounted here ({tried.stderr.strip()})")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            assert shutil.disk_usage(filler.parent).free == 0


def _page(running: System) -> int:
    """What a page that asks the database is answered with; 0 for no answer."""
    try:
        return requests.get(f"{running.base}/public/", timeout=10).status_code
    except requests.RequestException:
        return 0


def machine() -> str:
    """How busy the machine was meanwhile: times mean little on a loaded one."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[1]:.1f} over five minutes"
