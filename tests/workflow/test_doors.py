"""Every way round the state machine that Django offers: each is shut, and the row stays as it was."""

import ast
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.core import serializers
from django.core.management import call_command
from django.db import models
from django.forms import modelform_factory
from django.test import Client
from viewflow.workflow.models import Process, Task

from applications.models import Application, HistoryEntry
from applications.models.application import CaseKept, StateWrittenOutside
from applications.standing import Standing
from applications.states import Level, State
from registry.models import User
from tests import stages
from tests.world import World
from workflow.models import ApprovalProcess, ReviewTask

ASSIGNED = AttributeError
"""What django-fsm raises when somebody assigns to a protected state."""


@pytest.fixture
def case(world: World) -> Application:
    return stages.reach(world, State.VILLAGE_REVIEW)[0]


def row(case: Application) -> dict[str, Any]:
    return Application.objects.filter(pk=case.pk).values().get()


def like(case: Application, **values: Any) -> dict[str, Any]:
    """The columns of a case for another one, with a number of its own."""
    columns = row(case)
    # A sealed card is bound to its own row and cannot be copied.
    for own in ("id", "number", "uid", "state", "revision", "payee_card_sealed"):
        columns.pop(own)
    return {**columns, "number": "示例-1", **values}


def moved_in_memory(case: Application) -> Application:
    case.pass_village_review(Standing(), by=-1)
    assert case.state == State.VILLAGE_POSTING
    return case


def set_raw(case: Application, state: State = State.ANNOUNCED) -> Application:
    Application._meta.get_field("state").set_state(case, state)
    return case


def create(case: Application) -> None:
    Application.objects.create(**like(case, state=State.ANNOUNCED))


def create_with_a_revision(case: Application) -> None:
    Application.objects.create(**like(case, revision=7))


def create_through_a_relation(case: Application) -> None:
    case.programme.applications.create(**like(case, state=State.REJECTED))


def get_or_create(case: Application) -> None:
    Application.objects.get_or_create(number="示例-1", defaults=like(case, state=State.ANNOUNCED))


def update_or_create_new(case: Application) -> None:
    Application.objects.update_or_create(number="示例-1", defaults=like(case, state=State.ANNOUNCED))


def update_or_create_existing(case: Application) -> None:
    Application.objects.update_or_create(pk=case.pk, defaults={"state": State.ANNOUNCED})


def bulk_create(case: Application) -> None:
    Application.objects.bulk_create([Application(**like(case, state=State.ANNOUNCED))])


def bulk_create_with_a_revision(case: Application) -> None:
    Application.objects.bulk_create([Application(**like(case, revision=7))])


def bulk_create_over_an_existing_row(case: Application) -> None:
    over = Application(**{**like(case), "id": case.pk, "number": case.number, "uid": case.uid})
    Application.objects.bulk_create(
        [over], update_conflicts=True, update_fields=["state", "revision"], unique_fields=["id"]
    )


def update_state(case: Application) -> None:
    Application.objects.filter(pk=case.pk).update(state=State.ANNOUNCED)


def update_revision(case: Application) -> None:
    Application.objects.filter(pk=case.pk).update(revision=models.F("revision") + 1)


def update_through_the_base_manager(case: Application) -> None:
    Application._base_manager.filter(pk=case.pk).update(state=State.ANNOUNCED)


def update_through_a_relation(case: Application) -> None:
    case.programme.applications.update(state=State.ANNOUNCED)


def bulk_update_state(case: Application) -> None:
    Application.objects.bulk_update([moved_in_memory(case)], ["state"])


def bulk_update_revision(case: Application) -> None:
    case.revision = 99
    Application.objects.bulk_update([case], ["reason", "revision"])


def assign(case: Application) -> None:
    case.state = State.ANNOUNCED


def save_after_a_transition(case: Application) -> None:
    moved_in_memory(case).save()


def save_fields_after_a_transition(case: Application) -> None:
    moved_in_memory(case).save(update_fields=["state"])


