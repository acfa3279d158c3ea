"""A disposable system of real processes, made for one test and gone after it: its own folder, ports, database, broker.

Every process is a child of the test, is ended by its own number and waited for; nobody else's is touched.
"""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import requests
from kombu import Connection

ROOT = Path(__file__).resolve().parents[2]
REDIS_SERVER = "redis://127.0.0.1:6379"
REDIS_NUMBERS = range(11, 16)
"""Databases of the server that these tests take, each system one for itself."""
RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"
PASSWORD = "only-for-the-faults-1"
STARTING = 180
"""Seconds within which a process has started, also on a machine that does much else."""

Child = subprocess.Popen[bytes]


def procfile() -> dict[str, str]:
    """The three commands as the installation starts them."""
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
    return port


def listens(port: int) -> bool:
    """Whether a service of this machine answers on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], Any], *, seconds: float, what: str) -> float:
    """Wait until it holds and answer with the seconds it took; fail when the time is over."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return time.monotonic() - began


@contextmanager
def postgresql_database(admin: str, *, copied_from: str = "template1") -> Iterator[str]:
    """A database of the test's own on a running server; gives its address."""
    name = f"faults_{uuid4().hex[:12]}"
    with psycopg.connect(admin, autocommit=True, connect_timeout=5) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {copied_from.rpartition('/')[2]}")
    try:
        yield f"{admin.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(admin, autocommit=True, connect_timeout=5) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def redis_database() -> Iterator[str]:
    """A numbered database of the server that no other system of these tests uses; gives its address."""
    taken = uuid4().hex
    with Connection(f"{REDIS_SERVER}/0") as redis:
        client = redis.channel().client

        def take() -> str:
            # A key of the number's in database 0, so that emptying the database does not give it away.
            for number in REDIS_NUMBERS:
                if client.set(f"faults:{number}", taken, nx=True, ex=1800):
                    return f"{REDIS_SERVER}/{number}"
            return ""

        found: list[str] = []
        until(lambda: found.append(take()) or found[-1], seconds=300, what="a database of Redis is free")
        try:
            yield found[-1]
        finally:
            client.delete(f"faults:{found[-1].rpartition('/')[2]}")


