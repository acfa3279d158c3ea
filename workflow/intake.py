"""The household's side, done by village staff (代办): enter, amend, attach, submit, resubmit, withdraw, discard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from applications import eligibility, papers, uploads
from applications.eligibility import Claim
from applications.models import Application, Attachment, AttachmentKind, RequiredPaper
from applications.standing import Standing
from applications.states import CORRECTIONS, LEVEL_OF, State, holder
from registry import appointments
from registry.models import Member, User
from workflow import arrears, engine, entering, pending, permissions, receipts, returns, sheets
from workflow.entering import Form as Form
from workflow.entering import NotComplete as NotComplete
from workflow.models import Act
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result, one


def enter(form: Form, *, by: User, now: datetime, key: str | None = None) -> Result:
    """Enter a draft for a household: eligibility is checked and the amount computed with its working."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="enter", by=by.pk, at=now)) is not None:
            return before[0]
        today = timezone.localdate(now)
        actor = appointments.actor(by, on=today)
        permissions.may_enter(actor, form.household.village, form.household).enforce()
        current = replace(form, programme=entering.standing(form.programme.pk))
        entering.queue_up([form.household.pk])
        settled = entering.settle(current, actor=actor)
        handed = pending.hand_over(form.household, form.programme, by=by)
        (result,) = entering.create([settled], by=by, now=now, papers=handed)
        pending.give(handed, result.pk)
        receipts.keep(key, [result])
        return result


