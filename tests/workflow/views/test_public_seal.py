"""The checksum on the public page: the paper that was scanned, the list that is shown, and the seal of both."""

import re
from typing import Any

import pytest
from django.test import Client

from applications.states import State
from registry.models import Category
from tests import stages
from tests.leaks import find_leaks
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.workflow.views.sheets import all_rows, on_display, waiting
from tests.world import World, photo
from workflow import postings
from workflow.displays import Display
from workflow.models import DateMove, HolidayNotice, Posting, PostingEntry, PostingKind
from workflow.views.seals import code_of

SAME = "与张贴时封存的名单一致"
PAPER_DIFFERS = "您扫的纸和这一页的名单不一致"
LIST_DIFFERS = "这一页的名单与张贴时封存的名单不一致"
BEFORE_THE_MOVE = "您手里的纸是节假日调整以前印的"
CALL = "请打电话核实"


def code(posting: Posting) -> str:
    """The checksum that the paper of a sheet carries."""
    return code_of(posting, list(posting.entries.order_by("position")))


def looked(world: World, posting: Posting, query: str = "", **headers: str) -> Any:
    with clock_at(world.later(1)):
        return Client().get(url("public-sheet", posting.pk) + query, headers=headers)


def said(page: Any) -> str:
    assert page.status_code == 200
    return str(page.content.decode())


def tampered(posting: Posting, **changed: str) -> None:
    entry = posting.entries.get(position=1)
    PostingEntry.objects.filter(pk=entry.pk).update(row={**entry.row, **changed})


def phones(posting: Posting) -> list[str]:
    return [posting.department_phone, posting.township_phone, posting.discipline_phone, posting.hotline]


@pytest.mark.parametrize("spell", [str, str.upper, "%20{}%0A".format])
def test_the_code_of_the_paper_that_hangs_fits(world: World, spell: Any) -> None:
    posting = on_display(world, 2)
    before = all_rows()
    text = said(looked(world, posting, f"?sum={spell(code(posting))}"))
    assert f"{SAME}（校验码 {code(posting)}）" in text
    assert CALL not in text
    assert all_rows() == before


@pytest.mark.parametrize("query", ["", "?sum=", "?page=2"])
def test_without_a_code_the_page_names_its_own_and_judges_nothing(world: World, query: str) -> None:
    posting = on_display(world, 1)
    text = said(looked(world, posting, query))
    assert f"校验码 {code(posting)}" in text
    assert not [verdict for verdict in (SAME, PAPER_DIFFERS, LIST_DIFFERS, CALL) if verdict in text]
    assert posting.digest not in text


@pytest.mark.parametrize("given", ["0123456789ab", "请拨打伪造电话", "<b>x</b>", "{digest}", "{short}"])
def test_another_code_warns_and_says_whom_to_call_and_repeats_nothing(world: World, given: str) -> None:
    posting = on_display(world, 1)
    asked = given.format(digest=posting.digest, short=posting.digest[:11])
    text = said(looked(world, posting, f"?sum={asked}"))
    assert PAPER_DIFFERS in text
    assert SAME not in text
    notice = text.split('role="alert">')[1].split("</div>")[0]
    assert all(phone in notice.split(CALL)[1] for phone in phones(posting))
    assert posting.digest.startswith(asked) or asked not in notice


