"""What the lists share: a filter kept in the address, columns to sort by, sums, pages, and the same rows as a workbook."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django.core.paginator import Page, Paginator
from django.db.models import F, OrderBy, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import floatformat

from workflow import lists, spreadsheets, worklists
from workflow.forms.lists import ListFilter
from workflow.views.base import StaffView

PER_PAGE = 50
MOST_EXPORTED = 50_000
"""Rows of one workbook: more would keep the server for a minute, and nobody reads them."""


@dataclass(frozen=True)
class Column:
    """One column of a list; `order` is what its head sorts by, if it does."""

    name: str
    label: str
    order: tuple[Any, ...] = ()
    number: bool = False


@dataclass(frozen=True)
class Head:
    """A column's head as the page shows it: the order its link asks for, and how the rows are sorted now."""

    label: str
    number: bool
    link: str = ""
    sorted: str = ""


def totals_of(sums: lists.Sums) -> list[tuple[str, str, str]]:
    """Households, persons and money behind the rows of any list."""
    return [
        ("户数", f"{sums.households}", "户"),
        ("按人补助", f"{sums.persons}", "人"),
        ("核定金额", floatformat(sums.amount, "2g"), "元"),
    ]


def _column(key: Any) -> Any:
    return F(key) if isinstance(key, str) else key


class Counted(Paginator):
    """Pages of rows whose count is known before: it is one of the sums."""

    def __init__(self, rows: QuerySet[Any], *, count: int) -> None:
        super().__init__(rows, PER_PAGE)
        self.__dict__["count"] = count


class KeysFirst(Counted):
    """Pages of keys, dressed after they are cut: what a row shows is computed for the rows of one page only."""

    def __init__(self, rows: QuerySet[Any], dressed: Any, *, count: int) -> None:
        super().__init__(rows.values_list("pk", flat=True), count=count)
        self.dressed = dressed

    def page(self, number: int | str) -> Page[Any]:
        page = super().page(number)
        keys = list(page.object_list)
        found = {row.pk: row for row in self.dressed(keys)}
        page.object_list = [found[key] for key in keys if key in found]
        return page


class ListView(StaffView):
    """A list. Its state is its address: filter, order and page; `export=1` gives the same rows as a workbook."""

    template_name = ""
    form_class: ClassVar[type[ListFilter]]
    columns: ClassVar[tuple[Column, ...]] = ()
    file_name = "list"
    sheet_title = ""
    export_header: ClassVar[tuple[str, ...]] = ()

    @cached_property
    def form(self) -> ListFilter:
        orders = [
            (f"{sign}{column.name}", f"{column.label}{word}")
            for column in self.columns
            if column.order
            for sign, word in (("", "，升序"), ("-", "，降序"))
        ]
        return self.form_class(
            self.request.GET,
            programmes=worklists.programmes(self.actor) if "programme" in self.form_class.base_fields else (),
            places=worklists.places(self.actor),
            orders=orders,
        )

    @cached_property
    def wanted(self) -> dict[str, Any]:
        return self.form.wanted

    @cached_property
    def sort(self) -> str:
        """The order asked for, if it is one of the list's."""
        asked = self.request.GET.get("sort", "")
        return asked if asked.removeprefix("-") in self._orders else ""

    @cached_property
    def _orders(self) -> dict[str, tuple[Any, ...]]:
        return {column.name: column.order for column in self.columns if column.order}

    def rows(self) -> QuerySet[Any]:
        """The rows asked for, within what the person may see."""
        raise NotImplementedError

    def usual(self) -> tuple[Any, ...]:
        """The order where none is asked for."""
        return ("-pk",)

    def ordered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows in the order asked for; what is missing comes last, and no two pages share a row."""
        if not self.sort:
            return rows.order_by(*self.usual())
        down = self.sort.startswith("-")
        keys = self._orders[self.sort.removeprefix("-")]
        return rows.order_by(*(OrderBy(_column(key), descending=down, nulls_last=True) for key in keys), "pk")

    def pages(self, rows: QuerySet[Any], count: int) -> Counted:
        return KeysFirst(rows, self.dressed, count=count)

    def dressed(self, keys: list[int]) -> Iterable[Any]:
        """The rows of a page with all that it shows."""
        raise NotImplementedError

    def sums(self, rows: QuerySet[Any]) -> Any:
        """The sums over all rows, with `cases` or another count among them."""
        raise NotImplementedError

    def totals(self, sums: Any) -> list[tuple[str, str, str]]:
        """The sums as the page tells them: label, figure, unit."""
        return [("共", f"{sums.cases}", "件"), *totals_of(sums)]

    def count(self, sums: Any) -> int:
        return int(sums.cases)

    def export_rows(self, rows: QuerySet[Any]) -> Iterable[Sequence[spreadsheets.Value]]:
        """Every row as cells under `export_header`."""
        raise NotImplementedError

    def heads(self) -> list[Head]:
        """The heads of the columns: a link sorts upwards, and downwards where it is sorted upwards already."""
        found = []
        for column in self.columns:
            up, down = self.sort == column.name, self.sort == f"-{column.name}"
            link = f"-{column.name}" if up else column.name
            sorted_ = "ascending" if up else ("descending" if down else "")
            found.append(Head(column.label, column.number, link if column.order else "", sorted_))
        return found

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = self.rows()
        if request.GET.get("export"):
            return self._export(rows)
        sums = self.sums(rows)
        page = self.pages(self.ordered(rows), self.count(sums)).get_page(request.GET.get("page"))
        context = {
            "form": self.form,
            "wanted": self.wanted,
            "folded": len([name for name in self.wanted if name != "q"]),
            "heads": self.heads(),
            "totals": self.totals(sums),
            "page_obj": page,
            **self.more(page),
        }
        return render(request, self.template_name, context)

    def more(self, page: Page[Any]) -> dict[str, Any]:
        """What else the page shows."""
        return {}

    def _export(self, rows: QuerySet[Any]) -> HttpResponse:
        """All rows that the page would show, on whatever page, in its order."""
        cells = list(self.export_rows(self.ordered(rows)[: MOST_EXPORTED + 1]))
        if len(cells) > MOST_EXPORTED:
            sentence = f"超过{MOST_EXPORTED}行，一次导不出来。请先用筛选条件缩小范围，再导出。"
            return render(self.request, "desk/list_too_long.html", {"sentence": sentence}, status=422)
        body = spreadsheets.write([spreadsheets.Sheet(self.sheet_title, self.export_header, cells)])
        response = HttpResponse(body, content_type=spreadsheets.CONTENT_TYPE)
        name = f"{self.file_name}-{self.actor.on:%Y%m%d}.xlsx"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