def amend(
    ref: Ref,
    *,
    by: User,
    now: datetime,
    quantity: Decimal,
    payee: Member | None = None,
    option: str | None = None,
    reason: str | None = None,
    committed: bool | None = None,
    key: str | None = None,
) -> Result:
    """Change a draft or a case in correction: quantity, payee, reason. Household, person and programme never."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="amend", by=by.pk, at=now)) is not None:
            return before[0]
        entering.queue_up(Application.objects.filter(pk=ref.pk).values_list("household_id", flat=True))
        proceeding = Proceeding(engine.locked([ref]), by, now)
        actor = proceeding.actor
        assert actor is not None
        changed: dict[str, bool] = {}

        def law(application: Application, standing: Standing) -> None:
            if State(application.state) not in CORRECTIONS | {State.DRAFT}:
                raise NotComplete("只有草稿和退回补正中的申请可以修改内容。")
            paid = payee or application.payee
            chosen = application.option if option is None else option
            claim = Claim(
                application.programme, application.household, application.member, paid, quantity, chosen
            )
            assessed = eligibility.assess(
                claim,
                village=application.village,
                today=proceeding.today,
                besides=application.pk,
                in_window=State(application.state) is State.DRAFT,
            )
            amount = assessed.amount
            # The texts stay out of history, which is kept when personal data goes: only that they differ.
            if reason is not None and reason.strip() != application.reason:
                changed["reason_changed"] = True
            if paid.card_number != application.payee_card:
                changed["card_changed"] = True
            application.option, application.given = chosen, entering.kept(assessed)
            application.quantity = application.claimed_quantity = quantity
            application.amount = application.claimed_amount = amount.value
            application.working, application.clause = amount.working, amount.clause
            application.payee, application.payee_bank = paid, paid.bank
            application.payee_card = paid.card_number
            application.reason = application.reason if reason is None else reason.strip()
            application.committed = application.committed if committed is None else committed

        case = proceeding.step(
            ref,
            "amend",
            law,
            permitted=lambda application: permissions.may_amend(actor, application),
            level=LEVEL_OF[State.DRAFT],
            text="修改申请内容。",
            data=changed,
        )
        if case is None:
            return one(proceeding.results)
        # The sealed card is bound to its row and goes through save(), which leaves state and revision alone.
        case.save(
            update_fields=[
                "quantity",
                "claimed_quantity",
                "amount",
                "claimed_amount",
                "working",
                "clause",
                "option",
                "given",
                "payee",
                "payee_bank",
                "payee_card",
                "reason",
                "committed",
            ]
        )
        proceeding.write()
        result = Result(
            case.pk, case.number, True, data={"amount": str(case.amount), "working": case.working}
        )
        receipts.keep(key, [result])
        return result


def attach(
    ref: Ref,
    *,
    paper: RequiredPaper | None,
    upload: UploadedFile,
    by: User,
    now: datetime,
    key: str | None = None,
) -> Attachment:
    """Add a paper to a case that the village may still change; files are never replaced."""
    file = uploads.prepare(upload)
    with transaction.atomic(durable=True):
        result = one(_take_in(ref, [file], paper=paper, by=by, now=now, key=key))
        return Attachment.objects.get(pk=result.pk)


def attach_all(
    ref: Ref,
    *,
    paper: RequiredPaper | None,
    files: Sequence[UploadedFile],
    by: User,
    now: datetime,
    key: str | None = None,
) -> list[Result]:
    """Add the files of a paper, each answered for itself: a broken photo does not cost the good ones."""
    looked_at = [_prepared(upload) for upload in files]
    if not any(isinstance(file, uploads.Prepared) for file in looked_at):
        raise uploads.BadFile("".join(f"{sentence}" for sentence in looked_at))
    with transaction.atomic(durable=True):
        return _take_in(ref, looked_at, paper=paper, by=by, now=now, key=key)


def _take_in(
    ref: Ref,
    files: Sequence[uploads.Prepared | str],
    *,
    paper: RequiredPaper | None,
    by: User,
    now: datetime,
    key: str | None,
) -> list[Result]:
    """Add files in the caller's transaction; in the place of one that cannot be taken stands the sentence why."""
    if (before := receipts.first(key, act="attach", by=by.pk, at=now)) is not None:
        return before
    proceeding = Proceeding(engine.locked([ref]), by, now)
    actor = proceeding.actor
    assert actor is not None
    digests = [file.kept_sha256 for file in files if isinstance(file, uploads.Prepared)]
    name, many = paper.name if paper else "其他材料", len(digests)
    case = proceeding.step(
        Ref(ref.pk),
        "attach",
        lambda application, standing: None,
        permitted=lambda application: permissions.may_amend(actor, application),
        level=LEVEL_OF[State.DRAFT],
        text=f"上传材料：{name}{f'（{many}个文件）' if many > 1 else ''}。",
        data={"files": digests},
    )
    if case is None:
        one(proceeding.results)
        raise AssertionError("a refused step raises")
    results = []
    for file in files:
        if isinstance(file, str):
            results.append(Result(0, "", False, file))
            continue
        kept = uploads.keep(file, kind=AttachmentKind.PAPER, by=by.pk, at=now, application=case, paper=paper)
        results.append(Result(kept.pk, case.number, True))
    proceeding.write()
    receipts.keep(key, results)
    return results


def _prepared(upload: UploadedFile) -> uploads.Prepared | str:
    """The file as it will be kept, or why it cannot be taken."""
    try:
        return uploads.prepare(upload)
    except uploads.BadFile as bad:
        return bad.sentence


