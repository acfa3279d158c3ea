"""A person leaves: what they had taken is listed and goes on with others; posts and sessions end; the row stays."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from applications.models import Application, HistoryEntry
from applications.states import State
from registry import appointments
from registry.models import AccountAct, AccountChange, Appointment, Interest, InterestKind, Role, User
from registry.refusal import Refused
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import all_rows
from tests.world import World, user
from workflow import consistency, departures, engine, objections, postings, reviews
from workflow.complaints import Complaint
from workflow.departures import Post
from workflow.models import Channel, Objection, PostingKind, ReviewTask
from workflow.results import Ref


def take(case: Application, person: User | None, *, world: World) -> Application:
    """The case's task taken by a person, as the rows show it."""
    engine.hand_over([engine.open_tasks([case.pk])[case.pk]], to=person, at=world.now)
    return stages.again(case)


def owner(case: Application) -> Any:
    return ReviewTask.objects.get(process__approvalprocess__application=case, finished__isnull=True).owner


def rows() -> dict[str, Any]:
    return {
        **all_rows(),
        "owners": list(ReviewTask.objects.order_by("pk").values_list("pk", "owner", "status")),
        "users": list(User.objects.order_by("pk").values("pk", "is_active", "session_round")),
        "posts": list(Appointment.objects.order_by("pk").values()),
        "lines": AccountChange.objects.count(),
        "investigators": list(Objection.objects.order_by("pk").values_list("investigators", flat=True)),
    }


def leave(world: World, person: User, *, taker: User | None = None, **values: Any) -> Any:
    held = departures.held(person, on=timezone.localdate(world.now))
    given: dict[str, Any] = {
        "by": world.administrator,
        "now": world.now,
        "reason": "调离〔示例〕",
        "takers": {post.key: taker for post in held.posts},
        "seen": held.fingerprint,
    }
    return departures.leave(person, **{**given, **values})


def investigated(world: World, by: User) -> Objection:
    """An objection of the village that the person and another look into."""
    case = stages.submitted(world)
    stages.passed(world, [case], by=world.second_clerk, now=world.now)
    sheet = stages.displayed(world, [stages.again(case)], kind=PostingKind.VILLAGE, now=world.now)
    said = Complaint(Channel.WEB, "面积不足。", anonymous=True)
    made = objections.lodge(sheet.entries.get(), complaint=said, now=world.now)
    objections.accept(made, by=by, now=world.now)
    made.refresh_from_db()
    return objections.investigate(made, by=by, now=world.now, investigators=[by.name, "外村人〔示例〕"])


def test_open_tasks_go_to_the_one_chosen_and_everything_ends_in_one_act(world: World) -> None:
    mine = [take(stages.submitted(world), world.clerk, world=world) for _ in range(3)]
    other = take(stages.submitted(world), world.second_clerk, world=world)
    client = as_(world.clerk)
    assert client.get(url("desk")).status_code == 200
    (result,) = leave(world, world.clerk, taker=world.second_clerk)
    assert result.data == {"cases": 3}
    assert [owner(case) for case in mine] == [world.second_clerk] * 3
    assert owner(other) == world.second_clerk
    kept = User.objects.get(pk=world.clerk.pk)
    assert not kept.is_active
    assert client.get(url("desk"))["Location"].startswith(url("login"))
    post = Appointment.objects.get(user=world.clerk)
    assert (post.ends_on, post.ended_by) == (timezone.localdate(world.now), world.administrator)
    for case in mine:
        line = HistoryEntry.objects.filter(application=case).latest("seq")
        assert (line.act, line.text, line.by) == (
            "task_handed_over",
            "王村一离岗，由赵村员接办。",
            world.administrator,
        )
        assert stages.again(case).revision == line.seq
    assert HistoryEntry.objects.filter(application=other, act="task_handed_over").count() == 0
    note = AccountChange.objects.get(act=AccountAct.DEACTIVATE)
    assert (note.user, note.reason, note.data["cases"]) == (
        world.clerk,
        "调离〔示例〕",
        [one.pk for one in mine],
    )
    assert not list(consistency.faults())
    stages.passed(world, [stages.again(mine[0])], by=world.second_clerk, now=world.now)
    assert stages.again(mine[0]).state == State.VILLAGE_POSTING


def test_without_a_taker_the_tasks_lie_open_for_the_post(world: World) -> None:
    case = take(stages.submitted(world), world.clerk, world=world)
    leave(world, world.clerk)
    assert owner(case) is None
    line = HistoryEntry.objects.filter(application=case).latest("seq")
    assert line.text == "王村一离岗，放回待办。"


def test_objections_go_on_with_the_taker_in_the_place_of_the_one_who_leaves(world: World) -> None:
    made = investigated(world, world.clerk)
    held = departures.held(world.clerk, on=timezone.localdate(world.now))
    post = Post.of(Role.VILLAGE_CLERK, world.village.code)
    assert held.objections == {post: [made]}
    leave(world, world.clerk, taker=world.second_clerk)
    kept = Objection.objects.get(pk=made.pk)
    assert (kept.investigators, kept.revision) == (["赵村员", "外村人〔示例〕"], made.revision + 2)
    line = HistoryEntry.objects.filter(application=made.application).latest("seq")
    assert (line.act, line.text) == (
        "objection_handed_over",
        f"异议（编号{made.number}）经办人王村一离岗，由赵村员接办。",
    )


