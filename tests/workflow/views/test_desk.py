"""The desk: what waits for whom, with counts that agree with the lists behind them."""

from datetime import timedelta

from django.test import Client

from applications.states import State
from notifications.models import Message, MessageState
from registry.models import User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, submitted_in_sets, url
from tests.world import World
from workflow.models import PostingKind


def tiles(person: User) -> dict[str, tuple[int, str]]:
    """Label → (number, note) of each tile."""
    return {tile.label: (tile.n, tile.note) for tile in as_(person).get(url("desk")).context["tiles"]}


def test_desk_counts_each_step_of_the_persons_own_role(world: World) -> None:
    stages.draft(world)
    stages.reach(world, State.VILLAGE_REVIEW)
    stages.reach(world, State.VILLAGE_REVIEW, village=1)
    _, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        assert tiles(world.clerk) == {"草稿": (1, ""), "待村级申报": (1, "超期1件")}
        assert tiles(world.clerks[1]) == {"待村级申报": (1, "超期1件")}
        assert tiles(world.reviewer) == {"待乡级审核": (1, "")}
        assert tiles(world.approver) == {}
        assert tiles(world.stranger) == {}


def test_desk_of_a_person_who_only_reads_shows_all_steps(world: World) -> None:
    stages.draft(world)
    stages.reach(world, State.VILLAGE_REVIEW)
    with clock_at(world.now):
        assert tiles(world.supervisor) == {"草稿": (1, ""), "待村级申报": (1, "")}


def test_posting_step_counts_what_waits_for_a_sheet_and_says_what_hangs_and_what_is_held(
    world: World,
) -> None:
    stages.reach(world, State.VILLAGE_POSTING)
    cases = [stages.reach(world, State.VILLAGE_POSTING)[0] for _ in range(2)]
    held, _ = stages.reach(world, State.VILLAGE_POSTING)
    sheet = stages.displayed(world, [held], kind=PostingKind.VILLAGE, now=world.now)
    stages.lodged(world, held, sheet, now=world.now)
    ended = stages.after(sheet)
    stages.postings.close(sheet.pk, now=ended)
    stages.displayed(world, cases, kind=PostingKind.VILLAGE, now=ended)
    with clock_at(ended):
        assert tiles(world.clerk) == {"村级公示待张贴": (1, "超期1件，公示中2件，期满待异议办结1件")}


def test_tile_turns_from_near_to_over_by_the_open_due_date_alone(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_REVIEW)
    due = case.deadlines.get(settled_at__isnull=True)
    for day, note in (
        (due.remind_on - timedelta(days=1), ""),
        (due.remind_on, "快到期1件"),
        (due.due_on, "快到期1件"),
        (due.due_on + timedelta(days=1), "超期1件"),
    ):
        with clock_at(moment + (day - moment.date())):
            assert tiles(world.clerk) == {"待村级申报": (1, note)}


def test_every_tile_leads_to_a_list_of_as_many_cases(world: World) -> None:
    stages.draft(world)
    for _ in range(2):
        stages.reach(world, State.VILLAGE_REVIEW)
    with clock_at(world.now):
        client = as_(world.clerk)
        found = client.get(url("desk")).context["tiles"]
        assert [tile.n for tile in found] == [1, 2]
        for tile in found:
            assert client.get(tile.url).context["page_obj"].paginator.count == tile.n


def test_desk_lists_corrections_with_their_faults_for_the_village_alone(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment, fault="缺少合同复印件")
    with clock_at(moment):
        page = as_(world.clerk).get(url("desk"))
        assert [one.pk for one in page.context["corrections"]] == [case.pk]
        assert "1. 缺少合同复印件" in page.content.decode()
        assert list(as_(world.reviewer).get(url("desk")).context["corrections"]) == []
        assert list(as_(world.clerks[1]).get(url("desk")).context["corrections"]) == []


def test_desk_lists_objections_at_the_level_that_handles_them(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    mine = stages.lodged(world, case, sheet, now=moment)
    above = stages.lodged(world, case, sheet, now=moment, concerns_cadre=True)
    with clock_at(moment):
        assert [o.pk for o in as_(world.clerk).get(url("desk")).context["objections"]] == [mine.pk]
        assert [o.pk for o in as_(world.reviewer).get(url("desk")).context["objections"]] == [above.pk]
        assert list(as_(world.approver).get(url("desk")).context["objections"]) == []
        assert list(as_(world.clerks[1]).get(url("desk")).context["objections"]) == []


def test_desk_shows_what_hangs_in_the_area_and_until_when(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    with clock_at(moment):
        shown = as_(world.reviewer).get(url("desk")).context["sheets"]
        assert [(one.pk, one.closes_on, one.hanging) for one in shown] == [(sheet.pk, sheet.closes_on, 1)]
        assert list(as_(world.stranger).get(url("desk")).context["sheets"]) == []


def test_desk_counts_unread_messages_of_the_person_alone(world: World) -> None:
    stages.reach(world, State.VILLAGE_REVIEW)
    Message.objects.update(state=MessageState.SENT)
    own = Message.objects.inbox_of(world.second_clerk.pk).count()
    assert own == 1
    with clock_at(world.now):
        assert as_(world.second_clerk).get(url("desk")).context["unread_count"] == own
        assert as_(world.reviewer).get(url("desk")).context["unread_count"] == 0


def test_desk_takes_twelve_queries_however_many_cases_there_are(world: World) -> None:
    few = stages.reach(world, State.VILLAGE_REVIEW)
    assert few
    counts = []
    for more in (1, 499):
        submitted_in_sets(world, more)
        counts += [queries(as_(person), url("desk")) for person in (world.clerk, world.reviewer)]
    assert counts[:2] == counts[2:]
    assert max(counts) <= 12


def test_stranger_to_the_system_is_sent_to_the_login(db: None) -> None:
    assert Client().get(url("desk"))["Location"] == f"{url('login')}?next=/"
