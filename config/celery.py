"""The Celery application; its settings are the CELERY_ ones of Django's settings, read when first needed."""

import os
import socket
from datetime import datetime, timedelta
from typing import Any

from celery import Celery, beat, bootsteps, signals

from registry import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


SLEW = timedelta(seconds=1)
"""What a time service may take back without anybody minding."""


class Scheduler(beat.Scheduler):
    """Beat that goes on after the clock was set back: Celery's own waits until the old time has come again."""

    seen: datetime | None = None

    def tick(self, *args: Any, **kwargs: Any) -> float:
        moment = self.app.now()
        if self.seen is not None and moment < self.seen - SLEW:
            for entry in self.schedule.values():
                entry.last_run_at = entry.default_now()
            self._heap = None
        self.seen = moment
        seconds: float = super().tick(*args, **kwargs)
        return seconds

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        """Each wake-up says which beat sent it: the worker that takes it writes down the sign of life of both."""
        entry.options = {
            **entry.options,
            "headers": {tracing.BEAT_HEADER: f"{socket.gethostname()}:{os.getpid()}"},
        }
        return super().apply_async(entry, producer=producer, advance=advance, **kwargs)


class AskAgain(bootsteps.StartStopStep):
    """RabbitMQ: every half minute the worker declares its queue and asks for its messages again.

    Celery hears of a deleted queue once, and misses it while it is busy or connects anew: from then on the worker waits
    for a queue that nobody declares any more, and whoever sends to it is not told.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)
    seconds = 30
    timer: Any = None

    def start(self, consumer: Any) -> None:
        if consumer.hub and consumer.connection.transport.driver_type == "amqp":
            self.timer = consumer.timer.call_repeatedly(self.seconds, self.ask, (consumer.task_consumer,))

    def stop(self, consumer: Any) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None

    @staticmethod
    def ask(queues: Any) -> None:
        # What fails here is an error of the connection, on which Celery begins anew.
        queues.declare()
        queues.cancel()
        queues.consume()


app.steps["consumer"].add(AskAgain)


@signals.before_task_publish.connect
def _hand_on(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """A task's log lines carry the id of the request that woke it."""
    if headers is not None and tracing.current() != tracing.NOBODY:
        headers[tracing.TASK_HEADER] = tracing.current()


@signals.task_prerun.connect
def _take_over(task: Any = None, **kwargs: Any) -> None:
    tracing.begin(str(getattr(task.request, tracing.TASK_HEADER, "") or ""), task=str(task.request.id or ""))


@signals.task_postrun.connect
def _let_go(**kwargs: Any) -> None:
    tracing.end()
