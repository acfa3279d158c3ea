"""An installation of its own for a test: folder, keys, database on the configured kind of server, real processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

from tests import tables

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installation:
    folder: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if name != "SENSITIVE_KEY_FILE"},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "VAR_DIR": str(self.folder),
            "DATABASE_URL": self.url,
            "SECRET_KEY": "only-for-tests-" + "0" * 40,
            "DEMO": "0",
        }

    @property
    def keys(self) -> Path:
        return self.folder / "sensitive_keys.json"

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """`manage.py …` as a process that runs on."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """`manage.py …` to its end: exit code and both streams."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        return process.returncode, out, err

    def do(self, *arguments: str) -> str:
        code, out, err = self.run(*arguments)
        assert code == 0, err
        return out

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows as they stand in the database, read past the program."""
        if self.url.startswith("sqlite"):
            import sqlite3

            with sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=20) as base:
                return base.execute(sql).fetchall()
        with psycopg.connect(self.url, autocommit=True) as base:
            return base.execute(sql.encode()).fetchall()


@contextmanager
def empty(folder: Path, *, migrated: str = "") -> Iterator[Installation]:
    """A folder and a database, empty or a copy of the one with all tables, which goes with the test."""
    folder.mkdir()
    if connection.vendor == "sqlite":
        if migrated:
            tables.copy_file(migrated, folder / "db.sqlite3")
        yield Installation(folder, f"sqlite:///{folder}/db.sqlite3")
        return
    name, address = f"test_installation_{os.getpid()}_{folder.name}", tables.server()
    template = tables.name(migrated) if migrated else "template1"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as base:
        base.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            yield Installation(folder, f"{address}/{name}")
        finally:
            base.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def filled(folder: Path, *, households: int, migrated: str) -> Iterator[Installation]:
    """With the tests' township, some households, cases on their way with a paper each, and a value in every sealed column."""
    with empty(folder, migrated=migrated) as made:
        made.do("init_keys")
        made.do("shell", "-v0", "-c", FILL.format(households=households))
        yield made


FILL = """
from django.db import transaction
from applications import digests
from applications.models import Attachment
from applications.states import State
from registry.models import Member, User
from tests import stages
from tests.world import build
from workflow import objections
from workflow.complaints import Complaint
from workflow.models import Channel, ImportJob, ImportRow, PostingKind
world = build()
with transaction.atomic():
    for number in range({households}):
        world.household()
case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
stages.draft(world)
hanging, moment = stages.reach(world, State.VILLAGE_POSTING)
posting = stages.displayed(world, [hanging], kind=PostingKind.VILLAGE, now=moment)
said = Complaint(Channel.VISIT, "面积不足。", name="示例异议人", phone="〔示例〕12345")
objections.lodge(posting.entries.get(), complaint=said, by=world.clerk, now=moment)
job = ImportJob.objects.create(
    kind="households", village=world.village, by=world.administrator, uploaded_at=moment, file_name="x", sha256="0"
)
ImportRow.objects.create(job=job, line=2, state="faulty", given="{{}}")
rows = ((User, "phone"), (Member, "phone"), (Attachment, "taken_at"), (Attachment, "taken_place"))
for model, name in rows:
    row = model._base_manager.order_by("pk").first()
    setattr(row, name, "〔示例〕12345")
    row.save(update_fields=[name])
assert digests.seal(now=moment)
"""
