"""Run in a disposable system, several at once: each does the act it is told at the moment it is told.

A line of JSON in ({"case", "revision", "act", "at"}, `at` by the machine's monotonic clock), a line of JSON out.
With `unguarded` the row lock, the comparison and the condition on the state are taken out of the engine.
"""

import json
import sys
import time
from typing import Any

import django

django.setup()

from applications.models import Application  # noqa: E402
from applications.models.application import ApplicationQuerySet  # noqa: E402
from applications.states import State  # noqa: E402
from registry import clock  # noqa: E402
from registry.models import User  # noqa: E402
from registry.refusal import Refused  # noqa: E402
from workflow import engine, reviews  # noqa: E402
from workflow.results import Ref  # noqa: E402


def act(told: dict[str, Any], person: User) -> dict[str, Any]:
    ref = [Ref(told["case"], told["revision"])]
    began = time.monotonic()
    try:
        if told["act"] == "pass":
            (result,) = reviews.pass_on(ref, by=person, now=clock.now())
        else:
            (result,) = reviews.take_back(ref, by=person, now=clock.now(), opinion="再核一次。")
        word = "done" if result.done else "conflict" if result.conflict else "refused"
    except Refused as refused:
        word = f"refused: {refused.sentence}"
    except Exception as failure:
        word = f"{type(failure).__name__}: {failure}"
    return {"word": word, "seconds": time.monotonic() - began}


def take_out_the_guards() -> None:
    def unlocked(refs: Any, *, postings: Any = ()) -> engine.Locked:
        rows = Application.objects.select_related(
            "programme__region", "village", "household", "member", "payee", "entered_by"
        )
        found = {case.pk: case for case in rows.filter(pk__in=[ref.pk for ref in refs])}
        time.sleep(0.3)
        return engine.Locked({}, found)

    def unconditional(rows: ApplicationQuerySet, *, source: State, target: State, **values: Any) -> int:
        return super(ApplicationQuerySet, rows).update(state=target, **values)

    engine.locked = unlocked
    engine.compare = lambda application, ref: None
    ApplicationQuerySet.move = unconditional  # type: ignore[method-assign]


def main(username: str, *options: str) -> None:
    if "unguarded" in options:
        take_out_the_guards()
    person = User.objects.get(username=username)
    clock.now()
    print("ready", flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        time.sleep(max(0.0, told["at"] - time.monotonic()))
        print(json.dumps(act(told, person)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
