"""Pages of the holiday notices: rows or a workbook, a preview that writes nothing, and a confirmation (节假日)."""

from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook, load_workbook

from applications.states import State
from tests import stages
from tests.workflow import written
from tests.workflow.test_holidays import at, hung, unnoticed
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import World
from workflow.forms.holidays import HEADER
from workflow.models import DateMove, HolidayNotice, Posting

NOW = at("2021-09-25")
LINES = [
    ("放假", "国庆节", "2021-10-01", "2021-10-07"),
    ("调休上班", "", "2021-09-26", ""),
    ("调休上班", "", "2021-10-09", ""),
]


def typed(lines: list[tuple[str, str, str, str]] | None = None, **values: str) -> dict[str, str]:
    """What a browser sends back from the form with these lines."""
    lines = LINES if lines is None else lines
    found = {
        "year": "2021",
        "citation": "示例通知〔示例〕",
        "key": stages.key(),
        "step": "preview",
        "days-TOTAL_FORMS": "14",
        "days-INITIAL_FORMS": "0",
        "days-MIN_NUM_FORMS": "0",
        "days-MAX_NUM_FORMS": "60",
    }
    for number in range(14):
        row = lines[number] if number < len(lines) else ("放假", "", "", "")
        for name, value in zip(("kind", "name", "first", "last"), row, strict=True):
            found[f"days-{number}-{name}"] = value
    return {**found, **values}


def workbook(*rows: tuple[Any, ...], header: list[str] | None = None) -> SimpleUploadedFile:
    book = Workbook()
    page = book.active
    page.append(header or HEADER)
    for row in rows:
        page.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return SimpleUploadedFile("节假日.xlsx", buffer.getvalue())


def post(client: Client, data: dict[str, Any]) -> Any:
    with clock_at(NOW):
        return client.post(url("holiday-enter"), data)


@pytest.fixture
def admin(world: World) -> Client:
    unnoticed(2021)
    return as_(world.administrator)


def test_rows_are_previewed_and_confirmed_and_only_the_confirmation_writes(
    world: World, admin: Client
) -> None:
    case, posting = hung(world, at("2021-09-21"))
    due, _ = stages.reach(world, State.VILLAGE_REVIEW, now=at("2021-09-24"))
    before = written.everything()
    page = post(admin, typed())
    text = page.content.decode()
    assert page.status_code == 200
    assert written.everything() == before
    assert f"公示{posting}" in text
    assert [(f"{one.before}", f"{one.after}") for one in page.context["recount"].shifts if one.posting] == [
        ("2021-10-01", "2021-10-08")
    ]
    assert f"申请{due.number}的办理期限" in text
    assert "同意提前" in text
    done = post(admin, typed(step="confirm", seen=page.context["seen"]))
    assert (done.status_code, done.url) == (302, url("holiday-year", 2021))
    assert Posting.objects.get().closes_on == date(2021, 10, 8)
    # The village's review has a made-up Sunday more: earlier than told, so it stays.
    assert [move.posting for move in DateMove.objects.all()] == [posting]
    with clock_at(NOW):
        shown = admin.get(url("holiday-year", 2021)).content.decode()
        detail = as_(world.clerk).get(posting.get_absolute_url()).content.decode()
    assert "国庆节" in shown
    assert "共调整了1个" in shown
    assert "公示截止日由2021-10-01顺延到2021-10-08" in detail
    assert case.pk


def test_an_earlier_end_moves_only_with_the_tick(world: World, admin: Client) -> None:
    due, _ = stages.reach(world, State.VILLAGE_REVIEW, now=at("2021-09-24"))
    page = post(admin, typed())
    assert [one.label for one in page.context["recount"].earlier] == [f"申请{due.number}的办理期限"]
    assert "checked" not in page.content.decode()
    post(admin, typed(step="confirm", seen=page.context["seen"], shorten="on"))
    assert DateMove.objects.get().moved_to == date(2021, 9, 30)


def test_a_preview_that_is_out_of_date_is_shown_again_and_nothing_moves(world: World, admin: Client) -> None:
    page = post(admin, typed())
    hung(world, at("2021-09-21"))
    before = written.everything()
    again = post(admin, typed(step="confirm", seen=page.context["seen"]))
    assert again.status_code == 422
    assert written.everything() == before
    assert "要调整的日期有变化" in again.content.decode()
    assert post(admin, typed(step="confirm", seen=again.context["seen"])).status_code == 302


