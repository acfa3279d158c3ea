"""Programmes (补贴项目): laid down, mended while nobody has applied, and from then on changed by a new version only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date

from applications.models import (
    PostingPlan,
    Programme,
    ProgrammeAct,
    ProgrammeChange,
    ProgrammePinned,
    RequiredPaper,
)
from applications.states import Level
from registry import appointments
from registry.models import Region, User
from registry.refusal import Refused
from workflow import permissions, receipts
from workflow.results import Change, Conflict, Result

COLUMNS = tuple(
    field.name
    for field in Programme._meta.concrete_fields
    if field.name not in ("id", "region", "code", "year", "version")
)
"""What is typed about a programme. Region, code, year and version name it, and never change."""

SAME_IN_ALL_VERSIONS = ("kind", "beneficiary")


class BadProgramme(Refused):
    """Data that no programme can have. `faults` gives the sentences by field."""

    def __init__(self, faults: Mapping[str, Sequence[str]]) -> None:
        super().__init__("".join(sentence for sentences in faults.values() for sentence in sentences))
        self.faults = faults


class NothingChanged(Refused):
    """The same data again."""


class NotTheNewest(Refused):
    """A version follows the newest one only."""


@dataclass(frozen=True)
class Plan:
    """How one level posts."""

    level: Level
    days: int
    unit: str
    channels: str
    citation: str
    first_day_counts: bool = False
    rolls: bool = True


@dataclass(frozen=True)
class Paper:
    """A paper that an application needs."""

    name: str
    compulsory: bool = True


@dataclass(frozen=True)
class Content:
    """All that is typed about a programme: its columns by name, a plan for each level, its papers."""

    columns: Mapping[str, Any]
    plans: Sequence[Plan]
    papers: Sequence[Paper] = ()


def create(
    content: Content,
    *,
    region: Region,
    code: str,
    year: int,
    by: User,
    now: datetime,
    key: str | None = None,
) -> Programme:
    """Lay down a programme of a region and year as its first version."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="programme_create", by=by.pk, at=now)) is not None:
            return Programme.objects.get(pk=before[0].pk)
        _permit(region, by=by, now=now)
        # One at a time per region: two at once would not see each other's code.
        Region.objects.select_for_update(no_key=True).get(pk=region.pk)
        if Programme.objects.filter(region=region, code=code, year=year).exists():
            raise BadProgramme(
                {"code": [f"{year}年已有代码为“{code}”的项目，请换一个代码，或为它另立新版本。"]}
            )
        programme = Programme(region=region, code=code, year=year, version=1)
        _write(programme, content)
        return _finish(programme, ProgrammeAct.CREATE, "新建项目。", {}, by=by, now=now, key=key)


def edit(
    programme: Programme, content: Content, *, seen: int, by: User, now: datetime, key: str | None = None
) -> Programme:
    """Change a version under which nobody has applied; `seen` is the number of changes the form showed."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="programme_edit", by=by.pk, at=now)) is not None:
            return Programme.objects.get(pk=before[0].pk)
        kept = _locked(programme, seen=seen, by=by, now=now)
        if kept.is_pinned:
            raise ProgrammePinned
        if kept.version > 1:
            _refuse_another_kind(kept, content)
        was = facts(kept)
        kept.posting_plans.all().delete()
        kept.required_papers.all().delete()
        _write(kept, content)
        return _finish(kept, ProgrammeAct.EDIT, "", was, by=by, now=now, key=key)


def revise(
    programme: Programme, content: Content, *, seen: int, by: User, now: datetime, key: str | None = None
) -> Programme:
    """Lay down a new version: the old one is closed for new applications, its cases keep it."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="programme_revise", by=by.pk, at=now)) is not None:
            return Programme.objects.get(pk=before[0].pk)
        old = _locked(programme, seen=seen, by=by, now=now)
        newest = old.versions[0]
        if newest != old:
            raise NotTheNewest(f"该项目已有第{newest.version}版，请从第{newest.version}版另立新版本。")
        _refuse_another_kind(old, content)
        made = Programme(region=old.region, code=old.code, year=old.year, version=old.version + 1)
        _write(made, content)
        return _finish(
            made, ProgrammeAct.REVISE, f"由第{old.version}版而来。", facts(old), by=by, now=now, key=key
        )


def facts(programme: Programme) -> dict[str, Any]:
    """All that is typed about a programme, by its Chinese name, as a change keeps it."""
    fields = {name: Programme._meta.get_field(name) for name in COLUMNS}
    found = {f"{field.verbose_name}": _told(getattr(programme, name)) for name, field in fields.items()}  # type: ignore[union-attr]
    kept = content_of(programme)
    found |= {f"{plan.level.label}公示安排": asdict(plan) for plan in kept.plans}
    return {**found, "所需材料": [asdict(paper) for paper in kept.papers]}


