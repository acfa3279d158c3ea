"""One id per request or task (追踪编号), in every log line, so that what belongs together is found together."""

import logging
import re
from contextvars import ContextVar
from uuid import uuid4

HEADER = "X-Request-ID"
TASK_HEADER = "trace"
NOBODY = "-"
_GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")

_trace: ContextVar[str] = ContextVar("trace", default=NOBODY)


def current() -> str:
    """The id of the request or task that runs here; a dash outside both."""
    return _trace.get()


def begin(given: str = "") -> str:
    """Take over the id of whoever asked, or make one; what is no plain id is not taken into the log."""
    made = given if _GIVEN.fullmatch(given) else uuid4().hex[:16]
    _trace.set(made)
    return made


def end() -> None:
    """Nothing runs here any more."""
    _trace.set(NOBODY)


class Traced(logging.Filter):
    """Put the id on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.trace = current()
        return True
