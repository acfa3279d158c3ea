"""Failing at the n-th statement of an act, or at its commit, as a database that goes away would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection

from tests.workflow import written
from workflow.results import Result

MOST = 120
"""More statements than any verb on one case sends."""
Act = Callable[[], Any]
ASIDE = ("SAVEPOINT", "RELEASE", "ROLLBACK")
"""What Django sends to undo: a database that fails there has undone everything by itself."""


class Broken(OperationalError):
    """The failure that a test has put there."""


@contextmanager
def statement(number: int) -> Iterator[list[str]]:
    """The statement with this number fails, once; gives the statements that were asked for."""
    asked: list[str] = []

    def ask(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(ASIDE):
            asked.append(sql)
            if len(asked) == number:
                raise Broken(f"statement {number}: {sql[:60]}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(ask):
        yield asked


@contextmanager
def commit() -> Iterator[list[str]]:
    """The first commit fails before it has taken place; gives a word for each that was asked for."""
    asked: list[str] = []
    kept = connection.commit

    def ask() -> None:
        asked.append("commit")
        if len(asked) == 1:
            raise Broken("commit")
        kept()

    connection.commit = ask  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        connection.commit = kept  # type: ignore[method-assign]


def done(answer: Any) -> Any:
    """A verb that was refused would prove nothing."""
    for result in answer if isinstance(answer, list) else [answer]:
        if isinstance(result, Result):
            assert result.done, result.sentence
    return answer


def fails_everywhere(act: Act, *, look: Callable[[], Any] = written.everything) -> int:
    """Fail at the commit, then at statement 1, 2, 3 … until the act gets through; each time no row may have changed."""
    before = look()
    with commit() as asked:
        try:
            act()
        except Broken:
            pass
        else:
            raise AssertionError("the commit did not fail")
    assert asked
    assert look() == before, "changed although the commit failed"
    for number in range(1, MOST):
        with statement(number) as asked:
            try:
                answer = act()
            except Broken:
                assert look() == before, f"changed although statement {number} failed: {asked[-1]}"
                continue
        # What fails after the commit (a file to be cleared away) is told to the log, and the act stands.
        assert len(asked) in (number - 1, number)
        done(answer)
        assert look() != before
        return number - 1
    raise AssertionError(f"more than {MOST} statements")
