"""The state machine of a case (django-fsm): what it is in law, and what may happen to it.

Every transition is a written-out method with one fixed target per source. A method checks the law against
the `Standing` it is handed, changes its own row in memory and nothing else; `workflow.engine` writes it.
"""

from django.db import models
from django_fsm import FSMField, FSMModelMixin, transition
from django_fsm import TransitionNotAllowed as WrongState

from applications.standing import Standing
from applications.states import OPEN, Level, State

__all__ = ["ApplicationMachine", "ComputedOtherwise", "WrongState", "transition_table"]


class ComputedOtherwise(Exception):
    """Resubmit asked for where restart is due, or the other way round: a fault in the calling code."""


class ApplicationMachine(FSMModelMixin, models.Model):
    """The field `state` and its transitions. `standing` are the facts, `by` the key of the acting person."""

    state = FSMField("状态", choices=State.choices, default=State.DRAFT, protected=True, max_length=30)

    class Meta:
        abstract = True

    @transition(field=state, source=State.DRAFT, target=State.VILLAGE_REVIEW)
    def submit(self, standing: Standing, *, by: int) -> None:
        """The household's application is handed in (提交)."""
        standing.refuse_second_level(Level.VILLAGE, by)

    @transition(field=state, source=State.DRAFT, target=State.WITHDRAWN)
    def discard(self, standing: Standing, *, by: int) -> None:
        """A draft that was never handed in is put away (作废); its history stays."""

    @transition(field=state, source=State.VILLAGE_REVIEW, target=State.VILLAGE_POSTING)
    def pass_village_review(self, standing: Standing, *, by: int) -> None:
        """The village declares the case (村级申报)."""
        standing.refuse_open_objection()
        standing.refuse_second_level(Level.VILLAGE, by)

    @transition(field=state, source=State.TOWNSHIP_REVIEW, target=State.TOWNSHIP_POSTING)
    def pass_township_review(self, standing: Standing, *, by: int) -> None:
        """The township passes the case (乡级审核通过)."""
        standing.refuse_open_objection()
        standing.refuse_uncovered(Level.VILLAGE)
        standing.refuse_second_level(Level.TOWNSHIP, by)

    @transition(field=state, source=State.DISTRICT_REVIEW, target=State.DISTRICT_POSTING)
    def pass_district_review(self, standing: Standing, *, by: int) -> None:
        """The district gives the final approval (区级审定通过)."""
        standing.refuse_open_objection()
        standing.refuse_uncovered(Level.TOWNSHIP)
        standing.refuse_second_level(Level.DISTRICT, by)

    @transition(field=state, source=State.VILLAGE_POSTING, target=State.TOWNSHIP_REVIEW)
    def close_village_posting(self, standing: Standing) -> None:
        """The village posting has run its full period without an open objection (村级公示期满)."""
        standing.refuse_open_objection()
        standing.refuse_uncovered(Level.VILLAGE)

    @transition(field=state, source=State.TOWNSHIP_POSTING, target=State.DISTRICT_REVIEW)
    def close_township_posting(self, standing: Standing) -> None:
        """The township posting has run its full period without an open objection (乡级公示期满)."""
        standing.refuse_open_objection()
        standing.refuse_uncovered(Level.TOWNSHIP)

    @transition(field=state, source=State.DISTRICT_POSTING, target=State.ANNOUNCEMENT)
    def close_district_posting(self, standing: Standing) -> None:
        """The district posting has run its full period without an open objection (区级公示期满)."""
        standing.refuse_open_objection()
        standing.refuse_uncovered(Level.DISTRICT)

    @transition(field=state, source=State.ANNOUNCEMENT, target=State.ANNOUNCED)
    def announce(self, standing: Standing, *, by: int) -> None:
        """The result is announced (公告)."""
        standing.refuse_open_objection()
        standing.refuse_uncovered(Level.DISTRICT)
        standing.refuse_second_level(Level.DISTRICT, by)

    @transition(field=state, source=State.VILLAGE_REVIEW, target=State.VILLAGE_CORRECTION)
    @transition(field=state, source=State.TOWNSHIP_REVIEW, target=State.TOWNSHIP_CORRECTION)
    @transition(field=state, source=State.DISTRICT_REVIEW, target=State.DISTRICT_CORRECTION)
    def send_back(self, standing: Standing, *, by: int, level: Level) -> None:
        """A reviewer returns the case for its papers or facts (退回补正)."""
        standing.refuse_second_level(level, by)

    @transition(field=state, source=State.DISTRICT_REVIEW, target=State.TOWNSHIP_REVIEW)
    def return_to_township(self, standing: Standing, *, by: int) -> None:
        """The district gives the case back to the township's review (退回乡级重审)."""
        standing.refuse_second_level(Level.DISTRICT, by)

    @transition(field=state, source=State.VILLAGE_POSTING, target=State.VILLAGE_REVIEW)
    @transition(field=state, source=State.TOWNSHIP_POSTING, target=State.TOWNSHIP_REVIEW)
    @transition(field=state, source=State.DISTRICT_POSTING, target=State.DISTRICT_REVIEW)
    def take_back(self, standing: Standing, *, by: int, level: Level) -> None:
        """The level that passed the case takes it back while it hangs on no displayed sheet (收回)."""
        standing.refuse_on_display()
        standing.refuse_second_level(level, by)

    @transition(field=state, source=State.VILLAGE_POSTING, target=State.VILLAGE_CORRECTION)
    @transition(field=state, source=State.TOWNSHIP_POSTING, target=State.VILLAGE_CORRECTION)
    @transition(field=state, source=State.DISTRICT_POSTING, target=State.VILLAGE_CORRECTION)
    def correct(self, standing: Standing, *, by: int, level: Level) -> None:
        """A row on display is wrong: it is taken out and the case starts from the village (更正)."""
        standing.refuse_second_level(level, by)

    @transition(field=state, source=State.ANNOUNCEMENT, target=State.DISTRICT_REVIEW)
    def stop(self, standing: Standing, *, by: int, level: Level = Level.DISTRICT) -> None:
        """A case is stopped before its announcement and reviewed again (暂停公告).

        By the district, or by the level that decided an objection to it.
        """
        standing.refuse_second_level(level, by)

    @transition(
        field=state,
        source=[
            State.VILLAGE_REVIEW,
            State.TOWNSHIP_REVIEW,
            State.DISTRICT_REVIEW,
            State.VILLAGE_POSTING,
            State.TOWNSHIP_POSTING,
            State.DISTRICT_POSTING,
            State.ANNOUNCEMENT,
        ],
        target=State.REJECTED,
    )
    def reject(self, standing: Standing, *, by: int, level: Level) -> None:
        """The case is refused with a reason (不予批准; at the village 不予上报)."""
        standing.refuse_second_level(level, by)

    @transition(
        field=state,
        source=[State.VILLAGE_CORRECTION, State.TOWNSHIP_CORRECTION, State.DISTRICT_CORRECTION],
        target=State.REJECTED,
    )
    def cancel(self, standing: Standing, *, by: int, level: Level) -> None:
        """An objection was upheld while the case is corrected: it is refused and not reported again (异议成立).

        Apart from `reject`, because no reviewer refuses at will what lies with the village for correction.
        """
        standing.refuse_second_level(level, by)

    @transition(field=state, source=State.VILLAGE_CORRECTION, target=State.VILLAGE_REVIEW)
    @transition(field=state, source=State.TOWNSHIP_CORRECTION, target=State.TOWNSHIP_REVIEW)
    @transition(field=state, source=State.DISTRICT_CORRECTION, target=State.DISTRICT_REVIEW)
    def resubmit(self, standing: Standing, *, by: int, level: Level) -> None:
        """Corrected and still covered below: back to the level that returned it (补正后再报)."""
        standing.refuse_second_level(Level.VILLAGE, by)
        if standing.lowest_uncovered_below(level):
            raise ComputedOtherwise("restart is due: a posting below no longer covers the case")

    @transition(field=state, source=State.TOWNSHIP_CORRECTION, target=State.VILLAGE_REVIEW)
    @transition(field=state, source=State.DISTRICT_CORRECTION, target=State.VILLAGE_REVIEW)
    def restart(self, standing: Standing, *, by: int, level: Level) -> None:
        """Corrected beyond what was posted: the case starts again from 村级申报 (重新申报)."""
        standing.refuse_second_level(Level.VILLAGE, by)
        if not standing.lowest_uncovered_below(level):
            raise ComputedOtherwise("resubmit is due: every posting below still covers the case")

    @transition(
        field=state,
        source=[State.VILLAGE_CORRECTION, State.TOWNSHIP_CORRECTION, State.DISTRICT_CORRECTION],
        target=State.LAPSED,
    )
    def lapse(self, standing: Standing, *, by: int, level: Level) -> None:
        """The level that returned the case ends it after an unanswered reminder (逾期终止)."""
        standing.refuse_second_level(level, by)

    @transition(field=state, source=sorted(OPEN), target=State.WITHDRAWN)
    def withdraw(self, standing: Standing, *, by: int) -> None:
        """The household takes its application back, at any time before the announcement (撤回)."""

    @transition(field=state, source=State.ANNOUNCED, target=State.REVOKED)
    def revoke(self, standing: Standing, *, by: int) -> None:
        """The district revokes an announced result, with a reason (撤销)."""
        standing.refuse_second_level(Level.DISTRICT, by)


def transition_table() -> dict[str, dict[State, State]]:
    """Every transition as declared: method name → {source: target}."""
    table: dict[str, dict[State, State]] = {}
    for name, method in vars(ApplicationMachine).items():
        meta = getattr(method, "_django_fsm", None)
        if meta is not None:
            table[name] = {State(source): State(found.target) for source, found in meta.transitions.items()}
    return table
