"""The templates of sheets and of messages (公示模板, 消息模板): defaults in the code, later versions in rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from applications.models import Programme
from notifications import wordings as messages
from notifications.catalogue import EVENTS, Event
from notifications.models import MessageWording
from registry import appointments
from registry.blanks import BadWording, Wording, check
from registry.models import Region, User
from registry.refusal import Refused
from workflow import permissions, receipts
from workflow.models import PostingKind, SheetWording
from workflow.results import Result


class WordingMoved(Refused):
    """Somebody else changed the template meanwhile."""


VARIABLES = {
    "单位": "公示单位的区域名称",
    "机构": "行文机构名称",
    "年度": "项目年度",
    "项目": "项目名称",
    "公示期": "公示的天数和算法，公告没有公示期",
}
"""What a template may name in braces, and what it stands for."""

SAMPLE = {
    "单位": "示例村〔示例〕",
    "机构": "示例村民委员会〔示例〕",
    "年度": "2021",
    "项目": "示例补助〔示例〕",
    "公示期": "10个自然日（首日不计）",
}

DEFAULTS = {
    PostingKind.VILLAGE: Wording(
        "{单位}{年度}年{项目}村级公示",
        "经村级申报、入户核实和民主评议，现将{年度}年{项目}申报名单予以公示，接受群众监督。公示期为{公示期}。",
    ),
    PostingKind.TOWNSHIP: Wording(
        "{单位}{年度}年{项目}乡级公示",
        "经村级公示和乡级审核，现将{年度}年{项目}审核通过名单予以公示，接受群众监督。公示期为{公示期}。",
    ),
    PostingKind.DISTRICT: Wording(
        "{单位}{年度}年{项目}拟补助名单区级公示",
        "经乡级公示和区级审定，现将{年度}年{项目}拟补助名单予以公示，接受群众监督。公示期为{公示期}。",
    ),
    PostingKind.ANNOUNCEMENT: Wording(
        "{单位}{年度}年{项目}结果公告",
        "经村、乡、区三级公示，现将{年度}年{项目}结果予以公告。",
    ),
}


@dataclass(frozen=True)
class Template:
    """What an administrator may word: a kind of sheet, or an event of which messages are sent."""

    slug: str
    label: str
    default: Wording
    variables: Mapping[str, str]
    sample: Mapping[str, str]
    versions: QuerySet[Any]
    names: Mapping[str, str]
    refuse_unfit: Callable[[Wording], None]

    def current(self) -> Wording:
        """The wording in force: the latest version, or the default where nobody changed it."""
        kept = self.versions.first()
        return Wording(kept.title, kept.text, kept.version) if kept else self.default


def of_sheet(kind: PostingKind) -> Template:
    """The template of a kind of sheet."""
    return Template(
        slug=kind.value,
        label=kind.label,
        default=DEFAULTS[kind],
        variables=VARIABLES,
        sample=SAMPLE,
        versions=SheetWording.objects.filter(kind=kind).order_by("-version").select_related("changed_by"),
        names={"kind": kind},
        refuse_unfit=partial(refuse_unfit, kind),
    )


def of_message(event: Event) -> Template:
    """The template of an event's messages, short messages and slips to households among them."""
    rows = MessageWording.objects.filter(event=event.name).order_by("-version").select_related("changed_by")
    return Template(
        slug=event.name,
        label=event.label,
        default=event.default,
        variables={name: variable.meaning for name, variable in event.variables.items()},
        sample=messages.sample(event),
        versions=rows,
        names={"event": event.name},
        refuse_unfit=partial(messages.refuse_unfit, event),
    )


def unfit() -> list[str]:
    """Wordings of messages in force that name what nobody can fill in: the default text is sent in their place."""
    found = []
    for name, wording in sorted(messages.in_force(list(EVENTS)).items()):
        event = EVENTS[name]
        if unknown := sorted(wording.variables - event.variables.keys()):
            named = "、".join(f"{{{one}}}" for one in unknown)
            found.append(
                f"“{event.label}”的消息模板第{wording.version}版里有不认识的变量{named}，"
                "发送时已改用默认文字，请修改模板。"
            )
    return found


def current(kind: PostingKind) -> Wording:
    """The wording in force for a kind of sheet."""
    return of_sheet(kind).current()


def values_for(region: Region, programme: Programme, *, term: str) -> dict[str, str]:
    """What the variables stand for on one sheet."""
    return {
        "单位": region.name,
        "机构": region.body_name or region.name,
        "年度": str(programme.year),
        "项目": programme.name,
        "公示期": term,
    }


def refuse_unfit(kind: PostingKind, wording: Wording) -> None:
    """An announcement has no period: a template that promises one would leave a hole in the sentence."""
    check(wording, VARIABLES)
    if kind is PostingKind.ANNOUNCEMENT and "公示期" in wording.variables:
        raise BadWording("公告没有公示期，请去掉{公示期}。")


def change(
    template: Template, *, wording: Wording, by: User, now: datetime, key: str | None = None
) -> SheetWording | MessageWording:
    """Word a template anew: a new version, with who and when. `wording.version` is the one that was changed.

    What was drafted, displayed or written already keeps what it says.
    """
    rows = template.versions.model._default_manager
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="change_wording", by=by.pk, at=now)) is not None:
            return rows.get(pk=before[0].pk)
        actor = appointments.actor(by, on=timezone.localdate(now))
        permissions.may_change_wording(actor).enforce()
        template.refuse_unfit(wording)
        if template.current().version != wording.version:
            raise WordingMoved("模板刚刚被别人改过，请返回查看最新内容后再改。")
        made, new = rows.get_or_create(
            **template.names,
            version=wording.version + 1,
            defaults={
                "title": wording.title.strip(),
                "text": wording.text.strip(),
                "changed_by": by,
                "changed_at": now,
            },
        )
        if not new:
            raise WordingMoved("模板刚刚被别人改过，请返回查看最新内容后再改。")
        receipts.keep(key, [Result(made.pk, "", True)])
        return made
