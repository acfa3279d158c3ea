"""The two ids of a log line: the request's goes along to the tasks it wakes, each task has its own besides."""

import json
import logging
import logging.config
from typing import Any

from celery import signals
from django.conf import settings

from config import celery as configured
from notifications.tasks import deliver
from registry import tracing

TASK = "6f1c0f9e-0000-4000-8000-000000000001"


def line(kind: str) -> str:
    """One line as the installation's own formatter and filter write it."""
    made = logging.config.DictConfigurator(settings.LOGGING)
    formatter = made.configure_formatter(dict(settings.LOGGING["formatters"][kind]))
    record = logging.LogRecord("notifications.outbox", logging.WARNING, "", 0, "封%s", ("好",), None)
    tracing.Traced().filter(record)
    return str(formatter.format(record))


def taken_over(headers: dict[str, Any]) -> dict[str, Any]:
    """What a line says that is written inside the task which a worker was sent with these headers."""
    deliver.push_request(id=TASK, **headers)
    try:
        configured._take_over(task=deliver)
        said: dict[str, Any] = json.loads(line("json"))
    finally:
        configured._let_go()
        deliver.pop_request()
    return said


def test_the_request_s_id_goes_along_to_the_task_that_it_wakes() -> None:
    tracing.begin("request-0001")
    headers: dict[str, Any] = {}
    signals.before_task_publish.send(sender=deliver.name, headers=headers)
    tracing.end()
    said = taken_over(headers)
    assert (said["trace"], said["task"]) == ("request-0001", TASK)


def test_a_task_that_nobody_s_request_woke_has_an_id_of_its_own() -> None:
    headers: dict[str, Any] = {}
    signals.before_task_publish.send(sender=deliver.name, headers=headers)
    assert headers == {}
    first, second = taken_over(headers), taken_over(headers)
    assert first["task"] == second["task"] == TASK
    assert len({first["trace"], second["trace"], tracing.NOBODY}) == 3


def test_a_json_line_is_one_object_with_both_ids_and_chinese_as_it_is() -> None:
    tracing.begin("request-0001", task=TASK)
    try:
        text = line("json")
    finally:
        tracing.end()
    assert "\n" not in text
    assert "封好" in text
    said = json.loads(text)
    assert said | {"asctime": ""} == {
        "asctime": "",
        "levelname": "WARNING",
        "name": "notifications.outbox",
        "trace": "request-0001",
        "task": TASK,
        "message": "封好",
    }


def test_a_plain_line_has_both_ids_and_a_dash_outside_of_everything() -> None:
    tracing.begin("request-0001", task=TASK)
    try:
        assert f"[request-0001 {TASK}] 封好" in line("line")
    finally:
        tracing.end()
    assert "[- -] 封好" in line("line")


def test_an_id_that_is_none_is_not_taken_into_the_log() -> None:
    tracing.begin("bad id\nforged line", task="worse\nid")
    try:
        said = json.loads(line("json"))
    finally:
        tracing.end()
    assert len(said["trace"]) == 16
    assert said["task"] == tracing.NOBODY
