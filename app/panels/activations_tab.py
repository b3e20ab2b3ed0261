"""How the values that left the selected layer are distributed, and the gradients that came back to it."""

import numpy as np
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.document.document import Document
from app.panels.reached import output, output_gradient
from app.plots.histogram import HistogramView
from app.plots.numbers import format_count, format_number, format_share
from app.view import HISTOGRAMS, View
from core.types import Array, shape_text

STEEPEST = {"sigmoid": 0.25, "tanh": 1.0}
"""The steepest slope of the activations that saturate, by kind."""

_TALLEST = 240


class ActivationsTab(View):
    """Histograms of y and dy of the selected layer over the whole batch."""

    title = "Activations"
    interval = HISTOGRAMS

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.values, self.gradients = HistogramView(), HistogramView()
        self.values_facts, self.gradients_facts = QLabel(), QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 6)
        column.setSpacing(4)
        for view, facts in ((self.values, self.values_facts), (self.gradients, self.gradients_facts)):
            facts.setProperty("role", "note")
            facts.setWordWrap(True)
            view.setMaximumHeight(_TALLEST)
            column.addWidget(view, 1)
            column.addWidget(facts)
        column.addStretch(0)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)

    def refresh(self) -> None:
        """What the cursor has reached of the selected layer."""
        document, index = self.document, self.document.selected_layer
        y, dy = output(document, index), output_gradient(document, index)
        is_loss = document.network is not None and index == len(document.network.layers)
        name = "p" if is_loss and document.network and document.network.loss.takes == "logits" else "y"
        _show(self.values, self.values_facts, y, name, "forward")
        _show(self.gradients, self.gradients_facts, dy, "dy", "backward")
        if not isinstance(y, str):
            self.values_facts.setText(_facts(y) + self._saturated(y, index))

    def _saturated(self, y: Array, index: int) -> str:
        network = self.document.network
        kind = network.layers[index].kind if network and 0 <= index < len(network.layers) else ""
        if kind not in STEEPEST:
            return ""
        return f" · {format_share(saturated(y, kind), y.size)} saturated (slope below a tenth of the steepest)"


def saturated(y: Array, kind: str) -> int:
    """How many outputs of a "sigmoid" or "tanh" lie where the curve's slope is below a tenth of its steepest.

    Formula: slope = y (1 − y) for sigmoid, 1 − y² for tanh
    """
    slope = y * (1 - y) if kind == "sigmoid" else 1 - y * y
    return int(np.count_nonzero(slope < 0.1 * STEEPEST[kind]))


def _show(view: HistogramView, facts: QLabel, values: Array | str, name: str, color: str) -> None:
    if isinstance(values, str):
        view.set_message(values)
        facts.clear()
    else:
        view.set_values(values, name, color)
        facts.setText(_facts(values))


def _facts(values: Array) -> str:
    """The size of the heap and its ends; the histogram itself says mean, deviation and zeros."""
    finite = values[np.isfinite(values)]
    ends = f" · {format_number(finite.min(), 3)} … {format_number(finite.max(), 3)}" if finite.size else ""
    return f"{format_count(len(values))} samples × {shape_text(values.shape[1:])}{ends}"
