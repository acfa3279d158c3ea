"""Every way round the verbs to a version that somebody has applied under: each is shut, and the rows stay."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib import admin
from django.core import serializers
from django.db import transaction
from django.db.models import ProtectedError
from django.forms import modelform_factory
from django.test import Client
from django.urls import reverse

from applications.models import (
    HistoryIsAppendOnly,
    PostingPlan,
    Programme,
    ProgrammeChange,
    ProgrammePinned,
    RequiredPaper,
)
from registry.models import User
from tests import stages
from tests.workflow.written import programme_rows as rows
from tests.world import World, programme
from workflow import programmes


def by_model_form(grain: Programme) -> None:
    fields = {field.name for field in Programme._meta.concrete_fields if field.name != "id"}
    form_class = modelform_factory(Programme, fields=sorted(fields))
    data = {**{name: getattr(grain, name) for name in fields}, "region": grain.region_id, "standard": "别的"}
    form = form_class(
        {**data, "rule": '{"kind":"fixed","amount":"1.00","clause":"x"}', "target_categories": "[]"},
        instance=Programme.objects.get(pk=grain.pk),
    )
    assert not form.is_valid()
    assert "只能另立新版本" in f"{form.errors}"
    raise ProgrammePinned


def by_load(grain: Programme) -> None:
    row = Programme.objects.get(pk=grain.pk)
    row.standard = "别的"
    for loaded in serializers.deserialize("json", serializers.serialize("json", [row])):
        loaded.save()


def by_bulk_update(grain: Programme) -> None:
    grain.standard = "别的"
    Programme.objects.bulk_update([grain], ["standard"])


def by_moved_plan(grain: Programme) -> None:
    plan = PostingPlan.objects.filter(programme=grain).first()
    other = Programme.objects.exclude(pk=grain.pk).first()
    assert plan is not None
    assert other is not None
    plan.programme = other
    plan.save()


DOORS: dict[str, Callable[[Programme], object]] = {
    "save": lambda grain: grain.save(),
    "save of one column": lambda grain: grain.save(update_fields=["standard"]),
    "update": lambda grain: Programme.objects.filter(pk=grain.pk).update(rule={}),
    "bulk update": by_bulk_update,
    "bulk create over it": lambda grain: Programme.objects.bulk_create(
        [grain], update_conflicts=True, update_fields=["standard"], unique_fields=["id"]
    ),
    "update or create": lambda grain: Programme.objects.update_or_create(
        pk=grain.pk, defaults={"standard": "别的"}
    ),
    "model form": by_model_form,
    "loaddata": by_load,
    "delete": lambda grain: grain.delete(),
    "delete of many": lambda grain: Programme.objects.filter(pk=grain.pk).delete(),
    "plan saved": lambda grain: PostingPlan.objects.filter(programme=grain)[0].save(),
    "plan updated": lambda grain: grain.posting_plans.update(days=3),
    "plan deleted": lambda grain: grain.posting_plans.all().delete(),
    "plan moved away": by_moved_plan,
    "paper added": lambda grain: RequiredPaper.objects.create(programme=grain, name="合同"),
    "papers added": lambda grain: RequiredPaper.objects.bulk_create(
        [RequiredPaper(programme=grain, name="甲")]
    ),
    "paper added by relation": lambda grain: grain.required_papers.create(name="合同"),
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_to_a_version_with_applications_is_shut(world: World, door: str) -> None:
    stages.draft(world)
    before = rows()
    grain = Programme.objects.get(pk=world.grain.pk)
    grain.standard = "别的"
    with pytest.raises((ProgrammePinned, ProtectedError)), transaction.atomic():
        DOORS[door](grain)
    assert rows() == before


@pytest.mark.parametrize("pinned", [True, False])
def test_the_administration_shows_programmes_and_changes_none(world: World, pinned: bool) -> None:
    if pinned:
        stages.draft(world)
    boss = User.objects.create_superuser("boss", password="a-long-enough-example", name="〔示例〕管理员")
    client = Client()
    client.force_login(boss)
    assert admin.site.is_registered(Programme)
    address = reverse("admin:applications_programme_change", args=[world.grain.pk])
    before = rows()
    assert client.get(address).status_code == 200
    assert client.post(address, {"standard": "别的"}).status_code == 403
    assert client.get(reverse("admin:applications_programme_add")).status_code == 403
    delete = reverse("admin:applications_programme_delete", args=[world.grain.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert rows() == before


def test_lines_of_changes_are_appended_and_never_changed(world: World) -> None:
    kept = programmes.content_of(world.grain)
    what = replace(kept, columns={**kept.columns, "standard": "每亩310元"})
    programmes.edit(world.grain, what, seen=0, by=world.administrator, now=world.now)
    line = ProgrammeChange.objects.get()
    before = rows()
    for act in (
        line.save,
        line.delete,
        ProgrammeChange.objects.all().delete,
        lambda: ProgrammeChange.objects.update(text=""),
        lambda: ProgrammeChange.objects.bulk_update([line], ["text"]),
    ):
        with pytest.raises(HistoryIsAppendOnly):
            act()
        assert rows() == before


def test_a_version_without_applications_may_be_changed_by_row_too(world: World) -> None:
    made = programme(world.county)
    made.standard = "别的"
    made.save()
    made.posting_plans.update(days=5)
    RequiredPaper.objects.create(programme=made, name="合同")
    kept = Programme.objects.get(pk=made.pk)
    assert (kept.standard, {plan.days for plan in kept.posting_plans.all()}) == ("别的", {5})
