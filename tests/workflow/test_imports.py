"""A village's list from Excel: looked through row by row, written once, in chunks, whoever dies meanwhile."""

from datetime import date
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from applications.models import Application, Beneficiary, HistoryEntry, Programme, ProgrammeKind
from registry import appointments
from registry.models import Appointment, Household, Interest, MemberStatus
from registry.refusal import Refused
from tests.workflow.filled import filled, rows_of, upload
from tests.workflow.views.pages import everything
from tests.world import World, programme
from workflow import claim_rows, imports, intake, sweeps, tasks
from workflow.models import ImportJob, ImportState, RowState
from workflow.permissions import NotAllowed
from workflow.results import Ref

pytestmark = pytest.mark.django_db(transaction=True)

TIERS = {"kind": "tiers", "tiers": {"省外": "500", "市内县外": "300"}, "clause": "示例文件〔示例〕"}


def travel(world: World) -> Programme:
    return programme(
        world.county,
        name="示例交通补贴",
        kind=ProgrammeKind.TRANSPORT,
        beneficiary=Beneficiary.PERSON,
        quantity_unit="人",
        rule=TIERS,
    )


def take(world: World, rows: list[dict[str, Any]], wanted: Programme | None = None) -> ImportJob:
    grant = wanted or world.grain
    content = filled(claim_rows.template(grant, world.village), rows)
    return imports.take_in(
        upload(content), village=world.village, programme=grant, by=world.clerk, now=world.now
    )


def line(household: Household, **values: Any) -> dict[str, Any]:
    head = household.head
    return {"户编号": household.number, "户主": head.name if head else "", "数量": 3, **values}


def states(job: ImportJob) -> list[str]:
    return list(job.rows.values_list("state", flat=True))


def sentences(job: ImportJob) -> list[str]:
    return list(job.rows.values_list("sentence", flat=True))


def run(world: World, job: ImportJob, *, whole: bool = False) -> ImportJob:
    imports.start(job, by=world.clerk, now=world.now, whole=whole)
    while imports.work(job.pk, now=world.now):
        pass
    job.refresh_from_db()
    return job


def test_template_lists_the_village_that_may_apply_with_its_choices(world: World) -> None:
    homes = [world.household() for _ in range(3)]
    world.household(village=1)
    child = world.member(homes[0], name="示例子女")
    world.member(homes[1], name="已故者", status=MemberStatus.DECEASED)
    world.member(homes[1], name="财政供养者", public_employee=True)
    per_household = rows_of(claim_rows.template(world.grain, world.village))
    assert [row["户编号"] for row in per_household] == sorted(home.number for home in homes)
    assert list(per_household[0]) == ["户编号", "户主", "数量", "申请日期", "收款人", "申请理由", "已签承诺"]
    per_person = rows_of(claim_rows.template(travel(world), world.village))
    assert sorted(row["申请对象"] for row in per_person) == sorted(
        [*(home.head.name for home in homes if home.head), child.name]
    )
    assert "档次" in per_person[0]


def test_prefilled_lines_that_nobody_filled_in_are_no_applications(world: World) -> None:
    homes = [world.household() for _ in range(3)]
    rows = [line(home, 数量=None) for home in homes]
    rows[1]["数量"] = 4
    job = take(world, rows)
    assert states(job) == [RowState.GOOD]
    assert sentences(job) == ["1200.00元（4亩 × 300.00元/亩 = 1200.00元）"]
    assert Application.objects.count() == 0


def test_confirmed_rows_become_drafts_as_if_entered_one_by_one(world: World) -> None:
    homes = [world.household() for _ in range(2)]
    payee = world.member(homes[1], name="示例收款人")
    rows = [
        line(homes[0], 申请理由="扩大种植", 已签承诺="是", 申请日期=date(2021, 2, 26)),
        line(homes[1], 收款人="示例收款人", 数量="２．５"),
    ]
    job = run(world, take(world, rows))
    assert (job.state, states(job)) == (ImportState.DONE, [RowState.MADE] * 2)
    first, second = Application.objects.order_by("pk")
    assert (first.household, first.quantity, first.amount, first.committed) == (homes[0], 3, 900, True)
    assert (first.applied_on, first.entered_by, first.payee) == (
        date(2021, 2, 26),
        world.clerk,
        homes[0].head,
    )
    assert (second.quantity, second.payee, second.committed) == (Decimal("2.5"), payee, False)
    assert second.payee_card == payee.card_number
    assert second.applied_on == date(2021, 3, 1)
    numbers = [first.number, second.number]
    assert numbers == [f"990101001-2021-{serial:05d}" for serial in (1, 2)]
    twin = intake.enter(
        intake.Form(world.grain, world.household(), Decimal(3), date(2021, 3, 1)),
        by=world.clerk,
        now=world.now,
    )
    assert twin.number == "990101001-2021-00003"
    by_hand = HistoryEntry.objects.get(application=twin.pk)
    by_list = HistoryEntry.objects.get(application=first)
    for name in ("act", "by_id", "level", "seq", "at"):
        assert getattr(by_list, name) == getattr(by_hand, name)
    assert set(job.rows.values_list("given", flat=True)) == {""}


