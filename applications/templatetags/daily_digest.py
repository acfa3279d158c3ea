"""`{% daily_digest on %}`: the line that ties a printed sheet to the history (日摘要)."""

from datetime import date

from django import template

from applications import digests

register = template.Library()


@register.simple_tag
def daily_digest(on: date | None) -> str:
    """In: the day of publication. Out: one line with the digest of the last sealed day before it, or nothing."""
    return digests.line(on)
