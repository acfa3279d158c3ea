"""Failing at the n-th statement of an act, or at its commit, as a database that goes away would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection

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
