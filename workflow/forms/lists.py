"""The filters above the lists. Whatever is wrong in one is left out; choices are those of the person's regions."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, ClassVar

from django import forms

from applications.models import Programme
from applications.states import Level
from registry.models import Category, MonitorType, Region, RegionLevel
from workflow.forms.applications import DUE_CHOICES, STATE_CHOICES, DayInput
from workflow.models import Act, Channel, PostingKind

ALL = ("", "全部")
CASE_STATES = [ALL, ("open", "在办（全部环节）"), ("ended", "已办结（全部结果）"), *STATE_CHOICES[1:]]
SEARCH = "姓名、拼音、首字母或编号"


class ListFilter(forms.Form):
    """What all lists share: a search, programme, place, and the order of the rows."""

    q = forms.CharField(
        label=SEARCH, required=False, max_length=50, widget=forms.TextInput(attrs={"type": "search"})
    )
    programme = forms.TypedChoiceField(label="项目", required=False)
    village = forms.TypedChoiceField(label="村（社区）", required=False)
    since = forms.DateField(label="从", required=False, widget=DayInput)
    until = forms.DateField(label="到", required=False, widget=DayInput)
    sort = forms.ChoiceField(label="排序", required=False)
    labels: ClassVar[dict[str, str]] = {}
    """How a list calls its fields where it differs."""

    def __init__(
        self,
        *args: Any,
        programmes: Iterable[Programme] = (),
        places: Iterable[Region] = (),
        orders: Iterable[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        self._choose("programme", list(programmes), _programme_choices)
        self._choose("village", list(places), _place_choices)
        fields["sort"].choices = [("", "默认"), *orders]
        for name, label in self.labels.items():
            if name in fields:
                fields[name].label = label

    def _choose(self, name: str, rows: list[Any], choices: Any) -> None:
        """A choice among rows that were read once: neither the page nor the check asks again."""
        field: Any = self.fields.get(name)
        if field is None:
            return
        by_key = {f"{row.pk}": row for row in rows}
        if name == "village" and len(rows) < 2:
            del self.fields[name]
            return
        field.choices = [ALL, *choices(rows)]
        field.coerce = by_key.__getitem__
        field.empty_value = None

    @property
    def wanted(self) -> dict[str, Any]:
        """What is asked for, without what is empty or cannot be understood; the order is not part of it."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value and name != "sort"}

    @property
    def search(self) -> Any:
        return self["q"]

    @property
    def others(self) -> list[Any]:
        """The fields behind the search: on a telephone they are folded away."""
        return [field for field in self.visible_fields() if field.name != "q"]


def _programme_choices(rows: list[Programme]) -> list[tuple[str, list[tuple[str, str]]]]:
    """By year, the newest first; a later version says which it is."""
    rows = sorted(rows, key=lambda row: (-row.year, row.code, -row.version))
    return [
        (
            f"{year}年",
            [
                (f"{row.pk}", f"{row.name}（第{row.version}版）" if row.version > 1 else row.name)
                for row in of
            ],
        )
        for year, of in groupby(rows, key=lambda row: row.year)
    ]


def _place_choices(rows: list[Region]) -> list[Any]:
    """Villages; above one township, under its name and with the township as a whole."""
    villages = [row for row in rows if row.level == RegionLevel.VILLAGE]
    townships = {row.pk: row for row in rows if row.level == RegionLevel.TOWNSHIP}
    if len(townships) < 2:
        return [(f"{row.pk}", row.name) for row in villages]
    return [
        (
            town.name,
            [
                (f"{town.pk}", f"{town.name}（全部）"),
                *((f"{row.pk}", row.name) for row in villages if row.parent_id == town.pk),
            ],
        )
        for town in townships.values()
    ]