def content_of(programme: Programme) -> Content:
    """What is typed about a programme, to begin its change or a new version with."""
    plans = [
        Plan(
            Level(plan.level),
            plan.days,
            plan.unit,
            plan.channels,
            plan.citation,
            plan.first_day_counts,
            plan.rolls,
        )
        for plan in programme.posting_plans.order_by("pk")
    ]
    papers = [Paper(paper.name, paper.compulsory) for paper in programme.required_papers.order_by("pk")]
    return Content({name: getattr(programme, name) for name in COLUMNS}, plans, papers)


def _told(value: Any) -> Any:
    return f"{value}" if isinstance(value, date) else value


def _permit(region: Region, *, by: User, now: datetime) -> None:
    actor = appointments.actor(by, on=timezone.localdate(now))
    permissions.may_keep_programmes(actor, region).enforce()


def _locked(programme: Programme, *, seen: int, by: User, now: datetime) -> Programme:
    """The row, locked against entries and other changes, if it is still as the form showed it."""
    row = Programme.objects.select_for_update(of=("self",)).select_related("region").get(pk=programme.pk)
    _permit(row.region, by=by, now=now)
    later = row.changes.select_related("by").order_by("pk")[seen:]
    if later:
        told = [Change(change.at.isoformat(), change.by.name, change.get_act_display()) for change in later]
        raise Conflict("这个项目在您打开页面之后已被修改，请重新打开后再办理。", told)
    return row


def _refuse_another_kind(programme: Programme, content: Content) -> None:
    """What a case of one version counts as, it counts as in all: duplicates and caps are asked across versions."""
    for name in SAME_IN_ALL_VERSIONS:
        if content.columns.get(name, getattr(programme, name)) != getattr(programme, name):
            label = Programme._meta.get_field(name).verbose_name  # type: ignore[union-attr]
            raise BadProgramme({name: [f"各版本的“{label}”必须相同；要改变它，请新建项目。"]})


def _write(programme: Programme, content: Content) -> None:
    """Check everything, then write the programme with its plans and papers."""
    faults: dict[str, list[str]] = {}
    for name, value in content.columns.items():
        if name not in COLUMNS:
            faults[name] = [f"项目没有“{name}”这一项。"]
        else:
            setattr(programme, name, value)
    _gather(faults, programme, exclude={"region"})
    if sorted(plan.level for plan in content.plans) != sorted(Level):
        faults["plans"] = ["村级、乡级、区级都必须设定一项公示安排。"]
    plans = [PostingPlan(programme=programme, **asdict(plan)) for plan in content.plans]
    for plan in plans:
        _gather(faults, plan, exclude={"programme"}, prefix=f"plan_{plan.level}_")
    papers = [RequiredPaper(programme=programme, **asdict(paper)) for paper in content.papers]
    for paper in papers:
        _gather(faults, paper, exclude={"programme"}, prefix="paper_")
    if len({paper.name for paper in papers}) < len(papers):
        faults["papers"] = ["所需材料里有重复的名称。"]
    if faults:
        raise BadProgramme(faults)
    programme.save()
    PostingPlan.objects.bulk_create(plans)
    RequiredPaper.objects.bulk_create(papers)


def _gather(
    faults: dict[str, list[str]],
    row: Programme | PostingPlan | RequiredPaper,
    *,
    exclude: Iterable[str],
    prefix: str = "",
) -> None:
    try:
        row.full_clean(exclude=set(exclude), validate_unique=False, validate_constraints=False)
    except ValidationError as found:
        for name, sentences in found.message_dict.items():
            faults.setdefault(f"{prefix}{name}", []).extend(sentences)
    if isinstance(row, Programme) and row.opens_on and row.closes_on:
        first, last = (parse_date(f"{day}") for day in (row.opens_on, row.closes_on))
        if first and last and last < first:
            faults.setdefault("closes_on", []).append("申报截止不能早于申报开始。")


def _finish(
    programme: Programme,
    act: ProgrammeAct,
    text: str,
    was: Mapping[str, Any],
    *,
    by: User,
    now: datetime,
    key: str | None,
) -> Programme:
    """The line of who did what, with what was different before; the same data again is refused."""
    now_is = facts(Programme.objects.get(pk=programme.pk))
    changed = [name for name in {**was, **now_is} if was.get(name) != now_is.get(name)]
    if not changed:
        raise NothingChanged("内容没有改动，没有保存。")
    if was:
        text += f"改动：{'、'.join(changed)}。"
    ProgrammeChange.objects.create(
        programme=programme,
        at=now,
        by=by,
        act=act,
        text=text,
        before={name: was[name] for name in changed if name in was},
        after={name: now_is[name] for name in changed if name in now_is},
    )
    receipts.keep(key, [Result(programme.pk, f"{programme}", True)])
    return programme
