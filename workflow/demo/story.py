"""The story of the demonstration township: a case in every state, each brought there by the people's own acts.

Reckoned backwards from the present day, so that its last pages are always yesterday's.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from django.utils import timezone

from applications.states import Level, State
from registry.models import User
from workflow import intake, objections, reviews
from workflow.calendar import Calendar
from workflow.demo import acts
from workflow.demo.acts import Case, require
from workflow.demo.agenda import Agenda
from workflow.demo.journeys import Journey
from workflow.demo.timetable import display_ending_on, terms
from workflow.demo.township import Township
from workflow.models import Channel, Objection, ObjectionOutcome, PostingKind, RefusalCode

FIRST, SECOND = 0, 1
MU = ("3", "4.5", "2", "6", "3.5", "5", "2.5", "4", "8", "3", "20")


class Story:
    """Plans the acts of everybody; `agenda` holds them when `plan` is done."""

    def __init__(self, township: Township, *, now: datetime, calendar: Calendar) -> None:
        self.township, self.now, self.calendar = township, now, calendar
        self.today = timezone.localdate(now)
        self.agenda = Agenda()
        people = township.people
        self.clerks = (people["cun1"], people["cun2"])
        self.second_clerk = people["cun1b"]
        self.reviewer, self.second_reviewer = people["xiang1"], people["xiang2"]
        self.approver, self.second_approver = people["qu1"], people["qu2"]

    def plan(self) -> Agenda:
        """Plan all paragraphs of the story and the nights between them."""
        self.announced_and_one_revoked()
        self.waiting_for_the_announcement()
        self.on_display_at_the_district()
        self.at_the_district_and_one_returned()
        self.on_display_at_the_township_and_one_wrong()
        self.waiting_for_a_township_sheet()
        self.at_the_township_one_returned_one_held()
        self.overdue_at_the_township()
        self.returned_and_never_answered()
        self.returned_and_handed_in_again()
        self.refused_by_the_township()
        self.due_for_closing()
        self.at_the_village()
        self.drafts()
        self.agenda.plan_sweeps(until=self.today)
        return self.agenda

    def back(self, working_days: int) -> date:
        """The day so many working days before today; every act of an officer lies on such a day."""
        return self.calendar.add_working_days(self.today, -working_days)

    def farm(self, village: int, place: int, *, clerk: User | None = None) -> Case:
        """A household's case under the industry programme; one per household."""
        quantity = Decimal(MU[(place + village * 3) % len(MU)])
        household = self.township.households[village][place]
        return Case(household, self.township.industry, clerk or self.clerks[village], quantity)

    def traveller(self, village: int, place: int) -> Case:
        """A grown child's case under the transport programme."""
        member = self.township.travellers[village][place]
        return Case(member.household, self.township.transport, self.clerks[village], member=member)

    def journey(self, cases: Sequence[Case], to: State, on: date, *, hung: bool = True) -> Journey:
        return Journey(
            agenda=self.agenda,
            township=self.township,
            calendar=self.calendar,
            today=self.today,
            cases=cases,
            to=to,
            on=on,
            reviewer=self.reviewer,
            approver=self.approver,
            hung=hung,
        ).plan()

    def on(self, day: date, clock: str, act: Callable[..., object], *args: object, **values: object) -> None:
        """Plan one act; it is handed its moment last."""

        def at_its_moment(at: datetime) -> None:
            act(*args, at, **values)

        self.agenda.plan(day, clock, at_its_moment)

    def announced_and_one_revoked(self) -> None:
        """Four announced together: one cut by the township, one objected to in vain, one revoked afterwards."""
        cases = [self.farm(FIRST, 0), self.farm(FIRST, 1), self.farm(FIRST, 2), self.farm(SECOND, 0)]
        way = self.journey(cases, State.ANNOUNCED, self.back(8))
        clerk, objected = self.clerks[FIRST], cases[2]
        shown = way.days[State.VILLAGE_POSTING]
        facts = "该户有一块地今年没有耕种，请核实面积。"
        self.on(shown, "17:00", acts.object_to, objected, facts, channel=Channel.VISIT, by=clerk)
        self.on(way.after(State.VILLAGE_POSTING, 1), "09:00", acts.look_into, objected, by=clerk)
        self.on(way.after(State.VILLAGE_POSTING, 1), "16:30", self._find_against_objection, objected)
        cut_on = way.days[State.TOWNSHIP_POSTING]
        self.on(cut_on, "09:45", acts.cut, cases[1], Decimal("3.5"), by=self.reviewer)
        self.on(self.back(3), "10:00", self._revoke, cases[3])

    def _find_against_objection(self, case: Case, at: datetime) -> None:
        objections.decide(
            Objection.objects.open().get(application=case.pk),
            by=case.clerk,
            now=at,
            outcome=ObjectionOutcome.NOT_UPHELD,
            findings="两人到现场丈量，地块均已耕种，面积与公示一致。",
            reason="反映的情况与事实不符，异议不成立。",
        )

    def _revoke(self, case: Case, at: datetime) -> None:
        opinion = "公告后查实该户已将承包地全部流转，不再符合条件〔示例〕。"
        require(reviews.revoke([case.ref], by=self.second_approver, now=at, opinion=opinion))

    def waiting_for_the_announcement(self) -> None:
        """Two that every posting has cleared; the district has to announce them."""
        cases = [self.farm(FIRST, 3), self.farm(SECOND, 1)]
        self.journey(cases, State.ANNOUNCEMENT, self.back(2))

    def on_display_at_the_district(self) -> None:
        """Two on the district's sheet, one of them objected to an hour ago; a third withdrew on the way."""
        cases = [self.farm(FIRST, 4), self.farm(SECOND, 2), self.farm(SECOND, 3)]
        way = self.journey(cases, State.DISTRICT_POSTING, self.back(1))
        self.on(way.after(State.TOWNSHIP_POSTING, 1), "11:00", self._withdraw, cases[2])
        facts = "听说该户的地由亲戚在种，请核实是否本户经营。"
        fresh = partial(acts.object_to, cases[1], facts)
        self.agenda.plan_at(self.now - timedelta(minutes=40), fresh)

    def _withdraw(self, case: Case, at: datetime) -> None:
        opinion = "申请人表示家中劳力不足，自愿撤回。"
        require(intake.withdraw([case.ref], by=case.clerk, now=at, opinion=opinion))

    def at_the_district_and_one_returned(self) -> None:
        """Three before the district, one of them sent back for a paper."""
        cases = [self.traveller(FIRST, 0), self.traveller(FIRST, 1), self.traveller(SECOND, 0)]
        self.journey(cases, State.DISTRICT_REVIEW, self.back(3))
        faults = ["务工证明没有用工单位盖章", "返程车票日期与申请不一致"]
        self.on(self.back(1), "15:00", acts.send_back, cases[1], by=self.approver, faults=faults)

    def on_display_at_the_township_and_one_wrong(self) -> None:
        """One on the township's sheet; the row beside it was wrong and was taken out (更正)."""
        cases = [self.farm(FIRST, 5), self.farm(SECOND, 4)]
        self.journey(cases, State.TOWNSHIP_POSTING, self.back(2))
        self.on(self.back(1), "09:30", self._correct, cases[1])

    def _correct(self, case: Case, at: datetime) -> None:
        opinion = "公示的面积录入有误，应按承包合同更正。"
        require(reviews.correct([case.ref], by=self.second_reviewer, now=at, opinion=opinion))

    def waiting_for_a_township_sheet(self) -> None:
        """One passed by the township that waits for its sheet."""
        self.journey([self.traveller(FIRST, 2)], State.TOWNSHIP_POSTING, self.back(1), hung=False)

    def at_the_township_one_returned_one_held(self) -> None:
        """Four of one round: two before the township, one sent back, one held in the village by an objection."""
        cases = [self.farm(FIRST, 6), self.farm(SECOND, 5), self.farm(SECOND, 6), self.farm(SECOND, 7)]
        way = self.journey(cases, State.TOWNSHIP_REVIEW, self.back(3))
        held, returned = cases[1], cases[2]
        last_day = way.last_day(Level.VILLAGE)
        facts = "该户的种植面积比公示的少，请丈量核实。"
        self.on(self.calendar.add_working_days(last_day, -1), "20:15", acts.object_to, held, facts)
        self.on(last_day, "09:00", acts.look_into, held, by=held.clerk)
        faults = ["土地承包合同复印件缺第二页", "申请表的面积与合同不一致"]
        self.on(self.back(1), "14:00", acts.send_back, returned, by=self.second_reviewer, faults=faults)

    def overdue_at_the_township(self) -> None:
        """One that has lain before the township too long: reminded of, then escalated (督办)."""
        self.journey([self.traveller(SECOND, 1)], State.TOWNSHIP_REVIEW, self.back(8))

    def returned_and_never_answered(self) -> None:
        """One sent back, reminded of, not answered: ended by the township with a letter (逾期终止)."""
        case = self.traveller(FIRST, 3)
        self.journey([case], State.TOWNSHIP_REVIEW, self.back(11))
        faults = ["缺少务工证明"]
        self.on(self.back(10), "10:00", acts.send_back, case, by=self.reviewer, faults=faults)
        self.on(self.back(2), "16:00", self._lapse, case)

    def _lapse(self, case: Case, at: datetime) -> None:
        opinion = "补正期满，经催办仍未补正，终止办理。"
        require(reviews.lapse([case.ref], by=self.reviewer, now=at, opinion=opinion))

    def returned_and_handed_in_again(self) -> None:
        """One sent back, put right, and before the township again."""
        case = self.traveller(SECOND, 2)
        self.journey([case], State.TOWNSHIP_REVIEW, self.back(7))
        faults = ["申请理由没有写明务工地点"]
        self.on(self.back(6), "10:30", acts.send_back, case, by=self.second_reviewer, faults=faults)
        self.on(self.back(4), "09:30", self._put_right, case)

    def _put_right(self, case: Case, at: datetime) -> None:
        reason = "在外省务工，往返一次〔示例〕。"
        intake.amend(case.ref, by=case.clerk, now=at, quantity=case.quantity, reason=reason)
        require(intake.resubmit([case.ref], by=case.clerk, now=at, opinion="已补充务工地点。"))

    def refused_by_the_township(self) -> None:
        """One refused with a reason (不予批准)."""
        case = self.traveller(SECOND, 3)
        self.journey([case], State.TOWNSHIP_REVIEW, self.back(4))
        self.on(self.back(3), "11:00", self._reject, case)

    def _reject(self, case: Case, at: datetime) -> None:
        require(
            reviews.reject(
                [case.ref],
                by=self.reviewer,
                now=at,
                reason_code=RefusalCode.DUPLICATE,
                opinion="本人本年度已从用工单位领取同类交通补助〔示例〕。",
            )
        )

    def due_for_closing(self) -> None:
        """Three on a village sheet whose last day was yesterday: the first sweep of the system closes it."""
        term = terms(self.township.transport)[Level.VILLAGE]
        shown = display_ending_on(self.today - timedelta(days=1), term=term, calendar=self.calendar)
        cases = [self.traveller(FIRST, place) for place in (4, 5, 6)]
        self.journey(cases, State.VILLAGE_POSTING, shown)

    def at_the_village(self) -> None:
        """Village work of these days: on display, waiting with a drafted sheet, visited, just handed in."""
        # Up since the last working day: after a long festival an older sheet would be due as well.
        self.journey([self.farm(FIRST, 7)], State.VILLAGE_POSTING, self.back(1))
        waiting = self.farm(SECOND, 8)
        self.journey([waiting], State.VILLAGE_POSTING, self.back(1), hung=False)
        self.on(self.back(1), "16:00", self._draft_sheet, waiting)
        visited = self.farm(FIRST, 9, clerk=self.second_clerk)
        self.journey([visited], State.VILLAGE_REVIEW, self.back(2))
        self.on(self.back(1), "14:30", acts.visit, visited)
        self.journey([self.traveller(SECOND, 4)], State.VILLAGE_REVIEW, self.back(1))

    def _draft_sheet(self, case: Case, at: datetime) -> None:
        applications = acts.rows([case], State.VILLAGE_POSTING)
        village = case.household.village
        acts.draft_sheet(PostingKind.VILLAGE, village, applications, at, by=case.clerk)

    def drafts(self) -> None:
        """Two drafts: one without its commitment and papers, one complete and ready to be handed in."""
        self.on(self.back(1), "16:30", acts.enter, self.farm(FIRST, 8), complete=False)
        self.agenda.plan_at(self.now - timedelta(minutes=20), partial(acts.enter, self.farm(SECOND, 9)))
