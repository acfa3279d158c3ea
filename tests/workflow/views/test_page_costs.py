"""What each page of the workbench costs in statements: at most twelve, whoever may open it and whatever it shows."""

from collections.abc import Iterator

from django.core.cache import cache
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications.models import Application
from tests.workflow.views.access import MAY, PUBLIC, ROWS, Row
from tests.workflow.views.pages import as_, clock_at
from tests.workflow.views.test_access import people, things
from tests.world import build
from workflow.models import Objection, Posting, PostingState
from workflow.views.case_tabs import TABS

MOST = 11
"""Statements of a page in a test; the clock, which stands still here, is asked for the twelfth."""
OF_THE_MACHINE = {"operations": 16}
"""The page on the state of the machine asks each of its parts once: migrations, rounds, queues, setbacks, dead letters.

No number of cases changes that."""


class TheCostOfEachPage(TestCase):
    """The world of the table of access is laid out once, and its pages opened by everybody who may."""

    @classmethod
    def setUpTestData(cls) -> None:
        world = build()
        cls.world = world
        cls.found = things(world)
        cls.now = world.now
        cls.persons = people(world)
        # Django asks SQLite once in the life of a process; the page that happens to come first would pay for it.
        assert connection.features.supports_json_field

    def setUp(self) -> None:
        cache.clear()
        self.clients = {who: as_(person) for who, person in self.persons.items() if person}

    def cost(self, who: str, address: str) -> int:
        with clock_at(self.now), CaptureQueriesContext(connection) as asked:
            response = self.clients[who].get(address)
            content = response.getvalue()
        assert response.status_code == 200, (who, address)
        assert content, (who, address)
        return len(asked)

    def address(self, row: Row) -> str:
        args = [arg[1:] if arg.startswith("=") else self.found[arg] for arg in row.args]
        return reverse(row.name, args=args) + "?" + row.query.format(**self.found)

    def test_no_page_of_the_table_takes_more_than_twelve(self) -> None:
        over = []
        pages = [row for row in ROWS if row.rule is not PUBLIC and row.get == 200]
        assert len(pages) > 60
        for row in pages:
            readers = [who for who, cell in row.rule.cells.items() if cell == MAY and who in self.clients]
            costs = {who: self.cost(who, self.address(row)) for who in readers}
            assert costs or row.rule.cells["anonymous"] == MAY, row.label
            over += [
                f"{row.label} by {who}: {n}"
                for who, n in costs.items()
                if n > OF_THE_MACHINE.get(row.name, MOST)
            ]
        assert not over, "\n".join(over)

    def test_nor_does_a_sheet_case_or_objection_in_any_state(self) -> None:
        states = set()
        over = []
        for address, state in self.things():
            states.add(state)
            for who in ("clerk", "supervisor"):
                if (n := self.cost(who, address)) > MOST:
                    over.append(f"{address} ({state}) by {who}: {n}")
        assert {PostingState.DRAFT, PostingState.DISPLAYED, PostingState.CLOSED} <= states
        assert not over, "\n".join(over)

    def things(self) -> Iterator[tuple[str, str]]:
        for posting in Posting.objects.order_by("pk"):
            yield posting.get_absolute_url(), posting.state
            yield reverse("posting-print", args=[posting.pk]), posting.state
        for case in {case.state: case for case in Application.objects.order_by("pk")}.values():
            for tab in TABS:
                yield f"{case.get_absolute_url()}?tab={tab}", case.state
        for objection in Objection.objects.order_by("pk"):
            yield objection.get_absolute_url(), objection.state

    def test_nor_does_the_form_of_a_programme_per_person(self) -> None:
        asked = f"?household={self.found['household']}&programme={self.found['travel']}"
        assert self.cost("clerk", reverse("application-new") + asked) <= MOST

    def test_a_page_is_counted_with_its_login(self) -> None:
        """The count would mean nothing if a page were answered without asking who is there."""
        with clock_at(self.now), CaptureQueriesContext(connection) as asked:
            Client().get(reverse("desk"))
        assert len(asked) == 0
        assert self.cost("clerk", reverse("desk")) >= 4
