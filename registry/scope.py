"""What lies inside which region (管辖范围), told from the 12-digit codes alone."""

from collections.abc import Iterable

from django.db.models import Q

CODE_DIGITS = 12
PREFIX_DIGITS = (2, 4, 6, 9, 12)


def within(prefixes: Iterable[str], field: str = "village__code") -> Q:
    """Select the rows whose region code begins with one of the prefixes; without a prefix select nothing."""
    chosen = sorted(set(prefixes))
    if not all(chosen):
        raise ValueError("An empty prefix would open the whole country.")
    # A range uses the plain index of the column on both databases; LIKE does not on SQLite.
    ranges = [Q(**{f"{field}__range": (_padded(prefix, "0"), _padded(prefix, "9"))}) for prefix in chosen]
    return Q(*ranges, _connector=Q.OR) if ranges else Q(pk__in=[])


def lineage(code_or_prefix: str) -> tuple[str, ...]:
    """List the codes of all regions that contain this one, itself included."""
    code = _padded(code_or_prefix, "0")
    return tuple(dict.fromkeys(_padded(code[:digits], "0") for digits in PREFIX_DIGITS))


def _padded(prefix: str, digit: str) -> str:
    return prefix.ljust(CODE_DIGITS, digit)
