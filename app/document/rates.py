"""The learning rate as a curve: nobody has to record it, because schedule and options say what it was."""

import numpy as np

from app.document.history import History
from app.document.losses import Reading
from core.optimizers import optimizer_from_spec
from core.schedules import schedule_from_spec
from core.types import Array


class Rates:
    """The learning rate of every step of a history."""

    def __init__(self, history: History) -> None:
        self._last = len(history.losses)
        self._parts = [
            (since, optimizer_from_spec(experiment.optimizer).learning_rate, schedule_from_spec(experiment.schedule))
            for since, experiment in history.experiments
        ]

    def at(self, step: int) -> float:
        """The rate that step was trained with; NaN where no option is known."""
        for since, base, schedule in reversed(self._parts):
            if since < step:
                return schedule.rate(base, step - 1)
        return float("nan")

    def ends(self) -> tuple[float, float] | None:
        """The first and the last step."""
        return (1.0, float(self._last)) if self._last and self._parts else None

    def first_bad(self) -> tuple[int, float] | None:
        """A rate is always finite."""
        return None

    def near(self, step: float) -> Reading | None:
        """The rate of the step that lies nearest."""
        if self.ends() is None:
            return None
        nearest = min(max(round(step), 1), self._last)
        rate = self.at(nearest)
        return Reading(nearest, rate, rate)

    def polyline(self, first: float, last: float, columns: int) -> tuple[Array, Array]:
        """The rate at so many steps from `first` to `last`, and on both sides of every change of an option.

        Shapes: x, y (points,)
        """
        first, last = max(first, 1.0), min(last, float(self._last))
        if last < first or not self._parts:
            return np.empty(0), np.empty(0)
        steps = np.unique(np.linspace(first, last, min(columns, int(last - first) + 2)).round())
        changes = [float(since + side) for since, _, _ in self._parts for side in (0, 1)]
        steps = np.union1d(steps, [step for step in changes if first <= step <= last])
        return steps, np.array([self.at(int(step)) for step in steps])
