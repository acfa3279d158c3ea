"""Letters and short messages over real servers: what the other side gets, and each way in which it can fail."""

import asyncio
import contextlib
import json
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Letter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pytest_django import Settings

from notifications import catalogue, channels, outbox
from notifications.models import Channel, Message, MessageState
from notifications.outbox import Notice
from tests.world import World

PHONE = "10000000000"  # no such number range
SECRET = "a-secret-of-the-tests"


@dataclass
class Gateway:
    """A gateway for short messages on the loopback: keeps what came in, answers as it is told."""

    status: int = 200
    answer: str = '{"ok": true}'
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[dict[str, str], str]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    kept = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            kept.taken.append((dict(self.headers.items()), body))
            self.send_response(kept.status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(kept.answer.encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/send"
    settings.SMS_URL, settings.SMS_KEY_ID, settings.SMS_SECRET = kept.url, "k1", SECRET
    yield kept
    server.shutdown()
    server.server_close()
    thread.join(5)


def told(world: World, phone: str = PHONE, fact: str = "decision:1") -> Message:
    """A short message that waits for a household."""
    household = world.household()
    household.phone = phone
    household.save()
    context = {"programme": "种植补助", "outcome": "已撤回", "reason": "本人放弃", "village": "示例1村"}
    outbox.announce(
        [Notice(event=catalogue.HOME_ENDED, fact=fact, recipients=(), household=household, context=context)],
        at=world.now,
    )
    return Message.objects.get(household=household)


def again(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.error


def test_the_gateway_gets_a_signed_message_and_answers_that_it_is_sent(
    world: World, gateway: Gateway
) -> None:
    message = told(world)
    assert outbox.drain(now=world.now) == 1
    headers, body = gateway.taken[0]
    assert json.loads(body) == {"id": f"m{message.pk}", "phone": PHONE, "text": message.body}
    assert headers["X-Timestamp"] == str(int(world.now.timestamp()))
    assert headers["X-Signature"] == channels.sign(headers["X-Timestamp"], body)
    assert headers["X-Key-Id"] == "k1"
    assert again(message) == (MessageState.SENT, "")
    assert SECRET not in body + str(headers)


def test_another_body_has_another_signature(gateway: Gateway) -> None:
    assert channels.sign("1", "a") != channels.sign("1", "b") != channels.sign("2", "b")


@pytest.mark.parametrize(
    ("status", "answer", "headers", "reason"),
    [
        (500, "", {}, "短信网关应答500。"),
        (503, "<html>", {}, "短信网关应答503。"),
        (429, "", {}, "短信网关应答429。"),
        (200, "<html>nonsense", {}, "短信网关的应答无法识别。"),
        (200, "[1, 2]", {}, "短信网关的应答无法识别。"),
        (200, '{"ok": "yes"}', {}, "短信网关的应答无法识别。"),
        (302, "", {"Location": "http://169.254.169.254/"}, "短信网关要求跳转到别的地址，已拒绝。"),
        (307, "", {"Location": "http://127.0.0.1:1/"}, "短信网关要求跳转到别的地址，已拒绝。"),
    ],
)
def test_a_gateway_in_trouble_is_asked_once_and_later_again(
    world: World, gateway: Gateway, status: int, answer: str, headers: dict[str, str], reason: str
) -> None:
    gateway.status, gateway.answer, gateway.headers = status, answer, headers
    first, second = told(world), told(world, fact="decision:2")
    assert outbox.drain(now=world.now) == 0
    assert len(gateway.taken) == 1
    assert again(first) == (MessageState.PENDING, reason)
    assert again(second) == (MessageState.PENDING, "")
    gateway.status, gateway.answer, gateway.headers = 200, '{"ok": true}', {}
    assert outbox.drain(now=world.later(1)) == 2
    assert again(first)[0] == again(second)[0] == MessageState.SENT


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (400, "", "短信网关拒绝（400）。"),
        (200, '{"ok": false, "error": "号码停机"}', "短信网关拒绝：号码停机。"),
        (200, '{"ok": false}', "短信网关拒绝：没有说明原因。"),
    ],
)
def test_a_message_the_gateway_refuses_becomes_a_slip_with_the_cause_and_the_next_one_goes_on(
    world: World, gateway: Gateway, status: int, answer: str, reason: str
) -> None:
    gateway.status, gateway.answer = status, answer
    first, second = told(world), told(world, fact="decision:2")
    assert outbox.drain(now=world.now) == 0
    assert len(gateway.taken) == 2
    assert again(first) == again(second) == (MessageState.PENDING, reason)
    assert first.channel == second.channel == Channel.SLIP
    assert set(Message.objects.slips([world.villages[0].prefix]).values_list("pk", flat=True)) == {
        first.pk,
        second.pk,
    }
    # It is on paper now: the gateway is not asked again, and a person ends it.
    assert outbox.drain(now=world.later(30)) == 0
    assert len(gateway.taken) == 2
    assert outbox.hand_over([first.pk], by=world.clerk.pk, at=world.later(30)) == 1
    assert again(first) == (MessageState.SENT, reason)


def test_a_short_message_that_failed_eight_times_becomes_a_slip(world: World, gateway: Gateway) -> None:
    gateway.status = 500
    message, moment = told(world), world.now
    for _ in range(outbox.MAX_ATTEMPTS):
        assert message.channel == Channel.SMS
        outbox.drain(now=moment)
        message.refresh_from_db()
        moment = message.next_try_at
    assert (message.channel, message.state) == (Channel.SLIP, MessageState.PENDING)
    assert message.error == "短信网关应答500。"
    assert len(gateway.taken) == 8


def test_a_gateway_that_is_not_there_or_says_nothing_is_a_gateway_that_is_down(
    world: World, gateway: Gateway, settings: Settings
) -> None:
    settings.SMS_URL = "http://127.0.0.1:9/"
    message = told(world)
    assert outbox.drain(now=world.now) == 0
    assert again(message) == (MessageState.PENDING, "短信网关没有应答（ConnectionError）。")


def test_a_gateway_that_lets_us_wait_is_given_up(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.SMS_URL = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        monkeypatch.setattr(channels, "READ_SECONDS", 0.2)
        message = told(world)
        assert outbox.drain(now=world.now) == 0
    assert again(message) == (MessageState.PENDING, "短信网关没有应答（ReadTimeout）。")


def test_a_number_with_letters_that_was_typed_later_leads_to_a_slip(world: World, gateway: Gateway) -> None:
    message = told(world)
    assert message.household is not None
    message.household.phone = "1000000abcd"
    message.household.save()
    assert outbox.drain(now=world.now) == 0
    assert again(message) == (MessageState.PENDING, "没有可用的手机号。")
    assert message.channel == Channel.SLIP
    assert gateway.taken == []


@pytest.mark.parametrize("phone", ["", "1000000abcd", "0563-0000000", "100000000001", "〔示例〕"])
def test_a_household_without_a_mobile_gets_a_slip(world: World, gateway: Gateway, phone: str) -> None:
    message = told(world, phone=phone)
    assert message.channel == Channel.SLIP
    assert outbox.drain(now=world.now) == 0
    assert again(message) == (MessageState.PENDING, "")


class Post:
    """A mail server's inbox; answers as it is told."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.answer = "250 OK"
        self.seconds = 0.0

    async def handle_DATA(  # noqa: N802 - the server calls it so
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        await asyncio.sleep(self.seconds)
        if self.answer.startswith("250"):
            self.letters.append(message_from_bytes(envelope.content))
        return self.answer


@pytest.fixture
def post(settings: Settings) -> Iterator[Post]:
    inbox = Post()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield inbox
    server.stop()


def letter(world: World) -> Message:
    context = {"number": "示例-1", "kind": "办理", "due": "2021-03-05", "level": "村级"}
    outbox.announce(
        [Notice(event=catalogue.REMINDER, fact="deadline:1", recipients=[world.clerk], context=context)],
        at=world.now,
    )
    return Message.objects.get(channel=Channel.EMAIL)


def test_a_letter_arrives_at_a_real_mail_server_under_its_own_id(world: World, post: Post) -> None:
    message = letter(world)
    outbox.drain(now=world.now)
    assert again(message) == (MessageState.SENT, "")
    assert [one["Message-ID"] for one in post.letters] == [f"<{message.pk}.deadline-1@localhost>"]
    assert post.letters[0]["To"] == world.clerk.email
    assert outbox.drain(now=world.later(1)) == 0
    assert len(post.letters) == 1


@pytest.mark.parametrize("trouble", ["451 later", "554 no"])
def test_a_letter_the_server_does_not_take_is_tried_again(world: World, post: Post, trouble: str) -> None:
    post.answer = trouble
    message = letter(world)
    outbox.drain(now=world.now)
    state, reason = again(message)
    assert state == MessageState.PENDING
    assert reason.startswith("SMTPDataError")
    post.answer = "250 OK"
    outbox.drain(now=world.later(1))
    assert again(message) == (MessageState.SENT, "")
    assert len(post.letters) == 1


def test_without_a_mail_server_the_message_centre_still_works(world: World, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    message = letter(world)
    assert outbox.drain(now=world.now) == 1
    assert again(message) == (MessageState.PENDING, "邮件服务器连接不上（ConnectionRefusedError）。")


@pytest.fixture
def silent(settings: Settings) -> Iterator[list[int]]:
    """A mail server that takes the call and then says nothing; gives a word for each call."""
    calls: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    kept.append(server.accept()[0])
                    calls.append(1)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.getsockname()[1]
        settings.EMAIL_TIMEOUT = 0.2
        yield calls
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for call in kept:
            call.close()


def letters(world: World, number: int) -> list[Message]:
    context = {"number": "示例-1", "kind": "办理", "due": "2021-03-05", "level": "村级"}
    told = [
        Notice(event=catalogue.REMINDER, fact=f"deadline:{n}", recipients=[world.clerk], context=context)
        for n in range(number)
    ]
    outbox.announce(told, at=world.now)
    return list(Message.objects.filter(channel=Channel.EMAIL).order_by("pk"))


def test_a_mail_server_that_says_nothing_is_asked_once_and_short_messages_go_out(
    world: World, gateway: Gateway, silent: list[int]
) -> None:
    first, second, _ = letters(world, 3)
    short = told(world)
    outbox.drain(now=world.now)
    assert len(silent) == 1
    state, reason = again(first)
    assert (state, reason) == (MessageState.PENDING, "邮件服务器连接不上（SMTPServerDisconnected）。")
    assert again(second) == (MessageState.PENDING, "")
    assert again(short) == (MessageState.SENT, "")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (socket.gaierror(-2, "unknown"), "邮件服务器连接不上（gaierror）。"),
        (smtplib.SMTPConnectError(421, b"busy"), "邮件服务器连接不上（SMTPConnectError）。"),
        (smtplib.SMTPAuthenticationError(535, b"no"), "邮件服务器连接不上（SMTPAuthenticationError）。"),
        (ssl.SSLError("expired"), "邮件服务器连接不上（SSLError）。"),
    ],
    ids=["no such name", "busy", "login refused", "certificate"],
)
def test_whatever_keeps_a_letter_from_a_server_keeps_all_of_them(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, failure: OSError, reason: str
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    calls: list[int] = []

    def refuse(self: Any) -> None:
        calls.append(1)
        raise failure

    monkeypatch.setattr("django.core.mail.backends.smtp.EmailBackend.open", refuse)
    first, second = letters(world, 2)
    outbox.drain(now=world.now)
    assert len(calls) == 1
    assert again(first) == (MessageState.PENDING, reason)
    assert again(second) == (MessageState.PENDING, "")


def test_a_letter_cut_off_while_the_server_took_it_is_left_to_a_person(
    world: World, post: Post, settings: Settings
) -> None:
    """It may have arrived: sent again by itself it could arrive twice."""
    settings.EMAIL_TIMEOUT = 0.3
    post.seconds = 1.0
    first, second = letters(world, 2)
    outbox.drain(now=world.now)
    assert again(first) == (MessageState.DEAD, outbox.UNCERTAIN)
    assert again(second) == (MessageState.PENDING, "")
    post.seconds = 0.0
    outbox.drain(now=world.later(1))
    assert again(first) == (MessageState.DEAD, outbox.UNCERTAIN)
    assert again(second) == (MessageState.SENT, "")
    assert [one["Message-ID"].split(".")[0] for one in post.letters].count(f"<{first.pk}") <= 1


def test_a_slow_channel_has_its_own_time_and_leaves_the_others_theirs(
    world: World, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    class Slow:
        """Each letter takes ten seconds by the clock that the round looks at."""

        def send(self, message: Message, *, now: Any) -> None:
            tried.append(message.pk)

        def monotonic(self) -> float:
            return 10.0 * len(tried)

    monkeypatch.setattr(outbox, "time", Slow())
    monkeypatch.setitem(channels.SENDERS, Channel.EMAIL, Slow())
    waiting = letters(world, 5)
    short = told(world)
    outbox.drain(now=world.now)
    assert tried == [message.pk for message in waiting[:2]]
    assert again(short) == (MessageState.SENT, "")
    assert {again(message)[0] for message in waiting[2:]} == {MessageState.PENDING}
