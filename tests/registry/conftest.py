"""One small example country for the tests of the registry."""

import pytest

from registry.models import Household, Member, Region
from tests.registry import places


@pytest.fixture
def country(db: None) -> dict[str, Region]:
    """The example regions by their short keys."""
    return places.country()


@pytest.fixture
def home(country: dict[str, Region]) -> Household:
    return places.household(country["village"], phone=places.PHONE)


@pytest.fixture
def person(home: Household) -> Member:
    return places.member(home, id_number=places.NUMBER, phone=places.PHONE)
