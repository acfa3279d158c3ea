"""The story of the demonstration township: a year in motion, and a case in every state on the day it is loaded.

Reckoned backwards from the present day, so that its last pages are always yesterday's.
"""

from datetime import datetime, timedelta
from functools import partial

from applications.states import Level, State
from workflow.demo import acts, earlier, turns
from workflow.demo.acts import Case
from workflow.demo.agenda import Agenda
from workflow.demo.cast import AUXILIARY, FARE, FOUR, POULTRY
from workflow.demo.teller import Teller
from workflow.demo.timetable import display_ending_on, terms
from workflow.models import ObjectionOutcome, PostingKind


def plan(teller: Teller) -> Agenda:
    """Plan all paragraphs of the story and the nights between them."""
    earlier.plan(teller)
    waiting_for_the_announcement(teller)
    on_display_at_the_district(teller)
    at_the_district_and_one_returned(teller)
    on_display_at_the_township_and_two_wrong(teller)
    waiting_for_a_township_sheet(teller)
    at_the_township_one_returned_one_held(teller)
    a_morning_at_the_township(teller)
    overdue_at_the_township(teller)
    returned_and_never_answered(teller)
    returned_and_handed_in_again(teller)
    refused_by_the_township(teller)
    due_for_closing(teller)
    at_the_villages(teller)
    drafts(teller)
    teller.on(teller.back(2), "17:50", acts.read_messages)
    teller.agenda.plan_sweeps(until=teller.today)
    return teller.agenda


def waiting_for_the_announcement(teller: Teller) -> None:
    """Five that every posting has cleared; the district has to announce them."""
    teller.journey([teller.cast.farm(unit) for unit in (0, 1, 5)], State.ANNOUNCEMENT, teller.back(2))
    teller.journey([teller.cast.worker(unit) for unit in (2, 7)], State.ANNOUNCEMENT, teller.back(1))


def on_display_at_the_district(teller: Teller) -> None:
    """Five on the district's sheet, one of them objected to an hour ago; a sixth withdrew on the way."""
    cases = [teller.cast.farm(unit) for unit in (0, 1, 2, 3, 6, 7)]
    way = teller.journey(cases, State.DISTRICT_POSTING, teller.back(1))
    teller.on(way.after(State.TOWNSHIP_POSTING, 1), "11:00", turns.withdraw, cases[2])
    facts = "听说该户的地由亲戚在种，请核实是否本户经营。"
    fresh = partial(acts.object_to, cases[1], facts)
    teller.agenda.plan_at(teller.now - timedelta(minutes=40), fresh)


def at_the_district_and_one_returned(teller: Teller) -> None:
    """Nine before the district, one of them sent back for a paper."""
    cases = [teller.cast.traveller(unit) for unit in (0, 0, 1, 3, 5)]
    teller.journey(cases, State.DISTRICT_REVIEW, teller.back(3))
    faults = ["务工证明没有用工单位盖章", "返程车票日期与申请不一致"]
    teller.on(teller.back(1), "15:00", acts.send_back, cases[1], by=teller.approver, faults=faults)
    posts = [teller.cast.post(unit, FOUR) for unit in (1, 5, 7, 7)]
    teller.journey(posts, State.DISTRICT_REVIEW, teller.back(2))


def on_display_at_the_township_and_two_wrong(teller: Teller) -> None:
    """Four on the township's sheet, one objected to; two taken out as wrong, one after an objection (更正)."""
    cases = [teller.cast.farm(unit) for unit in (0, 1, 3, 4, 5, 6)]
    way = teller.journey(cases, State.TOWNSHIP_POSTING, teller.back(2))
    upheld, wrong = cases[2], cases[1]
    facts = "该户公示的面积比实际种的多，请丈量。"
    teller.on(way.days[State.TOWNSHIP_POSTING], "19:40", acts.object_to, upheld, facts)
    teller.on(teller.back(1), "09:00", acts.look_into, upheld, by=teller.reviewer)
    teller.on(
        teller.back(1),
        "10:30",
        turns.decide_objection,
        upheld,
        by=teller.reviewer,
        outcome=ObjectionOutcome.CORRECTED,
    )
    teller.on(teller.back(1), "09:30", turns.correct, wrong, by=teller.second_reviewer)
    teller.on(teller.back(1), "17:20", acts.object_to, cases[4], "公示的地块里有一块去年就不种了，请核实。")


def waiting_for_a_township_sheet(teller: Teller) -> None:
    """Three passed by the township that wait for their sheet."""
    cases = [teller.cast.traveller(unit) for unit in (0, 2, 6)]
    teller.journey(cases, State.TOWNSHIP_POSTING, teller.back(1), hung=False)


def at_the_township_one_returned_one_held(teller: Teller) -> None:
    """Nine of one round: seven before the township, one sent back, one held in its village by an objection."""
    cases = [teller.cast.farm(unit) for unit in (0, 1, 1, 2, 3, 4, 5, 6, 7)]
    way = teller.journey(cases, State.TOWNSHIP_REVIEW, teller.back(3))
    held, returned = cases[1], cases[2]
    last_day = way.last_day(Level.VILLAGE)
    facts = "该户的种植面积比公示的少，请丈量核实。"
    teller.on(teller.calendar.add_working_days(last_day, -1), "20:15", acts.object_to, held, facts)
    teller.on(last_day, "09:00", acts.look_into, held, by=held.clerk)
    faults = ["种养情况证明缺第二页", "申请表的面积与合同不一致"]
    teller.on(teller.back(1), "14:00", acts.send_back, returned, by=teller.second_reviewer, faults=faults)


