"""The page of a sheet says in plain words what its period is going through, whichever way it goes (公示情况)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from applications.models import Application
from applications.states import State
from registry.models import User
from tests import stages
from tests.workflow import written
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import on_display, waiting
from tests.world import World, photo
from workflow import drafts, postings, sweeps
from workflow.models import Posting, PostingEntry, PostingKind, PostingState


def said(who: User, posting: Posting, now: datetime) -> str:
    """The sentences at the head of the page, which must stand on it as they are."""
    with clock_at(now):
        page = as_(who).get(posting.get_absolute_url())
    sentences = [one.sentence for one in page.context["happening"]]
    text = page.content.decode()
    assert all(sentence in text for sentence in sentences)
    return "".join(sentences)


def closed(posting: Posting) -> datetime:
    moment = stages.after(posting)
    assert postings.close(posting.pk, now=moment).done
    return moment


def test_a_sheet_without_an_objection_says_when_it_ends_by_itself(world: World) -> None:
    posting = on_display(world, 2)
    assert said(world.clerk, posting, world.later(1)) == (
        "公示到2021年03月11日，当天结束后自动办结，没有未办结异议的条目进入下一步。"
    )


def test_all_held_says_that_the_whole_sheet_waits_and_the_clock_does_not(world: World) -> None:
    posting = on_display(world, 2)
    objections = [
        stages.lodged(world, entry.application, posting, now=world.later(1))
        for entry in posting.entries.all()
    ]
    assert said(world.clerk, posting, world.later(2)).startswith(
        "本张公示全部条目暂停：2件都有未办结异议。公示期照常计算，到2021年03月11日期满办结，"
    )
    after = closed(posting)
    text = said(world.clerk, posting, after)
    assert "这次公示期满时没有条目通过" in text
    assert "其中2件的异议还没有办结：异议不成立的，公示期照算，马上通过，不用重新公示。" in text
    stages.decided(objections[0], "not_upheld", by=world.clerk, now=after)
    assert "其中1件的异议还没有办结" in said(world.clerk, posting, after)


def test_one_held_says_that_the_others_go_on_by_themselves(world: World) -> None:
    posting = on_display(world, 3)
    stages.lodged(world, posting.entries.get(position=1).application, posting, now=world.later(6))
    assert said(world.clerk, posting, world.later(6)) == (
        "有1件存在未办结异议，期满后暂不进入下一步；其余2件不受影响，2021年03月11日结束后自动进入下一步。"
    )
    after = closed(posting)
    assert "1件期满时有异议，随异议的处理结果办理；其余2件已通过。" in said(world.clerk, posting, after)


def test_all_out_says_that_the_sheet_came_down_with_them(world: World) -> None:
    posting = on_display(world, 1)
    objection = stages.lodged(world, posting.entries.get().application, posting, now=world.later(1))
    stages.decided(objection, "corrected", by=world.clerk, now=world.later(2))
    assert said(world.clerk, posting, world.later(3)) == (
        "这张公示已撤下，原因：名单内已无条目。条目已全部撤出，公示随之撤下，公示期不算。"
        "因更正撤出的，更正后补充公示满期。名单和照片永久保留。"
    )


def test_taken_down_early_says_that_the_period_is_void(world: World) -> None:
    posting = on_display(world, 1)
    postings.take_down(posting, by=world.clerk, now=world.later(2), reason="标题有误。")
    assert said(world.clerk, posting, world.later(3)) == (
        "这张公示已撤下，原因：标题有误。公示期作废，退出的申请要重新公示满期。名单和照片永久保留。"
    )


def batch(world: World, case: Application, label: str, now: datetime) -> Posting:
    heading = drafts.default_heading(PostingKind.TOWNSHIP, world.township, world.grain)
    return drafts.prepare(
        kind=PostingKind.TOWNSHIP,
        region=world.township,
        programme=world.grain,
        applications=[case.pk],
        heading=replace(heading, batch_label=label),
        by=world.reviewer,
        now=now,
    )


def test_a_late_village_is_named_on_the_sheet_and_the_batches_know_each_other(world: World) -> None:
    ready, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    late = stages.submitted(world, village=1, now=moment)
    first = batch(world, ready, "第一批", moment)
    words = "还有村的申请没有全部报到这一步：示例2村。本张只公示第一批已报上来的申请，其余的报上来以后另行公示一批"
    assert words in said(world.reviewer, first, moment)
    act = postings.Display(place="镇政务公开栏", displayed_at=moment, witness="吴监督", photo=photo())
    postings.display([first.pk], act=act, by=world.reviewer, now=moment)
    assert words in said(world.reviewer, Posting.objects.get(pk=first.pk), moment)
    stages.passed(world, [late], by=world.clerks[1], now=moment)
    later = stages.ran(world, [late], kind=PostingKind.VILLAGE, now=moment, village=1)
    stages.passed(world, [late], by=world.reviewer, now=later)
    second = batch(world, late, "第二批", later)
    first.refresh_from_db()
    assert "还有村的申请没有全部报到这一步" not in said(world.reviewer, first, later)
    with clock_at(later):
        page = as_(world.reviewer).get(second.get_absolute_url())
    assert page.context["batches"] == [first]
    text = page.content.decode()
    assert "本张是第二批，各批分别公示满期、分别办结。同一名单的其他批次：" in text
    assert f"第一批（{first.number}，公示中）" in text


def test_sheets_of_one_act_of_display_say_that_each_has_its_own_clock(world: World) -> None:
    one, two = (
        stages.sheet(world, waiting(world, 1), kind=PostingKind.VILLAGE, now=world.now) for _ in range(2)
    )
    act = postings.Display(place="公开栏", displayed_at=world.now, witness="吴监督", photo=photo())
    postings.display([one.pk, two.pk], act=act, by=world.clerk, now=world.now)
    with clock_at(world.later(1)):
        text = as_(world.clerk).get(one.get_absolute_url()).content.decode()
    assert "一次张贴2张，各张分别计算公示期、分别办结，一张有异议不影响其他张。" in text
    entry = PostingEntry.objects.get(posting=one)
    stages.lodged(world, entry.application, one, now=world.later(1))
    assert sweeps.run(now=world.later(11)).closed == 2
    assert Posting.objects.get(pk=two.pk).entries.get().outcome == "passed"
    assert Posting.objects.get(pk=one.pk).entries.get().outcome == "not_passed"


def test_a_sheet_changed_in_the_database_says_that_it_will_not_close(world: World) -> None:
    posting = on_display(world, 1)
    PostingEntry.objects.filter(posting=posting).update(amount=1)
    text = said(world.clerk, posting, world.later(1))
    assert text.startswith(
        "名单与张贴时封存的名单不一致：数据库里的内容在封存以后被改动过。请立即核查。"
        "查清以前，这张公示期满也不会办结；"
    )
    assert "其他公示不受影响。" in text


def test_a_sheet_whose_last_day_has_ended_says_that_the_next_check_closes_it(world: World) -> None:
    posting = on_display(world, 1)
    assert said(world.clerk, posting, stages.after(posting)) == (
        "公示期已于2021年03月11日结束，系统在下一次检查时自动办结。"
    )


def test_the_photo_of_the_end_is_asked_for_and_a_reason_is_taken_instead(world: World) -> None:
    posting = on_display(world, 1)
    after = closed(posting)
    assert "还没有期满照片。不影响公示期和办结，但发布公告以前要补登记照片" in said(
        world.clerk, posting, after
    )
    client = as_(world.clerk)
    address = url("posting-excuse", posting.pk)
    with clock_at(after):
        page = client.get(posting.get_absolute_url())
        assert address in page.content.decode()
        before = written.everything()
        empty = client.post(address, {"reason": " ", "key": stages.key()})
        assert (empty.status_code, written.everything() == before) == (422, True)
        assert "请写明没有期满照片的原因。" in empty.content.decode()
        done = client.post(address, {"reason": "手机损坏。", "key": stages.key()})
    assert (done.status_code, done.url) == (302, posting.get_absolute_url())
    assert said(world.clerk, posting, after).endswith("没有期满照片，原因：手机损坏。")
    with clock_at(after):
        assert address not in client.get(posting.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("who", "status"), [("clerk", 200), ("reviewer", 200), ("supervisor", 403), ("stranger", 404)]
)
def test_who_may_give_the_reason(world: World, who: str, status: int) -> None:
    posting = on_display(world, 1)
    after = closed(posting)
    with clock_at(after):
        assert as_(getattr(world, who)).get(url("posting-excuse", posting.pk)).status_code == status


def test_the_certificate_has_a_page_that_does_not_change(world: World) -> None:
    posting = on_display(world, 2)
    entry = posting.entries.get(position=2)
    objection = stages.lodged(world, entry.application, posting, now=world.later(2))
    client, address = as_(world.clerk), url("posting-certificate", posting.pk)

    def page(now: datetime) -> Any:
        with clock_at(now):
            return client.get(address)

    assert page(world.later(3)).status_code == 404
    after = closed(posting)
    text = page(after).content.decode()
    for words in (
        "村务公开栏",
        "2021-03-01 至 2021-03-11，10个自然日（首日不计）",
        "2件，其中通过1件、期满时有未办结异议1件、撤出0件",
        "第2号",
        Posting.objects.get().certificate,
    ):
        assert words in text
    stages.decided(objection, "cancelled", by=world.clerk, now=after)
    assert page(after).content.decode() == text
    assert as_(world.stranger).get(address).status_code == 404
    assert Posting.objects.get().state == PostingState.CLOSED
