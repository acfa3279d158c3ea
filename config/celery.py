"""The Celery application; its settings are the CELERY_ ones of Django's settings, read when first needed."""

import os
from typing import Any

from celery import Celery, signals

from registry import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.before_task_publish.connect
def _hand_on(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """A task's log lines carry the id of the request that woke it."""
    if headers is not None and tracing.current() != tracing.NOBODY:
        headers[tracing.TASK_HEADER] = tracing.current()


@signals.task_prerun.connect
def _take_over(task: Any = None, **kwargs: Any) -> None:
    tracing.begin(str(getattr(task.request, tracing.TASK_HEADER, "") or ""))


@signals.task_postrun.connect
def _let_go(**kwargs: Any) -> None:
    tracing.end()
