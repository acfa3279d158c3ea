"""What the tests of sheets and objections share: a list of any length, and what a refusal leaves as it was."""

from typing import Any

from applications.models import Application
from applications.states import State
from tests import stages
from tests.workflow.views.pages import everything
from tests.world import World
from workflow import sheets
from workflow.models import DisplayAct, Objection, Posting, PostingEntry, PostingKind


def all_rows() -> dict[str, Any]:
    """Cases, sheets, entries, acts of display and objections as they are now."""
    return {
        **everything(),
        "postings": list(Posting.objects.order_by("pk").values("pk", "state", "revision", "number", "title")),
        "entries": list(PostingEntry.objects.order_by("pk").values("pk", "posting", "outcome", "row")),
        "acts": DisplayAct.objects.count(),
        "objections": list(Objection.objects.order_by("pk").values("pk", "state", "revision", "outcome")),
    }


def waiting(
    world: World, count: int, *, village: int = 0, names: list[str] | None = None
) -> list[Application]:
    """Cases of the village that wait for its sheet."""
    cases = [
        stages.submitted(world, village=village, household=world.household(village=village, name=name))
        for name in (names or [""] * count)
    ]
    stages.passed(world, cases, by=world.clerks[village], now=world.now)
    return [stages.again(case) for case in cases]


def on_display(world: World, count: int, *, village: int = 0, names: list[str] | None = None) -> Posting:
    """A village sheet on display since the world's moment."""
    cases = waiting(world, count, village=village, names=names)
    return stages.displayed(world, cases, kind=PostingKind.VILLAGE, now=world.now, village=village)


def crowd(posting: Posting, count: int) -> Posting:
    """Fill a displayed sheet up to this many rows, sealed anew; for counting statements only."""
    first = posting.entries.select_related("application").get(position=1)
    drafts = Application.objects.bulk_create(
        Application(
            number=f"示例-{posting.pk}-{position:05d}",
            state=State.DRAFT,
            **{
                name: getattr(first.application, name)
                for name in (
                    "programme_id",
                    "village_id",
                    "household_id",
                    "payee_id",
                    "entered_by_id",
                    "entered_at",
                    "applied_on",
                    "quantity",
                    "amount",
                    "claimed_quantity",
                    "claimed_amount",
                )
            },
        )
        for position in range(len(posting.entries.all()) + 1, count + 1)
    )
    PostingEntry.objects.bulk_create(
        PostingEntry(
            posting=posting,
            application=draft,
            level=first.level,
            position=position,
            quantity=first.quantity,
            amount=first.amount,
            payee=first.payee,
            row={**first.row, "name": f"示例{position}"},
            outcome=first.outcome,
        )
        for position, draft in enumerate(drafts, len(posting.entries.all()) + 1)
    )
    Posting.objects.filter(pk=posting.pk).update(digest=sheets.digest(posting, posting.entries.all()))
    assert posting.entries.count() == count
    return Posting.objects.get(pk=posting.pk)


def heading(response: Any, **changed: Any) -> dict[str, Any]:
    """What a browser would send back from the form as it stands, with some fields changed."""
    form = response.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in {**values, **changed}.items() if value is not None}