def test_going_back_to_edit_loses_nothing(admin: Client) -> None:
    page = post(admin, typed(step="edit"))
    text = page.content.decode()
    assert page.status_code == 200
    for value in ("示例通知〔示例〕", "国庆节", "2021-10-07", "2021-09-26"):
        assert f'value="{value}"' in text


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([("放假", "国庆节", "2021-13-01", "")], "输入一个有效的日期。"),
        ([("放假", "国庆节", "", "2021-10-07")], "请填写开始日期。"),
        ([("放假", "国庆节", "2021-10-07", "2021-10-01")], "第1行：截止日期早于开始日期。"),
        ([], "请至少填写一段放假日期。"),
    ],
)
def test_a_bad_line_is_named_and_what_was_typed_stays(
    admin: Client, lines: list[tuple[str, str, str, str]], words: str
) -> None:
    before = written.everything()
    page = post(admin, typed(lines))
    text = page.content.decode()
    assert (page.status_code, words in text) == (422, True)
    assert 'value="示例通知〔示例〕"' in text
    assert written.everything() == before


def test_the_template_comes_back_as_lines_to_be_looked_at(admin: Client) -> None:
    with clock_at(NOW):
        given = admin.get(url("holiday-template"))
    assert [cell.value for cell in load_workbook(BytesIO(given.content)).worksheets[0][1]] == HEADER
    upload = SimpleUploadedFile("模板.xlsx", given.content)
    page = post(admin, typed([], step="upload", workbook=upload))  # type: ignore[arg-type]
    text = page.content.decode()
    assert "已从文件读入2行" in text
    assert 'value="2021-10-07"' in text
    assert 'value="示例通知〔示例〕"' in text
    assert not HolidayNotice.objects.filter(year=2021).exists()


def test_dates_in_a_workbook_may_be_dates_or_text(admin: Client) -> None:
    upload = workbook(
        (
            "放假",
            "国庆节",
            datetime(2021, 10, 1),  # noqa: DTZ001  a cell knows no zone
            "2021/10/07",
        ),
        (None, None, None, None),
        ("调休上班", None, "2021.09.26", None),
    )
    page = post(admin, typed([], step="upload", workbook=upload))  # type: ignore[arg-type]
    rows = page.context["typed"].lines.initial
    assert [(row["name"], row["first"], row["last"]) for row in rows] == [
        ("国庆节", date(2021, 10, 1), date(2021, 10, 7)),
        ("调休", date(2021, 9, 26), date(2021, 9, 26)),
    ]


BAD_FILES = {
    "no file": (None, "请先选择要上传的Excel文件"),
    "not a workbook": (SimpleUploadedFile("a.xlsx", b"name,date"), "文件打不开"),
    "another header": (workbook(header=["日期"]), "第一行应是表头"),
    "empty": (workbook(), "没有填写任何一行"),
    "kind": (workbook(("休息", "国庆节", "2021-10-01", "")), "表格第2行：类别只能填"),
    "date": (workbook(("放假", "国庆节", "十月一日", "")), "表格第2行：开始日期“十月一日”不是日期"),
    "too big": (SimpleUploadedFile("a.xlsx", b"0" * 1_000_001), "文件超过1MB"),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_workbook_that_cannot_be_read_says_why_and_loses_nothing(admin: Client, what: str) -> None:
    upload, words = BAD_FILES[what]
    if upload is not None:
        upload.seek(0)
    data: dict[str, Any] = typed(step="upload")
    page = post(admin, {**data, "workbook": upload} if upload is not None else data)
    text = page.content.decode()
    assert (page.status_code, words in text) == (422, True)
    assert 'value="2021-10-07"' in text


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver", "supervisor"])
def test_others_look_the_days_up_and_may_not_enter_them(world: World, who: str) -> None:
    client = as_(getattr(world, who))
    before = written.everything()
    with clock_at(NOW):
        listed = client.get(url("holiday-list"))
        assert "节假日通知由区县以上的系统管理员录入，您没有这项任职。" in listed.content.decode()
        assert client.get(url("holiday-year", 2021)).status_code == 200
        assert client.get(url("holiday-enter")).status_code == 403
    assert post(client, typed(step="confirm")).status_code == 403
    assert written.everything() == before


def test_a_stranger_to_the_system_is_sent_to_the_login(db: None) -> None:
    assert Client().get(url("holiday-enter")).status_code == 302


def test_the_list_offers_the_next_year_without_a_notice(world: World) -> None:
    with clock_at(world.now):
        page = as_(world.administrator).get(url("holiday-list"))
        form = as_(world.administrator).get(url("holiday-enter"))
        kept = as_(world.administrator).get(f"{url('holiday-enter')}?year=2021")
    assert "录入2023年通知" in page.content.decode()
    assert form.context["typed"].head["year"].value() == 2023
    assert kept.context["typed"].head["citation"].value() == "示例通知〔示例〕"