def submit(refs: Sequence[Ref], *, by: User, now: datetime, key: str | None = None) -> list[Result]:
    """Hand drafts in (提交): complete, with the commitment signed; each case's process begins."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="submit", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        cases = list(proceeding.locked.cases.values())
        lacking, newer = papers.missing(cases), eligibility.superseded(case.programme_id for case in cases)
        around = eligibility.surroundings(map(_claim, cases))

        def law(application: Application, standing: Standing) -> None:
            eligibility.refuse_superseded(application.programme, newer.get(application.programme_id))
            if not application.committed:
                raise NotComplete("请先由申请人签署承诺，再提交申请。")
            if lacking.get(application.pk):
                raise NotComplete(f"还缺少材料：{'、'.join(lacking[application.pk])}，补齐后才能提交。")
            _assess_again(application, proceeding.today, around)
            application.submit(standing, by=by.pk)

        for ref in refs:
            proceeding.act(ref, Act.SUBMIT, law, opinion="提交申请")
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def _claim(application: Application) -> Claim:
    return Claim(
        application.programme,
        application.household,
        application.member,
        application.payee,
        application.claimed_quantity,
        application.option,
    )


def _assess_again(application: Application, today: date, around: eligibility.Surroundings) -> None:
    """Between draft and hand-in somebody may have died, moved, been entered twice, or used up the cap."""
    claim = _claim(application)
    amount = eligibility.assess(
        claim, village=application.village, today=today, besides=application.pk, around=around
    ).amount
    if amount.value != application.claimed_amount:
        raise NotComplete(
            f"按现在的情况重新核算为{amount.value:.2f}元（{amount.working}），请修改保存后再提交。"
        )


def resubmit(
    refs: Sequence[Ref], *, by: User, now: datetime, opinion: str = "", key: str | None = None
) -> list[Result]:
    """Report corrected cases again (补正后再报). Whether back to the level that returned them, or again from
    the village, follows from what the postings below still cover; nobody ticks it."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="resubmit", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        lacking = papers.missing(list(proceeding.locked.cases.values()))
        faults = returns.open_faults(proceeding.locked.cases)
        for ref in refs:
            case = proceeding.locked.cases.get(ref.pk)
            again = case is not None and _restarts(case, proceeding.standings[case.pk])

            def law(application: Application, standing: Standing, again: bool = again) -> None:
                if lacking.get(application.pk):
                    raise NotComplete(f"还缺少材料：{'、'.join(lacking[application.pk])}，补齐后才能再报。")
                eligibility.refuse_wrong_person(_claim(application))
                move = application.restart if again else application.resubmit
                move(standing, by=by.pk, level=holder(application.state))

            act = Act.RESTART if again else Act.RESUBMIT
            said = opinion or act.label
            # Not refused: whoever returned the case judges what is mended (see `mending`).
            if left := "、".join(f"{one.number}" for one in faults.get(ref.pk, ()) if one.mended_at is None):
                said = f"{said.rstrip('。')}。没有勾选已补正的：第{left}条。"
            proceeding.act(ref, act, law, level=LEVEL_OF[State.DRAFT], opinion=said)
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def _restarts(application: Application, standing: Standing) -> bool:
    state = State(application.state)
    return state in CORRECTIONS and standing.lowest_uncovered_below(LEVEL_OF[state]) is not None


def withdraw(
    refs: Sequence[Ref], *, by: User, now: datetime, opinion: str, key: str | None = None
) -> list[Result]:
    """Take applications back at the household's wish, at any time before the announcement (撤回)."""
    if not opinion.strip():
        raise NotComplete("撤回必须写明申请人的意思。")
    arrears.make_up([ref.pk for ref in refs], now=now)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="withdraw", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(sheets.locked_with_sheets(refs), by, now)
        gone = [
            proceeding.act(
                ref,
                Act.WITHDRAW,
                lambda application, standing: application.withdraw(standing, by=by.pk),
                level=LEVEL_OF[State.DRAFT],
                opinion=opinion.strip(),
            )
            for ref in refs
        ]
        sheets.take_out([case for case in gone if case], reason="撤回", locked=proceeding.locked, at=now)
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def discard(refs: Sequence[Ref], *, by: User, now: datetime, key: str | None = None) -> list[Result]:
    """Put drafts away that were never handed in (作废); their history stays."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="discard", by=by.pk, at=now)) is not None:
            return before
        proceeding = Proceeding(engine.locked(refs), by, now)
        for ref in refs:
            proceeding.act(
                ref,
                Act.DISCARD,
                lambda application, standing: application.discard(standing, by=by.pk),
                opinion="作废草稿",
            )
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results
