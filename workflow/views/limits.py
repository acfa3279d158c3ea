"""How often one place may ask something of the public pages (限次): counts in the cache, by hour or by minutes.

A count never decides more than it says: an objection over its limit is taken all the same, to be confirmed by call.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac


@dataclass(frozen=True)
class Limit:
    """At most so many in a window of time, per whatever is counted."""

    name: str
    most: int
    window: timedelta

    def passed(self, whose: str, *, now: datetime) -> bool:
        """Count one more, and tell whether that is over the limit."""
        window = int(now.timestamp() // self.window.total_seconds())
        key = f"limit:{self.name}:{whose}:{window}"
        count = int(cache.get(key, 0)) + 1
        # Two at the same moment may count as one: the limit is a hint for the officer, not a gate.
        cache.set(key, count, timeout=self.window.total_seconds() * 2)
        return count > self.most


OBJECTIONS_OF_A_CLIENT = Limit("objection-client", 5, timedelta(hours=1))
OBJECTIONS_TO_A_SHEET = Limit("objection-sheet", 20, timedelta(hours=1))
RECEIPTS_OF_A_CLIENT = Limit("receipt-client", 30, timedelta(minutes=10))


def client(request: HttpRequest) -> str:
    """Where a request comes from: its network (/24, /56), sealed, so that no address of an objector is kept.

    X-Forwarded-For is believed for as many entries as there are proxies of our own (PROXY_HOPS), from its end.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.PROXY_HOPS:
        said = [one.strip() for one in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        address = said[-settings.PROXY_HOPS] if len(said) >= settings.PROXY_HOPS else address
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    width = 56 if isinstance(found, IPv6Address) else 24
    network = ip_network(f"{found}/{width}", strict=False)
    return salted_hmac("limits.client", str(network), algorithm="sha256").hexdigest()[:32]
