"""A year in which the rounds stop and start ends as one in which they come each day (ADR 21)."""

import os
from datetime import timedelta
from random import Random

from django.db import connection
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.workflow import invariants, year_facts
from tests.workflow.year import Township, Wish
from tests.world import World

EXAMPLES = int(os.environ.get("YEAR_EXAMPLES", "3" if connection.vendor == "sqlite" else "1"))
"""Years a run tries; YEAR_EXAMPLES=200 for an evening, YEAR_SEED for others than these."""
SEED = int(os.environ.get("YEAR_SEED", "1"))
WISHES = 80
LIKELY = (
    *["on"] * 16,
    *["display"] * 6,
    *["enter"] * 3,
    *["lodge"] * 3,
    *["handle"] * 4,
    *["announce"] * 2,
    *["send back"] * 2,
    *[
        "photo",
        "take down",
        "reject",
        "withdraw",
        "correct",
        "take back",
        "return",
        "stop",
        "lapse",
        "revoke",
    ],
)


def wished(number: int) -> list[Wish]:
    """The wishes of one year: drawn from a number, so that no year is all but empty."""
    drawn = Random(number)
    return [
        Wish(
            days=drawn.choice([0, 0, 0, 1, 1, 2, 5, 11]),
            what="enter" if n < 3 else drawn.choice(LIKELY),
            number=drawn.randrange(12),
            how=drawn.randrange(5),
        )
        for n in range(WISHES)
    ]


spans = st.lists(st.integers(min_value=1, max_value=40), min_size=3, max_size=9)


def test_a_year_with_rounds_that_stop_and_start_ends_as_one_without(world: World) -> None:
    print(f"YEAR_SEED={SEED} YEAR_EXAMPLES={EXAMPLES}")
    households = [world.household() for _ in range(8)]
    township = Township(world, households)
    deeds: list[int] = []
    stops: list[timedelta] = []

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(number=st.integers(min_value=0, max_value=2**32), spans=spans)
    def ends_alike(number: int, spans: list[int]) -> None:
        reference = township.uninterrupted(wished(number))
        other = township.interrupted(reference.deeds, spans)
        assert year_facts.differences(reference, other) == []
        deeds.append(len(reference.deeds))
        stops.append(year_facts.stopped_for(other))

    ends_alike()
    assert invariants.faults() == []
    assert sum(deeds) > 20 * len(deeds), "the years are all but empty"
    assert max(stops) > timedelta(days=10)
