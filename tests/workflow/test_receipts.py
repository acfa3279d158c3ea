"""The same form twice, somebody else's key, and a form that is older than the case."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from applications.models import Application
from applications.states import State
from registry.models import User
from registry.refusal import Refused
from tests import stages
from tests.workflow import written
from tests.world import MU, World, photo
from workflow import announcements, appeals, engine, intake, objections, postings, reviews
from workflow.complaints import Complaint
from workflow.models import (
    Channel,
    Decision,
    Objection,
    ObjectionOutcome,
    PostingEntry,
    PostingKind,
    Receipt,
    RefusalCode,
    Telling,
    Way,
)
from workflow.postings import Display
from workflow.receipts import KeyOfAnother
from workflow.results import Conflict, Ref, Result, one
from workflow.reviews import FaultText

Act = Callable[[str], list[Result]]


def listed(result: Result | list[Result]) -> list[Result]:
    return result if isinstance(result, list) else [result]


def entering(world: World) -> Act:
    form = intake.Form(world.grain, world.household(), MU, timezone.localdate(world.now), committed=True)
    return lambda key: listed(intake.enter(form, by=world.clerk, now=world.now, key=key))


def amending(world: World) -> Act:
    ref = Ref.of(stages.draft(world))
    return lambda key: listed(intake.amend(ref, by=world.clerk, now=world.now, quantity=Decimal(2), key=key))


def submitting(world: World) -> Act:
    refs = [Ref.of(stages.draft(world)), Ref.of(stages.draft(world))]
    return lambda key: intake.submit(refs, by=world.clerk, now=world.now, key=key)


def discarding(world: World) -> Act:
    refs = [Ref.of(stages.draft(world))]
    return lambda key: intake.discard(refs, by=world.clerk, now=world.now, key=key)


def withdrawing(world: World) -> Act:
    refs = [Ref.of(stages.submitted(world))]
    return lambda key: intake.withdraw(refs, by=world.clerk, now=world.now, opinion="申请人撤回。", key=key)


def resubmitting(world: World) -> Act:
    case = stages.submitted(world)
    stages.returned(world, case, by=world.clerk, now=world.now)
    refs = [Ref.of(stages.again(case))]
    return lambda key: intake.resubmit(refs, by=world.clerk, now=world.now, key=key)


def passing(world: World) -> Act:
    refs = [Ref.of(stages.submitted(world)), Ref.of(stages.submitted(world))]
    return lambda key: reviews.pass_on(refs, by=world.clerk, now=world.now, key=key)


def returning(world: World) -> Act:
    refs = [Ref.of(stages.submitted(world))]
    faults = [FaultText("缺少合同。")]
    return lambda key: reviews.send_back(refs, by=world.clerk, now=world.now, faults=faults, key=key)


def rejecting(world: World) -> Act:
    refs = [Ref.of(stages.submitted(world))]
    code = RefusalCode.FACTS
    return lambda key: reviews.reject(
        refs, by=world.clerk, now=world.now, reason_code=code, opinion="与事实不符。", key=key
    )


def taking_back(world: World) -> Act:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    return lambda key: reviews.take_back(
        [Ref.of(case)], by=world.clerk, now=moment, opinion="漏项。", key=key
    )


def giving_back(world: World) -> Act:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    refs = [Ref.of(case)]
    return lambda key: reviews.return_to_township(
        refs, by=world.approver, now=moment, opinion="请重审面积。", key=key
    )


def displaying(world: World) -> Act:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.sheet(world, [case], kind=PostingKind.VILLAGE, now=moment)
    return lambda key: postings.display(
        [posting.pk],
        act=Display("村务公开栏", moment, "吴监督", photo()),
        by=world.clerk,
        now=moment,
        key=key,
    )


def taking_down(world: World) -> Act:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    return lambda key: postings.take_down(posting, by=world.clerk, now=moment, reason="被雨淋湿。", key=key)


def correcting(world: World) -> Act:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    refs = [Ref.of(stages.again(case))]
    return lambda key: reviews.correct(refs, by=world.clerk, now=moment, opinion="面积写错。", key=key)


def publishing(world: World) -> Act:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    posting = stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment)
    announcements.write_items(posting, items=stages.ITEMS, by=world.approver, now=moment)
    return lambda key: announcements.publish(posting.pk, by=world.approver, now=moment, key=key)


def stopping(world: World) -> Act:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    return lambda key: reviews.stop([Ref.of(case)], by=world.approver, now=moment, opinion="核查。", key=key)


def revoking(world: World) -> Act:
    case, moment = stages.reach(world, State.ANNOUNCED)
    return lambda key: reviews.revoke(
        [Ref.of(case)], by=world.approver, now=moment, opinion="骗取。", key=key
    )


def deciding_an_objection(world: World) -> Act:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    objection = stages.lodged(world, case, posting, now=moment)
    stages.investigated(objection, by=world.clerk, now=moment)
    return lambda key: listed(
        objections.decide(
            objection,
            by=world.clerk,
            now=moment,
            outcome=ObjectionOutcome.NOT_UPHELD,
            findings="现场丈量。",
            reason="面积属实。",
            key=key,
        )
    )


def objected(world: World, *ways: str) -> Objection:
    """A named objection to a village's row, brought on by some steps."""
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    complaint = Complaint(Channel.WEB, "面积不足。", name="吴异议人", to_confirm=True)
    made = objections.lodge(PostingEntry.objects.get(posting=posting), complaint=complaint, now=moment)
    told: dict[str, Any] = {"by": world.clerk, "now": moment}
    for way in ways:
        if way == "accept":
            objections.accept(made, **told)
        else:
            objections.not_accept(made, reason="没有事实。", **told)
    return made


