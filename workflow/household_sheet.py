"""The workbook of a village's register (户和成员): one line per person, prefilled with those who are registered."""

from typing import Any

from registry.models import Category, Household, MemberStatus, Region, Relationship
from workflow.models import ImportKind
from workflow.workbooks import BadWorkbook, Column

YES, NO = "是", "否"
NUMBER, NAME, RELATION, ID = "户编号", "姓名", "与户主关系", "身份证号"
STATUS, STATUS_ON = "状态", "状态变更日期"

COLUMNS = [
    Column(NUMBER, width=24, help="同一户的每个人都写同一个户编号。"),
    Column("村民组", width=14),
    Column("户类别", "choice", tuple(Category.labels), 16, "从列表里选择。新登记的户必须填写。"),
    Column("住址", width=24),
    Column("联系电话", "digits", width=16),
    Column(NAME, width=12, help="每行一个人。"),
    Column(RELATION, "choice", tuple(Relationship.labels), 14, "从列表里选择。每户要有一名户主。"),
    Column(ID, "digits", width=22, help="18位。这一列已设为文本，请不要改动格式。留空表示不改。"),
    Column("手机号", "digits", width=16, help="留空表示不改。"),
    Column("开户银行", width=20, help="留空表示不改。"),
    Column("银行卡号", "digits", width=24, help="留空表示不改。"),
    Column("开户名", width=12, help="留空表示不改。"),
    Column(STATUS, "choice", tuple(MemberStatus.labels), 10, "留空表示不改，新成员按“正常”登记。"),
    Column(STATUS_ON, "date", width=14, help="死亡或迁出的日期。"),
    Column("财政供养人员", "choice", (YES, NO), 14, "留空表示不改。"),
]
OF_HOUSEHOLD = {"村民组": "group", "户类别": "category", "住址": "address", "联系电话": "phone"}
OF_MEMBER = {
    RELATION: "relationship",
    ID: "id_number",
    "手机号": "phone",
    "开户银行": "bank",
    "银行卡号": "card_number",
    "开户名": "card_holder",
    STATUS: "status",
    STATUS_ON: "status_on",
    "财政供养人员": "public_employee",
}
CODES: dict[str, dict[str, Any]] = {
    "户类别": {label: value for value, label in Category.choices},
    RELATION: {label: value for value, label in Relationship.choices},
    STATUS: {label: value for value, label in MemberStatus.choices},
    "财政供养人员": {YES: True, NO: False},
}
LENGTHS = {
    NUMBER: 40,
    "村民组": 40,
    "联系电话": 40,
    NAME: 50,
    "手机号": 40,
    "开户银行": 60,
    "银行卡号": 40,
    "开户名": 50,
}


def marks(village: Region) -> dict[str, str]:
    return {"模板": ImportKind.HOUSEHOLDS.label, "村": village.name, "村代码": village.code}


def template_rows(village: Region) -> list[list[str]]:
    """The village's people as they are registered; numbers and cards are not written out."""
    return [
        [
            home.number,
            home.group,
            home.get_category_display(),
            home.address,
            "",
            one.name,
            one.get_relationship_display(),
        ]
        for home in households(village).values()
        for one in home.members.all()
    ]


def refuse_wrong_template(found: dict[str, str], village: Region) -> None:
    said = marks(village)
    if found.get("模板") != said["模板"]:
        raise BadWorkbook("这不是户和成员的模板，请下载户和成员的模板，填好后再上传。")
    if found.get("村代码") != said["村代码"]:
        other = found.get("村", "")[:30]
        raise BadWorkbook(f"这是“{other}”的模板，现在登记的是“{village.name}”，请下载本村的模板。")


def households(village: Region) -> dict[str, Household]:
    rows = Household.objects.filter(village=village).prefetch_related("members").order_by("number")
    return {row.number: row for row in rows}
