"""A list of a thousand rows through the pages: all or nothing, only the good, and the same file twice."""

from typing import Any

import pytest
from django.test import Client

from applications.models import Application
from registry.models import Household, Member, Relationship
from tests.workflow.filled import filled, upload
from tests.workflow.views.pages import as_, clock_at, everything, url
from tests.world import World, id_number
from workflow import claim_rows, imports
from workflow.models import ImportJob, ImportState

pytestmark = pytest.mark.django_db(transaction=True)

MANY, FAULTY = 1000, 3


def village_of(world: World) -> list[Household]:
    homes = Household.objects.bulk_create(
        Household(
            number=f"示例千户{n:04d}",
            village=world.village,
            group=f"第{n % 9 + 1}村民组",
            category="general",
        )
        for n in range(MANY)
    )
    Member.objects.bulk_create(
        Member(household=home, name=f"示例{n}", relationship=Relationship.HEAD, id_number=id_number())
        for n, home in enumerate(homes)
    )
    return homes


def sent(client: Client, world: World, content: bytes) -> ImportJob:
    """Upload through the page; the list as it was looked through."""
    chosen = f"{url('import-list')}?what={world.grain.pk}&village={world.village.pk}"
    answer = client.post(chosen, {"workbook": upload(content)})
    job = ImportJob.objects.latest("pk")
    assert answer["Location"] == url("import-detail", job.pk)
    return job


def confirmed(client: Client, job: ImportJob, mode: str, *, world: World) -> list[int]:
    """Confirm through the page and let the worker go on to the end; how many rows each chunk settled."""
    assert client.post(url("import-detail", job.pk), {"mode": mode}).status_code == 302
    chunks = []
    while settled := imports.work(job.pk, now=world.now):
        chunks.append(settled)
    job.refresh_from_db()
    assert job.state == ImportState.DONE
    return chunks


def counted(job: ImportJob) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in job.rows.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_a_thousand_rows_go_in_whole_or_without_the_faulty_and_never_twice(world: World) -> None:
    rows: list[dict[str, Any]] = [{"户编号": home.number, "数量": 2} for home in village_of(world)]
    template = claim_rows.template(world.grain, world.village)
    wrong = [{**row, "数量": 99} if n % 400 == 0 else row for n, row in enumerate(rows)]
    with clock_at(world.now):
        client = as_(world.clerk)
        job = sent(client, world, filled(template, wrong))
        assert counted(job) == {"good": MANY - FAULTY, "faulty": FAULTY}
        before = everything()
        refused = client.post(url("import-detail", job.pk), {"mode": "whole"})
        assert (refused.status_code, everything()) == (422, before)
        chunks = confirmed(client, job, "good", world=world)
        assert (max(chunks), sum(chunks)) == (imports.CHUNK, MANY - FAULTY)
        assert Application.objects.count() == MANY - FAULTY

        # Corrected, the whole file goes in as it is: what is there already is not entered again.
        right = filled(template, rows)
        job = sent(client, world, right)
        assert counted(job) == {"good": FAULTY, "known": MANY - FAULTY}
        assert confirmed(client, job, "whole", world=world) == [FAULTY]
        assert (
            Application.objects.count() == Application.objects.values("household").distinct().count() == MANY
        )

        job = sent(client, world, right)
        assert counted(job) == {"known": MANY}
        before = everything()
        assert client.post(url("import-detail", job.pk), {"mode": "good"}).status_code == 422
    assert everything() == before
    assert Application.objects.count() == MANY
