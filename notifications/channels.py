"""The ways a message reaches a person. One small function per channel; an error is raised, never swallowed."""

from collections.abc import Callable

from django.core.mail import EmailMessage

from notifications.models import Channel, Message


def _in_app(message: Message) -> None:
    """The row itself is the message: being marked as sent puts it into the message centre."""


def _email(message: Message) -> None:
    EmailMessage(subject=message.subject, body=message.body, to=[message.recipient.email]).send()


SENDERS: dict[str, Callable[[Message], None]] = {
    Channel.IN_APP: _in_app,
    Channel.EMAIL: _email,
}


def send(message: Message) -> None:
    """Hand the message to its channel. Raises whatever the channel raises."""
    SENDERS[message.channel](message)