def test_the_paper_printed_from_the_draft_fits_the_sheet_that_hangs(world: World) -> None:
    cases = waiting(world, 2)
    draft = stages.sheet(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    with clock_at(world.now):
        page = as_(world.clerk).get(url("posting-print", draft.pk))
        paper = page.context["code"]
        before = Client().get(url("public-sheet", draft.pk) + f"?sum={paper}")
        unknown = Client().get(url("public-sheet", draft.pk + 1000))
    assert re.fullmatch(r"[0-9a-f]{12}", paper)
    assert f"校验码 {paper}" in page.content.decode()
    # Before it is registered, a plain sentence, and the same for a sheet that does not exist.
    assert (before.status_code, unknown.status_code) == (404, 404)
    assert "公开栏上还没有这张公示。" in before.content.decode()
    main = [page.content.decode().split("<main")[1].split("</main>")[0] for page in (before, unknown)]
    assert main[0] == main[1]
    act = Display(place="村务公开栏", displayed_at=world.now, witness="吴监督", photo=photo())
    postings.display([draft.pk], act=act, by=world.clerk, now=world.now)
    posting = Posting.objects.get(pk=draft.pk)
    assert posting.digest != draft.digest
    assert f"{SAME}（校验码 {paper}）" in said(looked(world, posting, f"?sum={paper}"))
    with clock_at(world.later(1)):
        assert as_(world.clerk).get(url("posting-print", draft.pk)).context["code"] == paper


@pytest.mark.parametrize(
    "changed",
    [{"title": "另一个标题"}, {"standard": "每亩3000元"}, {"discipline_phone": "12388"}, {"days": 3}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_heading_or_a_period_that_was_changed_no_longer_fits_the_paper(
    world: World, changed: dict[str, Any]
) -> None:
    posting = on_display(world, 1)
    paper = code(posting)
    Posting.objects.filter(pk=posting.pk).update(**changed)
    assert code(Posting.objects.get(pk=posting.pk)) != paper


def test_a_paper_printed_after_the_display_by_the_whole_seal_still_fits(world: World) -> None:
    posting = on_display(world, 1)
    assert SAME in said(looked(world, posting, f"?sum={posting.digest[:12]}"))


def test_the_code_of_another_sheet_does_not_fit(world: World) -> None:
    first, second = on_display(world, 1), on_display(world, 1, village=1)
    assert PAPER_DIFFERS in said(looked(world, first, f"?sum={code(second)}"))


@pytest.mark.parametrize("with_code", [True, False])
def test_a_list_that_left_its_seal_is_called_out_whatever_was_scanned(world: World, with_code: bool) -> None:
    posting = on_display(world, 1)
    paper = code(posting)
    tampered(posting, amount="9000.00", category=Category.LOW_INCOME.label, phone="13000000000")
    text = said(looked(world, posting, f"?sum={paper}" if with_code else ""))
    assert LIST_DIFFERS in text
    assert SAME not in text
    assert all(phone in text.split(CALL)[1] for phone in phones(posting))
    assert find_leaks(text) == []


def test_a_paper_printed_before_a_holiday_notice_moved_the_period_is_no_forgery(world: World) -> None:
    posting = on_display(world, 1)
    old = "ab" * 32
    DateMove.objects.create(
        notice=HolidayNotice.objects.earliest("year"),
        posting=posting,
        moved_from=posting.closes_on,
        moved_to=posting.closes_on,
        digest=old,
        moved_at=world.now,
        moved_by=world.approver,
    )
    text = said(looked(world, posting, f"?sum={old[:12]}"))
    assert BEFORE_THE_MOVE in text
    assert CALL not in text
    assert PAPER_DIFFERS in said(looked(world, posting, "?sum=cdcdcdcdcdcd"))
    # The paper of the draft names no day: its list is the same, and the page says that the last day is another.
    text = said(looked(world, posting, f"?sum={code(posting)}"))
    assert "公示期后来按节假日通知调整到" in text
    assert "这一页的名单和您手里的纸一致" in text


def test_an_announcement_speaks_of_its_publication(world: World) -> None:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    posting = stages.announced(world, [case], now=moment)[0]
    with clock_at(moment):
        text = said(Client().get(url("public-sheet", posting.pk) + f"?sum={posting.digest[:12]}"))
    assert "与发布时封存的名单一致" in text


def test_the_answers_to_different_codes_are_not_taken_for_one_another(world: World) -> None:
    posting = on_display(world, 1)
    codes = ["", f"?sum={posting.digest[:12]}", "?sum=0123456789ab"]
    tags = [looked(world, posting, code).headers["ETag"] for code in codes]
    assert len(set(tags)) == len(codes)
    for code, own in zip(codes, tags, strict=True):
        for tag in tags:
            status = looked(world, posting, code, **{"if-none-match": tag}).status_code
            assert status == (304 if tag == own else 200)
    assert looked(world, posting, codes[1]).headers["Cache-Control"] == "private, no-cache"
    tampered(posting, amount="9000.00")
    for code, tag in zip(codes, tags, strict=True):
        assert LIST_DIFFERS in said(looked(world, posting, code, **{"if-none-match": tag}))


def test_comparing_takes_one_statement_at_most(world: World) -> None:
    posting = on_display(world, 3)
    address = url("public-sheet", posting.pk)
    with clock_at(world.later(1)):
        plain = queries(Client(), address)
        assert queries(Client(), f"{address}?sum={posting.digest[:12]}") == plain
        assert queries(Client(), f"{address}?sum=0") == plain + 1