def a_morning_at_the_township(teller: Teller) -> None:
    """What else has come to the township these days: work of four villages, posts of one, poultry of two."""
    teller.journey([teller.cast.worker(unit) for unit in (2, 5, 6, 7)], State.TOWNSHIP_REVIEW, teller.back(2))
    teller.journey([teller.cast.post(3, AUXILIARY)], State.TOWNSHIP_REVIEW, teller.back(1))
    poultry = [teller.cast.farm(unit, POULTRY) for unit in (4, 6, 6)]
    teller.journey(poultry, State.TOWNSHIP_REVIEW, teller.back(1))


def overdue_at_the_township(teller: Teller) -> None:
    """One that has lain before the township too long: reminded of, then escalated (督办)."""
    teller.journey([teller.cast.traveller(1)], State.TOWNSHIP_REVIEW, teller.back(8))


def returned_and_never_answered(teller: Teller) -> None:
    """One sent back, reminded of, not answered: ended by the township with a letter (逾期终止)."""
    case = teller.cast.traveller(0)
    teller.journey([case], State.TOWNSHIP_REVIEW, teller.back(11))
    teller.on(teller.back(10), "10:00", acts.send_back, case, by=teller.reviewer, faults=["缺少务工证明"])
    teller.on(teller.back(2), "16:00", turns.lapse, case, by=teller.reviewer)


def returned_and_handed_in_again(teller: Teller) -> None:
    """One sent back, put right, and before the township again."""
    case = teller.cast.traveller(3)
    teller.journey([case], State.TOWNSHIP_REVIEW, teller.back(7))
    faults = ["申请理由没有写明务工地点"]
    teller.on(teller.back(6), "10:30", acts.send_back, case, by=teller.second_reviewer, faults=faults)
    teller.on(teller.back(4), "09:30", turns.put_right, case, "在外省务工，往返一次〔示例〕。")


def refused_by_the_township(teller: Teller) -> None:
    """One refused with a reason (不予批准)."""
    case = teller.cast.traveller(5)
    teller.journey([case], State.TOWNSHIP_REVIEW, teller.back(4))
    teller.on(teller.back(3), "11:00", turns.refuse, case, by=teller.reviewer)


def due_for_closing(teller: Teller) -> None:
    """Three on a village sheet whose last day was yesterday: the first sweep of the system closes it."""
    term = terms(teller.cast.programme(FARE))[Level.VILLAGE]
    shown = display_ending_on(teller.today - timedelta(days=1), term=term, calendar=teller.calendar)
    cases = [teller.cast.traveller(0) for _ in range(3)]
    teller.journey(cases, State.VILLAGE_POSTING, shown)


def at_the_villages(teller: Teller) -> None:
    """Village work of these days: on display, with a drafted sheet, waiting, visited, just handed in."""
    # Up since the last working day: after a long festival an older sheet would be due as well.
    teller.journey([teller.cast.farm(unit) for unit in (0, 2, 2)], State.VILLAGE_POSTING, teller.back(1))
    drafted = teller.cast.farm(1)
    teller.journey([drafted], State.VILLAGE_POSTING, teller.back(1), hung=False)
    teller.on(teller.back(1), "16:00", _draft_sheet, drafted)
    teller.journey([teller.cast.worker(4)], State.VILLAGE_POSTING, teller.back(1), hung=False)
    visited = [teller.cast.kin(), teller.cast.farm(3), teller.cast.farm(5)]
    teller.journey(visited, State.VILLAGE_REVIEW, teller.back(2))
    for case in visited:
        teller.on(teller.back(1), "14:30", acts.visit, case)
    handed_in = [teller.cast.worker(unit) for unit in (0, 1, 2, 3, 5, 6, 7)]
    teller.journey(handed_in, State.VILLAGE_REVIEW, teller.back(1))
    returned = teller.cast.farm(7)
    teller.journey([returned], State.VILLAGE_REVIEW, teller.back(3))
    faults = ["申请数量与村级台账不一致，请核对"]
    teller.on(teller.back(2), "11:20", acts.send_back, returned, by=returned.clerk, faults=faults)


def _draft_sheet(case: Case, at: datetime) -> None:
    applications = acts.rows([case], State.VILLAGE_POSTING)
    village = case.household.village
    acts.draft_sheet(PostingKind.VILLAGE, village, applications, at, by=case.clerk)


def drafts(teller: Teller) -> None:
    """Four drafts: two without commitment and papers, two complete and ready to be handed in."""
    for unit in (0, 4):
        teller.on(teller.back(1), "16:30", acts.enter, teller.cast.farm(unit), complete=False)
    for unit in (1, 6):
        ready = partial(acts.enter, teller.cast.farm(unit))
        teller.agenda.plan_at(teller.now - timedelta(minutes=20), ready)
