"""Who a notice reaches: the officers named, whoever stands in for them, and who of them wants no e-mail."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from notifications.models import Muted, Substitute
from registry.models import User


@dataclass(frozen=True)
class Audience:
    """What is known of some people on one day."""

    substitutes: Mapping[int, User]
    muted: Collection[tuple[int, str]]

    def reached_by(self, named: Iterable[User]) -> list[User]:
        """The people named and their substitutes, each once. A substitute's own substitute is not asked."""
        found = {user.pk: user for user in named}
        for person in list(found.values()):
            if (other := self.substitutes.get(person.pk)) is not None:
                found.setdefault(other.pk, other)
        return list(found.values())

    def wants_mail(self, person: User, event: str) -> bool:
        """Whether a letter goes out: there is an address, and the event is not muted."""
        return bool(person.email) and (person.pk, event) not in self.muted


def of(people: Collection[int], events: Collection[str], *, on: date) -> Audience:
    """Read both in two statements; none for nobody."""
    if not people:
        return Audience({}, ())
    away = Substitute.objects.filter(
        user__in=people, starts_on__lte=on, ends_on__gte=on, substitute__is_active=True
    ).select_related("substitute")
    substitutes = {row.user_id: row.substitute for row in away.order_by("pk")}
    reached = {*people, *(user.pk for user in substitutes.values())}
    muted = Muted.objects.filter(user__in=reached, event__in=events)
    return Audience(substitutes, set(muted.values_list("user", "event")))
