"""Files as they really come: each refused with a sentence that says what to do, and nothing is kept of it."""

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook, load_workbook

from tests.workflow.filled import filled, repacked, rows_of, upload
from tests.workflow.views.pages import everything
from tests.world import World, photo, programme
from workflow import claim_rows, imports, spreadsheets, workbooks
from workflow.models import ImportJob, ImportRow
from workflow.workbooks import BadWorkbook, Column

Make = Callable[[World], bytes]


def good(world: World, *changes: Any) -> bytes:
    household = world.household()
    template = claim_rows.template(world.grain, world.village)
    return filled(template, [{"户编号": household.number, "数量": 3}], *changes)


def hide(book: Workbook) -> None:
    book.create_sheet("备用").sheet_state = "hidden"


def very_hidden(book: Workbook) -> None:
    book.create_sheet("备用").sheet_state = "veryHidden"


def merge_head(book: Workbook) -> None:
    book["填报"].merge_cells("C1:D1")


def merge_body(book: Workbook) -> None:
    book["填报"].merge_cells("A2:A3")


def rename_head(book: Workbook) -> None:
    book["填报"]["C1"].value = "亩数"


def double_head(book: Workbook) -> None:
    book["填报"]["I1"].value = "数量"


def no_head(book: Workbook) -> None:
    book["填报"].delete_rows(1)


def no_about(book: Workbook) -> None:
    del book["说明"]


def unmarked(book: Workbook) -> None:
    book["说明"].delete_rows(1, 9)


def marked(name: str, value: str) -> Callable[[Workbook], None]:
    def change(book: Workbook) -> None:
        for row in book["说明"].iter_rows(max_col=2):
            if row[0].value == name:
                row[1].value = value

    return change


def bomb(world: World) -> bytes:
    """Four kilobytes that say and unpack to more than is read."""
    return repacked(good(world), xl__media__image1=b"0" * (workbooks.MOST_UNPACKED + 1))


def many_parts(world: World) -> bytes:
    return repacked(good(world), **{f"xl__x{number}": b"" for number in range(workbooks.MOST_PARTS)})


def entity(world: World) -> bytes:
    text = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    return repacked(good(world), **{"xl__evil.xml": text.encode()})


def zipped_text(world: World) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as packed:
        packed.writestr("readme.txt", "text")
    return buffer.getvalue()


def other_programme(world: World) -> bytes:
    return claim_rows.template(world.travel, world.village)


def last_year(world: World) -> bytes:
    world.household()
    older = programme(world.county, code=world.grain.code, year=2020)
    return claim_rows.template(older, world.village)


def older_version(world: World) -> bytes:
    content = good(world)
    world.grain = programme(world.county, code=world.grain.code, version=2)
    return content


def thousand_and_one(world: World) -> bytes:
    template = claim_rows.template(world.grain, world.village)
    return filled(template, [{"户编号": f"{number}", "数量": 3} for number in range(1001)])


