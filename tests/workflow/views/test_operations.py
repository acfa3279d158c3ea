"""Whether the system runs: what monitors are answered, what the administrator sees, and that nobody else sees it."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings

from notifications import catalogue, outbox
from notifications.models import Message, MessageState
from notifications.outbox import Notice
from registry import clock
from tests.workflow.views.pages import as_, clock_at
from tests.world import World
from workflow import health, sweeps
from workflow.models import Heartbeat

PAGE, RESEND = "/operations/", "/operations/resend/"


@pytest.fixture
def well(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world at its own hour, a sweep just done."""
    monkeypatch.setattr(health, "_clocks", lambda now: health.Finding("clocks", True, ""))
    sweeps.run(now=world.now)
    with clock_at(world.now):
        yield world


def ready() -> tuple[int, dict[str, bool]]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()["checks"]


def dead(world: World) -> Message:
    context = {"number": "示例-1", "kind": "办理", "due": "2021-03-05", "level": "村级"}
    notice = Notice(event=catalogue.REMINDER, fact="deadline:1", recipients=[world.clerk], context=context)
    outbox.announce([notice], at=world.now)
    message = Message.objects.get(channel="email")
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.DEAD, attempts=8, error="邮件服务器连接不上。"
    )
    return message


@pytest.mark.django_db
def test_liveness_asks_nothing_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise DatabaseError("away")

    monkeypatch.setattr(clock, "now", broken)
    assert Client().get("/healthz").json() == {"ok": True}
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ok": False, "checks": {"database": False}})


def test_all_is_well_after_a_sweep(well: World) -> None:
    status, checks = ready()
    assert status == 200
    assert set(checks) == {"schema", "keys", "sweep", "delivery", "disk", "clocks"}
    assert all(checks.values())


def test_three_minutes_without_a_sweep_are_red(well: World) -> None:
    Heartbeat.objects.update(at=well.now - timedelta(minutes=3))
    assert ready()[0] == 200
    Heartbeat.objects.update(at=well.now - timedelta(minutes=3, seconds=1))
    assert ready() == (503, {**ready()[1], "sweep": False})
    Heartbeat.objects.all().delete()
    assert not ready()[1]["sweep"]


def test_a_message_that_is_two_minutes_late_is_red_but_not_a_slip(well: World) -> None:
    message = dead(well)
    late = well.now - timedelta(minutes=2, seconds=1)
    Message.objects.update(next_try_at=well.now)
    assert ready()[1]["delivery"]
    Message.objects.filter(pk=message.pk).update(state=MessageState.PENDING, next_try_at=late)
    assert not ready()[1]["delivery"]
    Message.objects.filter(pk=message.pk).update(
        channel="slip", recipient=None, household=well.household().pk
    )
    assert ready()[1]["delivery"]


def test_a_full_disk_a_lost_key_and_a_clock_apart_are_red(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Any
) -> None:
    settings.SENSITIVE_KEY_FILE = tmp_path / "none.json"
    monkeypatch.setattr(health, "ROOM", 1 << 60)
    found = {one.name: one for one in health.findings(now=world.now)}
    assert not found["disk"].ok
    assert not found["keys"].ok
    assert not found["clocks"].ok
    assert "请校时" in found["clocks"].sentence


def test_a_monitor_is_told_no_details(well: World) -> None:
    Heartbeat.objects.all().delete()
    answer = Client().get("/readyz").content.decode()
    assert "beat" not in answer.replace("heartbeat", "")
    assert set(json.loads(answer)) == {"ok", "checks"}


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver", "supervisor", "stranger"])
def test_the_page_is_the_administrators_alone(well: World, who: str) -> None:
    message = dead(well)
    client = as_(getattr(well, who))
    assert client.get(PAGE).status_code in (403, 404)
    assert client.post(RESEND, {"message": message.pk}).status_code in (403, 404)
    message.refresh_from_db()
    assert message.state == MessageState.DEAD
    assert Client().get(PAGE).status_code == 302


def test_dead_messages_are_shown_with_their_reason_and_sent_again_when_ticked(well: World) -> None:
    message = dead(well)
    client = as_(well.administrator)
    page = client.get(PAGE).content.decode()
    assert "邮件服务器连接不上。" in page
    assert message.body not in page
    assert "请先勾选" in client.post(RESEND, {"message": "x"}, follow=True).content.decode()
    assert "已重新排队1条消息" in client.post(RESEND, {"message": message.pk}, follow=True).content.decode()
    message.refresh_from_db()
    assert (message.state, message.attempts, message.handled_by) == ("pending", 0, well.administrator)


def test_every_request_leaves_a_line_with_its_id_and_without_its_query(
    well: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="access"):
        given = Client().get("/public/?q=示例户主", headers={"X-Request-ID": "abc-123456"})
        made = Client().get("/public/", headers={"X-Request-ID": "bad id\n"})
    assert given["X-Request-ID"] == "abc-123456"
    assert len(made["X-Request-ID"]) == 16
    lines = [record.getMessage() for record in caplog.records if record.name == "access"]
    assert [line.rsplit(" ", 1)[0] for line in lines] == ["GET /public/ 200"] * 2
    assert "示例户主" not in caplog.text
