"""The walk over the public pages and the sheets finds what is planted in them; the demonstration's and the replayed
year's are walked where they are loaded (`tests/workflow/test_demo.py`, `tests/workflow/test_replay.py`)."""

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from applications.states import State
from tests import stages
from tests.leaks import find_leaks
from tests.scan import ONE_OF_EACH, every_paper, values_shown, walk
from tests.world import World
from workflow.models import Posting

pytestmark = pytest.mark.any_database


def test_the_walk_finds_a_planted_leak(db: None) -> None:
    page = Client().get("/public/").content.decode()
    assert find_leaks(page) == []
    with override_settings(SITE_NAME="13000000000"):
        kinds, leaks = walk(Client())
    assert kinds.keys() == ONE_OF_EACH - {"public-sheet"}
    assert len(leaks) == sum(kinds.values())


def test_the_papers_and_their_words_are_searched(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    posting = Posting.objects.get()
    assert every_paper(moment)[1] == []
    assert values_shown(Client(), every_paper(moment)[2]) == []
    entry = posting.entries.get()
    entry.row["name"] = "13000000000"
    entry.row["group"] = case.household.number
    entry.save()
    type(posting).objects.filter(pk=posting.pk).update(
        certificate_facts={**posting.certificate_facts, "place": "13000000001"}
    )
    kinds, leaks, said = every_paper(moment)
    assert kinds == {"print/": 1, "print/?size=a3": 1, "document/": 1, "certificate/": 1}
    assert {leak.split(" ")[1].split(":")[0] for leak in leaks} == set(kinds)
    assert case.household.number in values_shown(Client(), said)


@pytest.fixture(autouse=True)
def counters() -> None:
    cache.clear()
