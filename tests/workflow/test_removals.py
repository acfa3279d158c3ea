"""Removing personal data: only by a named decision, only when nothing is open; the record and the public facts stay."""

from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import TestCase, override_settings

from applications import verification
from applications.models import Application, Attachment, Ground, Removal
from applications.states import FINAL, State
from notifications.models import Message
from registry.models import Household, Member
from registry.sensitive import blind_index
from tests import stages
from tests.tampering import rewrite
from tests.workflow.views.sheets import all_rows
from tests.world import World, photo
from workflow import consistency, intake, removals, sheets
from workflow.models import Posting, PostingKind
from workflow.permissions import NotAllowed
from workflow.removals import GONE, NotRemovable, Order
from workflow.results import Ref

LATER = datetime(2032, 1, 10, 1, 0, tzinfo=UTC)


def order(household: Household, **changes: object) -> Order:
    given = Order(Ground.DECISION, "示例删除决定〔2021〕1号", "户主书面申请删除。", household.number)
    return replace(given, **changes)  # type: ignore[arg-type]


def ended(world: World, *, announced: bool = True) -> Application:
    """A case with a paper, announced or withdrawn."""
    household = world.household(name="示例户主甲")
    household.phone, household.address = "〔示例〕13", "示例村1号〔示例〕"
    household.save()
    world.member(household, name="示例成员乙")
    case = stages.draft(world, household=household)
    upload = photo("示例户主甲的身份证.jpg")
    intake.attach(Ref(case.pk), paper=None, upload=upload, by=world.clerk, now=world.now)
    moment = world.now
    for state in stages.ORDER[1:] if announced else (State.VILLAGE_REVIEW,):
        moment = stages.forward(world, case, state, moment)
    if not announced:
        withdrawn(world, case, moment)
    world.now = moment
    return stages.again(case)


def withdrawn(world: World, case: Application, now: datetime) -> None:
    stages.do(intake.withdraw([Ref(case.pk)], by=world.clerk, now=now, opinion="申请人撤回。"))


def everything_left(household: Household) -> str:
    """All that the tables still say of the household, opened."""
    words = [household.phone, household.address]
    for member in household.members.all():
        words += [
            member.name,
            member.id_number,
            member.phone,
            member.bank,
            member.card_number,
            member.card_holder,
        ]
    for case in household.applications.all():
        words += [case.payee_bank, case.payee_card, case.reason]
        words += [f"{file.original_name}{file.taken_at}{file.taken_place}" for file in case.attachments.all()]
    words += [f"{one.subject}{one.body}" for one in Message.objects.filter(household=household)]
    return "|".join(f"{word}" for word in words)


def test_numbers_papers_and_messages_go_and_the_record_stays(world: World) -> None:
    case = ended(world)
    household, before = case.household, case.revision
    number, paths = case.payee.id_number, [Path(file.file.path) for file in case.attachments.all()]
    assert paths
    assert all(path.exists() for path in paths)
    with TestCase.captureOnCommitCallbacks(execute=True):
        made = removals.remove(household, order=order(household), by=world.administrator, now=world.now)
    assert not any(path.exists() for path in paths)
    assert set(everything_left(Household.objects.get(pk=household.pk)).split("|")) <= {
        "",
        GONE,
        "示例户主甲",
        f"{GONE}{GONE}",
    }
    assert not Member.objects.filter(id_number_index=blind_index(f"{number}")).exists()
    made.refresh_from_db()
    assert (made.document, made.reason, made.by) == (
        "示例删除决定〔2021〕1号",
        "户主书面申请删除。",
        world.administrator,
    )
    assert made.counts == {"people": 2, "cases": 1, "files": len(paths)}
    line = stages.again(case).history.latest("seq")
    assert (line.seq, line.act, line.data, line.by) == (
        before + 1,
        "data_removed",
        {"removal": made.pk},
        world.administrator,
    )


def test_history_sheets_flow_and_amounts_are_as_they_were(world: World) -> None:
    case = ended(world)
    rows = list(Posting.objects.order_by("pk").values("pk", "state", "digest"))
    figures = (case.state, case.amount, case.quantity, case.number)
    with TestCase.captureOnCommitCallbacks(execute=True):
        removals.remove(case.household, order=order(case.household), by=world.administrator, now=world.now)
    after = stages.again(case)
    assert (after.state, after.amount, after.quantity, after.number) == figures
    assert list(verification.faults(anchors={})) == []
    assert list(consistency.faults()) == []
    assert list(Posting.objects.order_by("pk").values("pk", "state", "digest")) == rows
    for posting in Posting.objects.exclude(digest=""):
        assert sheets.is_intact(posting, posting.entries.all())


def test_name_on_a_sheet_is_a_public_fact_and_others_are_not(world: World) -> None:
    case = ended(world)
    removals.remove(case.household, order=order(case.household), by=world.administrator, now=world.now)
    assert sorted(case.household.members.values_list("name", flat=True)) == sorted(["示例户主甲", GONE])


def test_nobody_was_named_where_no_sheet_hung(world: World) -> None:
    case = ended(world, announced=False)
    removals.remove(case.household, order=order(case.household), by=world.administrator, now=world.now)
    assert set(case.household.members.values_list("name", flat=True)) == {GONE}


