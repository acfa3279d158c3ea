"""What a village may enter and hand in for a household, and what it may not (代办录入, 提交)."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from applications.models import Application, ProgrammeKind, RequiredPaper
from applications.states import State
from registry.models import Category, Household, Interest, InterestKind, Member, MemberStatus
from tests import stages
from tests.workflow.refusing import refused
from tests.world import MU, World, photo, programme
from workflow import intake, reviews
from workflow.intake import Form
from workflow.models import RefusalCode
from workflow.results import Ref


def form(world: World, **values: object) -> Form:
    """A form that would be taken, but for the given values."""
    base: dict[str, object] = {
        "programme": world.grain,
        "household": values.get("household") or world.household(),
        "quantity": MU,
        "applied_on": date(2021, 3, 1),
        "committed": True,
    }
    return Form(**{**base, **values})  # type: ignore[arg-type]


def of_person(world: World, **values: object) -> Form:
    """A form for one person of a household, who is as the values say."""
    household = world.household()
    member = world.member(household, **values)  # type: ignore[arg-type]
    return form(world, programme=world.travel, household=household, member=member, quantity=Decimal(1))


def with_head(world: World, **values: object) -> Form:
    """A form for a household whose head is as the values say."""
    household = world.household()
    Member.objects.filter(household=household).update(**values)
    return form(world, household=household)


def without_head(world: World) -> Form:
    household = Household.objects.create(
        number="示例无户主",
        village=world.village,
        group="第1村民组",
        category=Category.GENERAL,
        phone="〔示例〕",
    )
    return form(world, household=household)


def second_time(world: World) -> Form:
    first = of_person(world)
    intake.enter(first, by=world.clerk, now=world.now)
    return first


def over_the_cap(world: World) -> Form:
    first = form(world, quantity=Decimal(20))
    intake.enter(first, by=world.clerk, now=world.now)
    return first


def payee_of_another(world: World) -> Form:
    return form(world, payee=world.household().head)


def member_of_another(world: World) -> Form:
    stranger = world.member(world.household())
    return form(world, programme=world.travel, member=stranger, quantity=Decimal(1))


BAD_FORMS: dict[str, tuple[Callable[[World], Form], str]] = {
    "quantity zero": (lambda w: form(w, quantity=Decimal(0)), "数量必须大于0"),
    "quantity negative": (lambda w: form(w, quantity=Decimal(-3)), "数量必须大于0"),
    "quantity below the least": (lambda w: form(w, quantity=Decimal("0.5")), "数量不能少于1亩"),
    "quantity absurd": (lambda w: form(w, quantity=Decimal(1_000_000)), "超过每户最多50亩，请核对是否填错"),
    "quantity finer than a posted row can show": (lambda w: form(w, quantity=Decimal("3.333")), "两位小数"),
    "two persons in one case": (
        lambda w: form(
            w, programme=w.travel, quantity=Decimal(2), member=w.member(h := w.household()), household=h
        ),
        "数量只能填1",
    ),
    "cap used up": (over_the_cap, "本年度已申报5000.00元，已达到每户每年封顶5000.00元"),
    "before the window": (
        lambda w: form(w, programme=programme(w.county, opens_on=date(2021, 3, 2))),
        "从2021年03月02日起申报",
    ),
    "after the window": (
        lambda w: form(w, programme=programme(w.county, closes_on=date(2021, 2, 28))),
        "已于2021年02月28日截止",
    ),
    "programme not in use": (lambda w: form(w, programme=programme(w.county, active=False)), "已停用"),
    "programme of another county": (
        lambda w: form(w, programme=programme(w.villages[1])),
        "不在本地实施",
    ),
    "programme that is a record only": (
        lambda w: form(w, programme=programme(w.county, kind=ProgrammeKind.TRAINING)),
        "只作记录，不走申报审批",
    ),
    "household of another village": (lambda w: form(w, household=w.household(village=1)), "您没有这项任职"),
    "household outside the target": (
        lambda w: form(w, programme=programme(w.county, target_categories=[Category.LOW_INCOME])),
        "该户类别是“一般脱贫户”",
    ),
    "applied tomorrow": (lambda w: form(w, applied_on=date(2021, 3, 2)), "申请日期不能晚于今天"),
    "applicant deceased": (lambda w: of_person(w, status=MemberStatus.DECEASED), "已登记为“死亡”"),
    "applicant moved away": (lambda w: of_person(w, status=MemberStatus.MOVED), "已登记为“迁出”"),
    "applicant paid by the state": (lambda w: of_person(w, public_employee=True), "是财政供养人员"),
    "head deceased and nobody else named": (
        lambda w: with_head(w, status=MemberStatus.DECEASED, status_on=date(2021, 2, 1)),
        "已登记为“死亡”",
    ),
    "no head": (without_head, "没有登记户主"),
    "member of another household": (member_of_another, "不是该户成员"),
    "payee of another household": (payee_of_another, "不是该户成员"),
    "nobody named where persons are helped": (
        lambda w: form(w, programme=w.travel, quantity=Decimal(1)),
        "请选择申请对象",
    ),
    "somebody named where households are helped": (
        lambda w: form(w, household=(h := w.household()), member=w.member(h)),
        "不需要选择申请对象",
    ),
    "same person in the same year": (second_time, "不能重复申报"),
}


@pytest.mark.parametrize("name", BAD_FORMS)
def test_a_bad_form_is_refused_and_nothing_is_written(world: World, name: str) -> None:
    make, words = BAD_FORMS[name]
    bad = make(world)
    refused(lambda: [intake.enter(bad, by=world.clerk, now=world.now)], words)


@pytest.mark.parametrize(
    "who", ["reviewer", "approver", "supervisor", "administrator", "stranger", "other village"]
)
def test_only_the_village_of_the_household_enters_for_it(world: World, who: str) -> None:
    person = world.clerks[1] if who == "other village" else getattr(world, who)
    good = form(world)
    refused(lambda: [intake.enter(good, by=person, now=world.now)], "由当地的村级经办人办理，您没有这项任职")


def test_nobody_enters_for_a_household_of_their_own(world: World) -> None:
    good = form(world)
    Interest.objects.create(
        user=world.clerk, household=good.household, kind=InterestKind.OWN, declared_on=date(2021, 1, 1)
    )
    refused(lambda: [intake.enter(good, by=world.clerk, now=world.now)], "请由其他经办人办理")


@pytest.mark.parametrize(
    ("quantity", "amount"), [("1", "300.00"), ("2.50", "750.00"), ("16", "4800.00"), ("50", "5000.00")]
)
def test_the_amount_follows_the_rule_and_stops_at_the_cap(world: World, quantity: str, amount: str) -> None:
    case = stages.draft(world, quantity=Decimal(quantity))
    assert (case.quantity, case.amount, case.claimed_amount) == (
        Decimal(quantity),
        Decimal(amount),
        Decimal(amount),
    )


def test_a_second_case_gets_what_the_cap_leaves_and_says_how(world: World) -> None:
    household = world.household()
    stages.draft(world, household=household, quantity=Decimal(10))
    second = stages.draft(world, household=household, quantity=Decimal(10))
    assert second.amount == Decimal("2000.00")
    assert second.working == (
        "10亩 × 300.00元/亩 = 3000.00元；每户每年封顶5000.00元，减去本年度已申报3000.00元，按2000.00元计"
    )


def uncommitted(world: World) -> Application:
    return stages.draft(world, committed=False)


def without_paper(world: World) -> Application:
    RequiredPaper.objects.create(programme=world.grain, name="土地承包合同")
    return stages.draft(world)


def died_since(world: World) -> Application:
    case = stages.draft(world)
    Member.objects.filter(pk=case.payee_id).update(status=MemberStatus.DECEASED, status_on=date(2021, 3, 1))
    return case


def closed_since(world: World) -> Application:
    short = programme(world.county, closes_on=date(2021, 2, 28))
    return stages.draft(world, programme=short, now=world.later(-3))


def handed_in(world: World) -> Application:
    return stages.reach(world, State.VILLAGE_REVIEW)[0]


BAD_DRAFTS: dict[str, tuple[Callable[[World], Application], str]] = {
    "without commitment": (uncommitted, "请先由申请人签署承诺"),
    "without a compulsory paper": (without_paper, "还缺少材料：土地承包合同"),
    "applicant died since": (died_since, "已登记为“死亡”"),
    "window closed since": (closed_since, "已于2021年02月28日截止"),
    "handed in already": (handed_in, "现在是“待村级申报”，不能这样办理"),
}


@pytest.mark.parametrize("name", BAD_DRAFTS)
def test_a_draft_that_is_not_ready_stays_a_draft(world: World, name: str) -> None:
    make, words = BAD_DRAFTS[name]
    case = stages.again(make(world))
    refused(lambda: intake.submit([Ref.of(case)], by=world.clerk, now=world.now), words)


BAD_FILES: dict[str, tuple[Callable[[], SimpleUploadedFile], str]] = {
    "over 20 MB": (
        lambda: SimpleUploadedFile("大.pdf", b"%PDF-1.7\n" + b"0" * (20 * 1024 * 1024)),
        "超过20MB",
    ),
    "empty": (lambda: SimpleUploadedFile("空.pdf", b""), "是空的"),
    "a text with a photo's name": (
        lambda: SimpleUploadedFile("照片.jpg", b"not a photo"),
        "不是JPG、PNG照片或PDF",
    ),
    "a damaged photo": (
        lambda: SimpleUploadedFile("照片.jpg", photo().read()[:200]),
        "打不开，可能已损坏",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_and_not_kept(world: World, name: str) -> None:
    make, words = BAD_FILES[name]
    case, bad = stages.draft(world), make()
    refused(
        lambda: intake.attach(Ref.of(case), paper=None, upload=bad, by=world.clerk, now=world.now),
        words,
    )


def test_a_file_of_exactly_20_mb_is_taken(world: World) -> None:
    case = stages.draft(world)
    head = b"%PDF-1.7\n"
    upload = SimpleUploadedFile("合同.pdf", head + b"0" * (20 * 1024 * 1024 - len(head)))
    kept = intake.attach(Ref.of(case), paper=None, upload=upload, by=world.clerk, now=world.now)
    assert (kept.size, kept.content_type) == (20 * 1024 * 1024, "application/pdf")


def test_a_case_under_review_is_neither_amended_nor_added_to(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    ref = Ref.of(case)
    words = "只有草稿、待村级申报和退回补正中的申请可以修改"
    refused(lambda: intake.amend(ref, by=world.clerk, now=moment, quantity=MU), words)
    refused(lambda: intake.attach(ref, paper=None, upload=photo(), by=world.clerk, now=moment), words)


def test_withdrawing_needs_the_household_s_wish_in_words(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    refused(
        lambda: intake.withdraw([Ref.of(case)], by=world.clerk, now=moment, opinion="  "),
        "撤回必须写明申请人的意思",
    )


@pytest.mark.parametrize("state", [State.ANNOUNCED, State.REJECTED])
def test_what_has_ended_is_not_withdrawn(world: World, state: State) -> None:
    reached, moment = stages.reach(
        world, State.ANNOUNCED if state is State.ANNOUNCED else State.TOWNSHIP_REVIEW
    )
    if state is State.REJECTED:
        reviews.reject(
            [Ref.of(reached)], by=world.reviewer, now=moment, reason_code=RefusalCode.FACTS, opinion="不符。"
        )
    ref = Ref.of(stages.again(reached))
    refused(
        lambda: intake.withdraw([ref], by=world.clerk, now=moment, opinion="申请人撤回。"), "不能这样办理"
    )


def test_only_a_draft_is_discarded(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_REVIEW)
    refused(lambda: intake.discard([Ref.of(case)], by=world.clerk, now=moment), "不能这样办理")


def test_handing_in_a_list_costs_as_many_statements_as_handing_in_one(world: World) -> None:
    counts = []
    for number in (2, 20):
        refs = [Ref.of(stages.draft(world)) for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            results = intake.submit(refs, by=world.clerk, now=world.now)
        assert all(result.done for result in results)
        counts.append(len(captured))
    assert counts[0] == counts[1]
