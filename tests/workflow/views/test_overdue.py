"""What is overdue: found by everyone who sees the case, with the level that holds it, by nobody else."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from applications.states import Level, State
from tests import stages
from tests.workflow.views.pages import as_, clock_at
from tests.world import World
from workflow import deadlines, sweeps
from workflow.models import Deadline, PostingKind

LIST = "/overdue/"


def test_overdue_matters_stand_with_their_level_and_who_was_told(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    settled, _ = stages.reach(world, State.ANNOUNCED)
    due = Deadline.objects.get(application=case, settled_at__isnull=True)
    with clock_at(moment):
        assert not as_(world.clerk).get(LIST).context["page_obj"].object_list
    late = moment + timedelta(days=60)
    sweeps.run(now=late)
    with clock_at(late):
        for person in (world.clerk, world.reviewer, world.approver, world.supervisor):
            page = as_(person).get(LIST)
            assert [row.pk for row in page.context["page_obj"]] == [due.pk]
            assert "乡级" in page.content.decode()
        due.refresh_from_db()
        assert due.escalated_at is not None
        assert not as_(world.clerks[1]).get(LIST).context["page_obj"].object_list
        assert settled.number not in page.content.decode()
        assert 'href="/overdue/"' in as_(world.reviewer).get("/").content.decode()


def test_an_overdue_objection_is_named_by_its_number_and_names_neither_receipt_nor_objector(
    world: World,
) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    objection = stages.lodged(world, case, posting, now=moment)
    with clock_at(moment + timedelta(days=60)):
        page = as_(world.clerk).get(LIST).content.decode()
    assert f"异议{objection.number}" in page
    assert objection.receipt not in page
    assert "吴异议人" not in page


def test_the_list_is_split_by_the_level_that_holds_the_matter(world: World) -> None:
    _, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    returned, _ = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, returned, by=world.reviewer, now=moment)
    stages.submitted(world)
    case, at = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=at)
    stages.lodged(world, case, posting, now=at, concerns_cadre=True)
    late = moment + timedelta(days=90)
    with clock_at(late):
        client = as_(world.supervisor)
        page = client.get(LIST)
        assert [(one.value, count) for one, count in page.context["levels"]] == [
            ("village", 2),
            ("township", 2),
            ("district", 0),
        ]
        assert page.context["total"] == len(page.context["page_obj"]) == 4
        for level in Level:
            shown = client.get(LIST, {"level": level}).context["page_obj"]
            assert {deadlines.level_of(row) for row in shown} <= {level}
            assert len(shown) == dict(page.context["levels"])[level]
        assert len(client.get(LIST, {"level": "moon"}).context["page_obj"]) == 4


def test_a_due_date_of_a_case_on_nobodys_desk_breaks_no_list(world: World) -> None:
    due = Deadline.objects.get(application=stages.submitted(world))
    Deadline.objects.filter(pk=due.pk).update(application=stages.draft(world))
    with clock_at(world.later(90)):
        page = as_(world.supervisor).get(LIST)
    assert (page.status_code, list(page.context["page_obj"])) == (200, [])


def test_the_list_costs_the_same_for_one_and_for_many(world: World) -> None:
    counts = []
    for number in (1, 12):
        for _ in range(number):
            stages.submitted(world)
        client = as_(world.reviewer)
        with clock_at(world.later(90)), CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 12
