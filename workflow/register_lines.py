"""Lines of the record of the register (户籍更正记录): what changed, in words and masked, and how a page shows it.

A line stays for ever, and personal data can be removed: so no line holds a full number, a name or an address.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry import masking
from registry.models import Household, Member, RegisterAct, RegisterChange
from workflow.household_sheet import OF_HOUSEHOLD, OF_MEMBER
from workflow.results import Change

OF_PERSON = {"姓名": "name", **OF_MEMBER}
HOUSEHOLD_LABELS = {attribute: label for label, attribute in OF_HOUSEHOLD.items()}
PERSON_LABELS = {attribute: label for label, attribute in OF_PERSON.items()}
MASKS: dict[str, Callable[[str], str]] = {
    "id_number": masking.mask_id_number,
    "phone": masking.mask_phone,
    "card_number": masking.mask_card,
    "name": masking.mask_name,
    "card_holder": masking.mask_name,
}
UNTOLD = ("address", "bank")
"""Only that they changed is kept: the line stays for ever, and these go when personal data are removed."""


@dataclass(frozen=True)
class Told:
    """One changed field as the page shows it; without values where only the change itself is kept."""

    label: str
    before: str = ""
    after: str = ""
    valued: bool = True


@dataclass(frozen=True)
class Line:
    """One line of the record as the page shows it."""

    at: datetime
    by: str
    act: str
    who: str
    reason: str
    told: tuple[Told, ...]


def lines(household: Household, *, removed: bool) -> list[Line]:
    """What was corrected in a household's registration, the latest first. Prefetch `members`.

    Where personal data were removed, no line shows values.
    """
    names = {person.pk: person.name for person in household.members.all()}
    rows = RegisterChange.objects.filter(household=household).select_related("by")
    return [
        Line(
            row.at,
            f"{row.by}",
            row.get_act_display(),
            names.get(row.member_id, "") if row.member_id else "",
            row.reason,
            tuple(_shown(one, row.act, names, bare=removed) for one in row.data["changed"]),
        )
        for row in rows
    ]


def since(household: Household, seen: str) -> list[Change]:
    """What was corrected since somebody saw the register as it then was (`register.mark`)."""
    last = seen.partition("-")[0]
    rows = RegisterChange.objects.filter(household=household, pk__gt=int(last) if last.isdecimal() else 0)
    return [
        Change(row.at.isoformat(), f"{row.by}", f"{row.get_act_display()}：{row.reason}")
        for row in rows.select_related("by").order_by("pk")
    ]


def told_of(row: Household | Member, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [pair(name, getattr(row, name), value) for name, value in values.items()]


def pair(name: str, before: Any, after: Any) -> dict[str, Any]:
    """A changed field for the record: in words, masked, or only that it changed."""
    if name in UNTOLD:
        return {"field": name}
    return {"field": name, "before": _said(name, before), "after": _said(name, after)}


def _said(name: str, value: Any) -> str:
    if name in MASKS:
        return MASKS[name](value or "")
    if isinstance(value, bool):
        return "是" if value else "否"
    model = Household if name in OF_HOUSEHOLD.values() else Member
    choices = dict(model._meta.get_field(name).flatchoices)  # type: ignore[union-attr]
    return f"{choices.get(value, value)}" if value else ""


def _shown(one: Mapping[str, Any], act: str, names: Mapping[int, str], *, bare: bool) -> Told:
    labels = HOUSEHOLD_LABELS if act == RegisterAct.CORRECT_HOUSEHOLD else PERSON_LABELS
    label = labels[one["field"]]
    if "member" in one:
        label = f"{names.get(one['member'], '')}{label}"
    return (
        Told(label, one["before"], one["after"])
        if "before" in one and not bare
        else Told(label, valued=False)
    )
