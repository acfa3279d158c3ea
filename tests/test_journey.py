"""One household's case, from its application to the announcement, by the verbs that the pages call."""

from django.core.management import call_command

from applications import history
from applications.states import State
from tests import stages
from tests.world import World
from workflow import consistency
from workflow.models import Decision, Posting


def test_a_case_runs_from_application_to_announcement(world: World) -> None:
    case, _ = stages.reach(world, State.ANNOUNCED)
    assert case.state == State.ANNOUNCED
    assert case.amount == 900
    assert list(consistency.faults()) == []
    assert history.faults(case) == []
    assert Posting.objects.count() == 4
    deciders = {d.by.name for d in Decision.objects.filter(application=case, act__startswith="pass")}
    assert deciders == {"王村一", "李审核", "张审定"}
    call_command("check_workflow")
