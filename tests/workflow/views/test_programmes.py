"""Pages of programmes: who sees and who keeps them, faults named at their fields, and nothing changed by a refusal."""

from typing import Any

import pytest
from django.test import Client

from applications.models import Programme, ProgrammeChange
from registry import appointments
from registry.models import RegionLevel, Role
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, submitted_in_sets, url
from tests.workflow.written import programme_rows as rows
from tests.world import World, programme, region, user
from workflow import programmes
from workflow.forms.programmes import initial

NEW = "/programmes/new/"
RULES: dict[str, dict[str, str]] = {
    "unit_price": {
        "unit_price": "300",
        "min_quantity": "2",
        "max_quantity": "50",
        "cap": "5000",
        "cap_group": "种养",
    },
    "fixed": {"amount": "500"},
    "tiers": {"tiers": "省外 500\n省内市外：400\n市内县外 300元"},
    "monthly": {"monthly": "150.50", "max_months": "10"},
}


def typed(page: Any, **changes: Any) -> dict[str, Any]:
    """What a browser sends back of a form as it was shown, with some fields changed."""
    form = page.context["form"]
    shown = {bound.html_name: bound.value() for bound in form}
    sent = {name: value for name, value in shown.items() if value is not False and value not in (None, "")}
    return {name: value for name, value in {**sent, **changes}.items() if value is not None}


def filled(world: World, client: Client, kind: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    """A new programme's form, complete, with a rule of this kind."""
    address = f"{NEW}?rule={kind}"
    kept = initial(programmes.content_of(world.grain))
    kept = {
        name: value
        for name, value in kept.items()
        if not name.startswith("rule_") and value is not False and value != ""
    }
    rule = {
        f"rule_{name}": value for name, value in {**RULES[kind], "clause": "示例文件〔示例〕第九条"}.items()
    }
    about = {"code": "XIN", "year": "2021", "region": world.county.pk}
    return address, typed(client.get(address), **{**kept, **rule, **about, **changes})


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (
            "unit_price",
            {
                "unit_price": "300",
                "min_quantity": "2",
                "max_quantity": "50",
                "cap": "5000",
                "cap_group": "种养",
            },
        ),
        ("fixed", {"amount": "500"}),
        ("tiers", {"tiers": {"省外": "500", "省内市外": "400", "市内县外": "300"}}),
        ("monthly", {"monthly": "150.50", "max_months": "10"}),
    ],
)
def test_a_programme_of_each_kind_of_rule_is_laid_down_and_shown(
    world: World, kind: str, rule: dict[str, Any]
) -> None:
    client = as_(world.administrator)
    address, data = filled(world, client, kind, papers_compulsory="合同\n 照片 \n", papers_optional="发票")
    response = client.post(address, data)
    made = Programme.objects.get(code="XIN")
    assert response["Location"] == made.get_absolute_url()
    assert made.rule == {"kind": kind, **rule, "clause": "示例文件〔示例〕第九条"}
    papers = made.required_papers.values_list("name", "compulsory")
    assert list(papers) == [("合同", True), ("照片", True), ("发票", False)]
    page = client.get(made.get_absolute_url()).content.decode()
    for text in (made.parsed_rule.short, "示例文件〔示例〕第九条", "周管理", "新建项目。"):
        assert text in page
    for step in ("edit", "revise"):
        again = client.get(url(f"programme-{step}", made.pk))
        assert again.context["form"].rule_kind == kind
        wanted = RULES[kind]["tiers"].replace("：", " ").replace("元", "") if kind == "tiers" else None
        assert wanted is None or again.context["form"]["rule_tiers"].value() == wanted


