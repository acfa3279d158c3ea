"""Whether the system runs: what monitors are answered, what the administrator sees, and that nobody else sees it."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from applications.states import State
from notifications import catalogue, outbox
from notifications.models import DeliveryBeat, Message, MessageState, MessageWording
from notifications.outbox import Notice
from notifications.tasks import deliver
from registry import appointments, clock
from registry.models import Appointment
from tests import stages
from tests.workflow.views.pages import as_, clock_at
from tests.world import World
from workflow import health, permissions, signs, sweeps
from workflow.models import Deadline, Heartbeat, PostingEntry, PostingKind, Setback

PAGE, RESEND, AGAIN = "/operations/", "/operations/resend/", "/operations/again/"


@pytest.fixture
def well(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world at its own hour, a sweep just done."""
    monkeypatch.setattr(health, "_clocks", lambda look: health.Finding("clocks", True, ""))
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
    assert (answer.status_code, answer.json()) == (
        503,
        {"ok": False, "checks": {"database": False}, "sweep": None},
    )


def test_all_is_well_after_a_sweep(well: World) -> None:
    status, checks = ready()
    assert status == 200
    assert set(checks) == {"schema", "keys", "sweep", "beat", "stuck", "delivery", "disk", "clocks"}
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


def test_three_minutes_without_a_round_of_delivery_are_red_once_there_was_one(well: World) -> None:
    deliver()
    assert DeliveryBeat.objects.get().at == well.now
    DeliveryBeat.objects.update(at=well.now - timedelta(minutes=3))
    assert ready()[1]["delivery"]
    DeliveryBeat.objects.update(at=well.now - timedelta(minutes=3, seconds=1))
    assert not ready()[1]["delivery"]
    deliver()
    assert ready()[1]["delivery"]
    assert DeliveryBeat.objects.count() == 1


def test_a_full_disk_a_lost_key_and_a_clock_apart_are_red(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Any
) -> None:
    settings.SENSITIVE_KEY_FILE = tmp_path / "none.json"
    monkeypatch.setattr(health, "ROOM", 1 << 60)
    found = {one.name: one for one in health.findings(health.Look(world.now))}
    assert not found["disk"].ok
    assert not found["keys"].ok
    assert not found["clocks"].ok
    assert "请校时" in found["clocks"].sentence


def test_a_monitor_is_told_no_details(well: World) -> None:
    Heartbeat.objects.all().delete()
    answer = Client().get("/readyz").content.decode()
    assert "。" not in answer
    assert json.loads(answer)["sweep"] is None
    assert set(json.loads(answer)) == {"ok", "checks", "sweep"}


def test_a_monitor_reads_when_the_last_round_ran_and_how_late_it_was(well: World) -> None:
    Heartbeat.objects.update(at=well.now - timedelta(seconds=61), lag_seconds=7200, unfinished=True)
    assert Client().get("/readyz").json()["sweep"] == {
        "last_run": f"{well.now - timedelta(seconds=61):%Y-%m-%dT%H:%M:%SZ}",
        "age_seconds": 61,
        "lag_seconds": 7200,
        "unfinished": True,
    }


@pytest.mark.parametrize(
    ("silent", "red"),
    [
        (timedelta(0), False),
        (timedelta(minutes=3), False),
        (timedelta(minutes=3, seconds=1), True),
        (timedelta(hours=23), True),
        # Forgotten: the rounds come from cron by now, or the sweep's own check is red.
        (timedelta(days=1, seconds=1), False),
        (-timedelta(minutes=1), True),
    ],
)
def test_three_minutes_without_a_beat_are_red_though_the_rounds_come(
    well: World, silent: timedelta, red: bool
) -> None:
    signs.give(signs.BEAT, "示例主机:1", now=well.now - silent)
    signs.give(signs.WORKER, "示例主机:2", now=well.now - timedelta(hours=2))
    status, checks = ready()
    assert (status, checks["beat"]) == ((503, False) if red else (200, True))
    assert checks["sweep"]


