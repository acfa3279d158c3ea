"""Five hundred households with numbers found nowhere else: no full one outside the cells that are declared.

Whatever the system writes is looked through: pages of every address for every person, workbooks and letters, logs,
mails, the outbox, broker messages, temporary files, error pages, sessions, the database as it lies on the disk, a plain
dump, and a backup.
"""

import base64
import gzip
import logging
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote
from zipfile import ZipFile

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook

from notifications import outbox
from notifications.models import Message
from registry import backups, tracing
from registry.logfiles import DailyFile, Numberless
from registry.models import Member
from tests.canaries import Canaries, CanaryWorld
from tests.conftest import need
from tests.workflow.filled import filled, upload
from tests.workflow.views.access import OUTSIDE, PUBLIC, ROWS, Row
from tests.workflow.views.pages import as_, clock_at
from tests.workflow.views.test_access import people, things
from tests.world import World
from workflow import claim_rows, household_sheet, imports, objections
from workflow.complaints import Complaint
from workflow.models import Channel, ImportJob, Objection, PostingEntry

HOMES = 500

DECLARED = {
    # what is asked for: the persons who are then answered with full numbers
    "household-numbers, with a reason": {"clerk", "reviewer", "approver"},
    "household-roster, full, with a reason": {"approver"},
    "household-roster, masked": set(),
    "objection-detail, named": set(),
    "import-detail, of the register": set(),
    "import-faults, of the register": {"administrator"},
}
"""The only cells that hold full numbers, and whose. Every page of the access table by GET and empty POST holds none."""

NEED = {"key": "canary", "purpose": "account", "reason": "核对开户名与身份证是否一致"}

PLANTED: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "in lower case": lambda text: text.lower().encode(),
    "with more digits around": lambda text: f"1{text}0".encode(),
    "full-width": lambda text: "".join(chr(ord(sign) + 0xFEE0) for sign in text).encode(),
    "with blanks": lambda text: " ".join((text[:6], text[6:14], text[14:])).encode(),
    "with dashes": lambda text: "-".join((text[:6], text[6:14], text[14:])).encode(),
    "tags between": lambda text: f"<p><b>{text[:6]}</b><i>{text[6:]}</i></p>".encode(),
    "entities": lambda text: b"<p>" + "".join(f"&#{ord(sign)};" for sign in text).encode(),
    "in an attribute": lambda text: f"<input type=hidden value='{text}'>".encode(),
    "in an address": lambda text: f"GET /?q={quote('身份证')}{text}".encode(),
    "escaped in JSON": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text).encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "among bytes": lambda text: b"\x00\xff\x13" + text.encode() + b"\xfe\x00",
    "base64": lambda text: b"Subject: =?utf-8?b?" + base64.b64encode(f"证号{text}号".encode()) + b"?=",
    "gzip": lambda text: gzip.compress(text.encode()),
    "zip": lambda text: packed(text),
    "workbook": lambda text: book(text),
    "workbook, as a number": lambda text: book(float(text)) if text.isdigit() else book(text),
}


def packed(text: str) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", f"<w:t>{text[:6]}</w:t><w:t>{text[6:]}</w:t>")
    return buffer.getvalue()


def book(value: object) -> bytes:
    made, buffer = Workbook(), BytesIO()
    made.active.append(["一", value])
    made.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("way", PLANTED)
@pytest.mark.parametrize("kind", ["id_number", "phone", "card"])
def test_the_finder_sees_a_leak_planted_in_each_way(way: str, kind: str) -> None:
    canaries = Canaries()
    number = getattr(canaries, kind)()
    if way == "workbook, as a number" and kind != "phone":
        pytest.skip("a spreadsheet keeps fifteen digits of a number: the rest is gone before it could leak")
    assert len(canaries.numbers(PLANTED[way](number))) == 1


def test_the_finder_is_silent_about_masked_and_foreign_numbers() -> None:
    canaries = Canaries()
    number, phone = canaries.id_number(), canaries.phone()
    text = f"{number[:2]}*************{number[-3:]} {phone[:3]}****{phone[-4:]} 12317 {'9' * 40}"
    assert canaries.numbers(text.encode()) == set()