@pytest.mark.parametrize(
    ("kind", "changes", "field", "sentence"),
    [
        ("unit_price", {"rule_unit_price": "-1"}, "rule_unit_price", "“单价”必须大于0"),
        ("unit_price", {"rule_unit_price": "三百"}, "rule_unit_price", "请填写数字。"),
        ("unit_price", {"rule_unit_price": None}, "rule_unit_price", "这个字段是必填项"),
        ("unit_price", {"rule_unit_price": "0.335"}, "rule_unit_price", "最多两位小数"),
        ("unit_price", {"rule_cap": "599.99"}, "rule_cap", "“封顶”小于起补数量的补助额"),
        ("unit_price", {"rule_cap": "0"}, "rule_cap", "“封顶”必须大于0"),
        ("unit_price", {"rule_max_quantity": "1"}, "rule_max_quantity", "“最多数量”小于“起补数量”"),
        ("unit_price", {"rule_min_per_head": "-1"}, "rule_min_per_head", "“人均起补数量”必须大于0"),
        ("unit_price", {"rule_clause": None}, "rule_clause", "这个字段是必填项"),
        ("unit_price", {"rule_bonus": "1"}, "__all__", "没有“bonus”这一项"),
        ("fixed", {"rule_unit_price": "1"}, "__all__", "“定额”的补助规则里没有“unit_price”这一项"),
        ("fixed", {"rule_amount": "-500"}, "rule_amount", "“定额”必须大于0"),
        ("tiers", {"rule_tiers": "省外"}, "rule_tiers", "第1行应写成“名称 金额”"),
        ("tiers", {"rule_tiers": "省外 500\n省外 400"}, "rule_tiers", "档次“省外”写了两次"),
        ("tiers", {"rule_tiers": "省外 -5"}, "rule_tiers", "“省外”必须大于0"),
        ("tiers", {"rule_tiers": "省外 5.5.5"}, "rule_tiers", "“省外”不是数字"),
        ("monthly", {"rule_max_months": "13"}, "rule_max_months", "应为1到12的整数"),
        ("monthly", {"rule_monthly": "-1"}, "rule_monthly", "“每月金额”必须大于0"),
        ("fixed", {"name": None}, "name", "这个字段是必填项"),
        ("fixed", {"closes_on": "2020-12-31"}, "closes_on", "不能早于申报开始"),
        ("fixed", {"closes_on": "明天"}, "closes_on", ""),
        ("fixed", {"target_categories": ["rich"]}, "target_categories", ""),
        ("fixed", {"target_categories": None}, "target_categories", "这个字段是必填项"),
        ("fixed", {"plan_village_days": "2"}, "plan_village_days", ""),
        ("fixed", {"plan_district_citation": None}, "plan_district_citation", "这个字段是必填项"),
        ("fixed", {"papers_compulsory": "合同\n合同"}, "__all__", "所需材料里有重复的名称"),
        ("fixed", {"village_review_days": "0"}, "village_review_days", ""),
        ("fixed", {"region": "0"}, "region", ""),
        ("fixed", {"year": "去年"}, "year", ""),
    ],
)
def test_a_fault_is_named_at_its_field_and_nothing_is_lost(
    world: World, kind: str, changes: dict[str, Any], field: str, sentence: str
) -> None:
    client = as_(world.administrator)
    address, data = filled(world, client, kind, **changes)
    before = rows()
    response = client.post(address, data)
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert list(errors) == [field]
    assert sentence in errors[field][0]
    shown = response.content.decode()
    assert errors[field][0].replace("“", "") in shown.replace("“", "")
    assert data["legal_basis"] in shown
    assert rows() == before


def test_a_code_that_the_year_has_is_refused_at_its_field(world: World) -> None:
    client = as_(world.administrator)
    address, data = filled(world, client, "fixed", code=world.grain.code)
    before = rows()
    response = client.post(address, data)
    assert response.status_code == 422
    assert "请换一个代码" in response.context["form"].errors["code"][0]
    assert rows() == before


def test_an_edit_and_a_new_version_begin_with_what_the_programme_says(world: World) -> None:
    client = as_(world.administrator)
    edit = url("programme-edit", world.grain.pk)
    assert client.post(edit, typed(client.get(edit), rule_unit_price="310")).status_code == 302
    kept = Programme.objects.get(pk=world.grain.pk)
    assert kept.rule == {**world.grain.rule, "unit_price": "310"}
    revise = url("programme-revise", world.grain.pk)
    response = client.post(revise, typed(client.get(revise), rule_unit_price="320", standard="每亩320元"))
    second = Programme.objects.get(code=world.grain.code, version=2)
    assert response["Location"] == second.get_absolute_url()
    assert (second.rule["unit_price"], second.standard, second.kind) == ("320", "每亩320元", world.grain.kind)
    assert [plan.days for plan in second.posting_plans.all()] == [10, 10, 10]
    page = client.get(second.get_absolute_url()).content.decode()
    assert "由第1版而来。改动：补贴标准、补助规则。" in page
    listed = client.get("/programmes/?year=2021").content.decode()
    assert "已有第2版" in listed
    assert client.get(second.get_absolute_url()).context["may_revise"].allowed
    assert not client.get(kept.get_absolute_url()).context["may_revise"].allowed


