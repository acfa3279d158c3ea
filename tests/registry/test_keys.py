"""The key file: made once, private, complete; old keys still open what they sealed."""

import base64
import json
import os
import stat
from pathlib import Path

import pytest
from pytest_django import Settings

from registry import sensitive

PLACE = "t.c:1"


@pytest.fixture
def keys(tmp_path: Path, settings: Settings) -> Path:
    path = tmp_path / "keys.json"
    sensitive.write_key_file(path)
    settings.SENSITIVE_KEY_FILE = path
    return path


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    sensitive.forget_keys()


def test_a_new_key_file_is_private_and_complete(keys: Path) -> None:
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    content = json.loads(keys.read_text())
    assert content["current"] == "k1"
    assert [len(base64.b64decode(key)) for key in (*content["keys"].values(), content["index"])] == [32, 32]
    assert content["keys"]["k1"] != content["index"]


def test_a_key_file_is_never_overwritten(keys: Path) -> None:
    before = keys.read_bytes()
    with pytest.raises(sensitive.KeyFileUnusable, match="不能覆盖"):
        sensitive.write_key_file(keys)
    assert keys.read_bytes() == before


def test_a_missing_key_file_is_a_clear_error(tmp_path: Path, settings: Settings) -> None:
    settings.SENSITIVE_KEY_FILE = tmp_path / "nowhere.json"
    with pytest.raises(sensitive.KeyFileUnusable, match="init_keys"):
        sensitive.seal("x", place=PLACE)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_reach_is_refused(keys: Path, mode: int) -> None:
    keys.chmod(mode)
    sensitive.forget_keys()
    with pytest.raises(sensitive.KeyFileUnusable, match="600"):
        sensitive.keyring()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"current": "k1", "keys": {"k1": "AAAA"}, "index": "AAAA"}']
)
def test_a_damaged_key_file_is_a_clear_error(keys: Path, content: str) -> None:
    keys.write_text(content)
    sensitive.forget_keys()
    with pytest.raises(sensitive.KeyFileUnusable, match="损坏"):
        sensitive.keyring()


@pytest.mark.parametrize("changes", [{"current": "k2"}, {"keys": {}}])
def test_a_key_file_without_its_current_key_is_refused(keys: Path, changes: dict[str, object]) -> None:
    rewrite(keys, **changes)
    with pytest.raises(sensitive.KeyFileUnusable, match="没有当前密钥"):
        sensitive.keyring()


def test_a_key_id_with_a_colon_is_refused(keys: Path) -> None:
    old = json.loads(keys.read_text())["keys"]["k1"]
    rewrite(keys, keys={"k1": old, "k:2": old})
    with pytest.raises(sensitive.KeyFileUnusable, match="不合规"):
        sensitive.keyring()


def test_a_new_current_key_seals_and_the_old_one_still_opens(keys: Path) -> None:
    old = sensitive.seal("旧", place=PLACE)
    content = json.loads(keys.read_text())
    fresh = base64.b64encode(os.urandom(32)).decode()
    rewrite(keys, current="k2", keys={**content["keys"], "k2": fresh})
    new = sensitive.seal("新", place=PLACE)
    assert (old.split(":")[1], new.split(":")[1]) == ("k1", "k2")
    assert (sensitive.unseal(old, place=PLACE), sensitive.unseal(new, place=PLACE)) == ("旧", "新")
    rewrite(keys, keys={"k2": fresh})
    with pytest.raises(sensitive.UnknownKey, match="k1"):
        sensitive.unseal(old, place=PLACE)


def test_the_keys_do_not_show_in_a_traceback(keys: Path) -> None:
    content = json.loads(keys.read_text())
    assert repr(sensitive.keyring()) == "Keyring(current='k1')"
    assert content["index"] not in repr(sensitive.keyring())
