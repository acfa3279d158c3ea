"""What the administrator types about a programme: its columns, the fields of its rule, its plans and papers."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms.models import fields_for_model

from applications import amounts
from applications.models import PostingPlan, Programme
from applications.states import Level
from registry.models import Category, Region
from workflow.forms.applications import DayInput
from workflow.forms.base import VerbForm
from workflow.programmes import COLUMNS, SAME_IN_ALL_VERSIONS, Content, Paper, Plan

RULE_KINDS = {"unit_price": "按数量和单价", "fixed": "定额", "tiers": "分档定额", "monthly": "按月"}
PLAN_COLUMNS = ("days", "unit", "first_day_counts", "rolls", "channels", "citation")
LONG = ("legal_basis", "targets", "standard", "procedure", "remark", "terms_citation", "citation")


def _number(label: str, *, required: bool = True, help_text: str = "") -> forms.DecimalField:
    """A number whose bounds the rule itself asks for, so that there is one place that knows them."""
    field = forms.DecimalField(label=label, required=required, help_text=help_text)
    field.error_messages["invalid"] = "请填写数字。"
    return field


def rule_fields(kind: str) -> dict[str, forms.Field]:
    """The fields of one kind of rule, named as the rule names them."""
    of_kind: dict[str, dict[str, forms.Field]] = {
        "fixed": {"amount": _number("定额（元）")},
        "tiers": {
            "tiers": forms.CharField(
                label="档次",
                widget=forms.Textarea(attrs={"rows": 4}),
                help_text="每行一档：名称、空格、金额（元），例如“省外 500”。",
            )
        },
        "monthly": {
            "monthly": _number("每月金额（元）"),
            "max_months": _number("最多月数", required=False, help_text="一年最多补助几个月，留空为12。"),
        },
        "unit_price": {
            "unit_price": _number("单价（元）"),
            "min_quantity": _number("起补数量", required=False, help_text="留空为1。"),
            "max_quantity": _number("最多数量"),
            "min_per_head": _number("人均起补数量", required=False, help_text="没有人均要求的留空。"),
            "cap": _number("封顶（元）", required=False, help_text="每户每年最多补助多少元，不封顶的留空。"),
            "cap_group": forms.CharField(
                label="封顶合并组",
                required=False,
                max_length=40,
                help_text="几个项目合在一起封顶的，填同一个组名。",
            ),
        },
    }
    clause = forms.CharField(label="依据条款", max_length=500, help_text="金额依据的文件和条款。")
    return {f"rule_{name}": field for name, field in {**of_kind[kind], "clause": clause}.items()}


class ProgrammeForm(VerbForm):
    """A programme as a form. The rule has real fields, and its faults are shown at them by name."""

    papers_compulsory = forms.CharField(
        label="必须提供的材料",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="每行一种。",
    )
    papers_optional = forms.CharField(
        label="可以不提供的材料",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="每行一种。",
    )

    def __init__(
        self,
        *args: Any,
        rule_kind: str,
        regions: QuerySet[Region] | None = None,
        fixed_kind: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rule_kind = rule_kind
        left_out = {"rule", "target_categories", *(SAME_IN_ALL_VERSIONS if fixed_kind else ())}
        identity: dict[str, forms.Field] = {}
        if regions is not None:
            identity["region"] = forms.ModelChoiceField(label="实施区域", queryset=regions, empty_label=None)
            identity |= fields_for_model(Programme, fields=["code", "year"])
            identity["year"].widget.attrs["min"] = 2000
        columns = fields_for_model(
            Programme,
            fields=[name for name in COLUMNS if name not in left_out],
            widgets={
                **{name: forms.Textarea(attrs={"rows": 2}) for name in LONG if name in COLUMNS},
                "opens_on": DayInput(),
                "closes_on": DayInput(),
            },
        )
        for name in {"kind", "beneficiary"} & set(columns):
            choice: Any = columns[name]
            choice.choices = [("", "请选择"), *[one for one in choice.choices if one[0]]]
        columns["target_categories"] = forms.MultipleChoiceField(
            label="对象类别", choices=Category.choices, widget=forms.CheckboxSelectMultiple
        )
        rule = rule_fields(rule_kind)
        plans = {
            f"plan_{level}_{name}": field for level in Level for name, field in _plan_fields(level).items()
        }
        papers = {name: self.fields[name] for name in ("papers_compulsory", "papers_optional")}
        hidden = {name: self.fields[name] for name in ("revision", "key")}
        self.fields = {**hidden, **identity, **columns, **rule, **plans, **papers}
        self.groups = [
            ("项目公开内容", [*identity, *(name for name in columns if not name.endswith("_days"))]),
            (f"补助规则：{RULE_KINDS[rule_kind]}", list(rule)),
            ("公示安排", list(plans)),
            ("所需材料", list(papers)),
            ("办理期限", [name for name in columns if name.endswith("_days")]),
        ]
        first, last = self.groups[0][1], self.groups[-1][1]
        first.remove("terms_citation")
        last.append("terms_citation")

    @property
    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields as the page shows them, under headings."""
        return [(title, [self[name] for name in names]) for title, names in self.groups]

    def clean_rule_tiers(self) -> dict[str, str]:
        """Lines of a name and an amount; whether the amount will do, the rule says."""
        found: dict[str, str] = {}
        for number, line in enumerate(_lines(self.cleaned_data["rule_tiers"]), 1):
            match = re.fullmatch(r"(.+?)[\s:：]+(-?[0-9.]+)\s*元?", line)
            if match is None:
                raise forms.ValidationError(f"第{number}行应写成“名称 金额”，例如“省外 500”。")
            if match[1] in found:
                raise forms.ValidationError(f"档次“{match[1]}”写了两次。")
            found[match[1]] = match[2]
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        unknown = sorted(name for name in self.data if name.startswith("rule_") and name not in self.fields)
        if unknown:
            name = unknown[0].removeprefix("rule_")
            raise forms.ValidationError(f"“{RULE_KINDS[self.rule_kind]}”的补助规则里没有“{name}”这一项。")
        if not any(name.startswith("rule_") for name in self.errors):
            try:
                amounts.parse(self._rule(data))
            except amounts.BadRule as fault:
                name = f"rule_{fault.field}"
                # The field of a tier is its name: it stands in the one box of all tiers.
                self.add_error(name if name in self.fields else "rule_tiers", fault.sentence)
        opens, closes = data.get("opens_on"), data.get("closes_on")
        if opens and closes and closes < opens:
            self.add_error("closes_on", "申报截止不能早于申报开始。")
        return data

    def _rule(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The rule as the programme keeps it: numbers as text, what was left empty left out."""
        found: dict[str, Any] = {"kind": self.rule_kind}
        for name in self.fields:
            value = data.get(name)
            if name.startswith("rule_") and value not in (None, ""):
                found[name.removeprefix("rule_")] = f"{value:f}" if isinstance(value, Decimal) else value
        return found

    @property
    def content(self) -> Content:
        """What was typed, as the verbs take it."""
        data = self.cleaned_data
        columns = {name: data[name] for name in COLUMNS if name in data}
        plans = [
            Plan(level=level, **{name: data[f"plan_{level}_{name}"] for name in PLAN_COLUMNS})
            for level in Level
        ]
        papers = [Paper(name) for name in _lines(data["papers_compulsory"])]
        papers += [Paper(name, compulsory=False) for name in _lines(data["papers_optional"])]
        return Content({**columns, "rule": self._rule(data)}, plans, papers)

    def add_faults(self, faults: Mapping[str, Any]) -> None:
        """Show what a verb found at the fields, or above the form where no field has the name."""
        for name, sentences in faults.items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, sentence)


def initial(content: Content) -> dict[str, Any]:
    """What a form of an existing programme begins with."""
    found = {name: value for name, value in content.columns.items() if name != "rule"}
    rule = dict(content.columns["rule"])
    parsed = amounts.parse(rule)
    if isinstance(parsed, amounts.TierRule):
        rule["tiers"] = "\n".join(f"{name} {rule['tiers'][name]}" for name in parsed.tiers)
    found |= {f"rule_{name}": value for name, value in rule.items()}
    for plan in content.plans:
        found |= {f"plan_{plan.level}_{name}": getattr(plan, name) for name in PLAN_COLUMNS}
    for name, compulsory in (("papers_compulsory", True), ("papers_optional", False)):
        found[name] = "\n".join(paper.name for paper in content.papers if paper.compulsory is compulsory)
    return found


def _plan_fields(level: Level) -> dict[str, forms.Field]:
    fields = fields_for_model(
        PostingPlan, fields=list(PLAN_COLUMNS), widgets={"citation": forms.Textarea(attrs={"rows": 2})}
    )
    for field in fields.values():
        field.label = f"{level.label}公示{f'{field.label}'.removeprefix('公示')}"
    return fields


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