def test_a_version_with_applications_is_shown_with_the_reason_and_not_edited(world: World) -> None:
    client, edit = as_(world.administrator), url("programme-edit", world.grain.pk)
    data = typed(client.get(edit), standard="别的")
    stages.draft(world)
    before = rows()
    page = client.get(world.grain.get_absolute_url()).content.decode()
    assert "只能另立新版本" in page
    assert edit not in page
    assert url("programme-revise", world.grain.pk) in page
    assert client.get(edit)["Location"] == world.grain.get_absolute_url()
    refused = client.post(edit, data)
    assert refused.status_code == 422
    assert "只能另立新版本" in refused.content.decode()
    assert "别的" in refused.content.decode()
    assert rows() == before


def test_a_form_behind_another_change_is_answered_with_who_changed_it(world: World) -> None:
    client, edit = as_(world.administrator), url("programme-edit", world.grain.pk)
    first, second = typed(client.get(edit), standard="甲"), typed(client.get(edit), standard="乙")
    assert client.post(edit, first).status_code == 302
    before = rows()
    response = client.post(edit, second)
    assert response.status_code == 409
    assert "周管理" in response.content.decode()
    assert rows() == before


def test_the_same_form_twice_is_one_change(world: World) -> None:
    client, edit = as_(world.administrator), url("programme-edit", world.grain.pk)
    data = typed(client.get(edit), standard="甲")
    assert [client.post(edit, data).status_code for _ in range(2)] == [302, 302]
    assert ProgrammeChange.objects.count() == 1


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver", "supervisor"])
def test_others_read_programmes_and_are_told_why_they_change_none(world: World, who: str) -> None:
    client = as_(getattr(world, who))
    assert client.get("/programmes/").status_code == 200
    page = client.get(world.grain.get_absolute_url())
    assert page.status_code == 200
    assert "另立新版本</a>" not in page.content.decode()
    before = rows()
    for address in (NEW, url("programme-edit", world.grain.pk), url("programme-revise", world.grain.pk)):
        for response in (client.get(address), client.post(address, {"name": "别的"})):
            assert response.status_code == 403
            assert "系统管理员维护" in response.content.decode()
    assert rows() == before


def test_programmes_of_another_region_are_not_seen(world: World) -> None:
    county = region("990102000000", "邻区", RegionLevel.COUNTY)
    theirs = programme(county)
    boss = user("吴管理")
    appointments.appoint(boss, role=Role.ADMINISTRATOR, region=county, starts_on=world.now.date(), by=None)
    for person, own, foreign in ((world.administrator, world.grain, theirs), (boss, theirs, world.grain)):
        client = as_(person)
        assert client.get(own.get_absolute_url()).status_code == 200
        for name in ("programme-detail", "programme-edit", "programme-revise"):
            assert client.get(url(name, foreign.pk)).status_code == 404
        seen = {one.region for one in client.get("/programmes/").context["page_obj"]}
        assert seen == {own.region}
        regions = client.get(NEW).context["form"].fields["region"].queryset
        assert own.region in regions
        assert foreign.region not in regions


def test_the_list_goes_by_year_and_says_what_takes_applications(world: World) -> None:
    programme(world.county, year=2020, name="去年的项目")
    client = as_(world.clerk)
    with clock_at(world.now):
        shown = client.get("/programmes/").context
        assert (shown["years"], shown["year"]) == ([2021, 2020], 2021)
        assert {one.standing["label"] for one in shown["page_obj"]} == {"受理中"}
        (old,) = client.get("/programmes/?year=2020").context["page_obj"]
        assert old.name == "去年的项目"
    assert {one.standing["label"] for one in client.get("/programmes/").context["page_obj"]} == {"已截止"}
    for bad in ("abc", "1999", "２０２１"):
        assert client.get("/programmes/", {"year": bad}).status_code == 404
    assert client.get(f"{NEW}?rule=lottery").status_code == 403
    assert as_(world.administrator).get(f"{NEW}?rule=lottery").status_code == 404


def test_statements_of_the_pages_do_not_grow(world: World) -> None:
    submitted_in_sets(world, 60)
    client = as_(world.administrator)
    few = queries(client, "/programmes/"), queries(client, world.grain.get_absolute_url())
    for _ in range(20):
        programme(world.county)
    assert (queries(client, "/programmes/"), queries(client, world.grain.get_absolute_url())) == few
    assert max(few) <= 14