def test_the_same_file_and_the_same_row_in_another_create_nothing_twice(world: World) -> None:
    homes = [world.household() for _ in range(2)]
    rows = [line(home) for home in homes]
    run(world, take(world, rows))
    again = take(world, rows)
    assert states(again) == [RowState.KNOWN] * 2
    assert "已经录入，编号990101001-2021-00001，不再重复录入。" in sentences(again)[0]
    third = world.household()
    other = take(world, [rows[1], line(third)])
    assert states(other) == [RowState.KNOWN, RowState.GOOD]
    assert states(run(world, other)) == [RowState.KNOWN, RowState.MADE]
    assert Application.objects.count() == 3
    # A file confirmed in two windows at once is written once.
    first = take(world, [line(world.household())])
    second = imports.take_in(
        upload(
            filled(claim_rows.template(world.grain, world.village), [line(Household.objects.latest("pk"))])
        ),
        village=world.village,
        programme=world.grain,
        by=world.clerk,
        now=world.now,
    )
    run(world, first)
    assert states(run(world, second)) == [RowState.KNOWN]
    assert Application.objects.count() == 4


def test_a_row_whose_case_was_put_away_may_be_entered_again(world: World) -> None:
    rows = [line(world.household())]
    run(world, take(world, rows))
    case = Application.objects.get()
    intake.discard([Ref.of(case)], by=world.clerk, now=world.now)
    assert states(run(world, take(world, rows))) == [RowState.MADE]
    assert Application.objects.count() == 2


def test_all_or_nothing_writes_nothing_while_a_row_is_faulty(world: World) -> None:
    job = take(world, [line(world.household()), line(world.household(), 数量=99)])
    assert states(job) == [RowState.GOOD, RowState.FAULTY]
    before = everything()
    with pytest.raises(imports.NothingToImport) as refused:
        imports.start(job, by=world.clerk, now=world.now, whole=True)
    assert "只录入没有问题的行" in refused.value.sentence
    job.refresh_from_db()
    assert (job.state, everything()) == (ImportState.SHOWN, before)
    assert states(run(world, job)) == [RowState.MADE, RowState.FAULTY]
    assert Application.objects.count() == 1


def test_all_or_nothing_is_nothing_where_a_row_turns_faulty_after_it_was_shown(world: World) -> None:
    homes = [world.household() for _ in range(2)]
    job = take(world, [line(home) for home in homes])
    head = homes[1].head
    assert head is not None
    head.status, head.status_on = MemberStatus.DECEASED, date(2021, 2, 1)
    head.save()
    before = everything()
    job = run(world, job, whole=True)
    assert (job.state, everything()) == (ImportState.REFUSED, before)
    assert job.sentence == "有1行在确认以后有了变化，不能录入，所以一行也没有录入。"
    assert states(job) == [RowState.GOOD, RowState.FAULTY]
    assert "已登记为“死亡”" in sentences(job)[1]


