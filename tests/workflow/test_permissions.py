"""Who may do what: every role, over one's own region and others, for every act; each refusal says why."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from applications.states import CORRECTIONS, LEVEL_OF, Level, State
from registry import appointments
from registry.models import Household, Interest, InterestKind, Region, RegionLevel, Role, User
from tests import stages
from tests.workflow.law_people import HOUSEHOLD, NOBODY, POSTS, READING, TODAY, VILLAGE, Post, case_in, own
from tests.workflow.law_table import WRITTEN_DOWN
from tests.world import World
from workflow import permissions
from workflow.models import Act, Objection, Posting, PostingKind
from workflow.permissions import Verdict

CLERK, REVIEWER, APPROVER = Role.VILLAGE_CLERK, Role.TOWNSHIP_REVIEWER, Role.DISTRICT_APPROVER
S = State
BY_LEVEL = {
    S.VILLAGE_REVIEW: CLERK,
    S.VILLAGE_POSTING: CLERK,
    S.TOWNSHIP_REVIEW: REVIEWER,
    S.TOWNSHIP_POSTING: REVIEWER,
    S.DISTRICT_REVIEW: APPROVER,
    S.DISTRICT_POSTING: APPROVER,
    S.ANNOUNCEMENT: APPROVER,
}
RETURNED_BY = {S.VILLAGE_CORRECTION: CLERK, S.TOWNSHIP_CORRECTION: REVIEWER, S.DISTRICT_CORRECTION: APPROVER}

NEEDED: dict[Act, Role | dict[State, Role]] = {
    Act.SUBMIT: CLERK,
    Act.DISCARD: CLERK,
    Act.RESUBMIT: CLERK,
    Act.RESTART: CLERK,
    Act.WITHDRAW: CLERK,
    Act.PASS_VILLAGE: CLERK,
    Act.PASS_TOWNSHIP: REVIEWER,
    Act.PASS_DISTRICT: APPROVER,
    Act.SEND_BACK: BY_LEVEL,
    Act.REJECT: BY_LEVEL,
    Act.TAKE_BACK: BY_LEVEL,
    Act.CORRECT: BY_LEVEL,
    Act.LAPSE: RETURNED_BY,
    Act.RETURN_TO_TOWNSHIP: APPROVER,
    Act.STOP: APPROVER,
    Act.ANNOUNCE: APPROVER,
    Act.REVOKE: APPROVER,
}
"""The role that each act needs over the case's region, by the state the case is in where that decides."""

CHINESE_SENTENCE = re.compile(r".*[\u4e00-\u9fff].*。")


def acts() -> Iterator[tuple[Act, State, Role]]:
    for act, role in NEEDED.items():
        for state, ways in WRITTEN_DOWN.items():
            if act.value in ways:
                yield act, state, role if isinstance(role, Role) else role[state]


def says_why(verdict: Verdict) -> bool:
    return not verdict.allowed and CHINESE_SENTENCE.fullmatch(verdict.reason) is not None


def granted(verdict: Verdict) -> bool:
    assert verdict.allowed or says_why(verdict)
    assert verdict.allowed != bool(verdict.reason)
    return verdict.allowed


def test_table_has_a_row_for_every_act_and_every_way_out_of_a_state() -> None:
    assert set(NEEDED) == set(Act)
    ways = {(name, state) for state, names in WRITTEN_DOWN.items() for name in names}
    closing = {way for way in ways if way[0].startswith("close_")}  # the system's, by the calendar
    cancelling = {way for way in ways if way[0] == "cancel"}  # what an upheld objection does to its case
    assert {(act.value, state) for act, state, _ in acts()} == ways - closing - cancelling


@pytest.mark.parametrize("post", POSTS, ids=str)
def test_act_is_allowed_to_its_role_over_the_own_region_and_to_nobody_else(post: Post) -> None:
    for act, state, role in acts():
        expected = post.role is role and post.place == "own"
        assert granted(permissions.may(post.actor(), act, case_in(state))) is expected, (act, state)