class Town:
    """The households, one of each thing an address names, and everybody signed in."""

    def __init__(self, world: World) -> None:
        self.world = CanaryWorld.of(world)
        self.world.settle(HOMES)
        self.canaries = self.world.canaries
        self.found = things(self.world)
        self.named = self._objection()
        self.register = self._register()
        self.clients = {who: as_(one) if one else Client() for who, one in people(self.world).items()}

    def _objection(self) -> Objection:
        complaint = Complaint(
            Channel.WEB, "实际面积不足。", name=self.canaries.name(), phone=self.canaries.phone()
        )
        return objections.lodge(
            PostingEntry.objects.get(pk=self.found["entry"]), complaint=complaint, now=self.world.now
        )

    def _register(self) -> ImportJob:
        """A list of the register with a good line and two faulty ones, taken in as far as it goes."""
        world, village = self.world, self.world.village
        template = claim_rows.workbook(
            household_sheet.COLUMNS, household_sheet.marks(village), household_sheet.template_rows(village)
        )
        lines = [self._line("金丝雀新户1"), self._line("金丝雀新户2"), self._line("金丝雀新户3")]
        lines[1]["与户主关系"] = "不知道"
        lines[2]["身份证号"] = Member.objects.latest("pk").id_number
        job = imports.take_in(
            upload(filled(template, lines)),
            village=village,
            programme=None,
            by=world.administrator,
            now=world.now,
        )
        imports.start(job, by=world.administrator, now=world.now, whole=False)
        while imports.work(job.pk, now=world.now):
            pass
        return job

    def _line(self, number: str) -> dict[str, Any]:
        given = self.canaries
        return {
            "户编号": number,
            "户类别": "一般脱贫户",
            "姓名": given.name(),
            "与户主关系": "户主",
            "身份证号": given.id_number(),
            "手机号": given.phone(),
            "联系电话": given.phone(),
            "银行卡号": given.card(),
        }

    def address(self, row: Row) -> str:
        args = [arg[1:] if arg.startswith("=") else self.found[arg] for arg in row.args]
        return reverse(row.name, args=args) + "?" + row.query.format(**self.found)


def content(response: Any) -> bytes:
    head = "\n".join(f"{name}: {value}" for name, value in response.items()).encode()
    return head + b"\n" + (b"".join(response.streaming_content) if response.streaming else response.content)


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def pages(town: Town) -> Iterator[str]:
    """Every address of the access table, by GET and an empty POST, as everybody."""
    for row in ROWS:
        for who, client in town.clients.items():
            for way in ("get", "post"):
                if row.name == "logout":
                    continue
                response = getattr(client, way)(town.address(row))
                told = body(response)
                if leaks := town.canaries.numbers(told):
                    yield f"{way} {row.label} by {who}: {sorted(leaks)[:3]}"
                if who in OUTSIDE and row.rule is not PUBLIC and (names := town.canaries.names(told)):
                    yield f"{way} {row.label} by {who}: {sorted(names)[:3]}"


def declared(town: Town) -> dict[str, set[str]]:
    """Who is answered with full numbers where they may be asked for."""
    home, numbers = town.found["household"], town.canaries.numbers
    asked: dict[str, Callable[[Client], Any]] = {
        "household-numbers, with a reason": lambda client: client.post(
            reverse("household-numbers", args=[home]), NEED
        ),
        "household-roster, full, with a reason": lambda client: client.post(
            reverse("household-roster"), {**NEED, "numbers": "full"}
        ),
        "household-roster, masked": lambda client: client.post(
            reverse("household-roster"), {"key": "k", "numbers": "masked"}
        ),
        "objection-detail, named": lambda client: client.get(
            reverse("objection-detail", args=[town.named.pk])
        ),
        "import-detail, of the register": lambda client: client.get(
            reverse("import-detail", args=[town.register.pk])
        ),
        "import-faults, of the register": lambda client: client.get(
            reverse("import-faults", args=[town.register.pk])
        ),
    }
    return {
        what: {who for who, client in town.clients.items() if numbers(body(ask(client)))}
        for what, ask in asked.items()
    }


def error_pages(town: Town) -> Iterator[bytes]:
    """What a failing page answers and logs, when numbers were typed into it."""
    sample = next(one for one, kind in town.canaries.kinds.items() if kind == "id")
    broken = Client(raise_request_exception=False)
    broken.force_login(town.world.clerk)
    with mock.patch("workflow.disclosures.show", side_effect=RuntimeError("planted fault")):
        address = reverse("household-numbers", args=[town.found["household"]])
        answer = broken.post(address, {**NEED, "reason": f"核对证号{sample}"})
    assert answer.status_code == 500
    yield content(answer)
    refused = Client(enforce_csrf_checks=True)
    refused.force_login(town.world.clerk)
    answer = refused.post(address, {**NEED, "reason": f"核对证号{sample}"})
    assert answer.status_code == 403
    yield content(answer)
    # Whoever types a number into an address is answered with it at most; the log must not keep it.
    Client().get(f"/nothing/{sample}/")


