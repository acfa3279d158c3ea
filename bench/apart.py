"""A measurement set apart: in a process of its own, with a database, keys and files that are removed after it."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SERVER = "postgres://postgres@127.0.0.1:5432/postgres"


def run(module: str, *arguments: object, url: str, directory: str, **environment: str) -> Any:
    """Call `module --inside arguments` on that database and with its files in `directory`; what it printed as JSON.

    `environment` adds to the settings or changes them. Raises CalledProcessError where the measurement failed.
    """
    settings = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "VAR_DIR": directory,
        "SECRET_KEY": "only-for-the-bench-" + "0" * 40,
        "LOG_LEVEL": "ERROR",
        "DEMO": "0",
        **environment,
    }
    command = [sys.executable, "-m", module, "--inside", *(str(argument) for argument in arguments)]
    done = subprocess.run(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def prepare() -> None:
    """Inside that process: Django is set up, the keys are written and the database has its tables."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from registry import sensitive

    # The test client asks by this name, and finds style sheets that nobody has collected.
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    if not Path(settings.SENSITIVE_KEY_FILE).exists():
        sensitive.write_key_file(Path(settings.SENSITIVE_KEY_FILE))
    call_command("migrate", verbosity=0, interactive=False)


def analyse() -> None:
    """Let the database look at its rows, as it has looked at those of an installation long ago."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def machine() -> str:
    """Where and on what the figures were taken."""
    memory = Path("/proc/meminfo").read_text().split()[1] if Path("/proc/meminfo").exists() else "0"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in ("Django", "django-viewflow", "psycopg"))
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {int(memory) // 1024 // 1024} GiB, "
        f"load before the run {load}; Python {platform.python_version()}, {packages}."
    )


@contextmanager
def postgresql(server: str) -> Iterator[tuple[str, str]]:
    """The server's version and a database of the run's own on the server, or an empty address where none answers."""
    import psycopg

    name = f"bench_{os.getpid()}"
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError:
        yield "", ""
        return
    with connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            number = connection.execute("SHOW server_version").fetchone()
            yield f"{number[0] if number else ''}".split()[0], f"{server.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
