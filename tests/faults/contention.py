"""Many at one case and many times one form, over HTTP and from processes of their own."""

import json
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import requests

from tests.faults.loader import HIDDEN, TYPED, Asked, Ledger, Officer
from tests.faults.system import ROOT, System

TURNS = ("pass", "take_back")
"""One case goes to and fro, so that each round has something to decide."""

CHOSEN = re.compile(r'<select name="(payee)".*?<option value="(\d+)" selected', re.DOTALL)
"""What a person leaves as it stands in a form of choices."""


@dataclass
class Contest:
    """The answers of each round, and how long each answer took."""

    rounds: list[Counter[str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99) - 1]

    def wrong(self, expected: dict[str, int]) -> list[Counter[str]]:
        return [answers for answers in self.rounds if answers != expected]


def approvers_over_http(
    system: System, facts: dict[str, Any], *, threads: int, rounds: int, seconds: float = 3600
) -> Contest:
    """So many browsers post their decision on one case at the same moment; rounds beyond the seconds are left out."""
    contest, case, end = Contest(), facts["ready"][0], time.monotonic() + seconds
    officers = [_signed_in(system, facts, role) for role in ("clerk", "second_clerk")]
    gate = threading.Barrier(threads)

    def post(number: int, slug: str, revision: str) -> tuple[str, float]:
        # A session of its own with the cookies of its person: requests' own is not made for several threads.
        officer = officers[number % 2]
        values = {**TYPED[slug], "revision": revision, "key": uuid4().hex}
        values["csrfmiddlewaretoken"] = officer.session.cookies["csrftoken"]
        with requests.Session() as browser:
            browser.cookies.update(officer.session.cookies)
            gate.wait(60)
            began = time.monotonic()
            address = f"{system.base}/applications/{case}/{slug}/"
            answer = browser.post(address, data=values, timeout=60, allow_redirects=False)
            return str(answer.status_code), time.monotonic() - began

    with ThreadPoolExecutor(threads) as pool:
        for number in range(rounds):
            # Only after a way to and fro: whoever comes next finds the case where it lay.
            if time.monotonic() > end and number % 2 == 0:
                break
            slug = TURNS[number % 2]
            page = officers[0].get(f"/applications/{case}/{slug}/")
            assert page is not None
            revision = dict(HIDDEN.findall(page.text))["revision"]
            answers = list(pool.map(lambda n, s=slug, r=revision: post(n, s, r), range(threads)))
            contest.rounds.append(Counter(status for status, _ in answers))
            contest.seconds += [seconds for _, seconds in answers]
    return contest


def stale_forms(system: System, facts: dict[str, Any], *, times: int) -> list[str]:
    """R-04: a form is loaded, the case is sent back, changed in its amount and handed in again, the form is sent.

    Gives whatever was not answered as it should be: the old form has to be refused each time.
    """
    case, wrong = facts["ready"][0], []
    first, second = (_signed_in(system, facts, role) for role in ("clerk", "second_clerk"))

    def hidden(officer: Officer, slug: str) -> dict[str, str]:
        page = officer.get(f"/applications/{case}/{slug}/")
        assert page is not None
        return dict(HIDDEN.findall(page.text)) | dict(CHOSEN.findall(page.text))

    def send(officer: Officer, slug: str, values: dict[str, str]) -> Asked:
        return officer.post(f"/applications/{case}/{slug}/", values, Asked(values["key"], slug, case))

    for number in range(times):
        old = hidden(first, "pass") | TYPED["pass"]
        for slug, typed in (
            ("send_back", TYPED["send_back"]),
            ("amend", {"quantity": str(2 + number % 5), "committed": "on"}),
            ("resubmit", TYPED["resubmit"]),
        ):
            done = send(second, slug, hidden(second, slug) | typed)
            if not done.done:
                wrong.append(f"{slug} was answered {done.refused}")
        late = send(first, "pass", old)
        if late.done or late.refused != 409:
            wrong.append(f"the old form was answered {'as done' if late.done else late.refused}")
    return wrong + first.ledger.faults + second.ledger.faults


@contextmanager
def contenders(system: System, facts: dict[str, Any], number: int, *options: str) -> Iterator[list[Any]]:
    """Processes that wait for their signal."""
    people = [facts["people"]["clerk"], facts["people"]["second_clerk"]]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.contender", people[n % 2], *options],
            cwd=ROOT,
            env=system.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(number)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield started
    finally:
        for process in started:
            assert process.stdin is not None
            process.stdin.close()
        for process in started:
            try:
                process.wait(30)
            finally:
                process.kill()
                process.wait(10)


def approvers_in_processes(
    system: System, facts: dict[str, Any], *, processes: int, rounds: int, options: Sequence[str] = ()
) -> Contest:
    """So many processes call the verb on one case at the same moment."""
    contest, case = Contest(), facts["ready"][1]
    with contenders(system, facts, processes, *options) as started:
        for number in range(rounds):
            told = {
                "case": case,
                "revision": system.sql(f"SELECT revision FROM applications_application WHERE id = {case}")[0][
                    0
                ],
                "act": TURNS[number % 2],
                "at": time.monotonic() + 0.02,
            }
            for process in started:
                process.stdin.write(json.dumps(told) + "\n")
                process.stdin.flush()
            answers = [json.loads(process.stdout.readline()) for process in started]
            contest.rounds.append(Counter(answer["word"] for answer in answers))
            contest.seconds += [answer["seconds"] for answer in answers]
    return contest


def same_key(
    system: System, facts: dict[str, Any], *, keys: int, times: int, threads: int, seed: int
) -> tuple[int, list[str]]:
    """Entries sent several times each under one key, in any order; the number of cases, and what is wrong."""
    ledger = Ledger()
    officers = [_signed_in(system, facts, role, ledger) for role in ("clerk", "second_clerk")]
    before = _cases(system)
    forms = []
    for number in range(keys):
        household = facts["households"].pop()
        path = f"/applications/new/?household={household}&programme={facts['programme']}"
        values = {"quantity": "3", "applied_on": "2021-03-10", "committed": "on", "key": uuid4().hex}
        forms += [(number, path, values)] * times
    random.Random(seed).shuffle(forms)

    def send(form: tuple[int, str, dict[str, str]]) -> tuple[int, int]:
        number, path, values = form
        mine = Officer(system, "", ledger)
        mine.session.cookies.update(officers[number % 2].session.cookies)
        asked = mine.post(path, values, Asked(values["key"], "enter", 0))
        mine.session.close()
        return number, asked.case if asked.done else -asked.refused

    with ThreadPoolExecutor(threads) as pool:
        answers = set(pool.map(send, forms))
    # One answer per key, and each of them another case.
    wrong = [] if len(answers) == keys else [f"{len(answers)} different answers for {keys} keys"]
    wrong += [f"key {number} was answered {-case}" for number, case in answers if case <= 0]
    return _cases(system) - before, wrong + ledger.faults


def _cases(system: System) -> int:
    return int(system.sql("SELECT count(*) FROM applications_application")[0][0])


def _signed_in(system: System, facts: dict[str, Any], role: str, ledger: Ledger | None = None) -> Officer:
    officer = Officer(system, facts["people"][role], ledger or Ledger())
    officer.sign_in()
    return officer
