"""The pages of a list from Excel: choose, download, upload, look, confirm, watch. A fault keeps what was chosen."""

from typing import Any
from unittest import mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from applications.models import Application
from tests.workflow.filled import filled, rows_of, upload
from tests.workflow.views.pages import as_, clock_at, everything, queries, url
from tests.world import World, photo
from workflow import claim_rows, imports
from workflow.models import ImportJob, ImportState

pytestmark = pytest.mark.django_db(transaction=True)


def choice(world: World) -> str:
    return f"{url('import-list')}?what={world.grain.pk}&village={world.village.pk}"


def take(world: World, *quantities: Any) -> ImportJob:
    rows = [{"户编号": world.household().number, "数量": one} for one in quantities]
    content = filled(claim_rows.template(world.grain, world.village), rows)
    return imports.take_in(
        upload(content), village=world.village, programme=world.grain, by=world.clerk, now=world.now
    )


def test_a_clerk_downloads_fills_in_uploads_and_confirms(world: World) -> None:
    homes = [world.household() for _ in range(3)]
    with clock_at(world.now):
        client = as_(world.clerk)
        page = client.get(choice(world)).content.decode()
        link = f"{url('import-template')}?what={world.grain.pk}&amp;village={world.village.pk}"
        assert link in page
        template = client.get(link.replace("&amp;", "&"))
        assert "filename" in template["Content-Disposition"]
        assert len(rows_of(template.content)) == 3
        rows = [{"户编号": home.number, "数量": many} for home, many in zip(homes, (3, 4, 99), strict=True)]
        sent = client.post(choice(world), {"workbook": upload(filled(template.content, rows))})
        job = ImportJob.objects.get()
        assert sent["Location"] == url("import-detail", job.pk)
        page = client.get(sent["Location"]).content.decode()
        assert "数量99亩超过每户最多50亩" in page
        assert "1200.00元（4亩 × 300.00元/亩 = 1200.00元）" in page
        assert homes[2].number in page
        confirmed = client.post(sent["Location"], {"mode": "good"})
        assert confirmed["Location"] == sent["Location"]
        page = client.get(sent["Location"]).content.decode()
        assert "已处理1行，共3行" in page
        assert "<progress" in page
        part = client.get(f"{sent['Location']}?progress=1").content.decode()
        assert part.lstrip().startswith('<div id="progress"')
        imports.work(job.pk, now=world.now)
        done = client.get(f"{sent['Location']}?progress=1")
        assert (done["HX-Refresh"], done.content) == ("true", b"")
        page = client.get(sent["Location"]).content.decode()
        assert "已录入2行，有问题的1行没有录入" in page
        assert Application.objects.get(household=homes[0]).number in page
        faults = client.get(url("import-faults", job.pk))
    (faulty,) = rows_of(faults.content)
    assert (faulty["户编号"], faulty["数量"]) == (homes[2].number, "99")
    assert faulty["问题"].startswith("数量99亩超过每户最多50亩")
    # Corrected, the sheet of faulty rows goes in as it is.
    corrected = filled(faults.content, [{**faulty, "数量": 9}])
    with clock_at(world.now):
        client.post(choice(world), {"workbook": upload(corrected)})
    assert ImportJob.objects.latest("pk").rows.get().state == "good"


def test_confirming_wakes_the_worker_once_and_a_second_click_only_looks(world: World) -> None:
    job = take(world, 3)
    address = url("import-detail", job.pk)
    with clock_at(world.now), mock.patch("celery.app.task.Task.apply_async") as woken:
        client = as_(world.clerk)
        for _ in range(2):
            assert client.post(address, {"mode": "whole"})["Location"] == address
    assert [call.kwargs["args"] for call in woken.call_args_list] == [(job.pk,)]


def test_all_or_nothing_is_refused_with_its_sentence_while_a_row_is_faulty(world: World) -> None:
    job = take(world, 3, 99)
    before = everything()
    with clock_at(world.now):
        client = as_(world.clerk)
        refused = client.post(url("import-detail", job.pk), {"mode": "whole"})
        nothing = client.post(url("import-detail", job.pk), {})
    assert refused.status_code == nothing.status_code == 422
    assert "表里还有问题的行，不能全部录入。" in refused.content.decode()
    assert "请选择有问题的行怎么办。" in nothing.content.decode()
    job.refresh_from_db()
    assert (job.state, everything()) == (ImportState.SHOWN, before)


def test_a_list_is_put_away_and_the_same_file_is_pointed_out(world: World) -> None:
    first = take(world, 3)
    content = filled(
        claim_rows.template(world.grain, world.village), [{"户编号": world.household().number, "数量": 2}]
    )
    with clock_at(world.now):
        client = as_(world.clerk)
        client.post(url("import-detail", first.pk), {"step": "drop"})
        for _ in range(2):
            client.post(choice(world), {"workbook": upload(content)})
            job = ImportJob.objects.latest("pk")
            page = client.get(url("import-detail", job.pk)).content.decode()
            if job.rows.get().state == "good":
                assert "同一个文件" not in page
                client.post(url("import-detail", job.pk), {"mode": "whole"})
                imports.work(job.pk, now=world.now)
    first.refresh_from_db()
    assert (first.state, first.rows.count()) == (ImportState.DROPPED, 0)
    assert "同一个文件" in page
    assert "不再重复录入" in page
    assert Application.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "请先选择填好的Excel文件。"),
        ({"workbook": SimpleUploadedFile("a.xlsx", b"")}, "这个文件是空的，请重新选择。"),
        ({"workbook": photo("a.xlsx")}, "这不是Excel（.xlsx）文件，请选择填好的模板。"),
    ],
)
def test_a_refused_file_is_told_at_its_field_and_the_choice_stays(
    world: World, sent: dict[str, Any], sentence: str
) -> None:
    before = everything()
    with clock_at(world.now):
        response = as_(world.clerk).post(choice(world), sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert f'<option value="{world.grain.pk}" selected>' in page
    assert "下载模板" in page
    assert (ImportJob.objects.count(), everything()) == (0, before)


def test_a_page_of_many_rows_takes_few_statements(world: World) -> None:
    job = take(world, *([3] * 60), *([99] * 60))
    with clock_at(world.now):
        client = as_(world.clerk)
        for address in (url("import-detail", job.pk), url("import-list"), choice(world)):
            assert queries(client, address) <= 12
