"""The table of acts on a case (办理事项): slug, form, verb, law, and the words of its page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict

from applications.machine import transition_table
from applications.models import Application
from applications.standing import Standing
from applications.states import LEVEL_OF, State
from registry.models import User
from workflow import intake, permissions, reviews
from workflow.forms.reviews import (
    ActForm,
    PassForm,
    ReasonForm,
    RejectForm,
    ResubmitForm,
    SendBackForm,
    WithdrawForm,
)
from workflow.models import Act
from workflow.results import Ref, Result

SOURCES = transition_table()


class Told(TypedDict):
    """What every verb is told besides the case."""

    by: User
    now: datetime
    key: str


Verb = Callable[[Any, list[Ref], Told, date], list[Result]]
Law = Callable[[Application, Standing, int], object]


@dataclass(frozen=True)
class ActPage:
    """One act: its form, its verb, the law it is tried against, and what the page says."""

    slug: str
    label: str
    explanation: str
    done: str
    form: type[ActForm]
    methods: tuple[str, ...]
    verb: Verb
    law: Law
    danger: bool = False

    @property
    def sources(self) -> frozenset[State]:
        """The states that the act starts from, as the state machine declares them."""
        return frozenset(source for method in self.methods for source in SOURCES[method])

    def act(self, case: Application) -> Act:
        """The act as predicate and decision know it."""
        return (
            reviews.PASS.get(State(case.state), Act.PASS_VILLAGE) if self.slug == "pass" else Act(self.slug)
        )

    def label_for(self, case: Application) -> str:
        """The button's word; passing and refusing are named by level."""
        if self.slug == "pass" and case.state in reviews.PASS:
            return self.act(case).label
        if self.slug == "reject" and case.state == State.VILLAGE_REVIEW:
            return "不予上报"
        return self.label


def _opinion(verb: Callable[..., list[Result]]) -> Verb:
    def call(form: Any, refs: list[Ref], told: Told, today: date) -> list[Result]:
        return verb(refs, opinion=form.cleaned_data["opinion"], **told)

    return call


def _plain(verb: Callable[..., list[Result]]) -> Verb:
    def call(form: Any, refs: list[Ref], told: Told, today: date) -> list[Result]:
        return verb(refs, **told)

    return call


def _pass(form: PassForm, refs: list[Ref], told: Told, today: date) -> list[Result]:
    cut = form.cut()
    cuts = {refs[0].pk: cut} if cut else None
    return reviews.pass_on(refs, opinion=form.cleaned_data["opinion"], cuts=cuts, **told)


def _send_back(form: SendBackForm, refs: list[Ref], told: Told, today: date) -> list[Result]:
    return reviews.send_back(refs, faults=form.named(form.cleaned_data), delivered_on=today, **told)


def _reject(form: RejectForm, refs: list[Ref], told: Told, today: date) -> list[Result]:
    data = form.cleaned_data
    return reviews.reject(refs, reason_code=data["reason_code"], opinion=data["opinion"], **told)


def _pass_law(case: Application, standing: Standing, by: int) -> None:
    if case.state == State.TOWNSHIP_REVIEW:
        case.pass_township_review(standing, by=by)
    elif case.state == State.DISTRICT_REVIEW:
        case.pass_district_review(standing, by=by)
    else:
        case.pass_village_review(standing, by=by)


def _resubmit_law(case: Application, standing: Standing, by: int) -> None:
    level = LEVEL_OF[State(case.state)]
    again = case.restart if standing.lowest_uncovered_below(level) else case.resubmit
    again(standing, by=by, level=level)


