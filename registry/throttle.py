"""How often somebody may try (限次): a counter in Django's cache that is forgotten after its span."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac


@dataclass(frozen=True)
class Limit:
    """At most so many tries within so many seconds, counted from the first of them."""

    name: str
    most: int
    seconds: int

    def spend(self, who: str) -> bool:
        """Count one try of an address or a code; False once there are too many. The cache never holds it in clear."""
        key = f"throttle:{self.name}:{salted_hmac(self.name, who, algorithm='sha256').hexdigest()}"
        cache.add(key, 0, self.seconds)
        try:
            return bool(cache.incr(key) <= self.most)
        except ValueError:
            # It ran out between the two calls: the span begins anew.
            cache.set(key, 1, self.seconds)
            return True


def address(meta: Mapping[str, Any]) -> str:
    """Where a request comes from. Behind the TLS proxy (HTTPS=1) it is what that proxy has added last."""
    forwarded = f"{meta.get('HTTP_X_FORWARDED_FOR', '')}" if settings.HTTPS else ""
    return forwarded.rsplit(",", 1)[-1].strip() or f"{meta.get('REMOTE_ADDR', '')}"
