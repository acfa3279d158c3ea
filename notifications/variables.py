"""What the texts of messages may name in braces (模板变量)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """What a text may name in braces: the key under which a verb gives it, what it means, an example."""

    key: str
    meaning: str
    sample: str


VARIABLES = {
    "编号": Variable("number", "申请编号，或公示的编号", "2021-示例村-0001〔示例〕"),
    "申请人": Variable("name", "申请人姓名", "张三〔示例〕"),
    "项目": Variable("programme", "项目名称", "示例补助〔示例〕"),
    "层级": Variable("level", "作出决定或办理的层级", "乡级"),
    "上一级": Variable("above", "可以申请复核的单位", "区级主管部门"),
    "村": Variable("village", "村（社区）名称", "示例村〔示例〕"),
    "补正事项": Variable("faults", "需要补正的全部事项", "1.缺少土地承包合同复印件"),
    "原因": Variable("reason", "决定的原因", "与入户核实的情况不符"),
    "金额": Variable("amount", "核定金额，单位元", "900.00"),
    "期限": Variable("due", "办理期限的最后一天", "2021-03-08"),
    "结果": Variable("outcome", "办理结果", "不成立"),
    "环节": Variable("step", "办理环节", "待乡级审核"),
    "件数": Variable("count", "申请件数", "12"),
    "异议编号": Variable("objection", "异议的编号", "异议2021-示例村-0001〔示例〕"),
    "事项": Variable("kind", "期限的种类", "补正"),
    "通过件数": Variable("passed", "期满无异议的件数", "11"),
    "未过件数": Variable("held", "有异议未通过的件数", "1"),
    "原日期": Variable("before", "调整前的日期", "2021-10-08"),
    "新日期": Variable("after", "调整后的日期", "2021-10-11"),
    "变动": Variable("word", "提前或顺延", "顺延"),
    "依据": Variable("citation", "节假日通知的名称和文号", "示例通知〔示例〕"),
    "经办人": Variable("by", "转办、接手或者催办的工作人员", "李四〔示例〕"),
    "查验结果": Variable("finding", "查验名单封存的结果", "名单与张贴时封存的内容不一致"),
    "明细": Variable("listed", "有调整的事项", "申请2021-示例村-0001〔示例〕的办理期限2021-10-08→2021-10-11"),
}
