"""The list of sheets and one sheet: scope, outcomes derived, what happens to a sheet as a whole, printing."""

from datetime import timedelta

import pytest

from applications.states import State
from registry import appointments
from registry.models import Role
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.workflow.views.sheets import crowd, on_display, waiting
from tests.world import World
from workflow import postings
from workflow.models import Posting, PostingEntry, PostingKind, PostingState

TABS = ["waiting", "draft", "displayed", "closed", "announcement"]
MOST = 12
"""Statements a list may take, signing in included."""


def a_bit_of_everything(world: World) -> None:
    """Waiting, drafted, displayed, closed, taken down, to be announced, announced."""
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    stages.announced(world, [case], now=moment)
    stages.reach(world, State.ANNOUNCEMENT)
    for _ in range(3):
        stages.sheet(world, waiting(world, 1), kind=PostingKind.VILLAGE, now=world.now)
        on_display(world, 2)
        down = on_display(world, 1)
        postings.take_down(down, by=world.clerk, now=world.now, reason="标题有误")
    waiting(world, 2, village=1)


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver", "supervisor"])
@pytest.mark.parametrize("tab", TABS)
def test_every_tab_takes_at_most_twelve_statements(world: World, who: str, tab: str) -> None:
    a_bit_of_everything(world)
    with clock_at(world.later(1)):
        assert queries(as_(getattr(world, who)), f"{url('posting-list')}?tab={tab}") <= MOST


def test_cases_that_wait_are_grouped_by_programme_and_region_with_a_way_to_draft(world: World) -> None:
    waiting(world, 3)
    waiting(world, 2, village=1)
    stages.reach(world, State.TOWNSHIP_POSTING)
    found = {}
    for who in ("clerk", "reviewer", "approver", "supervisor"):
        with clock_at(world.later(30)):
            page = as_(getattr(world, who)).get(url("posting-list"))
        found[who] = [(group.kind, group.region.name, group.count) for group in page.context["groups"]]
    assert found == {
        "clerk": [(PostingKind.VILLAGE, "示例1村", 3)],
        "reviewer": [(PostingKind.TOWNSHIP, "示例镇", 1)],
        "approver": [],
        "supervisor": [],
    }


def test_a_person_with_two_villages_sees_both_groups_in_as_many_statements(world: World) -> None:
    waiting(world, 1)
    waiting(world, 2, village=1)
    client = as_(world.clerk)
    with clock_at(world.now):
        one = queries(client, url("posting-list"))
        appointments.appoint(
            world.clerk,
            role=Role.VILLAGE_CLERK,
            region=world.villages[1],
            starts_on=stages.day("2021-01-01"),
            by=None,
        )
        # With another post begins another session.
        client = as_(world.clerk)
        assert queries(client, url("posting-list")) == one
        page = client.get(url("posting-list"))
    assert sorted((group.region.name, group.count) for group in page.context["groups"]) == [
        ("示例1村", 1),
        ("示例2村", 2),
    ]


def test_a_group_shows_its_earliest_due_date_and_its_objections(world: World) -> None:
    free, moment = stages.reach(world, State.ANNOUNCEMENT)
    stopped, _ = stages.reach(world, State.ANNOUNCEMENT)
    entry = PostingEntry.objects.filter(application=stopped).latest("pk")
    stages.lodged(world, stopped, entry.posting, now=moment)
    with clock_at(moment):
        page = as_(world.approver).get(f"{url('posting-list')}?tab=announcement")
    (group,) = page.context["groups"]
    due = free.deadlines.get(settled_at__isnull=True).due_on
    assert (group.count, group.held, group.due_on) == (2, 1, due)


def test_a_sheet_is_listed_for_its_region_and_above_and_for_nobody_else(world: World) -> None:
    posting = on_display(world, 1)
    seen = {}
    for who in ("clerk", "second_clerk", "reviewer", "approver", "supervisor", "stranger"):
        with clock_at(world.later(1)):
            page = as_(getattr(world, who)).get(f"{url('posting-list')}?tab=displayed")
        seen[who] = [row.pk for row in page.context["page_obj"]]
    assert seen.pop("stranger") == []
    assert set(map(tuple, seen.values())) == {(posting.pk,)}
    with clock_at(world.later(1)):
        other = as_(world.clerks[1]).get(f"{url('posting-list')}?tab=displayed")
    assert list(other.context["page_obj"]) == []


@pytest.mark.parametrize("name", ["posting-detail", "posting-print"])
def test_a_stranger_finds_no_trace_of_a_sheet(world: World, name: str) -> None:
    posting = on_display(world, 1)
    assert as_(world.stranger).get(url(name, posting.pk)).status_code == 404
    assert as_(world.clerks[1]).get(url(name, posting.pk)).status_code == 404
    assert as_(world.clerk).get(url(name, 999999)).status_code == 404


def test_held_is_derived_from_open_objections_and_vanishes_with_them(world: World) -> None:
    posting = on_display(world, 2)
    entry = posting.entries.get(position=2)
    objection = stages.lodged(world, entry.application, posting, now=world.later(1))
    client = as_(world.clerk)
    with clock_at(world.later(2)):
        page = client.get(posting.get_absolute_url())
    assert [line.word for line in page.context["outcomes"]] == ["公示中", "公示中，有异议"]
    assert "有1件存在未办结异议" in page.content.decode()
    stages.decided(objection, "not_upheld", by=world.clerk, now=world.later(2))
    with clock_at(world.later(3)):
        page = client.get(posting.get_absolute_url())
    assert [line.word for line in page.context["outcomes"]] == ["公示中", "公示中"]


