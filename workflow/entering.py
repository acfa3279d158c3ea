"""What entering one case and entering a list of them share: ask the rules, take numbers, write. Opens no transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from applications import eligibility
from applications.eligibility import Claim, Live, Surroundings
from applications.models import Application, Attachment, Programme
from applications.states import LEVEL_OF, State
from registry.appointments import Actor
from registry.models import Household, Member, User
from registry.refusal import Refused
from workflow import engine, numbers, permissions
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result


class NotComplete(Refused):
    """A draft that cannot be handed in yet."""


class PayeeMissing(Refused):
    """A household without a head, and no payee named."""


@dataclass(frozen=True)
class Form:
    """What the village enters for a household. `payee` None means the person helped, or the head of household."""

    programme: Programme
    household: Household
    quantity: Decimal
    applied_on: date
    member: Member | None = None
    payee: Member | None = None
    option: str = ""
    reason: str = ""
    committed: bool = False
    follows: Application | None = None


@dataclass(frozen=True)
class Settled:
    """A form that the rules allow, with who is paid and the amount."""

    form: Form
    payee: Member
    assessed: eligibility.Assessment


def queue_up(households: Iterable[int]) -> None:
    """One entry of a household at a time: two at once would each see the cap unused, and no twin."""
    rows = Household.objects.select_for_update(no_key=True).only("pk").order_by("pk")
    list(rows.filter(pk__in=set(households)))


def standing(programme: int) -> Programme:
    """The programme as it stands now, until the entry is written: meanwhile nobody edits it or adds a version."""
    rows = Programme.objects.select_for_update(of=("self",), no_key=True).select_related("region")
    found = rows.get(pk=programme)
    eligibility.refuse_superseded(found, eligibility.superseded([found.pk]).get(found.pk))
    return found


def kept(assessed: eligibility.Assessment) -> dict[str, str | int]:
    """What the amount was computed from, as the case keeps it."""
    return {"already": f"{assessed.given.already:.2f}", "heads": assessed.given.heads}


def payee_of(form: Form) -> Member:
    """Who is paid: the named payee, the person helped, or the head of the household."""
    payee = form.payee or form.member or form.household.head
    if payee is None:
        raise PayeeMissing("该户没有登记户主，请先补全户籍信息或选择收款人。")
    return payee


def claim_of(form: Form) -> Claim:
    return Claim(form.programme, form.household, form.member, payee_of(form), form.quantity, form.option)


def settle(form: Form, *, actor: Actor, around: Surroundings | None = None) -> Settled:
    """Ask every rule about one form; raises the refusal of the first that says no."""
    village = form.household.village
    permissions.may_enter(actor, village, form.household).enforce()
    claim = claim_of(form)
    if form.applied_on > actor.on:
        raise NotComplete("申请日期不能晚于今天。")
    assessed = eligibility.assess(claim, village=village, today=actor.on, around=around)
    return Settled(form, claim.payee, assessed)


def settle_all(forms: Sequence[Form], *, actor: Actor) -> list[Settled | Refused]:
    """Ask the rules about each form of a list, as if those before it were entered already. Two statements."""
    claims = [claim_of(form) for form in forms if form.payee or form.member or form.household.head]
    known = _Known(eligibility.surroundings(claims))
    found: list[Settled | Refused] = []
    for form in forms:
        try:
            one = settle(form, actor=actor, around=known.around(form))
            known.add(one)
            found.append(one)
        except Refused as refused:
            found.append(refused)
    return found


class _Known:
    """The surroundings of a list, looked up by household and person: a scan per form would grow with its square."""

    def __init__(self, around: Surroundings) -> None:
        self.whole = around
        self.of: dict[tuple[str, int | None], list[Live]] = defaultdict(list)
        for one in around.live:
            self._file(one)

    def _file(self, one: Live) -> None:
        self.of["household", one.household].append(one)
        if one.member is not None:
            self.of["member", one.member].append(one)

    def around(self, form: Form) -> Surroundings:
        near = list(self.of["household", form.household.pk])
        if form.member is not None:
            near += [one for one in self.of["member", form.member.pk] if one not in near]
        return replace(self.whole, live=near)

    def add(self, made: Settled) -> None:
        programme, member = made.form.programme, made.form.member
        self._file(
            Live(
                pk=-1,
                number="本次清单",
                household=made.form.household.pk,
                member=member.pk if member else None,
                amount=made.assessed.amount.value,
                code=programme.code,
                region=programme.region_id,
                year=programme.year,
                cap_group=str(programme.rule.get("cap_group") or ""),
            )
        )


def create(
    entries: Sequence[Settled], *, by: User, now: datetime, papers: Sequence[Attachment] = ()
) -> list[Result]:
    """Write the drafts of one village and programme, with one history line each, in sets. In the given order.

    `papers` came along with a single one: the line names them by kind and by the digest of their content.
    """
    if not entries:
        return []
    first = entries[0].form
    taken = numbers.applications(first.household.village, first.programme.year, len(entries))
    made = Application.objects.bulk_create(
        [
            Application(
                number=number,
                programme=one.form.programme,
                village=one.form.household.village,
                household=one.form.household,
                member=one.form.member,
                quantity=one.form.quantity,
                claimed_quantity=one.form.quantity,
                amount=one.assessed.amount.value,
                claimed_amount=one.assessed.amount.value,
                working=one.assessed.amount.working,
                clause=one.assessed.amount.clause,
                option=one.form.option,
                given=kept(one.assessed),
                reason=one.form.reason.strip(),
                payee=one.payee,
                payee_bank=one.payee.bank,
                payee_card=one.payee.card_number,  # type: ignore[misc]
                applied_on=one.form.applied_on,
                committed=one.form.committed,
                entered_by=by,
                entered_at=now,
                follows=one.form.follows,
            )
            for one, number in zip(entries, taken, strict=True)
        ]
    )
    proceeding = Proceeding(engine.locked([Ref(row.pk) for row in made]), by, now)
    cases = [proceeding.locked.cases[row.pk] for row in made]
    kinds = "、".join(dict.fromkeys(paper.paper.name if paper.paper else "其他材料" for paper in papers))
    files = {"files": [paper.kept_sha256 for paper in papers]} if papers else {}
    for case in cases:
        text = f"代办录入，{case.working}。" + (f"同时上传材料：{kinds}。" if papers else "")
        proceeding.touch(case, "enter", text=text, level=LEVEL_OF[State.DRAFT], data=files)
    proceeding.write()
    return [
        Result(case.pk, case.number, True, data={"amount": str(case.amount), "working": case.working})
        for case in cases
    ]
