"""Officers at work over HTTP: each act is one form with its key; what is not answered is asked again by that key.

The ledger says of every key what the system answered in the end. `tests.faults.truth` holds it against the rows.
"""

import random
import re
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

import requests

from tests.faults.system import PASSWORD, System

HIDDEN = re.compile(r'name="(revision|key)"[^>]*?value="([^"]*)"')
CASE = re.compile(r"/applications/(\d+)/$")
PATIENCE = 120
"""Seconds after which an unanswered key is given up, which is a fault."""

TYPED = {
    "pass": {"opinion": "同意。"},
    "take_back": {"opinion": "再核一次。"},
    "send_back": {"faults": "缺少土地承包合同复印件"},
    "resubmit": {"opinion": ""},
}
NEXT = {
    "": ["pass", "send_back", "take_back", "resubmit"],
    "pass": ["take_back"],
    "take_back": ["pass", "send_back"],
    "send_back": ["resubmit"],
    "resubmit": ["pass", "send_back"],
}
"""What can be done after what, in a circle; where somebody else came in between, anything is tried."""


@dataclass
class Asked:
    """One act of one officer. `case` is 0 until an entry was answered; `refused` holds the status."""

    key: str
    act: str
    case: int
    done: bool = False
    refused: int = 0
    tries: int = 0
    unanswered: int = 0
    seconds: float = 0.0


@dataclass
class Ledger:
    """What all officers have asked, and every answer that no officer may get."""

    asked: list[Asked] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, one: Asked) -> None:
        with self.lock:
            self.asked.append(one)

    def count(self) -> None:
        with self.lock:
            self.requests += 1

    def fault(self, told: str) -> None:
        with self.lock:
            self.faults.append(told)

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(one) for one in self.asked]

    def summary(self) -> dict[str, int]:
        found = Counter("done" if one.done else f"refused {one.refused}" for one in self.asked)
        return {
            **found,
            "keys asked again": sum(one.unanswered > 0 for one in self.asked),
            "requests": self.requests,
        }