PAGES: dict[str, ActPage] = {
    page.slug: page
    for page in (
        ActPage(
            "submit",
            "提交申请",
            "提交后进入村级申报，内容不能再改；要改只能由村里退回补正。",
            "申请已提交",
            ActForm,
            ("submit",),
            _plain(intake.submit),
            lambda case, standing, by: case.submit(standing, by=by),
        ),
        ActPage(
            "pass",
            "通过",
            "通过后进入本级公示，等待列入公示名单。",
            "已通过，等待公示",
            PassForm,
            ("pass_village_review", "pass_township_review", "pass_district_review"),
            _pass,
            _pass_law,
        ),
        ActPage(
            "resubmit",
            "补正后再报",
            "补正后由系统判断：公示过的内容没有调高的，回到退回的那一级；否则从村级申报重新开始。",
            "已重新报送",
            ResubmitForm,
            ("resubmit", "restart"),
            _opinion(intake.resubmit),
            _resubmit_law,
        ),
        ActPage(
            "send_back",
            "退回补正",
            "要补正的内容必须一次写全。补正期限从今天通知送达起算，到期没有补正的会催办，不会自动终止。",
            "已退回补正",
            SendBackForm,
            ("send_back",),
            _send_back,
            lambda case, standing, by: case.send_back(standing, by=by, level=LEVEL_OF[State(case.state)]),
        ),
        ActPage(
            "return_to_township",
            "退回乡级重审",
            "退回后由乡镇重新审核，已经公示的仍然有效。",
            "已退回乡级重审",
            ReasonForm,
            ("return_to_township",),
            _opinion(reviews.return_to_township),
            lambda case, standing, by: case.return_to_township(standing, by=by),
        ),
        ActPage(
            "take_back",
            "收回",
            "通过以后发现问题、还没有张贴公示的，可以收回重新办理。",
            "已收回",
            ReasonForm,
            ("take_back",),
            _opinion(reviews.take_back),
            lambda case, standing, by: case.take_back(standing, by=by, level=LEVEL_OF[State(case.state)]),
        ),
        ActPage(
            "stop",
            "暂停公告",
            "暂停后回到区级审定，重新审查。",
            "已暂停公告",
            ReasonForm,
            ("stop",),
            _opinion(reviews.stop),
            lambda case, standing, by: case.stop(standing, by=by),
        ),
        ActPage(
            "correct",
            "更正",
            "公示的这一行有误的，撤出公示，退回村里补正，补正后从村级申报重新公示满期。名单上的其他各件不受影响。",
            "已撤出公示，退回更正",
            ReasonForm,
            ("correct",),
            _opinion(reviews.correct),
            lambda case, standing, by: case.correct(standing, by=by, level=LEVEL_OF[State(case.state)]),
            danger=True,
        ),
        ActPage(
            "reject",
            "不予批准",
            "不予批准后本申请结束，要书面告知申请人理由和申请复核的办法。正在公示的会撤出公示。",
            "已作出决定，请书面告知申请人",
            RejectForm,
            ("reject",),
            _reject,
            lambda case, standing, by: case.reject(standing, by=by, level=LEVEL_OF[State(case.state)]),
            danger=True,
        ),
        ActPage(
            "lapse",
            "逾期终止",
            "只有补正期限已过并且催办过的，才能终止。终止后要书面告知申请人。",
            "已逾期终止",
            ReasonForm,
            ("lapse",),
            _opinion(reviews.lapse),
            lambda case, standing, by: case.lapse(standing, by=by, level=permissions.returned_by(case)),
            danger=True,
        ),
        ActPage(
            "withdraw",
            "撤回",
            "公告以前，申请人随时可以撤回。正在公示的会撤出公示。撤回后要再申请的，重新录入。",
            "申请已撤回",
            WithdrawForm,
            ("withdraw",),
            _opinion(intake.withdraw),
            lambda case, standing, by: case.withdraw(standing, by=by),
            danger=True,
        ),
        ActPage(
            "discard",
            "作废草稿",
            "作废后这份草稿不能再用，录入记录保留。",
            "草稿已作废",
            ActForm,
            ("discard",),
            _plain(intake.discard),
            lambda case, standing, by: case.discard(standing, by=by),
            danger=True,
        ),
        ActPage(
            "revoke",
            "撤销",
            "公告以后发现不应补助的，由区级撤销。原公告保留，注明这一件已撤销，同时自动发布更正公告。",
            "已撤销，更正公告已发布",
            ReasonForm,
            ("revoke",),
            _opinion(reviews.revoke),
            lambda case, standing, by: case.revoke(standing, by=by),
            danger=True,
        ),
    )
}