def test_a_missing_migration_is_red_until_it_is_there_and_is_not_looked_for_again(
    well: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def missing(number: int) -> None:
        monkeypatch.setattr(health, "_missing_migrations", lambda: asked.append(number) or number)

    monkeypatch.setattr(health, "whole", Event())
    missing(2)
    assert ready() == (503, {**ready()[1], "schema": False})
    missing(0)
    assert ready()[1]["schema"]
    missing(1)
    assert ready()[1]["schema"]
    assert asked == [2, 2, 0]


def test_the_page_costs_twelve_statements_and_one_for_the_things_of_each_kind_that_did_not_go(
    well: World, django_assert_max_num_queries: Any
) -> None:
    dead(well)
    signs.give(signs.BEAT, "示例主机:1", now=well.now)
    client = as_(well.administrator)
    client.get(PAGE)
    with django_assert_max_num_queries(12):
        page = client.get(PAGE).content.decode()
    assert "邮件服务器连接不上" in page
    assert 'data-label="没有发出">1<' in page


def test_of_several_beats_one_is_enough(well: World) -> None:
    signs.give(signs.BEAT, "示例主机:1", now=well.now - timedelta(hours=2))
    signs.give(signs.BEAT, "示例主机:2", now=well.now)
    assert ready()[1]["beat"]


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


@pytest.mark.parametrize(
    ("level", "allowed"),
    [("province", True), ("city", True), ("county", True), ("township", False), ("village", False)],
)
def test_only_administrators_of_a_county_or_more_see_it_and_send_again(
    well: World, level: str, allowed: bool
) -> None:
    message = dead(well)
    region = well.county
    while region.level != level:
        found = region.parent if level in ("province", "city") else region.children.first()
        assert found is not None
        region = found
    Appointment.objects.filter(user=well.administrator).update(region=region)
    person = appointments.actor(well.administrator, on=timezone.localdate(well.now))
    verdict = permissions.may_operate(person)
    assert verdict.allowed is allowed
    client = as_(well.administrator)
    assert client.get(PAGE).status_code == (200 if allowed else 404)
    assert client.post(RESEND, {"message": message.pk}).status_code == (302 if allowed else 404)
    message.refresh_from_db()
    assert message.state == (MessageState.PENDING if allowed else MessageState.DEAD)
    assert ("/operations/" in client.get("/").content.decode()) is allowed


def test_what_failed_and_is_tried_again_is_shown_with_its_next_try(well: World) -> None:
    message = dead(well)
    later = well.now + timedelta(hours=1)
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.PENDING, attempts=3, error="邮件服务器连接不上。", next_try_at=later
    )
    answer = as_(well.administrator).get(PAGE)
    assert [one.pk for one in answer.context["troubled"]] == [message.pk]
    page = answer.content.decode()
    assert "出过错、还要再发的消息" in page
    assert "邮件服务器连接不上。" in page
    assert f"{timezone.localtime(later):%Y-%m-%d %H:%M}" in page
    queue = {one.channel: one for one in answer.context["queue"]}
    assert (queue["邮件"].waiting, queue["邮件"].postponed) == (0, 1)
    assert (queue["站内"].waiting, queue["站内"].postponed) == (1, 0)
    outbox.drain(now=well.now)
    Message.objects.filter(pk=message.pk).update(error="", next_try_at=later)
    assert "出过错、还要再发的消息" not in as_(well.administrator).get(PAGE).content.decode()


def test_a_wording_with_an_unknown_variable_is_named_and_its_default_is_sent(well: World) -> None:
    MessageWording.objects.create(
        event="reminder",
        version=1,
        title="{编号}快到期",
        text="{编号}的{幸运数字}快到期。",
        changed_by=well.administrator,
        changed_at=well.now,
    )
    message = dead(well)
    assert "幸运数字" not in message.body
    assert message.body
    page = as_(well.administrator).get(PAGE).content.decode()
    assert "消息模板第1版里有不认识的变量{幸运数字}，发送时已改用默认文字，请修改模板。" in page
    MessageWording.objects.all().delete()
    assert "不能使用的消息模板" not in as_(well.administrator).get(PAGE).content.decode()


def test_workers_and_beats_are_shown_with_their_last_sign_of_life(well: World) -> None:
    assert "还没有工作进程活动过" in as_(well.administrator).get(PAGE).content.decode()
    signs.give(signs.WORKER, "host-a:17", now=well.now - timedelta(minutes=4))
    signs.give(signs.BEAT, "host-b:18", now=well.now)
    answer = as_(well.administrator).get(PAGE)
    assert [(one.kind, one.where) for one in answer.context["signs"]] == [
        ("beat", "host-b:18"),
        ("worker", "host-a:17"),
    ]
    assert "host-a:17" in answer.content.decode()


def test_what_the_rounds_could_not_do_is_shown_with_its_reason_and_tried_again_when_ticked(
    well: World,
) -> None:
    case, moment = stages.reach(well, State.VILLAGE_POSTING)
    sheet = stages.displayed(well, [case], kind=PostingKind.VILLAGE, now=moment)
    PostingEntry.objects.filter(posting=sheet).update(amount=1)
    ended = stages.after(sheet)
    sweeps.run(now=ended)
    row = Setback.objects.get()
    asked = ended + timedelta(seconds=20)
    with clock_at(asked):
        client = as_(well.administrator)
        page = client.get(PAGE).content.decode()
        assert f"{sheet.number}的名单与张贴时封存的名单不一致，期满不能办结，请立即核查。" in page
        assert f'href="{sheet.get_absolute_url()}"' in page
        assert "请先勾选要再试的事项" in client.post(AGAIN, {"setback": "x"}, follow=True).content.decode()
        assert "已安排1项" in client.post(AGAIN, {"setback": row.pk}, follow=True).content.decode()
        row.refresh_from_db()
        assert (row.next_try_at, row.asked_by) == (asked, well.administrator)
        before = row.next_try_at
        assert as_(well.reviewer).post(AGAIN, {"setback": row.pk}).status_code == 404
        row.refresh_from_db()
        assert row.next_try_at == before


def test_a_due_date_of_a_case_on_nobodys_desk_is_shown_with_the_case(well: World) -> None:
    case = stages.submitted(well)
    due = Deadline.objects.get(application=case)
    Deadline.objects.filter(pk=due.pk).update(application=stages.draft(well))
    Deadline.objects.filter(pk=due.pk).update(remind_on=well.now.date())
    sweeps.run(now=well.now)
    case = Deadline.objects.get(pk=due.pk).application
    page = as_(well.administrator).get(PAGE).content.decode()
    assert f"申请{case.number}现在是“草稿”，却还有没有办结的期限，请核查。" in page
    assert f'href="{case.get_absolute_url()}"' in page


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
