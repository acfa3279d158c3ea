"""The workbench with ten thousand cases: no page asks more, and none reads more rows than it shows."""

from collections.abc import Iterator

from django.db import connection
from django.test import TestCase

from applications.models import Application
from applications.states import State
from registry.models import Household, Member, Relationship
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.world import World, build, id_number, programme
from workflow import desks
from workflow.views.declaring import MOST as DECLARED
from workflow.views.listing import PER_PAGE

HOUSEHOLDS, PROGRAMMES = 500, 20
MOST = 11
"""One fewer than a page may take: the clock stands still in tests."""
STATES = (State.DRAFT, State.VILLAGE_REVIEW, State.TOWNSHIP_REVIEW, State.DISTRICT_REVIEW)


def crowd(world: World, *, households: int = HOUSEHOLDS, programmes: int = PROGRAMMES) -> Application:
    """Each household of a village once under each programme, a quarter in each of the states; one under review."""
    homes = Household.objects.bulk_create(
        Household(
            number=f"示例-{n:05d}",
            village=world.village,
            group=f"第{n % 9 + 1}村民组",
            category="general",
        )
        for n in range(households)
    )
    heads = Member.objects.bulk_create(
        Member(household=home, name=f"示例{n}", relationship=Relationship.HEAD, id_number=id_number())
        for n, home in enumerate(homes)
    )
    grants = [programme(world.county) for _ in range(programmes)]
    Application.objects.bulk_create(
        (
            Application(
                number=f"示例-{number:05d}",
                state=State.DRAFT,
                programme=grants[number % programmes],
                village=world.village,
                household=heads[number // programmes].household,
                payee=heads[number // programmes],
                quantity=3,
                claimed_quantity=3,
                amount=900 if number % 3 else 800,
                claimed_amount=900,
                applied_on=world.now.date(),
                entered_by=world.clerk,
                entered_at=world.now,
            )
            for number in range(households * programmes)
        ),
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        for rest, state in enumerate(STATES):
            cursor.execute(
                "UPDATE applications_application SET state = %s WHERE id %% 4 = %s", [state.value, rest]
            )
    return Application.objects.filter(state=State.TOWNSHIP_REVIEW).earliest("pk")


class TenThousandCases(TestCase):
    """Rows made in bulk and moved by SQL: for counting statements and rows, not for what the law says of them."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.world = build()
        cls.case = crowd(cls.world)

    def pages(self) -> Iterator[str]:
        yield from (url(name) for name in ("desk", "application-list", "household-list", "declaration-list"))
        yield from (url(name) for name in ("decision-list", "posting-list", "objection-list", "overdue-list"))
        yield f"{url('application-list')}?state=township_review&sort=-amount&page=7&q=示例"
        yield f"{url('household-list')}?sort=number&page=3"
        yield self.case.get_absolute_url()
        yield url("household-detail", self.case.household_id)

    def test_every_page_stays_within_twelve_statements(self) -> None:
        assert Application.objects.count() == HOUSEHOLDS * PROGRAMMES == 10_000
        over = []
        with clock_at(self.world.now):
            for person in (self.world.clerk, self.world.reviewer, self.world.supervisor):
                client = as_(person)
                for address in self.pages():
                    if address == url("declaration-list") and person != self.world.clerk:
                        continue
                    if (n := queries(client, address)) > MOST:
                        over.append(f"{address} by {person}: {n}")
        assert not over, "\n".join(over)

    def test_a_list_reads_the_rows_of_one_page(self) -> None:
        with clock_at(self.world.now):
            page = as_(self.world.reviewer).get(url("application-list")).context["page_obj"]
            declared = as_(self.world.clerk).get(url("declaration-list")).context
        assert (len(page), page.paginator.count) == (PER_PAGE, 10_000)
        assert (len(declared["cases"]), declared["n"], declared["more"]) == (DECLARED, 2500, 2500 - DECLARED)
        assert (declared["to_visit"], declared["to_appraise"], declared["ready"]) == (2500, 2500, 0)

    def test_the_desk_sums_all_and_reads_a_bounded_number_of_exceptions(self) -> None:
        with clock_at(self.world.now):
            found = as_(self.world.reviewer).get(url("desk")).context["overview"]
        waiting = Application.objects.filter(state=State.TOWNSHIP_REVIEW)
        assert (found.n, len(found.shares)) == (2500, len({case.programme_id for case in waiting}))
        assert found.amount == sum(case.amount for case in waiting)
        assert (len(found.doubts), found.more) == (desks.MOST_DOUBTS, True)
        assert {doubt.reasons for doubt in found.doubts} == {("已核减100.00元",)}
