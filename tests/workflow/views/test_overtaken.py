"""Whatever comes between two statements of an officer's form, or between a page and its form, is answered by a page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.utils import timezone

from applications.models import Application
from applications.states import State
from registry.models import User
from registry.refusal import Refused
from tests import stages
from tests.workflow import invariants, law_verbs, written
from tests.workflow.law_verbs import Tried
from tests.workflow.views.pages import as_, clock_at
from tests.workflow.views.test_acting import ACTS, page_of
from tests.world import World
from workflow import sweeps
from workflow.models import Receipt

MOST = 40
"""More statements than a form sends outside its verb's transaction."""
QUIET = {"amend", "attach", "attach_all", "record_visit", "record_meeting"}
"""Verbs that leave a case at its step; amending one of them is enough."""
CASES = {**ACTS, "pass at the village": (stages.submitted, "clerk", {}, None, None)}
Form = dict[str, Any]


def begun(world: World, name: str) -> tuple[Application, datetime, User, str, Form]:
    """A case, the moment, the person, the page and the form of an act."""
    reach, who, typed, _, _ = CASES[name]
    found = reach(world)
    case, moment = found if isinstance(found, tuple) else (found, world.now)
    form = {**typed, "revision": case.revision, "key": stages.key()}
    return case, moment, getattr(world, who), page_of(case, name.split()[0]), form


def endings(it: Callable[[], Tried]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What the verbs can do to the case as it is now; a refusal is as good as nothing."""
    state = State(it().case.state)
    for verb in law_verbs.VERBS:
        if state in verb.done_in and " " not in verb.name and verb.name not in QUIET - {"amend"}:
            yield verb.name, lambda verb=verb: verb.do(it())  # type: ignore[misc]


def elsewhere(
    case: Application, acts: dict[str, Callable[[], Any]]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Of the acts one for each place that they bring the case to: to a form that comes later they are the same."""
    places = set()
    for name, act in acts.items():
        with written.undone():
            with suppress(Refused):
                act()
            place = State(stages.again(case).state)
        if place not in places:
            places.add(place)
            yield name, act


@contextmanager
def before(number: int, act: Callable[[], Any]) -> Iterator[list[str]]:
    """Act before this statement, counted are those that stand outside a verb's transaction; gives what was counted."""
    depth, asked = len(connection.savepoint_ids), list[str]()

    def ask(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if len(connection.savepoint_ids) == depth and len(asked) < number and not sql.startswith("SAVEPOINT"):
            asked.append(sql)
            if len(asked) == number:
                with suppress(Refused):
                    act()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(ask):
        yield asked


@pytest.mark.any_database
@pytest.mark.parametrize("name", CASES)
def test_whatever_is_done_between_two_statements_of_a_form_is_told_by_a_page(world: World, name: str) -> None:
    case, moment, person, address, form = begun(world, name)

    def tomorrow() -> None:
        now.return_value = moment + timedelta(days=1)
        sweeps.run(now=now.return_value)

    def left() -> None:
        person.appointments.update(ends_on=timezone.localdate(moment) - timedelta(days=1))

    others = dict(elsewhere(case, dict(endings(lambda: Tried(world, stages.again(case), moment)))))
    others |= {"the same form": lambda: as_(person).post(address, form), "a day": tomorrow, "left": left}
    for told, other in others.items():
        for number in range(1, MOST):
            with written.undone(), mock.patch("registry.clock.now", return_value=moment) as now:
                client = as_(person)
                with before(number, other) as asked:
                    answer = client.post(address, form)
                assert answer.status_code in {302, 403, 409, 422}, (told, asked[-1])
                if number == 1 or len(asked) < number:
                    assert invariants.faults() == [], told
            if len(asked) < number:
                break
        assert 3 < number < MOST


@pytest.mark.parametrize("name", CASES)
def test_a_form_that_cannot_be_taken_is_told_why_though_its_case_has_gone_on(world: World, name: str) -> None:
    case, moment, person, address, form = begun(world, name)
    with written.undone(), clock_at(moment):
        assert as_(person).post(address, form).status_code == 302
        kept = Receipt.objects.get(key=form["key"])
    # The same form was refused the first time, and its answer was lost on the way.
    kept.result = [{**kept.result[0], "done": False, "sentence": "公示未满期。"}]
    bare = {"revision": form["revision"], "key": form["key"]}
    for told, other in endings(lambda: Tried(world, stages.again(case), moment)):
        with written.undone(), clock_at(moment):
            kept.save(force_insert=True)
            other()
            if stages.again(case).revision == form["revision"]:
                # Refused: the case hangs on a sheet, where the table's does not.
                continue
            rows = written.everything()
            for sent in (form, bare, {**form, "key": stages.key()}, {**bare, "revision": ""}, {}):
                answer = as_(person).post(address, sent)
                assert answer.status_code in {403, 409, 422}, (told, sent)
                assert written.everything() == rows
