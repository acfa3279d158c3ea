"""A village's register from Excel: households and people written with their head or not at all, and completed."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.models import (
    Category,
    CategoryPeriod,
    Household,
    Member,
    MemberStatus,
    RegisterAct,
    RegisterChange,
    Relationship,
)
from tests.workflow.filled import filled, rows_of, upload
from tests.world import World, id_number
from workflow import claim_rows, household_sheet, imports
from workflow.models import ImportJob, ImportState, RowState
from workflow.permissions import NotAllowed

pytestmark = pytest.mark.django_db(transaction=True)


def template(world: World) -> bytes:
    rows = household_sheet.template_rows(world.village)
    return claim_rows.workbook(household_sheet.COLUMNS, household_sheet.marks(world.village), rows)


def take(world: World, rows: list[dict[str, Any]]) -> ImportJob:
    content = upload(filled(template(world), rows))
    return imports.take_in(
        content, village=world.village, programme=None, by=world.administrator, now=world.now
    )


def run(world: World, rows: list[dict[str, Any]], *, whole: bool = False) -> ImportJob:
    job = take(world, rows)
    imports.start(job, by=world.administrator, now=world.now, whole=whole)
    while imports.work(job.pk, now=world.now):
        pass
    job.refresh_from_db()
    return job


def person(number: str, name: str, relation: str = "户主", **values: Any) -> dict[str, Any]:
    return {"户编号": number, "户类别": "一般脱贫户", "姓名": name, "与户主关系": relation, **values}


def answers(job: ImportJob) -> list[tuple[str, str]]:
    return [(row.state, row.sentence) for row in job.rows.all()]


def register() -> list[Any]:
    homes = list(Household.objects.order_by("pk").values_list("number", "group", "category", "address"))
    people = list(Member.objects.order_by("pk").values_list("name", "relationship", "status", "bank"))
    return [homes, people]


def test_new_households_are_written_with_their_people(world: World) -> None:
    number = id_number()
    rows = [
        person(
            "示例新户1",
            "示例户主甲",
            村民组="第一组",
            联系电话="〔示例〕1",
            身份证号=number,
            银行卡号="〔示例〕62170001",
        ),
        person("示例新户1", "示例子女甲", "子女", 状态="迁出", 状态变更日期="2021-01-05"),
        person("示例新户2", "示例户主乙", 户类别="边缘易致贫户", 财政供养人员="否"),
    ]
    job = run(world, rows, whole=True)
    assert job.state == ImportState.DONE
    assert answers(job)[0] == (RowState.MADE, "新登记的户，新登记的成员。")
    home = Household.objects.get(number="示例新户1")
    assert (home.village, home.group, home.category) == (world.village, "第一组", Category.GENERAL)
    head, child = home.members.order_by("pk")
    assert (head.name, head.relationship, head.id_number) == ("示例户主甲", Relationship.HEAD, number)
    assert head.card_number == "〔示例〕62170001"
    assert (child.status, child.status_on) == (MemberStatus.MOVED, date(2021, 1, 5))
    assert Household.objects.get(number="示例新户2").category == Category.MARGINAL
    again = take(world, rows)
    assert {state for state, _ in answers(again)} == {RowState.KNOWN}


def test_known_people_are_completed_and_what_is_left_empty_stays(world: World) -> None:
    home = world.household(name="示例户主")
    head = home.head
    assert head is not None
    before = (head.id_number, head.card_number)
    row = {
        "户编号": home.number,
        "村民组": "新组",
        "姓名": "示例户主",
        "手机号": "〔示例〕139",
        "开户银行": "新银行",
    }
    job = run(world, [row])
    assert answers(job) == [(RowState.MADE, "修改户的村民组，修改手机号、开户银行。")]
    head.refresh_from_db()
    home.refresh_from_db()
    assert (head.bank, head.phone, home.group) == ("新银行", "〔示例〕139", "新组")
    assert (head.id_number, head.card_number, head.relationship) == (*before, Relationship.HEAD)


def test_what_a_list_changes_leaves_the_lines_that_a_correction_on_the_desk_leaves(world: World) -> None:
    home = world.household(name="示例户主")
    head, number = home.head, id_number()
    assert head is not None
    row = {"户编号": home.number, "村民组": "新组", "户类别": "边缘易致贫户", "住址": "〔示例〕新址"}
    job = run(
        world,
        [
            {**row, "姓名": "示例户主", "手机号": "〔示例〕13900009876", "开户银行": "新银行"},
            {"户编号": home.number, "姓名": "示例子女", "与户主关系": "子女", "身份证号": number},
            person("示例新户1", "示例户主甲"),
            person("示例新户1", "示例子女甲", "子女"),
        ],
    )
    child = home.members.get(name="示例子女")
    lines = RegisterChange.objects.order_by("pk")
    assert [(line.household, line.member, line.act) for line in lines] == [
        (home, None, RegisterAct.CORRECT_HOUSEHOLD),
        (home, head, RegisterAct.CORRECT_MEMBER),
        (home, child, RegisterAct.ADD_MEMBER),
    ]
    reason = f"按2021-03-01上传的户和成员表格（第{job.pk}号导入）修改。"
    assert {(line.by, line.at, line.reason) for line in lines} == {(world.administrator, world.now, reason)}
    of_home, of_head, of_child = (line.data["changed"] for line in lines)
    assert {one["field"]: one.get("after") for one in of_home} == {
        "group": "新组",
        "category": "边缘易致贫户",
        "address": None,
    }
    assert [(one["field"], "before" in one) for one in of_head] == [("phone", True), ("bank", False)]
    assert {one["field"] for one in of_child} == {"name", "relationship", "id_number"}
    kept = f"{list(lines.values())}"
    assert [
        secret for secret in (number, "13900009876", "新址", "新银行", "示例子女") if secret in kept
    ] == []


def test_a_line_that_changes_nothing_or_is_refused_leaves_no_line_on_the_record(world: World) -> None:
    home, other = world.household(name="示例户主"), world.household(name="示例户主乙")
    row = {"户编号": home.number, "姓名": "示例户主", "村民组": "新组"}
    same = {"户编号": other.number, "姓名": "示例户主乙", "与户主关系": "户主"}
    run(world, [row, same, person("", "示例甲")])
    assert [(line.household, line.act) for line in RegisterChange.objects.all()] == [
        (home, RegisterAct.CORRECT_HOUSEHOLD)
    ]


FAULTS = [
    ({"户编号": ""}, "没有填写“户编号”。"),
    ({"姓名": ""}, "没有填写“姓名”。"),
    ({"户类别": ""}, "新登记的户必须填写“户类别”。"),
    ({"户类别": "贫困户"}, "“户类别”“贫困户”不在可选的内容里，只能填："),
    ({"与户主关系": ""}, "新登记的成员必须填写“与户主关系”。"),
    ({"与户主关系": "子女"}, "这是新登记的户，表里没有它的户主，或者户主的一行有问题。"),
    ({"户编号": "邻村的户"}, "户编号“邻村的户”已经在别的村登记，请核对。"),
    ({"身份证号": "99999919600101001"}, "身份证号应为18位，现在是17位。"),
    ({"身份证号": "999999196002300010"}, "身份证号第7至14位不是真实的日期。"),
    ({"身份证号": 999999196001010011}, "“身份证号”被Excel变成了数字，后面几位已经丢失"),
    ({"银行卡号": 6217000010001234567}, "“银行卡号”被Excel变成了数字，后面几位已经丢失"),
    ({"状态": "死亡"}, "死亡或迁出的，请填写“状态变更日期”。"),
    ({"状态": "死亡", "状态变更日期": "2021-03-02"}, "“状态变更日期”晚于今天，请核对。"),
    ({"姓名": "长" * 51}, "“姓名”超过50个字，请核对。"),
]


@pytest.mark.parametrize(("values", "sentence"), FAULTS, ids=[said[:20] for _, said in FAULTS])
def test_each_fault_of_a_row_has_its_sentence(world: World, values: dict[str, Any], sentence: str) -> None:
    other = world.household(village=1)
    Household.objects.filter(pk=other.pk).update(number="邻村的户")
    before = register()
    job = take(world, [{**person("示例新户", "示例户主"), **values}, person("示例好户", "示例别人")])
    state, said = answers(job)[0]
    assert (state, said[: len(sentence)]) == (RowState.FAULTY, sentence)
    assert said.endswith("。")
    assert answers(job)[1][0] == RowState.GOOD
    assert register() == before


def test_a_number_of_another_household_and_a_second_head_are_refused(world: World) -> None:
    home, other = world.household(name="示例户主"), world.household(name="示例别户")
    far = world.household(village=1, name="示例邻村")
    taken, distant = other.head, far.head
    assert taken is not None
    assert distant is not None
    number = id_number()
    rows = [
        person(home.number, "示例新人", "子女", 身份证号=taken.id_number),
        person(home.number, "示例邻人", "子女", 身份证号=distant.id_number),
        person(home.number, "示例二主"),
        person(home.number, "示例子甲", "子女", 身份证号=number),
        person(home.number, "示例子乙", "子女", 身份证号=number),
        person(home.number, "示例子甲", "配偶"),
        person(home.number, "示例户主", 身份证号=id_number()),
        person(home.number, "示例子丙", "子女", 户类别="低保脱贫户"),
    ]
    said = [sentence for _, sentence in answers(take(world, rows))]
    assert said[0] == said[1] == "这个身份证号已登记在别的户，请核对。"
    assert said[2] == "这一户已经有户主，不能用表格更换户主，请在这一户的页面更换。"
    assert said[3] == "新登记的成员。"
    assert said[4] == "身份证号和第5行相同，请核对。"
    assert said[5] == "和第5行是同一户的同名成员，请核对是否重复。"
    assert (
        said[6]
        == "这名成员登记的是另一个身份证号，不能用表格改动，请核对是不是同名的另一个人；登记错了的，在这一户的页面更正。"
    )
    assert said[7] == "同一户的“户类别”和前面（第4行起）写的不一样，请核对。"


def test_only_the_administrator_registers_and_only_with_this_template(world: World) -> None:
    content = filled(template(world), [person("示例新户", "示例户主")])
    for by in (world.clerk, world.reviewer, world.approver):
        with pytest.raises(NotAllowed):
            imports.take_in(upload(content), village=world.village, programme=None, by=by, now=world.now)
    for wrong, sentence in (
        (claim_rows.template(world.grain, world.village), "这不是户和成员的模板"),
        (
            claim_rows.workbook(household_sheet.COLUMNS, household_sheet.marks(world.villages[1]), []),
            "这是“示例2村”的模板",
        ),
    ):
        with pytest.raises(Exception, match=sentence):
            imports.take_in(
                upload(wrong), village=world.village, programme=None, by=world.administrator, now=world.now
            )
    assert ImportJob.objects.count() == 0


def test_template_shows_who_is_registered_and_no_number_or_card(world: World) -> None:
    home = world.household(name="示例户主")
    world.household(village=1, name="示例邻村")
    content = template(world)
    (row,) = rows_of(content)
    assert (row["户编号"], row["姓名"], row["与户主关系"]) == (home.number, "示例户主", "户主")
    assert {row[name] for name in ("身份证号", "银行卡号", "手机号", "联系电话")} == {None}
    assert {state for state, _ in answers(take(world, [row]))} == {RowState.KNOWN}


def test_looking_through_a_register_takes_a_bounded_number_of_statements(world: World) -> None:
    def statements(count: int) -> int:
        rows = [person(f"示例{count}户{one}", f"示例{one}", 身份证号=id_number()) for one in range(count)]
        with CaptureQueriesContext(connection) as captured:
            take(world, rows)
        return len(captured)

    assert statements(30) <= statements(2) + 1


def test_a_category_is_dated_when_a_list_registers_or_changes_it(world: World) -> None:
    known = world.household(name="示例户主乙")
    run(
        world,
        [
            person("示例新户9", "示例户主甲"),
            person(known.number, "示例户主乙", 户类别="边缘易致贫户"),
        ],
    )
    today = timezone.localdate(world.now)
    who = world.administrator.pk
    rows = CategoryPeriod.objects.order_by("household__number", "pk")
    assert list(rows.values_list("household__number", "category", "since", "recorded_by")) == sorted(
        [
            ("示例新户9", "general", today, who),
            (known.number, "general", None, None),
            (known.number, "marginal", today, who),
        ],
        key=lambda row: row[0],
    )
    run(world, [person(known.number, "示例户主乙", 户类别="边缘易致贫户", 村民组="第9村民组")])
    assert rows.count() == 3
