"""Who comes back to a page (登录人), read together with the number of their unread messages: one statement, not two."""

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from notifications.models import Message
from registry.lockout import StaffBackend
from registry.models import User


def with_unread(people: QuerySet[User]) -> QuerySet[User]:
    """People with `unread`, how many messages each has not read."""
    waiting = Message.objects.inbox_of(OuterRef("pk")).unread()
    counted = waiting.order_by().values("recipient").annotate(n=Count("pk")).values("n")
    return people.annotate(unread=Coalesce(Subquery(counted), 0))


class InboxBackend(StaffBackend):
    """The login of the staff; every page of theirs says how many messages wait."""

    def get_user(self, user_id: int) -> User | None:
        person = with_unread(User.objects.filter(pk=user_id)).first()
        return person if person is not None and self.user_can_authenticate(person) else None
