"""Who put a sheet up is who really did, one of the office that answers for it; who registered it is kept beside (张贴人)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from applications.models import HistoryEntry
from applications.states import State
from registry import appointments
from registry.models import Role, User
from tests import stages
from tests.workflow.refusing import refused
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import all_rows, heading
from tests.world import World, photo, user
from workflow import displays, postings
from workflow.displays import Display
from workflow.models import DisplayAct, Posting, PostingKind


def draft(world: World) -> Posting:
    case, _ = stages.reach(world, State.VILLAGE_POSTING)
    return stages.sheet(world, [case], kind=PostingKind.VILLAGE, now=world.now)


def put_up(world: World, posting: Posting, poster: User | None, *, witness: str = "吴监督") -> object:
    act = Display("村务公开栏", world.now, witness, photo(), posted_by=poster)
    return postings.display([posting.pk], act=act, by=world.clerk, now=world.now)


def test_a_colleague_who_put_it_up_is_named_and_so_is_who_registered_it(world: World) -> None:
    posting = draft(world)
    put_up(world, posting, world.second_clerk)
    done = DisplayAct.objects.get()
    assert (done.posted_by, done.recorded_by) == (world.second_clerk, world.clerk)
    line = HistoryEntry.objects.filter(act="put_up").get()
    assert line.by == world.clerk
    assert f"由{world.second_clerk.name}张贴于村务公开栏" in line.text
    postings.close(posting.pk, now=stages.after(posting_now(posting)))
    facts = posting_now(posting).certificate_facts
    assert (facts["posted_by"], facts["recorded_by"]) == (world.second_clerk.name, world.clerk.name)
    with clock_at(stages.after(posting_now(posting))):
        client = as_(world.clerk)
        page = client.get(posting.get_absolute_url()).content.decode()
        paper = client.get(url("posting-certificate", posting.pk)).content.decode()
    assert f"<dt>张贴人</dt><dd>{world.second_clerk.name}</dd>" in page
    assert f"，登记人{world.clerk.name}</dd>" in page
    assert f"，登记人{world.clerk.name}</dd>" in paper


def posting_now(posting: Posting) -> Posting:
    return Posting.objects.get(pk=posting.pk)


def test_nobody_named_means_whoever_registers_it(world: World) -> None:
    put_up(world, draft(world), None)
    done = DisplayAct.objects.get()
    assert (done.posted_by, done.recorded_by) == (world.clerk, world.clerk)


@pytest.mark.parametrize("who", ["the next village's", "the township's", "nobody's", "later appointed"])
def test_whoever_did_not_hold_the_office_that_day_is_not_the_poster(world: World, who: str) -> None:
    tomorrow = timezone.localdate(world.now) + timedelta(days=1)
    late = user("迟任职")
    appointments.appoint(
        late, role=Role.VILLAGE_CLERK, region=world.village, starts_on=tomorrow, by=world.administrator
    )
    poster = {
        "the next village's": world.clerks[1],
        "the township's": world.reviewer,
        "nobody's": world.stranger,
        "later appointed": late,
    }[who]
    posting = draft(world)
    refused(
        lambda: put_up(world, posting, poster),
        f"{poster.name}在张贴当天（2021-03-01）不是示例1村的村级经办人，不能登记为张贴人。",
    )


@pytest.mark.parametrize(
    ("watching", "words"),
    [("second_clerk", "张贴人和见证人不能是同一人"), ("clerk", "登记人和见证人不能是同一人")],
)
def test_neither_who_put_it_up_nor_who_registered_it_is_the_witness(
    world: World, watching: str, words: str
) -> None:
    posting = draft(world)
    witness = getattr(world, watching).name
    refused(lambda: put_up(world, posting, world.second_clerk, witness=witness), words)


def test_the_form_offers_the_office_s_people_and_oneself_first(world: World) -> None:
    posting = draft(world)
    assert set(displays.posters(posting, on=timezone.localdate(world.now))) == {
        world.clerk,
        world.second_clerk,
    }
    address = f"{url('posting-display')}?ids={posting.pk}"
    client = as_(world.clerk)
    with clock_at(world.now):
        page = client.get(address)
        form = page.context["form"]
        assert set(form.fields["posted_by"].queryset) == {world.clerk, world.second_clerk}
        assert form["posted_by"].value() == world.clerk.pk
        before = all_rows()
        filled = {"witness": "吴监督", "photo": photo(), "place": "村务公开栏"}
        foreign = client.post(address, heading(page, **filled, posted_by=world.reviewer.pk))
        assert foreign.status_code == 422
        assert "所选的人不是这张公示的经办人员" in foreign.content.decode()
        assert all_rows() == before
        sent = {**filled, "photo": photo(), "posted_by": world.second_clerk.pk}
        assert client.post(address, heading(client.get(address), **sent)).status_code == 302
    assert DisplayAct.objects.get().posted_by == world.second_clerk