FAULTS = [
    ({"数量": None, "申请理由": "想申报"}, "没有填写“数量”。不申报的，请把这一行其他填写的内容也删掉。"),
    ({"数量": "三亩"}, "“数量”“三亩”不是数字，只填数字，不要写单位。"),
    ({"数量": "=1+2"}, "“数量”是公式，请改成数值（复制后选择性粘贴为“数值”）。"),
    ({"数量": 0.5}, "数量不能少于1亩，这是该项目的起补标准。"),
    ({"数量": 3.333}, "数量应是数字，最多两位小数。"),
    ({"数量": date(2021, 3, 1)}, "“数量”不是数字，请把单元格设为“常规”格式后重新填写。"),
    ({"户编号": "没有这一户"}, "本村没有户编号“没有这一户”，请核对。只能录入本村的户。"),
    ({"户主": "别人"}, "户编号和户主对不上：这一户的户主是“示例户主”。"),
    ({"收款人": "外人"}, "收款人“外人”不是该户登记的成员。"),
    ({"收款人": "同名"}, "该户有2名叫“同名”的成员，分不清是哪一位，请在页面上单独录入。"),
    ({"收款人": "已故"}, "收款人已故已登记为“死亡”，不能申报。"),
    ({"申请日期": "三月一日"}, "“申请日期”“三月一日”不是日期，请写成2021-10-01的样子。"),
    ({"申请日期": "2021-02-30"}, "“申请日期”“2021-02-30”不是日期，请写成2021-10-01的样子。"),
    ({"申请日期": 44256}, "“申请日期”“44256”不是日期，请写成2021-10-01的样子。"),
    ({"申请日期": "2021-03-02"}, "申请日期不能晚于今天。"),
    ({"已签承诺": "已签"}, "“已签承诺”“已签”不在可选的内容里，只能填：是、否。"),
    ({"申请理由": "长" * 1001}, "“申请理由”超过1000个字，请缩短。"),
]


@pytest.mark.parametrize(("values", "sentence"), FAULTS, ids=[said[:16] for _, said in FAULTS])
def test_each_fault_of_a_row_has_its_sentence(world: World, values: dict[str, Any], sentence: str) -> None:
    household = world.household(name="示例户主")
    world.member(household, name="同名")
    world.member(household, name="同名")
    world.member(household, name="已故", status=MemberStatus.DECEASED)
    before = everything()
    job = take(world, [line(household, **values), line(world.household())])
    assert next(zip(states(job), sentences(job), strict=True)) == (RowState.FAULTY, sentence)
    assert states(job)[1] == RowState.GOOD
    assert everything() == before


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-26",
        "2021/2/26",
        "2021.2.26",
        "2021年2月26日",
        "20210226",
        "２０２１-２-２６",
        date(2021, 2, 26),
    ],
)
def test_a_date_is_read_however_it_is_written(world: World, text: Any) -> None:
    run(world, take(world, [line(world.household(), 申请日期=text)]))
    assert Application.objects.get().applied_on == date(2021, 2, 26)


def test_repeated_rows_blank_rows_and_rows_beside_each_other_under_a_cap(world: World) -> None:
    household = world.household()
    rows = [
        line(household, 数量=15),
        {},
        line(household, 数量=15),
        line(household, 数量=4),
        line(household, 数量=2),
    ]
    job = take(world, rows)
    assert list(job.rows.values_list("line", "state")) == [
        (2, "good"),
        (4, "faulty"),
        (5, "good"),
        (6, "faulty"),
    ]
    assert sentences(job)[1] == "和第2行重复，请删去一行。"
    assert "封顶5000.00元，减去本年度已申报4500.00元，按500.00元计" in sentences(job)[2]
    assert "已达到每户每年封顶5000.00元" in sentences(job)[3]
    run(world, job)
    assert sorted(Application.objects.values_list("amount", flat=True)) == [500, 4500]


def test_a_persons_line_says_who_and_which_tier(world: World) -> None:
    grant, household = travel(world), world.household()
    world.member(household, name="示例子女")
    rows = [
        {"户编号": household.number, "申请对象": "示例子女", "档次": "省外"},
        {"户编号": household.number, "申请对象": "", "档次": "省外"},
        {"户编号": household.number, "申请对象": "示例子女", "档次": "市内县外"},
        {"户编号": household.number, "申请对象": "示例子女", "档次": "国外"},
    ]
    job = take(world, rows, grant)
    assert states(job) == ["good", "faulty", "faulty", "faulty"]
    assert sentences(job)[1] == "没有填写“申请对象”。"
    assert "不能重复申报" in sentences(job)[2]
    assert sentences(job)[3] == "“档次”“国外”不在可选的内容里，只能填：省外、市内县外。"
    run(world, job)
    case = Application.objects.get()
    assert (case.member.name, case.option, case.amount) == ("示例子女", "省外", 500)  # type: ignore[union-attr]


def test_nobody_enters_their_own_household_nor_anybody_without_the_post(world: World) -> None:
    mine = world.household()
    Interest.objects.create(user=world.clerk, household=mine, declared_on=date(2021, 1, 1))
    job = take(world, [line(mine), line(world.household())])
    assert states(job) == [RowState.FAULTY, RowState.GOOD]
    assert "近亲属" in sentences(job)[0]
    content = filled(claim_rows.template(world.grain, world.village), [line(world.household())])
    for person in (world.clerks[1], world.reviewer, world.administrator):
        with pytest.raises(NotAllowed):
            imports.take_in(
                upload(content), village=world.village, programme=world.grain, by=person, now=world.now
            )
    assert ImportJob.objects.count() == 1


