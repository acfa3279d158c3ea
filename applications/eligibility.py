"""Whether a household may apply for a programme, and what its amount is: the checks before a case is entered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, OuterRef, Q, Subquery

from applications.amounts import Amount, Given, UnitPriceRule
from applications.models import Application, Programme, ProgrammeKind
from applications.states import LIVE
from registry.models import Household, Member, MemberStatus, Region
from registry.refusal import Refused


class NotEligible(Refused):
    """The household, the person or the day does not fit the programme."""


@dataclass(frozen=True)
class Claim:
    """What is asked for: who, under which programme, how much. `member` only for programmes per person."""

    programme: Programme
    household: Household
    member: Member | None
    payee: Member
    quantity: Decimal
    option: str = ""


@dataclass(frozen=True)
class Assessment:
    """The amount and what it was computed from besides the quantity, kept so that it can be computed again."""

    amount: Amount
    given: Given


@dataclass(frozen=True)
class Live:
    """A case that counts against a cap or as a duplicate, with the columns that these rules ask for."""

    pk: int
    number: str
    household: int
    member: int | None
    amount: Decimal
    code: str
    region: int
    year: int
    cap_group: str

    def is_of(self, programme: Programme) -> bool:
        """Of the same programme and year, whatever its version."""
        return self.code == programme.code and self.is_beside(programme)

    def shares_the_cap_of(self, programme: Programme) -> bool:
        """Of a programme that draws on the same cap of a household and year."""
        group = _cap_group(programme.rule)
        return (self.cap_group == group and self.is_beside(programme)) if group else self.is_of(programme)

    def is_beside(self, programme: Programme) -> bool:
        return (self.region, self.year) == (programme.region_id, programme.year)


@dataclass(frozen=True)
class Surroundings:
    """What the rules ask of rows besides the claim: who lives in the households, and their live cases."""

    living: Mapping[int, int]
    live: Sequence[Live]

    def heads(self, household: Household) -> int:
        """The living members of the household who have not moved away; one at the least."""
        return max(1, self.living.get(household.pk, 0))

    def received(self, programme: Programme, household: Household, *, besides: int = 0) -> Decimal:
        """What the household has claimed in the year under the programme, or all that share its cap, in yuan."""
        mine = (one for one in self.live if one.household == household.pk and one.pk != besides)
        return sum((one.amount for one in mine if one.shares_the_cap_of(programme)), Decimal(0))

    def twin(self, claim: Claim, *, besides: int = 0) -> Live | None:
        """The first live case of the same person (or household), programme and year."""
        if claim.member is not None:
            same = (one for one in self.live if one.member == claim.member.pk)
        else:
            same = (one for one in self.live if one.household == claim.household.pk)
        return next((one for one in same if one.is_of(claim.programme) and one.pk != besides), None)


def surroundings(claims: Iterable[Claim]) -> Surroundings:
    """Read what the rules ask for, in two statements for any number of claims."""
    claims = list(claims)
    households = {claim.household.pk for claim in claims}
    members = {claim.member.pk for claim in claims if claim.member is not None}
    living = Member.objects.filter(household__in=households, status=MemberStatus.ALIVE).order_by()
    # Somebody may have moved to another household since: their own cases are found by the person too.
    rows = Application.objects.filter(
        Q(household__in=households) | Q(member__in=members),
        programme__year__in={claim.programme.year for claim in claims},
        state__in=LIVE,
    ).order_by("pk")
    return Surroundings(
        dict(living.values_list("household").annotate(heads=Count("pk"))),
        [
            Live(pk, number, household, member, amount, code, region, year, _cap_group(rule))
            for pk, number, household, member, amount, code, region, year, rule in rows.values_list(
                "pk",
                "number",
                "household",
                "member",
                "amount",
                "programme__code",
                "programme__region",
                "programme__year",
                "programme__rule",
            )
        ],
    )


def _cap_group(rule: Mapping[str, object]) -> str:
    return str(rule.get("cap_group") or "")


def assess(
    claim: Claim,
    *,
    village: Region,
    today: date,
    besides: int = 0,
    in_window: bool = True,
    around: Surroundings | None = None,
) -> Assessment:
    """The amount the claim is due under the programme's rule; `besides` is the case's own key once it has one.

    A case handed in within the window may be corrected after it: then `in_window` is not asked for. A list of
    claims reads its `surroundings` once and hands them in.

    Raises NotEligible, BadQuantity or CapReached with a sentence for the person who enters it.
    """
    _refuse_wrong_place(claim, village)
    _refuse_wrong_time(claim.programme, today, in_window=in_window)
    refuse_wrong_person(claim)
    known = around or surroundings([claim])
    rule = claim.programme.parsed_rule
    capped = isinstance(rule, UnitPriceRule) and rule.cap is not None
    # One person (or household), one programme, one year; only what a cap adds up may come in several cases.
    if claim.programme.per_person or not capped:
        _refuse_duplicate(claim, known.twin(claim, besides=besides))
    given = Given(
        already=known.received(claim.programme, claim.household, besides=besides) if capped else Decimal(0),
        heads=known.heads(claim.household),
        option=claim.option,
    )
    return Assessment(rule.compute(claim.quantity, unit=claim.programme.quantity_unit, given=given), given)


def superseded(programmes: Iterable[int]) -> dict[int, int]:
    """Which of the programmes, by key, have a newer version, and its number. One statement."""
    newer = Programme.objects.filter(
        region=OuterRef("region"),
        code=OuterRef("code"),
        year=OuterRef("year"),
        version__gt=OuterRef("version"),
    ).order_by("-version")
    rows = Programme.objects.filter(pk__in=set(programmes)).annotate(
        newest=Subquery(newer.values("version")[:1])
    )
    return dict(rows.filter(newest__isnull=False).order_by().values_list("pk", "newest"))


def refuse_superseded(programme: Programme, newest: int | None) -> None:
    """A version with a newer one is closed for new applications; cases handed in before keep theirs."""
    if newest is not None:
        raise NotEligible(
            f"项目“{programme.name}”已有第{newest}版，第{programme.version}版不再受理新的申请，"
            "请按新版本重新录入。"
        )


def _refuse_wrong_place(claim: Claim, village: Region) -> None:
    if claim.household.village_id != village.pk:
        raise NotEligible("该户不属于本村，不能代办。")
    if not claim.programme.region.contains(village):
        raise NotEligible(f"项目“{claim.programme.name}”不在本地实施。")


def _refuse_wrong_time(programme: Programme, today: date, *, in_window: bool) -> None:
    if not programme.active:
        raise NotEligible(f"项目“{programme.name}”已停用，不能申报。")
    if not in_window:
        return
    if today < programme.opens_on:
        raise NotEligible(
            f"项目“{programme.name}”从{programme.opens_on:%Y年%m月%d日}起申报，现在还没有开始。"
        )
    if today > programme.closes_on:
        raise NotEligible(f"项目“{programme.name}”的申报已于{programme.closes_on:%Y年%m月%d日}截止。")


def refuse_wrong_person(claim: Claim) -> None:
    """The household fits the programme, and whoever is helped or paid is a living member of it."""
    programme = claim.programme
    if programme.kind in (ProgrammeKind.TRAINING, ProgrammeKind.FINANCE):
        raise NotEligible(f"“{programme.name}”只作记录，不走申报审批。")
    if claim.household.category not in programme.target_categories:
        raise NotEligible(
            f"该户类别是“{claim.household.get_category_display()}”，不在“{programme.name}”的补贴对象之内。"
        )
    if programme.per_person and claim.member is None:
        raise NotEligible(f"“{programme.name}”按人补助，请选择申请对象。")
    if not programme.per_person and claim.member is not None:
        raise NotEligible(f"“{programme.name}”按户补助，不需要选择申请对象。")
    for person, part in ((claim.member, "申请对象"), (claim.payee, "收款人")):
        if person is None:
            continue
        if person.household_id != claim.household.pk:
            raise NotEligible(f"{part}{person.name}不是该户成员。")
        if person.status != MemberStatus.ALIVE:
            raise NotEligible(f"{part}{person.name}已登记为“{person.get_status_display()}”，不能申报。")
        if person.public_employee:
            raise NotEligible(f"{part}{person.name}是财政供养人员，不能申报。")


def _refuse_duplicate(claim: Claim, twin: Live | None) -> None:
    if twin is not None:
        name = claim.member.name if claim.member else "该户"
        raise NotEligible(f"{name}本年度已申报过“{claim.programme.name}”（{twin.number}），不能重复申报。")
