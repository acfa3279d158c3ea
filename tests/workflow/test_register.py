"""Corrections of the register: every field by an administrator with a reason; refused, nothing has changed; no full number
stays in the record; a case keeps what it was handed in with.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from applications.models import Ground
from registry.models import (
    Category,
    CategoryPeriod,
    Household,
    InterestKind,
    Member,
    MemberStatus,
    RegisterChange,
    Relationship,
)
from registry.refusal import Refused
from tests import stages
from tests.workflow import written
from tests.world import World, id_number
from workflow import interests, register, removals
from workflow.models import Receipt
from workflow.removals import Order
from workflow.results import Conflict

WHY = "户口簿核对〔示例〕"


def said(world: World, home: Household, **changed: Any) -> dict[str, Any]:
    """What every verb is told, by the administrator who has just loaded the form."""
    usual = {"seen": register.mark(home), "by": world.administrator, "now": world.now, "reason": WHY}
    return {**usual, **changed}


def rows() -> list[Any]:
    kept = (Household, Member, CategoryPeriod, RegisterChange, Receipt)
    return [written.everything(), *(list(model._default_manager.order_by("pk").values()) for model in kept)]


def correct_household(world: World, home: Household, **changed: Any) -> Any:
    return register.correct_household(
        home, **said(world, home, **{"wanted": {"phone": "13812345678"}, **changed})
    )


def correct_member(world: World, home: Household, **changed: Any) -> Any:
    person = home.members.order_by("pk")[1]
    return register.correct_member(person, **said(world, home, **{"wanted": {"name": "新名"}, **changed}))


def add_member(world: World, home: Household, **changed: Any) -> Any:
    wanted = {"name": "新生儿", "relationship": Relationship.GRANDCHILD}
    return register.add_member(home, **said(world, home, **{"wanted": wanted, **changed}))


def change_head(world: World, home: Household, **changed: Any) -> Any:
    old, new = home.members.order_by("pk")[:2]
    usual = {"to": new.pk, "relations": {old.pk: Relationship.PARENT}}
    return register.change_head(home, **said(world, home, **{**usual, **changed}))


VERBS: dict[str, Callable[..., Any]] = {
    "correct_household": correct_household,
    "correct_member": correct_member,
    "add_member": add_member,
    "change_head": change_head,
}


def family(world: World) -> Household:
    """A head and a child, with all that can be registered of them."""
    home = world.household(name="示例户主甲")
    home.phone, home.address = "13900001111", "示例村1号〔示例〕"
    home.save()
    world.member(home, name="示例子女乙", phone="13900002222")
    return home


def test_a_correction_of_a_household_is_written_with_a_line_and_the_categorys_history(world: World) -> None:
    home = family(world)
    made = register.correct_household(
        home,
        wanted={
            "phone": "１３８ 1234 5678",
            "category": "low_income",
            "address": "另一处〔示例〕",
            "group": home.group,
        },
        **said(world, home, reason=f" {WHY} "),
    )
    assert made is not None
    kept = Household.objects.get(pk=home.pk)
    assert (kept.phone, kept.category, kept.address) == (
        "13812345678",
        Category.LOW_INCOME,
        "另一处〔示例〕",
    )
    assert (made.act, made.by, made.at, made.member, made.reason) == (
        "correct_household",
        world.administrator,
        world.now,
        None,
        WHY,
    )
    assert made.data["changed"] == [
        {"field": "phone", "before": "139****1111", "after": "138****5678"},
        {"field": "category", "before": "一般脱贫户", "after": "低保脱贫户"},
        {"field": "address"},
    ]
    assert list(CategoryPeriod.objects.values_list("category", "since", "recorded_by")) == [
        ("general", None, None),
        ("low_income", world.now.date(), world.administrator.pk),
    ]


def test_a_correction_of_a_person_keeps_no_full_number_name_or_bank_in_its_line(world: World) -> None:
    home = family(world)
    person = home.members.get(relationship="child")
    old, new = person.id_number, id_number()
    wanted = {
        "name": "示例长女丙",
        "id_number": new.lower(),
        "phone": "",
        "card_number": "6299000000000001234",
        "bank": "另一银行〔示例〕",
        "card_holder": "示例长女丙",
        "status": MemberStatus.MOVED,
        "status_on": date(2021, 2, 1),
        "public_employee": True,
    }
    made = register.correct_member(person, wanted=wanted, **said(world, home))
    assert made is not None
    person.refresh_from_db()
    assert {name: getattr(person, name) for name in wanted} == {**wanted, "id_number": new}
    assert Member.objects.called("slzny").count() == 0
    assert Member.objects.called("slcnb").get() == person
    text = str(RegisterChange.objects.values().get())
    for secret in (old, new, "13900002222", "6299000000000001234", "示例长女丙", "示例子女乙", "银行"):
        assert secret not in text
    changed = {one["field"]: one for one in made.data["changed"]}
    assert changed["id_number"]["before"] == f"{old[:2]}{'*' * 13}{old[-3:]}"
    assert (changed["phone"]["after"], changed["status"]["after"]) == ("", "迁出")
    assert changed["bank"] == {"field": "bank"}


def test_who_is_alive_again_has_no_date_of_leaving(world: World) -> None:
    home = family(world)
    person = world.member(home, name="示例误销", status=MemberStatus.DECEASED)
    register.correct_member(person, wanted={"status": MemberStatus.ALIVE}, **said(world, home))
    person.refresh_from_db()
    assert (person.status, person.status_on) == (MemberStatus.ALIVE, None)


def test_a_new_born_is_added_without_a_number_and_gets_it_later(world: World) -> None:
    home = family(world)
    made = add_member(world, home)
    person = home.members.get(name="新生儿")
    assert (person.relationship, person.id_number, person.status) == ("grandchild", "", "alive")
    assert (made.member, [one["field"] for one in made.data["changed"]]) == (person, ["name", "relationship"])
    born = id_number(date(2021, 2, 1) - timedelta(days=3000))
    register.correct_member(person, wanted={"id_number": born}, **said(world, home))
    person.refresh_from_db()
    assert person.id_number == born


def test_a_household_has_one_head_after_the_change_and_each_a_relation_to_the_new_one(world: World) -> None:
    home = family(world)
    old, new = home.members.get(relationship="head"), home.members.get(relationship="child")
    third = world.member(home, name="示例孙丁", relationship=Relationship.GRANDCHILD)
    made = change_head(world, home, relations={old.pk: "parent", third.pk: "child"})
    assert dict(home.members.values_list("pk", "relationship")) == {
        old.pk: "parent",
        new.pk: "head",
        third.pk: "child",
    }
    assert made.member == new
    assert [(one["member"], one["before"], one["after"]) for one in made.data["changed"]] == [
        (old.pk, "户主", "父母"),
        (new.pk, "子女", "户主"),
        (third.pk, "孙子女或外孙子女", "子女"),
    ]


def test_a_dead_head_is_followed_by_a_living_one(world: World) -> None:
    home = family(world)
    head = home.members.get(relationship="head")
    gone = {"status": MemberStatus.DECEASED, "status_on": date(2021, 2, 20)}
    register.correct_member(head, wanted=gone, **said(world, home))
    assert change_head(world, home) is not None
    assert home.members.get(relationship="head").name == "示例子女乙"


def test_an_open_case_keeps_its_account_and_whom_it_pays(world: World) -> None:
    home = family(world)
    case = stages.submitted(world, household=home)
    head = home.members.get(relationship="head")
    card = case.payee_card
    register.correct_member(head, wanted={"card_number": "6299000000000009999"}, **said(world, home))
    change_head(world, home)
    assert register.open_cases(home) == [case]
    kept = stages.again(case)
    assert (kept.payee_card, kept.payee, kept.revision) == (card, head, case.revision)
    assert Member.objects.get(pk=head.pk).card_number == "6299000000000009999"


def as_kin(world: World, home: Household) -> None:
    interests.declare(
        world.administrator, home, kind=InterestKind.RELATIVE, by=world.administrator, now=world.now
    )


def as_removed(world: World, home: Household) -> None:
    order = Order(Ground.DECISION, "示例〔2021〕1号", "依决定删除", home.number)
    removals.remove(home, order=order, by=world.administrator, now=world.now)


@pytest.mark.parametrize("name", VERBS)
@pytest.mark.parametrize(
    ("before", "changed", "sentence"),
    [
        (None, {"by": "clerk"}, "您没有这项任职"),
        (None, {"by": "reviewer"}, "您没有这项任职"),
        (None, {"by": "supervisor"}, "您没有这项任职"),
        (as_kin, {}, "近亲属家庭"),
        (as_removed, {}, "已经删除"),
        (None, {"reason": "  "}, "请写明更正的原因"),
        (None, {"reason": "账号改为6299 0000 0000 0001"}, "不要写身份证号"),
    ],
    ids=["clerk", "reviewer", "supervisor", "kin", "removed", "no reason", "a number in the reason"],
)
def test_who_may_not_or_gives_no_reason_changes_nothing(
    world: World, name: str, before: Any, changed: dict[str, Any], sentence: str
) -> None:
    home = family(world)
    if before:
        before(world, home)
    if "by" in changed:
        changed = {"by": getattr(world, changed["by"])}
    kept = rows()
    with pytest.raises(Refused, match=sentence):
        VERBS[name](world, home, **changed)
    assert rows() == kept


@pytest.mark.parametrize("name", VERBS)
def test_the_same_form_twice_is_one_correction(world: World, name: str) -> None:
    home, key = family(world), uuid4().hex
    seen = register.mark(home)
    args: dict[str, Any] = {"key": key, "seen": seen}
    assert VERBS[name](world, home, **args).act == name
    kept = rows()
    assert VERBS[name](world, home, **args) is None
    assert rows() == kept
    assert RegisterChange.objects.count() == 1


@pytest.mark.parametrize("name", VERBS)
def test_a_form_older_than_the_last_correction_is_a_conflict_that_names_it(world: World, name: str) -> None:
    home = family(world)
    seen = register.mark(home)
    head = home.members.get(relationship="head")
    register.correct_member(head, wanted={"phone": "13812345678"}, **said(world, home, reason="换号〔示例〕"))
    kept = rows()
    with pytest.raises(Conflict) as found:
        VERBS[name](world, home, seen=seen)
    assert [(one.by, one.text) for one in found.value.changes] == [
        (f"{world.administrator}", "更正成员：换号〔示例〕")
    ]
    assert rows() == kept


def test_a_list_taken_in_meanwhile_is_a_conflict_too(world: World) -> None:
    home = family(world)
    seen = register.mark(home)
    Household.objects.filter(pk=home.pk).update(group="别的组")
    kept = rows()
    for sent in (seen, "", "x-y", "9" * 90):
        with pytest.raises(Conflict):
            correct_household(world, home, seen=sent)
    assert rows() == kept


def bad_member(**wanted: Any) -> Callable[[World, Household], Any]:
    return lambda world, home: correct_member(world, home, wanted=wanted)


def number_of_another(world: World, home: Household) -> Any:
    elsewhere = world.household(village=1).members.get()
    return correct_member(world, home, wanted={"id_number": elsewhere.id_number})


BAD: dict[str, tuple[Callable[[World, Household], Any], str]] = {
    "check character": (bad_member(id_number="999999196001010010"), "校验位不对|日期"),
    "short number": (bad_member(id_number="12345"), "应为18位"),
    "number of another": (number_of_another, "另一名成员名下"),
    "no name": (bad_member(name=" "), "没有填写“姓名”"),
    "long name": (bad_member(name="长" * 51), "超过50个字"),
    "dead without a day": (bad_member(status="deceased"), "请填写“状态变更日期”"),
    "dead tomorrow": (bad_member(status="deceased", status_on=date(2021, 3, 2)), "晚于今天"),
    "a second head": (bad_member(relationship="head"), "更换户主"),
    "the name of another": (bad_member(name="示例户主甲", id_number=""), "写明两人的身份证号"),
    "nothing new": (bad_member(name="示例子女乙"), "没有要改的"),
    "head made a child": (
        lambda world, home: register.correct_member(
            home.members.get(relationship="head"), wanted={"relationship": "child"}, **said(world, home)
        ),
        "更换户主",
    ),
    "household: nothing new": (
        lambda world, home: correct_household(world, home, wanted={"group": home.group}),
        "没有要改的",
    ),
    "add: a head": (
        lambda world, home: add_member(world, home, wanted={"name": "新", "relationship": "head"}),
        "先增加成员",
    ),
    "add: no relation": (lambda world, home: add_member(world, home, wanted={"name": "新"}), "与户主关系"),
    "add: the same name": (
        lambda world, home: add_member(world, home, wanted={"name": "示例子女乙", "relationship": "child"}),
        "写明两人的身份证号",
    ),
    "head: a stranger": (
        lambda world, home: change_head(world, home, to=world.household(village=1).members.get().pk),
        "没有这名成员",
    ),
    "head: the present one": (
        lambda world, home: change_head(world, home, to=home.members.get(relationship="head").pk),
        "已经是户主",
    ),
    "head: no relation": (lambda world, home: change_head(world, home, relations={}), "请写明示例户主甲"),
    "head: two heads": (
        lambda world, home: change_head(
            world, home, relations={home.members.get(relationship="head").pk: "head"}
        ),
        "请写明示例户主甲",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_the_register_cannot_hold_is_refused_and_changes_nothing(world: World, case: str) -> None:
    act, sentence = BAD[case]
    home = family(world)
    world.household(village=1)
    kept = (list(home.members.order_by("pk").values()), Household.objects.filter(pk=home.pk).values().get())
    with pytest.raises(Refused, match=sentence):
        act(world, home)
    assert (
        list(home.members.order_by("pk").values()),
        Household.objects.filter(pk=home.pk).values().get(),
    ) == kept
    assert (RegisterChange.objects.count(), CategoryPeriod.objects.count()) == (0, 0)


def test_a_dead_person_becomes_no_head(world: World) -> None:
    home = family(world)
    gone = world.member(home, name="示例已故", status=MemberStatus.DECEASED)
    kept = rows()
    with pytest.raises(Refused, match="不能做户主"):
        change_head(world, home, to=gone.pk)
    assert rows() == kept


def test_a_field_that_is_not_of_the_register_is_a_mistake_of_the_program(world: World) -> None:
    home = family(world)
    kept = rows()
    with pytest.raises(ValueError, match="number"):
        correct_household(world, home, wanted={"number": "别的户编号"})
    assert rows() == kept


def test_two_of_one_name_are_told_apart_by_their_numbers(world: World) -> None:
    home = family(world)
    wanted = {"name": "示例子女乙", "relationship": "child", "id_number": id_number()}
    assert add_member(world, home, wanted=wanted) is not None
    assert home.members.filter(name="示例子女乙").count() == 2
