"""`{% daily_digest on %}`: the line that ties a printed sheet to the history (日摘要)."""

from datetime import date

from django import template

from applications import digests

register = template.Library()


@register.simple_tag
def daily_digest(on: date | None) -> str:
    """In: the day of publication. Out: one line with the digest of the last sealed day before it, or nothing."""
    found = digests.printed(on) if on else None
    return f"办理记录日摘要（截至{found.day:%Y-%m-%d}，SHA-256）：{found.digest}" if found else ""
