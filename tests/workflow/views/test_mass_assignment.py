"""Columns that a form does not declare, and invented ones, are posted with it: they change nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import models, transaction

from applications.models import Application, Programme, VerificationVisit
from registry.models import Appointment, Household, Member, User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import heading as typed_again
from tests.workflow.views.sheets import on_display, waiting
from tests.world import World
from workflow.models import Objection, Posting, PostingKind
from workflow.views.drafting import address as picker

INVENTED = {f"invented_{number}": "1" for number in range(20)}
DRAWN = {"id", "uid", "inquiry_code", "receipt"}
"""What is drawn anew for every row."""

Asked = tuple[User, str, type[models.Model], dict[str, Any]]


def enter(world: World) -> Asked:
    query = f"?household={world.household().pk}&programme={world.grain.pk}"
    return world.clerk, url("application-new") + query, Application, {"quantity": "2", "committed": "on"}


def amend(world: World) -> Asked:
    return world.clerk, url("application-amend", stages.draft(world).pk), Application, {"quantity": "4"}


def visit(world: World) -> Asked:
    typed = {"name2": "钱队员", "post2": "驻村工作队", "findings": "情况一致。", "confirmed": "1"}
    return world.clerk, url("visit-new", stages.draft(world).pk), VerificationVisit, typed


def sheet(world: World) -> Asked:
    waiting(world, 1)
    return world.clerk, picker(PostingKind.VILLAGE, world.village.pk, world.grain.pk), Posting, {}


def objection(world: World) -> Asked:
    entry = on_display(world, 1).entries.get()
    typed = {"channel": "visit", "anonymous": "1", "facts": "面积不足。"}
    return world.clerk, url("objection-new", entry.pk), Objection, typed


def edit(world: World) -> Asked:
    return world.administrator, url("programme-edit", world.travel.pk), Programme, {"name": "改过的名称"}


def revise(world: World) -> Asked:
    return world.administrator, url("programme-revise", world.travel.pk), Programme, {"name": "另立的名称"}


def act_pass(world: World) -> Asked:
    case = stages.submitted(world)
    return world.clerk, url("application-act", case.pk, "pass"), Application, {"opinion": "属实。"}


def act_withdraw(world: World) -> Asked:
    case = stages.submitted(world)
    return (
        world.clerk,
        url("application-act", case.pk, "withdraw"),
        Application,
        {"opinion": "本人放弃申请。"},
    )


def step_accept(world: World) -> Asked:
    posting = on_display(world, 1)
    lodged = stages.lodged(world, posting.entries.get().application, posting, now=world.now)
    return world.clerk, url("objection-step", lodged.pk, "accept"), Objection, {}


def remove_household(world: World) -> Asked:
    home = world.household()
    typed = {
        "ground": "decision",
        "document": "示例〔2021〕1号",
        "reason": "依决定删除",
        "number": home.number,
    }
    return world.administrator, url("household-remove", home.pk), Household, typed


def correct_home(world: World) -> Asked:
    home = world.household()
    typed = {"group": "第九村民组", "reason": "户口簿核对〔示例〕"}
    return world.administrator, url("household-correct", home.pk), Household, typed


def correct_person(world: World) -> Asked:
    person = world.household().members.get()
    address = url("member-correct", person.household_id, person.pk)
    return world.administrator, address, Member, {"name": "示例改名", "reason": "户口簿核对〔示例〕"}


def add_person(world: World) -> Asked:
    typed = {"name": "示例新生儿", "relationship": "child", "reason": "新生儿落户〔示例〕"}
    return world.administrator, url("member-add", world.household().pk), Member, typed


def change_head(world: World) -> Asked:
    home = world.household()
    old, new = home.members.get(), world.member(home)
    typed = {"to": new.pk, f"relation{old.pk}": "parent", "reason": "户口簿核对〔示例〕"}
    return world.administrator, url("household-head", home.pk), Household, typed


def columns(model: type[models.Model]) -> list[str]:
    """What a row says, sealed columns in plain."""
    fields = [field for field in model._meta.concrete_fields if field.name not in DRAWN]
    return [field.attname if field.is_relation else field.name for field in fields]


def rows(model: type[models.Model]) -> list[list[str]]:
    """All rows of the form's own model, and of people, households and cases beside it."""
    beside = {model, Application, Household, Member, User, Appointment}
    return [
        sorted(repr([getattr(row, name) for name in columns(one)]) for row in one._default_manager.all())
        for one in sorted(beside, key=lambda one: one.__name__)
    ]


def hostile(model: type[models.Model], declared: set[str]) -> dict[str, Any]:
    """A value for each column of the model that the form does not declare, by both of its names."""
    found: dict[str, Any] = dict(INVENTED)
    for field in model._meta.concrete_fields:
        for name in {field.name, field.attname} - declared:
            choices = [value for value, _ in field.flatchoices]
            found[name] = choices[-1] if choices else "1"
    return found


@pytest.mark.parametrize(
    "form",
    [
        enter,
        amend,
        visit,
        sheet,
        objection,
        edit,
        revise,
        act_pass,
        act_withdraw,
        step_accept,
        remove_household,
        correct_home,
        correct_person,
        add_person,
        change_head,
    ],
)
def test_only_declared_fields_change(world: World, form: Callable[[World], Asked]) -> None:
    cache.clear()
    person, address, model, typed = form(world)
    client = as_(person)

    def kept(noise: bool) -> list[list[str]]:
        """The rows after the form was sent; the database is then as it was before."""
        before, point = rows(model), transaction.savepoint()
        page = client.get(address)
        assert page.status_code == 200
        sent = typed_again(page, **typed)
        more = hostile(model, set(page.context["form"].fields)) if noise else {}
        assert not set(more) & set(page.context["form"].fields)
        answer = client.post(address, {**more, **sent})
        assert answer.status_code == 302, answer.content.decode()
        after = rows(model)
        assert after != before
        transaction.savepoint_rollback(point)
        return after

    with clock_at(world.now):
        assert kept(noise=True) == kept(noise=False)
