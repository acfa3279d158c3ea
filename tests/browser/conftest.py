"""A live server with a township on it, its clock set to the tests' Monday, and windows to look at it."""

import pickle
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.core.cache import cache
from django.db import connection
from playwright.sync_api import Browser, expect, sync_playwright

from registry import clock
from registry.models import User
from tests import world as township
from tests.browser.visitor import PASSWORD, Visitor, opened
from tests.conftest import need
from tests.workflow.races import on_file
from tests.world import World
from workflow import sweeps

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]

Open = Callable[..., Visitor]
R = TypeVar("R")

# A machine that runs the whole suite answers late now and then.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for the tests of a module, gone before other tests run: its event loop stays in the thread."""
    need(CHROMIUM.exists(), "Chromium")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's loop runs in the thread of the tests, and Django takes their queries for a mistake.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            yield browser
            browser.close()


@dataclass
class Laid:
    """What tests lay out in the site's database: by the verbs the first time in a process, then as a copy of the file."""

    folder: Path
    given: dict[str, bytes] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], R]) -> R:
        """The name stands for what is there before, and for what is made: one name for one way."""
        if connection.vendor != "sqlite":
            return make()
        path = self.folder / f"{name}.sqlite3"
        connection.ensure_connection()
        if name not in self.given:
            self.given[name] = pickle.dumps(make())
            connection.connection.execute("VACUUM INTO ?", [str(path)])
        else:
            with closing(sqlite3.connect(path)) as file:
                file.backup(connection.connection)
        made: R = pickle.loads(self.given[name])
        return made


@pytest.fixture(scope="session")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Laid:
    return Laid(tmp_path_factory.mktemp("laid"))


def with_passwords() -> World:
    """The tests' township, whose people can sign in."""
    world = township.build()
    for user in User.objects.all():
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    return world


@pytest.fixture
def site(
    chromium: Browser,
    transactional_db: None,
    settings: Any,
    tmp_path: Path,
    laid: Laid,
) -> Iterator[World]:
    """The tests' township behind a live server, at nine on its Monday morning."""
    settings.STATIC_ROOT = settings.BASE_DIR / "static"
    settings.DEMO = True  # the clock may be set only in a demo
    # Whoever asks too often has to wait: on a quick machine one test would pay for what the tests before it asked.
    cache.clear()
    sqlite = connection.vendor == "sqlite"
    with on_file(tmp_path / "site.sqlite3") if sqlite else nullcontext():
        world = laid.once("township", with_passwords)
        set_clock(world.now)
        yield world


@pytest.fixture
def address(site: World, request: pytest.FixtureRequest) -> str:
    """Where the live server answers."""
    # Asked for only now: a server that starts on a database in memory shares one connection among its threads,
    # and Python's sqlite3 crashes under that.
    server = request.getfixturevalue("live_server")
    assert server.thread.connections_override == {}
    found: str = server.url
    return found


@pytest.fixture
def window(address: str, chromium: Browser) -> Iterator[Open]:
    """Opens windows; at the end none of their pages may have shown a fault."""
    seen: list[Visitor] = []

    def open_one(user: User | None = None, **look: bool) -> Visitor:
        visitor = opened(chromium, address, **look)
        seen.append(visitor)
        if user is not None:
            visitor.log_in(user)
        return visitor

    yield open_one
    for visitor in seen:
        visitor.page.context.close()
    assert [fault for visitor in seen for fault in visitor.faults] == []
    assert all(visitor.visited for visitor in seen)


def set_clock(moment: datetime) -> None:
    """Set the system's clock to a moment; from there it runs on."""
    clock.set_offset()
    gap = moment - clock.now()
    clock.set_offset(days=gap.days, seconds=gap.seconds)


def wait(days: int) -> None:
    """Let days pass, and let the sweep do what is due then."""
    clock.advance(days=days)
    done = sweeps.run(now=clock.now())
    assert done.failed == []
