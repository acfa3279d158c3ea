"""The virtual environment: when it counts as finished, and what happens when it cannot be made."""

import re
import sys
from pathlib import Path

import environment
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("# nothing\n", encoding="utf-8")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\n", encoding="utf-8")
    return tmp_path / "requirements-dev.txt"


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A stand-in for an environment: a folder whose Python starts."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return tmp_path / ".venv"


def finish(requirements: Path, venv: Path) -> None:
    stamp = environment.stamp_of(requirements, venv=venv)
    stamp.write_text(environment.fingerprint(requirements, venv=venv), encoding="utf-8")


def test_environment_is_finished_when_its_stamp_carries_the_fingerprint(
    requirements: Path, venv: Path
) -> None:
    assert not environment.is_finished(requirements, venv=venv)
    finish(requirements, venv)
    assert environment.is_finished(requirements, venv=venv)


@pytest.mark.parametrize("changed", ["requirements.txt", "requirements-dev.txt"])
def test_change_in_a_requirements_file_or_one_it_includes_unfinishes_the_environment(
    requirements: Path, venv: Path, changed: str
) -> None:
    finish(requirements, venv)
    with (requirements.parent / changed).open("a", encoding="utf-8") as file:
        file.write("# one more\n")
    assert not environment.is_finished(requirements, venv=venv)


def test_environment_moved_to_another_folder_is_not_finished(requirements: Path, venv: Path) -> None:
    finish(requirements, venv)
    moved = venv.rename(venv.with_name("moved"))
    assert not environment.is_finished(requirements, venv=moved)


def test_environment_whose_python_is_gone_is_not_finished(requirements: Path, venv: Path) -> None:
    finish(requirements, venv)
    (venv / "bin" / "python").unlink()
    assert not environment.is_finished(requirements, venv=venv)


def test_finished_environment_is_left_as_it_is(
    requirements: Path, venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(requirements, venv)
    before = sorted(venv.rglob("*"))
    monkeypatch.setattr(environment, "_install", lambda *given, **named: pytest.fail("installed again"))
    assert environment.ensure(requirements, venv=venv) == venv / "bin" / "python"
    assert sorted(venv.rglob("*")) == before
    assert capsys.readouterr().out == ""


def test_half_made_folder_is_removed_and_made_anew(requirements: Path) -> None:
    venv = requirements.parent / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / "cut-off").touch()
    python = environment.ensure(requirements, venv=venv)
    assert not (venv / "cut-off").exists()
    assert python.exists()
    assert sorted(stamp.name for stamp in venv.glob(".finished-*")) == [
        ".finished-requirements-dev.txt",
        ".finished-requirements.txt",
    ]
    assert environment.is_finished(requirements, venv=venv)


def test_failed_install_leaves_no_stamp_and_says_one_sentence(requirements: Path, venv: Path) -> None:
    finish(requirements, venv)
    requirements.write_text("./there-is-no-such-package\n", encoding="utf-8")
    with pytest.raises(environment.EnvironmentNotMade, match="依赖安装失败"):
        environment.ensure(requirements, venv=venv)
    assert list(venv.glob(".finished-*")) == []


@pytest.mark.parametrize(
    ("refused", "made"),
    [
        pytest.param([], True, id="all there"),
        pytest.param(["-m venv /"], True, id="no ensurepip"),
        pytest.param(["-m venv /", "--python"], False, id="no ensurepip and no pip"),
        pytest.param(["-m venv"], False, id="no venv module"),
    ],
)
def test_environment_without_ensurepip_is_made_with_the_systems_pip_or_the_package_is_named(
    requirements: Path, monkeypatch: pytest.MonkeyPatch, refused: list[str], made: bool
) -> None:
    venv = requirements.parent / ".venv"

    def runs(command: list[str | Path]) -> bool:
        line = " ".join(map(str, command))
        if "-m venv" in line:
            # As Debian does: a folder with bin/python stays behind even when it fails.
            (venv / "bin").mkdir(parents=True)
        if "-m pip" in line and str(venv / "bin" / "python") == str(command[0]):
            return False
        return not any(part in line for part in refused)

    monkeypatch.setattr(environment, "_runs", runs)
    monkeypatch.setattr(environment, "_install", lambda *given, **named: None)
    if made:
        environment.ensure(requirements, venv=venv)
        assert environment.stamp_of(requirements, venv=venv).is_file()
    else:
        with pytest.raises(environment.EnvironmentNotMade, match="python3-venv"):
            environment.ensure(requirements, venv=venv)
        assert not venv.exists()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_has_its_reason(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert [line for line in asked if not re.fullmatch(r"[\w\[\]-]+==[\d.]+ +# .{10,}", line)] == []
    assert asked
