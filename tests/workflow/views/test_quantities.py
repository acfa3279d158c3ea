"""A quantity is written the same on every page: without idle zeros, and never rounded."""

from decimal import Decimal

import pytest
from django.test import Client

from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, url
from tests.world import World


@pytest.mark.parametrize(("quantity", "shown"), [("4.50", "4.5"), ("4.55", "4.55"), ("10.00", "10")])
def test_quantity_is_plain_on_every_page_of_a_case(world: World, quantity: str, shown: str) -> None:
    case, _ = stages.reach(world, State.VILLAGE_POSTING, quantity=Decimal(quantity))
    client = as_(world.clerk)
    pages = [
        "/applications/",
        case.get_absolute_url(),
        url("application-act", case.pk, "withdraw"),
        f"{url('posting-new')}?kind=village&region={world.village.pk}&programme={world.grain.pk}",
    ]
    for page in pages:
        text = read(client, page)
        assert f"{shown}亩" in text or f"{shown} 亩" in text, page
        assert f"{Decimal(quantity).normalize():f}0亩" not in text, page


def read(client: Client, page: str) -> str:
    response = client.get(page)
    assert response.status_code == 200, page
    return response.content.decode()
