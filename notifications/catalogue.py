"""The table of events: what is said, and on which channels. Who is told is worked out by the verb's level and region."""

from dataclasses import dataclass

from notifications.models import Channel

_BOTH = (Channel.IN_APP, Channel.EMAIL)
_DESK = (Channel.IN_APP,)


@dataclass(frozen=True)
class Event:
    """One kind of message. Subject and body are format strings over the context the verb gives.

    A household's channel follows from what is known of it; its events name none.
    """

    name: str
    subject: str
    body: str
    channels: tuple[Channel, ...]

    @property
    def label(self) -> str:
        """The event by name, without what differs from case to case."""
        return self.subject.split("：")[0]


ARRIVED = Event(
    "arrived", "{step}：新到{count}件", "{programme}等{count}件申请已到“{step}”，请于{due}前办理。", _DESK
)
SENT_BACK = Event(
    "sent_back",
    "退回补正：{number}",
    "{name}的“{programme}”申请（{number}）被{level}退回补正，需要补正：{faults}。请于{due}前补正后再报。",
    _BOTH,
)
REJECTED = Event(
    "rejected",
    "不予批准：{number}",
    "{name}的“{programme}”申请（{number}）被{level}不予批准，原因：{reason}。如有异议，可向上一级申请复核。",
    _BOTH,
)
ANNOUNCED = Event(
    "announced",
    "已公告：{number}",
    "{name}的“{programme}”申请（{number}）已公告，核定金额{amount}元。",
    _BOTH,
)
CUT = Event(
    "cut",
    "核减：{number}",
    "{name}的“{programme}”申请（{number}）由{level}核减为{amount}元，理由：{reason}。",
    _BOTH,
)
TO_CORRECT = Event(
    "to_correct",
    "公示更正：{number}",
    "{name}的“{programme}”申请（{number}）公示内容有误，已撤出公示，请更正后重新申报。原因：{reason}。",
    _BOTH,
)
ENDED = Event(
    "ended", "{outcome}：{number}", "{name}的“{programme}”申请（{number}）{outcome}。{reason}。", _DESK
)
TO_POST = Event(
    "to_post", "待公示：{count}件", "{programme}等{count}件申请等待{step}，请于{due}前张贴公示名单。", _DESK
)
POSTING_CLOSED = Event(
    "posting_closed", "公示期满：{number}", "{number}已期满，{passed}件无异议，{held}件有异议未通过。", _DESK
)
OBJECTION_RECEIVED = Event(
    "objection_received",
    "收到异议：{number}",
    "公示中的申请（{number}）收到异议（编号{objection}），请于{due}前决定是否受理。办结之前该申请不能进入下一步。",
    _BOTH,
)
OBJECTION_DECIDED = Event(
    "objection_decided",
    "异议已办结：{number}",
    "申请（{number}）的异议（编号{objection}）已办结：{outcome}。",
    _DESK,
)
APPEAL_RECEIVED = Event(
    "appeal_received",
    "收到复核申请：{number}",
    "申请（{number}）的异议经{level}办结后，异议人申请复核（编号{objection}），请于{due}前决定是否受理。"
    "办结之前该申请不能进入下一步。",
    _BOTH,
)
TO_REVOKE = Event(
    "to_revoke",
    "异议成立，待办理撤销：{number}",
    "已公告的申请（{number}）的异议（编号{objection}）办结：{outcome}。公告以后只能由区级撤销，请核实后办理。",
    _BOTH,
)
POSTING_MOVED = Event(
    "posting_moved",
    "公示截止日调整：{number}",
    "{number}的截止日由{before}{word}到{after}，依据：{citation}。请在张贴处注明新的截止日，{count}件申请照此计算。",
    _BOTH,
)
DUE_DATES_MOVED = Event(
    "due_dates_moved",
    "办理期限调整：{count}件",
    "{citation}录入后，您经办的{count}件事项的期限有调整：{listed}。请按新的期限办理。",
    _DESK,
)
LIST_TAMPERED = Event(
    "list_tampered",
    "名单被改动：{number}",
    "{number}的名单与张贴时封存的内容不一致，这张公示已停止办结，请立即核查数据库。其他公示不受影响。",
    _BOTH,
)
REMINDER = Event("reminder", "催办：{number}", "申请（{number}）的{kind}期限是{due}，请尽快办理。", _BOTH)
ESCALATION = Event(
    "escalation", "督办：{number}", "申请（{number}）的{kind}已于{due}到期仍未办理，请督促{level}。", _BOTH
)

# To households, in plain words: what was decided, why, what to do, until when. No category, no number of a person.
_HOME = ()
HOME_SENT_BACK = Event(
    "home_sent_back",
    "需要补正材料",
    "您家申请的“{programme}”需要补正：{faults}。请在{due}前把材料交给村里，补齐后继续办理。咨询：{village}，监督电话12317。",
    _HOME,
)
HOME_REJECTED = Event(
    "home_rejected",
    "申请没有批准",
    "您家申请的“{programme}”没有批准，原因：{reason}。如不同意，可以找{village}或{level}的上一级申请复核，监督电话12317。",
    _HOME,
)
HOME_CUT = Event(
    "home_cut",
    "金额有调整",
    "您家申请的“{programme}”金额核定为{amount}元，原因：{reason}。不需要您办理什么。有疑问请问{village}，监督电话12317。",
    _HOME,
)
HOME_ANNOUNCED = Event(
    "home_announced",
    "申请已经批准",
    "您家申请的“{programme}”已批准并公告，核定金额{amount}元，将发到登记的收款账户。有疑问请问{village}，监督电话12317。",
    _HOME,
)
HOME_ENDED = Event(
    "home_ended",
    "申请已经结束",
    "您家申请的“{programme}”{outcome}，原因：{reason}。有疑问请问{village}，监督电话12317。",
    _HOME,
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
        OBJECTION_RECEIVED,
        OBJECTION_DECIDED,
        APPEAL_RECEIVED,
        TO_REVOKE,
        LIST_TAMPERED,
        POSTING_MOVED,
        DUE_DATES_MOVED,
        REMINDER,
        ESCALATION,
        HOME_SENT_BACK,
        HOME_REJECTED,
        HOME_CUT,
        HOME_ANNOUNCED,
        HOME_ENDED,
    )
}

LETTERS = [event for event in EVENTS.values() if Channel.EMAIL in event.channels]
"""The events that letters are sent of; a person may do without any of them."""
