"""R-06 for the verbs beside the chain: desks, accounts, programmes, notices, lists, kept forms, personal data."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from applications.states import State
from registry.blanks import Wording
from registry.models import Household, Interest, InterestKind
from tests import stages
from tests.faults.breaking import Act, fails_everywhere
from tests.workflow import (
    test_accounts,
    test_custody,
    test_departures,
    test_disclosures,
    test_end_photos,
    test_holidays,
    test_imports,
    test_programmes,
    test_register,
    test_removals,
    test_staff,
    test_sweeps,
)
from tests.workflow.views.test_pending import shot
from tests.world import World
from workflow import (
    custody,
    disclosures,
    holidays,
    imports,
    installation,
    interests,
    pending,
    pending_changes,
    photos,
    removals,
    wordings,
)
from workflow.installation import Wanted
from workflow.models import ImportJob, PendingEntry, PostingKind

Ready = Callable[[World], Act]

OURS = {"registry", "applications", "notifications", "workflow", "viewflow", "axes", "otp_totp"}


def all_rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that a verb may write."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.app_label in OURS and not model._meta.proxy
    }


def _take(world: World) -> Act:
    case, now = stages.reach(world, State.TOWNSHIP_REVIEW)
    return lambda: custody.take(test_custody.ref(case), by=world.reviewer, now=now)


def _give_back(world: World) -> Act:
    case, now = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.do(custody.take(test_custody.ref(case), by=world.reviewer, now=now))
    return lambda: custody.give_back(test_custody.ref(case), by=world.reviewer, now=now)


def _hand_over(world: World) -> Act:
    case = stages.submitted(world)
    return lambda: custody.hand_over(
        test_custody.ref(case), to=world.second_clerk, by=world.clerk, now=world.now, reason="同事出差。"
    )


def _urge(world: World) -> Act:
    case, now = stages.reach(world, State.TOWNSHIP_REVIEW)
    return lambda: custody.urge(test_custody.ref(case), by=world.clerk, now=now, reason="请尽快办理。")


def _leave(world: World) -> Act:
    test_departures.take(stages.submitted(world), world.clerk, world=world)
    return lambda: test_departures.leave(world, world.clerk, taker=world.second_clerk)


def _show(world: World) -> Act:
    household = world.household()
    return lambda: disclosures.show(household, need=test_disclosures.NEED, by=world.reviewer, now=world.now)


def _show_objector(world: World) -> Act:
    case = stages.submitted(world)
    stages.passed(world, [case], by=world.clerk, now=world.now)
    sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=world.now)
    objection = stages.lodged(world, case, sheet, now=world.now)
    return lambda: disclosures.show_objector(
        objection, need=test_disclosures.NEED, by=world.clerk, now=world.now
    )


def _export(world: World) -> Act:
    homes = [world.household(), world.household()]
    return lambda: disclosures.export(homes, need=test_disclosures.NEED, by=world.approver, now=world.now)


def _notice(world: World) -> Act:
    stages.submitted(world)
    # Days that are counted already move, so that due dates are written too.
    wanted = replace(
        test_holidays.NATIONAL_2021,
        stretches=(test_holidays.off("2021-03-02", "2021-03-03", "示例假日〔示例〕"),),
    )
    seen = holidays.fingerprint(wanted, holidays.foresee(wanted, now=world.now))
    return lambda: holidays.enter(wanted, by=world.administrator, now=world.now, seen=seen)


def _take_in(world: World) -> Act:
    home = world.household()
    return lambda: test_imports.take(world, [test_imports.line(home)])


def _job(world: World) -> int:
    return test_imports.take(world, [test_imports.line(world.household())]).pk


def _start(world: World) -> Act:
    key = _job(world)
    return lambda: imports.start(ImportJob.objects.get(pk=key), by=world.clerk, now=world.now, whole=False)


def _drop_list(world: World) -> Act:
    key = _job(world)
    return lambda: imports.drop(ImportJob.objects.get(pk=key), by=world.clerk, now=world.now)


def _keep(world: World) -> Act:
    home = world.household()
    return lambda: pending.keep(home, world.grain, typed={"quantity": "4"}, by=world.clerk, now=world.now)


def _hold(world: World) -> Act:
    home = world.household()
    return lambda: pending.hold(home, world.grain, paper=None, upload=shot(), by=world.clerk, now=world.now)


def _drop_paper(world: World) -> Act:
    _hold(world)()
    entry = PendingEntry.objects.get()
    uid = f"{entry.papers.get().attachment.uid}"
    return lambda: pending.drop_paper(entry.household, entry.programme, uid=uid, by=world.clerk)


def _drop(world: World) -> Act:
    _hold(world)()
    entry = PendingEntry.objects.get()
    return lambda: pending.drop(entry.household, entry.programme, by=world.clerk)


def _keep_change(world: World) -> Act:
    case = stages.draft(world)
    typed = {"quantity": "4"}
    return lambda: pending_changes.keep(case, typed=typed, by=world.clerk, now=world.now)


def _drop_change(world: World) -> Act:
    case = stages.draft(world)
    pending_changes.keep(case, typed={"quantity": "4"}, by=world.clerk, now=world.now)
    return lambda: pending_changes.drop(case, by=world.clerk)


def _ask_for_photo(world: World) -> Act:
    _, sheet = test_sweeps.on_display(world)
    return lambda: photos.ask([sheet.pk], now=test_end_photos.last_day(sheet))


def _programme(name: str) -> Ready:
    def ready(world: World) -> Act:
        def act() -> Any:
            world.grain.refresh_from_db()
            what = test_programmes.content(world, name="示例种植补助之二〔示例〕")
            return test_programmes.VERBS[name](world, what)

        return act

    return ready


def _remove(world: World) -> Act:
    case = test_removals.ended(world, announced=False)
    order = test_removals.order(case.household)

    def act() -> Any:
        case.household.refresh_from_db()
        return removals.remove(case.household, order=order, by=world.administrator, now=test_removals.LATER)

    return act


def _staff(world: World) -> Act:
    return lambda: test_staff.take_in(world, test_staff.GOOD)


def _word(world: World) -> Act:
    return lambda: wordings.change(
        wordings.of_sheet(PostingKind.VILLAGE),
        wording=Wording("{单位}名单", "请看{项目}。", 0),
        by=world.administrator,
        now=world.now,
    )


def _administrator(world: World) -> Act:
    wanted = Wanted("guan9", "示例管理", world.county.code, back_office=True)
    return lambda: installation.appoint_administrator(
        wanted, now=world.now, reason="系统上线〔示例〕", at_the_machine="root"
    )


def _declare(world: World) -> Act:
    home = world.household()
    return lambda: interests.declare(
        world.clerk, home, kind=InterestKind.RELATIVE, by=world.clerk, now=world.now
    )


def _withdraw_tie(world: World) -> Act:
    tie = _declare(world)()
    return lambda: interests.withdraw(
        Interest.objects.get(pk=tie.pk), by=world.administrator, now=world.now, reason="填错〔示例〕"
    )


def _register(name: str) -> Ready:
    def ready(world: World) -> Act:
        home = test_register.family(world)
        return lambda: test_register.VERBS[name](world, Household.objects.get(pk=home.pk))

    return ready


def _account(name: str) -> Ready:
    def ready(world: World) -> Act:
        person = test_accounts.prepared(world.clerk, name)
        return lambda: test_accounts.VERBS[name](
            person, by=world.administrator, now=timezone.now(), reason="本人当面申请〔示例〕"
        )

    return ready


ALL: dict[str, Ready] = {
    "custody.take": _take,
    "custody.give_back": _give_back,
    "custody.hand_over": _hand_over,
    "custody.urge": _urge,
    "departures.leave": _leave,
    "disclosures.show": _show,
    "disclosures.show_objector": _show_objector,
    "disclosures.export": _export,
    "holidays.enter": _notice,
    "imports.take_in": _take_in,
    "installation.appoint_administrator": _administrator,
    "interests.declare": _declare,
    "interests.withdraw": _withdraw_tie,
    "imports.start": _start,
    "imports.drop": _drop_list,
    "pending.keep": _keep,
    "pending.hold": _hold,
    "pending.drop_paper": _drop_paper,
    "pending.drop": _drop,
    "pending_changes.keep": _keep_change,
    "pending_changes.drop": _drop_change,
    "photos.ask": _ask_for_photo,
    **{f"programmes.{name}": _programme(name) for name in test_programmes.VERBS},
    **{f"register.{name}": _register(name) for name in test_register.VERBS},
    "removals.remove": _remove,
    "staff.take_in": _staff,
    "wordings.change": _word,
    **{f"accounts.{name}": _account(name) for name in test_accounts.VERBS},
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", list(ALL))
def test_whatever_fails_nothing_changes_and_the_act_then_succeeds(world: World, name: str) -> None:
    assert fails_everywhere(ALL[name](world), look=all_rows) >= 2