def save_a_raw_state(case: Application) -> None:
    set_raw(case).save()


def save_after_a_part_was_read_again(case: Application) -> None:
    moved_in_memory(case).refresh_from_db(fields=["reason"])
    case.save()


def save_after_a_deferred_column_was_read(case: Application) -> None:
    part = Application.objects.defer("reason").get(pk=case.pk)
    assert moved_in_memory(part).reason == ""
    part.save()


def save_a_revision(case: Application) -> None:
    case.revision = 99
    case.save()


def save_a_new_object_over_the_row(case: Application) -> None:
    Application(**{**like(case), "id": case.pk, "number": case.number, "uid": case.uid}).save()


def submit_a_form(case: Application) -> None:
    form = modelform_factory(Application, fields=["state"])({"state": "announced"}, instance=case)
    assert form.is_valid()
    form.save()


def delete_rows(case: Application) -> None:
    Application.objects.filter(pk=case.pk).delete()


def delete_through_the_base_manager(case: Application) -> None:
    Application._base_manager.filter(pk=case.pk).delete()


def delete_raw(case: Application) -> None:
    Application.objects.filter(pk=case.pk)._raw_delete("default")


def delete_object(case: Application) -> None:
    case.delete()


def delete_through_a_relation(case: Application) -> None:
    case.programme.applications.all().delete()


def load_data(case: Application, **fields: Any) -> None:
    (record,) = json.loads(serializers.serialize("json", [Application.objects.get(pk=case.pk)]))
    record["pk"] = fields.pop("pk", case.pk)
    record["fields"].update(fields)
    path = Path(settings.MEDIA_ROOT) / f"case-{case.pk}.json"
    path.write_text(json.dumps([record]))
    call_command("loaddata", str(path), verbosity=0)


NEW = {"number": "示例-1", "uid": "00000000-0000-4000-8000-000000000001"}

SHUT: dict[Callable[[Application], None], type[Exception]] = {
    create: StateWrittenOutside,
    create_with_a_revision: StateWrittenOutside,
    create_through_a_relation: StateWrittenOutside,
    get_or_create: StateWrittenOutside,
    update_or_create_new: StateWrittenOutside,
    update_or_create_existing: ASSIGNED,
    bulk_create: StateWrittenOutside,
    bulk_create_with_a_revision: StateWrittenOutside,
    bulk_create_over_an_existing_row: StateWrittenOutside,
    update_state: StateWrittenOutside,
    update_revision: StateWrittenOutside,
    update_through_the_base_manager: StateWrittenOutside,
    update_through_a_relation: StateWrittenOutside,
    bulk_update_state: StateWrittenOutside,
    bulk_update_revision: StateWrittenOutside,
    assign: ASSIGNED,
    save_after_a_transition: StateWrittenOutside,
    save_fields_after_a_transition: StateWrittenOutside,
    save_a_raw_state: StateWrittenOutside,
    submit_a_form: ASSIGNED,
    save_a_new_object_over_the_row: StateWrittenOutside,
    delete_rows: CaseKept,
    delete_through_the_base_manager: CaseKept,
    delete_raw: CaseKept,
    delete_object: CaseKept,
    delete_through_a_relation: CaseKept,
}
FIXTURES: dict[str, dict[str, Any]] = {
    "draft, new": {"pk": 9001, "state": "draft", "revision": 0, **NEW},
    "announced, new": {"pk": 9001, "state": "announced", **NEW},
    "draft, existing": {"state": "draft", "revision": 0},
    "announced, existing": {"state": "announced"},
}


def name_of(door: object) -> str:
    return getattr(door, "__name__", str(door))


@pytest.mark.parametrize(("door", "refusal"), SHUT.items(), ids=name_of)
def test_door_is_shut_and_the_row_stays_as_it_was(
    case: Application, door: Callable[[Application], None], refusal: type[Exception]
) -> None:
    before, count = row(case), Application.objects.count()
    with pytest.raises(refusal):
        door(stages.again(case))
    assert row(case) == before
    assert Application.objects.count() == count