@dataclass
class System:
    """One installation. `database` is empty for SQLite in its folder, `broker` for files in its folder."""

    directory: Path
    database: str = ""
    broker: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    queue: str = field(default_factory=lambda: f"faults-{uuid4().hex}")
    running: dict[str, Child] = field(default_factory=dict)
    orphans: set[int] = field(default_factory=set)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """DEMO, so that the clock can be moved: days go by while the processes are killed."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "LC_ALL", "TZ") if name in os.environ}
        given = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "PYTHONWARNINGS": "ignore:You're running the worker",
            "SECRET_KEY": "only-for-the-faults-" + "0" * 40,
            "VAR_DIR": str(self.directory),
            "WORKER_TMP_DIR": "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(self.directory / "tmp"),
            "PORT": str(self.port),
            "CELERY_QUEUE": self.queue,
            "SWEEP_SECONDS": "1",
            "DELIVER_SECONDS": "2",
            "LOG_LEVEL": "WARNING",
            "DEMO": "1",
        }
        if self.database:
            given["DATABASE_URL"] = self.database
        if self.broker:
            given["CELERY_BROKER_URL"] = self.broker
        return given | dict(self.extra)

    def prepare(self) -> None:
        """Keys, tables, static files: as every start does it."""
        (self.directory / "tmp").mkdir(parents=True, exist_ok=True)
        self.run("manage.py", "init_keys")
        self.run("bin/prepare.py", "serve")

    def run(self, *arguments: str, given: str = "", seconds: float = 300) -> str:
        """One command of Python's in the system's environment, to its end."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            input=given,
            timeout=seconds,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr[-4000:]}"
        return done.stdout

    def start(self, name: str, *, kind: str = "") -> None:
        """Start web, worker or beat as the Procfile says; `name` tells several of one kind apart."""
        command = procfile()[kind or name]
        with (self.directory / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                ["/bin/sh", "-c", command],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start_all(self) -> None:
        for name in procfile():
            self.start(name)
        until(self.answers, seconds=STARTING, what=f"the web answers\n{self.logs()}")
        self.wait_for_a_round()

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.base}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def ready(self) -> dict[str, bool]:
        checks: dict[str, bool] = requests.get(f"{self.base}/readyz", timeout=20).json()["checks"]
        return checks

    def wait_for_a_round(self, *, seconds: float = STARTING) -> float:
        """Until a sweep has run that began after now; the seconds it took."""
        before = self.last_round()
        # The moment is compared for change only: the clock may stand anywhere.
        return until(lambda: self.last_round() != before, seconds=seconds, what=f"a sweep ran\n{self.logs()}")

    def last_round(self) -> str:
        rows = self.sql("SELECT at FROM workflow_heartbeat WHERE name = 'sweep'")
        return str(rows[0][0]) if rows else ""

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """One statement past Django; the rows it gives."""
        if self.database:
            with psycopg.connect(self.database, autocommit=True, connect_timeout=5) as server:
                answer = server.execute(statement)
                return list(answer) if answer.description else []
        file = sqlite3.connect(self.directory / "db.sqlite3", timeout=30)
        try:
            with file:
                return file.execute(statement).fetchall()
        finally:
            file.close()

    def let_pass(self, *, days: int = 0, seconds: int = 0) -> None:
        """Move the system's clock; backwards with a number below zero."""
        self.sql(f"UPDATE registry_clockoffset SET days = days + {days}, seconds = seconds + {seconds}")

    def kill(self, name: str, *, pid: int | None = None) -> None:
        """SIGKILL to one process of ours, or to one of its children, and wait for our own."""
        child = self.running[name]
        if pid is None:
            # Gunicorn's workers hold the port and answer until they notice that their arbiter is gone.
            self.orphans |= set(self.children(name))
        os.kill(pid or child.pid, signal.SIGKILL)
        if pid is None:
            child.wait(20)

    def whole(self) -> bool:
        """All that was started lives, the web has workers of its own, and nobody else is left to answer for it."""
        self.orphans = {pid for pid in self.orphans if _lives(pid)}
        alive = all(child.poll() is None for child in self.running.values())
        return alive and not self.orphans and ("web" not in self.running or bool(self.children("web")))

    def children(self, name: str) -> list[int]:
        """What a process has started itself: gunicorn's workers."""
        pid = self.running[name].pid
        try:
            return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []

    def empty_broker(self) -> None:
        """Everything that lies in the broker is gone: as FLUSHALL, a deleted queue, a cleared folder."""
        if self.broker.startswith("redis"):
            with Connection(self.broker) as redis:
                client = redis.channel().client
                assert client.connection_pool.connection_kwargs["db"] in REDIS_NUMBERS
                client.flushdb()
        elif self.broker.startswith("amqp"):
            with Connection(self.broker) as rabbit:
                rabbit.channel().queue_delete(self.queue)
                rabbit.channel().exchange_delete(self.queue)
        else:
            for path in (self.directory / "broker" / "queue").glob("*"):
                path.unlink(missing_ok=True)

    def logs(self) -> str:
        """The end of each process's log, for a failed test."""
        told = [
            f"--- {path.name}\n{path.read_text()[-1500:]}" for path in sorted(self.directory.glob("*.log"))
        ]
        return "\n".join(told)

    def end(self) -> None:
        """Ask every process to stop, kill what does not, wait for all."""
        for child in self.running.values():
            if child.poll() is None:
                child.terminate()
        for child in self.running.values():
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(15)


def _lives(pid: int) -> bool:
    """Whether the process runs; one that has ended and is not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass(frozen=True)
class Template:
    """A prepared installation without a single row, which each test takes a copy of. `admin` names a server."""

    directory: Path
    admin: str = ""
    database: str = ""

    @contextmanager
    def copy(self, directory: Path, *, broker: str = "", **extra: str) -> Iterator[System]:
        """A system that is ready to start; whatever was started of it ends with it."""
        shutil.copytree(self.directory, directory, symlinks=True)
        with ExitStack() as stack:
            database = ""
            if self.database:
                database = stack.enter_context(postgresql_database(self.admin, copied_from=self.database))
            made = System(directory, database, broker, extra)
            stack.callback(shutil.rmtree, directory / "static", ignore_errors=True)
            if broker:
                stack.callback(made.empty_broker)
            stack.callback(made.end)
            made.empty_broker()
            yield made


@contextmanager
def template(directory: Path, *, admin: str = "", copied_from: str = "template1") -> Iterator[Template]:
    """Keys, tables and static files, made once; on a server the tables may be those of another database of it."""
    with ExitStack() as stack:
        database = stack.enter_context(postgresql_database(admin, copied_from=copied_from)) if admin else ""
        System(directory, database).prepare()
        yield Template(directory, admin, database)
