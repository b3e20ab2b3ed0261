"""The course of the open training and of those before it: curves, states to travel back to, changes made."""

import dataclasses
from typing import Any

from app.document.changes import difference_words
from app.document.history import History
from app.document.snapshots import Line, Snapshots
from core.metrics import Evaluation
from core.types import Array

LIMIT = 8
"""Past runs that are kept for comparison."""


@dataclasses.dataclass
class PastRun:
    """A run that was left: by starting anew, or by going on from an earlier moment."""

    number: int  # counted from the first run that was left
    name: str
    history: History
    first_step: int = 0  # up to there it is the same as the run that left it


class Course:
    """What happened so far."""

    def __init__(self) -> None:
        self.history = History()
        self.snapshots = Snapshots()
        self.past_runs: list[PastRun] = []
        self.marks: list[tuple[int, str]] = []  # step → what was changed from there on
        self._runs = 0

    def start_anew(self, name: str) -> None:
        """Empty curves for a new run; the old one becomes a past run if it came anywhere."""
        self._leave(name, 0)
        self.history, self.marks = History(), []
        self.snapshots.take_up(())

    def return_to(self, history: History, marks: list[tuple[int, str]], kept: Line, name: str) -> None:
        """Take up a run again that was left; the one that was open becomes a past run where it went another way."""
        shared = self.history.shared_steps(history)
        if len(self.history.losses) > shared:
            self._leave(name, max(shared, 0))
        self.snapshots.take_up(kept)
        self.past_runs = [run for run in self.past_runs if not run.history.is_same(history)]
        self.history, self.marks = history, marks
        # A run that was taken up again may now go on differently than it once did.
        self.history.branch_off(len(history.losses))

    def go_on_from(self, step: int, name: str) -> None:
        """Forget what came after `step`; it stays as a past run."""
        if len(self.history.losses) > step:
            self._leave(name, step)
            self.history.truncate(step)
            self.history.branch_off(step)
        self.snapshots.truncate(step)
        self.marks = [mark for mark in self.marks if mark[0] <= step]

    def cut(self, step: int) -> None:
        """Forget what was reported of the steps after `step`."""
        self.history.truncate(step)
        self.marks = [mark for mark in self.marks if mark[0] <= step]

    def forget(self, run: PastRun) -> None:
        """Drop a past run."""
        self.past_runs = [other for other in self.past_runs if other is not run]

    def add(self, first_step: int, losses: Array | list[float], found: dict[str, dict[int, Evaluation]]) -> None:
        """Add what a training reported."""
        if len(losses):
            self.history.add_losses(first_step, losses)
        for part, evaluations in found.items():
            self.history.add_evaluations(part, evaluations)

    def keep(self, state: dict[str, Any]) -> None:
        """Keep a state to travel back to."""
        self.snapshots.add(state)

    def mark(self, step: int, what: str) -> None:
        """Note a change of an option that takes effect after `step`."""
        self.marks.append((step, what))

    def _leave(self, name: str, first_step: int) -> None:
        if len(self.history.losses) < 2:
            return
        self._runs += 1
        name = f"{self._runs} · {name}"
        # Runs of one experiment have one name: what tells this one from the run before it is said as well.
        if self.past_runs and self.past_runs[-1].history.experiments and self.history.experiments:
            last, own = (history.experiments[-1][1] for history in (self.past_runs[-1].history, self.history))
            name = ", ".join(filter(None, [name, difference_words(last, own)]))
        self.past_runs.append(PastRun(self._runs, name, self.history.copy(), first_step))
        del self.past_runs[:-LIMIT]