@pytest.mark.parametrize("fixture", FIXTURES)
def test_fixture_does_not_load_a_case_in_any_state(case: Application, fixture: str) -> None:
    before, count = row(case), Application.objects.count()
    with pytest.raises(StateWrittenOutside):
        load_data(case, **FIXTURES[fixture])
    assert row(case) == before
    assert Application.objects.count() == count


@pytest.mark.parametrize(
    "door",
    [save_after_a_part_was_read_again, save_after_a_deferred_column_was_read, save_a_revision],
    ids=name_of,
)
def test_save_never_carries_a_state_or_a_revision(
    case: Application, door: Callable[[Application], None]
) -> None:
    before = row(case)
    # Refused, or saved without the two columns: either is a shut door.
    try:
        door(stages.again(case))
    except StateWrittenOutside:
        assert row(case) == before
    after = row(case)
    assert (after["state"], after["revision"]) == (before["state"], before["revision"])


def test_save_of_a_stale_object_does_not_bring_back_the_old_state(world: World) -> None:
    stale = stages.submitted(world)
    stages.passed(world, [stale], by=world.clerk, now=world.now)
    before = row(stale)
    with suppress(StateWrittenOutside):
        stale.save()
    after = row(stale)
    assert after["state"] == before["state"] == State.VILLAGE_POSTING
    assert after["revision"] == before["revision"]


def test_state_stays_protected_after_a_reading_again_that_failed(case: Application) -> None:
    with pytest.raises(Application.DoesNotExist):
        Application(pk=-1).refresh_from_db()
    field = Application._meta.get_field("state")
    shut, field.protected = field.protected, True  # the other tests go on with the door shut
    assert shut


def test_whole_row_may_be_read_again_and_the_state_is_the_rows(case: Application) -> None:
    moved_in_memory(case).refresh_from_db()
    assert case.state == State.VILLAGE_REVIEW
    case.save()
    assert row(case)["state"] == State.VILLAGE_REVIEW


def test_transition_made_on_a_state_set_raw_in_memory_is_not_saved(case: Application) -> None:
    before = row(case)
    set_raw(case, State.DRAFT).submit(Standing(), by=-1)
    set_raw(case, State.ANNOUNCEMENT).announce(Standing(covered=frozenset(Level)), by=-1)
    with pytest.raises(StateWrittenOutside):
        case.save(update_fields=["state"])
    assert row(case) == before


@pytest.mark.parametrize("model", [Application, HistoryEntry, Process, Task, ApprovalProcess, ReviewTask])
def test_administration_has_no_page_for_cases_and_their_flow(model: type[models.Model]) -> None:
    assert not admin.site.is_registered(model)


@pytest.mark.parametrize(
    "address",
    [
        "admin/applications/application/",
        "admin/applications/application/add/",
        "admin/applications/application/{pk}/change/",
        "admin/applications/historyentry/",
        "admin/viewflow/process/",
        "admin/viewflow/task/",
        "admin/workflow/approvalprocess/",
        "admin/workflow/reviewtask/",
    ],
)
def test_address_of_a_side_door_does_not_exist_even_for_a_superuser(
    client: Client, case: Application, address: str
) -> None:
    root = User.objects.create(username="root", name="根", is_staff=True, is_superuser=True)
    client.force_login(root)
    assert client.get("/admin/").status_code == 200
    assert client.get("/" + address.format(pk=case.pk)).status_code == 404


def calls_of(names: set[str], *, apps: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Module and method of every call `x.name(…)` in the applications' own code."""
    for app in apps:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in names
                ):
                    yield str(path.relative_to(settings.BASE_DIR)), node.func.attr


def test_only_the_engine_writes_a_state() -> None:
    apps = ("registry", "applications", "notifications", "workflow", "config")
    found = set(calls_of({"move", "_raw_delete", "save_base", "set_state"}, apps=apps))
    assert found == {("workflow/engine.py", "move")}