def test_a_post_that_ended_before_the_list_is_written_writes_nothing(world: World) -> None:
    job = take(world, [line(world.household())])
    imports.start(job, by=world.clerk, now=world.now, whole=False)
    appointments.end(Appointment.objects.get(user=world.clerk), on=date(2021, 2, 28), by=None)
    imports.work(job.pk, now=world.now)
    job.refresh_from_db()
    assert (job.state, states(job)) == (ImportState.DONE, [RowState.FAULTY])
    assert Application.objects.count() == 0


def test_a_killed_worker_leaves_whole_chunks_and_the_sweep_goes_on(world: World) -> None:
    job = take(world, [line(world.household()) for _ in range(5)])
    imports.start(job, by=world.clerk, now=world.now, whole=False)
    with mock.patch.object(imports, "CHUNK", 2):
        assert imports.work(job.pk, now=world.now) == 2
        # The second chunk dies after its cases are written, before the commit.
        with (
            mock.patch("workflow.models.ImportRow.objects.bulk_update", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            imports.work(job.pk, now=world.now)
        assert Application.objects.count() == 2
        assert states(job) == ["made"] * 2 + ["good"] * 3
        done = sweeps.run(now=world.now)
        assert (done.imported, Application.objects.count()) == (2, 4)
    sweeps.run(now=world.now)
    job.refresh_from_db()
    assert (job.state, Application.objects.count()) == (ImportState.DONE, 5)
    assert sweeps.run(now=world.now).imported == 0


def test_the_task_runs_to_the_end_and_finds_nothing_the_second_time(world: World) -> None:
    job = take(world, [line(world.household()) for _ in range(5)])
    imports.start(job, by=world.clerk, now=world.now, whole=False)
    with mock.patch("registry.clock.now", return_value=world.now), mock.patch.object(imports, "CHUNK", 2):
        assert tasks.work_off_imports(job.pk) == 5
        assert tasks.work_off_imports(job.pk) == 0
    assert Application.objects.count() == 5


def test_a_row_that_breaks_stops_nobody_else_and_a_busy_database_only_puts_off(world: World) -> None:
    homes = [world.household() for _ in range(3)]
    job = take(world, [line(home) for home in homes])
    imports.start(job, by=world.clerk, now=world.now, whole=False)
    with mock.patch.object(imports, "_write", side_effect=OperationalError("database is locked")):
        assert imports.work(job.pk, now=world.now) == 0
    assert states(job) == ["good"] * 3
    whole = imports._write

    def breaks(job: ImportJob, lines: Any, *, now: Any) -> Any:
        if any(one.number == 3 for one in lines):
            raise ValueError("broken")
        return whole(job, lines, now=now)

    with mock.patch.object(imports, "_write", breaks):
        assert imports.work(job.pk, now=world.now) == 3
    job.refresh_from_db()
    assert states(job) == ["made", "faulty", "made"]
    assert sentences(job)[1] == imports.BROKEN
    assert (job.state, Application.objects.count()) == (ImportState.DONE, 2)


def test_a_list_is_confirmed_once_by_its_uploader_and_can_be_put_away(world: World) -> None:
    job = take(world, [line(world.household())])
    with pytest.raises(imports.ImportOver):
        imports.start(job, by=world.second_clerk, now=world.now, whole=False)
    imports.start(job, by=world.clerk, now=world.now, whole=False)
    for act in (imports.start, imports.drop):
        with pytest.raises(Refused):
            act(job, by=world.clerk, now=world.now, **({"whole": False} if act is imports.start else {}))
    other = take(world, [line(world.household())])
    imports.drop(other, by=world.clerk, now=world.now)
    assert other.rows.count() == 0
    other.refresh_from_db()
    assert other.state == ImportState.DROPPED


def test_writing_a_chunk_takes_a_bounded_number_of_statements(world: World) -> None:
    def statements(count: int) -> int:
        job = take(world, [line(world.household()) for _ in range(count)])
        imports.start(job, by=world.clerk, now=world.now, whole=True)
        with CaptureQueriesContext(connection) as captured:
            imports.work(job.pk, now=world.now)
        assert states(job) == ["made"] * count
        return len(captured)

    statements(1)
    assert statements(20) <= statements(2) + 2
