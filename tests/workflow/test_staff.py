"""Staff from a list: each line judged with a sentence, all or only the good, and twice is once (人员导入)."""

from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook, load_workbook

from registry import appointments
from registry.models import AccountChange, Appointment, Role, User
from registry.refusal import Refused
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import World, region
from workflow import staff
from workflow.forms.staff import HEADER, packed
from workflow.staff import Outcome, StaffLine

GOOD = [
    StaffLine(2, "新一〔示例〕", "xin.yi", "村级经办人", "示例1村", "2021-03-01", ""),
    StaffLine(3, "新一〔示例〕", "xin.yi", "村级经办人", "990101001002", "2021/03/01", "2021-12-31"),
    StaffLine(4, "新二〔示例〕", "xin-er", "监督员", "示例区", "2021-03-01", ""),
]
TODAY = date(2021, 3, 1)


def rows() -> list[Any]:
    return [
        list(User.objects.order_by("pk").values()),
        list(Appointment.objects.order_by("pk").values()),
        AccountChange.objects.count(),
    ]


def take_in(world: World, lines: list[StaffLine], **values: Any) -> staff.TakenIn:
    by = values.get("by", world.administrator)
    given = {
        "by": by,
        "now": world.now,
        "seen": staff.fingerprint(staff.judge(lines, by=by, on=TODAY)),
        "only_good": False,
        "reason": "新任〔示例〕",
    }
    return staff.take_in(lines, **{**given, **values})


def outcomes(world: World, lines: list[StaffLine]) -> list[Outcome]:
    return [one.outcome for one in staff.judge(lines, by=world.administrator, on=TODAY)]


def test_a_good_list_makes_logins_appointments_lines_and_passwords(world: World) -> None:
    before = rows()
    assert outcomes(world, GOOD) == [Outcome.NEW] * 3
    assert rows() == before, "a preview writes nothing"
    done = take_in(world, GOOD)
    assert [(one.person.username, one.person.name) for one in done.given] == [
        ("xin.yi", "新一〔示例〕"),
        ("xin-er", "新二〔示例〕"),
    ]
    assert done.appointed == 3
    for one in done.given:
        kept = User.objects.get(username=one.person.username)
        assert kept.check_password(one.password or "")
        assert kept.must_change_password
        assert not kept.is_staff
        assert not kept.is_superuser
    held = Appointment.objects.filter(user__username__startswith="xin").order_by("pk")
    assert list(held.values_list("role", "region__code", "starts_on", "ends_on", "appointed_by")) == [
        (Role.VILLAGE_CLERK, "990101001001", TODAY, None, world.administrator.pk),
        (Role.VILLAGE_CLERK, "990101001002", TODAY, date(2021, 12, 31), world.administrator.pk),
        (Role.SUPERVISOR, "990101000000", TODAY, None, world.administrator.pk),
    ]
    lines = AccountChange.objects.order_by("pk").values_list("user__username", "act", "reason")
    assert [line[:2] for line in lines] == [
        ("xin.yi", "create"),
        ("xin.yi", "appoint"),
        ("xin.yi", "appoint"),
        ("xin-er", "create"),
        ("xin-er", "appoint"),
    ]
    assert {line[2] for line in lines} == {"新任〔示例〕"}


def test_the_same_list_twice_adds_nothing(world: World) -> None:
    take_in(world, GOOD)
    before = rows()
    assert outcomes(world, GOOD) == [Outcome.KNOWN] * 3
    done = take_in(world, GOOD)
    assert (done.given, done.appointed) == ((), 0)
    assert rows() == before


def test_the_same_form_twice_shows_no_password_again(world: World) -> None:
    seen = staff.fingerprint(staff.judge(GOOD, by=world.administrator, on=TODAY))
    take_in(world, GOOD, key="k", seen=seen)
    before = rows()
    assert take_in(world, GOOD, key="k", seen=seen) == staff.TakenIn(again=True)
    assert rows() == before


def test_a_person_who_has_a_login_gets_the_appointment_only(world: World) -> None:
    line = StaffLine(2, "赵村员", world.second_clerk.username, "村级经办人", "示例2村", "2021-03-01", "")
    assert outcomes(world, [line]) == [Outcome.ADD]
    done = take_in(world, [line])
    assert (done.given, done.appointed) == ((), 1)
    assert User.objects.get(pk=world.second_clerk.pk).password == world.second_clerk.password


FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "no name": ({"name": ""}, "请填写姓名"),
    "long name": ({"name": "长" * 51}, "请填写姓名"),
    "no login": ({"username": ""}, "登录名应为3至30个"),
    "chinese login": ({"username": "张三三"}, "登录名应为3至30个"),
    "login with blanks": ({"username": "zhang san"}, "登录名应为3至30个"),
    "two names": ({"username": "xin.yi", "name": "别人"}, "登录名与第2行相同"),
    "unknown role": ({"role": "村长"}, "职务“村长”不对"),
    "unknown region": ({"region": "乌有村"}, "没有找到区划“乌有村”"),
    "foreign region": ({"region": "990102000000"}, "没有找到区划“990102000000”"),
    "region of another level": ({"region": "示例镇"}, "村级经办人不能任职于乡镇一级"),
    "no start": ({"starts_on": ""}, "开始日期“”不是日期"),
    "odd start": ({"starts_on": "三月一日"}, "开始日期“三月一日”不是日期"),
    "impossible day": ({"ends_on": "2021-02-30"}, "结束日期“2021-02-30”不是日期"),
    "end first": ({"ends_on": "2021-02-01"}, "结束日期早于开始日期"),
    "twice in the list": ({"username": "xin.yi", "name": "新一〔示例〕"}, "与第2行重复"),
    "taken by another": ({"username": "{taken}"}, "已经有人使用"),
    "of another district": ({"username": "{foreign}", "name": "外区人"}, "以外还有任职"),
    "deactivated": ({"username": "{gone}", "name": "停用人"}, "已停用"),
    "oneself": ({"username": "{self}", "name": "周管理"}, "不能给自己任职"),
    "overlapping": ({"username": "{clerk}", "name": "王村一"}, "与已有任职的日期重叠（2020-01-01至长期）"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_line_is_told_in_a_sentence_and_holds_back_all_or_itself(world: World, fault: str) -> None:
    outside = region("990102000000", "外区", world.county.level, world.county.parent)
    foreign = User.objects.create(username="waiqu", name="外区人")
    appointments.appoint(foreign, role=Role.SUPERVISOR, region=outside, starts_on=TODAY, by=None)
    gone = User.objects.create(username="tingyong", name="停用人", is_active=False)
    names = {
        "taken": world.clerk.username,
        "foreign": foreign.username,
        "gone": gone.username,
        "self": world.administrator.username,
        "clerk": world.clerk.username,
    }
    changes, sentence = FAULTS[fault]
    good = StaffLine(5, "新三〔示例〕", "xin.san", "村级经办人", "示例1村", "2021-03-01", "")
    wrong = replace(good, **{name: value.format(**names) for name, value in changes.items()})
    lines = [*GOOD, wrong]
    judged = staff.judge(lines, by=world.administrator, on=TODAY)
    assert judged[3].outcome is Outcome.FAULT
    assert sentence in judged[3].fault
    before = rows()
    with pytest.raises(Refused, match="一行也没有导入"):
        take_in(world, lines)
    assert rows() == before
    done = take_in(world, lines, only_good=True)
    assert (len(done.given), done.appointed) == (2, 3)


def test_two_regions_of_one_name_are_told_apart_by_code(world: World) -> None:
    region("990101002001", "示例1村", world.village.level, world.county.children.get(code="990101002000"))
    line = replace(GOOD[0], region="示例1村")
    (judged,) = staff.judge([line], by=world.administrator, on=TODAY)
    assert "有2个区划叫“示例1村”" in judged.fault
    assert outcomes(world, [replace(line, region="示例镇示例1村")]) == [Outcome.NEW]


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver", "supervisor"])
def test_nobody_but_an_administrator_takes_in_staff(world: World, who: str) -> None:
    before = rows()
    with pytest.raises(Refused):
        take_in(world, GOOD, by=getattr(world, who), only_good=True)
    assert rows() == before


def test_what_changed_since_the_preview_is_looked_at_again(world: World) -> None:
    seen = staff.fingerprint(staff.judge(GOOD, by=world.administrator, on=TODAY))
    User.objects.create(username="xin.yi", name="别人")
    before = rows()
    with pytest.raises(Refused, match="请重新核对"):
        take_in(world, GOOD, seen=seen)
    assert rows() == before


def workbook(*lines: tuple[Any, ...], header: list[str] | None = None) -> SimpleUploadedFile:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in [header or HEADER, *lines]:
        page.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return SimpleUploadedFile("staff.xlsx", buffer.getvalue())


FILLED = [
    ("新一〔示例〕", "xin.yi", "村级经办人", "示例1村", TODAY, None),
    ("新二〔示例〕", "xin-er", "监督员（只读）", 990101000000, "2021-03-01", ""),
]


@pytest.fixture
def desk(world: World) -> Client:
    return as_(world.administrator)


def confirmed(desk: Client, preview: Any, step: str, **values: str) -> Any:
    form = preview.context["form"]
    sent = {name: form[name].value() for name in ("lines", "seen", "key")}
    return desk.post(url("account-import"), {**sent, "reason": "新任〔示例〕", "step": step, **values})


def test_from_template_to_the_sheet_of_passwords_that_let_in_once(world: World, desk: Client) -> None:
    with clock_at(world.now):
        book = load_workbook(BytesIO(desk.get(url("account-template")).content))
        assert [cell.value for cell in book.worksheets[0][1]] == HEADER
        codes = [row[0].value for row in book["区划"].iter_rows(min_row=2)]
        assert codes == ["990101000000", "990101001000", "990101001001", "990101001002", "990101002000"]
        before = rows()
        preview = desk.post(url("account-import"), {"workbook": workbook(*FILLED)})
        assert preview.status_code == 200
        assert "新建账号2行" in preview.content.decode()
        assert rows() == before
        done = confirmed(desk, preview, "all")
        assert done.status_code == 200
        assert "no-store" in done["Cache-Control"]
        given = done.context["given"]
        page = done.content.decode()
        assert all(one.password in page for one in given)
        again = confirmed(desk, preview, "all")
        assert again["Location"] == url("account-list")
        listed = desk.get(url("account-list")).content.decode()
    assert "初始密码只显示一次" in listed
    assert "新一〔示例〕" in listed
    assert not [one for one in given if one.password in listed]
    assert User.objects.filter(username__in=["xin.yi", "xin-er"]).count() == 2


def test_the_template_itself_is_told_its_faults_and_writes_nothing(world: World, desk: Client) -> None:
    with clock_at(world.now):
        empty = desk.get(url("account-template")).content
        before = rows()
        preview = desk.post(url("account-import"), {"workbook": SimpleUploadedFile("staff.xlsx", empty)})
    assert "没有找到区划“填村（社区）的代码或名称”" in preview.content.decode()
    assert rows() == before


def test_only_the_good_lines_where_asked(world: World, desk: Client) -> None:
    with clock_at(world.now):
        preview = desk.post(
            url("account-import"), {"workbook": workbook(*FILLED, ("缺登录名", "", "", "", "", ""))}
        )
        before = rows()
        assert confirmed(desk, preview, "all").status_code == 422
        assert confirmed(desk, preview, "good", reason="").status_code == 422
        assert rows() == before
        assert confirmed(desk, preview, "good").status_code == 200
    assert User.objects.filter(username__in=["xin.yi", "xin-er"]).count() == 2


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (None, "请先选择"),
        (SimpleUploadedFile("staff.xlsx", b"no workbook"), "文件打不开"),
        ("another header", "第一行应是表头"),
        ("empty", "没有填写任何一行"),
        ("101 lines", "一次最多100行"),
        (SimpleUploadedFile("staff.xlsx", b"x" * 1_000_001), "超过1MB"),
    ],
    ids=["none", "no workbook", "header", "empty", "long", "large"],
)
def test_a_file_of_another_shape_is_refused(world: World, desk: Client, upload: Any, sentence: str) -> None:
    made = {
        "another header": lambda: workbook(header=["姓名"]),
        "empty": lambda: workbook(),
        "101 lines": lambda: workbook(*[FILLED[0]] * 101),
    }
    found = made[upload]() if isinstance(upload, str) else upload
    before = rows()
    answer = desk.post(url("account-import"), {"workbook": found} if found else {})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert rows() == before


@pytest.mark.parametrize("lines", ["", "[]", "no json", '[["x"]]', "[[1,2,3,4,5,6,7]]", '{"a": 1}', "null"])
def test_what_comes_back_forged_writes_nothing(world: World, desk: Client, lines: str) -> None:
    before = rows()
    sent = {"lines": lines, "seen": "0" * 64, "key": "k", "reason": "〔示例〕", "step": "all"}
    answer = desk.post(url("account-import"), sent)
    assert answer.status_code == 422
    assert rows() == before


def test_lines_forged_into_another_region_are_judged_anew(world: World, desk: Client) -> None:
    forged = packed([replace(GOOD[0], region="990100000000", role="系统管理员")])
    before = rows()
    sent = {"lines": forged, "seen": "0" * 64, "key": "k", "reason": "〔示例〕", "step": "good"}
    with clock_at(world.now):
        assert desk.post(url("account-import"), sent).status_code == 422
    assert rows() == before
