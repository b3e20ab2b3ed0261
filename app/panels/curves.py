"""Loss and accuracy over the steps of the training, with a line where the cursor stands."""

from array import array
from itertools import islice
from typing import Literal, NamedTuple

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.document.document import Document
from app.document.history import History
from app.plots.curves import CurvesView
from app.view import HISTOGRAMS, View
from core.metrics import Evaluation
from core.types import Array

NOTE = "hover for values"
EMPTY = "No training step is complete yet: press Next batch to take one, or Run."


class _Line(NamedTuple):
    name: str
    color: str
    axis: Literal["left", "right"]
    width: float
    pale: bool


_LINES = (
    _Line("batch loss", "forward", "left", 1.0, True),
    _Line("train loss", "forward", "left", 1.5, False),
    _Line("test loss", "loss", "left", 2.0, False),
    _Line("test accuracy", "update", "right", 2.0, False),
)


class EvaluationCopy:
    """The evaluations of one part of the data as columns of steps, losses and accuracies."""

    def __init__(self) -> None:
        self._columns = array("d"), array("d"), array("d")
        self._last: tuple[int, Evaluation] | None = None

    def follow(self, found: dict[int, Evaluation]) -> tuple[Array, Array, Array]:
        """Steps, losses and accuracies (NaN for a regression), of which only the new ones are converted."""
        # A history only ever loses its latest entries: while our last one is there, so are those before it.
        if self._last is None or found.get(self._last[0]) is not self._last[1]:
            for column in self._columns:
                del column[:]
        steps, losses, accuracies = self._columns
        for step, evaluation in islice(found.items(), len(steps), None):
            steps.append(step)
            losses.append(evaluation.loss)
            accuracies.append(np.nan if evaluation.accuracy is None else evaluation.accuracy)
            self._last = step, evaluation
        return np.array(steps), np.array(losses), np.array(accuracies)


class Curves(View):
    """The curves of the history."""

    title = "Loss and accuracy"
    interval = HISTOGRAMS

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.plot = CurvesView()
        self.plot.set_message(EMPTY)
        self.plot.set_log(True)
        self._history: History | None = None
        self._train, self._test = EvaluationCopy(), EvaluationCopy()
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 2)
        column.addWidget(self.plot)
        document.history_changed.connect(self.invalidate)
        document.position_changed.connect(self.invalidate)

    def refresh(self) -> None:
        """All of the history; the line stands at the steps that are complete at the cursor."""
        self.note_changed.emit(NOTE)
        history = self.document.history
        if history is not self._history:
            self._history = history
            self.plot.clear()
        losses = np.array(history.losses)  # a copy: an array that is looked into could not grow
        train_steps, train_losses, _ = self._train.follow(history.evaluations["train"])
        test_steps, test_losses, accuracies = self._test.follow(history.evaluations["test"])
        found = {
            "batch loss": (np.arange(1, len(losses) + 1), losses),
            "train loss": (train_steps, train_losses),
            "test loss": (test_steps, test_losses),
            "test accuracy": (test_steps, accuracies),
        }
        shown = [line for line in _LINES if len(found[line.name][0]) and self._has_place(line)]
        if set(self.plot.names()) - {line.name for line in shown}:
            self.plot.clear()
        for name, color, axis, width, pale in shown:
            self.plot.set_curve(name, *found[name], color, axis=axis, width=width, pale=pale)
        self.plot.set_marker(self.document.steps_done if shown else None)

    def _has_place(self, line: _Line) -> bool:
        """Accuracy is for classes only."""
        return line.axis == "left" or not self.document.data.is_regression
