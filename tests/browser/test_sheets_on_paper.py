"""Comparison, certificate, print view and reply letter in a browser: nothing wider than the window, no serious fault."""

import pytest

from applications.states import State
from tests import stages
from tests.browser.axe import severe
from tests.browser.conftest import Open, set_clock
from tests.world import World
from workflow import objections
from workflow.complaints import Complaint
from workflow.models import Channel, Posting, PostingKind

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("phone", [False, True], ids=["1366 pixels", "390 pixels"])
def test_the_papers_of_a_posting_fit_the_window_and_have_no_serious_fault(
    site: World, window: Open, phone: bool
) -> None:
    case, moment = stages.reach(site, State.ANNOUNCEMENT)
    announced, _ = stages.announced(site, [case], now=moment)
    waiting = stages.submitted(site, now=moment)
    stages.passed(site, [waiting], by=site.clerk, now=moment)
    draft = stages.sheet(site, [waiting], kind=PostingKind.VILLAGE, now=moment)
    closed = Posting.objects.get(kind=PostingKind.DISTRICT)
    named = Complaint(Channel.VISIT, "面积不足。", name="周反映")
    objection = objections.lodge(closed.entries.get(), complaint=named, now=moment)
    by = {"village": site.clerk, "township": site.reviewer, "district": site.approver}[
        objection.handling_level
    ]
    stages.decided(objection, "not_upheld", by=by, now=moment)
    set_clock(moment)
    visitor = window(site.approver, phone=phone)
    faults = []
    for path, words in {
        f"/postings/{announced.pk}/comparison/": "各级名单比对",
        f"/postings/{closed.pk}/certificate/": "登记时间",
        f"/postings/{closed.pk}/print/": closed.number,
        f"/postings/{closed.pk}/print/?size=a3": closed.number,
        f"/postings/{closed.pk}/": "登记时间",
    }.items():
        visitor.go(path)
        visitor.sees(words)
        faults += severe(visitor)
    clerk = window(site.clerk, phone=phone)
    for path, words in {
        f"/postings/{draft.pk}/": "打印出来的拟稿带有校验码",
        f"/postings/{draft.pk}/print/": draft.digest[:12],
        f"/postings/display/?ids={draft.pk}": "张贴人",
    }.items():
        clerk.go(path)
        clerk.sees(words)
        faults += severe(clerk)
    writer = window(by, phone=phone)
    writer.go(f"/objections/{objection.pk}/reply/")
    writer.sees("异议答复书", "周**")
    faults += severe(writer)
    assert faults == []
