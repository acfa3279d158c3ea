"""Fifty at once: fifty different numbers without a gap, for sheets, announcements and index numbers."""

from collections.abc import Callable

from applications.states import State
from tests import stages
from tests.workflow import races
from tests.world import World, photo
from workflow import announcements, postings
from workflow.models import AnnouncementSheet, Posting, PostingKind
from workflow.postings import Display
from workflow.results import Result

MANY = 50

pytestmark = races.ON_POSTGRESQL


def test_fifty_sheets_put_up_at_once_get_fifty_numbers_without_a_gap(world: World) -> None:
    cases = [stages.submitted(world) for _ in range(MANY)]
    stages.passed(world, cases, by=world.clerk, now=world.now)
    drafted = [stages.sheet(world, [case], kind=PostingKind.VILLAGE, now=world.now) for case in cases]

    def put_up(posting: Posting) -> Callable[[], list[Result]]:
        act = Display("村务公开栏", world.now, "吴监督", photo())
        return lambda: postings.display([posting.pk], act=act, by=world.clerk, now=world.now)

    outcomes = races.together([put_up(posting) for posting in drafted])
    assert races.unexpected(outcomes) == []
    assert races.tally(outcomes) == {"done": MANY}
    numbers = set(Posting.objects.values_list("number", flat=True))
    assert numbers == {f"村1公示〔2021〕{serial}号" for serial in range(1, MANY + 1)}
    races.assert_clean()


def test_announcements_published_at_once_get_numbers_and_index_numbers_without_a_gap(world: World) -> None:
    cases = [stages.submitted(world) for _ in range(MANY)]
    stages.passed(world, cases, by=world.clerk, now=world.now)
    moment = stages.ran(world, cases, kind=PostingKind.VILLAGE, now=world.now)
    stages.passed(world, cases, by=world.reviewer, now=moment)
    moment = stages.ran(world, cases, kind=PostingKind.TOWNSHIP, now=moment)
    stages.passed(world, cases, by=world.approver, now=moment)
    moment = stages.ran(world, cases, kind=PostingKind.DISTRICT, now=moment)
    assert {stages.again(case).state for case in cases} == {State.ANNOUNCEMENT}
    drafted = [stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment) for case in cases]
    for posting in drafted:
        announcements.write_items(posting, items=stages.ITEMS, by=world.approver, now=moment)

    def publish(posting: Posting) -> Callable[[], list[Result]]:
        return lambda: announcements.publish(posting.pk, by=world.approver, now=moment)

    outcomes = races.together([publish(posting) for posting in drafted])
    assert races.unexpected(outcomes) == []
    assert races.tally(outcomes) == {"done": MANY}
    published = Posting.objects.filter(kind=PostingKind.ANNOUNCEMENT)
    assert set(published.values_list("number", flat=True)) == {
        f"示公告〔{moment.year}〕{serial}号" for serial in range(1, MANY + 1)
    }
    serials = [
        number.split("-")[-1] for number in AnnouncementSheet.objects.values_list("index_number", flat=True)
    ]
    assert sorted(serials) == [f"{serial:05d}" for serial in range(1, MANY + 1)]
    races.assert_clean()
