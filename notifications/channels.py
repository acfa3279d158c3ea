"""The ways a message reaches somebody. One small class per channel; an error is raised, never swallowed.

`Undeliverable` means that trying again is of no use, `ChannelDown` that nobody can be reached on this channel now,
`CutOff` that besides nobody can say whether this message has gone out.
"""

import hashlib
import hmac
import json
import re
import smtplib
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

import requests
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from notifications.models import Channel, Message
from registry.models import Household, User

MOBILE = re.compile(r"1\d{10}")
CONNECT_SECONDS, READ_SECONDS = 3, 7


class Undeliverable(Exception):
    """This message will never arrive: a number that is none, a text the gateway refuses."""


class ChannelDown(Exception):
    """The channel itself does not work now; what waits behind this message waits too."""


class CutOff(ChannelDown):
    """The channel went away while it was being given the message: it may have arrived, so it is not sent again."""


class Sender(Protocol):
    """One channel."""

    def send(self, message: Message, *, now: datetime) -> None:
        """Hand the message over. Raises Undeliverable, ChannelDown, or whatever else goes wrong this time."""


class Email:
    """A letter by SMTP; the Message-ID is the message's own, so that a repeat can be told.

    A server that cannot be reached, says nothing or refuses our login fails every letter alike: the channel is down.
    """

    def send(self, message: Message, *, now: datetime) -> None:
        assert message.recipient is not None
        if not message.recipient.email:
            raise Undeliverable("收件人没有邮箱地址。")
        connection = get_connection()
        letter = EmailMessage(
            subject=message.subject,
            body=message.body,
            to=[message.recipient.email],
            headers={"Message-ID": f"<{message.pk}.{message.fact.replace(':', '-')}@{settings.MAIL_DOMAIN}>"},
            connection=connection,
        )
        try:
            # Every error of smtplib is an OSError, as are those of names, sockets and certificates.
            connection.open()
        except OSError as failure:
            raise ChannelDown(f"邮件服务器连接不上（{type(failure).__name__}）。") from failure
        try:
            self._hand_over(letter)
        finally:
            # Whatever the server says to our farewell, the letter's fate is decided.
            with suppress(OSError):
                connection.close()

    def _hand_over(self, letter: EmailMessage) -> None:
        begun = _noting_data(letter.connection)
        try:
            letter.send()
        except (
            smtplib.SMTPResponseException,
            smtplib.SMTPRecipientsRefused,
            smtplib.SMTPNotSupportedError,
        ):
            # An answer about this letter alone.
            raise
        except OSError as failure:
            sentence = f"邮件服务器在发送途中断开（{type(failure).__name__}）。"
            raise (CutOff if begun else ChannelDown)(sentence) from failure


def _noting_data(connection: Any) -> list[bool]:
    """Something in the list as soon as an SMTP server is being given the letter itself."""
    begun: list[bool] = []
    server = getattr(connection, "connection", None)
    if isinstance(server, smtplib.SMTP):
        give = server.data

        def data(message: Any) -> Any:
            begun.append(True)
            return give(message)

        server.data = data  # type: ignore[method-assign, assignment]
    return begun


class Sms:
    """A generic HTTP gateway: a JSON body signed with HMAC-SHA256 over the moment and the body.

    It must answer 200 with {"ok": true}; {"ok": false, "error": …} refuses the message. A redirect is never
    followed: it could lead the signed number to any address inside.
    """

    def send(self, message: Message, *, now: datetime) -> None:
        phone = mobile(message.household or message.recipient)
        if not phone:
            raise Undeliverable("没有可用的手机号。")
        moment = str(int(now.timestamp()))
        body = json.dumps({"id": f"m{message.pk}", "phone": phone, "text": message.body}, ensure_ascii=False)
        try:
            answer = requests.post(
                settings.SMS_URL,
                data=body.encode(),
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "X-Key-Id": settings.SMS_KEY_ID,
                    "X-Timestamp": moment,
                    "X-Signature": sign(moment, body),
                },
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as failure:
            raise ChannelDown(f"短信网关没有应答（{type(failure).__name__}）。") from None
        self._judge(answer)

    def _judge(self, answer: requests.Response) -> None:
        if answer.is_redirect or 300 <= answer.status_code < 400:
            raise ChannelDown("短信网关要求跳转到别的地址，已拒绝。")
        if answer.status_code == requests.codes.too_many_requests or answer.status_code >= 500:
            raise ChannelDown(f"短信网关应答{answer.status_code}。")
        if answer.status_code != requests.codes.ok:
            raise Undeliverable(f"短信网关拒绝（{answer.status_code}）。")
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("ok"), bool):
            raise ChannelDown("短信网关的应答无法识别。")
        if not said["ok"]:
            raise Undeliverable(f"短信网关拒绝：{str(said.get('error', ''))[:100] or '没有说明原因'}。")


def sign(moment: str, body: str) -> str:
    """The signature that the gateway compares."""
    return hmac.new(settings.SMS_SECRET.encode(), f"{moment}\n{body}".encode(), hashlib.sha256).hexdigest()


def mobile(person: User | Household | None) -> str:
    """The mobile number of somebody, or nothing where what is written is none."""
    phone = str(getattr(person, "phone", "") or "").replace(" ", "").replace("-", "")
    return phone if MOBILE.fullmatch(phone) else ""


def of_household(household: Household) -> Channel:
    """A short message where there are a gateway and a mobile number, else a slip that the village hands over."""
    return Channel.SMS if settings.SMS_URL and mobile(household) else Channel.SLIP


SENDERS: dict[str, Sender] = {Channel.EMAIL: Email(), Channel.SMS: Sms()}


def send(message: Message, *, now: datetime) -> None:
    """Hand the message to its channel. Raises whatever the channel raises."""
    SENDERS[message.channel].send(message, now=now)
