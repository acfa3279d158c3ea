"""What a verb answers: one result per case, and the references by which a caller names cases."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from applications.models import Application
from registry.refusal import Refused


@dataclass(frozen=True)
class Ref:
    """A case as the caller saw it. `revision` None is for the system's own sweeps, which re-read under lock."""

    pk: int
    revision: int | None = None

    @classmethod
    def of(cls, application: Application) -> "Ref":
        return cls(application.pk, application.revision)


@dataclass(frozen=True)
class Change:
    """One thing that happened to a case since a form was loaded."""

    at: str
    by: str
    text: str


class Conflict(Refused):
    """The case was changed after the form was loaded: what changed, and by whom."""

    def __init__(self, sentence: str, changes: Sequence[Change] = ()) -> None:
        super().__init__(sentence)
        self.changes = tuple(changes)


@dataclass(frozen=True)
class Result:
    """The verb's answer for one case: done, or refused with a sentence."""

    pk: int
    number: str
    done: bool
    sentence: str = ""
    conflict: bool = False
    changes: tuple[Change, ...] = field(default=())
    data: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For the receipt that answers a repeated click."""
        return {
            "pk": self.pk,
            "number": self.number,
            "done": self.done,
            "sentence": self.sentence,
            "conflict": self.conflict,
            "changes": [asdict(change) for change in self.changes],
            "data": self.data,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Result":
        changes = tuple(Change(**change) for change in data.get("changes", ()))
        return cls(**{**data, "changes": changes})


def refusal(application: Application, refused: Refused) -> Result:
    """The result of a case that was refused."""
    conflict = isinstance(refused, Conflict)
    changes = refused.changes if isinstance(refused, Conflict) else ()
    return Result(application.pk, application.number, False, refused.sentence, conflict, changes)


def one(results: Iterable[Result]) -> Result:
    """The only result of a verb on one case; a refusal is raised again as such."""
    (result,) = results
    if result.done:
        return result
    if result.conflict:
        raise Conflict(result.sentence, result.changes)
    raise Refused(result.sentence)
