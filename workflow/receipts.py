"""The same form sent twice (double click, retry): the second answer is the first result."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from registry.refusal import Refused
from workflow.models import Receipt
from workflow.results import Result


class KeyOfAnother(Refused):
    """The idempotency key was used by somebody else, or for another act."""

    def __init__(self) -> None:
        super().__init__("该操作凭证已用于其他操作，请刷新页面后重试。")


def first(key: str | None, *, act: str, by: int | None, at: datetime) -> list[Result] | None:
    """Claim the key for this attempt; where it was used before, the result of then.

    Inside the verb's transaction: a second click waits at the unique key until the first has committed.
    """
    if not key:
        return None
    attempt = uuid4()
    Receipt.objects.bulk_create(
        [Receipt(key=key, attempt=attempt, act=act, by_id=by, at=at)], ignore_conflicts=True
    )
    receipt = Receipt.objects.get(key=key)
    if receipt.attempt == attempt:
        return None
    if receipt.by_id != by or receipt.act != act:
        raise KeyOfAnother
    return [Result.from_json(data) for data in receipt.result]


def holds(key: str) -> bool:
    """Whether something was done under this key already."""
    return Receipt.objects.filter(key=key).exists()


def keep(key: str | None, results: Sequence[Result]) -> None:
    """Write down what the act answered."""
    if key:
        Receipt.objects.filter(key=key).update(result=[result.as_json() for result in results])
