"""Which curves a history has, and how each of them looks."""

from array import array
from itertools import islice

import numpy as np

from app.document.course import PastRun
from app.document.history import History
from app.document.rates import Rates
from app.plots.curve import CurveStyle
from app.plots.curve_data import PointSeries, Series
from core.metrics import Evaluation
from core.types import Array

RATE = "learning rate"

STYLES = {
    "batch loss": CurveStyle("forward", "left", 1.0, pale=True),
    "train loss": CurveStyle("forward", "left", 1.5),
    "test loss": CurveStyle("loss", "left", 2.0),
    "train accuracy": CurveStyle("update", "right", 1.5, pale=True),
    "test accuracy": CurveStyle("update", "right", 2.0),
    RATE: CurveStyle("muted", "own", 1.5),
}

RUN_COLORS = ("#7b5ea7", "#008b8b", "#8c6d46", "#b23f8c", "#6b7a1e", "#5b6b7f", "#a0524a", "#3f7f9b")
"""Past runs in turn: hues that mean nothing else in the window."""

_LEAST_EVALUATIONS = 8
"""From so many on, past the step at which a run was left, its test loss is a curve that can be seen."""

Curves = dict[str, tuple[Series, CurveStyle]]


class EvaluationCopy:
    """The evaluations of one part of the data as columns of steps, losses and accuracies."""

    def __init__(self) -> None:
        self._columns = array("d"), array("d"), array("d")
        self._last: tuple[int, Evaluation] | None = None

    def follow(self, found: dict[int, Evaluation]) -> tuple[Array, Array, Array]:
        """Steps, losses and accuracies (NaN for a regression), of which only the new ones are converted."""
        steps, losses, accuracies = self._columns
        # A history loses its latest entries, or is thinned out: while our last one is where it was, so are all before.
        entry = next(islice(found.items(), len(steps) - 1, None), None) if steps else None
        if self._last is None or entry is None or entry[0] != self._last[0] or entry[1] is not self._last[1]:
            for column in self._columns:
                del column[:]
        for step, evaluation in islice(found.items(), len(steps), None):
            steps.append(step)
            losses.append(evaluation.loss)
            accuracies.append(np.nan if evaluation.accuracy is None else evaluation.accuracy)
            self._last = step, evaluation
        return np.array(steps), np.array(losses), np.array(accuracies)


class Lines:
    """The curves of one history."""

    def __init__(self, history: History, *, with_accuracy: bool) -> None:
        self.history = history
        self._with_accuracy = with_accuracy
        self._copies = {part: EvaluationCopy() for part in history.evaluations}

    def curves(self, *, with_rate: bool) -> Curves:
        """Curves that have something to show, in the order in which they are read out."""
        history = self.history
        found = {part: copy.follow(history.evaluations[part]) for part, copy in self._copies.items()}
        series: dict[str, Series] = {"batch loss": history.losses}
        series |= {f"{part} loss": PointSeries(steps, losses) for part, (steps, losses, _) in found.items()}
        if self._with_accuracy:
            series |= {f"{part} accuracy": PointSeries(steps, shares) for part, (steps, _, shares) in found.items()}
        if with_rate:
            series[RATE] = Rates(history)
        return {name: (series[name], STYLES[name]) for name in STYLES if name in series and series[name].ends()}


def run_series(run: PastRun) -> Series:
    """The curve by which a past run is compared: its test loss, or its batch losses where that was hardly measured."""
    steps, losses, _ = EvaluationCopy().follow(run.history.evaluations["test"])
    own = len(run.history.losses) - run.first_step
    is_curve = np.count_nonzero(steps > run.first_step) >= max(2, min(_LEAST_EVALUATIONS, own / 2))
    return PointSeries(steps, losses) if is_curve else run.history.losses


def run_color(run: PastRun) -> str:
    """The colour of a past run, which stays its own when others are forgotten."""
    return RUN_COLORS[(run.number - 1) % len(RUN_COLORS)]