CUT = b"<worksheet><sheetData><row"
BROKEN = "文件打不开，可能已损坏，请用Excel重新保存为.xlsx后再上传。"
OLD = "这是旧版Excel（.xls）或者加了密码的文件，请去掉密码，另存为.xlsx后再上传。"
HIDDEN = "文件里有隐藏的工作表“备用”，请取消隐藏并核对，或者删除后再上传。"
RENAMED = "第一行的表头和模板不一样：缺少“数量”，多出“亩数”。请使用下载的模板填写，不要改动表头。"
AGAIN = "请下载这个项目今年的模板。"
ELSEWHERE = "这是“示例2村”的模板，现在录入的是“示例1村”，请下载本村的模板。"
MACRO = "文件里有宏或嵌入的程序，不能上传，请另存为不带宏的Excel工作簿（.xlsx）后再上传。"
FILES: list[tuple[str, Make, str]] = [
    ("empty", lambda world: b"", "文件是空的，请重新选择。"),
    ("photo", lambda world: photo().read(), "这不是Excel（.xlsx）文件，请选择填好的模板。"),
    ("csv", lambda world: "户编号,数量\n1,2\n".encode(), "这不是Excel（.xlsx）文件，请选择填好的模板。"),
    ("zip", zipped_text, "这不是Excel（.xlsx）文件，请选择填好的模板。"),
    ("old xls or password", lambda world: workbooks.OLE + b"\xa1\xb1\x1a\xe1" * 200, OLD),
    ("cut off", lambda world: good(world)[:-800], BROKEN),
    ("broken sheet", lambda world: repacked(good(world), **{"xl__worksheets__sheet1.xml": CUT}), BROKEN),
    ("bomb", bomb, "文件展开后太大，不能读取，请使用下载的模板填写。"),
    ("many parts", many_parts, "文件展开后太大，不能读取，请使用下载的模板填写。"),
    ("entities", entity, "文件的内容不正常，不能读取，请用Excel重新保存为.xlsx后再上传。"),
    ("macro", lambda world: repacked(good(world), **{"xl__vbaProject.bin": b"vba"}), MACRO),
    ("hidden sheet", lambda world: good(world, hide), HIDDEN),
    ("very hidden", lambda world: good(world, very_hidden), HIDDEN),
    ("merged head", lambda world: good(world, merge_head), "文件里有合并的单元格（C1:D1 表头），请取消合并，一格填一项，再上传。"),
    ("merged body", lambda world: good(world, merge_body), "文件里有合并的单元格（A2:A3），请取消合并，一格填一项，再上传。"),
    ("renamed head", lambda world: good(world, rename_head), RENAMED),
    ("double head", lambda world: good(world, double_head), "表头有两列“数量”，请使用下载的模板填写，不要改动表头。"),
    ("no head", lambda world: good(world, no_head), "第一行的表头和模板不一样："),
    ("no about", lambda world: good(world, no_about), "文件里没有“填报”和“说明”两张工作表，请下载本系统的模板，填好后再上传。"),
    ("unmarked", lambda world: good(world, unmarked), "这不是本系统的模板，请下载这个项目今年的模板。"),
    ("households", lambda world: good(world, marked("模板", "户和成员")), f"这是“户和成员”的模板，不是申请的模板，{AGAIN}"),
    ("other programme", other_programme, "这是项目“示例交通补贴”的模板，现在录入的是“示例种植补助”，请下载这个项目今年的模板。"),
    ("last year", last_year, "这是2020年的模板，现在录入的是2021年，请下载这个项目今年的模板。"),
    ("older version", older_version, "这是项目第1版的模板，现在是第2版，请下载这个项目今年的模板。"),
    ("other village", lambda world: claim_rows.template(world.grain, world.villages[1]), ELSEWHERE),
    ("nothing filled in", lambda world: claim_rows.template(world.grain, world.village), "表里没有填写任何一行，请填好后再上传。"),
    ("1001 rows", thousand_and_one, "表里有1001行，一次最多录入1000行，请分成几个文件上传。"),
]  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("make", "sentence"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_a_file_that_is_no_filled_in_template_is_refused(world: World, make: Make, sentence: str) -> None:
    content = make(world)
    before = everything()
    with pytest.raises(BadWorkbook) as refused:
        imports.take_in(
            upload(content), village=world.village, programme=world.grain, by=world.clerk, now=world.now
        )
    assert refused.value.sentence.startswith(sentence)
    assert refused.value.sentence.endswith("。")
    assert (ImportJob.objects.count(), ImportRow.objects.count()) == (0, 0)
    assert everything() == before


def test_a_file_over_size_is_refused_before_it_is_read() -> None:
    large = upload(b"PK\x03\x04")
    large.size = workbooks.MOST_BYTES + 1
    with pytest.raises(BadWorkbook) as refused:
        workbooks.read(large)
    assert large.tell() == 0
    assert refused.value.sentence == "文件超过5MB，请使用下载的模板填写，不要插入图片。"


COLUMNS = [
    Column("号码", "digits"),
    Column("数量", "decimal"),
    Column("日期", "date"),
    Column("姓名"),
    Column("档次", "choice", ("省外", "省内")),
]
LOST = "被Excel变成了数字，后面几位已经丢失，请把这一列设为“文本”格式后重新填写"
CELLS: list[tuple[str, Any, str, str]] = [
    ("号码", "999999196001010011", "999999196001010011", ""),
    ("号码", " 99999919600101001x ", "99999919600101001X", ""),
    ("号码", "９９９９９９196001010011", "999999196001010011", ""),
    ("号码", "6217 9999 0000 1111 222", "6217999900001111222", ""),
    ("号码", 999999196001010011, "", LOST),
    ("号码", 9.99999196001010e17, "", LOST),
    ("号码", "9.99999E+17", "", LOST),
    ("号码", 1234567.5, "", "“1234567.5”不是号码，请核对"),
    ("号码", 13800001234, "13800001234", ""),
    ("数量", "3", "3", ""),
    ("数量", "1,200.50", "1200.50", ""),
    ("数量", "３．５", "3.5", ""),
    ("数量", 2.1, "2.1", ""),
    ("数量", True, "", "不是数字，请把单元格设为“常规”格式后重新填写"),
    ("数量", "3亩", "", "“3亩”不是数字，只填数字，不要写单位"),
    ("数量", "1e99", "", "“1e99”太大，请核对"),
    ("数量", "NaN", "", "“NaN”太大，请核对"),
    ("数量", "=SUM(A1:A2)", "", "是公式，请改成数值（复制后选择性粘贴为“数值”）"),
    ("日期", date(2021, 2, 26), "2021-02-26", ""),
    ("日期", "2021年2月26日", "2021-02-26", ""),
    ("日期", "26/2/2021", "", "“26/2/2021”不是日期，请写成2021-10-01的样子"),
    ("日期", 44253, "", "“44253”不是日期，请写成2021-10-01的样子"),
    ("姓名", " 示例\u200b人 ", "示例人", ""),
    ("姓名", 12, "12", ""),
    ("姓名", 1.5, "", "“1.5”不是文字，请核对"),
    ("姓名", "'=示例", "=示例", ""),
    ("档次", "省外", "省外", ""),
    ("档次", "国外", "", "“国外”不在可选的内容里，只能填：省外、省内"),
]


@pytest.mark.parametrize(
    ("name", "value", "text", "fault"), CELLS, ids=[f"{row[0]} {row[1]}" for row in CELLS]
)
def test_a_cell_is_read_or_its_fault_is_said(name: str, value: Any, text: str, fault: str) -> None:
    sheets = [
        spreadsheets.Sheet("填报", [column.name for column in COLUMNS], []),
        spreadsheets.Sheet("说明", ["模板", "x"], []),
    ]
    content = filled(spreadsheets.write(sheets), [{name: value}])
    (line,) = workbooks.lines(workbooks.read(upload(content)).rows, COLUMNS)
    if fault:
        assert line.faults == (f"“{name}”{fault}",)
    else:
        assert (line.given[name], line.faults) == (text, ())


def test_faulty_rows_go_out_as_a_template_and_come_in_again() -> None:
    columns = [Column("户编号", "digits", width=24), Column("档次", "choice", ("省外", "省内"))]
    marks = {"模板": "申请", "年度": "2021"}
    content = claim_rows.workbook(
        columns, marks, [["=危险", "国外", "“档次”不在可选的内容里。"]], more=["问题"]
    )
    assert rows_of(content) == [{"户编号": "=危险", "档次": "国外", "问题": "“档次”不在可选的内容里。"}]
    book = load_workbook(BytesIO(content))
    assert book["填报"]["A2"].data_type == "s"
    (rule,) = book["填报"].data_validations.dataValidation
    assert (rule.formula1, str(rule.sqref)) == ("选项!$A$1:$A$2", "B2:B3000")
    read = workbooks.read(upload(content))
    assert read.marks["年度"] == "2021"
    (line,) = workbooks.lines(read.rows, columns)
    assert line.given == {"户编号": "=危险", "档次": "国外"}
