"""A sheet on paper: A4, A3 and the Word document show the allow-list and nothing else."""

from datetime import date
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from django.template.loader import render_to_string
from django.test import Client
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from applications.states import State
from registry.models import Category
from tests import stages
from tests.leaks import find_leaks, words
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import on_display, waiting
from tests.world import World
from workflow import sheets
from workflow.models import DateMove, HolidayNotice, Posting, PostingEntry, PostingKind, PostingState
from workflow.views import printing, qr, sheet
from workflow.views.seals import code_of
from workflow.views.sheet import Line, Paper

PRIVATE = {
    "id_number": "99999919600101123X",
    "card_number": "9999000011112222333",
    "phone": "13000000000",
    "category": Category.LOW_INCOME.label,
}


def of_document(response: Any) -> list[str]:
    assert response["Content-Type"] == printing.WORD
    return words(response.content)


@pytest.mark.parametrize(("query", "size"), [("", "a4"), ("?size=a3", "a3"), ("?size=x", "a4")])
def test_a_displayed_sheet_carries_its_code_and_leads_to_its_public_page(
    world: World, query: str, size: str
) -> None:
    posting = on_display(world, 2)
    with clock_at(world.now):
        page = as_(world.clerk).get(url("posting-print", posting.pk) + query)
    text = page.content.decode()
    code = code_of(posting, list(posting.entries.order_by("position")))
    address = f"http://testserver/public/postings/{posting.pk}/?sum={code}"
    assert str(qr.svg(address)) in text
    assert f"校验码 {code}" in text
    assert f'class="page page-{size}"' in text
    assert posting.digest not in text


def test_a_draft_carries_the_checksum_of_its_list_on_paper_and_in_the_document(world: World) -> None:
    posting = stages.sheet(world, waiting(world, 1), kind=PostingKind.VILLAGE, now=world.now)
    with clock_at(world.now):
        client = as_(world.clerk)
        text = client.get(url("posting-print", posting.pk)).content.decode()
        document = of_document(client.get(url("posting-document", posting.pk)))
    code = posting.digest[:12]
    assert f"校验码 {code}" in text
    assert f"扫码查看公开页面，校验码{code}" in document
    assert str(qr.svg(f"http://testserver/public/postings/{posting.pk}/?sum={code}")) in text


def test_an_announcement_has_no_checksum_before_it_is_out(world: World) -> None:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    posting = stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment)
    with clock_at(moment):
        text = as_(world.approver).get(url("posting-print", posting.pk)).content.decode()
    assert "校验码" not in text
    assert str(qr.svg(f"http://testserver/public/postings/{posting.pk}/")) in text


def test_the_document_says_what_the_sheet_says(world: World) -> None:
    posting = on_display(world, 2, names=["赵示例", "钱示例"])
    with clock_at(world.now):
        page = as_(world.clerk).get(url("posting-document", posting.pk))
    said = of_document(page)
    for text in (posting.title, posting.number, posting.text, "赵示例", "钱示例", "2021年3月1日"):
        assert text in said, text
    phones = next(text for text in said if text.startswith("监督电话："))
    for phone in ("区监督电话〔示例〕", "镇监督电话〔示例〕", "纪委电话〔示例〕", "12317"):
        assert phone in phones
    assert said.count("900.00") == 4
    assert len(Document(BytesIO(page.content)).inline_shapes) == 1
    assert quote(page["Content-Disposition"].split('"')[1]) == f"posting-{posting.pk}.docx"


@pytest.mark.parametrize(("who", "status"), [("reviewer", 200), ("stranger", 404)])
@pytest.mark.parametrize("name", ["posting-print", "posting-document"])
def test_who_may_print_a_sheet(world: World, who: str, status: int, name: str) -> None:
    posting = on_display(world, 1)
    with clock_at(world.now):
        assert as_(getattr(world, who)).get(url(name, posting.pk)).status_code == status


def test_a_frozen_row_with_more_than_the_allow_list_shows_only_the_allow_list(world: World) -> None:
    posting = on_display(world, 1)
    entry = posting.entries.get()
    entry.row = {**entry.row, **PRIVATE}
    entry.save()
    client = as_(world.clerk)
    with clock_at(world.now):
        shown = client.get(url("posting-print", posting.pk)).content.decode()
        said = "\n".join(of_document(client.get(url("posting-document", posting.pk))))
    assert find_leaks(shown) == []
    assert not [value for value in PRIVATE.values() if value in said]


