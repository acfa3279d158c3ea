"""Rows that are shown again hang on a sheet of their own, linked to the first one, whoever asked for it (补充公示)."""

from datetime import datetime
from decimal import Decimal

import pytest

from applications.models import Application
from applications.states import State
from registry.models import User
from tests import stages
from tests.workflow.refusing import refused
from tests.workflow.views.pages import as_, clock_at
from tests.world import World, photo
from workflow import drafts, intake, postings, reviews, supplements
from workflow.displays import Display
from workflow.models import Posting, PostingEntry, PostingKind
from workflow.proceedings import Cut
from workflow.results import Ref
from workflow.views.drafting import address

VILLAGE = PostingKind.VILLAGE
MIXED = "不能和第一次公示的申请列在一张上"


def outgrown(world: World) -> tuple[Application, Posting, datetime]:
    """A case that ran in the village, was sent back by the township, corrected upwards and waits in the village again."""
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    first = PostingEntry.objects.get(application=case).posting
    stages.returned(world, case, by=world.reviewer, now=moment)
    intake.amend(Ref.of(stages.again(case)), by=world.clerk, now=moment, quantity=Decimal(4))
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=moment))
    stages.passed(world, [case], by=world.clerk, now=moment)
    return stages.again(case), first, moment


def corrected(world: World, moment: datetime) -> tuple[Application, Posting]:
    """A case that was taken off the village's board to be corrected, and waits for it again."""
    case, _ = stages.reach(world, State.VILLAGE_POSTING, now=moment)
    first = stages.displayed(world, [case], kind=VILLAGE, now=moment)
    stages.do(reviews.correct([Ref.of(stages.again(case))], by=world.clerk, now=moment, opinion="面积有误。"))
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=moment))
    stages.passed(world, [case], by=world.second_clerk, now=moment)
    return stages.again(case), first


def fresh(world: World, moment: datetime) -> Application:
    return stages.reach(world, State.VILLAGE_POSTING, now=moment)[0]


def put_up(posting: Posting, by: User, now: datetime) -> object:
    act = Display(place="村务公开栏", displayed_at=now, witness="吴监督", photo=photo())
    return postings.display([posting.pk], act=act, by=by, now=now)


def test_a_case_that_the_township_had_corrected_upwards_supplements_its_village_sheet_by_itself(
    world: World,
) -> None:
    case, first, moment = outgrown(world)
    again = stages.displayed(world, [case], kind=VILLAGE, now=moment)
    assert again.supplements == first
    entry = again.entries.get()
    assert (entry.repeats, entry.row["remark"]) == (first.entries.get(), "补充公示")


def test_the_township_s_corrections_hang_apart_from_first_timers_on_the_desk_s_picker(world: World) -> None:
    case, first, moment = outgrown(world)
    new = fresh(world, moment)
    with clock_at(moment):
        client = as_(world.clerk)
        page = client.get(address(VILLAGE, world.village.pk, world.grain.pk))
        linked = client.get(address(VILLAGE, world.village.pk, world.grain.pk, supplements=first.pk))
    heaps = [(heap.source, [pick.case for pick in heap.picks]) for heap in page.context["heaps"]]
    assert heaps == [(None, [new]), (first, [case])]
    assert [pick.case for pick in page.context["picks"] if pick.ticked] == [new]
    assert [pick.case for pick in linked.context["picks"] if pick.ticked] == [case]
    assert [line.row["remark"] for line in page.context["paper"].lines] == [""]
    assert [line.row["remark"] for line in linked.context["paper"].lines] == ["补充公示"]
    assert f"曾在{first}第1号公示。" in page.content.decode()


def test_both_sheets_and_the_case_say_which_row_repeats_which(world: World) -> None:
    case, first, moment = outgrown(world)
    again = stages.displayed(world, [case], kind=VILLAGE, now=moment)
    with clock_at(moment):
        client = as_(world.clerk)
        new, old = (client.get(one.get_absolute_url()).content.decode() for one in (again, first))
        tab = client.get(f"{case.get_absolute_url()}?tab=sheets").content.decode()
    assert f'曾在<a href="{first.get_absolute_url()}">{first}</a>第1号公示' in new
    assert f'后来在<a href="{again.get_absolute_url()}">{again}</a>第1号重新公示' in old
    assert f"重新公示，原在{first}第1号" in tab


@pytest.mark.parametrize("how", ["outgrown", "corrected"])
def test_first_timers_and_corrections_are_not_drafted_on_one_sheet(world: World, how: str) -> None:
    if how == "outgrown":
        case, first, moment = outgrown(world)
    else:
        moment = world.now
        case, first = corrected(world, moment)
    new = fresh(world, moment)
    refused(lambda: stages.sheet(world, [case, new], kind=VILLAGE, now=moment), MIXED)
    refused(
        lambda: stages.sheet(world, [new], kind=VILLAGE, now=moment, supplements=first),
        f"不是从{first}上更正的，不能作为它的补充公示",
    )
    assert stages.displayed(world, [case], kind=VILLAGE, now=moment).supplements == first
    assert stages.displayed(world, [new], kind=VILLAGE, now=moment).supplements is None


