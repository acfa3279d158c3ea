"""The village's list before 申报: what each case still lacks, and all that is complete in one act."""

from typing import Any

from django.test import Client

from applications.models import VerificationVisit
from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, key_of, queries, submitted_in_sets, url
from tests.workflow.views.test_fieldwork import handed_in, visit_typed
from tests.world import World
from workflow import fieldwork
from workflow.fieldwork import VerifierName
from workflow.models import Decision
from workflow.results import Ref

LIST = url("declaration-list")


def visited(world: World, case: Any, *, confirmed: bool = True) -> Any:
    fieldwork.record_visit(
        Ref.of(case),
        by=world.clerk,
        now=world.now,
        visited_on=world.now.date(),
        verifiers=[VerifierName("王村一", "村级经办人"), VerifierName("钱队员", "驻村工作队")],
        findings="属实。",
        confirmed=confirmed,
    )
    return stages.again(case)


def shown(client: Client) -> dict[int, Any]:
    return {case.pk: case for case in client.get(LIST).context["cases"]}


def test_list_says_for_each_case_what_is_missing(world: World) -> None:
    bare, refuted, seen = (handed_in(world) for _ in range(3))
    visited(world, refuted, confirmed=False)
    stages.meeting(world, [visited(world, seen)])
    handed_in(world, village=1)
    with clock_at(world.now):
        page = as_(world.clerk).get(LIST)
        cases = {case.pk: case for case in page.context["cases"]}
    assert list(cases) == [seen.pk, bare.pk, refuted.pk]
    assert cases[bare.pk].work.lacking == ["还没有登记情况属实的入户核实", "还没有经过民主评议"]
    assert (cases[refuted.pk].work.refuted, cases[bare.pk].work.refuted) == (True, False)
    assert [case.is_ready for case in cases.values()] == [True, False, False]
    assert page.context["ticked"] == {f"{seen.pk}:{cases[seen.pk].revision}"}
    text = page.content.decode()
    for words in (
        "还有2件没有登记“情况属实”",
        "还有2件没有评议",
        "1件样样齐全",
        "再次核实",
        "到会的人过半数同意",
    ):
        assert words in text


def test_whole_list_is_declared_in_one_act_with_the_villages_opinion(world: World) -> None:
    cases = [visited(world, handed_in(world)) for _ in range(3)]
    stages.meeting(world, cases)
    with clock_at(world.now):
        client = as_(world.clerk)
        page = client.get(LIST)
        sent = {"ids": sorted(page.context["ticked"]), "opinion": "情况属实，同意申报。", "key": key_of(page)}
        done = client.post(LIST, sent, follow=True)
        again = client.post(LIST, sent)
    assert "已申报，等待村级公示。（3件）" in done.content.decode()
    assert again.status_code == 302
    assert {stages.again(case).state for case in cases} == {State.VILLAGE_POSTING}
    opinions = Decision.objects.filter(act="pass_village_review").values_list("opinion", flat=True)
    assert list(opinions) == ["情况属实，同意申报。"] * 3


def test_incomplete_case_that_is_ticked_all_the_same_is_refused_by_name_and_the_rest_goes_on(
    world: World,
) -> None:
    good, bare = visited(world, handed_in(world)), handed_in(world)
    stages.meeting(world, [good])
    with clock_at(world.now):
        ids = [f"{case.pk}:{stages.again(case).revision}" for case in (good, bare)]
        sent = {"ids": ids, "opinion": "同意。", "key": stages.key()}
        text = as_(world.clerk).post(LIST, sent, follow=True).content.decode()
    assert f"{bare.number}：还没有登记情况属实的入户核实，不能申报。" in text
    assert [stages.again(case).state for case in (good, bare)] == [
        State.VILLAGE_POSTING,
        State.VILLAGE_REVIEW,
    ]


def test_nothing_ticked_or_a_foreign_case_changes_nothing(world: World) -> None:
    foreign = handed_in(world, village=1)
    before = everything()
    with clock_at(world.now):
        client = as_(world.clerk)
        nothing = client.post(LIST, {"opinion": "同意。", "key": stages.key()})
        broken = client.post(LIST, {"ids": ["x"], "opinion": "同意。", "key": stages.key()})
        sent = {"ids": [f"{foreign.pk}:{foreign.revision}"], "opinion": "同意。", "key": stages.key()}
        assert client.post(LIST, sent).status_code == 404
    assert nothing.status_code == broken.status_code == 422
    assert "请先勾选要申报的申请。" in nothing.content.decode()
    assert everything() == before


def test_list_takes_twelve_queries_however_long_it_is(world: World) -> None:
    counts = []
    for more in (1, 499):
        submitted_in_sets(world, more)
        counts.append(queries(as_(world.clerk), LIST))
    assert counts[0] == counts[1] <= 12
    with clock_at(world.now):
        page = as_(world.clerk).get(LIST)
    assert (len(page.context["cases"]), page.context["more"]) == (200, 300)


def test_next_household_to_visit_follows_with_the_same_people(world: World) -> None:
    first, second = handed_in(world), handed_in(world)
    with clock_at(world.now):
        client = as_(world.clerk)
        done = client.post(url("visit-new", first.pk), {**visit_typed(first), "next": "1"})
        assert done["Location"] == url("visit-new", second.pk)
        form = client.get(done["Location"]).context["form"]
        assert [form[name].value() for name in ("name1", "name2", "post2")] == [
            "王村一",
            "钱队员",
            "驻村工作队",
        ]
        done = client.post(url("visit-new", second.pk), {**visit_typed(second), "next": "1"})
    assert done["Location"] == LIST
    assert VerificationVisit.objects.count() == 2
