"""Real worker processes on each broker: a verb's wake-up delivers, and a lost one costs only time.

Each test starts its own processes and ends only those; every wait is bounded.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from kombu import Connection

from applications.models import Application
from applications.states import State
from notifications.models import Message, MessageState, WakeUpFailure
from tests import stages, tables
from tests.conftest import answers, need
from tests.workflow import races
from tests.world import World

ROOT = Path(__file__).resolve().parents[1]
REDIS = "redis://127.0.0.1:6379/9"
RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"
SECONDS = 20
"""Within which a woken worker has delivered."""
STARTING = 60
"""Within which a process has started, also on a machine that does much else."""

pytestmark = [pytest.mark.broker, pytest.mark.django_db(transaction=True)]

PASS_ON = """
import sys
from datetime import datetime
import django
django.setup()
from applications.models import Application
from registry.models import User
from workflow import reviews
from workflow.results import Ref
case, person, moment = sys.argv[1:]
(result,) = reviews.pass_on(
    [Ref.of(Application.objects.get(pk=case))], by=User.objects.get(pk=person), now=datetime.fromisoformat(moment)
)
sys.exit(0 if result.done else result.sentence)
"""


@dataclass
class Installation:
    """The project as its own processes see it: a database, a directory, a broker, a queue of its own."""

    directory: Path
    database: str
    broker: str
    queue: str
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CELERY", "EMAIL"))}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.database,
            "VAR_DIR": str(self.directory),
            "SENSITIVE_KEY_FILE": str(settings.SENSITIVE_KEY_FILE),
            "SECRET_KEY": settings.SECRET_KEY,
            "CELERY_BROKER_URL": self.broker,
            "CELERY_QUEUE": self.queue,
            "DELIVER_SECONDS": "3",
            "DEMO": "0",
        }

    def run(self, *arguments: str, broker: str | None = None) -> subprocess.CompletedProcess[str]:
        """One command of Python's to its end."""
        environment = self.environment | ({"CELERY_BROKER_URL": broker} if broker else {})
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            timeout=STARTING,
            capture_output=True,
            text=True,
            check=False,
        )

    def manage(self, command: str) -> str:
        done = self.run("manage.py", command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pass_on(self, case: Application, world: World, *, broker: str | None = None) -> float:
        """A village's declaration, made by a process of its own as the web's would; the seconds it took."""
        began = time.monotonic()
        done = self.run(
            "-c", PASS_ON, str(case.pk), str(world.clerk.pk), world.now.isoformat(), broker=broker
        )
        assert done.returncode == 0, done.stderr
        assert stages.again(case).state == State.VILLAGE_POSTING
        return time.monotonic() - began

    def start(self, *arguments: str, ready: str) -> subprocess.Popen[bytes]:
        """A Celery process; returns when its log says that it is ready."""
        log = self.directory / f"{uuid4().hex}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config", *arguments, "--loglevel", "info"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.running.append(process)
        wait(
            lambda: ready in log.read_text() or process.poll() is not None,
            lambda: log.read_text(),
            seconds=STARTING,
        )
        assert process.poll() is None, log.read_text()
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        name = f"{uuid4().hex}@%h"
        return self.start(
            "worker",
            "--pool",
            "solo",
            "--hostname",
            name,
            "--without-gossip",
            "--without-mingle",
            ready=" ready.",
        )

    def beat(self) -> subprocess.Popen[bytes]:
        schedule = str(self.directory / "beat-schedule")
        return self.start("beat", "--pidfile=", "--schedule", schedule, ready="beat: Starting")

    def end(self) -> None:
        """End the processes that this installation started, and no others."""
        for process in self.running:
            if process.poll() is None:
                process.terminate()
        for process in self.running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def wait(holds: Callable[[], bool], state: Callable[[], object], *, seconds: float = SECONDS) -> None:
    """Until it holds, or fail with the state of things when the time is over."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds} s: {state()}")
        time.sleep(0.1)


def remove_from_rabbitmq(queue: str) -> None:
    with Connection(RABBITMQ) as rabbit:
        rabbit.channel().queue_delete(queue)
        rabbit.channel().exchange_delete(queue)


def flush_redis() -> None:
    """Empty the tests' own database of the server, number 9, and no other."""
    with Connection(REDIS) as redis:
        client = redis.channel().client
        assert client.connection_pool.connection_kwargs["db"] == 9
        client.flushdb()


BROKERS = {"filesystem": "filesystem://", "redis": REDIS, "rabbitmq": RABBITMQ}


ONCE = ("filesystem", "rabbitmq")
"""With the suite on PostgreSQL the way over Redis is gone once more; the other two know nothing of the database."""


@pytest.fixture(
    params=[pytest.param(name, marks=[pytest.mark.any_database] if name in ONCE else []) for name in BROKERS]
)
def broker(request: pytest.FixtureRequest) -> str:
    if request.param == "redis":
        need(answers(6379), "Redis")
    if request.param == "rabbitmq":
        need(answers(5672), "RabbitMQ")
    return BROKERS[request.param]


@pytest.fixture(autouse=True)
def this_process_wakes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stages before are laid out here; what is looked at is the wake-ups of the installation's processes."""
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **options: None)


