"""The gradients of the selected layer's parameters: how they are distributed, how large they are, how far they move."""

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.document.document import Document
from app.panels.reached import norm, nothing_to_learn, parameter_gradient, parameter_names, update_ratio
from app.plots.histogram import HistogramView
from app.plots.numbers import format_number
from app.view import HISTOGRAMS, View
from core.types import Array

_TALLEST = 240


class GradientsTab(View):
    """A histogram for every parameter of the selected layer, with its norms."""

    title = "Gradients"
    interval = HISTOGRAMS

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.histograms = [HistogramView(), HistogramView()]
        self.facts = [QLabel(), QLabel()]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 6)
        column.setSpacing(4)
        for view, facts in zip(self.histograms, self.facts, strict=True):
            facts.setProperty("role", "note")
            facts.setWordWrap(True)
            view.setMaximumHeight(_TALLEST)
            column.addWidget(view, 1)
            column.addWidget(facts)
        column.addStretch(0)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)

    def refresh(self) -> None:
        """The parameters of the selected layer; without any, a sentence in the place of the first."""
        document, index = self.document, self.document.selected_layer
        names = parameter_names(document, index)
        for position, (view, facts) in enumerate(zip(self.histograms, self.facts, strict=True)):
            view.setVisible(position < max(len(names), 1))
            facts.setVisible(position < len(names))
            if position < len(names):
                self._show(names[position], view, facts)
        if not names:
            self.histograms[0].set_message(nothing_to_learn(document, index))

    def _show(self, name: str, view: HistogramView, facts: QLabel) -> None:
        gradient, parameter = parameter_gradient(self.document, name), name.split(".")[1]
        if isinstance(gradient, str):
            view.set_message(gradient)
            facts.clear()
            return
        view.set_values(gradient, f"d_{parameter}", "backward")
        facts.setText(self._facts(name, gradient))

    def _facts(self, name: str, gradient: Array) -> str:
        parameter = name.split(".")[1]
        value = self.document.parameters()[name]
        ratio = update_ratio(self.document, name)
        moved = "not updated yet" if ratio is None else format_number(ratio, 3)
        return (
            f"‖d_{parameter}‖ {format_number(norm(gradient), 3)} · ‖{parameter}‖ {format_number(norm(value), 3)}\n"
            f"update/{parameter} {moved}"
        )
