"""What the law needs to know about a case beyond its own row, and the refusals that follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from applications.states import Level
from registry.refusal import Refused


class OpenObjection(Refused):
    """A forward step while an objection on the case is not yet dealt with."""


class NotCovered(Refused):
    """A step that needs a posting that covers the case, which there is not."""


class SamePersonTwice(Refused):
    """One person deciding at two levels on one case."""


class OnDisplay(Refused):
    """A step that needs the case to hang on no displayed sheet."""


@dataclass(frozen=True)
class Standing:
    """The facts around a case, gathered once per verb under its lock.

    covered: levels with an entry that ran its full period, was not taken out, and shows at least the
        quantity and the amount that the case has now.
    on_display: the case hangs on a displayed sheet right now.
    open_objections: objections on the case that are received, accepted or being investigated.
    deciders: per level the keys of the people who entered or decided the case there.
    """

    covered: frozenset[Level] = frozenset()
    on_display: bool = False
    open_objections: int = 0
    deciders: Mapping[Level, frozenset[int]] = field(default_factory=dict)

    def refuse_open_objection(self) -> None:
        """No forward step while an objection on the case is open."""
        if self.open_objections:
            raise OpenObjection(f"该申请有{self.open_objections}件未办结异议，办结之前不能进入下一步。")

    def refuse_uncovered(self, level: Level) -> None:
        """A posting is left, and a result announced, only where this level and all below it are covered."""
        for needed in level.and_below:
            if needed not in self.covered:
                raise NotCovered(
                    f"该申请没有一次期满且覆盖当前数量和金额的{needed.label}公示，不能进入下一步。"
                )

    def refuse_second_level(self, level: Level, by: int) -> None:
        """Nobody decides at two levels on one case (entering and 村级申报 are one level)."""
        for other in Level:
            if other is not level and by in self.deciders.get(other, frozenset()):
                raise SamePersonTwice(f"您已在{other.label}经办过该申请，同一人不得在两级经办同一申请。")

    def refuse_on_display(self) -> None:
        """A case on a displayed sheet cannot be taken back; its row would have to be corrected."""
        if self.on_display:
            raise OnDisplay("该申请正在公示栏上公示，不能直接收回；内容有误请办理更正。")

    def lowest_uncovered_below(self, level: Level) -> Level | None:
        """The lowest level under `level` whose posting no longer covers the case, if there is one."""
        return next((below for below in level.below if below not in self.covered), None)