plain = st.text(alphabet="甲乙丙丁戊己庚辛", min_size=1, max_size=8)
rows = st.lists(
    st.fixed_dictionaries(
        dict.fromkeys(sheets.PUBLIC_FIELDS, plain),
        optional={name: st.just(value) for name, value in PRIVATE.items()},
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None)
@given(rows=rows)
def test_no_row_whatever_it_holds_brings_private_data_onto_paper(rows: list[dict[str, str]]) -> None:
    lines = [Line(position, sheet.allowed(row)) for position, row in enumerate(rows, 1)]
    said = "\n".join(words(printing.document(paper(lines), items=[], address="http://示例/", code="")))
    assert not [value for value in PRIVATE.values() if value in said]
    assert all(row["name"] in said for row in rows)


@pytest.mark.parametrize("size", sorted(printing.SIZES))
@settings(max_examples=25, deadline=None)
@given(rows=rows)
def test_no_row_whatever_it_holds_brings_private_data_into_the_print_view(
    size: str, rows: list[dict[str, str]]
) -> None:
    posting = Posting(pk=1, kind=PostingKind.VILLAGE, state=PostingState.DISPLAYED, digest="ab" * 32)
    entries = [PostingEntry(position=position, row=row) for position, row in enumerate(rows, 1)]
    context = {
        "posting": posting,
        "paper": paper(sheet.as_shown(entries)),
        "size": size,
        "sizes": printing.SIZES,
        "qr": qr.svg("http://示例/"),
        "code": "ab" * 6,
    }
    shown = render_to_string("desk/posting_print.html", context)
    assert find_leaks(shown) == []
    assert not [value for value in PRIVATE.values() if value in shown]
    assert all(row["name"] in shown for row in rows)


def paper(lines: list[Line]) -> Paper:
    texts = ("title", "batch_label", "number", "programme", "legal_basis", "standard", "text", "period")
    return Paper(
        **dict.fromkeys(texts, "示例"),
        objection_way="示例",
        phones=(("举报电话", "12317"),),
        body="示例",
        on=None,
        lines=lines,
        is_announcement=False,
    )


def test_namesakes_of_one_group_are_told_apart_by_the_tail_of_the_id(world: World) -> None:
    cases = waiting(world, 3, names=["王示例", "王示例", "李示例"])
    for case in cases[1:]:
        case.household.group = cases[0].household.group
        case.household.save()
    tails = [f"尾号{case.payee.id_number[-4:]}" for case in cases]
    assert [row["told_apart"] for row in sheets.public_rows(cases)] == [*tails[:2], ""]
    # Twice the same person on one list is no namesake.
    assert [row["told_apart"] for row in sheets.public_rows([cases[0], cases[0]])] == ["", ""]
    cases[1].household.group = "另一组"
    assert [row["told_apart"] for row in sheets.public_rows(cases[:2])] == ["", ""]


MOVED = "截止日由2021年3月11日调整到2021年3月12日，依据示例通知〔示例〕。"


def test_print_document_and_public_page_say_that_a_notice_moved_the_last_day(world: World) -> None:
    posting, other = on_display(world, 1), on_display(world, 1, village=1)
    assert f"{posting.closes_on}" == "2021-03-11"
    # As recounts.move leaves it.
    posting.closes_on = date(2021, 3, 12)
    DateMove.objects.create(
        notice=HolidayNotice.objects.create(
            year=2031, citation="示例通知〔示例〕", entered_at=world.now, entered_by=world.administrator
        ),
        posting=posting,
        moved_from=date(2021, 3, 11),
        moved_to=posting.closes_on,
        moved_at=world.now,
        moved_by=world.administrator,
    )
    Posting.objects.filter(pk=posting.pk).update(
        closes_on=posting.closes_on, digest=sheets.digest(posting, posting.entries.all())
    )
    with clock_at(world.now):
        for client, name in ((as_(world.clerk), "posting-print"), (Client(), "public-sheet")):
            assert MOVED in client.get(url(name, posting.pk)).content.decode()
        said = of_document(as_(world.clerk).get(url("posting-document", posting.pk)))
        assert "截止日由" not in Client().get(url("public-sheet", other.pk)).content.decode()
    assert said.count(MOVED) == 1
    assert said[said.index(MOVED) - 1].startswith("公示时间：")
    assert "2021年3月12日" in said[said.index(MOVED) - 1]
