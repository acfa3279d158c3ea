"""The public board: what it shows, what it no longer shows, and when a browser has to ask again."""

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
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
    assert list(page.context["page_obj"]) == [hanging]
    assert list(page.context["newest"]) == [public]
    text = page.content.decode()
    assert "赵示例" not in text
    assert url("public-sheet", draft.pk) not in text
    assert page.headers["Cache-Control"] == "private, no-cache"


def test_the_board_is_filtered_by_village_and_programme(world: World) -> None:
    first, second = on_display(world, 1), on_display(world, 1, village=1)
    found = {}
    queries_by = {
        "": "",
        "first": f"?village={world.villages[0].code}",
        "second": f"?village={world.villages[1].code}",
        "grain": f"?programme={world.grain.pk}",
        "travel": f"?programme={world.travel.pk}",
        "this year": "?year=2021",
        "last year": "?year=2020",
        "both": f"?village={world.villages[1].code}&programme={world.grain.pk}",
        "nonsense": "?village=%27%20OR%201&programme=abc&year=²",
    }
    with clock_at(world.later(1)):
        for name, query in queries_by.items():
            page = Client().get(url("public-board") + query)
            found[name] = [row.pk for row in page.context["page_obj"]]
    assert found == {
        "": [first.pk, second.pk],
        "first": [first.pk],
        "second": [second.pk],
        "grain": [first.pk, second.pk],
        "travel": [],
        "this year": [first.pk, second.pk],
        "last year": [],
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


def test_a_named_list_comes_down_when_its_period_ends_even_before_the_sweep(world: World) -> None:
    posting = on_display(world, 1, names=["赵示例"])
    entry = posting.entries.get()
    answers = []
    with clock_at(stages.after(posting)):
        answers += [
            Client().get(url("public-sheet", posting.pk)),
            Client().get(url("public-objection", entry.pk)),
        ]
        assert list(Client().get(url("public-board")).context["page_obj"]) == []
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
        url("public-announcements"),
        url("public-statistics"),
        url("public-progress"),
        url("public-objection", entry.pk),
        url("public-receipt"),
    ]
    with clock_at(world.later(1)):
        assert Client().get(addresses[1]).content.decode().count("提出异议</a>") == 500
        assert max(queries(Client(), address) for address in addresses) <= MOST


@pytest.mark.parametrize(
    "name", ["public-board", "public-announcements", "public-statistics", "public-sheet", "elder-mode"]
)
def test_reading_pages_take_no_post(world: World, name: str) -> None:
    posting = on_display(world, 1)
    arguments = [posting.pk] if name == "public-sheet" else []
    assert Client().post(url(name, *arguments)).status_code == 405


@pytest.fixture(autouse=True)
def counted_anew() -> None:
    """The figures of one test are not those of another."""
    cache.clear()


def copies(posting: Posting, count: int) -> None:
    """More sheets of the same kind, for lists and for counting statements only."""
    posting.refresh_from_db()
    for number in range(count):
        posting.pk, posting._state.adding = None, True
        posting.number = f"示例〔{number}〕"
        posting.save()


def test_lists_are_paged_and_shorter_for_elders(world: World) -> None:
    public, moment = announced(world)
    world.now = moment
    copies(on_display(world, 1), 20)
    copies(public, 20)
    with clock_at(moment):
        for name in ("public-board", "public-announcements"):
            page = Client().get(url(name))
            assert page.context["page_obj"].paginator.count == 21
            assert len(page.context["page_obj"]) == 20
            assert len(Client().get(f"{url(name)}?page=2").context["page_obj"]) == 1
            assert len(Client().get(f"{url(name)}?page=99").context["page_obj"]) == 1
            assert len(Client().get(f"{url(name)}?elder=1").context["page_obj"]) == 6
        board = Client().get(url("public-board"))
        assert len(board.context["newest"]) == 5
        assert len(Client().get(f"{url('public-board')}?elder=1").context["newest"]) == 3


def test_statements_do_not_grow_with_sheets_and_rows(world: World) -> None:
    public, moment = announced(world)
    world.now = moment
    hanging = on_display(world, 1)
    addresses = [
        url("public-board"),
        url("public-announcements"),
        url("public-statistics"),
        url("public-sheet", hanging.pk),
        url("public-sheet", public.pk),
    ]
    with clock_at(moment):
        few = [queries(Client(), address) for address in addresses]
        crowd(hanging, 40)
        crowd(public, 40)
        copies(Posting.objects.get(pk=hanging.pk), 15)
        copies(Posting.objects.get(pk=public.pk), 15)
        many = [queries(Client(), address) for address in addresses]
    assert many == few
    assert max(many) <= MOST