class Officer:
    """One person's browser. `strict`: an answer of 5xx is a fault; else it is as good as none (the database is down)."""

    def __init__(self, system: System, username: str, ledger: Ledger, *, strict: bool = True) -> None:
        self.system, self.username, self.ledger, self.strict = system, username, ledger, strict
        self.session = requests.Session()

    def sign_in(self) -> None:
        """Fresh cookies; repeated until it is answered."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.session = requests.Session()
            if self._send("GET", "/login/") is not None:
                answer = self._send("POST", "/login/", {"username": self.username, "password": PASSWORD})
                if answer is not None and answer.status_code == 302:
                    return
            time.sleep(0.3)
        raise AssertionError(f"{self.username} could not sign in")

    def get(self, path: str) -> requests.Response | None:
        """A page, or None where nobody answered."""
        answer = self._send("GET", path)
        if answer is not None and "/login/" in answer.headers.get("Location", ""):
            self.sign_in()
            return self._send("GET", path)
        return answer

    def post(self, path: str, values: dict[str, str], asked: Asked) -> Asked:
        """Send a form until it is answered: the same key each time."""
        end, began = time.monotonic() + PATIENCE, time.monotonic()
        while time.monotonic() < end:
            asked.tries += 1
            answer = self._send("POST", path, values)
            if answer is None:
                asked.unanswered += 1
                time.sleep(0.2)
                continue
            target = answer.headers.get("Location", "")
            if "/login/" in target:
                self.sign_in()
                continue
            asked.seconds = time.monotonic() - began
            asked.done = answer.status_code == 302
            asked.refused = 0 if asked.done else answer.status_code
            if asked.done and not asked.case:
                found = CASE.search(target)
                asked.case = int(found.group(1)) if found else 0
            if answer.status_code not in (302, 403, 409, 422):
                self.ledger.fault(f"{asked.act} was answered {answer.status_code}")
            return asked
        self.ledger.fault(f"{asked.act} with key {asked.key} was never answered")
        return asked

    def _send(self, method: str, path: str, values: dict[str, str] | None = None) -> requests.Response | None:
        self.ledger.count()
        data = None
        if values is not None:
            data = {**values, "csrfmiddlewaretoken": self.session.cookies.get("csrftoken", "")}
        try:
            answer = self.session.request(
                method, f"{self.system.base}{path}", data=data, timeout=(5, 40), allow_redirects=False
            )
        except requests.RequestException:
            return None
        if answer.status_code >= 500:
            if self.strict:
                self.ledger.fault(f"{method} {path} was answered {answer.status_code}")
            return None
        return answer


class Load:
    """Several officers working side by side until they are told to stop."""

    def __init__(
        self, system: System, facts: dict[str, Any], *, seed: int, officers: int = 3, strict: bool = True
    ) -> None:
        self.ledger = Ledger()
        self.cases = {"reviewer": list(facts["hanging"])}
        self.cases["clerk"] = self.cases["second_clerk"] = list(facts["ready"])
        self.last: dict[int, str] = {}
        self.households: list[int] = list(facts["households"])
        self.programme = facts["programme"]
        self.stop = threading.Event()
        self.pause = threading.Event()
        people = facts["people"]
        order = ["clerk", "second_clerk", "reviewer"]
        self.threads = [
            threading.Thread(
                target=self._work,
                args=(
                    Officer(system, people[role], self.ledger, strict=strict),
                    role,
                    random.Random(f"{seed} {n}"),
                ),
                name=f"{role} {n}",
                daemon=True,
            )
            for n, role in ((n, order[n % len(order)]) for n in range(officers))
        ]

    def begin(self) -> None:
        for thread in self.threads:
            thread.start()

    def end(self) -> Ledger:
        """Let everybody finish what they are at."""
        self.stop.set()
        for thread in self.threads:
            thread.join(PATIENCE + 60)
            assert not thread.is_alive(), f"{thread.name} did not come to an end"
        return self.ledger

    def _work(self, officer: Officer, role: str, chance: random.Random) -> None:
        try:
            officer.sign_in()
            while not self.stop.is_set():
                if role != "reviewer" and self.households and chance.random() < 0.05:
                    self._enter(officer)
                else:
                    self._act(officer, role, chance)
        except Exception as failure:
            self.ledger.fault(f"{role}: {type(failure).__name__}: {failure}")

    def _act(self, officer: Officer, role: str, chance: random.Random) -> None:
        """Open a case's form and send it; now and then send it twice, as impatient people do."""
        case = chance.choice(self.cases[role])
        slug = chance.choice(NEXT[self.last.get(case, "")])
        values = TYPED[slug]
        path = f"/applications/{case}/{slug}/"
        page = officer.get(path)
        if page is None or page.status_code != 200:
            # Nobody answered, or the case is at another step now, or still on display.
            self.last.pop(case, None)
            time.sleep(0.05)
            return
        hidden = dict(HIDDEN.findall(page.text))
        asked = Asked(hidden["key"], slug, case)
        officer.post(path, {**values, **hidden}, asked)
        self.ledger.note(asked)
        self.last[case] = slug if asked.done else ""
        if asked.done and chance.random() < 0.1:
            again = officer.post(path, {**values, **hidden}, Asked(hidden["key"], slug, case))
            if not again.done:
                self.ledger.fault(f"{slug} sent twice was answered {again.refused} the second time")

    def _enter(self, officer: Officer) -> None:
        with self.ledger.lock:
            household = self.households.pop()
        path = f"/applications/new/?household={household}&programme={self.programme}"
        values = {"quantity": "3", "applied_on": "2021-03-10", "committed": "on", "key": uuid4().hex}
        asked = officer.post(path, values, Asked(values["key"], "enter", 0))
        self.ledger.note(asked)
        if not asked.done:
            self.ledger.fault(f"an entry was answered {asked.refused}")
            return
        path = f"/applications/{asked.case}/submit/"
        key = uuid4().hex
        handed = officer.post(path, {"revision": "1", "key": key}, Asked(key, "submit", asked.case))
        self.ledger.note(handed)
        if not handed.done:
            self.ledger.fault(f"a hand-in was answered {handed.refused}")
