"""The words of messages: a new version words what comes after it, and a faulty one stops nobody."""

import pytest

from notifications import catalogue, outbox, wordings
from notifications.models import Message, MessageWording
from notifications.outbox import Notice
from registry.blanks import Wording
from tests.world import World
from workflow import wordings as templates

CONTEXT = {"number": "示例-1", "kind": "办理", "due": "2021-03-05", "level": "村级"}


def reminded(world: World, fact: str) -> Message:
    notice = Notice(event=catalogue.REMINDER, fact=fact, recipients=[world.clerk], context=CONTEXT)
    outbox.announce([notice], at=world.now)
    return Message.objects.get(fact=fact, channel="in_app")


def kept(world: World, title: str, text: str, version: int = 1) -> None:
    MessageWording.objects.create(
        event="reminder",
        version=version,
        title=title,
        text=text,
        changed_by=world.administrator,
        changed_at=world.now,
    )


def test_the_latest_version_words_the_next_message_and_leaves_the_old_ones(world: World) -> None:
    first = reminded(world, "deadline:1")
    for version, words in ((0, "{编号}快到期"), (1, "{编号}要到期")):
        templates.change(
            templates.of_message(catalogue.REMINDER),
            wording=Wording(words, "{事项}到{期限}为止，{编号}。", version),
            by=world.administrator,
            now=world.now,
        )
    second = reminded(world, "deadline:2")
    assert (first.subject, first.body) == (
        "催办：示例-1",
        "申请（示例-1）的办理期限是2021-03-05，请尽快办理。",
    )
    assert (second.subject, second.body) == ("示例-1要到期", "办理到2021-03-05为止，示例-1。")
    first.refresh_from_db()
    assert first.subject == "催办：示例-1"


def test_a_version_that_names_what_is_not_given_falls_back_to_the_default(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    kept(world, "{县长}：{编号}", "{编号}")
    assert reminded(world, "deadline:1").subject == "催办：示例-1"
    assert "names '县长'" in caplog.text


def test_braces_in_a_value_are_not_read_as_a_variable(world: World) -> None:
    said = wordings.say(catalogue.REMINDER, {**CONTEXT, "number": "{期限}"}, {})
    assert said.title == "催办：{期限}"
