"""Earlier in the year (本年已办结): rounds that were announced, with what happened on their way; loans and courses."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from applications.states import State
from registry.models import User
from workflow.demo import acts, turns
from workflow.demo.cast import AUXILIARY, COURSES, FOUR, LOANS, POULTRY
from workflow.demo.teller import Teller
from workflow.models import Channel, ObjectionOutcome
from workflow.township import records

EVERYWHERE = range(8)


def plan(teller: Teller) -> None:
    """Plan all rounds of the months before, and the records."""
    rice(teller)
    posts(teller)
    poultry(teller)
    work(teller)
    fares(teller)
    loans_and_courses(teller)


def rice(teller: Teller) -> None:
    """Two of every village: one cut, one given back by the district, one objected to in vain, one with success."""
    cases = [teller.cast.farm(unit) for unit in EVERYWHERE for _ in range(2)]
    way = teller.journey(cases, State.ANNOUNCED, teller.back(100))
    in_vain, upheld, given_back = cases[2], cases[5], cases[9]
    shown = way.days[State.VILLAGE_POSTING]
    facts = "该户有一块地今年没有耕种，请核实面积。"
    teller.on(shown, "17:00", acts.object_to, in_vain, facts, channel=Channel.VISIT, by=in_vain.clerk)
    teller.on(way.after(State.VILLAGE_POSTING, 1), "09:00", acts.look_into, in_vain, by=in_vain.clerk)
    teller.on(
        way.after(State.VILLAGE_POSTING, 2),
        "16:30",
        turns.decide_objection,
        in_vain,
        by=in_vain.clerk,
        outcome=ObjectionOutcome.NOT_UPHELD,
    )
    widest = max(cases, key=lambda case: case.quantity)
    cut_on = way.days[State.TOWNSHIP_POSTING]
    teller.on(cut_on, "09:45", acts.cut, widest, widest.quantity - 2, by=teller.reviewer)
    facts = "该户的承包地已经流转给合作社，本人没有种植。"
    teller.on(cut_on, "20:15", acts.object_to, upheld, facts)
    teller.on(way.after(State.TOWNSHIP_POSTING, 1), "09:00", acts.look_into, upheld, by=teller.reviewer)
    teller.on(
        way.after(State.TOWNSHIP_POSTING, 3),
        "16:30",
        turns.decide_objection,
        upheld,
        by=teller.reviewer,
        outcome=ObjectionOutcome.CANCELLED,
    )
    arrived = way.days[State.DISTRICT_REVIEW]
    teller.on(arrived, "10:30", turns.give_back, given_back, by=teller.approver)
    teller.on(
        arrived,
        "15:00",
        acts.pass_on,
        [given_back],
        State.TOWNSHIP_REVIEW,
        by=teller.reviewer,
        opinion="已再次核对户信息，同意。",
    )


def posts(teller: Teller) -> None:
    """The posts of the year, straight through."""
    four = [teller.cast.post(unit, FOUR) for unit in (0, 2, 4, 6) for _ in range(2)]
    teller.journey(four, State.ANNOUNCED, teller.back(80))
    auxiliary = [teller.cast.post(unit, AUXILIARY) for unit in (1, 3) for _ in range(2)]
    teller.journey(auxiliary, State.ANNOUNCED, teller.back(78))


def poultry(teller: Teller) -> None:
    """Poultry of five villages; one not declared by its village, one withdrawn on the board."""
    cases = [teller.cast.farm(unit, POULTRY) for unit in (0, 2, 3, 5, 7) for _ in range(2)]
    way = teller.journey(cases, State.ANNOUNCED, teller.back(55))
    refused, withdrawn = cases[3], cases[6]
    teller.on(way.after(State.VILLAGE_POSTING, -1), "16:30", turns.refuse_in_village, refused)
    teller.on(way.after(State.VILLAGE_POSTING, 2), "11:00", turns.withdraw, withdrawn)


def work(teller: Teller) -> None:
    """Subsidies of work; one sent back by the township and put right in time, one cut by the district."""
    cases = [teller.cast.worker(unit) for unit in (0, 1, 3, 4, 6) for _ in range(2)]
    way = teller.journey(cases, State.ANNOUNCED, teller.back(40))
    returned, cut = cases[4], cases[0]
    arrived = way.days[State.TOWNSHIP_REVIEW]
    faults = ["申请理由没有写明务工单位"]
    teller.on(arrived, "10:30", acts.send_back, returned, by=teller.second_reviewer, faults=faults)
    teller.on(
        way.after(State.TOWNSHIP_REVIEW, 1), "09:30", turns.put_right, returned, "在县内企业务工〔示例〕。"
    )
    teller.on(way.days[State.DISTRICT_POSTING], "10:30", acts.cut, cut, cut.quantity - 2, by=teller.approver)


def fares(teller: Teller) -> None:
    """Fares of four villages; one revoked after the announcement."""
    cases = [teller.cast.traveller(unit) for unit in (1, 2, 4, 7) for _ in range(2)]
    teller.journey(cases, State.ANNOUNCED, teller.back(15))
    teller.on(teller.back(6), "10:00", turns.revoke, cases[3], by=teller.second_approver)


LOANS_OF = (("30000", 110), ("50000", 96), ("50000", 84), ("40000", 61), ("20000", 47), ("50000", 28))
"""Yuan, and how many working days ago the bank handed them out."""


def loans_and_courses(teller: Teller) -> None:
    """Loans of six villages, and one course in the township with two learners of every village."""
    for unit, (amount, ago) in enumerate(LOANS_OF):
        teller.on(teller.back(ago), "16:00", _lend, teller, unit, Decimal(amount))
    teller.on(teller.back(65), "17:00", _teach, teller, EVERYWHERE)


def _lend(teller: Teller, unit: int, amount: Decimal, at: datetime) -> None:
    day = timezone.localdate(at)
    records.keep(
        teller.cast.programme(LOANS),
        teller.cast.borrower(unit),
        amount=amount,
        lasts=(day, day + timedelta(days=364)),
        by=teller.township.clerk(unit),
        at=at,
    )


def _teach(teller: Teller, units: Sequence[int], at: datetime) -> None:
    day = timezone.localdate(at)
    for unit in units:
        clerk: User = teller.township.clerk(unit)
        for _ in range(2):
            learner = teller.cast.learner(unit)
            records.keep(
                teller.cast.programme(COURSES),
                learner.household,
                member=learner,
                lasts=(day - timedelta(days=6), day),
                by=clerk,
                at=at,
            )
