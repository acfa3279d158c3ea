"""Finding a region (行政区划) by its code."""

from registry.models import Region
from registry.refusal import Refused


class UnknownRegion(Refused):
    """No region has this code."""


def get(code: str) -> Region:
    """Give the region with a code, or refuse."""
    try:
        return Region.objects.get(code=code)
    except Region.DoesNotExist:
        raise UnknownRegion(f"没有代码为{code}的行政区划。") from None