@pytest.mark.parametrize("act", Act)
def test_whoever_holds_nothing_may_do_nothing(act: Act) -> None:
    for state, ways in WRITTEN_DOWN.items():
        if act.value in ways:
            assert says_why(permissions.may(NOBODY, act, case_in(state)))


@pytest.mark.parametrize("state", State)
def test_every_act_has_a_verdict_in_every_state(state: State) -> None:
    for act in Act:
        for role in Role:
            granted(permissions.may(own(role).actor(), act, case_in(state)))


def test_nobody_decides_on_the_own_household_but_its_withdrawal_may_be_written_down() -> None:
    for act, state, role in acts():
        kin = own(role).actor(interests=frozenset({HOUSEHOLD}))
        verdict = permissions.may(kin, act, case_in(state))
        if act is Act.WITHDRAW:
            assert granted(verdict)
        else:
            assert says_why(verdict)
            assert "近亲属" in verdict.reason
        neighbour = own(role).actor(interests=frozenset({HOUSEHOLD + 1}))
        assert granted(permissions.may(neighbour, act, case_in(state)))


def test_nobody_enters_amends_or_handles_objections_for_the_own_household() -> None:
    case = case_in(State.DRAFT)
    kin = own(CLERK).actor(interests=frozenset({HOUSEHOLD}))
    household = Household(pk=HOUSEHOLD, village=VILLAGE)
    case.household = household
    objection = Objection(application=case, handling_level=Level.VILLAGE)
    for verdict in (
        permissions.may_enter(kin, VILLAGE, household),
        permissions.may_amend(kin, case),
        permissions.may_handle(kin, objection),
    ):
        assert says_why(verdict)
        assert "近亲属" in verdict.reason


@pytest.mark.parametrize("post", POSTS, ids=str)
def test_village_work_is_its_own_clerks(post: Post) -> None:
    expected = post.role is CLERK and post.place == "own"
    case = case_in(State.DRAFT)
    case.household = Household(pk=HOUSEHOLD, village=VILLAGE)
    assert granted(permissions.may_enter(post.actor(), VILLAGE)) is expected
    assert granted(permissions.may_hold_meeting(post.actor(), VILLAGE)) is expected
    assert granted(permissions.may_amend(post.actor(), case)) is expected


@pytest.mark.parametrize("state", State)
def test_case_is_amended_before_it_is_declared_or_in_correction_only(state: State) -> None:
    case = case_in(state)
    case.household = Household(pk=HOUSEHOLD, village=VILLAGE)
    expected = state in CORRECTIONS | {State.DRAFT, State.VILLAGE_REVIEW}
    assert granted(permissions.may_amend(own(CLERK).actor(), case)) is expected


@pytest.mark.parametrize("post", POSTS, ids=str)
def test_case_is_read_by_every_role_over_its_village_and_by_no_other(post: Post) -> None:
    assert granted(permissions.may_read(post.actor(), case_in(State.DRAFT))) is (post.place == "own")


SHEETS = {
    PostingKind.VILLAGE: (CLERK, VILLAGE),
    PostingKind.TOWNSHIP: (REVIEWER, Region(code="990101001000", level=RegionLevel.TOWNSHIP)),
    PostingKind.DISTRICT: (APPROVER, Region(code="990101000000", level=RegionLevel.COUNTY)),
    PostingKind.ANNOUNCEMENT: (APPROVER, Region(code="990101000000", level=RegionLevel.COUNTY)),
}


@pytest.mark.parametrize("kind", PostingKind)
@pytest.mark.parametrize("post", POSTS, ids=str)
def test_sheet_is_its_own_levels_over_its_own_region(post: Post, kind: PostingKind) -> None:
    role, region = SHEETS[kind]
    expected = post.role is role and post.place == "own"
    assert granted(permissions.may_prepare(post.actor(), kind, region)) is expected
    assert (
        granted(permissions.may_handle_posting(post.actor(), Posting(kind=kind, region=region))) is expected
    )