def written_database(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The database as it lies on a disk: SQLite's pages, the free ones too; PostgreSQL's dump in plain text."""
    if connection.vendor == "sqlite":
        copy = folder / "database.sqlite3"
        with closing(sqlite3.connect(copy)) as into:
            connection.connection.backup(into)
        yield "raw database file", copy.read_bytes()
        with mock.patch.object(backups, "_file", return_value=copy):
            backups.write(folder / "backup.tar", at=town_time())
        yield "backup", (folder / "backup.tar").read_bytes()
        return
    given = connection.settings_dict
    place = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    environment = {**os.environ, **{name: f"{given[key]}" for name, key in place.items() if given[key]}}
    dump = subprocess.run(["pg_dump"], env=environment, capture_output=True, check=True).stdout
    assert b"COPY public.registry_member" in dump
    yield "pg_dump", dump
    backups.write(folder / "backup.tar", at=town_time())
    call = ["tar", "-xOf", f"{folder / 'backup.tar'}", "database.dump"]
    custom = subprocess.run(call, capture_output=True, check=True).stdout
    text = subprocess.run(["pg_restore", "--file=-"], input=custom, capture_output=True, check=True).stdout
    assert b"COPY public.registry_member" in text
    yield "backup", text
    yield "backup as it lies", (folder / "backup.tar").read_bytes()


def town_time() -> datetime:
    return datetime.now(tz=UTC)


def files_under(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"{path.relative_to(folder)}", path.read_bytes()


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[DailyFile]:
    """The log as settings lay it out, with everything an installation may be told to say, in a folder of its own."""
    made = DailyFile(str(tmp_path / "log"))
    given = django_settings.LOGGING["handlers"]["file"]
    made.setFormatter(logging.Formatter(django_settings.LOGGING["formatters"][given["formatter"]]["format"]))
    for one in (tracing.Traced(), Numberless()):
        made.addFilter(one)
    assert given["filters"] == ["traced", "stacks", "numberless"]
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(made)
    root.setLevel(logging.INFO)
    yield made
    root.setLevel(level)
    root.removeHandler(made)
    made.close()


@pytest.mark.broker
@pytest.mark.django_db(transaction=True)
def test_no_full_number_stands_outside_the_declared_cells(
    world: World,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    log_file: DailyFile,
) -> None:
    temporary, mails = tmp_path / "temporary", tmp_path / "mails"
    for folder in (temporary, mails):
        folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = mails
    broker = Path(django_settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"]).parent
    monkeypatch.setattr(django_settings, "BROKER_DIR", broker)
    call_command("reset_broker", verbosity=0)
    settings.LOG_DIR = log_file.folder
    cache.clear()
    if connection.vendor == "postgresql":
        # Said before the work: without the dump half of the matter would be shown, and would look like all of it.
        for tool in ("pg_dump", "pg_restore"):
            need(shutil.which(tool) is not None, tool)
    town = Town(world)
    numbers, names = town.canaries.numbers, town.canaries.names
    assert list(town.canaries.kinds.values()).count("id") > HOMES

    with clock_at(town.world.now):
        # Pages say the same on any database; what is written differs.
        wrong = list(pages(town)) if connection.vendor == "sqlite" else []
        told = declared(town)
        for answer in error_pages(town):
            wrong += [f"error page: {leak}" for leak in numbers(answer) | names(answer)]
    assert not wrong, "\n".join(wrong[:20])
    assert told == DECLARED

    outbox.drain(now=town.world.now + timedelta(days=1))
    seen = dict.fromkeys(("mails", "broker", "outbox", "sessions"), 0)
    for where, folder in (("mails", mails), ("broker", broker), ("temporary files", temporary)):
        for name, written in files_under(folder):
            seen[where] = seen.get(where, 0) + 1
            leaks = numbers(written) | (names(written) if where != "mails" else set())
            wrong += [f"{where}, {name}: {leak}" for leak in leaks]
    for row in Message.objects.values():
        seen["outbox"] += 1
        wrong += [f"outbox: {leak}" for leak in numbers(repr(row).encode())]
    for session in Session.objects.all():
        seen["sessions"] += 1
        kept = repr(session.get_decoded()).encode()
        wrong += [f"session: {leak}" for leak in numbers(kept) | names(kept)]
    log = b"".join(written for _, written in files_under(Path(settings.LOG_DIR)))
    wrong += [f"log: {leak}" for leak in numbers(log) | names(log)]
    assert all(word in log for word in (b"planted fault", b"access.refused", b"/nothing/"))
    for where, written in written_database(tmp_path):
        assert len(written) > 500_000, where
        wrong += [f"{where}: {leak}" for leak in list(numbers(written))[:3]]
    assert not wrong, "\n".join(wrong[:20])
    assert min(seen.values()) > 0, seen
