"""Programmes: what is refused and by which name, and what a new version leaves alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from applications.models import (
    Programme,
    ProgrammeChange,
    ProgrammePinned,
)
from applications.states import Level, State
from registry.models import User
from registry.refusal import Refused
from tests import stages
from tests.workflow.written import programme_rows as rows
from tests.world import World
from workflow import intake, programmes
from workflow.models import Receipt
from workflow.permissions import NotAllowed
from workflow.programmes import BadProgramme, Content, NothingChanged, Paper
from workflow.results import Conflict, Ref

HEAD = {"kind": "unit_price", "clause": "示例文件〔示例〕第一条"}
PRICE = {**HEAD, "unit_price": "320.00", "min_quantity": "1", "max_quantity": "50", "cap": "5000.00"}


def content(world: World, **columns: Any) -> Content:
    """What the grain programme says, with some columns changed."""
    kept = programmes.content_of(Programme.objects.get(pk=world.grain.pk))
    return replace(kept, columns={**kept.columns, **columns})


def create(
    world: World, what: Content, *, by: User | None = None, code: str = "新项目", **told: Any
) -> Programme:
    return programmes.create(
        what, region=world.county, code=code, year=2021, by=by or world.administrator, now=world.now, **told
    )


def edit(world: World, what: Content, **told: Any) -> Programme:
    told = {"by": world.administrator, "now": world.now, "seen": 0, **told}
    return programmes.edit(world.grain, what, **told)


def revise(world: World, what: Content, **told: Any) -> Programme:
    told = {"by": world.administrator, "now": world.now, "seen": 0, **told}
    return programmes.revise(told.pop("of", world.grain), what, **told)


VERBS: dict[str, Callable[..., Programme]] = {"create": create, "edit": edit, "revise": revise}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("columns", "field", "sentence"),
    [
        ({"rule": {**PRICE, "bonus": "1"}}, "rule", "不认识的字段“bonus”"),
        ({"rule": {**PRICE, "unit_price": "-1"}}, "rule", "“单价”必须大于0"),
        ({"rule": {**PRICE, "cap": "319.99"}}, "rule", "“封顶”小于起补数量的补助额"),
        ({"rule": {**PRICE, "max_quantity": "0.5"}}, "rule", "“最多数量”小于“起补数量”"),
        ({"rule": {**PRICE, "clause": ""}}, "rule", "缺少“依据条款”"),
        ({"rule": {"kind": "lottery"}}, "rule", "“计算方式”不认识"),
        ({"rule": {}}, "rule", ""),
        ({"target_categories": ["rich"]}, "target_categories", "不认识的类别"),
        ({"name": ""}, "name", ""),
        ({"legal_basis": ""}, "legal_basis", ""),
        ({"village_review_days": 0}, "village_review_days", ""),
        ({"closes_on": date(2020, 12, 31)}, "closes_on", "不能早于申报开始"),
        ({"region_id": 1}, "region_id", "没有“region_id”这一项"),
        ({"version": 9}, "version", "没有“version”这一项"),
    ],
)
def test_bad_data_is_refused_by_every_verb_with_the_field_named(
    world: World, verb: str, columns: dict[str, Any], field: str, sentence: str
) -> None:
    before = rows()
    with pytest.raises(BadProgramme) as caught:
        VERBS[verb](world, content(world, **columns))
    assert list(caught.value.faults) == [field]
    assert sentence in caught.value.sentence
    assert rows() == before


@pytest.mark.parametrize("verb", VERBS)
def test_bad_plans_and_papers_are_refused_with_the_field_named(world: World, verb: str) -> None:
    good = content(world, standard="每亩310元")
    short = replace(good.plans[0], days=2)
    for what, field in (
        (replace(good, plans=good.plans[:2]), "plans"),
        (replace(good, plans=[*good.plans, good.plans[0]]), "plans"),
        (replace(good, plans=[short, *good.plans[1:]]), f"plan_{short.level}_days"),
        (
            replace(good, plans=[replace(good.plans[0], citation=""), *good.plans[1:]]),
            "plan_village_citation",
        ),
        (replace(good, papers=[Paper("合同"), Paper("合同", False)]), "papers"),
        (replace(good, papers=[Paper("")]), "paper_name"),
    ):
        before = rows()
        with pytest.raises(BadProgramme) as caught:
            VERBS[verb](world, what)
        assert list(caught.value.faults) == [field]
        assert rows() == before


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver", "supervisor", "stranger"])
def test_only_the_administrator_of_the_region_keeps_programmes(world: World, verb: str, who: str) -> None:
    before = rows()
    with pytest.raises(NotAllowed, match="系统管理员"):
        VERBS[verb](world, content(world, standard="每亩310元"), by=getattr(world, who))
    assert rows() == before


def test_a_new_programme_begins_with_version_one_and_a_line(world: World) -> None:
    made = create(world, replace(content(world), papers=[Paper("合同"), Paper("照片", False)]))
    kept = Programme.objects.get(pk=made.pk)
    assert (kept.code, kept.year, kept.version, kept.region) == ("新项目", 2021, 1, world.county)
    assert [(plan.level, plan.days) for plan in kept.posting_plans.order_by("pk")] == [
        (level.value, 10) for level in Level
    ]
    papers = kept.required_papers.values_list("name", "compulsory")
    assert list(papers) == [("合同", True), ("照片", False)]
    line = kept.changes.get()
    assert (line.act, line.by, line.at, line.before) == ("create", world.administrator, world.now, {})
    assert line.after["项目名称"] == "示例种植补助"
    before = rows()
    with pytest.raises(BadProgramme) as caught:
        create(world, content(world))
    assert list(caught.value.faults) == ["code"]
    assert rows() == before


def test_an_edit_says_what_was_different_before(world: World) -> None:
    edit(world, replace(content(world, standard="每亩320元", rule=PRICE), papers=[Paper("合同")]))
    kept = Programme.objects.get(pk=world.grain.pk)
    assert (kept.version, kept.standard, kept.rule) == (1, "每亩320元", PRICE)
    line = kept.changes.get()
    assert (line.act, line.by, line.text) == (
        "edit",
        world.administrator,
        "改动：补贴标准、补助规则、所需材料。",
    )
    assert line.before["补贴标准"] == "每亩300元，每户每年封顶5000元"
    assert line.after == {
        "补贴标准": "每亩320元",
        "补助规则": PRICE,
        "所需材料": [{"name": "合同", "compulsory": True}],
    }
    assert kept.posting_plans.count() == 3


@pytest.mark.parametrize("verb", ["edit", "revise"])
def test_the_same_data_again_is_refused(world: World, verb: str) -> None:
    before = rows()
    with pytest.raises(NothingChanged):
        VERBS[verb](world, content(world))
    assert rows() == before


@pytest.mark.parametrize("verb", ["edit", "revise"])
def test_a_form_that_showed_an_older_state_is_a_conflict_that_names_who(world: World, verb: str) -> None:
    edit(world, content(world, standard="每亩310元"))
    before = rows()
    with pytest.raises(Conflict) as caught:
        VERBS[verb](world, content(world, standard="每亩305元"))
    assert [(change.by, change.text) for change in caught.value.changes] == [("周管理", "修改")]
    assert rows() == before


def test_the_same_key_twice_is_one_act(world: World) -> None:
    what = content(world, standard="每亩310元")
    for verb in (edit, revise):
        seen = ProgrammeChange.objects.count()
        first = verb(
            world,
            replace(what, columns={**what.columns, "remark": verb.__name__}),
            seen=seen,
            key=verb.__name__,
        )
        after = rows()
        again = verb(
            world,
            replace(what, columns={**what.columns, "remark": verb.__name__}),
            seen=seen,
            key=verb.__name__,
        )
        assert (again.pk, rows()) == (first.pk, after)
    assert Receipt.objects.filter(act__startswith="programme_").count() == 2
    made = create(world, content(world), key="一")
    assert create(world, content(world), key="一").pk == made.pk


@pytest.mark.parametrize("state", [State.DRAFT, State.VILLAGE_REVIEW, State.ANNOUNCED])
def test_a_version_with_applications_is_not_edited_whatever_became_of_them(
    world: World, state: State
) -> None:
    stages.reach(world, state)
    before = rows()
    with pytest.raises(ProgrammePinned, match="只能另立新版本"):
        edit(world, content(world, standard="每亩310元"))
    assert rows() == before


def test_an_old_version_is_no_beginning_for_another(world: World) -> None:
    revise(world, content(world, standard="每亩310元"))
    before = rows()
    with pytest.raises(Refused, match="请从第2版另立新版本"):
        revise(world, content(world, standard="每亩330元"))
    assert rows() == before


@pytest.mark.parametrize("columns", [{"kind": "transport"}, {"beneficiary": "person"}])
def test_kind_and_beneficiary_are_the_same_in_all_versions(world: World, columns: dict[str, str]) -> None:
    second = revise(world, content(world, standard="每亩310元"))
    for verb, told in ((programmes.revise, second), (programmes.edit, second)):
        before = rows()
        with pytest.raises(BadProgramme) as caught:
            verb(told, content(world, **columns), seen=1, by=world.administrator, now=world.now)
        assert list(caught.value.faults) == list(columns)
        assert rows() == before


def test_a_new_version_takes_the_new_cases_and_running_ones_keep_theirs(world: World) -> None:
    running, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    waiting = stages.draft(world)
    before = rows()["Application"]
    second = revise(world, content(world, standard="每亩320元", rule=PRICE), now=moment)
    assert rows()["Application"] == before
    assert (second.version, second.changes.get().text) == (2, "由第1版而来。改动：补贴标准、补助规则。")

    with pytest.raises(Refused, match="已有第2版，第1版不再受理新的申请"):
        stages.draft(world, now=moment)
    (result,) = intake.submit([Ref.of(stages.again(waiting))], by=world.clerk, now=moment)
    assert (result.done, "第1版不再受理新的申请" in result.sentence) == (False, True)
    assert rows()["Application"] == before

    # Returned, corrected and reported again under its own version, and on from there.
    stages.returned(world, running, by=world.reviewer, now=moment)
    intake.amend(Ref.of(stages.again(running)), by=world.clerk, now=moment, quantity=Decimal(2))
    stages.do(intake.resubmit([Ref.of(stages.again(running))], by=world.clerk, now=moment))
    kept = stages.again(running)
    assert (kept.programme, kept.amount) == (world.grain, Decimal("600.00"))
    assert kept.state == State.TOWNSHIP_REVIEW
    fresh = stages.draft(world, programme=second, now=moment)
    assert fresh.amount == Decimal("960.00")


def test_an_entry_reads_the_programme_as_it_stands_not_as_the_page_had_it(world: World) -> None:
    stale = Programme.objects.get(pk=world.grain.pk)
    edit(world, content(world, rule=PRICE))
    assert stages.draft(world, programme=stale).amount == Decimal("960.00")


def test_the_cap_of_a_household_runs_through_all_versions(world: World) -> None:
    household = world.household()
    stages.draft(world, household=household, quantity=Decimal(15))
    second = revise(world, content(world, rule=PRICE))
    case = stages.draft(world, household=household, programme=second)
    assert case.amount == Decimal("500.00")


def test_replayed_amounts_agree_after_a_new_version(world: World) -> None:
    stages.reach(world, State.ANNOUNCED)
    stages.reach(world, State.VILLAGE_REVIEW, quantity=Decimal("4.5"))
    second = revise(world, content(world, rule=PRICE))
    stages.reach(world, State.VILLAGE_REVIEW, programme=second, quantity=Decimal("4.5"))
    out = StringIO()
    call_command("replay_amounts", stdout=out)
    assert out.getvalue().strip() == "已按各自的项目版本复算3件申请，金额全部一致。"
