"""Declared ties: said on record, binding from their day, withdrawn by another, never gone; every way is closed by them."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from applications.models import Ground
from applications.states import State
from registry import appointments
from registry.models import (
    AccountChange,
    Household,
    Interest,
    InterestKind,
    InterestNeverDeleted,
    Member,
    Role,
)
from registry.refusal import Refused
from tests import stages
from tests.faults import breaking
from tests.workflow import written
from tests.workflow.filled import filled, upload
from tests.workflow.views.pages import as_, clock_at, key_of, url
from tests.world import World, user
from workflow import claim_rows, custody, household_sheet, imports, interests, removals, reviews
from workflow.models import ImportRow, PostingKind
from workflow.removals import Order
from workflow.results import Ref

KIN = InterestKind.RELATIVE


def rows() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values()) for model in (Interest, AccountChange, Household, Member)
    ]


def declared(world: World, person: Any, household: Household, **said: Any) -> Interest:
    made = interests.declare(person, household, **{"kind": KIN, "by": person, "now": world.now, **said})
    assert made is not None
    return made


def test_a_declaration_and_its_withdrawal_leave_a_line_each_and_the_row_stays(world: World) -> None:
    home = world.household()
    tie = declared(world, world.clerk, home, note=" 岳父 ")
    assert (tie.kind, tie.note, tie.declared_on, tie.declared_by) == (
        KIN,
        "岳父",
        world.now.date(),
        world.clerk,
    )
    later = world.later(3)
    interests.withdraw(tie, by=world.administrator, now=later, reason=" 经核实户编号填错 ")
    kept = Interest.objects.get()
    assert (kept.withdrawn_on, kept.withdrawn_by, kept.withdrawal_reason) == (
        timezone.localdate(later),
        world.administrator,
        "经核实户编号填错",
    )
    lines = [(line.act, line.user, line.by, line.reason) for line in AccountChange.objects.order_by("pk")]
    assert lines == [
        ("declare_interest", world.clerk, world.clerk, "岳父"),
        ("withdraw_interest", world.clerk, world.administrator, "经核实户编号填错"),
    ]
    assert declared(world, world.clerk, home, now=world.later(5)).pk != tie.pk


def test_it_binds_from_its_day_to_the_end_of_the_day_on_which_it_is_withdrawn(world: World) -> None:
    home = world.household()
    tie = declared(world, world.clerk, home)
    interests.withdraw(tie, by=world.administrator, now=world.later(3), reason="〔示例〕")
    begin = world.now.date()

    def bound(days: int) -> bool:
        return home.pk in appointments.actor(world.clerk, on=begin + timedelta(days=days)).interests

    assert [bound(days) for days in (-1, 0, 1, 3, 4)] == [False, True, True, True, False]


REFUSALS: dict[str, Callable[[World, Household, Interest], Any]] = {
    "twice": lambda world, home, tie: declared(world, world.clerk, home),
    "for another": lambda world, home, tie: declared(world, world.second_clerk, home, by=world.clerk),
    "for another by a supervisor": lambda world, home, tie: declared(
        world, world.second_clerk, home, by=world.supervisor
    ),
    "outside the own region": lambda world, home, tie: declared(world, world.clerks[1], home),
    "withdrawn by oneself": lambda world, home, tie: interests.withdraw(
        tie, by=world.clerk, now=world.now, reason="〔示例〕"
    ),
    "withdrawn by a reviewer": lambda world, home, tie: interests.withdraw(
        tie, by=world.reviewer, now=world.now, reason="〔示例〕"
    ),
    "withdrawn without a reason": lambda world, home, tie: interests.withdraw(
        tie, by=world.administrator, now=world.now, reason=" "
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_may_not_be_is_refused_and_changes_nothing(world: World, case: str) -> None:
    home = world.household()
    tie = declared(world, world.clerk, home)
    before = rows()
    with pytest.raises(Refused):
        REFUSALS[case](world, home, tie)
    assert rows() == before


def test_an_administrator_withdraws_neither_the_own_tie_nor_one_to_the_own_kin(world: World) -> None:
    home = world.household()
    tie, own = declared(world, world.clerk, home), declared(world, world.administrator, home)
    before = rows()
    for one in (own, tie):
        with pytest.raises(Refused, match="请由其他管理员"):
            interests.withdraw(one, by=world.administrator, now=world.now, reason="〔示例〕")
    assert rows() == before


def test_an_administrator_of_another_district_withdraws_nothing(world: World) -> None:
    tie = declared(world, world.clerk, world.household())
    other = user("邻村管理")
    appointments.appoint(
        other, role=Role.ADMINISTRATOR, region=world.villages[1], starts_on=date(2020, 1, 1), by=None
    )
    before = rows()
    with pytest.raises(Refused):
        interests.withdraw(tie, by=other, now=world.now, reason="〔示例〕")
    with clock_at(world.now):
        assert as_(other).get(url("interest-withdraw", tie.pk)).status_code == 404
        assert as_(other).get(url("interest-list")).context["ties"] == []
    assert rows() == before


def test_no_door_deletes_a_declaration(world: World) -> None:
    tie = declared(world, world.clerk, world.household())
    before = rows()
    doors: list[Callable[[], Any]] = [
        tie.delete,
        Interest.objects.all().delete,
        lambda: Interest.objects.all()._raw_delete(None),
        QuerySet(Interest).filter(pk=tie.pk).delete,
        Interest._base_manager.all().delete,
        tie.household.interests.all().delete,
        tie.user.interests.all().delete,
    ]
    for door in doors:
        with pytest.raises(InterestNeverDeleted), transaction.atomic():
            door()
    with pytest.raises(IntegrityError, match="不能删除"), transaction.atomic():
        QuerySet(Interest).filter(pk=tie.pk)._raw_delete("default")
    with pytest.raises(IntegrityError), transaction.atomic():
        Interest.objects.filter(pk=tie.pk).update(withdrawn_on=world.now.date())
    assert rows() == before


RAW = {
    "sqlite": ["REPLACE INTO registry_interest SELECT * FROM registry_interest"],
    "postgresql": ["TRUNCATE registry_interest CASCADE"],
}[connection.vendor]


@pytest.mark.parametrize("statement", ["DELETE FROM registry_interest", *RAW])
def test_the_database_itself_refuses_to_delete_a_declaration(world: World, statement: str) -> None:
    bound, withdrawn = declared(world, world.clerk, world.household()), world.household()
    tie = declared(world, world.clerk, withdrawn)
    interests.withdraw(tie, by=world.administrator, now=world.later(3), reason="〔示例〕")
    before = rows()
    if connection.vendor == "postgresql":
        # It empties no table with foreign keys still to be checked.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with (
        pytest.raises(IntegrityError, match=r"不能删除|UNIQUE"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert rows() == before
    assert bound.withdrawn_on is None


def test_no_declaration_takes_the_place_of_another(world: World) -> None:
    """REPLACE would remove the row that stands in the way of the unique index, and with it since when it bound."""
    tie = declared(world, world.clerk, world.household())
    before = rows()
    columns = "user_id, household_id, kind, declared_on, note, withdrawal_reason"
    into = "REPLACE INTO" if connection.vendor == "sqlite" else "INSERT INTO"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"{into} registry_interest ({columns}) SELECT user_id, household_id, kind, %s, '', '' "
            "FROM registry_interest WHERE id = %s",
            [world.later(3).date(), tie.pk],
        )
    assert rows() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["declare", "withdraw"])
def test_whichever_statement_fails_nothing_has_changed(world: World, act: str) -> None:
    home, key = world.household(), uuid4().hex
    if act == "withdraw":
        tie = declared(world, world.clerk, home)

    def do() -> Any:
        if act == "declare":
            return interests.declare(world.clerk, home, kind=KIN, by=world.clerk, now=world.now, key=key)
        return interests.withdraw(tie, by=world.administrator, now=world.now, reason="〔示例〕", key=key)

    before = rows()
    with breaking.commit(), pytest.raises(breaking.Broken):
        do()
    assert rows() == before
    for number in range(1, 60):
        with breaking.statement(number):
            try:
                done = do()
            except breaking.Broken:
                assert rows() == before
                continue
        break
    assert done is not None
    assert number > 6
    after = rows()
    assert do() is None, "the same form again"
    assert rows() == after


# Separation of duties (S-18): whichever way a tied person goes, nothing is decided.


def test_a_tied_reviewer_decides_nothing_in_a_batch_and_the_others_cases_go_on(world: World) -> None:
    cases = [stages.reach(world, State.TOWNSHIP_REVIEW)[0] for _ in range(3)]
    moment = stages.reach(world, State.TOWNSHIP_REVIEW)[1]
    declared(world, world.reviewer, cases[1].household)
    found = reviews.pass_on([Ref.of(case) for case in cases], by=world.reviewer, now=moment, opinion="同意。")
    assert [one.done for one in found] == [True, False, True]
    assert "近亲属" in found[1].sentence
    assert stages.again(cases[1]).state == State.TOWNSHIP_REVIEW
    assert not cases[1].decisions.filter(by=world.reviewer).exists()


def test_a_tied_colleague_is_handed_nothing_and_takes_over_nothing_as_substitute(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    declared(world, world.second_reviewer, case.household)
    assert custody.take([Ref.of(case)], by=world.reviewer, now=moment)[0].done
    case = stages.again(case)
    before = written.everything()
    to = world.second_reviewer
    for found in (
        custody.hand_over([Ref.of(case)], to=to, by=world.reviewer, now=moment, reason="出差。"),
        custody.take([Ref.of(case)], by=to, now=moment, reason="代班。"),
        reviews.pass_on([Ref.of(case)], by=to, now=moment, opinion="同意。"),
    ):
        assert (found[0].done, "近亲属" in found[0].sentence) == (False, True)
    assert written.everything() == before


def test_a_tie_that_was_withdrawn_lets_the_person_decide_again_from_the_day_after(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    tie = declared(world, world.reviewer, case.household)
    interests.withdraw(tie, by=world.administrator, now=moment, reason="经核实不是近亲属")
    ref = [Ref.of(case)]
    assert not reviews.pass_on(ref, by=world.reviewer, now=moment, opinion="同意。")[0].done
    assert reviews.pass_on(ref, by=world.reviewer, now=moment + timedelta(days=1), opinion="同意。")[0].done


def test_who_was_tied_when_a_case_was_decided_stays_on_its_page_for_those_who_audit(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    tie = declared(world, world.second_clerk, case.household, note="弟弟家", now=world.now)
    interests.withdraw(tie, by=world.administrator, now=moment + timedelta(days=40), reason="〔示例〕搬走")
    late = declared(
        world, world.second_reviewer, case.household, now=moment + timedelta(days=50), note="后来的"
    )
    moments = case.decisions.values_list("at", flat=True)
    assert list(interests.at_decisions(case, moments)) == [tie]
    address = f"{url('application-detail', case.pk)}?tab=history"
    with clock_at(moment + timedelta(days=60)):
        for who, sees in (("supervisor", True), ("administrator", True), ("clerk", False)):
            page = as_(getattr(world, who)).get(address).content.decode()
            assert ("弟弟家" in page) is sees
            assert late.note not in page


# The register: an administrator changes nothing of a declared relative's household.


def test_an_administrator_changes_no_card_of_the_own_kin(world: World) -> None:
    home, other = world.household(), world.household()
    declared(world, world.administrator, home)
    lines = [
        {"户编号": one.number, "姓名": one.members.get().name, "银行卡号": f"620000000000000{number:04}"}
        for number, one in enumerate((home, other))
    ]
    cards = {one.pk: one.members.get().card_number for one in (home, other)}
    template = claim_rows.workbook(
        household_sheet.COLUMNS,
        household_sheet.marks(world.village),
        household_sheet.template_rows(world.village),
    )
    sheet = filled(template, lines)
    job = imports.take_in(
        upload(sheet), village=world.village, programme=None, by=world.administrator, now=world.now
    )
    states = list(ImportRow.objects.filter(job=job).order_by("line").values_list("state", "sentence"))
    assert states[0][0] == "faulty"
    assert "近亲属" in states[0][1]
    assert states[1][0] == "good"
    imports.start(job, by=world.administrator, now=world.now, whole=False)
    while imports.work(job.pk, now=world.now):
        pass
    assert home.members.get().card_number == cards[home.pk]
    assert other.members.get().card_number == "6200000000000000001"


def test_an_administrator_removes_no_data_of_the_own_kin(world: World) -> None:
    home = world.household()
    declared(world, world.administrator, home)
    order = Order(Ground.DECISION, "示例〔2021〕1号", "〔示例〕", home.number)
    before = rows()
    with pytest.raises(Refused, match="近亲属"):
        removals.remove(home, order=order, by=world.administrator, now=world.now)
    assert rows() == before


# The pages.


def test_one_declares_on_the_own_page_and_sees_it_there(world: World) -> None:
    home, client = world.household(), as_(world.clerk)
    with clock_at(world.now):
        page = client.get(url("interest-own"))
        form = {"key": key_of(page), "household": f" {home.number} ", "kind": "relative", "note": "弟弟家"}
        assert client.post(url("interest-own"), form).status_code == 302
        assert client.post(url("interest-own"), form).status_code == 302
        page = client.get(url("interest-own")).content.decode()
    assert Interest.objects.count() == 1
    assert (home.number in page, "弟弟家" in page) == (True, True)


def test_a_household_of_another_village_is_not_found_by_its_number(world: World) -> None:
    far, client = world.household(village=1), as_(world.clerk)
    before = rows()
    with clock_at(world.now):
        form = {"key": uuid4().hex, "household": far.number, "kind": "relative"}
        answer = client.post(url("interest-own"), form)
    assert answer.status_code == 422
    assert "没有找到这个户编号" in answer.content.decode()
    assert rows() == before


def test_an_administrator_declares_for_a_login_and_withdraws_from_the_list(world: World) -> None:
    home, client = world.household(), as_(world.administrator)
    with clock_at(world.now):
        page = client.get(url("account-interests", world.clerk.pk))
        form = {"key": key_of(page), "household": home.number, "kind": "own", "note": ""}
        assert client.post(url("account-interests", world.clerk.pk), form).status_code == 302
        tie = Interest.objects.get()
        assert (tie.user, tie.declared_by, tie.kind) == (world.clerk, world.administrator, "own")
        assert url("interest-withdraw", tie.pk) in client.get(url("interest-list")).content.decode()
        page = client.get(url("interest-withdraw", tie.pk))
        form = {"key": key_of(page), "reason": "〔示例〕填错"}
        assert client.post(url("interest-withdraw", tie.pk), form).status_code == 302
        listed = client.get(url("interest-list")).content.decode()
    assert "〔示例〕填错" in listed
    tie.refresh_from_db()
    assert tie.withdrawn_by == world.administrator


def test_the_ties_of_a_clerk_send_an_objection_to_the_township_while_they_bind(world: World) -> None:
    for bound in (True, False):
        case, moment = stages.reach(world, State.VILLAGE_POSTING)
        tie = declared(world, world.clerk, case.household, now=moment)
        if not bound:
            interests.withdraw(tie, by=world.administrator, now=moment, reason="〔示例〕")
            moment += timedelta(days=1)
        posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
        found = stages.lodged(world, case, posting, now=moment)
        assert found.handling_level == ("township" if bound else "village")