def test_a_task_and_an_objection_on_one_case_make_one_line(world: World) -> None:
    made = investigated(world, world.clerk)
    # The sheet's period ends with the objection open; taken back, the case waits for a reviewer again.
    posting = made.entry.posting
    world.now = stages.after(posting)
    assert postings.close(posting.pk, now=world.now).done
    stages.do(
        reviews.take_back([Ref(made.application_id)], by=world.clerk, now=world.now, opinion="重新核实")
    )
    case = take(stages.again(made.application), world.clerk, world=world)
    before = case.revision
    leave(world, world.clerk, taker=world.second_clerk)
    assert stages.again(case).revision == before + 1
    text = HistoryEntry.objects.filter(application=case).latest("seq").text
    assert "王村一离岗，由赵村员接办。" in text
    assert made.number in text


@pytest.mark.parametrize(
    "who", ["himself", "of another village", "of another level", "with an interest", "of two levels"]
)
def test_the_work_goes_to_nobody_who_may_not_do_it_and_then_nothing_changes(world: World, who: str) -> None:
    case = take(stages.submitted(world), world.clerk, world=world)
    taker = {
        "himself": world.clerk,
        "of another village": world.clerks[1],
        "of another level": world.reviewer,
        "with an interest": world.second_clerk,
        "of two levels": world.reviewer,
    }[who]
    person = world.clerk
    if who == "with an interest":
        Interest.objects.create(
            user=taker, household=case.household, kind=InterestKind.RELATIVE, declared_on=date(2021, 1, 1)
        )
    elif who == "of two levels":
        case, moment = stages.reach(world, State.DISTRICT_REVIEW)
        world.now = moment
        person = world.approver
        take(case, person, world=world)
        appointments.appoint(
            taker, role=Role.DISTRICT_APPROVER, region=world.county, starts_on=date(2020, 1, 1), by=None
        )
    before = rows()
    with pytest.raises(Refused, match="不能移交给"):
        leave(world, person, taker=taker)
    assert rows() == before


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver", "supervisor", "stranger"])
def test_nobody_but_an_administrator_deactivates(world: World, who: str) -> None:
    take(stages.submitted(world), world.second_clerk, world=world)
    before = rows()
    with pytest.raises(Refused):
        leave(world, world.second_clerk, by=getattr(world, who))
    assert rows() == before


def test_what_was_taken_meanwhile_is_looked_at_again(world: World) -> None:
    held = departures.held(world.clerk, on=timezone.localdate(world.now))
    take(stages.submitted(world), world.clerk, world=world)
    before = rows()
    with pytest.raises(Refused, match="请重新核对"):
        leave(world, world.clerk, seen=held.fingerprint)
    assert rows() == before


def test_without_a_reason_nothing_changes(world: World) -> None:
    before = rows()
    with pytest.raises(Refused, match="请写明原因"):
        leave(world, world.clerk, reason=" ")
    assert rows() == before


def test_the_same_form_twice_hands_over_once(world: World) -> None:
    case = take(stages.submitted(world), world.clerk, world=world)
    seen = departures.held(world.clerk, on=timezone.localdate(world.now)).fingerprint
    first = leave(world, world.clerk, key="k", seen=seen)
    after = rows()
    assert leave(world, world.clerk, key="k", seen=seen) == first
    assert rows() == after
    assert owner(case) is None


def test_a_session_of_somebody_without_a_post_does_not_come_back_with_the_login(world: World) -> None:
    """Ending an appointment ends the sessions too; here there is none, and no new password either."""
    person = user("示例离岗")
    client = as_(person)
    assert client.get(url("password")).status_code == 200
    leave(world, person)
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert client.get(url("password"))["Location"].startswith(url("login"))


def test_posts_left_with_nobody_are_named(world: World) -> None:
    today = timezone.localdate(world.now)
    assert departures.held(world.clerk, on=today).vacant == ()
    (post,) = departures.held(world.clerks[1], on=today).vacant
    assert (post.region, post.role) == (world.villages[1], Role.VILLAGE_CLERK)


def test_later_appointments_end_too_and_ended_ones_stay(world: World) -> None:
    today = timezone.localdate(world.now)
    person = user("多岗〔示例〕")
    days = [
        (today - timedelta(days=99), today - timedelta(days=9)),
        (today, None),
        (today + timedelta(days=9), None),
    ]
    for village, (starts, ends) in zip([*world.villages, world.villages[0]], days, strict=True):
        appointments.appoint(
            person, role=Role.VILLAGE_CLERK, region=village, starts_on=starts, ends_on=ends, by=None
        )
    leave(world, person)
    ends = list(person.appointments.order_by("starts_on").values_list("ends_on", flat=True))
    assert ends == [today - timedelta(days=9), today, today + timedelta(days=9)]


def test_the_page_lists_what_is_held_and_hands_it_over(world: World) -> None:
    case = take(stages.submitted(world), world.clerk, world=world)
    client = as_(world.administrator)
    address = url("account-leave", world.clerk.pk)
    with clock_at(world.now):
        page = client.get(address)
        text = page.content.decode()
        assert case.number in text
        assert "赵村员" in text
        form = page.context["form"]
        (post,) = form.people
        sent = {
            "key": form["key"].value(),
            "seen": form["seen"].value(),
            "reason": "退休〔示例〕",
            post.key: f"{world.second_clerk.pk}",
        }
        done = client.post(address, sent)
        assert done["Location"] == url("account-detail", world.clerk.pk)
        told = client.get(done["Location"]).content.decode()
    assert "已停用" in told
    assert "退休〔示例〕" in told
    assert owner(case) == world.second_clerk


def test_a_person_sees_the_own_work_before_leaving(world: World) -> None:
    case = take(stages.submitted(world), world.clerk, world=world)
    with clock_at(world.now):
        assert case.number in as_(world.clerk).get(url("account-own")).content.decode()
        assert case.number not in as_(world.second_clerk).get(url("account-own")).content.decode()