def test_when_all_entries_are_held_the_page_says_what_will_happen_and_what_happened(world: World) -> None:
    posting = on_display(world, 2)
    for entry in posting.entries.all():
        stages.lodged(world, entry.application, posting, now=world.later(1))
    client = as_(world.clerk)
    with clock_at(world.later(2)):
        text = client.get(posting.get_absolute_url()).content.decode()
    assert "本张公示全部条目暂停：2件都有未办结异议。公示期照常计算，到2021年03月11日期满办结" in text
    postings.close(posting.pk, now=stages.after(posting))
    with clock_at(stages.after(posting)):
        page = client.get(posting.get_absolute_url())
    assert [line.word for line in page.context["outcomes"]] == ["期满，有异议", "期满，有异议"]
    assert "这次公示期满时没有条目通过" in page.content.decode()
    assert "本次公示没有条目通过。" in page.content.decode()


def test_when_all_entries_are_taken_out_the_page_says_the_sheet_came_down(world: World) -> None:
    posting = on_display(world, 1)
    objection = stages.lodged(world, posting.entries.get().application, posting, now=world.later(1))
    stages.decided(objection, "corrected", by=world.clerk, now=world.later(2))
    with clock_at(world.later(3)):
        page = as_(world.clerk).get(posting.get_absolute_url())
    assert page.context["posting"].state == PostingState.TAKEN_DOWN
    assert "这张公示已撤下，原因：名单内已无条目。" in page.content.decode()
    assert [(line.word, line.note) for line in page.context["outcomes"]] == [("已撤出", "更正")]


def test_a_closed_sheet_shows_its_certificate_ledger_photo_and_digest(world: World) -> None:
    posting = on_display(world, 1)
    postings.close(posting.pk, now=stages.after(posting))
    with clock_at(stages.after(posting)):
        page = as_(world.clerk).get(posting.get_absolute_url())
    text = page.content.decode()
    kept = Posting.objects.get()
    assert kept.certificate
    assert kept.certificate in text
    assert f"<code>{kept.digest[:12]}…</code>" in text
    assert f"<code>{kept.digest}</code>" in text
    assert "名单与张贴时封存的名单一致。" in text
    assert [(f"{day}", number) for day, number, _ in page.context["ledger"]][-1] == ("2021-03-11", 10)
    assert len(page.context["photos"]) == 1


def test_a_list_changed_after_display_is_called_out(world: World) -> None:
    posting = on_display(world, 1)
    entry = posting.entries.get()
    PostingEntry.objects.filter(pk=entry.pk).update(row={**entry.row, "amount": "9000.00"})
    with clock_at(world.later(1)):
        page = as_(world.clerk).get(posting.get_absolute_url())
    assert page.context["intact"] is False
    assert "名单与张贴时封存的名单不一致" in page.content.decode()


def test_a_draft_says_until_when_it_would_hang_if_it_went_up_today(world: World) -> None:
    posting = stages.sheet(world, waiting(world, 1), kind=PostingKind.VILLAGE, now=world.now)
    with clock_at(world.now):
        page = as_(world.clerk).get(posting.get_absolute_url())
    assert page.context["foreseen"].last_day == stages.day("2021-03-11")
    assert "如果今天张贴，公示到2021年3月11日" in page.content.decode()
    assert [action.label for action in page.context["actions"] if action.verdict] == ["登记张贴", "删除拟稿"]


def test_who_may_not_act_reads_why(world: World) -> None:
    posting = stages.sheet(world, waiting(world, 1), kind=PostingKind.VILLAGE, now=world.now)
    with clock_at(world.now):
        page = as_(world.reviewer).get(posting.get_absolute_url())
    assert not any(action.verdict for action in page.context["actions"])
    assert "村级公示由当地的村级经办人办理，您没有这项任职。" in page.content.decode()


def test_a_printed_sheet_is_the_frozen_one_even_after_a_row_was_taken_out(world: World) -> None:
    posting = on_display(world, 2, names=["赵示例", "钱示例"])
    objection = stages.lodged(world, posting.entries.get(position=1).application, posting, now=world.later(1))
    stages.decided(objection, "corrected", by=world.clerk, now=world.later(2))
    with clock_at(world.later(3)):
        page = as_(world.clerk).get(url("posting-print", posting.pk))
    assert [line.row["name"] for line in page.context["paper"].lines] == ["赵示例", "钱示例"]
    assert page.context["paper"].period == "2021年3月1日至2021年3月11日，10个自然日（首日不计）"


@pytest.mark.parametrize("name", ["posting-detail", "posting-print"])
def test_five_hundred_rows_take_as_many_statements_as_two(world: World, name: str) -> None:
    posting = on_display(world, 2)
    client = as_(world.clerk)
    with clock_at(world.now + timedelta(days=1)):
        few = queries(client, url(name, posting.pk))
        crowd(posting, 500)
        assert queries(client, url(name, posting.pk)) == few
    # The sixteenth asks on which later sheets the rows were shown again.
    assert few <= 16


def test_the_list_counts_the_rows_and_the_objections_of_a_sheet(world: World) -> None:
    posting = on_display(world, 3)
    stages.lodged(world, posting.entries.get(position=1).application, posting, now=world.later(1))
    with clock_at(world.later(1)):
        page = as_(world.clerk).get(f"{url('posting-list')}?tab=displayed")
    (row,) = page.context["page_obj"]
    assert (row.entry_count, row.held_count) == (3, 1)
