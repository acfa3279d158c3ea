"""Whole starts in a stand-in tree: three small processes instead of gunicorn and Celery, the rest as it is."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import environment
import leftovers
import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = """import http.server, os
from pathlib import Path
Path("web.pid").write_text(str(os.getpid()))
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *given):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
PATIENCE = 90
"""Seconds for what takes two on a machine that does nothing else."""
IDLE = """import os, sys, time
from pathlib import Path
Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(120)
"""
MANAGE = """import sys
if sys.argv[1] == "demo_logins":
    print("cun-zhao  〔示例〕")
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="没有 /proc，查不到遗留进程。"
)


class Tree:
    """A project folder with the real launcher and stand-ins for what it starts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started: list[subprocess.Popen[str]] = []
        shutil.copytree(
            ROOT / "bin", root / "bin", ignore=shutil.ignore_patterns("__pycache__", "prepare.py")
        )
        python = root / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        # A script, not a link: through a link Python would not find the packages of the environment it belongs to.
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        for name, text in {
            "requirements.txt": "",
            "web.py": WEB,
            "idle.py": IDLE,
            "manage.py": MANAGE,
            "bin/prepare.py": "",
            "Procfile": "web: exec python web.py\nworker: exec python idle.py worker.pid\n"
            "beat: exec python idle.py beat.pid\n",
        }.items():
            (root / name).write_text(text, encoding="utf-8")
        venv = root / ".venv"
        stamp = environment.stamp_of(root / "requirements.txt", venv=venv)
        stamp.write_text(environment.fingerprint(root / "requirements.txt", venv=venv), encoding="utf-8")
        with socket.socket() as asked:
            asked.bind(("127.0.0.1", 0))
            self.port = asked.getsockname()[1]

    def start(self) -> subprocess.Popen[str]:
        env = {name: value for name, value in os.environ.items() if name not in ("VAR_DIR", "DATABASE_URL")}
        running = subprocess.Popen(
            [sys.executable, "bin/launch.py", "demo"],
            cwd=self.root,
            env={**env, "PORT": str(self.port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(running)
        return running

    def read_until(self, running: subprocess.Popen[str], text: str) -> list[str]:
        lines: list[str] = []
        assert running.stdout is not None
        for line in running.stdout:
            lines.append(line.rstrip("\n"))
            if text in line:
                return lines
        raise AssertionError(f"{text!r} was never printed: {lines}")

    def process(self, name: str) -> int:
        deadline = time.monotonic() + PATIENCE
        while not (self.root / f"{name}.pid").exists() or not (self.root / f"{name}.pid").read_text():
            assert time.monotonic() < deadline, f"{name} did not start"
            time.sleep(0.05)
        return int((self.root / f"{name}.pid").read_text())

    def marked(self) -> list[int]:
        return leftovers.marked(self.root / "var")


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    made = Tree(tmp_path)
    yield made
    for running in made.started:
        running.kill()
    # Before the pipes are read to their end: what is left holds them open.
    leftovers.end(tmp_path / "var")
    for running in made.started:
        running.communicate()


@pytest.fixture
def started(tree: Tree) -> Callable[[], subprocess.Popen[str]]:
    def start() -> subprocess.Popen[str]:
        running = tree.start()
        tree.read_until(running, "〔示例〕")
        for name in ("web", "worker", "beat"):
            tree.process(name)
        return running

    return start


def test_address_and_demo_logins_are_the_last_lines_of_a_start(tree: Tree) -> None:
    running = tree.start()
    lines = tree.read_until(running, "〔示例〕")
    assert lines[-2:] == [
        f"网站已启动：http://127.0.0.1:{tree.port}/  （按 Ctrl-C 停止）",
        "cun-zhao  〔示例〕",
    ]


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_start_that_is_asked_to_stop_ends_with_zero_and_leaves_no_process(
    tree: Tree, started: Callable[[], subprocess.Popen[str]], asked: signal.Signals
) -> None:
    running = started()
    assert len(tree.marked()) >= 3
    running.send_signal(asked)
    assert running.wait(timeout=PATIENCE) == 0
    assert tree.marked() == []


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGKILL, 247), (signal.SIGTERM, 241)])
def test_one_process_that_ends_stops_the_others_and_the_start_fails(
    tree: Tree, started: Callable[[], subprocess.Popen[str]], name: str, sent: signal.Signals, code: int
) -> None:
    running = started()
    os.kill(tree.process(name), sent)
    assert running.wait(timeout=PATIENCE) == code
    assert tree.marked() == []


def test_process_that_ends_with_zero_unasked_fails_the_start_all_the_same(tree: Tree) -> None:
    (tree.root / "idle.py").write_text("import time; time.sleep(1)\n", encoding="utf-8")
    running = tree.start()
    assert running.wait(timeout=PATIENCE) == 1
    assert tree.marked() == []


def test_second_start_on_the_same_data_folder_is_refused_and_the_first_goes_on(
    tree: Tree, started: Callable[[], subprocess.Popen[str]]
) -> None:
    running = started()
    before = tree.marked()
    second = tree.start()
    output, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    assert "已经在运行" in output
    assert running.poll() is None
    assert tree.marked() == before


def test_what_a_killed_launcher_left_behind_is_ended_by_the_next_start(
    tree: Tree, started: Callable[[], subprocess.Popen[str]]
) -> None:
    running = started()
    running.kill()
    running.wait()
    left = tree.marked()
    assert tree.process("worker") in left
    again = started()
    assert set(tree.marked()).isdisjoint(left)
    assert again.poll() is None


def test_start_whose_preparation_fails_starts_nothing(tree: Tree) -> None:
    (tree.root / "bin" / "prepare.py").write_text("raise SystemExit('refused')\n", encoding="utf-8")
    running = tree.start()
    output, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert output.splitlines()[-2:] == ["refused", "准备工作没有完成，原因见上面几行；系统没有启动。"]
    assert not (tree.root / "web.pid").exists()
    assert tree.marked() == []


def test_process_that_disregards_the_request_to_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE_SECONDS", 0.3)
    ready = tmp_path / "ready"
    deaf = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
            "pathlib.Path(sys.argv[1]).touch(); time.sleep(60)",
            ready,
        ],
        env={**os.environ, leftovers.MARK: str(tmp_path)},
    )
    other = subprocess.Popen(["sleep", "60"], env={**os.environ, leftovers.MARK: str(tmp_path / "other")})
    try:
        while not ready.exists():
            time.sleep(0.02)
        assert leftovers.end(tmp_path) == [deaf.pid]
        assert deaf.wait(timeout=5) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for process in (deaf, other):
            process.kill()
            process.wait()
