"""Start the system: environment, keys, database, then web, worker and beat together until one of them ends.

`launch.py demo` (make run): the demonstration township, on this machine only.
`launch.py serve` (make serve): the settings of the environment and of `.env`. Standard library only.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import environment
import leftovers

ROOT = Path(__file__).resolve().parent.parent
PORTS_AFTER = 20
ANSWER_SECONDS = 60
STOP_SECONDS = 15


class CannotStart(Exception):
    """Why the system does not start, in one sentence for the person at the keyboard."""


def read_env_file(path: Path) -> dict[str, str]:
    """KEY=VALUE lines; blank lines and # comments are passed over, one pair of quotes is taken off."""
    found: dict[str, str] = {}
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            value = value.strip()
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            found[name.strip()] = value
    return found


def variables(given: Mapping[str, str], *, demo: bool, root: Path) -> dict[str, str]:
    """What every process gets: `.env`, above it the environment, above both what this kind of start fixes."""
    env = {**read_env_file(root / ".env"), **given}
    var_dir = Path(env.get("VAR_DIR") or root / "var").absolute()
    shared_memory = Path("/dev/shm")
    env.update(
        VAR_DIR=str(var_dir),
        DJANGO_SETTINGS_MODULE="config.settings",
        DEMO="1" if demo else "0",
        PATH=f"{root / '.venv' / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}",
        PYTHONUNBUFFERED="1",
        PYTHONUTF8="1",
        # gunicorn's heartbeat file: on a slow disk a write to it can hold a worker up until it is killed.
        WORKER_TMP_DIR=str(shared_memory if os.access(shared_memory, os.W_OK) else var_dir / "tmp"),
    )
    env[leftovers.MARK] = str(var_dir)
    if demo:
        # The demo logins are public, so the demo answers to this machine only, with no TLS in front of it.
        env.update(BIND="127.0.0.1", HTTPS="0")
        # In a container everything runs as root; Celery's eight lines about it would bury the address.
        env.setdefault("PYTHONWARNINGS", "ignore:You're running the worker")
    return env


def is_free(port: int) -> bool:
    """Whether nothing answers on the port and it can be bound."""
    with socket.socket() as asking:
        asking.settimeout(1)
        if asking.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as binding:
        # As gunicorn does: a connection of the last run that is still being closed does not count as taken.
        binding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            binding.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(wanted: str) -> int:
    """The wanted port, or the next free one of the twenty after it, which is then said."""
    if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
        raise CannotStart(f"PORT={wanted} 不是端口号：请给出 1 到 65535 之间的数字。")
    first = int(wanted)
    last = min(first + PORTS_AFTER, 65535)
    for port in range(first, last + 1):
        if is_free(port):
            if port != first:
                print(f"端口 {first} 已被占用，改用 {port}。", flush=True)
            return port
    raise CannotStart(f"端口 {first} 到 {last} 都被占用：请用 PORT=端口号 另选一个。")


def hold(var_dir: Path) -> IO[str]:
    """Take the folder for this start alone: a second start would empty the broker folder under the first."""
    var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = (var_dir / "launch.lock").open("a")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CannotStart(
            f"系统已经在运行（数据目录 {var_dir}）：请先停止它，或用 VAR_DIR 另选目录。"
        ) from None
    return held


def prepare(python: Path, env: Mapping[str, str], *, demo: bool) -> None:
    """Keys first, in a process of their own: the settings read them; then everything else in one process."""
    temporary = Path(env["VAR_DIR"]) / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    commands: list[list[str | Path]] = [
        [python, "manage.py", "init_keys"],
        [python, "bin/prepare.py", "demo" if demo else "serve"],
    ]
    for command in commands:
        if subprocess.run(command, check=False, cwd=ROOT, env=env, stdin=subprocess.DEVNULL).returncode != 0:
            raise CannotStart("准备工作没有完成，原因见上面几行；系统没有启动。")


def announce(port: int, *, python: Path, env: Mapping[str, str], demo: bool, ended: threading.Event) -> None:
    """Say the address, in the demo also the logins, once the web server answers: the start's last lines."""
    deadline = time.monotonic() + ANSWER_SECONDS
    status = None
    while status is None and time.monotonic() < deadline and not ended.wait(0.2):
        status = answer_of(port)
    # What the processes say while they start comes through honcho a moment later, and would stand below.
    if ended.wait(0.5):
        return
    address = f"http://127.0.0.1:{port}/"
    if status is None:
        print(f"网站在 {ANSWER_SECONDS} 秒内没有应答：{address}", file=sys.stderr, flush=True)
        return
    logins = ""
    if demo:
        asked = subprocess.run(
            [python, "manage.py", "demo_logins"],
            check=False,
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
        )
        logins = asked.stdout if asked.returncode == 0 else f"演示账号没有取到：{asked.stderr.strip()[-300:]}"
    fault = f"（首页应答 {status}，请看上面的日志）" if status >= 500 else ""
    print(f"\n网站已启动{fault}：{address}  （按 Ctrl-C 停止）\n{logins}".rstrip(), flush=True)


def answer_of(port: int) -> int | None:
    """The status of the front page, None while nobody answers. Asked directly, never through a proxy."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def supervise(port: int, *, python: Path, env: Mapping[str, str], demo: bool) -> int:
    """Run the Procfile until a process ends (an error) or somebody asks to stop; leave nothing behind."""
    asked: list[int] = []
    ended = threading.Event()
    # In a session of its own, and without `.env`: Ctrl-C reaches the launcher only, and its choices stand.
    running = subprocess.Popen(
        [python, "-m", "honcho", "-e", os.devnull, "start"],
        cwd=ROOT,
        env={**env, "PORT": str(port)},
        start_new_session=True,
    )

    def stop(number: int, frame: object) -> None:
        asked.append(number)
        # With its terminal gone honcho cannot print, and fails at that instead of stopping the processes.
        (running.kill if number == signal.SIGHUP else running.terminate)()
        # honcho kills what has not stopped after five seconds; if honcho itself hangs, it is killed here.
        signal.alarm(STOP_SECONDS)

    signal.signal(signal.SIGALRM, lambda number, frame: running.kill())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup asks for SIGHUP to be ignored, and stays right.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    speaker = threading.Thread(
        target=announce,
        args=(port,),
        kwargs={"python": python, "env": env, "demo": demo, "ended": ended},
        daemon=True,
    )
    speaker.start()
    code = running.wait()
    signal.alarm(0)
    ended.set()
    leftovers.end(Path(env["VAR_DIR"]))
    if asked:
        return 0
    print(
        f"网站、后台任务、定时器中有一个停止了，其余的已一并停止（代码 {code % 256}）。",
        file=sys.stderr,
    )
    # A process that ends with 0 unasked has failed all the same.
    return code % 256 or 1


def main(arguments: list[str]) -> int:
    demo = arguments == ["demo"]
    if not demo and arguments != ["serve"]:
        print("usage: launch.py demo|serve", file=sys.stderr)
        return 2
    try:
        python = environment.ensure(ROOT / "requirements.txt", venv=ROOT / ".venv")
        env = variables(os.environ, demo=demo, root=ROOT)
        var_dir = Path(env["VAR_DIR"])
        with hold(var_dir):
            leftovers.end(var_dir)
            port = choose_port(env.get("PORT") or "8000")
            prepare(python, env, demo=demo)
            return supervise(port, python=python, env=env, demo=demo)
    except (CannotStart, environment.EnvironmentNotMade) as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