@pytest.fixture
def database(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """A database that other processes can open: a file on SQLite, the tests' database on PostgreSQL."""
    if connection.vendor == "sqlite":
        with races.on_file(tmp_path / "db.sqlite3") as path:
            yield f"sqlite:///{path}"
    else:
        yield f"{tables.server()}/{connection.settings_dict['NAME']}"


@pytest.fixture
def installation(broker: str, database: str, world: World, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path, database, broker, f"test-{uuid4().hex}")
    if broker == REDIS:
        flush_redis()
    made.manage("reset_broker")
    yield made
    made.end()
    if broker == REDIS:
        flush_redis()
    if broker == RABBITMQ:
        remove_from_rabbitmq(made.queue)
    shutil.rmtree(tmp_path / "broker", ignore_errors=True)


def states() -> dict[str, int]:
    """How many messages there are in each state."""
    found: dict[str, int] = {}
    # A slip waits for a person, not for a worker.
    for state in Message.objects.exclude(channel="slip").values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def all_sent(number: int) -> bool:
    return states() == {MessageState.SENT: number}


def waiting_messages() -> int:
    """What the stages before have written and nobody was woken for."""
    return Message.objects.filter(state=MessageState.PENDING).exclude(channel="slip").count()


def test_a_verbs_wake_up_leads_to_delivery(installation: Installation, world: World) -> None:
    case = stages.submitted(world)
    stages.returned(world, stages.submitted(world), by=world.clerk, now=world.now)
    before = waiting_messages()
    installation.worker()
    assert states() == {MessageState.PENDING: before}
    installation.pass_on(case, world)
    wait(lambda: all_sent(before + 2), states)
    assert WakeUpFailure.objects.count() == 0
    # The file backend names a file by second and object: two letters may share one.
    letters = "".join(path.read_text() for path in (installation.directory / "mail").iterdir())
    assert letters.count("\nSubject:") == Message.objects.filter(channel="email").count() == 2


def test_a_wake_up_sent_while_no_worker_lives_is_taken_up_by_the_next_one(
    installation: Installation, world: World
) -> None:
    case = stages.submitted(world)
    before = waiting_messages()
    first = installation.worker()
    first.send_signal(signal.SIGKILL)
    assert first.wait(10) == -signal.SIGKILL
    installation.pass_on(case, world)
    assert states() == {MessageState.PENDING: before + 2}
    installation.worker()
    wait(lambda: all_sent(before + 2), states)


def test_a_round_without_a_broker_finds_what_a_killed_worker_left(
    installation: Installation, world: World
) -> None:
    case = stages.submitted(world)
    before = waiting_messages()
    worker = installation.worker()
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    installation.pass_on(case, world)
    assert states() == {MessageState.PENDING: before + 2}
    assert "发送" in installation.manage("sweep")
    assert set(states()) == {MessageState.SENT}
    sent = Message.objects.count()
    installation.worker()
    time.sleep(1)
    assert all_sent(sent)
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.any_database
@pytest.mark.parametrize("broker", ["filesystem://"], ids=["filesystem"])
def test_beat_finds_a_message_whose_wake_up_was_lost(installation: Installation, world: World) -> None:
    case = stages.submitted(world)
    before = waiting_messages()
    installation.pass_on(case, world)
    installation.manage("reset_broker")
    installation.worker()
    time.sleep(2)
    assert states() == {MessageState.PENDING: before + 2}
    installation.beat()
    wait(lambda: all_sent(before + 2), states, seconds=STARTING)


@pytest.mark.parametrize(
    "away",
    ["redis://127.0.0.1:9/0", "amqp://guest:guest@127.0.0.1:9//"],
    ids=["redis", "rabbitmq"],
)
@pytest.mark.parametrize("broker", ["filesystem://"], ids=["sweep"])
def test_a_broker_that_is_away_delays_a_verb_by_little_and_loses_nothing(
    installation: Installation, world: World, away: str
) -> None:
    case, other = stages.submitted(world), stages.submitted(world)
    before = waiting_messages()
    usual = installation.pass_on(other, world)
    # Both start a Python and do the same; what a machine that does much else takes for it varies by seconds.
    assert installation.pass_on(case, world, broker=away) < 3 * usual + 5
    assert list(WakeUpFailure.objects.values_list("task", "count")) == [("notifications.tasks.deliver", 1)]
    assert states() == {MessageState.PENDING: before + 4}
    assert "发送" in installation.manage("sweep")
    assert set(states()) == {MessageState.SENT}


@pytest.mark.any_database
@pytest.mark.parametrize("broker", ["filesystem://"], ids=["filesystem"])
def test_only_the_processes_of_the_test_are_ended(installation: Installation, world: World) -> None:
    worker = installation.worker()
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        installation.end()
        assert worker.poll() is not None
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait(10)
