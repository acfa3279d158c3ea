"""The words of messages (消息模板): the catalogue's own, or the latest version that an administrator wrote."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

from notifications.catalogue import Event
from notifications.models import MessageWording
from registry.blanks import TITLE_LIMIT, BadWording, Wording, check

log = logging.getLogger(__name__)

SHORT, PART, LONGEST = 70, 67, 500
"""Signs of one short message, of each part of a longer one, and of a text at most."""


def in_force(names: Collection[str]) -> dict[str, Wording]:
    """The latest versions of those events that somebody worded anew: one statement."""
    rows = MessageWording.objects.filter(event__in=names).order_by("version")
    return {row.event: Wording(row.title, row.text, row.version) for row in rows}


def say(event: Event, context: Mapping[str, Any], worded: Mapping[str, Wording]) -> Wording:
    """Subject and body of one message. A version that names what the verb does not give falls back to the default."""
    values = {
        name: str(context[variable.key])
        for name, variable in event.variables.items()
        if variable.key in context
    }
    try:
        said = worded.get(event.name, event.default).filled(values)
    except KeyError as missing:
        log.error("the wording of %s names %s, which is not given", event.name, missing)
        said = event.default.filled(values)
    return Wording(said.title[:TITLE_LIMIT], said.text, said.version)


def sample(event: Event) -> dict[str, str]:
    """An example of everything that a text of this event may name."""
    return {name: variable.sample for name, variable in event.variables.items()}


def refuse_unfit(event: Event, wording: Wording) -> None:
    """Besides what every template must be: no longer than a message may be, and with what the reader has to know."""
    check(wording, event.variables)
    if len(wording.text) > LONGEST:
        raise BadWording(f"正文不能超过{LONGEST}个字。")
    left_out = [f"{{{name}}}" for name in event.needed if name not in wording.variables]
    if left_out:
        raise BadWording(f"这条消息必须写明{'、'.join(left_out)}，请补上。")


def short_messages(text: str) -> int:
    """How many short messages a text is charged as."""
    return 1 if len(text) <= SHORT else -(-len(text) // PART)
