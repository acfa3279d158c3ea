"""One small example country for the tests of the registry."""

import pytest

from registry.models import Region
from tests.registry import places


@pytest.fixture
def country(db: None) -> dict[str, Region]:
    """The example regions by their short keys."""
    return places.country()
