"""The list of sheets (公示): what waits, is drafted, hangs, has closed, and is announced."""

from functools import cached_property
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from workflow import lists, permissions
from workflow.forms.lists import PostingFilter
from workflow.models import OPEN_OBJECTION, EntryOutcome, Objection, Posting, PostingEntry, PostingState
from workflow.spreadsheets import Value
from workflow.steps import LEVEL_ROLE
from workflow.views.drafting import waiting_groups
from workflow.views.listing import Column, Counted, ListView, totals_of

ANNOUNCEMENT = Q(kind=Posting.Kind.ANNOUNCEMENT)
TABS = {
    "waiting": ("待公示", None),
    "draft": ("拟稿", Q(state=PostingState.DRAFT) & ~ANNOUNCEMENT),
    "displayed": ("公示中", Q(state=PostingState.DISPLAYED)),
    "closed": ("已期满", Q(state__in=[PostingState.CLOSED, PostingState.TAKEN_DOWN])),
    "announcement": ("公告", ANNOUNCEMENT),
}
TONES = {
    PostingState.DRAFT: "quiet",
    PostingState.DISPLAYED: "open",
    PostingState.CLOSED: "good",
    PostingState.TAKEN_DOWN: "bad",
    PostingState.PUBLISHED: "good",
    PostingState.CORRECTED: "warn",
}


OF_SHEET = PostingEntry.objects.filter(posting=OuterRef("pk")).order_by().values("posting")
ENTRIES = Subquery(OF_SHEET.annotate(n=Count("pk")).values("n"))
MONEY = Subquery(OF_SHEET.annotate(total=Sum("amount")).values("total"))


def with_figures(postings: QuerySet[Posting]) -> QuerySet[Posting]:
    """Count each sheet's entries, and those that an open objection holds, in the same statement."""
    objected = Objection.objects.filter(application=OuterRef("application"), state__in=list(OPEN_OBJECTION))
    held = OF_SHEET.filter(Exists(objected), outcome__in=[EntryOutcome.ON_DISPLAY, EntryOutcome.NOT_PASSED])
    return postings.annotate(
        entry_count=ENTRIES,
        held_count=Subquery(held.annotate(n=Count("pk")).values("n")),
        money=MONEY,
    )


class PostingList(ListView):
    """Five tabs along the life of a sheet, scoped by the person's regions and roles."""

    template_name = "desk/posting_list.html"
    form_class = PostingFilter
    file_name = "postings"
    export_header = (
        "标题",
        "批次",
        "编号",
        "种类",
        "单位",
        "项目",
        "件数",
        "有异议",
        "金额（元）",
        "张贴日期",
        "截止日期",
        "状态",
    )

    @cached_property
    def tab(self) -> str:
        tab = self.request.GET.get("tab", "waiting")
        return tab if tab in TABS else "waiting"

    @property
    def sheet_title(self) -> str:  # type: ignore[override]
        return f"公示（{TABS[self.tab][0]}）"

    @property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]
        date_of = {"draft": ("拟稿时间", "created_at"), "announcement": ("公告日期", "displayed_on")}
        label, field = date_of.get(self.tab, ("公示期", "closes_on"))
        return (
            Column("title", "标题", ("title",)),
            Column("number", "编号", ("number",)),
            Column("region", "单位", ("region__code",)),
            Column("count", "件数", (ENTRIES,), number=True),
            Column("amount", "金额（元）", (MONEY,), number=True),
            Column("date", label, (field,)),
            Column("state", "状态"),
        )

    def get(self, request: HttpRequest) -> HttpResponse:
        self.waiting, self.announcing = waiting_groups(self.actor)
        if TABS[self.tab][1] is not None:
            return super().get(request)
        self.counts = self._counted()
        return render(request, self.template_name, self._around())

    def rows(self) -> QuerySet[Posting]:
        found = lists.postings(self.actor, self.wanted, today=self.actor.on)
        which = TABS[self.tab][1]
        return found.filter(which) if which is not None else found.none()

    def usual(self) -> tuple[str, ...]:
        return ("closes_on", "pk") if self.tab == "displayed" else ("-pk",)

    def pages(self, rows: QuerySet[Posting], count: int) -> Counted:
        return Counted(with_figures(rows).select_related("region", "programme", "display"), count=count)

    def sums(self, rows: QuerySet[Posting]) -> lists.Sums:
        """Over the cases behind the sheets, each once, whatever number of sheets it was on."""
        self.counts = self._counted(asked=Count("pk", filter=Q(pk__in=rows.order_by().values("pk"))))
        return lists.sums_behind(PostingEntry.objects.filter(posting__in=rows.order_by().values("pk")))

    def count(self, sums: lists.Sums) -> int:
        return int(self.counts["asked"])

    def totals(self, sums: lists.Sums) -> list[tuple[str, str, str]]:
        own = ("名单", f"{self.counts['asked']}", "张")
        return [own, ("涉及申请", f"{sums.cases}", "件"), *totals_of(sums)]

    def export_rows(self, rows: QuerySet[Posting]) -> list[list[Value]]:
        return [
            [
                row.title,
                row.batch_label,
                row.number,
                row.get_kind_display(),
                row.region.name,
                f"{row.programme}",
                vars(row)["entry_count"] or 0,
                vars(row)["held_count"] or 0,
                vars(row)["money"] or 0,
                row.displayed_on,
                row.closes_on,
                row.get_state_display(),
            ]
            for row in with_figures(rows).select_related("region", "programme")
        ]

    def more(self, page: Page[Posting]) -> dict[str, Any]:
        for posting in page:
            posting.tone = TONES[PostingState(posting.state)]  # type: ignore[attr-defined]
            posting.mine = permissions.may_handle_posting(self.actor, posting)  # type: ignore[attr-defined]
        return self._around()

    def _counted(self, **more: Count) -> dict[str, int]:
        """How many sheets each tab holds, whatever is asked for."""
        tabs = {name: Count("pk", filter=which) for name, (_, which) in TABS.items() if which is not None}
        counts: dict[str, int] = Posting.objects.visible_to(self.actor).aggregate(**tabs, **more)
        return {**counts, "waiting": len(self.waiting)}

    def _around(self) -> dict[str, Any]:
        return {
            "tabs": [(name, label, self.counts[name]) for name, (label, _) in TABS.items()],
            "tab": self.tab,
            "may_change_wording": permissions.may_change_wording(self.actor),
            "tab_label": TABS[self.tab][0],
            "groups": self.announcing if self.tab == "announcement" else self.waiting,
            "posts_here": any(LEVEL_ROLE[level] in self.actor.roles for level in LEVEL_ROLE),
        }


posting_list = PostingList.as_view()
