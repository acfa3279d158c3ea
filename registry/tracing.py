"""Two ids in every log line: of the request that began it all (追踪编号), handed on from task to task, and of the task."""

import logging
import re
from contextvars import ContextVar
from uuid import uuid4

HEADER = "X-Request-ID"
TASK_HEADER = "trace"
BEAT_HEADER = "beat"
NOBODY = "-"
_GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")

_trace: ContextVar[str] = ContextVar("trace", default=NOBODY)
_task: ContextVar[str] = ContextVar("task", default=NOBODY)


def current() -> str:
    """The id of the request or task that runs here; a dash outside both."""
    return _trace.get()


def begin(given: str = "", *, task: str = "") -> str:
    """Take over the id of whoever asked, or make one; what is no plain id is not taken into the log."""
    made = given if _GIVEN.fullmatch(given) else uuid4().hex[:16]
    _trace.set(made)
    _task.set(task if _GIVEN.fullmatch(task) else NOBODY)
    return made


def end() -> None:
    """Nothing runs here any more."""
    _trace.set(NOBODY)
    _task.set(NOBODY)


class Traced(logging.Filter):
    """Put both ids on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.trace, record.task = current(), _task.get()
        return True
