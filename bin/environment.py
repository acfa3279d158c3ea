"""Make the virtual environment `.venv` from a requirements file, and know whether it is finished.

Standard library only: it runs before anything is installed. `python3 bin/environment.py requirements-dev.txt`
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV_MISSING = (
    "无法建立虚拟环境：请先安装 Debian 软件包 python3-venv（apt-get install python3-venv），再运行一次。"
    " / The virtual environment cannot be made: install the Debian package python3-venv and run this again."
)
INSTALL_FAILED = (
    "依赖安装失败，原因见上面几行；请检查软件包索引是否可以访问，再运行一次。"
    " / The dependencies could not be installed (see above): check the package index and run this again."
)


class EnvironmentNotMade(Exception):
    """Why there is no environment, in one sentence for the person at the keyboard."""


def requirement_files(path: Path) -> list[Path]:
    """A requirements file and those it includes by `-r`, itself last."""
    included: list[Path] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        named = re.match(r"-r\s+(\S+)", line)
        if named:
            included += requirement_files(path.parent / named.group(1))
    return [*included, path]


def place(venv: Path) -> str:
    """Where an environment stands and for which Python: its scripts name both, it is of no use elsewhere."""
    return "{} for Python {}.{}".format(venv, *sys.version_info[:2])


def fingerprint(path: Path, *, venv: Path) -> str:
    """What a finished environment was made from: its place, then the hash of the requirements."""
    digest = hashlib.sha256()
    for part in requirement_files(path):
        digest.update(part.read_bytes())
    return f"{place(venv)}\n{digest.hexdigest()}\n"


def stamp_of(path: Path, *, venv: Path) -> Path:
    return venv / f".finished-{path.name}"


def is_finished(path: Path, *, venv: Path) -> bool:
    """An environment is finished when its stamp carries the present fingerprint and its Python starts."""
    stamp = stamp_of(path, venv=venv)
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != fingerprint(path, venv=venv):
        return False
    return _runs([venv / "bin" / "python", "-c", ""])


def ensure(path: Path, *, venv: Path) -> Path:
    """Make the environment unless it is finished; answer with its Python."""
    python = venv / "bin" / "python"
    # Two starts at once must not build into one folder; the lock goes with the process.
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if is_finished(path, venv=venv):
            return python
        print(f"正在准备运行环境 {venv.name}（{path.name}），第一次需要几分钟……", flush=True)
        began = time.monotonic()
        if not _is_usable(venv):
            _make(venv)
        # Without a stamp the next start begins anew: an install cut off half-way is never taken for whole.
        for stamp in venv.glob(".finished-*"):
            stamp.unlink()
        _install(path, venv=venv)
        for part in requirement_files(path):
            stamp_of(part, venv=venv).write_text(fingerprint(part, venv=venv), encoding="utf-8")
        print(f"运行环境已就绪（{time.monotonic() - began:.0f} 秒）。", flush=True)
    return python


def _is_usable(venv: Path) -> bool:
    """Whether packages may be added to it: once finished, at this place, and its Python starts."""
    stamps = [stamp.read_text(encoding="utf-8") for stamp in venv.glob(".finished-*")]
    return any(text.startswith(place(venv)) for text in stamps) and _runs([venv / "bin" / "python", "-c", ""])


def _make(venv: Path) -> None:
    """Make an empty environment with pip, or one that the system's pip can install into."""
    # Debian without python3-venv leaves a folder with bin/python and no pip.
    shutil.rmtree(venv, ignore_errors=True)
    if _runs([sys.executable, "-m", "venv", venv]):
        return
    shutil.rmtree(venv, ignore_errors=True)
    if not _runs([sys.executable, "-m", "venv", "--without-pip", venv]) or not _runs(
        [*_pip(venv), "--version"]
    ):
        shutil.rmtree(venv, ignore_errors=True)
        raise EnvironmentNotMade(VENV_MISSING)


def _runs(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _pip(venv: Path) -> list[str | Path]:
    python = venv / "bin" / "python"
    if _runs([python, "-m", "pip", "--version"]):
        return [python, "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", python]


def _install(path: Path, *, venv: Path) -> None:
    command = [*_pip(venv), "install", "-qq", "--disable-pip-version-check", "--no-input", "-r", path]
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode != 0:
        raise EnvironmentNotMade(INSTALL_FAILED)


def main(arguments: list[str]) -> int:
    try:
        ensure(ROOT / arguments[0], venv=ROOT / ".venv")
    except EnvironmentNotMade as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
