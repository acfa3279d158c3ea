"""How often somebody may try (限次): a counter in Django's cache that is forgotten after its span."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from registry import clock


@dataclass(frozen=True)
class Limit:
    """At most so many tries within each span of so many seconds."""

    name: str
    most: int
    seconds: int

    def spend(self, who: str) -> bool:
        """Count one try of an address or a code; False once there are too many. The cache never holds it in clear."""
        sealed = salted_hmac(self.name, who, algorithm="sha256").hexdigest()
        key = f"throttle:{self.name}:{clock.ticks() // self.seconds}:{sealed}"
        cache.add(key, 0, self.seconds)
        try:
            count = cache.incr(key)
        except ValueError:
            # It was thrown out between the two calls.
            cache.set(key, 1, self.seconds)
            return True
        # A cache of files would keep the new number for its own time only.
        cache.touch(key, self.seconds)
        return bool(count <= self.most)


def client(meta: Mapping[str, Any]) -> str:
    """The network (/24, /56) a request comes from. X-Forwarded-For is believed for as many entries as there are
    proxies of our own (PROXY_HOPS), from its end."""
    address = f"{meta.get('REMOTE_ADDR', '')}"
    if settings.PROXY_HOPS:
        said = [one.strip() for one in f"{meta.get('HTTP_X_FORWARDED_FOR', '')}".split(",")]
        address = said[-settings.PROXY_HOPS] if len(said) >= settings.PROXY_HOPS else address
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    width = 56 if isinstance(found, IPv6Address) else 24
    return str(ip_network(f"{found}/{width}", strict=False))
