"""What becomes of a row of the year (办理经过): the turns that cases take, straight on or not."""

from enum import StrEnum

from workflow.models import RefusalCode


class Course(StrEnum):
    """The turn a case takes. Values stand in the data files and are never renamed."""

    STRAIGHT = "straight"
    RETURNED_VILLAGE = "returned_village"
    RETURNED_TOWNSHIP = "returned_township"
    RETURNED_DISTRICT = "returned_district"
    GIVEN_BACK = "given_back"
    RESTARTED = "restarted"
    CORRECTED = "corrected"
    CUT_TOWNSHIP = "cut_township"
    CUT_DISTRICT = "cut_district"
    OBJECTED_DISMISSED = "objected_dismissed"
    OBJECTED_HELD = "objected_held"
    OBJECTED_CORRECTED = "objected_corrected"
    OBJECTED_CANCELLED = "objected_cancelled"
    REFUSED_VILLAGE = "refused_village"
    REFUSED_TOWNSHIP = "refused_township"
    REFUSED_DISTRICT = "refused_district"
    WITHDRAWN = "withdrawn"
    WITHDRAWN_LATE = "withdrawn_late"
    LAPSED = "lapsed"
    REVOKED = "revoked"
    DISCARDED = "discarded"

    @property
    def counts(self) -> bool:
        """Whether the case stands among the announced ones at the end of the year."""
        return self not in NOT_COUNTED


NOT_COUNTED = frozenset(
    {
        Course.OBJECTED_CANCELLED,
        Course.REFUSED_VILLAGE,
        Course.REFUSED_TOWNSHIP,
        Course.REFUSED_DISTRICT,
        Course.WITHDRAWN,
        Course.WITHDRAWN_LATE,
        Course.LAPSED,
        Course.REVOKED,
        Course.DISCARDED,
    }
)

CUT = frozenset({Course.CUT_TOWNSHIP, Course.CUT_DISTRICT})

# Why a level refuses a case, in the words of the notice.
REFUSALS: dict[Course, tuple[RefusalCode, str]] = {
    Course.REFUSED_VILLAGE: (RefusalCode.APPRAISAL, "民主评议同意人数未过半数，不予上报。"),
    Course.REFUSED_TOWNSHIP: (RefusalCode.FACTS, "实地抽查与申报情况不符，不予批准。"),
    Course.REFUSED_DISTRICT: (RefusalCode.EXCLUDED, "属于实施办法规定的不得享受情形，不予批准。"),
}

# What the level that returns a case asks for.
FAULTS: dict[Course, str] = {
    Course.RETURNED_VILLAGE: "申请内容与村级台账不一致，请核对后补正。",
    Course.RETURNED_TOWNSHIP: "证明材料看不清，请重新提供。",
    Course.RETURNED_DISTRICT: "缺少银行账户信息说明，请补充。",
    Course.RESTARTED: "申报数量少于实际数量，请核实后更正。",
    Course.LAPSED: "证明材料过期，请在补正期限内重新提供。",
}