HANDLERS = {Level.VILLAGE: CLERK, Level.TOWNSHIP: REVIEWER, Level.DISTRICT: APPROVER}
SEES_THE_OBJECTOR = {
    Level.VILLAGE: {CLERK, REVIEWER, APPROVER},
    Level.TOWNSHIP: {REVIEWER, APPROVER},
    Level.DISTRICT: {APPROVER},
}


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("post", POSTS, ids=str)
def test_objection_is_its_levels_and_the_objector_is_hidden_from_those_below(
    post: Post, level: Level
) -> None:
    objection = Objection(application=case_in(State.VILLAGE_POSTING), handling_level=level)
    here = post.place == "own"
    assert granted(permissions.may_handle(post.actor(), objection)) is (here and post.role is HANDLERS[level])
    seen = here and post.role in SEES_THE_OBJECTOR[level]
    assert granted(permissions.may_see_objector(post.actor(), objection)) is seen


@pytest.mark.parametrize("post", POSTS, ids=str)
def test_objection_is_written_down_by_any_deciding_role_over_the_village(post: Post) -> None:
    expected = post.place == "own" and post.role not in READING
    assert granted(permissions.may_lodge(post.actor(), case_in(State.VILLAGE_POSTING))) is expected


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "expected"),
    [
        (TODAY, None, True),
        (TODAY, TODAY, True),
        (TODAY - DAY, TODAY + DAY, True),
        (date(2020, 1, 1), TODAY - DAY, False),
        (TODAY + DAY, None, False),
    ],
)
def test_appointment_counts_on_its_days_only(
    world: World, starts_on: date, ends_on: date | None, expected: bool
) -> None:
    case, _ = stages.reach(world, State.VILLAGE_REVIEW)
    person = User.objects.create(username="new", name="新任")
    appointments.appoint(
        person, role=CLERK, region=world.village, starts_on=starts_on, ends_on=ends_on, by=None
    )
    actor = appointments.actor(person, on=TODAY)
    for act in (Act.PASS_VILLAGE, Act.SEND_BACK, Act.REJECT, Act.WITHDRAW):
        assert granted(permissions.may(actor, act, case)) is expected
    assert granted(permissions.may_read(actor, case)) is expected


def test_deactivated_person_holds_nothing_any_more(world: World) -> None:
    case, _ = stages.reach(world, State.VILLAGE_REVIEW)
    assert granted(permissions.may(appointments.actor(world.clerk, on=TODAY), Act.PASS_VILLAGE, case))
    world.clerk.is_active = False
    world.clerk.save()
    actor = appointments.actor(world.clerk, on=TODAY)
    for act in Act:
        if act.value in WRITTEN_DOWN[State.VILLAGE_REVIEW]:
            assert says_why(permissions.may(actor, act, case))
    assert says_why(permissions.may_read(actor, case))
    assert says_why(permissions.may_enter(actor, world.village))


@pytest.mark.parametrize("kind", InterestKind)
def test_declared_tie_is_read_from_its_row(world: World, kind: InterestKind) -> None:
    case, _ = stages.reach(world, State.VILLAGE_REVIEW)
    Interest.objects.create(user=world.clerk, household=case.household, kind=kind, declared_on=TODAY)
    tied, free = (appointments.actor(person, on=TODAY) for person in (world.clerk, world.second_clerk))
    assert says_why(permissions.may(tied, Act.PASS_VILLAGE, case))
    assert granted(permissions.may(free, Act.PASS_VILLAGE, case))
    assert granted(permissions.may_read(tied, case))


def test_level_of_a_state_and_role_of_the_table_agree() -> None:
    assert {state: HANDLERS[LEVEL_OF[state]] for state in BY_LEVEL} == BY_LEVEL
    assert {state: HANDLERS[LEVEL_OF[state]] for state in RETURNED_BY} == RETURNED_BY
