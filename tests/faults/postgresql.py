"""A PostgreSQL of the test's own: made in a temporary folder, on a free port, killed with -9 and started again."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.faults.system import Child, free_port, until


def programs() -> Path | None:
    """Where the newest installed server lies; Debian keeps it out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def missing() -> str:
    """Why no server can be started here; empty where one can."""
    if programs() is None:
        return "no PostgreSQL server is installed"
    if os.geteuid() == 0 and "postgres" not in {one.pw_name for one in pwd.getpwall()}:
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


def _unprivileged() -> dict[str, Any]:
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


@dataclass
class Server:
    """One server, a child of this process."""

    folder: Path
    port: int = field(default_factory=free_port)
    child: Child | None = None

    @property
    def admin(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self, *, seconds: float = 60) -> float:
        """Until it lets us in; the seconds it took. What a killed one left behind may stop the first tries."""
        return until(self._up, seconds=seconds, what="PostgreSQL answers")

    def _up(self) -> bool:
        if self.child is None or self.child.poll() is not None:
            # fsync as in any installation; sockets in the folder, so that nobody else's are met.
            options = ["-p", str(self.port), "-k", str(self.folder), "-c", "listen_addresses=127.0.0.1"]
            programs_folder = programs()
            assert programs_folder is not None
            with (self.folder / "server.log").open("ab") as log:
                self.child = subprocess.Popen(
                    [str(programs_folder / "postgres"), "-D", str(self.folder / "data"), *options],
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    **_unprivileged(),
                )
        try:
            psycopg.connect(self.admin, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL to the postmaster; its backends end when they notice."""
        assert self.child is not None
        self.child.kill()
        self.child.wait(20)

    def end(self) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
            try:
                self.child.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def server() -> Iterator[Server]:
    """A server that runs; its folder is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="faults-postgresql-"))
    made = Server(folder)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        initdb = programs()
        assert initdb is not None
        subprocess.run(
            [
                str(initdb / "initdb"),
                "-D",
                str(folder / "data"),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale",
                "C.UTF-8",
            ],
            cwd=folder,
            check=True,
            capture_output=True,
            **_unprivileged(),
        )
        made.start()
        yield made
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)
