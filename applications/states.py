"""The states of a case in law, the levels that decide, and the named sets of states.

State values are stored in rows and named in history: they are never renamed.
"""

from django.db import models


class Level(models.TextChoices):
    """The three levels that post and decide, lowest first."""

    VILLAGE = "village", "村级"
    TOWNSHIP = "township", "乡级"
    DISTRICT = "district", "区级"

    @property
    def below(self) -> tuple["Level", ...]:
        """The levels under this one, lowest first."""
        order = list(Level)
        return tuple(order[: order.index(self)])

    @property
    def and_above(self) -> tuple["Level", ...]:
        """This level and all over it, lowest first."""
        order = list(Level)
        return tuple(order[order.index(self) :])

    @property
    def above(self) -> "Level | None":
        """The next level up; over the district there is none in this system."""
        return self.and_above[1] if len(self.and_above) > 1 else None

    @property
    def and_below(self) -> tuple["Level", ...]:
        """This level and all under it, lowest first."""
        return (*self.below, self)


class State(models.TextChoices):
    """What a case waits for (or how it ended)."""

    DRAFT = "draft", "草稿"
    VILLAGE_REVIEW = "village_review", "村级申报"
    VILLAGE_POSTING = "village_posting", "村级公示"
    TOWNSHIP_REVIEW = "township_review", "乡级审核"
    TOWNSHIP_POSTING = "township_posting", "乡级公示"
    DISTRICT_REVIEW = "district_review", "区级审定"
    DISTRICT_POSTING = "district_posting", "区级公示"
    ANNOUNCEMENT = "announcement", "待公告"
    VILLAGE_CORRECTION = "village_correction", "村级退回补正"
    TOWNSHIP_CORRECTION = "township_correction", "乡级退回补正"
    DISTRICT_CORRECTION = "district_correction", "区级退回补正"
    ANNOUNCED = "announced", "已公告"
    REJECTED = "rejected", "不予批准"
    WITHDRAWN = "withdrawn", "已撤回"
    LAPSED = "lapsed", "逾期终止"
    REVOKED = "revoked", "已撤销"


REVIEWS = frozenset({State.VILLAGE_REVIEW, State.TOWNSHIP_REVIEW, State.DISTRICT_REVIEW})
POSTINGS = frozenset({State.VILLAGE_POSTING, State.TOWNSHIP_POSTING, State.DISTRICT_POSTING})
CORRECTIONS = frozenset({State.VILLAGE_CORRECTION, State.TOWNSHIP_CORRECTION, State.DISTRICT_CORRECTION})
OPEN = REVIEWS | POSTINGS | CORRECTIONS | {State.ANNOUNCEMENT}
EDITABLE = CORRECTIONS | {State.DRAFT}
FINAL = frozenset(set(State) - OPEN - {State.DRAFT})
LIVE = OPEN | {State.DRAFT, State.ANNOUNCED}
"""Cases that count against a cap or as a duplicate: everything that may still be paid, or has been."""

LEVEL_OF: dict[State, Level] = {
    State.DRAFT: Level.VILLAGE,
    State.VILLAGE_REVIEW: Level.VILLAGE,
    State.VILLAGE_POSTING: Level.VILLAGE,
    State.VILLAGE_CORRECTION: Level.VILLAGE,
    State.TOWNSHIP_REVIEW: Level.TOWNSHIP,
    State.TOWNSHIP_POSTING: Level.TOWNSHIP,
    State.TOWNSHIP_CORRECTION: Level.TOWNSHIP,
    State.DISTRICT_REVIEW: Level.DISTRICT,
    State.DISTRICT_POSTING: Level.DISTRICT,
    State.DISTRICT_CORRECTION: Level.DISTRICT,
    State.ANNOUNCEMENT: Level.DISTRICT,
}
"""The level that holds a case in an open state (the one that sent it back, for a correction)."""


def holder(state: str) -> Level:
    """The level that holds a case in this state; what has ended lies with the district, which could revoke it."""
    return LEVEL_OF.get(State(state), Level.DISTRICT)
