"""The public board: what it shows, what it no longer shows, and 长辈版."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from applications.states import State
from tests import stages
from tests.workflow.views.pages import clock_at, queries, url
from tests.workflow.views.sheets import crowd, on_display, waiting
from tests.world import World
from workflow import intake, postings, reviews
from workflow.models import Posting, PostingEntry, PostingKind, PostingState
from workflow.results import Ref
from workflow.sheets import PUBLIC_FIELDS

MOST = 12


def announced(world: World) -> tuple[Posting, datetime]:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    return stages.announced(world, [case], now=moment)[0], moment


def test_the_board_shows_what_hangs_and_what_was_announced_and_no_names(world: World) -> None:
    public, moment = announced(world)
    world.now = moment
    hanging = on_display(world, 1, names=["赵示例"])
    draft = stages.sheet(world, waiting(world, 1), kind=PostingKind.VILLAGE, now=moment)
    with clock_at(moment):
        page = Client().get(url("public-board"))
    assert list(page.context["running"]) == [hanging]
    assert list(page.context["page_obj"]) == [public]
    text = page.content.decode()
    assert "赵示例" not in text
    assert url("public-sheet", draft.pk) not in text
    assert page.headers["Cache-Control"] == "private, max-age=60"


def test_the_board_is_filtered_by_village_and_programme(world: World) -> None:
    first, second = on_display(world, 1), on_display(world, 1, village=1)
    found = {}
    queries_by = {
        "": "",
        "first": f"?village={world.villages[0].code}",
        "second": f"?village={world.villages[1].code}",
        "grain": f"?programme={world.grain.pk}",
        "travel": f"?programme={world.travel.pk}",
        "both": f"?village={world.villages[1].code}&programme={world.grain.pk}",
        "nonsense": "?village=%27%20OR%201&programme=abc",
    }
    with clock_at(world.later(1)):
        for name, query in queries_by.items():
            page = Client().get(url("public-board") + query)
            found[name] = [row.pk for row in page.context["running"]]
    assert found == {
        "": [first.pk, second.pk],
        "first": [first.pk],
        "second": [second.pk],
        "grain": [first.pk, second.pk],
        "travel": [],
        "both": [second.pk],
        "nonsense": [],
    }


def test_a_sheet_shows_its_heading_its_rows_and_a_way_to_object(world: World) -> None:
    posting = on_display(world, 2, names=["赵示例", "钱示例"])
    with clock_at(world.later(1)):
        page = Client().get(url("public-sheet", posting.pk))
    text = page.content.decode()
    kept = Posting.objects.get()
    for shown in (
        kept.title,
        kept.number,
        kept.legal_basis,
        kept.standard,
        kept.discipline_phone,
        "12317",
        "赵示例",
    ):
        assert shown in text
    for entry in posting.entries.all():
        assert url("public-objection", entry.pk) in text
    assert '<meta name="robots" content="noindex' in text
    assert all(set(line.row) == set(PUBLIC_FIELDS) for line in page.context["paper"].lines)


def test_a_named_list_is_cached_no_longer_than_its_period(world: World) -> None:
    posting = on_display(world, 1)
    last_minute = stages.after(posting) - timedelta(seconds=60)
    with clock_at(world.later(1)):
        assert (
            Client().get(url("public-sheet", posting.pk)).headers["Cache-Control"] == "private, max-age=300"
        )
    with clock_at(last_minute):
        assert Client().get(url("public-sheet", posting.pk)).headers["Cache-Control"] == "private, max-age=60"


def test_a_named_list_comes_down_when_its_period_ends_even_before_the_sweep(world: World) -> None:
    posting = on_display(world, 1, names=["赵示例"])
    entry = posting.entries.get()
    answers = []
    with clock_at(stages.after(posting)):
        answers += [
            Client().get(url("public-sheet", posting.pk)),
            Client().get(url("public-objection", entry.pk)),
        ]
        assert list(Client().get(url("public-board")).context["running"]) == []
    postings.close(posting.pk, now=stages.after(posting))
    with clock_at(stages.after(posting)):
        answers += [
            Client().get(url("public-sheet", posting.pk)),
            Client().get(url("public-objection", entry.pk)),
        ]
    for answer in answers:
        assert answer.status_code == 410
        assert "这份公示的公示期已经结束。" in answer.content.decode()
        assert "赵示例" not in answer.content.decode()
        assert "no-store" in answer.headers["Cache-Control"]


def test_a_sheet_taken_down_says_so_and_a_draft_is_not_there(world: World) -> None:
    down = on_display(world, 1, names=["赵示例"])
    postings.take_down(down, by=world.clerk, now=world.later(1), reason="王某电话〔示例〕写错了")
    draft = stages.sheet(world, waiting(world, 1), kind=PostingKind.VILLAGE, now=world.now)
    with clock_at(world.later(1)):
        gone = Client().get(url("public-sheet", down.pk))
        for address in (
            url("public-sheet", draft.pk),
            url("public-objection", draft.entries.get().pk),
            url("public-sheet", 999999),
            url("public-objection", 999999),
        ):
            assert Client().get(address).status_code == 404
    assert gone.status_code == 410
    assert "这份公示已经提前撤下。" in gone.content.decode()
    assert "赵示例" not in gone.content.decode()
    assert "王某" not in gone.content.decode()


def test_a_row_taken_out_keeps_its_number_and_loses_its_name(world: World) -> None:
    posting = on_display(world, 2, names=["赵示例", "钱示例"])
    entry = posting.entries.get(position=1)
    case = stages.again(entry.application)
    stages.do(intake.withdraw([Ref.of(case)], by=world.clerk, now=world.later(1), opinion="户主要求"))
    with clock_at(world.later(2)):
        text = Client().get(url("public-sheet", posting.pk)).content.decode()
        form = Client().get(url("public-objection", entry.pk))
    assert "赵示例" not in text
    assert "已撤出公示" in text
    assert "钱示例" in text
    assert form.status_code == 410
    assert "这一行已经撤出公示。" in form.content.decode()


def test_an_announcement_stays_with_its_catalogue_and_ten_items(world: World) -> None:
    posting, moment = announced(world)
    with clock_at(moment + timedelta(days=400)):
        page = Client().get(url("public-sheet", posting.pk))
    text = page.content.decode()
    assert page.status_code == 200
    assert posting.announcement.index_number in text
    assert len(page.context["items"]) == 10
    assert dict(page.context["items"])["公告时间"] in text
    assert [label for label, _ in page.context["catalogue"]] == [
        "索引号",
        "组配分类",
        "发布机构",
        "主题分类",
        "名称",
        "文号",
        "生成日期",
        "发布日期",
    ]


def test_a_revoked_row_of_an_announcement_is_marked_without_its_reason(world: World) -> None:
    posting, moment = announced(world)
    case = stages.again(posting.entries.get().application)
    stages.do(reviews.revoke([Ref.of(case)], by=world.approver, now=moment, opinion="某人隐情〔示例〕"))
    assert Posting.objects.get(pk=posting.pk).state == PostingState.CORRECTED
    with clock_at(moment):
        text = Client().get(url("public-sheet", posting.pk)).content.decode()
    assert "已撤销" in text
    assert "这份公告发布后有条目被撤销" in text
    assert "某人隐情" not in text


def test_public_pages_take_at_most_twelve_statements_with_five_hundred_rows(world: World) -> None:
    posting = crowd(on_display(world, 1), 500)
    entry = PostingEntry.objects.filter(posting=posting).latest("position")
    addresses = [
        url("public-board"),
        url("public-sheet", posting.pk),
        url("public-objection", entry.pk),
        url("public-receipt"),
    ]
    with clock_at(world.later(1)):
        assert Client().get(addresses[1]).content.decode().count("提出异议</a>") == 500
        assert max(queries(Client(), address) for address in addresses) <= MOST


@pytest.mark.parametrize("name", ["public-board", "public-sheet", "elder-mode"])
def test_reading_pages_take_no_post(world: World, name: str) -> None:
    posting = on_display(world, 1)
    arguments = [posting.pk] if name == "public-sheet" else []
    assert Client().post(url(name, *arguments)).status_code == 405


@pytest.mark.parametrize(
    ("asked", "goes_to", "cookie"),
    [
        ({"elder": "1", "next": "/public/receipt/"}, "/public/receipt/", "1"),
        (
            {"elder": "0", "next": "/public/?elder=1&village=990101001001"},
            "/public/?village=990101001001",
            "0",
        ),
        ({"elder": "1", "next": "https://example.org/"}, "/public/", "1"),
        ({"elder": "1", "next": "//example.org/"}, "/public/", "1"),
        ({"elder": "1", "next": "javascript:alert(1)"}, "/public/", "1"),
        ({"elder": "1"}, "/public/", "1"),
        ({"elder": "yes", "next": "/public/"}, "/public/", "0"),
    ],
)
def test_elder_mode_lasts_and_leads_nowhere_else(
    db: None, asked: dict[str, str], goes_to: str, cookie: str
) -> None:
    client = Client()
    answer = client.get(url("elder-mode"), asked)
    assert (answer.status_code, answer.url) == (302, goes_to)
    assert answer.cookies["elder"].value == cookie
    page = client.get(url("public-board")).content.decode()
    assert ('<html lang="zh-CN" class="elder">' in page) is (cookie == "1")
