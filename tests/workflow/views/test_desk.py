"""The desk: what waits for whom, with counts that agree with the lists behind them."""

from datetime import timedelta

from django.test import Client

from applications.models import Application, Attachment
from applications.states import State
from notifications.models import Message, MessageState
from registry.models import Appointment, User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, submitted_in_sets, url
from tests.world import World, photo
from workflow import reviews
from workflow.models import HolidayNotice, PostingKind
from workflow.results import Ref


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


def test_desk_says_where_what_i_sent_lies_now_and_what_moved_it(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    waiting, _ = stages.reach(world, State.VILLAGE_REVIEW)
    stages.reach(world, State.TOWNSHIP_REVIEW, village=1)
    with clock_at(moment):
        page = as_(world.clerk).get(url("desk"))
    assert [(one.label, one.n, one.over) for one in page.context["lying"]] == [("待乡级审核", 1, 0)]
    moves = page.context["moves"]
    assert [(move.application.pk, move.word, move.to) for move in moves] == [
        (case.pk, "村级公示期满", "待乡级审核")
    ]
    assert waiting.pk not in [move.application.pk for move in moves]
    with clock_at(moment + timedelta(days=60)):
        assert [one.over for one in as_(world.clerk).get(url("desk")).context["lying"]] == [1]


def test_reviewers_see_their_list_as_a_whole_with_each_exception(world: World) -> None:
    cases = [stages.reach(world, State.TOWNSHIP_REVIEW) for _ in range(5)]
    moment = max(when for _, when in cases)
    large, cut, *_ = (case for case, _ in cases)
    Application.objects.filter(pk=large.pk).update(amount=9000, claimed_amount=9000)
    Application.objects.filter(pk=cut.pk).update(amount=800)
    with clock_at(moment):
        found = as_(world.reviewer).get(url("desk")).context["overview"]
        assert (found.n, found.amount) == (5, 3 * 900 + 9000 + 800)
        assert [(share.n, share.villages, share.doubts) for share in found.shares] == [(5, 1, 2)]
        assert {doubt.pk: doubt.reasons for doubt in found.doubts} == {
            large.pk: ("金额超过本项目待办平均数的一倍",),
            cut.pk: ("已核减100.00元",),
        }
        assert as_(world.stranger).get(url("desk")).context["overview"].n == 0
        assert "overview" not in as_(world.clerk).get(url("desk")).context


def test_a_photo_that_another_household_has_too_is_an_exception(world: World) -> None:
    (one, _), (other, moment) = stages.reach(world, State.TOWNSHIP_REVIEW), stages.reach(world, State.DRAFT)
    same = photo()
    for case in (one, other):
        same.seek(0)
        Attachment.objects.create(
            kind="visit",
            application=case,
            file=same,
            original_name="照片.jpg",
            content_type="image/jpeg",
            size=1,
            sha256="5" * 64,
            uploaded_at=world.now,
        )
    with clock_at(moment):
        doubts = as_(world.reviewer).get(url("desk")).context["overview"].doubts
    assert [(doubt.pk, doubt.reasons) for doubt in doubts] == [(one.pk, ("照片与别户的申请相同",))]


def test_supervisor_sees_what_is_late_what_lacks_a_photo_and_what_was_corrected(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    later = moment + timedelta(days=60)
    hung, shown = (stages.reach(world, State.VILLAGE_POSTING)[0] for _ in range(2))
    bare = stages.displayed(world, [hung], kind=PostingKind.VILLAGE, now=world.now)
    stages.postings.close(bare.pk, now=stages.after(bare))
    stages.displayed(world, [shown], kind=PostingKind.VILLAGE, now=world.now)
    stages.do(
        reviews.correct([Ref.of(stages.again(shown))], by=world.clerk, now=world.now, opinion="面积有误。")
    )
    with clock_at(later):
        page = as_(world.supervisor).get(url("desk")).context
    assert case.pk in [row.application_id for row in page["late"]]
    assert [(row.application_id, row.get_act_display()) for row in page["corrected"]] == [(shown.pk, "更正")]
    assert [posting.pk for posting in page["unphotographed"]] == [bare.pk]


def test_administrator_sees_whether_it_runs_the_calendar_and_villages_without_a_clerk(world: World) -> None:
    Appointment.objects.filter(user=world.clerks[1]).update(ends_on=world.now.date() - timedelta(days=1))
    HolidayNotice.objects.filter(year=2022).delete()
    User.objects.filter(pk=world.reviewer.pk).update(must_change_password=True)
    with clock_at(world.now):
        page = as_(world.administrator).get(url("desk"))
    context = page.context
    assert (context["sweep"].ok, context["dead"]) == (False, 0)
    assert context["years"] == [(2021, True), (2022, False)]
    assert [region.name for region in context["without_clerk"]] == [world.villages[1].name]
    assert context["staffing"]["initial"] == 1
    assert "2022年的节假日通知还没有录入" in page.content.decode()


def test_no_role_takes_more_than_twelve_queries(world: World) -> None:
    stages.reach(world, State.TOWNSHIP_REVIEW)
    people = (world.clerk, world.reviewer, world.approver, world.supervisor, world.administrator)
    counts = {person.name: queries(as_(person), url("desk")) for person in people}
    assert max(counts.values()) <= 12, counts
