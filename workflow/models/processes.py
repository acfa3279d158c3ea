"""Viewflow's rows for our flow: a process per case, and tasks that know their region."""

from typing import Self

from django.db import models
from viewflow.workflow.managers import TaskQuerySet
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import PROCESS

from applications.models import Application
from registry.appointments import Actor
from registry.scope import within


class ApprovalProcess(Process):
    """The process of one case. It follows `Application.state` and is moved by `workflow.engine` alone."""

    application = models.OneToOneField(
        Application, models.PROTECT, related_name="approval_process", verbose_name="申请"
    )

    class Meta:
        verbose_name = "审批流程"
        verbose_name_plural = "审批流程"

    @property
    def is_running(self) -> bool:
        return self.status == PROCESS.NEW

    @property
    def is_over(self) -> bool:
        return self.status == PROCESS.DONE


class ReviewTaskQuerySet(TaskQuerySet):
    """Tasks by region: the worklist of a level is the open tasks of the cases it may see."""

    def visible_to(self, actor: Actor) -> Self:
        return self.filter(
            within(actor.may_read_prefixes, "process__approvalprocess__application__village__code")
        )

    def open(self) -> Self:
        return self.filter(finished__isnull=True)


class ReviewTask(Task):
    """A task of the approval flow."""

    objects = ReviewTaskQuerySet.as_manager()

    class Meta:
        proxy = True
        verbose_name = "办理任务"
        verbose_name_plural = "办理任务"
