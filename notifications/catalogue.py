"""The table of events: what is said, and on which channels. Who is told is worked out by the verb's level and region.

The texts here are the defaults; an administrator may word them anew (`notifications.wordings`).
"""

from dataclasses import dataclass

from notifications.models import Channel
from notifications.variables import VARIABLES, Variable
from registry.blanks import Wording

_BOTH = (Channel.IN_APP, Channel.EMAIL)
_DESK = (Channel.IN_APP,)

_OUTCOME = ("编号", "申请人", "项目", "层级", "上一级", "村", "金额")
"""What every outcome of a case can name besides its own words."""


@dataclass(frozen=True)
class Event:
    """One kind of message. Subject and body name variables in braces; the verb gives their values.

    A household's channel follows from what is known of it; its events name none. `more` may be named though the
    default does not; `needed` may not be left out: what was decided, why, until when.
    """

    name: str
    subject: str
    body: str
    channels: tuple[Channel, ...]
    more: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The event by name, without what differs from case to case."""
        return LABELS.get(self.name) or self.subject.split("：")[0]

    @property
    def default(self) -> Wording:
        return Wording(self.subject, self.body)

    @property
    def variables(self) -> dict[str, Variable]:
        """What a text of this event may name."""
        named = self.default.variables | set(self.more)
        return {name: variable for name, variable in VARIABLES.items() if name in named}


LABELS = {"ended": "申请结束", "arrived": "新到申请"}
"""Names of events whose subject does not begin with one."""

ARRIVED = Event(
    "arrived", "{环节}：新到{件数}件", "{项目}等{件数}件申请已到“{环节}”，请于{期限}前办理。", _DESK
)
SENT_BACK = Event(
    "sent_back",
    "退回补正：{编号}",
    "{申请人}的“{项目}”申请（{编号}）被{层级}退回补正，需要补正：{补正事项}。请于{期限}前补正后再报。",
    _BOTH,
    _OUTCOME,
)
REJECTED = Event(
    "rejected",
    "不予批准：{编号}",
    "{申请人}的“{项目}”申请（{编号}）被{层级}不予批准，原因：{原因}。如有异议，可向上一级申请复核。",
    _BOTH,
    _OUTCOME,
)
ANNOUNCED = Event(
    "announced",
    "已公告：{编号}",
    "{申请人}的“{项目}”申请（{编号}）已公告，核定金额{金额}元。",
    _BOTH,
    _OUTCOME,
)
CUT = Event(
    "cut",
    "核减：{编号}",
    "{申请人}的“{项目}”申请（{编号}）由{层级}核减为{金额}元，理由：{原因}。",
    _BOTH,
    _OUTCOME,
)
TO_CORRECT = Event(
    "to_correct",
    "公示更正：{编号}",
    "{申请人}的“{项目}”申请（{编号}）公示内容有误，已撤出公示，请更正后重新申报。原因：{原因}。",
    _BOTH,
    _OUTCOME,
)
ENDED = Event("ended", "{结果}：{编号}", "{申请人}的“{项目}”申请（{编号}）{结果}。{原因}。", _DESK, _OUTCOME)
TO_POST = Event(
    "to_post", "待公示：{件数}件", "{项目}等{件数}件申请等待{环节}，请于{期限}前张贴公示名单。", _DESK
)
POSTING_CLOSED = Event(
    "posting_closed",
    "公示期满：{编号}",
    "{编号}已期满，{通过件数}件无异议，{未过件数}件有异议未通过。",
    _DESK,
)
END_PHOTO = Event(
    "end_photo",
    "拍期满照片：{编号}",
    "{编号}公示到{期限}期满。请在当天或者以后到张贴处拍照，并在公示页面登记期满照片；确实没有照片的，请写明原因。"
    "两样都没有的，名单上的申请不能发布公告。",
    _BOTH,
)
OBJECTION_RECEIVED = Event(
    "objection_received",
    "收到异议：{编号}",
    "公示中的申请（{编号}）收到异议（编号{异议编号}），请于{期限}前决定是否受理。办结之前该申请不能进入下一步。",
    _BOTH,
)
OBJECTION_DECIDED = Event(
    "objection_decided",
    "异议已办结：{编号}",
    "申请（{编号}）的异议（编号{异议编号}）已办结：{结果}。",
    _DESK,
)
APPEAL_RECEIVED = Event(
    "appeal_received",
    "收到复核申请：{编号}",
    "申请（{编号}）的异议经{层级}办结后，异议人申请复核（编号{异议编号}），请于{期限}前决定是否受理。"
    "办结之前该申请不能进入下一步。",
    _BOTH,
)
TO_REVOKE = Event(
    "to_revoke",
    "异议成立，待办理撤销：{编号}",
    "已公告的申请（{编号}）的异议（编号{异议编号}）办结：{结果}。公告以后只能由区级撤销，请核实后办理。",
    _BOTH,
)
POSTING_MOVED = Event(
    "posting_moved",
    "公示截止日调整：{编号}",
    "{编号}的截止日由{原日期}{变动}到{新日期}，依据：{依据}。请在张贴处注明新的截止日，{件数}件申请照此计算。",
    _BOTH,
)
DUE_DATES_MOVED = Event(
    "due_dates_moved",
    "办理期限调整：{件数}件",
    "{依据}录入后，您经办的{件数}件事项的期限有调整：{明细}。请按新的期限办理。",
    _DESK,
)
LIST_TAMPERED = Event(
    "list_tampered",
    "名单被改动：{编号}",
    "{编号}的{查验结果}。查清以前，这张公示期满也不会办结。请立即核查数据库。其他公示不受影响。",
    _BOTH,
)
REMINDER = Event("reminder", "催办：{编号}", "申请（{编号}）的{事项}期限是{期限}，请尽快办理。", _BOTH)
ESCALATION = Event(
    "escalation", "督办：{编号}", "申请（{编号}）的{事项}已于{期限}到期仍未办理，请督促{层级}。", _BOTH
)
HANDED_OVER = Event(
    "handed_over",
    "转办给您：{编号}",
    "申请（{编号}）由{经办人}转给您办理，理由：{原因}。",
    _DESK,
)
TAKEN_OVER = Event(
    "taken_over",
    "已被接手：{编号}",
    "您办理的申请（{编号}）由{经办人}接手办理，理由：{原因}。",
    _DESK,
)
URGED = Event(
    "urged",
    "下级催办：{编号}",
    "申请（{编号}）现在{环节}，{经办人}请您尽快办理：{原因}。办理期限是{期限}。",
    _DESK,
)

# To households, in plain words: what was decided, why, what to do, until when. No category, no number of a person.
_HOME = ()
HOME_SENT_BACK = Event(
    "home_sent_back",
    "需要补正材料",
    "您家申请的“{项目}”需要补正：{补正事项}。请在{期限}前把材料交给村里，补齐后继续办理。咨询：{村}，监督电话12317。",
    _HOME,
    _OUTCOME,
    ("项目", "补正事项", "期限"),
)
HOME_TO_CORRECT = Event(
    "home_to_correct",
    "公示内容要更正",
    "您家申请的“{项目}”公示内容有误，已从公示中撤出：{补正事项}。请在{期限}前到村里核对更正，更正后重新公示。"
    "咨询：{村}，监督电话12317。",
    _HOME,
    _OUTCOME,
    ("项目", "补正事项", "期限"),
)
HOME_REMINDER = Event(
    "home_reminder",
    "补正就要到期",
    "您家申请的“{项目}”还有材料没有补正，期限是{期限}。请尽快交给村里；逾期不交的，申请可能被终止。"
    "咨询：{村}，监督电话12317。",
    _HOME,
    ("编号", "项目", "村"),
    ("项目", "期限"),
)
HOME_REJECTED = Event(
    "home_rejected",
    "申请没有批准",
    "您家申请的“{项目}”经{层级}审查没有批准，原因：{原因}。如不同意，可以找{村}帮助，向{上一级}申请复核，监督电话12317。",
    _HOME,
    _OUTCOME,
    ("项目", "原因", "上一级"),
)
HOME_CUT = Event(
    "home_cut",
    "金额有调整",
    "您家申请的“{项目}”金额核定为{金额}元，原因：{原因}。不需要您办理什么。有疑问请问{村}，监督电话12317。",
    _HOME,
    _OUTCOME,
    ("项目", "金额", "原因"),
)
HOME_ANNOUNCED = Event(
    "home_announced",
    "申请已经批准",
    "您家申请的“{项目}”已批准并公告，核定金额{金额}元，将发到登记的收款账户。有疑问请问{村}，监督电话12317。",
    _HOME,
    _OUTCOME,
    ("项目", "金额"),
)
HOME_ENDED = Event(
    "home_ended",
    "申请已经结束",
    "您家申请的“{项目}”{结果}，原因：{原因}。以后需要时可以重新申请。有疑问请问{村}，监督电话12317。",
    _HOME,
    _OUTCOME,
    ("项目", "结果", "原因"),
)
HOME_LAPSED = Event(
    "home_lapsed",
    "申请因逾期终止",
    "您家申请的“{项目}”因逾期没有补正已经终止，原因：{原因}。材料备齐以后可以重新申请；如不同意，可以找{村}帮助，"
    "向{上一级}申请复核，监督电话12317。",
    _HOME,
    _OUTCOME,
    ("项目", "原因", "上一级"),
)
HOME_REVOKED = Event(
    "home_revoked",
    "补助结果已撤销",
    "您家申请的“{项目}”公告后被{层级}撤销，原因：{原因}。如不同意，可以找{村}帮助，向{上一级}申请复核，监督电话12317。",
    _HOME,
    _OUTCOME,
    ("项目", "原因", "上一级"),
)
HOME_OBJECTION = Event(
    "home_objection",
    "异议已经办结",
    "有人对您家申请的“{项目}”提出过异议，经调查办结：{结果}。{原因}。不需要您办理什么，有变化再告诉您。"
    "有疑问请问{村}，监督电话12317。",
    _HOME,
    ("编号", "项目", "村"),
    ("项目", "结果", "原因"),
)

EVENTS: dict[str, Event] = {
    event.name: event
    for event in (
        ARRIVED,
        SENT_BACK,
        REJECTED,
        ANNOUNCED,
        CUT,
        TO_CORRECT,
        ENDED,
        TO_POST,
        POSTING_CLOSED,
        END_PHOTO,
        OBJECTION_RECEIVED,
        OBJECTION_DECIDED,
        APPEAL_RECEIVED,
        TO_REVOKE,
        LIST_TAMPERED,
        POSTING_MOVED,
        DUE_DATES_MOVED,
        REMINDER,
        ESCALATION,
        HANDED_OVER,
        TAKEN_OVER,
        URGED,
        HOME_SENT_BACK,
        HOME_TO_CORRECT,
        HOME_REMINDER,
        HOME_REJECTED,
        HOME_CUT,
        HOME_ANNOUNCED,
        HOME_ENDED,
        HOME_LAPSED,
        HOME_REVOKED,
        HOME_OBJECTION,
    )
}

LETTERS = [event for event in EVENTS.values() if Channel.EMAIL in event.channels]
"""The events that letters are sent of; a person may do without any of them."""
