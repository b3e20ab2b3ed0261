"""The course of a training: the loss of every batch and what evaluations found."""

from __future__ import annotations

import bisect
import copy
import dataclasses
from array import array
from collections.abc import Sequence

from core.metrics import Evaluation
from core.types import Array


@dataclasses.dataclass
class History:
    """Curves over steps; the first step is 1, step 0 is before training."""

    losses: array[float] = dataclasses.field(default_factory=lambda: array("d"))  # of step i + 1 at index i
    evaluations: dict[str, dict[int, Evaluation]] = dataclasses.field(default_factory=lambda: {"train": {}, "test": {}})

    def add_losses(self, first_step: int, losses: Sequence[float] | Array) -> None:
        """Append the losses of consecutive steps; what stood at those steps or later is replaced."""
        self.truncate(first_step - 1)
        self.losses.extend(losses)

    def copy(self) -> History:
        """A copy that does not change with this one."""
        return copy.deepcopy(self)

    def truncate(self, steps: int) -> None:
        """Forget everything after that many steps."""
        del self.losses[steps:]
        for found in self.evaluations.values():
            for step in [s for s in found if s > steps]:
                del found[step]

    def evaluation_at(self, step: int, part: str = "test") -> tuple[int, Evaluation] | None:
        """The newest evaluation that is not later than `step`, and its step."""
        steps = sorted(self.evaluations[part])
        position = bisect.bisect_right(steps, step)
        return (steps[position - 1], self.evaluations[part][steps[position - 1]]) if position else None
