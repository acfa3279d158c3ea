"""Entering for a household: pick, preview, save, change, attach. A refusal keeps every typed word."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from applications.models import Application, Attachment, Beneficiary, ProgrammeKind, RequiredPaper
from applications.states import State
from registry.models import Category, Household, Interest, MemberStatus
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, key_of, url
from tests.world import World, photo, programme
from workflow.models import PostingKind
from workflow.views.picking import programmes_for

NEW = "/applications/new/"
TIERS = {"kind": "tiers", "tiers": {"省外": "500", "省内市外": "400"}, "clause": "示例文件〔示例〕"}


def form_of(household: Household, wanted: Any) -> str:
    return f"{NEW}?household={household.pk}&programme={wanted.pk}"


def typed(world: World, **values: Any) -> dict[str, Any]:
    return {
        "quantity": "4",
        "applied_on": "2021-03-01",
        "payee": "",
        "reason": "家中新增耕地。",
        "committed": "on",
        "key": stages.key(),
        **values,
    }


def test_first_step_finds_households_of_the_persons_own_villages(world: World) -> None:
    mine, other = world.household(name="欧阳示例"), world.household(name="王示例")
    world.household(village=1, name="欧阳邻村")
    with clock_at(world.now):
        client = as_(world.clerk)
        assert [one.pk for one in client.get(NEW).context["households"]] == [mine.pk, other.pk]
        assert [one.pk for one in client.get(f"{NEW}?q=欧阳").context["households"]] == [mine.pk]
        assert [one.pk for one in client.get(f"{NEW}?q={other.number}").context["households"]] == [other.pk]


def test_second_step_offers_what_is_open_and_fits_in_its_newest_version(world: World) -> None:
    household = world.household(category=Category.MARGINAL)
    programme(world.county, name="已截止", closes_on=date(2021, 2, 28))
    programme(world.county, name="未开始", opens_on=date(2021, 3, 2))
    programme(world.county, name="已停用", active=False)
    programme(world.county, name="只作记录", kind=ProgrammeKind.TRAINING)
    programme(world.county, name="别的类别", target_categories=[Category.GENERAL])
    programme(world.villages[1], name="别的村")
    newer = programme(world.county, name="新版本", code=world.grain.code, version=2)
    last_day = programme(world.county, name="今天截止", closes_on=date(2021, 3, 1))
    found = programmes_for(household, today=date(2021, 3, 1))
    assert {row.pk for row in found} == {newer.pk, world.travel.pk, last_day.pk}
    with clock_at(world.now):
        page = as_(world.clerk).get(f"{NEW}?household={household.pk}")
    assert {row.pk for row in page.context["programmes"]} == {row.pk for row in found}


def test_draft_is_saved_with_its_amount_and_working(world: World) -> None:
    household = world.household()
    with clock_at(world.now):
        client = as_(world.clerk)
        shown = client.get(form_of(household, world.grain))
        assert shown.context["form"]["applied_on"].value() == date(2021, 3, 1)
        sent = typed(world, key=key_of(shown))
        response = client.post(form_of(household, world.grain), sent)
        case = Application.objects.get()
        assert (response.status_code, response["Location"]) == (302, case.get_absolute_url())
        page = client.get(case.get_absolute_url()).content.decode()
        assert "4亩 × 300.00元/亩 = 1200.00元" in page
        again = client.post(form_of(household, world.grain), sent)
    assert again["Location"] == case.get_absolute_url()
    assert (case.state, case.amount, case.reason, case.committed) == ("draft", 1200, "家中新增耕地。", True)
    assert (case.entered_by, case.payee) == (world.clerk, household.head)
    assert Application.objects.count() == 1


def test_preview_computes_and_writes_nothing_with_and_without_javascript(world: World) -> None:
    household = world.household()
    before = everything()
    with clock_at(world.now):
        client = as_(world.clerk)
        partial = client.post(
            f"{form_of(household, world.grain)}&preview=1", typed(world), headers={"hx-request": "true"}
        )
        whole = client.post(form_of(household, world.grain), typed(world, preview="1"))
    assert partial.content.decode().lstrip().startswith("<dl")
    assert "4亩 × 300.00元/亩 = 1200.00元" in partial.content.decode()
    page = whole.content.decode()
    assert whole.status_code == 200
    assert "4亩 × 300.00元/亩 = 1200.00元" in page
    assert "家中新增耕地。" in page
    assert 'value="4"' in page
    assert "没有提交成功" not in page
    assert everything() == before


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [("", "填好以后，这里显示金额和计算过程。"), ("99", "数量99亩超过每户最多50亩"), ("x", "填好以后")],
)
def test_preview_says_why_there_is_no_amount(world: World, quantity: str, sentence: str) -> None:
    household = world.household()
    with clock_at(world.now):
        response = as_(world.clerk).post(
            f"{form_of(household, world.grain)}&preview=1",
            typed(world, quantity=quantity),
            headers={"hx-request": "true"},
        )
    assert response.status_code == 200
    assert sentence in response.content.decode()


REFUSALS = [
    ({"quantity": "99"}, "数量99亩超过每户最多50亩，请核对是否填错。"),
    ({"quantity": "0.5"}, "数量不能少于1亩，这是该项目的起补标准。"),
    ({"quantity": "0"}, "数量必须大于0。"),
    ({"quantity": "三亩"}, "请填写数字。"),
    ({"applied_on": "2021-03-02"}, "申请日期不能晚于今天。"),
    ({"applied_on": ""}, "这个字段是必填项。"),
]


@pytest.mark.parametrize(("wrong", "sentence"), REFUSALS)
def test_refusal_keeps_every_typed_word_and_writes_nothing(
    world: World, wrong: dict[str, str], sentence: str
) -> None:
    household = world.household()
    before = everything()
    sent = typed(world, **wrong)
    with clock_at(world.now):
        response = as_(world.clerk).post(form_of(household, world.grain), sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert "家中新增耕地。" in page
    for value in wrong.values():
        assert f'value="{value}"' in page or not value
    assert "checked" in page
    assert everything() == before


def test_household_without_a_head_is_refused_with_a_sentence(world: World) -> None:
    household = world.household()
    household.members.update(relationship="other")
    with clock_at(world.now):
        response = as_(world.clerk).post(form_of(household, world.grain), typed(world))
    assert response.status_code == 422
    assert "该户没有登记户主，请先补全户籍信息或选择收款人。" in response.content.decode()


def test_programme_per_person_asks_for_the_person_and_pays_them(world: World) -> None:
    household = world.household()
    member = world.member(household, name="示例外出人员")
    gone = world.member(household, name="示例已故", status=MemberStatus.DECEASED)
    tiers = programme(world.county, beneficiary=Beneficiary.PERSON, quantity_unit="人", rule=TIERS)
    with clock_at(world.now):
        client = as_(world.clerk)
        form = client.get(form_of(household, tiers)).context["form"]
        assert gone not in form.fields["member"].queryset
        sent = typed(world, quantity="1", option="省内市外")
        missing = client.post(form_of(household, tiers), sent)
        assert missing.status_code == 422
        assert client.post(form_of(household, tiers), {**sent, "member": gone.pk}).status_code == 422
        assert Application.objects.count() == 0
        assert client.post(form_of(household, tiers), {**sent, "member": member.pk}).status_code == 302
    case = Application.objects.get()
    assert (case.member, case.payee, case.amount, case.option) == (member, member, 400, "省内市外")


def test_member_of_another_household_cannot_be_picked(world: World) -> None:
    household, other = world.household(), world.household()
    with clock_at(world.now):
        sent = typed(world, quantity="1", member=other.head.pk if other.head else 0)
        response = as_(world.clerk).post(form_of(household, world.travel), sent)
    assert response.status_code == 422
    assert Application.objects.count() == 0


def test_refused_case_can_be_followed_by_a_new_one(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    assert "follows" not in _form(world, case.household).fields
    stages.do(
        stages.reviews.reject(
            [stages.Ref.of(case)], by=world.reviewer, now=moment, reason_code="facts", opinion="不符。"
        )
    )
    assert list(_form(world, case.household).fields["follows"].queryset) == [case]
    with clock_at(moment):
        sent = typed(world, follows=case.pk)
        assert as_(world.clerk).post(form_of(case.household, world.grain), sent).status_code == 302
    assert Application.objects.exclude(pk=case.pk).get().follows == case


def _form(world: World, household: Household) -> Any:
    with clock_at(world.now):
        return as_(world.clerk).get(form_of(household, world.grain)).context["form"]


def test_entering_is_for_the_village_clerk_of_the_household(world: World) -> None:
    household = world.household()
    before = everything()
    with clock_at(world.now):
        for person, status in (
            (world.clerks[1], 404),
            (world.reviewer, 403),
            (world.supervisor, 403),
            (world.stranger, 403),
        ):
            client = as_(person)
            assert client.get(form_of(household, world.grain)).status_code == status
            assert client.post(form_of(household, world.grain), typed(world)).status_code == status
        Interest.objects.create(
            user=world.clerk, household=household, kind="own", declared_on=world.now.date()
        )
        own = as_(world.clerk).post(form_of(household, world.grain), typed(world))
    assert own.status_code == 403
    assert "这是您本人家庭或近亲属家庭的申请" in own.content.decode()
    assert everything() == before


@pytest.mark.parametrize("query", ["?household=x", "?household=999999", "?household={0}&programme=999999"])
def test_household_or_programme_that_is_not_there_is_not_found(world: World, query: str) -> None:
    household = world.household()
    with clock_at(world.now):
        assert as_(world.clerk).get(NEW + query.format(household.pk)).status_code == 404


def test_draft_is_changed_and_its_amount_computed_anew(world: World) -> None:
    case = stages.draft(world)
    with clock_at(world.now):
        client, address = as_(world.clerk), url("application-amend", case.pk)
        form = client.get(address).context["form"]
        assert (form["quantity"].value(), form["committed"].value()) == ("3", True)
        sent = {"quantity": "5", "payee": case.payee_id, "reason": "更正面积。", "committed": "on"}
        sent |= {"revision": case.revision, "key": stages.key()}
        assert client.post(address, sent).status_code == 302
        before = everything()
        assert client.post(address, sent).status_code == 302
        assert everything() == before
        stale = client.post(address, {**sent, "key": stages.key()})
    assert stale.status_code == 409
    assert everything() == before
    now = stages.again(case)
    assert (now.quantity, now.amount, now.reason) == (5, 1500, "更正面积。")


def test_change_is_refused_to_others_and_once_handed_in(world: World) -> None:
    case = stages.draft(world)
    review, _ = stages.reach(world, State.VILLAGE_REVIEW)
    with clock_at(world.now):
        for person, one, status in (
            (world.clerks[1], case, 404),
            (world.reviewer, case, 403),
            (world.supervisor, case, 403),
            (world.clerk, review, 403),
        ):
            assert as_(person).get(url("application-amend", one.pk)).status_code == status


def test_paper_is_attached_and_a_bad_file_is_refused_with_its_reason(world: World) -> None:
    paper = RequiredPaper.objects.create(programme=world.grain, name="承包合同")
    case = stages.draft(world)
    address = url("application-attach", case.pk)
    with clock_at(world.now):
        client = as_(world.clerk)
        before = everything()
        bad = {
            "upload": SimpleUploadedFile("说明.pdf", b"<html>not a pdf", content_type="application/pdf"),
            "paper": paper.pk,
            "revision": case.revision,
        }
        refused = client.post(address, {**bad, "key": stages.key()})
        assert refused.status_code == 422
        assert "文件“说明.pdf”不是JPG、PNG照片或PDF，请换一个文件。" in refused.content.decode()
        empty = client.post(address, {"paper": paper.pk, "revision": case.revision, "key": stages.key()})
        assert empty.status_code == 422
        assert "请选择要上传的文件。" in empty.content.decode()
        assert everything() == before
        sent = {"upload": photo("合同.jpg"), "paper": paper.pk, "revision": case.revision}
        done = client.post(address, {**sent, "key": stages.key()})
        assert (done.status_code, done["Location"]) == (302, f"{case.get_absolute_url()}?tab=papers")
        assert "合同.jpg" in client.get(done["Location"]).content.decode()
    kept = Attachment.objects.get()
    assert (kept.application, kept.paper, kept.content_type) == (case, paper, "image/jpeg")


def test_attaching_is_refused_to_others_and_after_the_village(world: World) -> None:
    draft = stages.draft(world)
    gone, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        for person, case, status in (
            (world.clerks[1], draft, 404),
            (world.reviewer, draft, 403),
            (world.clerk, gone, 403),
        ):
            client, sent = as_(person), {"upload": photo(), "revision": case.revision, "key": stages.key()}
            assert client.get(url("application-attach", case.pk)).status_code == status
            assert client.post(url("application-attach", case.pk), sent).status_code == status
    assert Attachment.objects.filter(kind="paper").count() == 0


def test_double_click_on_upload_keeps_one_file(world: World) -> None:
    case = stages.draft(world)
    address, key = url("application-attach", case.pk), stages.key()
    with clock_at(world.now):
        for _ in range(2):
            sent = {"upload": photo("合同.jpg"), "revision": case.revision, "key": key}
            as_(world.clerk).post(address, sent)
    assert Attachment.objects.filter(application=case).count() == 1


def test_correction_shows_the_faults_and_can_be_amended_beyond_what_was_posted(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment, fault="面积不一致。")
    case = stages.again(case)
    with clock_at(moment):
        assert "面积不一致。" in as_(world.clerk).get(case.get_absolute_url()).content.decode()
        sent = {"quantity": "4", "payee": case.payee_id, "revision": case.revision, "key": stages.key()}
        assert as_(world.clerk).post(url("application-amend", case.pk), sent).status_code == 302
    assert stages.again(case).quantity == Decimal(4)
    assert case.entries.get().level == PostingKind.VILLAGE