def test_corrections_of_two_sheets_are_drafted_apart(world: World) -> None:
    (one, first), (two, second) = corrected(world, world.now), corrected(world, world.now)
    refused(
        lambda: stages.sheet(world, [one, two], kind=VILLAGE, now=world.now),
        f"原来分别在{first}、{second}上公示过",
    )
    shown = supplements.shown_before([one.pk, two.pk], VILLAGE)
    assert list(supplements.heaps([one, two], VILLAGE, shown)) == [first.pk, second.pk]


def drafted_before(world: World, cases: list[Application], change: dict[str, object]) -> Posting:
    """A draft as it was before sheets were told apart, or as a hand in the database left it."""
    posting = stages.sheet(world, cases[:1], kind=VILLAGE, now=world.now)
    for position, case in enumerate(cases[1:], 2):
        first = posting.entries.get(position=1)
        first.pk, first.position, first.application = None, position, case
        first.save()
    Posting.objects.filter(pk=posting.pk).update(**change)
    return Posting.objects.get(pk=posting.pk)


def test_a_mixed_sheet_is_not_put_up_either(world: World) -> None:
    case, _ = corrected(world, world.now)
    posting = drafted_before(world, [case, fresh(world, world.now)], {})
    refused(lambda: put_up(posting, world.clerk, world.now), MIXED)


def test_a_first_timer_on_a_supplement_is_not_put_up(world: World) -> None:
    _, first = corrected(world, world.now)
    posting = drafted_before(world, [fresh(world, world.now)], {"supplements": first})
    refused(lambda: put_up(posting, world.clerk, world.now), "是第一次公示，不能列在补充公示上")


def test_a_correction_on_a_sheet_that_supplements_nothing_is_not_put_up(world: World) -> None:
    case, first = corrected(world, world.now)
    posting = drafted_before(world, [case], {"supplements": None})
    refused(lambda: put_up(posting, world.clerk, world.now), f"原来在{first}上公示过，应当是它的补充公示")


def test_what_came_down_as_a_whole_is_no_correction_and_keeps_the_sheet_it_was_corrected_from(
    world: World,
) -> None:
    case, first = corrected(world, world.now)
    second = stages.displayed(world, [case], kind=VILLAGE, now=world.now)
    postings.take_down(second, by=world.clerk, now=world.now, reason="公开栏倒塌。")
    third = stages.displayed(world, [case], kind=VILLAGE, now=world.now)
    assert (third.supplements, third.entries.get().repeats) == (first, second.entries.get())


def test_a_list_that_changed_since_it_was_drafted_and_printed_is_not_put_up(world: World) -> None:
    case = fresh(world, world.now)
    posting = stages.sheet(world, [case], kind=VILLAGE, now=world.now)
    payee = stages.again(case).payee
    type(payee).objects.filter(pk=payee.pk).update(name="改名示例")
    refused(lambda: put_up(posting, world.clerk, world.now), "第1号和拟稿时不同：名单有变化，请重新拟稿打印")
    drafts.discard(posting, by=world.clerk, now=world.now)
    stages.displayed(world, [case], kind=VILLAGE, now=world.now)


def test_a_row_of_the_draft_changed_in_the_database_is_not_put_up(world: World) -> None:
    posting = stages.sheet(world, [fresh(world, world.now)], kind=VILLAGE, now=world.now)
    posting.entries.update(amount=Decimal("1.00"))
    refused(lambda: put_up(posting, world.clerk, world.now), "第1号和拟稿时不同：名单有变化")


@pytest.mark.parametrize("name", ["title", "text", "standard", "discipline_phone", "batch_label", "digest"])
def test_a_heading_that_is_not_what_was_printed_is_not_put_up(world: World, name: str) -> None:
    posting = stages.sheet(world, [fresh(world, world.now)], kind=VILLAGE, now=world.now)
    Posting.objects.filter(pk=posting.pk).update(**{name: "别的内容"})
    refused(
        lambda: put_up(posting, world.clerk, world.now), "的文字或公示期和拟稿时不同：名单有变化，请重新拟稿"
    )


def test_a_draft_from_before_there_were_checksums_is_drafted_anew(world: World) -> None:
    posting = stages.sheet(world, [fresh(world, world.now)], kind=VILLAGE, now=world.now)
    Posting.objects.filter(pk=posting.pk).update(digest="")
    refused(lambda: put_up(posting, world.clerk, world.now), "拟稿时还没有校验码，请删除后重新拟稿打印")


def test_cut_after_it_was_drafted_a_case_is_drafted_anew(world: World) -> None:
    case = fresh(world, world.now)
    posting = stages.sheet(world, [case], kind=VILLAGE, now=world.now)
    stages.do(reviews.take_back([Ref.of(case)], by=world.clerk, now=world.now, opinion="面积算多了。"))
    stages.do(
        reviews.pass_on(
            [Ref.of(stages.again(case))],
            by=world.clerk,
            now=world.now,
            opinion="实测2亩。",
            cuts={case.pk: Cut(Decimal(2), Decimal(600), "实测2亩×300元")},
        )
    )
    refused(lambda: put_up(posting, world.clerk, world.now), "第1号和拟稿时不同：名单有变化")
