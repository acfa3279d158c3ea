"""A change that was typed and not saved is kept for the one who typed it, beside what they began for the household."""

from typing import Any

import pytest

from applications.models import Application
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, url
from tests.workflow.views.test_entering import NEW, form_of, typed
from tests.world import World
from workflow.models import PendingEntry

HX = {"hx-request": "true"}


def changed(case: Application, **values: Any) -> dict[str, Any]:
    sent = {
        "quantity": "5",
        "payee": case.payee_id,
        "reason": "更正面积。",
        "revision": case.revision,
        "key": stages.key(),
    }
    return {**sent, **values}


def test_a_change_is_kept_while_it_is_typed_and_gone_once_saved(world: World) -> None:
    case = stages.draft(world)
    address, before = url("application-amend", case.pk), everything()
    with clock_at(world.now):
        client, other = as_(world.clerk), as_(world.second_clerk)
        part = client.post(f"{address}?preview=1", changed(case), headers=HX).content.decode()
        assert "5亩 × 300.00元/亩 = 1500.00元" in part
        assert "已自动暂存" in part
        assert everything() == before
        page = client.get(address)
        assert "已经接着填好" in page.content.decode()
        names = ("quantity", "reason", "committed")
        # The signature was ticked in the draft and is not any more.
        assert [page.context["form"][name].value() for name in names] == ["5", "更正面积。", ""]
        assert page.context["form"]["revision"].value() == case.revision
        assert "已经接着填好" not in other.get(address).content.decode()
        # It is no new case that was begun.
        assert "没有填完的" not in client.get(NEW).content.decode()
        assert "接着填好" not in client.get(form_of(case.household, world.grain)).content.decode()
        final = changed(case, quantity="4")
        assert client.post(address, final).status_code == 302
        # A late echo of the same form leaves nothing behind.
        client.post(f"{address}?preview=1", {**final, "revision": case.revision + 1}, headers=HX)
    assert PendingEntry.objects.count() == 0
    assert stages.again(case).quantity == 4


def test_a_refusal_and_a_conflict_keep_what_was_typed_and_say_that_the_case_changed(world: World) -> None:
    case = stages.draft(world)
    address = url("application-amend", case.pk)
    with clock_at(world.now):
        client = as_(world.clerk)
        assert client.post(address, changed(case, quantity="99")).status_code == 422
        assert client.get(address).context["form"]["quantity"].value() == "99"
        assert "这件申请后来有过变化" not in client.get(address).content.decode()
        assert as_(world.second_clerk).post(address, changed(case, quantity="2")).status_code == 302
        assert client.post(address, changed(case, quantity="6")).status_code == 409
        page = client.get(address)
        assert page.context["form"]["quantity"].value() == "6"
        afresh = client.post(address, {"step": "afresh"})
        assert (afresh.status_code, afresh["Location"]) == (302, address)
        assert client.get(address).context["form"]["quantity"].value() == "2"
    assert (PendingEntry.objects.count(), stages.again(case).quantity) == (0, 2)


def test_what_was_begun_for_the_household_and_a_change_leave_each_other_alone(world: World) -> None:
    case = stages.draft(world)
    amend, new = url("application-amend", case.pk), form_of(case.household, world.grain)
    with clock_at(world.now):
        client = as_(world.clerk)
        client.post(f"{amend}?preview=1", changed(case), headers=HX)
        client.post(f"{new}&preview=1", typed(world, quantity="7"), headers=HX)
        assert client.get(amend).context["form"]["quantity"].value() == "5"
        assert client.get(new).context["form"]["quantity"].value() == "7"
        client.post(new, {"step": "afresh"})
        assert client.get(amend).context["form"]["quantity"].value() == "5"
        client.post(f"{new}&preview=1", typed(world, quantity="8"), headers=HX)
        assert client.post(amend, changed(case)).status_code == 302
        assert client.get(new).context["form"]["quantity"].value() == "8"


def test_the_amount_of_a_change_is_shown_without_javascript(world: World) -> None:
    case = stages.draft(world)
    with clock_at(world.now):
        page = as_(world.clerk).post(url("application-amend", case.pk), changed(case, preview="1"))
    assert page.status_code == 200
    assert "5亩 × 300.00元/亩 = 1500.00元" in page.content.decode()
    assert stages.again(case).quantity == 3


@pytest.mark.parametrize(("who", "status"), [("neighbour", 404), ("reviewer", 403), ("supervisor", 403)])
def test_nobody_keeps_a_change_of_a_case_that_is_not_theirs(world: World, who: str, status: int) -> None:
    case = stages.draft(world)
    person = world.clerks[1] if who == "neighbour" else getattr(world, who)
    before = everything()
    with clock_at(world.now):
        for revision in (case.revision, case.revision + 1):
            sent = changed(case, revision=revision)
            answer = as_(person).post(f"{url('application-amend', case.pk)}?preview=1", sent, headers=HX)
            assert answer.status_code == status
    assert (PendingEntry.objects.count(), everything()) == (0, before)
