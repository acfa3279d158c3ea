"""What makes a case under review worth a second look (疑点), in words. It binds nobody: the reviewer judges.

A case without any is a clean one. Average amounts are compared within one programme at one step.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from applications.amounts import CENT
from applications.models import Application, Attachment
from applications.states import REVIEWS
from workflow.models import Act, Decision, Objection

COMPARABLE = 5
"""Cases of one programme from which an average says anything."""
FAR = 2
"""Times the average of its programme from which an amount is worth a look."""
FACTS = ("amount", "claimed_amount", "programme_id", "state", "ever_objected", "same_photo", "ever_returned")
"""The columns that `reasons` reads."""

Bounds = Mapping[tuple[int, str], Decimal]


def annotated(rows: QuerySet[Application]) -> QuerySet[Application]:
    """Cases with the facts that a doubt rests on; the average comes from `bounds`."""
    photo = Attachment.objects.filter(application=OuterRef("pk"), content_type__startswith="image/")
    elsewhere = Attachment.objects.filter(sha256=OuterRef("sha256"), application__isnull=False).exclude(
        application__household=OuterRef("application__household")
    )
    return rows.annotate(
        ever_objected=Exists(Objection.objects.filter(application=OuterRef("pk"))),
        same_photo=Exists(photo.filter(Exists(elsewhere))),
        ever_returned=Exists(Decision.objects.filter(application=OuterRef("pk"), act=Act.SEND_BACK)),
    )


def bounds(rows: QuerySet[Application]) -> Bounds:
    """The amount above which a case of a programme is far from its average, per step. One statement."""
    groups = rows.filter(state__in=list(REVIEWS)).order_by().values("programme_id", "state")
    return {
        (row["programme_id"], row["state"]): bound(row["total"], row["n"])
        for row in groups.annotate(n=Count("pk"), total=Sum("amount"))
        if row["n"] >= COMPARABLE
    }


def bounds_of(rows: Iterable[Mapping[str, Any]]) -> Bounds:
    """The same from rows that were read already."""
    amounts: dict[tuple[int, str], list[Decimal]] = {}
    for row in rows:
        amounts.setdefault((row["programme_id"], row["state"]), []).append(row["amount"])
    return {key: bound(sum(of), len(of)) for key, of in amounts.items() if len(of) >= COMPARABLE}


def bound(total: Decimal | int, n: int) -> Decimal:
    """The amount above which one of `n` cases with this total is far from their average."""
    return (Decimal(total) / n * FAR).quantize(CENT, rounding=ROUND_DOWN)


def is_doubtful(known: Bounds) -> Q:
    """Whether `reasons` says anything, as a condition on `annotated` cases under review."""
    found = Q(ever_objected=True) | Q(same_photo=True) | Q(ever_returned=True)
    found |= Q(amount__lt=F("claimed_amount"))
    for (programme, state), bound in known.items():
        found |= Q(programme=programme, state=state, amount__gt=bound)
    return found


def reasons(row: Mapping[str, Any], known: Bounds) -> tuple[str, ...]:
    """Why a case deserves a second look; empty where nothing is known against it."""
    return tuple(_reasons(row, known.get((row["programme_id"], row["state"]))))


def _reasons(row: Mapping[str, Any], bound: Decimal | None) -> Iterable[str]:
    if row["ever_objected"]:
        yield "有过异议"
    if row["same_photo"]:
        yield "照片与别户的申请相同"
    if row["amount"] < row["claimed_amount"]:
        yield f"已核减{row['claimed_amount'] - row['amount']:,.2f}元"
    if bound is not None and row["amount"] > bound:
        yield "金额超过本项目待办平均数的一倍"
    if row["ever_returned"]:
        yield "退回补正过"
