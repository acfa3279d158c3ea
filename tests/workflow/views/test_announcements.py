"""The announcement: ten items, the last look, publishing."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from applications.models import Application
from applications.states import State
from registry import appointments
from registry.models import Role
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.workflow.views.sheets import all_rows, heading
from tests.world import World
from workflow import announcements, reviews
from workflow.announcements import LABELS
from workflow.models import AnnouncementSheet, EntryOutcome, Posting, PostingEntry, PostingKind, PostingState
from workflow.proceedings import Cut
from workflow.results import Ref


def drafted(world: World, *, items: bool = True) -> tuple[Posting, list[Application], datetime]:
    """A draft with two cases; the second has an open objection."""
    reached = [stages.reach(world, State.ANNOUNCEMENT) for _ in range(2)]
    cases, moment = [case for case, _ in reached], max(at for _, at in reached)
    entry = PostingEntry.objects.filter(application=cases[1]).latest("pk")
    stages.lodged(world, cases[1], entry.posting, now=moment)
    posting = stages.sheet(world, cases, kind=PostingKind.ANNOUNCEMENT, now=moment)
    if items:
        announcements.write_items(posting, items=stages.ITEMS, by=world.approver, now=moment)
    return posting, cases, moment


def test_items_can_be_kept_half_written_and_completed_later(world: World) -> None:
    posting, _, moment = drafted(world, items=False)
    client = as_(world.approver)
    address = url("announcement-items", posting.pk)
    with clock_at(moment):
        page = client.get(address)
        assert page.context["form"]["place"].value() == "示例区"
        assert page.context["form"]["phones"].value().endswith("举报电话12317")
        client.post(address, heading(page, funding="示例资金〔示例〕", result=""))
        kept = AnnouncementSheet.objects.get(posting=posting)
        assert (kept.funding, kept.result) == ("示例资金〔示例〕", "")
        client.post(address, heading(client.get(address), result="已完成"))
    kept.refresh_from_db()
    assert (kept.funding, kept.result) == ("示例资金〔示例〕", "已完成")


def test_without_its_ten_items_it_cannot_be_published(world: World) -> None:
    posting, _, moment = drafted(world, items=False)
    client = as_(world.approver)
    address = url("announcement-publish", posting.pk)
    with clock_at(moment):
        page = client.get(address)
        assert page.context["missing"] == list(LABELS.values())
        assert not page.context["may_publish"]
        before = all_rows()
        refused = client.post(address, heading(page))
    assert refused.status_code == 422
    assert "公告十项还缺少：" in refused.content.decode()
    assert all_rows() == before


def test_the_last_look_names_who_is_announced_and_who_stays_behind_and_why(world: World) -> None:
    posting, cases, moment = drafted(world)
    before = all_rows()
    with clock_at(moment):
        page = as_(world.approver).get(url("announcement-publish", posting.pk))
    assert [one.case.pk for one in page.context["going"]] == [cases[0].pk]
    assert [(one.case.pk, one.why_not) for one in page.context["staying"]] == [
        (cases[1].pk, "该申请有1件未办结异议，办结之前不能进入下一步。")
    ]
    assert page.context["total"] == 900
    assert page.context["may_publish"]
    assert all_rows() == before


def test_what_the_last_look_foresees_is_what_publishing_does(world: World) -> None:
    posting, cases, moment = drafted(world)
    client = as_(world.approver)
    address = url("announcement-publish", posting.pk)
    with clock_at(moment):
        answer = client.post(address, heading(client.get(address)), follow=True)
    kept = Posting.objects.get(pk=posting.pk)
    assert kept.state == PostingState.PUBLISHED
    assert [stages.again(case).state for case in cases] == [State.ANNOUNCED, State.ANNOUNCEMENT]
    assert list(kept.entries.values_list("application", "outcome")) == [(cases[0].pk, EntryOutcome.ANNOUNCED)]
    said = [str(message) for message in answer.context["messages"]]
    assert said == [
        "公告已发布，列入公告的申请已办结（1件）",
        f"{cases[1].number}：该申请有1件未办结异议，办结之前不能进入下一步。",
    ]
    assert kept.announcement.index_number in answer.content.decode()


def test_a_person_who_decided_below_may_not_announce_and_reads_it_beforehand(world: World) -> None:
    posting, cases, moment = drafted(world)
    appointments.appoint(
        world.reviewer,
        role=Role.DISTRICT_APPROVER,
        region=world.county,
        starts_on=stages.day("2021-01-01"),
        by=None,
    )
    with clock_at(moment):
        page = as_(world.reviewer).get(url("announcement-publish", posting.pk))
    assert page.context["going"] == []
    why = {one.case.pk: one.why_not for one in page.context["staying"]}
    assert why[cases[0].pk] == "您已在乡级经办过该申请，同一人不得在两级经办同一申请。"
    assert not page.context["may_publish"]


def test_publishing_twice_is_refused_and_changes_nothing(world: World) -> None:
    posting, _, moment = drafted(world)
    client = as_(world.approver)
    address = url("announcement-publish", posting.pk)
    with clock_at(moment):
        client.post(address, heading(client.get(address)))
        page = client.get(address)
        assert "这份公告已经不是拟稿，不能再发布。" in page.content.decode()
        before = all_rows()
        refused = client.post(address, {"key": stages.key()})
    assert refused.status_code == 422
    assert all_rows() == before


@pytest.mark.parametrize("name", ["announcement-items", "announcement-publish"])
@pytest.mark.parametrize(("who", "status"), [("reviewer", 403), ("supervisor", 403), ("stranger", 404)])
def test_nobody_else_handles_an_announcement(world: World, name: str, who: str, status: int) -> None:
    posting, _, moment = drafted(world)
    before = all_rows()
    with clock_at(moment):
        assert as_(getattr(world, who)).get(url(name, posting.pk)).status_code == status
        answer = as_(getattr(world, who)).post(url(name, posting.pk), {"key": stages.key(), "place": "别处"})
    assert answer.status_code == status
    assert all_rows() == before


@pytest.mark.parametrize("name", ["announcement-items", "announcement-publish"])
def test_a_posting_is_no_announcement(world: World, name: str) -> None:
    case, moment = stages.reach(world, State.DISTRICT_POSTING)
    posting = stages.sheet(world, [case], kind=PostingKind.DISTRICT, now=moment)
    with clock_at(moment):
        assert as_(world.approver).get(url(name, posting.pk)).status_code == 404


def test_the_last_look_takes_no_more_statements_for_more_cases(world: World) -> None:
    posting, _, moment = drafted(world)
    client = as_(world.approver)
    with clock_at(moment):
        few = queries(client, url("announcement-publish", posting.pk))
        more = [stages.reach(world, State.ANNOUNCEMENT)[0] for _ in range(4)]
        larger = stages.sheet(world, more, kind=PostingKind.ANNOUNCEMENT, now=moment)
        announcements.write_items(larger, items=stages.ITEMS, by=world.approver, now=moment)
        assert queries(client, url("announcement-publish", larger.pk)) == few


def test_an_announcement_and_its_corrections_are_linked_both_ways_on_desk_and_board(world: World) -> None:
    case, moment = stages.reach(world, State.ANNOUNCED)
    old = Posting.objects.get(kind=PostingKind.ANNOUNCEMENT)
    stages.do(reviews.revoke([Ref.of(case)], by=world.approver, now=moment, opinion="隐情〔示例〕"))
    new = Posting.objects.exclude(pk=old.pk).get(kind=PostingKind.ANNOUNCEMENT)
    with clock_at(moment):
        for name, client in (("public-sheet", Client()), ("posting-detail", as_(world.approver))):
            pages = {one.pk: client.get(url(name, one.pk)).content.decode() for one in (old, new)}
            assert url(name, new.pk) in pages[old.pk]
            assert url(name, old.pk) in pages[new.pk]
            for one in (old, new):
                assert new.announcement.index_number in pages[one.pk]
        board = Client().get(url("public-sheet", new.pk)).content.decode()
    assert "已撤销" in board
    assert case.payee.name in board
    assert url("public-objection", new.entries.get().pk) not in board
    assert "实施结果" not in board
    assert "隐情" not in board


def test_the_comparison_shows_each_difference_with_its_event(world: World) -> None:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    cut = Cut(Decimal(2), Decimal(600), "2亩 × 300.00元/亩 = 600.00元")
    ref = Ref.of(stages.again(case))
    stages.do(reviews.pass_on([ref], by=world.approver, now=moment, opinion="实测2亩。", cuts={case.pk: cut}))
    moment = stages.ran(world, [case], kind=PostingKind.DISTRICT, now=moment)
    posting = stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment)
    address = url("announcement-comparison", posting.pk)
    with clock_at(moment):
        for person in (world.approver, world.supervisor):
            page = as_(person).get(address)
            text = page.content.decode()
            assert page.context["faults"] == []
            assert "乡级公示→区级公示　核定金额：900.00 → 600.00" in text
            assert "区级审定通过：实测2亩。" in text
        assert address in as_(world.approver).get(posting.get_absolute_url()).content.decode()
        assert as_(world.reviewer).get(address).status_code == 403
        assert as_(world.stranger).get(address).status_code == 404
        sheet = PostingEntry.objects.get(application=case, level=PostingKind.VILLAGE).posting
        assert as_(world.approver).get(url("announcement-comparison", sheet.pk)).status_code == 404


def test_a_row_nothing_explains_is_named_before_the_button_and_on_the_comparison(world: World) -> None:
    posting, cases, moment = drafted(world)
    village = PostingEntry.objects.filter(application=cases[0], level=PostingKind.VILLAGE)
    village.update(row={**village.get().row, "name": "别人"})
    words = f"{cases[0].payee.name}（{cases[0].number}）：村级公示名单"
    client = as_(world.approver)
    with clock_at(moment):
        page = client.get(url("announcement-publish", posting.pk))
        assert words in page.content.decode()
        assert not page.context["may_publish"]
        assert words in client.get(url("announcement-comparison", posting.pk)).content.decode()
        before = all_rows()
        refused = client.post(url("announcement-publish", posting.pk), heading(page))
    assert refused.status_code == 422
    assert words in refused.content.decode()
    assert all_rows() == before


def test_the_comparison_takes_no_more_statements_for_more_rows(world: World) -> None:
    counts = []
    for number in (1, 5):
        reached = [stages.reach(world, State.ANNOUNCEMENT) for _ in range(number)]
        sheet = stages.sheet(
            world, [case for case, _ in reached], kind=PostingKind.ANNOUNCEMENT, now=reached[0][1]
        )
        client = as_(world.approver)
        with clock_at(reached[0][1]):
            counts.append(queries(client, url("announcement-comparison", sheet.pk)))
    assert counts[0] == counts[1]


def test_the_catalogue_is_typed_beside_the_items_and_shown_on_the_public_page(world: World) -> None:
    posting, _, moment = drafted(world)
    client = as_(world.approver)
    address = url("announcement-items", posting.pk)
    with clock_at(moment):
        page = client.get(address)
        assert page.context["form"]["category"].value() == "扶贫项目"
        future = client.post(address, heading(page, generated_on="2031-01-01", topic="民政〔示例〕"))
        assert future.status_code == 422
        assert "生成日期2031-01-01晚于今天" in future.content.decode()
        assert "民政〔示例〕" in future.content.decode()
        client.post(address, heading(page, document_number="示文〔示例〕", topic="民政〔示例〕"))
        client.post(
            url("announcement-publish", posting.pk),
            heading(client.get(url("announcement-publish", posting.pk))),
        )
        public = Client().get(url("public-sheet", posting.pk)).content.decode()
    assert "示文〔示例〕" in public
    assert "民政〔示例〕" in public


def test_the_last_look_says_by_when_it_is_due(world: World) -> None:
    posting, cases, moment = drafted(world)
    due = cases[0].deadlines.get(settled_at__isnull=True)
    with clock_at(moment + timedelta(days=60)):
        page = as_(world.approver).get(url("announcement-publish", posting.pk))
    assert page.context["due"].on == due.due_on
    assert "已超期" in page.content.decode()