def handled(step: str, *ways: str, **values: Any) -> Callable[[World], Act]:
    """One step in the handling, as an act that answers with what it left behind."""

    def verb(world: World) -> Act:
        made = objected(world, *ways)

        def act(key: str) -> list[Result]:
            kept = getattr(objections, step)(made, by=world.clerk, now=world.now, key=key, **values)
            return [Result(kept.pk, kept.state, True)]

        return act

    verb.__name__ = f"objection {step}"
    return verb


def lodging(world: World) -> Act:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    entry = PostingEntry.objects.get(posting=posting)
    complaint = Complaint(Channel.WEB, "面积不足。", anonymous=True)
    return lambda key: [
        Result(objections.lodge(entry, complaint=complaint, now=moment, key=key).pk, "", True)
    ]


def appealing(world: World) -> Act:
    made = objected(world, "not accept")
    return lambda key: [Result(appeals.lodge(made, facts="有事实。", now=world.now, key=key).pk, "", True)]


def writing_items(world: World) -> Act:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    posting = stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment)

    def act(key: str) -> list[Result]:
        made = announcements.write_items(posting, items=stages.ITEMS, by=world.approver, now=moment, key=key)
        return [Result(made.pk, "", True)]

    return act


def photographing_the_end(world: World) -> Act:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    end = stages.after(posting)

    def act(key: str) -> list[Result]:
        made = postings.add_end_photo(posting, photo=photo(), by=world.clerk, now=end, key=key)
        return [Result(made.pk, "", True)]

    return act


VERBS = (
    entering,
    amending,
    submitting,
    discarding,
    withdrawing,
    resubmitting,
    passing,
    returning,
    rejecting,
    taking_back,
    giving_back,
    displaying,
    taking_down,
    correcting,
    publishing,
    stopping,
    revoking,
    deciding_an_objection,
    lodging,
    handled("confirm"),
    handled("accept"),
    handled("not_accept", reason="没有事实。"),
    handled("investigate", "accept", investigators=["甲", "乙"]),
    handled("withdraw", reason="来电撤回。"),
    handled("pass_on", to="区纪委〔示例〕", reason="反映镇干部。"),
    handled("tell", "accept", matter=Telling.ACCEPTANCE, way=Way.BY_PHONE, told_on=date(2021, 3, 1)),
    appealing,
    writing_items,
    photographing_the_end,
)


@pytest.mark.parametrize("verb", VERBS, ids=[verb.__name__ for verb in VERBS])
def test_the_same_form_twice_answers_with_the_first_result_and_writes_nothing(
    world: World, verb: Callable[[World], Act]
) -> None:
    act, key = verb(world), uuid4().hex
    first = act(key)
    assert all(result.done for result in first)
    assert Receipt.objects.filter(key=key).count() == 1
    again: list[Result] = []
    assert written.changed(lambda: again.extend(act(key))) == set()
    assert again == first