class CaseFilter(ListFilter):
    """The filter of the list of cases."""

    state = forms.ChoiceField(label="环节", required=False, choices=CASE_STATES)
    due = forms.ChoiceField(label="期限", required=False, choices=DUE_CHOICES)
    mine = forms.ChoiceField(
        label="范围", required=False, choices=[ALL, ("1", "待我办理"), ("taken", "我接手的")]
    )
    doubts = forms.ChoiceField(
        label="疑点", required=False, choices=[ALL, ("none", "无疑点"), ("some", "有疑点")]
    )
    field_order = ["q", "state", "programme", "village", "due", "mine", "doubts", "since", "until", "sort"]
    labels = {"since": "申请日期从"}


class QueueFilter(CaseFilter):
    """The filter of a reviewer's queue: that of the list, its programmes and villages those of the queue itself."""

    state = None  # type: ignore[assignment]
    programme = forms.IntegerField(  # type: ignore[assignment]
        label="项目", required=False, min_value=1, max_value=2**31, widget=forms.Select
    )
    village = forms.IntegerField(  # type: ignore[assignment]
        label="村（社区）", required=False, min_value=1, max_value=2**31, widget=forms.Select
    )

    def _choose(self, name: str, rows: list[Any], choices: Any) -> None:
        """The queue is read once, with the filter in it; what there is to choose from is known only after."""

    def offer(self, *, programmes: Iterable[tuple[int, str]], villages: Iterable[tuple[int, str]]) -> None:
        """Give the choices that the queue holds."""
        fields: dict[str, Any] = self.fields
        for name, found in (("programme", programmes), ("village", villages)):
            fields[name].widget.choices = [ALL, *dict(found).items()]


class DecisionFilter(ListFilter):
    """The filter of what a person has decided."""

    act = forms.ChoiceField(label="办理事项", required=False, choices=[ALL, *Act.choices])
    state = forms.ChoiceField(label="现在的环节", required=False, choices=CASE_STATES)
    field_order = ["q", "act", "state", "programme", "village", "since", "until", "sort"]
    labels = {"since": "办理日期从"}


class PostingFilter(ListFilter):
    """The filter of the sheets; how far a sheet is, the tabs say."""

    kind = forms.ChoiceField(label="种类", required=False, choices=[ALL, *PostingKind.choices])
    due = forms.ChoiceField(
        label="期满", required=False, choices=[ALL, ("near", "3天内期满"), ("over", "已到期未关闭")]
    )
    field_order = ["q", "kind", "programme", "village", "due", "since", "until", "sort"]
    labels = {
        "q": "名单中的姓名、拼音、户编号，或标题、编号",
        "village": "公示单位",
        "since": "张贴日期从",
    }


class ObjectionFilter(ListFilter):
    """The filter of the objections; whether they are open, the tabs say."""

    due = forms.ChoiceField(label="期限", required=False, choices=DUE_CHOICES)
    level = forms.ChoiceField(label="处理层级", required=False, choices=[ALL, *Level.choices])
    channel = forms.ChoiceField(label="渠道", required=False, choices=[ALL, *Channel.choices])
    kind = forms.ChoiceField(
        label="类别",
        required=False,
        choices=[ALL, ("appeal", "复核"), ("call", "待电话核实"), ("tell", "待告知异议人")],
    )
    field_order = ["q", "due", "level", "channel", "kind", "programme", "village", "since", "until", "sort"]
    labels = {"q": "涉及的户主姓名、拼音，或编号", "since": "收到日期从"}


class HouseholdFilter(ListFilter):
    """The filter of the households."""

    category = forms.ChoiceField(label="户类别", required=False, choices=[ALL, *Category.choices])
    monitor = forms.ChoiceField(
        label="监测", required=False, choices=[ALL, ("any", "所有监测对象"), *MonitorType.choices]
    )
    programme = since = until = None  # type: ignore[assignment]
    field_order = ["q", "village", "category", "monitor", "sort"]
    labels = {"q": "家庭成员姓名、拼音，或户编号"}
