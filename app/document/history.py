"""The course of a training: the loss of every batch, what evaluations found, and which options were in force."""

from __future__ import annotations

import dataclasses
import itertools

from app.document.losses import Losses
from core.experiment import Experiment
from core.metrics import Evaluation
from core.types import Array

MOST_EVALUATIONS = 2048
"""Evaluations of one part of the data that are kept: a screen has a thousand columns."""

_branch_numbers = itertools.count(1)


@dataclasses.dataclass
class History:
    """Curves over steps; the first step is 1, step 0 is before training."""

    losses: Losses = dataclasses.field(default_factory=Losses)
    evaluations: dict[str, dict[int, Evaluation]] = dataclasses.field(default_factory=lambda: {"train": {}, "test": {}})
    experiments: list[tuple[int, Experiment]] = dataclasses.field(default_factory=list)
    """Step → the experiment that was in force after it."""

    branches: list[tuple[int, int]] = dataclasses.field(default_factory=lambda: [(0, next(_branch_numbers))])
    """Step → a number that only histories share which were one training from there on."""

    @property
    def root(self) -> int:
        """A number that only histories share which began with the same start weights, in the same run."""
        return self.branches[0][1]

    def add_losses(self, first_step: int, losses: list[float] | Array) -> None:
        """Append the losses of consecutive steps; what stood at those steps or later is replaced."""
        if first_step <= len(self.losses):
            self.truncate(first_step - 1)
        self.losses.extend(losses)

    def add_evaluations(self, part: str, found: dict[int, Evaluation]) -> None:
        """Add what was measured of later steps; of too many evaluations half are kept, evenly spread."""
        kept = self.evaluations[part]
        kept.update(found)
        if len(kept) <= MOST_EVALUATIONS:
            return
        last, *others, newest = kept
        gap = (newest - last) / (MOST_EVALUATIONS // 2)
        for step in others:
            if step - last < gap:
                del kept[step]
            else:
                last = step

    def follow(self, step: int, experiment: Experiment) -> None:
        """Note the experiment that is in force after `step`."""
        self.experiments = [entry for entry in self.experiments if entry[0] < step]
        if not self.experiments or self.experiments[-1][1] != experiment:
            self.experiments.append((step, experiment))

    def experiment_of(self, step: int) -> Experiment | None:
        """The experiment with whose options a step was trained."""
        return next((experiment for since, experiment in reversed(self.experiments) if since < step), None)

    def copy(self) -> History:
        """A copy that does not change with this one."""
        evaluations = {part: dict(found) for part, found in self.evaluations.items()}
        return History(self.losses.copy(), evaluations, list(self.experiments), list(self.branches))

    def truncate(self, steps: int) -> None:
        """Forget everything after that many steps."""
        self.losses.truncate(steps)
        for found in self.evaluations.values():
            for step in [s for s in found if s > steps]:
                del found[step]
        self.experiments = [entry for entry in self.experiments if entry[0] <= steps]

    def branch_off(self, step: int) -> None:
        """From here on this is another training than the one its copies go on with."""
        root, *others = self.branches
        self.branches = [root, *(entry for entry in others if entry[0] < step), (step, next(_branch_numbers))]

    def shared_steps(self, other: History) -> int:
        """Up to which step both are the same training; −1 where not even the start weights are."""
        if self.branches[0] != other.branches[0]:
            return -1
        for own, others in itertools.zip_longest(self.branches, other.branches):
            if own != others:
                return min(entry[0] for entry in (own, others) if entry)
        return min(len(self.losses), len(other.losses))

    def is_same(self, other: History) -> bool:
        """Whether both are the same training and came equally far."""
        return self.branches == other.branches and len(self.losses) == len(other.losses)

    def evaluation_at(self, step: int, part: str = "test") -> tuple[int, Evaluation] | None:
        """The newest evaluation that is not later than `step`, and its step."""
        newest = max((found for found in self.evaluations[part] if found <= step), default=None)
        return None if newest is None else (newest, self.evaluations[part][newest])
