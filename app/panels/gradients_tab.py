"""The gradients of the selected layer's parameters: how they are distributed, how large they are, how far they move."""

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.document.document import Document
from app.document.places import parameter_place
from app.layouts import lines_height
from app.panels.reached import (
    NORM_HELP,
    RATIO_HELP,
    Inside,
    inside,
    nothing_to_learn,
    parameter_gradient,
    parameter_names,
    parameter_ratio,
)
from app.panels.weight_places import parameter_at
from app.plots.histogram import HistogramView
from app.plots.numbers import format_number
from app.view import HISTOGRAMS, View
from core.explain.protocol import Place
from core.norms import norm
from core.types import Array, shape_text

_TALLEST = 240


class GradientsTab(View):
    """A histogram for every parameter of the selected layer, with its norms; inside of a record, what a line gives."""

    title = "Gradients"
    interval = HISTOGRAMS

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.histograms = [HistogramView(), HistogramView()]
        self.facts, self.lines = [QLabel(" "), QLabel(" ")], [QLabel(), QLabel()]  # one without a text yet is flat
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 6)
        column.setSpacing(4)
        for view, facts, line in zip(self.histograms, self.facts, self.lines, strict=True):
            for text in (facts, line):
                text.setProperty("role", "note")
                text.setWordWrap(True)
            facts.setMinimumHeight(lines_height(facts, 2))
            facts.setToolTip(f"{NORM_HELP}\n{RATIO_HELP}")
            view.setMaximumHeight(_TALLEST)
            column.addWidget(line)
            column.addWidget(view, 1)
            column.addWidget(facts)
        column.addStretch(0)
        self.histograms[0].entry_chosen.connect(self._ask_first)
        self.histograms[1].entry_chosen.connect(self._ask_second)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)
        document.walk.changed.connect(self.invalidate)
        document.questions.changed.connect(self.invalidate)

    def refresh(self) -> None:
        """The parameters of the selected layer; without any, a sentence in the place of the first."""
        document, index = self.document, self.document.selected_layer
        names, shown = parameter_names(document, index), inside(document, index)
        for position, (view, facts, line) in enumerate(zip(self.histograms, self.facts, self.lines, strict=True)):
            view.setVisible(position < max(len(names), 1))
            facts.setVisible(position < len(names))
            concerned = shown is not None and names[position : position + 1] == [shown.parameter]
            line.setVisible(concerned)
            if shown is not None and concerned:
                _show_line(shown, view, facts, line)
                view.show_entry(shown.index_of(document.questions.current))
            elif position < len(names):
                self._show(names[position], view, facts)
        if not names:
            self.histograms[0].set_message(nothing_to_learn(document, index))

    def _show(self, name: str, view: HistogramView, facts: QLabel) -> None:
        gradient, parameter = parameter_gradient(self.document, name), name.split(".")[1]
        if isinstance(gradient, str):
            view.set_message(gradient)
            facts.clear()
            return
        view.set_values(gradient, f"d_{parameter}", "backward", "one")
        place = self.document.questions.current
        is_asked = place is not None and parameter_at(self.document, place) == name
        view.show_entry(place.index if place is not None and is_asked else None)
        facts.setText(self._facts(name, gradient))

    def _ask_first(self, index: tuple[int, ...]) -> None:
        self._ask(0, index)

    def _ask_second(self, index: tuple[int, ...]) -> None:
        self._ask(1, index)

    def _ask(self, position: int, index: tuple[int, ...]) -> None:
        document, layer = self.document, self.document.selected_layer
        name, shown = parameter_names(document, layer)[position], inside(document, layer)
        if shown is not None and shown.parameter == name:
            document.questions.ask(Place(shown.place, shown.line.result, index))
        else:
            assert document.tape
            document.questions.ask(parameter_place(document.tape, document.cursor, name, index, gradient=True))

    def _facts(self, name: str, gradient: Array) -> str:
        parameter = name.split(".")[1]
        value = self.document.parameters()[name]
        ratio = parameter_ratio(self.document, name)
        moved = "not updated yet" if ratio is None else format_number(ratio, 3)
        return (
            f"‖d_{parameter}‖ {format_number(norm(gradient), 3)} · ‖{parameter}‖ {format_number(norm(value), 3)}\n"
            f"update/{parameter} {moved}"
        )


def _show_line(shown: Inside, view: HistogramView, facts: QLabel, line: QLabel) -> None:
    """What a line of the calculation gives for a parameter, in the place of its gradient."""
    values, name = shown.line.tensor, shown.line.name
    view.set_values(values, name, shown.color, "one" if shown.line.result else "")
    facts.setText(f"{shape_text(values.shape)} · ‖{name}‖ {format_number(norm(values), 3)}")
    line.setText(shown.words)
