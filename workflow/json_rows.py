"""Rows of another table gathered into one column as JSON: a page reads a case and its short lists in one statement."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Aggregate, JSONField
from django.utils.dateparse import parse_datetime


class JSONList(Aggregate):
    """All rows of a group as one JSON array; wrap each in `JSONObject`."""

    function = "JSON_GROUP_ARRAY"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSONB_AGG", **extra)


def moment(text: str | None) -> datetime | None:
    """A moment as it stands in such a column: SQLite keeps it in UTC and does not say so."""
    found = parse_datetime(text) if text else None
    if found is None:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
