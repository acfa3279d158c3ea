"""Rotating the keys: killed again and again, read all along, and the old key is of no use in the end."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from registry.sensitive import SensitiveField
from tests.registry.installation import Installation, filled

HOUSEHOLDS = 1500
COLUMNS = sorted(
    (model._meta.db_table, field.column)
    for model in apps.get_models()
    for field in model._meta.local_fields
    if isinstance(field, SensitiveField) and not model._meta.proxy
)
"""Every sealed column there is: a new one is counted without anybody thinking of it."""
READ = """
import pathlib, time
from django.db import transaction
from registry.models import Member
from registry.sensitive import blind_index
folder = pathlib.Path({folder!r})
known = {{row.pk: row.id_number for row in Member.objects.all()}}
(folder / "reading").touch()
rounds = 0
while not (folder / "enough").exists():
    rows = list(Member.objects.order_by("?")[:100])
    assert [row.id_number for row in rows] == [known[row.pk] for row in rows]
    for row in rows[:20]:
        # A look-up is one statement, a row has one index: whichever key it is under, it is found.
        assert Member.objects.get(id_number_index=blind_index(known[row.pk])).pk == row.pk
    rounds += 1
    time.sleep(0.02)
assert {{row.pk: row.id_number for row in Member.objects.all()}} == known
print(rounds)
"""


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest, migrated: str) -> Iterator[Installation]:
    with filled(tmp_path / "var", households=request.param, migrated=migrated) as made:
        yield made


def under(place: Installation, key: str) -> int:
    """How many values are sealed with a key."""
    return sum(by_column(place, key).values())


def by_column(place: Installation, key: str) -> dict[tuple[str, str], int]:
    """How many values of each column are sealed with a key."""
    return {
        (table, column): place.ask(f"SELECT count(*) FROM {table} WHERE {column} LIKE 'gcm1:{key}:%'")[0][0]
        for table, column in COLUMNS
    }


def wait_for(done: Path) -> None:
    until = time.monotonic() + 60
    while not done.exists():
        assert time.monotonic() < until
        time.sleep(0.1)


def killed_half_way(place: Installation, *, beyond: int) -> None:
    """Start a rotation and kill it outright once more than so many values are under the new key."""
    process = place.start("rotate_keys")
    while process.poll() is None and under(place, "k2") <= beyond:
        time.sleep(0.02)
    assert process.poll() is None, "the rotation was over before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("place", [HOUSEHOLDS], indirect=True)
def test_rotation_killed_twice_and_read_all_along_leaves_nothing_under_the_old_key(
    place: Installation,
) -> None:
    before, old = under(place, "k1"), json.loads(place.keys.read_text())
    assert before > 2 * HOUSEHOLDS
    columns = by_column(place, "k1")
    assert len(columns) >= 11
    assert not [column for column, values in columns.items() if not values], (
        "a column that holds nothing proves nothing"
    )
    reader = place.start("shell", "-v0", "-c", READ.format(folder=str(place.folder)))
    wait_for(place.folder / "reading")
    for beyond in (0, before // 4):
        killed_half_way(place, beyond=beyond)
        assert under(place, "k1") > 0
        assert under(place, "k2") > 0
        assert under(place, "k1") + under(place, "k2") == before
    kept_keys = place.keys.read_bytes()
    code, _, err = place.run("rotate_keys", "--forget-old")
    assert (code, "还没有完成" in err) == (1, True)
    assert place.keys.read_bytes() == kept_keys
    assert "密钥 k2" in place.do("rotate_keys")
    (place.folder / "enough").touch()
    out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    assert int(out) > 3
    assert (under(place, "k1"), under(place, "k2")) == (0, before)
    assert by_column(place, "k2") == columns
    kept = json.loads(place.keys.read_text())
    assert (kept["current"], sorted(kept["keys"]), "old_index" in kept) == ("k2", ["k1", "k2"], False)
    assert kept["index"] != old["index"]
    assert place.keys.stat().st_mode & 0o777 == 0o600
    assert "已从密钥文件移除：k1。" in place.do("rotate_keys", "--forget-old")
    assert sorted(json.loads(place.keys.read_text())["keys"]) == ["k2"]
    (place.folder / "enough").touch()
    again = place.do("shell", "-v0", "-c", READ.format(folder=str(place.folder)))
    assert again.strip() == "0"


@pytest.mark.parametrize("place", [2], indirect=True)
def test_value_that_cannot_be_opened_stops_the_rotation_with_its_place(place: Installation) -> None:
    assert not [column for column, values in by_column(place, "k1").items() if not values]
    (pk, sealed) = place.ask("SELECT id, id_number FROM registry_member ORDER BY id LIMIT 1")[0]
    place.do(
        "shell",
        "-v0",
        "-c",
        "from django.db import connection as c; cursor = c.cursor(); "
        f"cursor.execute(\"UPDATE registry_member SET id_number = '{sealed[:-6]}AAAAA=' WHERE id = {pk}\")",
    )
    code, _, err = place.run("rotate_keys")
    assert code == 1
    assert "registry_member.id_number:" in err
    assert "Traceback" not in err