def test_a_form_that_was_refused_answers_with_the_same_refusal_and_its_changes(world: World) -> None:
    case = stages.submitted(world)
    old = Ref(case.pk, case.revision - 1)
    key = uuid4().hex
    first = reviews.pass_on([old], by=world.clerk, now=world.now, key=key)
    assert [(result.done, result.conflict, len(result.changes)) for result in first] == [(False, True, 1)]
    again: list[Result] = []
    act = lambda: again.extend(reviews.pass_on([old], by=world.clerk, now=world.now, key=key))  # noqa: E731
    assert written.changed(act) == set()
    assert again == first


def test_the_key_of_another_person_is_refused(world: World) -> None:
    first, second = stages.submitted(world), stages.submitted(world)
    key = uuid4().hex
    stages.do(reviews.pass_on([Ref.of(first)], by=world.clerk, now=world.now, key=key))

    def with_it(by: User) -> None:
        with pytest.raises(KeyOfAnother) as refused:
            reviews.pass_on([Ref.of(second)], by=by, now=world.now, key=key)
        assert refused.value.sentence == "该操作凭证已用于其他操作，请刷新页面后重试。"

    assert written.changed(lambda: with_it(world.second_clerk)) == set()


def test_the_key_of_another_act_is_refused(world: World) -> None:
    first, second = stages.submitted(world), stages.submitted(world)
    key = uuid4().hex
    stages.do(reviews.pass_on([Ref.of(first)], by=world.clerk, now=world.now, key=key))

    def for_a_return() -> None:
        with pytest.raises(KeyOfAnother):
            reviews.send_back(
                [Ref.of(second)], by=world.clerk, now=world.now, faults=[FaultText("缺少合同。")], key=key
            )

    assert written.changed(for_a_return) == set()


def test_a_refused_verb_that_raises_leaves_its_key_free(world: World) -> None:
    case, key = stages.draft(world), uuid4().hex

    def too_much() -> None:
        with pytest.raises(Refused):
            intake.amend(Ref.of(case), by=world.clerk, now=world.now, quantity=Decimal(9999), key=key)

    assert written.changed(too_much) == set()
    assert intake.amend(Ref.of(case), by=world.clerk, now=world.now, quantity=Decimal(2), key=key).done


def test_no_key_means_that_every_call_is_a_new_one(world: World) -> None:
    case = stages.submitted(world)
    stages.do(reviews.pass_on([Ref.of(case)], by=world.clerk, now=world.now))
    (second,) = reviews.pass_on([Ref(case.pk)], by=world.clerk, now=world.now)
    assert not second.done
    assert Receipt.objects.count() == 0


def returned_and_resubmitted(world: World) -> tuple[Application, Ref]:
    """A case in the same state as when a form was loaded, but another case: returned, amended, resubmitted."""
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    form = Ref.of(case)
    stages.returned(world, case, by=world.reviewer, now=moment)
    intake.amend(Ref.of(stages.again(case)), by=world.clerk, now=moment, quantity=Decimal(2))
    stages.do(intake.resubmit([Ref.of(stages.again(case))], by=world.clerk, now=moment))
    now = stages.again(case)
    assert now.state == State.TOWNSHIP_REVIEW
    assert now.revision == form.revision + 3  # type: ignore[operator]
    return now, form


def test_a_form_older_than_a_return_and_resubmission_is_refused_with_what_changed(world: World) -> None:
    case, form = returned_and_resubmitted(world)

    def with_the_old_form() -> None:
        with pytest.raises(Conflict) as refused:
            one(reviews.pass_on([form], by=world.second_reviewer, now=world.later(60)))
        assert [(change.by, change.text) for change in refused.value.changes] == [
            ("李审核", "退回补正：1. 缺少土地承包合同复印件"),
            ("王村一", "修改申请内容。"),
            ("王村一", "补正后再报。没有勾选已补正的：第1条。"),
        ]
        assert case.number in refused.value.sentence

    assert written.changed(with_the_old_form) == set()
    stages.do(reviews.pass_on([Ref.of(case)], by=world.second_reviewer, now=world.later(60)))


def test_without_the_comparison_of_revisions_the_old_form_would_have_passed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, form = returned_and_resubmitted(world)
    monkeypatch.setattr(engine, "compare", lambda application, ref: None)
    assert one(reviews.pass_on([form], by=world.second_reviewer, now=world.later(60))).done
    assert Decision.objects.filter(application=case, by=world.second_reviewer).count() == 1
