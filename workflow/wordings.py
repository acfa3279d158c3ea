"""The title and the text a sheet starts with, per kind (公示模板): defaults here, later versions in rows."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from applications.models import Programme
from registry import appointments
from registry.models import Region, User
from registry.refusal import Refused
from workflow import permissions, receipts
from workflow.models import PostingKind, SheetWording
from workflow.results import Result


class BadWording(Refused):
    """A template that is empty, too long, or names something that a sheet does not know."""


class WordingMoved(Refused):
    """Somebody else changed the template meanwhile."""


@dataclass(frozen=True)
class Wording:
    """A title and a text with variables in braces; version 0 is the default of the code."""

    title: str
    text: str
    version: int = 0


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
        "{单位}{年度}年{项目}补助结果公告",
        "经村、乡、区三级公示，现将{年度}年{项目}补助结果予以公告。",
    ),
}

TITLE_LIMIT = 200
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def current(kind: PostingKind) -> Wording:
    """The wording in force: the latest version, or the default where nobody changed it."""
    kept = SheetWording.objects.filter(kind=kind).order_by("-version").first()
    return Wording(kept.title, kept.text, kept.version) if kept else DEFAULTS[kind]


def values_for(region: Region, programme: Programme, *, term: str) -> dict[str, str]:
    """What the variables stand for on one sheet."""
    return {
        "单位": region.name,
        "机构": region.body_name or region.name,
        "年度": str(programme.year),
        "项目": programme.name,
        "公示期": term,
    }


def fill(template: str, values: dict[str, str]) -> str:
    """The template with its variables replaced, in one pass: a value with braces stays as it is."""
    return _VARIABLE.sub(lambda found: values[found.group(1).strip()], template)


def check(wording: Wording) -> None:
    """Refuse an empty part, a stray brace, a variable that no sheet knows, and a 公示期 nobody promises."""
    for label, template in (("标题", wording.title), ("正文", wording.text)):
        if not template.strip():
            raise BadWording(f"{label}不能为空。")
        names = [name.strip() for name in _VARIABLE.findall(template)]
        unknown = list(dict.fromkeys(name for name in names if name not in VARIABLES))
        if unknown:
            named = "、".join(f"{{{name}}}" for name in unknown)
            raise BadWording(f"{label}里有不认识的变量{named}，可用的是：{'、'.join(VARIABLES)}。")
        if re.search(r"[{}]", _VARIABLE.sub("", template)):
            raise BadWording(f"{label}里的花括号没有成对，请核对。")
    if len(wording.title) > TITLE_LIMIT or "\n" in wording.title:
        raise BadWording(f"标题应为一行，不超过{TITLE_LIMIT}个字。")


def refuse_unfit(kind: PostingKind, wording: Wording) -> None:
    """An announcement has no period: a template that promises one would leave a hole in the sentence."""
    check(wording)
    if kind is PostingKind.ANNOUNCEMENT and "公示期" in _VARIABLE.findall(wording.title + wording.text):
        raise BadWording("公告没有公示期，请去掉{公示期}。")


def change(
    kind: PostingKind,
    *,
    wording: Wording,
    by: User,
    now: datetime,
    key: str | None = None,
) -> SheetWording:
    """Word a kind of sheet anew: a new version, with who and when. `wording.version` is the one that was changed.

    Drafts and displayed sheets keep what they say.
    """
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="change_wording", by=by.pk, at=now)) is not None:
            return SheetWording.objects.get(pk=before[0].pk)
        actor = appointments.actor(by, on=timezone.localdate(now))
        permissions.may_change_wording(actor).enforce()
        refuse_unfit(kind, wording)
        if current(kind).version != wording.version:
            raise WordingMoved("模板刚刚被别人改过，请返回查看最新内容后再改。")
        made, new = SheetWording.objects.get_or_create(
            kind=kind,
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
