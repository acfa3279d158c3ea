"""Announcements: one sheet, many cases, ten items, numbers that never change (公告)."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from stdnum.cn import uscc

from applications.models import Application
from applications.states import State
from registry.models import Region, User
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World
from workflow import announcements, consistency, drafts, reviews
from workflow.announcements import LABELS, Listing
from workflow.models import (
    AnnouncementSheet,
    EntryOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.proceedings import Cut
from workflow.results import Ref, Result

SHEET = PostingKind.ANNOUNCEMENT


def ready(world: World, number: int) -> tuple[list[Application], datetime]:
    """Cases that wait for their announcement."""
    reached = [stages.reach(world, State.ANNOUNCEMENT) for _ in range(number)]
    return [case for case, _ in reached], reached[0][1]


def drafted(world: World, cases: list[Application], *, now: datetime) -> Posting:
    """An announcement with its ten items written."""
    sheet = stages.sheet(world, cases, kind=SHEET, now=now)
    announcements.write_items(sheet, items=stages.ITEMS, by=world.approver, now=now)
    return sheet


def publish(world: World, sheet: Posting, *, now: datetime) -> list[Result]:
    return announcements.publish(sheet.pk, by=world.approver, now=now)


def test_a_held_case_stays_for_a_later_sheet(world: World) -> None:
    cases, moment = ready(world, 3)
    village = PostingEntry.objects.get(application=cases[1], level=PostingKind.VILLAGE).posting
    objection = stages.lodged(world, cases[1], village, now=moment)
    assert announcements.waiting(world.county, world.grain) == cases
    first = drafted(world, cases, now=moment)
    results = publish(world, first, now=moment)
    assert [(one.pk, one.done) for one in results] == [(case.pk, case is not cases[1]) for case in cases]
    assert "未办结异议" in results[1].sentence
    assert list(first.entries.values_list("application_id", "position", "outcome")) == [
        (cases[0].pk, 1, EntryOutcome.ANNOUNCED),
        (cases[2].pk, 2, EntryOutcome.ANNOUNCED),
    ]
    stages.decided(objection, "not_upheld", by=world.clerk, now=moment)
    assert announcements.waiting(world.county, world.grain) == [stages.again(cases[1])]
    later = moment + timedelta(days=3)
    second = drafted(world, [cases[1]], now=later)
    assert publish(world, second, now=later)[0].done
    assert [stages.again(case).state for case in cases] == [State.ANNOUNCED] * 3
    numbers = Posting.objects.filter(kind=SHEET).order_by("pk").values_list("number", flat=True)
    assert list(numbers) == ["示公告〔2021〕1号", "示公告〔2021〕2号"]
    assert list(consistency.faults()) == []


def test_an_index_number_is_the_publisher_s_code_month_and_serial_of_the_year(world: World) -> None:
    found = []
    for _ in range(2):
        cases, moment = ready(world, 1)
        sheet = drafted(world, cases, now=moment)
        publish(world, sheet, now=moment)
        found.append(AnnouncementSheet.objects.get(posting=sheet))
    assert moment.month == 4
    assert [one.index_number for one in found] == [
        "113417030032496887/202104-00001",
        "113417030032496887/202104-00002",
    ]
    assert uscc.is_valid(found[0].index_number.split("/")[0])
    assert (found[0].publisher, found[0].announced_on, found[0].published_on) == (
        "示例区乡村振兴局",
        moment.date(),
        moment.date(),
    )


def test_the_serial_begins_again_with_the_year_and_the_month_does_not_reset_it(world: World) -> None:
    cases, moment = ready(world, 3)
    found = []
    for case, days in zip(cases, (0, 40, 300), strict=True):
        sheet = drafted(world, [case], now=moment + timedelta(days=days))
        publish(world, sheet, now=moment + timedelta(days=days))
        found.append(AnnouncementSheet.objects.get(posting=sheet).index_number.split("/")[1])
    assert found == ["202104-00001", "202105-00002", "202201-00001"]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "113417030032496888",
        "11341703003249688",
        "示例代码〔示例〕",
    ],
)
def test_a_body_without_a_valid_code_publishes_nothing_and_uses_no_number(world: World, code: str) -> None:
    cases, moment = ready(world, 1)
    sheet = drafted(world, cases, now=moment)
    Region.objects.filter(pk=world.county.pk).update(publisher_code=code)
    refused(
        lambda: publish(world, sheet, now=moment),
        "示例区乡村振兴局没有有效的统一社会信用代码，不能生成索引号",
    )
    Region.objects.filter(pk=world.county.pk).update(publisher_code="113417030032496887")
    publish(world, sheet, now=moment)
    assert Posting.objects.get(pk=sheet.pk).number == "示公告〔2021〕1号"


@pytest.mark.parametrize("name", LABELS)
def test_each_of_the_ten_items_is_asked_for_by_its_name(world: World, name: str) -> None:
    cases, moment = ready(world, 1)
    sheet = stages.sheet(world, cases, kind=SHEET, now=moment)
    items = replace(stages.ITEMS, **{name: " "})
    announcements.write_items(sheet, items=items, by=world.approver, now=moment)
    refused(lambda: publish(world, sheet, now=moment), f"公告十项还缺少：{LABELS[name]}，补齐后才能公告")


LISTING = Listing("扶贫项目", "综合政务")


def listed(world: World, sheet: Posting, listing: Listing, *, now: datetime) -> AnnouncementSheet:
    return announcements.write_items(sheet, items=stages.ITEMS, listing=listing, by=world.approver, now=now)


def test_the_catalogue_holds_what_was_written_and_the_days(world: World) -> None:
    cases, moment = ready(world, 1)
    sheet = drafted(world, cases, now=moment)
    drawn_up, later = moment.date(), moment + timedelta(days=2)
    listed(world, sheet, Listing("救灾〔示例〕", "民政〔示例〕", " 示文〔示例〕 ", drawn_up), now=moment)
    publish(world, sheet, now=later)
    kept = AnnouncementSheet.objects.get(posting=sheet)
    assert (kept.category, kept.topic, kept.document_number) == (
        "救灾〔示例〕",
        "民政〔示例〕",
        "示文〔示例〕",
    )
    assert (kept.generated_on, kept.published_on, kept.announced_on) == (drawn_up, later.date(), later.date())


@pytest.mark.parametrize(("name", "label"), [("category", "组配分类"), ("topic", "主题分类")])
def test_the_catalogue_must_be_complete(world: World, name: str, label: str) -> None:
    cases, moment = ready(world, 1)
    sheet = drafted(world, cases, now=moment)
    listed(world, sheet, replace(LISTING, **{name: " "}), now=moment)
    refused(lambda: publish(world, sheet, now=moment), f"信息公开目录还缺少：{label}，补齐后才能公告")


def test_an_announcement_is_not_dated_into_the_future(world: World) -> None:
    cases, moment = ready(world, 1)
    sheet = drafted(world, cases, now=moment)
    tomorrow = replace(LISTING, generated_on=moment.date() + timedelta(days=1))
    refused(lambda: listed(world, sheet, tomorrow, now=moment), "晚于今天，请核对")
    AnnouncementSheet.objects.filter(posting=sheet).update(generated_on=tomorrow.generated_on)
    refused(lambda: publish(world, sheet, now=moment), "晚于今天，请核对")
    assert publish(world, sheet, now=moment + timedelta(days=1))[0].done


def test_an_announcement_is_not_dated_before_its_last_posting_closed(world: World) -> None:
    cases, moment = ready(world, 1)
    sheet = drafted(world, cases, now=moment)
    listed(world, sheet, replace(LISTING, generated_on=moment.date() - timedelta(days=1)), now=moment)
    refused(lambda: publish(world, sheet, now=moment), "早于名单进入待公告的日期")
    listed(world, sheet, replace(LISTING, generated_on=moment.date()), now=moment)
    assert publish(world, sheet, now=moment)[0].done


def test_the_same_form_sent_twice_writes_the_items_once(world: World) -> None:
    cases, moment = ready(world, 1)
    sheet = stages.sheet(world, cases, kind=SHEET, now=moment)

    def write(place: str, key: str, by: User = world.approver) -> AnnouncementSheet:
        items = replace(stages.ITEMS, place=place)
        return announcements.write_items(sheet, items=items, by=by, now=moment, key=key)

    first = write("示例镇", "one")
    write("示例村", "two")
    assert write("示例镇", "one").pk == first.pk
    assert AnnouncementSheet.objects.get(posting=sheet).place == "示例村"
    refused(lambda: write("示例镇", "one", world.second_approver), "该操作凭证已用于其他操作")


def test_a_publishing_that_fails_at_its_end_leaves_no_gap(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases, moment = ready(world, 2)
    first, second = (drafted(world, [case], now=moment) for case in cases)

    def fail(*args: object) -> None:
        raise RuntimeError("the machine stops")

    with monkeypatch.context() as broken:
        broken.setattr(announcements.receipts, "keep", fail)
        with pytest.raises(RuntimeError):
            publish(world, first, now=moment)
    assert Posting.objects.get(pk=first.pk).state == PostingState.DRAFT
    publish(world, second, now=moment)
    publish(world, first, now=moment)
    found = AnnouncementSheet.objects.order_by("index_number").values_list("posting", "index_number")
    assert [(key, number.split("-")[1]) for key, number in found] == [
        (second.pk, "00001"),
        (first.pk, "00002"),
    ]


def test_all_items_missing_are_named_at_once(world: World) -> None:
    cases, moment = ready(world, 1)
    sheet = stages.sheet(world, cases, kind=SHEET, now=moment)
    refused(lambda: publish(world, sheet, now=moment), "、".join(LABELS.values()))


def test_an_announcement_lacking_a_phone_is_not_published(world: World) -> None:
    cases, moment = ready(world, 1)
    sheet = drafted(world, cases, now=moment)
    Posting.objects.filter(pk=sheet.pk).update(discipline_phone="")
    refused(lambda: publish(world, sheet, now=moment), "还缺少：纪委监督电话")


def test_an_announcement_is_published_once_and_then_no_longer_written_to(world: World) -> None:
    cases, moment = ready(world, 1)
    sheet = drafted(world, cases, now=moment)
    publish(world, sheet, now=moment)
    refused(lambda: publish(world, sheet, now=moment), "不是拟稿状态，可能已经公告")
    refused(
        lambda: announcements.write_items(sheet, items=stages.ITEMS, by=world.approver, now=moment),
        "只有拟稿中的公告可以修改十项内容",
    )
    refused(lambda: drafts.discard(sheet, by=world.approver, now=moment), "永久保留")


def test_a_case_on_two_drafts_is_announced_once(world: World) -> None:
    cases, moment = ready(world, 1)
    first, second = (drafted(world, cases, now=moment) for _ in range(2))
    publish(world, first, now=moment)
    refused(lambda: publish(world, second, now=moment), "名单中没有可以公告的申请")


@pytest.mark.parametrize("who", ["clerk", "reviewer", "supervisor", "administrator", "stranger"])
def test_announcing_is_the_district_s(world: World, who: str) -> None:
    cases, moment = ready(world, 1)
    sheet = drafted(world, cases, now=moment)
    other = getattr(world, who)
    refused(lambda: announcements.publish(sheet.pk, by=other, now=moment), "您没有这项任职")


def test_the_announced_row_shows_what_was_claimed_and_what_is_granted(world: World) -> None:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    cut = Cut(Decimal(2), Decimal(600), "2亩 × 300.00元/亩 = 600.00元")
    ref = Ref.of(stages.again(case))
    stages.do(reviews.pass_on([ref], by=world.approver, now=moment, opinion="实测2亩。", cuts={case.pk: cut}))
    moment = stages.ran(world, [case], kind=PostingKind.DISTRICT, now=moment)
    sheet, _ = stages.announced(world, [case], now=moment)
    row = sheet.entries.get().row
    assert (row["quantity"], row["claimed_amount"], row["amount"], row["remark"]) == (
        "2",
        "900.00",
        "600.00",
        "核减",
    )


def test_a_draft_is_thrown_away_with_its_items_and_without(world: World) -> None:
    cases, moment = ready(world, 1)
    drafts.discard(drafted(world, cases, now=moment), by=world.approver, now=moment)
    drafts.discard(stages.sheet(world, cases, kind=SHEET, now=moment), by=world.approver, now=moment)
    assert not Posting.objects.filter(kind=SHEET).exists()
    assert not AnnouncementSheet.objects.exists()


def test_the_list_keeps_the_order_it_was_drafted_in(world: World) -> None:
    second, _ = stages.reach(world, State.ANNOUNCEMENT, village=1)
    first, moment = stages.reach(world, State.ANNOUNCEMENT, village=0)
    sheet = drafted(world, [second, first], now=moment)
    drafted_order = list(sheet.entries.order_by("position").values_list("application_id", flat=True))
    assert drafted_order == [first.pk, second.pk]
    publish(world, sheet, now=moment)
    assert list(sheet.entries.order_by("position").values_list("application_id", flat=True)) == drafted_order
    assert Posting.objects.get(pk=sheet.pk).state == PostingState.PUBLISHED


def test_publishing_more_cases_costs_no_more_statements_for_the_cases(world: World) -> None:
    counts = []
    for number in (1, 6):
        cases, moment = ready(world, number)
        sheet = drafted(world, cases, now=moment)
        with CaptureQueriesContext(connection) as captured:
            publish(world, sheet, now=moment)
        counts.append(len(captured))
    assert counts[0] == counts[1]
