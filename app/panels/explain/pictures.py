"""Which pictures explain a number best, by the record it belongs to, and the widgets that draw them.

What is special about a layer, a loss or an update is chosen by the files `pictures_of_…`; sums of products need no
knowledge of the layer (`equation`).
"""

import dataclasses

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from app.layouts import fill, label
from app.panels.explain import pictures_of_pooling  # noqa: F401  (importing it registers its pictures)
from app.panels.explain.curve import CurveView
from app.panels.explain.equation import equation
from app.panels.explain.equation_view import EquationView
from app.panels.explain.gallery import Asked, Gallery, Losses
from app.panels.explain.heaviest import heaviest_sample
from app.panels.explain.outer import OuterView
from app.panels.explain.pictures_of_data import data_gallery
from app.panels.explain.pictures_of_layers import layer_gallery
from app.panels.explain.pictures_of_losses import loss_gallery
from app.panels.explain.pictures_of_updates import update_gallery
from app.panels.explain.samples import Samples
from app.panels.explain.shares import SharesView
from app.panels.explain.stack import StackView
from app.panels.explain.table import Table, TableView
from app.panels.explain.unit_histogram import UnitHistogram
from core.explain import Explanation, Place, Step, explain


class Pictures(QWidget):
    """Shows the pictures that suit one explanation, and hides the others."""

    sample_clicked = Signal(int)
    """The sample whose loss was clicked."""

    place_asked = Signal(object)
    """The place of the entry that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption, self.proof, self.words = label(role="note", wrap=True), label(wrap=True), label(wrap=True)
        self.stack, self.equation, self.curve = StackView(), EquationView(), CurveView()
        self.tables = (TableView(), TableView())
        self.histograms = (UnitHistogram(), UnitHistogram())
        self.outer, self.losses = OuterView(), SharesView()
        self.equation_note = label(role="note", wrap=True)
        self._shown: tuple[Step, Explanation, int] | None = None
        self._pinned = Gallery()  # that of the number that is explained
        self._pair = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        for table in self.tables:
            self._pair.addWidget(table)
        for view in (self.stack, self.equation, self.curve, self.outer, *self.tables, *self.histograms):
            view.place_asked.connect(self.place_asked)
        for table in self.tables:
            table.place_pointed.connect(self._move_to)
        for histogram in self.histograms:
            for one in self.histograms:
                histogram.unit_pointed.connect(one.point_at)
        self.losses.sample_clicked.connect(self._ask_for_loss)
        self._views = (
            *(self.stack, self.curve, *self.tables, *self.histograms, self.outer, self.losses),
            *(self.equation_note, self.equation),
        )
        fill(
            self,
            *(self.caption, self.stack, self.curve, self._pair, self.proof, *self.histograms, self.outer, self.losses),
            *(self.equation_note, self.equation, self.words),
        )

    def show_for(self, step: Step, explanation: Explanation, sample: int, slides: bool) -> None:
        """Choose and fill the pictures; `slides` says that a window that slides shows the same products already."""
        gallery = self._pinned = _gallery(step, explanation, sample)
        self._shown = (step, explanation, sample)
        self._say(gallery)
        shown: set[QWidget] = {*self._fill_tables(gallery.tables, gallery.side_by_side)}
        if gallery.stack is not None:
            self.stack.set_stack(gallery.stack)
            shown.add(self.stack)
        if gallery.curve is not None:
            self.curve.set_curve(gallery.curve)
            shown.add(self.curve)
        for histogram, (name, units) in zip(self.histograms, gallery.units, strict=False):
            histogram.set_units(units, name)
            shown.add(histogram)
        if gallery.outer is not None:
            self.outer.set_outer(gallery.outer)
            shown.add(self.outer)
        if gallery.losses is not None:
            self._fill_losses(step, gallery.losses)
            shown.add(self.losses)
        # A stack is the same sum, told better.
        elif gallery.stack is None:
            shown |= self._fill_equation(step, explanation, sample, slides, gallery.equation_note)
        # Hidden only at the end: a view that is hidden for a moment loses the keyboard.
        for view in self._views:
            view.setVisible(view in shown)

    def _fill_equation(
        self, step: Step, explanation: Explanation, sample: int, slides: bool, note: str
    ) -> set[QWidget]:
        """The products as pictures; below a window that slides only if they are those of another sample."""
        shown = equation(explanation, heaviest_sample(step, explanation))
        if shown is None:
            return set()
        heaviest = shown.heaviest
        if slides:
            if explanation.place.tensor != "d_weight" or heaviest is None or heaviest.sample == sample:
                return set()
            note = f"Above is the selected sample, {sample}. Here is {heaviest.words}:"
        elif heaviest is not None:
            note = f"The products of sample {heaviest.sample}:"
        self.equation_note.setText(note)
        self.equation.set_equation(shown)
        return {self.equation, self.equation_note} if note else {self.equation}

    def _move_to(self, place: Place | None) -> None:
        """Another entry of the same tensor is pointed at in a table: words and frames are of that one meanwhile."""
        if self._shown is None:
            return
        step, explanation, sample = self._shown
        asked, gallery = explanation.place, self._pinned
        if place is not None and place != asked and (place.record, place.tensor) == (asked.record, asked.tensor):
            gallery = _gallery(step, explain(step, place), sample)
        self._say(gallery)
        for view, table, own in zip(self.tables, gallery.tables, self._pinned.tables, strict=False):
            view.set_table(dataclasses.replace(table, asked=own.asked))

    def _ask_for_loss(self, sample: int) -> None:
        self.sample_clicked.emit(sample)
        if self._shown is not None:
            self.place_asked.emit(Place(self._shown[1].place.record, "per_sample", (sample,)))

    def _say(self, gallery: Gallery) -> None:
        texts = ((self.caption, gallery.caption), (self.proof, gallery.proof), (self.words, gallery.words))
        for text, words in texts:
            text.setText(words)
            text.setVisible(bool(words))

    def _fill_tables(self, tables: tuple[Table, ...], side_by_side: bool) -> tuple[TableView, ...]:
        directions = QBoxLayout.Direction
        self._pair.setDirection(directions.LeftToRight if side_by_side else directions.TopToBottom)
        for view, table in zip(self.tables, tables, strict=False):
            view.set_table(table)
        return self.tables[: len(tables)]

    def _fill_losses(self, step: Step, losses: Losses) -> None:
        order = np.argsort(-losses.values)
        samples = Samples(step.tape.x)
        self.losses.set_shares(losses.values[order], samples, losses.marked, order, "has a loss of")


def _gallery(step: Step, explanation: Explanation, sample: int) -> Gallery:
    position = explanation.place.record
    if position is None and explanation.place.tensor == "x":
        return data_gallery(step, explanation.place)
    if position is None or position == step.penalty_position:
        return Gallery()
    asked, record = Asked(step, explanation, position, sample), step.tape.records[position]
    match record.phase:
        case "forward" | "backward":
            return layer_gallery(step.layers[record.index], asked)
        case "loss":
            return loss_gallery(asked)
        case _:
            return update_gallery(asked)
