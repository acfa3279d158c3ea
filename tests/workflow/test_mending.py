"""Faults of a return, ticked one by one, and what differs since: from the record, not from memory."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from applications import history
from applications.models import Application, HistoryEntry
from applications.states import State
from registry.models import Relationship
from tests import stages
from tests.workflow.refusing import refused
from tests.workflow.views.pages import as_, clock_at, everything, url
from tests.world import World, photo
from workflow import consistency, intake, mending, returns, reviews
from workflow.models import Decision, Fault
from workflow.results import Ref
from workflow.reviews import FaultText


@pytest.fixture
def returned(world: World) -> tuple[Application, datetime]:
    """A case that the township sent back with three faults."""
    case, now = stages.reach(world, State.TOWNSHIP_REVIEW)
    faults = [FaultText("缺合同复印件"), FaultText("面积写错"), FaultText("缺照片")]
    stages.do(reviews.send_back([Ref.of(case)], by=world.reviewer, now=now, faults=faults))
    return stages.again(case), now


def keys(case: Application) -> list[int]:
    return list(
        Fault.objects.filter(decision__application=case).order_by("number").values_list("pk", flat=True)
    )


def ticks(case: Application) -> list[datetime | None]:
    rows = Fault.objects.filter(decision__application=case).order_by("number")
    return list(rows.values_list("mended_at", flat=True))


def test_faults_are_ticked_and_unticked_and_history_says_which(
    world: World, returned: tuple[Application, datetime]
) -> None:
    case, now = returned
    first, _, third = keys(case)
    later = now + timedelta(hours=1)
    stages.do(mending.tick_faults(Ref.of(case), ticked=[first, third], by=world.clerk, now=now))
    assert ticks(case) == [now, None, now]
    stages.do(mending.tick_faults(Ref.of(stages.again(case)), ticked=[first], by=world.clerk, now=later))
    assert ticks(case) == [now, None, None]
    lines = HistoryEntry.objects.filter(application=case, act="tick_faults").order_by("seq")
    assert [(line.text, line.data["mended"]) for line in lines] == [
        ("第1、3条已补正，第2条还没有补正。", [1, 3]),
        ("第1条已补正，第2、3条还没有补正。", [1]),
    ]
    assert stages.again(case).state == State.TOWNSHIP_CORRECTION
    assert history.faults(stages.again(case)) == []
    assert list(consistency.faults()) == []


def test_ticks_are_refused_to_others_elsewhere_and_for_other_faults(
    world: World, returned: tuple[Application, datetime]
) -> None:
    case, now = returned
    other, later = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, other, by=world.reviewer, now=later)
    open_one, _ = stages.reach(world, State.VILLAGE_REVIEW)
    before = (everything(), ticks(case), ticks(other))

    def tick(which: Application, fault: int, by: object) -> None:
        refused(lambda: mending.tick_faults(Ref.of(which), ticked=[fault], by=by, now=now), "")  # type: ignore[arg-type]

    tick(case, keys(case)[0], world.reviewer)
    tick(case, keys(case)[0], world.clerks[1])
    tick(case, keys(other)[0], world.clerk)
    tick(open_one, keys(case)[0], world.clerk)
    assert (everything(), ticks(case), ticks(other)) == before


def test_faults_of_an_earlier_return_cannot_be_ticked_any_more(
    world: World, returned: tuple[Application, datetime]
) -> None:
    case, now = returned
    old = keys(case)
    stages.do(intake.resubmit([Ref.of(case)], by=world.clerk, now=now))
    stages.returned(world, case, by=world.reviewer, now=now + timedelta(days=1))
    fresh = [pk for pk in keys(case) if pk not in old]
    again = stages.again(case)
    refused(
        lambda: mending.tick_faults(Ref.of(again), ticked=[old[0]], by=world.clerk, now=now),
        "不是最近一次退回的补正事项",
    )
    stages.do(mending.tick_faults(Ref.of(again), ticked=fresh, by=world.clerk, now=now))
    assert Fault.objects.filter(mended_at__isnull=False).count() == 1


def test_reporting_again_names_what_is_not_ticked_and_is_not_refused(
    world: World, returned: tuple[Application, datetime]
) -> None:
    case, now = returned
    stages.do(mending.tick_faults(Ref.of(case), ticked=keys(case)[:2], by=world.clerk, now=now))
    with clock_at(now):
        page = as_(world.clerk).get(url("application-act", case.pk, "resubmit")).content.decode()
    assert "第3条还没有勾选已补正" in page
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=now, opinion="照片明天补。"))
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
    assert Decision.objects.latest("pk").opinion == "照片明天补。没有勾选已补正的：第3条。"


def test_whoever_ticked_everything_reports_again_without_a_word_more(
    world: World, returned: tuple[Application, datetime]
) -> None:
    case, now = returned
    stages.do(mending.tick_faults(Ref.of(case), ticked=keys(case), by=world.clerk, now=now))
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=now))
    assert Decision.objects.latest("pk").opinion == "补正后再报"


def differences(case: Application) -> list[tuple[str, str, str]]:
    found = returns.last(case)
    assert found is not None
    return [(one.label, one.before, one.after) for one in found.differences]


def test_difference_to_what_was_returned_is_read_from_the_record(
    world: World, returned: tuple[Application, datetime]
) -> None:
    case, now = returned
    assert differences(case) == []
    later = now + timedelta(hours=1)
    wife = world.member(case.household, name="示例配偶", relationship=Relationship.SPOUSE)
    intake.amend(
        Ref.of(case), by=world.clerk, now=later, quantity=Decimal(2), payee=wife, reason="改种两亩。"
    )
    intake.attach(Ref(case.pk), paper=None, upload=photo("contract.jpg"), by=world.clerk, now=later)
    stages.visit(world, case, now=later)
    stages.do(
        mending.tick_faults(Ref.of(stages.again(case)), ticked=keys(case)[:1], by=world.clerk, now=later)
    )
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=later))
    head = case.household.head
    assert head is not None
    expected = [
        ("数量", "3亩", "2亩"),
        ("金额", "900.00元", "600.00元"),
        ("收款人", head.name, "示例配偶"),
        ("申请理由", "退回时的文字", "已修改"),
        ("材料", "没有", "新上传：contract.jpg"),
        ("入户核实", "没有", f"新登记：{later.date()}核实，属实"),
    ]
    assert differences(case) == expected
    found = returns.last(case)
    assert found is not None
    assert (found.by, found.level, found.word, found.at) == ("李审核", "乡级", "退回补正", now)
    assert [(one.number, one.text, one.mended_at) for one in found.faults] == [
        (1, "缺合同复印件", later),
        (2, "面积写错", None),
        (3, "缺照片", None),
    ]
    page = as_(world.clerk).get(case.get_absolute_url()).content.decode()
    for text in ("与退回时相比", "示例配偶", "没有勾选已补正", "新上传：contract.jpg"):
        assert text in page


def test_case_that_was_never_sent_back_has_no_difference(world: World) -> None:
    assert returns.last(stages.draft(world)) is None


def test_village_ticks_on_the_page_of_the_case(world: World, returned: tuple[Application, datetime]) -> None:
    case, now = returned
    with clock_at(now):
        page = as_(world.clerk).get(case.get_absolute_url())
        assert [f'name="faults" value="{pk}"' in page.content.decode() for pk in keys(case)] == [True] * 3
        assert 'name="faults"' not in as_(world.reviewer).get(case.get_absolute_url()).content.decode()
        form = page.context["ticks"]
        sent = {"revision": case.revision, "key": form["key"].value(), "faults": keys(case)[:2]}
        for _ in range(2):
            answer = as_(world.clerk).post(url("application-faults", case.pk), sent)
            assert (answer.status_code, answer["Location"]) == (302, case.get_absolute_url())
    assert ticks(case) == [now, now, None]
    assert HistoryEntry.objects.filter(application=case, act="tick_faults").count() == 1


def test_tick_on_a_case_that_changed_since_is_a_conflict(
    world: World, returned: tuple[Application, datetime]
) -> None:
    case, now = returned
    stages.visit(world, case, now=now)
    before = everything()
    with clock_at(now):
        answer = as_(world.clerk).post(
            url("application-faults", case.pk),
            {"revision": case.revision, "key": stages.key(), "faults": keys(case)},
        )
    assert answer.status_code == 409
    assert (everything(), ticks(case)) == (before, [None] * 3)
