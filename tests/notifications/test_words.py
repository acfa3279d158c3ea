"""What stands in messages: plain sentences, and nothing that belongs to a person alone."""

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from django.conf import settings

from applications.states import State
from notifications import outbox, wordings
from notifications.catalogue import EVENTS
from notifications.models import Channel, Message, MessageState
from notifications.variables import VARIABLES
from registry.models import Household, Member
from tests import stages
from tests.world import World
from workflow import reviews, sweeps
from workflow.models import ObjectionOutcome, PostingKind
from workflow.results import Ref

PHONE = "电话甲〔示例〕"


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_names_only_what_a_message_may_hold(name: str) -> None:
    event = EVENTS[name]
    assert event.name == name
    assert (event.default.variables | set(event.more) | set(event.needed)) <= set(VARIABLES)
    assert event.body.endswith(("。", "{原因}"))
    wordings.refuse_unfit(event, event.default)
    assert event.default.filled(wordings.sample(event)).variables == set()


def test_every_household_event_says_what_is_needed_and_where_to_ask() -> None:
    home = [event for event in EVENTS.values() if not event.channels]
    assert len(home) == 10
    for event in home:
        assert event.needed[0] == "项目", event.name
        assert len(event.needed) >= 2, event.name
        assert "{村}" in event.body, event.name
        assert event.body.endswith("监督电话12317。"), event.name
        filled = event.default.filled(wordings.sample(event)).text
        assert wordings.short_messages(filled) <= 2, (event.name, len(filled))


def test_short_messages_are_counted_as_the_operators_charge_them() -> None:
    counted = {length: wordings.short_messages("字" * length) for length in (1, 70, 71, 134, 135)}
    assert counted == {1: 1, 70: 1, 71: 2, 134: 2, 135: 3}


def tell_everything(world: World) -> Household:
    """Messages of every kind that a case's life brings: returned, objected, reminded, announced, rejected."""
    household = world.household()
    household.phone = PHONE
    household.save()
    case, moment = stages.reach(world, State.VILLAGE_POSTING, household=household)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    objection = stages.lodged(world, case, posting, now=moment, facts=f"举报人电话{PHONE}，该户不实。")
    stages.decided(objection, ObjectionOutcome.CORRECTED, by=world.clerk, now=moment)
    sweeps.run(now=world.later(60))
    second, moment = stages.reach(world, State.ANNOUNCED, household=household)
    stages.do(reviews.revoke([Ref.of(second)], by=world.approver, now=moment, opinion="重复享受。"))
    third, moment = stages.reach(world, State.TOWNSHIP_REVIEW, household=household)
    stages.returned(world, third, by=world.reviewer, now=moment)
    fourth = stages.submitted(world, household=household)
    stages.do(
        reviews.reject(
            [Ref.of(fourth)], by=world.clerk, now=world.now, reason_code="facts", opinion="与事实不符。"
        )
    )
    return household


def test_no_message_holds_an_id_number_a_phone_a_card_or_what_an_objector_said(world: World) -> None:
    household = tell_everything(world)
    secrets = {PHONE, household.phone}
    for member in Member.objects.filter(household=household):
        secrets |= {member.id_number, member.card_number, member.bank}
    assert len(secrets) >= 4
    events = set(Message.objects.values_list("event", flat=True))
    assert events >= {
        "arrived",
        "sent_back",
        "rejected",
        "announced",
        "objection_received",
        "reminder",
        "ended",
    }
    for message in Message.objects.all():
        text = f"{message.subject}\n{message.body}\n{message.url}"
        assert not [secret for secret in secrets if secret and secret in text]
        assert not re.search(r"(?<![0-9-])\d{11,}", text), text
        assert "举报人" not in text


def test_no_message_has_a_gap_where_something_should_stand(world: World) -> None:
    tell_everything(world)
    for message in Message.objects.all():
        text = message.subject + message.body
        assert not re.search(r"None|\{|\}|：。|请于前|“”|（）|，，|。。", text), text


def test_an_e_mail_becomes_a_file_in_the_mail_directory(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    message = Message.objects.filter(channel=Channel.EMAIL, event="sent_back").first()
    assert message is not None
    folder = Path(settings.EMAIL_FILE_PATH)
    before = set(folder.glob("*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
        assert outbox.deliver(message.pk, now=moment)
    (written,) = set(folder.glob("*")) - before
    parsed = message_from_bytes(written.read_bytes().split(b"\n-----")[0])
    assert parsed["To"] == message.recipient.email
    assert parsed["From"] == settings.DEFAULT_FROM_EMAIL
    assert message.subject in str(make_header(decode_header(parsed["Subject"])))
    assert message.body in parsed.get_payload(decode=True).decode("utf-8")
    message.refresh_from_db()
    assert message.state == MessageState.SENT
