"""The synthetic year told day by day (全年重放): the steps of a day, in the order of the clock."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from registry.refusal import Refused
from workflow.township import boards, offices, records, village, voices
from workflow.township.casebook import Casebook, moment
from workflow.township.rows import Loan, Training

FIRST_DAY, LAST_DAY = date(2021, 1, 4), date(2021, 11, 8)
"""The first working day of the year, and the day the township's summary is dated."""

Step = Callable[[Casebook, date], None]
Progress = Callable[[date], None]


class YearCutShort(Refused):
    """The last day is over, and some rows are not where their course ends."""


class AlreadyTold(Refused):
    """The year is in this database already."""


class ForeignCases(Refused):
    """The township has cases that this year did not enter."""


# Later steps never feed earlier ones of the same day: each takes up only what lay there before its moment.
EVERY_DAY: tuple[Step, ...] = (boards.close,)
WORKING_DAY: tuple[Step, ...] = (
    offices.pass_covered,
    village.enter,
    voices.handle_objections,
    offices.lapse,
    offices.township_sits,
    offices.district_sits,
    boards.township_board,
    boards.district_board,
    village.submit,
    boards.announce,
    village.mend,
    village.visit,
    village.meet,
    village.declare,
    voices.correct_rows,
    boards.village_boards,
    voices.object_to_rows,
    voices.take_back,
    offices.revoke,
    boards.photograph,
)


def days() -> Iterator[date]:
    """The days of the year as far as its summary goes."""
    for number in range((LAST_DAY - FIRST_DAY).days + 1):
        yield FIRST_DAY + timedelta(number)


def refuse_twice(book: Casebook) -> None:
    """Refuse a year that is told already, and a township with cases of somebody else's."""
    if book.cases and not book.unfinished():
        raise AlreadyTold(f"{book.year.year}年已经重放完毕，不能再重放一遍。")
    if book.strangers():
        raise ForeignCases("示例镇里有不是重放产生的申请，不能重放；请换一个空数据库。")


def tell(book: Casebook, *, progress: Progress | None = None) -> None:
    """Take every row through every verb, day by day. A year that was cut off goes on where it stopped."""
    refuse_twice(book)
    for day in days():
        if progress:
            progress(day)
        tell_day(book, day)
    if left := book.unfinished():
        raise YearCutShort(f"到{LAST_DAY}还有{len(left)}件没有走完：{'、'.join(left)}。")


def tell_day(book: Casebook, day: date) -> None:
    """Do what happens on one day."""
    working = book.calendar.is_working(day)
    for step in (*EVERY_DAY, *(WORKING_DAY if working else ())):
        step(book, day)
    if working:
        record(book, day)


def record(book: Casebook, day: date) -> None:
    """Write down the loans handed out and the courses ended since the working day before."""
    before = book.calendar.add_working_days(day, -1)
    loans = [loan for loan in book.year.loans if before < loan.starts_on <= day]
    training = [course for course in book.year.training if before < course.ends_on <= day]
    rows: list[Loan | Training] = [*loans, *training]
    for row in rows:
        _record(book, row, day)


def _record(book: Casebook, row: Loan | Training, day: date) -> None:
    household = book.households[row.household]
    is_loan = isinstance(row, Loan)
    person = None if isinstance(row, Loan) else list(household.members.all())[row.member]
    records.keep(
        book.township.programmes["HT-JINRONG" if is_loan else "HT-PEIXUN"],
        household,
        member=person,
        amount=row.amount if isinstance(row, Loan) else None,
        lasts=(row.starts_on, row.ends_on),
        note=f"{row.row}〔示例〕",
        by=book.units[household.village_id].clerk,
        at=moment(day, "17:40"),
    )