def left_as_it_was(household: Household) -> object:
    return (
        all_rows(),
        Removal.objects.count(),
        everything_left(household),
        Attachment.objects.filter(removal=None).count(),
    )


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver", "supervisor", "stranger"])
def test_only_the_administrator_removes(world: World, who: str) -> None:
    case = ended(world, announced=False)
    before = left_as_it_was(case.household)
    with pytest.raises(NotAllowed, match="凭决定删除"):
        removals.remove(case.household, order=order(case.household), by=getattr(world, who), now=world.now)
    assert left_as_it_was(case.household) == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"document": " "}, "请填写作出决定的文号。"),
        ({"reason": ""}, "请写明删除的事由。"),
        ({"number": "示例000000"}, "输入的户编号与这一户不一致，没有删除任何内容。"),
    ],
)
def test_order_that_lacks_something_removes_nothing(
    world: World, changes: dict[str, str], sentence: str
) -> None:
    case = ended(world, announced=False)
    before = left_as_it_was(case.household)
    with pytest.raises(NotRemovable) as caught:
        removals.remove(
            case.household, order=order(case.household, **changes), by=world.administrator, now=world.now
        )
    assert caught.value.sentence == sentence
    assert left_as_it_was(case.household) == before


RETURNED_BY = {
    State.VILLAGE_CORRECTION: (State.VILLAGE_REVIEW, "clerk"),
    State.TOWNSHIP_CORRECTION: (State.TOWNSHIP_REVIEW, "reviewer"),
    State.DISTRICT_CORRECTION: (State.DISTRICT_REVIEW, "approver"),
}


@pytest.mark.parametrize("state", sorted(set(State) - FINAL))
def test_no_case_may_be_on_its_way(world: World, state: State) -> None:
    before_it, returning = RETURNED_BY.get(state, (state, ""))
    case, moment = stages.reach(world, before_it)
    if returning:
        stages.returned(world, case, by=getattr(world, returning), now=moment)
    assert stages.again(case).state == state
    before = left_as_it_was(case.household)
    with pytest.raises(NotRemovable, match=f"申请{case.number}还没有办结"):
        removals.remove(case.household, order=order(case.household), by=world.administrator, now=moment)
    assert left_as_it_was(case.household) == before


def test_no_objection_may_be_open(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    stages.lodged(world, case, sheet, now=moment)
    withdrawn(world, case, moment)
    before = left_as_it_was(case.household)
    with pytest.raises(NotRemovable, match="没有办结的异议"):
        removals.remove(case.household, order=order(case.household), by=world.administrator, now=moment)
    assert left_as_it_was(case.household) == before


def test_data_are_removed_once(world: World) -> None:
    case = ended(world, announced=False)
    removals.remove(case.household, order=order(case.household), by=world.administrator, now=world.now)
    before = left_as_it_was(case.household)
    with pytest.raises(NotRemovable, match="已经删除过"):
        removals.remove(case.household, order=order(case.household), by=world.administrator, now=world.now)
    assert left_as_it_was(case.household) == before


def test_retention_runs_ten_years_from_the_last_act(world: World) -> None:
    case = ended(world, announced=False)
    household = case.household
    run = order(household, ground=Ground.RETENTION)
    before = left_as_it_was(household)
    with pytest.raises(NotRemovable, match="要保存到2031-"):
        removals.remove(household, order=run, by=world.administrator, now=world.now)
    assert left_as_it_was(household) == before
    assert list(removals.due(today=world.now.date())) == []
    assert list(removals.due(today=LATER.date())) == [household]
    with override_settings(RETENTION_YEARS=30):
        assert list(removals.due(today=LATER.date())) == []
    assert removals.remove(household, order=run, by=world.administrator, now=LATER).ground == Ground.RETENTION
    assert list(removals.due(today=LATER.date())) == []


def test_retention_command_deletes_what_a_crash_left_on_the_disk(world: World) -> None:
    case = ended(world, announced=False)
    path = Path(case.attachments.get(kind="paper").file.path)
    # Outside a committed transaction the files stay, as after a crash.
    removals.remove(case.household, order=order(case.household), by=world.administrator, now=world.now)
    assert path.exists()
    assert [fault.what for fault in verification.faults(anchors={})] == [
        f"附件“{GONE}”已经决定删除，文件却还在。" for _ in case.attachments.all()
    ]
    out = StringIO()
    call_command("retention", stdout=out)
    assert out.getvalue().startswith("清理了")
    assert not path.exists()
    assert list(verification.faults(anchors={})) == []


def test_record_taken_away_again_is_found(world: World) -> None:
    case = ended(world, announced=False)
    with TestCase.captureOnCommitCallbacks(execute=True):
        removals.remove(case.household, order=order(case.household), by=world.administrator, now=world.now)
    last = case.history.latest("seq")
    rewrite("UPDATE applications_historyentry SET data = '{}' WHERE id = %s", last.pk)
    assert (case.number, last.seq) in {(fault.where, fault.seq) for fault in verification.faults(anchors={})}