def test_an_unchanged_page_answers_304_and_a_correction_shows_on_the_next_request(world: World) -> None:
    posting = on_display(world, 2, names=["赵示例", "钱示例"])
    case = stages.again(posting.entries.get(position=1).application)
    client, address = Client(), url("public-sheet", posting.pk)
    with clock_at(world.later(1)):
        first = client.get(address)
        tag = first.headers["ETag"]
        assert "赵示例" in first.content.decode()
        again = client.get(address, headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        stages.do(intake.withdraw([Ref.of(case)], by=world.clerk, now=world.later(1), opinion="户主要求"))
        after = client.get(address, headers={"if-none-match": tag})
    assert after.status_code == 200
    assert "赵示例" not in after.content.decode()


def test_a_revocation_shows_on_the_next_request_of_sheet_and_figures(world: World) -> None:
    posting, moment = announced(world)
    client = Client()
    addresses = [url("public-sheet", posting.pk), url("public-statistics")]
    with clock_at(moment):
        tags = [client.get(address).headers["ETag"] for address in addresses]
        for address, tag in zip(addresses, tags, strict=True):
            assert client.get(address, headers={"if-none-match": tag}).status_code == 304
        case = stages.again(posting.entries.get().application)
        stages.do(reviews.revoke([Ref.of(case)], by=world.approver, now=moment, opinion="示例〔示例〕"))
        for address, tag in zip(addresses, tags, strict=True):
            assert client.get(address, headers={"if-none-match": tag}).status_code == 200


def test_a_new_sheet_and_one_taken_down_show_on_the_board_at_once(world: World) -> None:
    client, address = Client(), url("public-board")
    with clock_at(world.later(1)):
        empty = client.get(address).headers["ETag"]
        posting = on_display(world, 1)
        shown = client.get(address, headers={"if-none-match": empty})
        assert shown.status_code == 200
        postings.take_down(posting, by=world.clerk, now=world.later(1), reason="示例〔示例〕")
        gone = client.get(address, headers={"if-none-match": shown.headers["ETag"]})
    assert gone.status_code == 200
    assert list(gone.context["page_obj"]) == []


def test_a_browser_that_kept_a_named_list_is_refused_it_after_the_last_day(world: World) -> None:
    posting = on_display(world, 1, names=["赵示例"])
    address = url("public-sheet", posting.pk)
    with clock_at(stages.after(posting) - timedelta(seconds=1)):
        kept = Client().get(address)
    with clock_at(stages.after(posting)):
        late = Client().get(address, headers={"if-none-match": kept.headers["ETag"]})
    assert kept.headers["Cache-Control"] == "private, no-cache"
    assert late.status_code == 410
    assert "no-store" in late.headers["Cache-Control"]


def test_pages_with_names_are_for_no_search_engine_and_pages_without_are(world: World) -> None:
    public, moment = announced(world)
    world.now = moment
    hanging = on_display(world, 1)
    ended = Posting.objects.filter(state=PostingState.CLOSED).earliest("pk")
    with clock_at(moment):
        for address in (
            *(url("public-sheet", posting.pk) for posting in (public, hanging, ended)),
            url("public-progress"),
        ):
            page = Client().get(address)
            assert page.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive", address
            assert '<meta name="robots" content="noindex, nofollow, noarchive">' in page.content.decode()
        for name in ("public-board", "public-announcements", "public-statistics"):
            page = Client().get(url(name))
            assert "X-Robots-Tag" not in page.headers
            assert "noindex" not in page.content.decode()


def test_the_year_in_figures_counts_by_programme_and_village_and_names_nobody(world: World) -> None:
    household = world.household(name="孙示例")
    case, moment = stages.reach(world, State.ANNOUNCEMENT, household=household)
    stages.announced(world, [case], now=moment)
    with clock_at(moment):
        page = Client().get(url("public-statistics"))
        empty = Client().get(f"{url('public-statistics')}?year=1999&place=nowhere")
    tables = {column: groups for _, column, groups in page.context["tables"]}
    assert [(g.name, g.cases, g.households, g.amount) for g in tables["项目"]] == [
        ("示例种植补助", 1, 1, 900)
    ]
    assert [(g.cases, g.amount) for g in tables["村（社区）"]] == [(1, 900)]
    assert (page.context["cases"], page.context["amount"], page.context["year"]) == (1, 900, 2021)
    assert "孙示例" not in page.content.decode()
    assert empty.context["year"] == 2021


def test_the_figures_are_counted_once_for_each_state_of_the_announcements(world: World) -> None:
    posting, moment = announced(world)
    address = url("public-statistics")
    with clock_at(moment):
        first = queries(Client(), address)
        assert queries(Client(), address) == first - 2
        another, later = stages.reach(world, State.ANNOUNCEMENT)
    with clock_at(later):
        assert Client().get(address).context["cases"] == 1
        stages.announced(world, [another], now=later)
        assert Client().get(address).context["cases"] == 2
        case = stages.again(posting.entries.get().application)
        stages.do(reviews.revoke([Ref.of(case)], by=world.approver, now=later, opinion="示例〔示例〕"))
        assert Client().get(address).context["cases"] == 1


def test_the_public_pages_of_an_empty_installation_answer(db: None) -> None:
    for name in ("public-board", "public-announcements", "public-statistics", "public-progress"):
        assert Client().get(url(name)).status_code == 200
