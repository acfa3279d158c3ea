"""Known faults of what is pinned (pip-audit): 0 none, 1 some or a package nobody knows, 75 nobody could be asked.

pip-audit passes over a package that the service does not know and then says that nothing is wrong. So a release with
faults known for years is asked for first: a service that finds none of them has not answered.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CANARY = "django==2.0"
"""Dozens of faults were published for it from 2018 on."""
FOUND, NOT_ASKED = 1, 75
SERVICES = ("pypi", "osv")
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")


def ask(service: str, requirements: Path) -> dict[str, Any] | str:
    """What the service says of the pinned packages; where it does not answer, the last line of why."""
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json"]
    command += ["--vulnerability-service", service, "--timeout", "15", "--no-deps", "--disable-pip"]
    command += ["--requirement", str(requirements)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return "no answer within five minutes"
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        lines = done.stderr.strip().splitlines() or ["no answer"]
        return lines[-1]
    return answer


def packages(answer: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The faults found, and the packages that the service knows nothing of."""
    found, skipped = [], []
    for one in answer["dependencies"]:
        if "skip_reason" in one:
            skipped.append(one["name"])
        found += [f"{one['name']} {one['version']}: {fault['id']}" for fault in one.get("vulns", [])]
    return found, skipped


def pinned() -> str:
    """The pinned lines of both files, without reasons and references, as pip-audit reads them."""
    lines = [line for name in REQUIREMENTS for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return "\n".join(line.partition("#")[0].strip() for line in lines if "==" in line.partition("#")[0])


def service_that_answers(folder: Path) -> str | None:
    """The first service that knows the faults of the canary; the others' reasons are printed."""
    canary = folder / "canary.txt"
    canary.write_text(f"{CANARY}\n", encoding="utf-8")
    for service in SERVICES:
        answer = ask(service, canary)
        if isinstance(answer, dict) and packages(answer)[0]:
            return service
        why = answer if isinstance(answer, str) else f"it knows no fault of {CANARY}"
        print(f"{service}: not reached ({why})")
    return None


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = service_that_answers(folder)
        if service is None:
            print(
                "NOT CHECKED: no vulnerability service could be asked; nothing is known of the pinned packages."
            )
            return NOT_ASKED
        wanted = folder / "pinned.txt"
        wanted.write_text(pinned(), encoding="utf-8")
        answer = ask(service, wanted)
    if isinstance(answer, str):
        print(f"NOT CHECKED: {service} answered for the canary only ({answer}).")
        return NOT_ASKED
    found, skipped = packages(answer)
    asked = len(answer["dependencies"]) - len(skipped)
    print(f"{service} was asked of {asked} packages; {len(found)} known faults")
    for line in found:
        print(f"  {line}")
    if skipped:
        print(f"NOT CHECKED, unknown to the service: {', '.join(skipped)}")
    # The service was there: what it passed over is a pin to look at, not silence to live with.
    return FOUND if found or skipped else 0


if __name__ == "__main__":
    raise SystemExit(main())
