"""How the values that left the selected layer are distributed, and the gradients that came back to it."""

import dataclasses

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.document.document import Document
from app.document.places import output_place
from app.layouts import lines_height
from app.panels.reached import Inside, inside, output, output_gradient
from app.panels.switch_bar import SwitchBar
from app.plots.distribution import Distribution
from app.plots.histogram import HistogramView
from app.plots.numbers import format_count, format_number, format_share
from app.view import HISTOGRAMS, View
from core.explain.protocol import Place
from core.saturation import saturated
from core.types import Array, Arrays, shape_text

KEPT = {
    "x_hat": "The normalised input x̂: mean 0, variance 1",
    "mean": "The mean of each channel over the batch",
    "variance": "The variance of each channel over the batch",
    "inv_std": "1 / √(variance + ε)",
    "mask": "What every input is multiplied with: 0 where it is dropped",
    "gate": "What every input is multiplied with: σ(x), between 0 and 1",
    "t": "t = tanh(√(2/π) (x + 0.044715 x³)): every input is multiplied with ½ (1 + t)",
}
"""What a layer keeps for the way back and can be shown here, and what it is."""

_OUTPUT_HELP = "What the layer gives"
_TALLEST = 240


class ActivationsTab(View):
    """Histograms of y and dy of the selected layer over the whole batch; inside of a record, of what a line gives."""

    title = "Activations"
    interval = HISTOGRAMS

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.choice = "y"
        self.bar = SwitchBar()
        self.bar.offer({"y": _OUTPUT_HELP})
        self.bar.choose("y")
        self.bar.chosen.connect(self.choose)
        self.values, self.gradients = HistogramView(), HistogramView()
        self.values_facts, self.gradients_facts = QLabel(" "), QLabel(" ")  # one that had no text yet is flat
        self.values_line, self.gradients_line = QLabel(), QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 6)
        column.setSpacing(4)
        column.addWidget(self.bar)
        for view, facts, line in (
            (self.values, self.values_facts, self.values_line),
            (self.gradients, self.gradients_facts, self.gradients_line),
        ):
            for text in (facts, line):
                text.setProperty("role", "note")
                text.setWordWrap(True)
            # As high with one line as with two: nothing below it may move as one steps.
            facts.setMinimumHeight(lines_height(facts, 2))
            view.setMaximumHeight(_TALLEST)
            column.addWidget(line)
            column.addWidget(view, 1)
            column.addWidget(facts)
        column.addStretch(0)
        self.values.entry_chosen.connect(self._ask_value)
        self.gradients.entry_chosen.connect(self._ask_gradient)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)
        document.walk.changed.connect(self.invalidate)
        document.questions.changed.connect(self.invalidate)

    def choose(self, choice: str) -> None:
        """Show what the layer gives ("y"), or something it keeps for the way back ("x_hat")."""
        self.choice = choice
        self.bar.choose(choice)
        self.invalidate()

    def refresh(self) -> None:
        """What the cursor has reached of the selected layer."""
        document, index = self.document, self.document.selected_layer
        shown = inside(document, index)
        y, dy = output(document, index), output_gradient(document, index)
        is_loss = document.step is not None and index == len(document.step.layers)
        name = "p" if is_loss and document.step and document.step.loss.takes == "logits" else "y"
        preferred = None if document.whole_batch else document.sample
        _show(self.values, self.values_facts, y, name, "forward", preferred)
        _show(self.gradients, self.gradients_facts, dy, "dy", "backward", preferred)
        if not isinstance(y, str):
            self.values_facts.setText(_facts(y, self.values.distribution()) + self._saturated(y, index))
        self._show_kept(kept(document, index))
        line = shown if shown and not shown.parameter else None
        self._show_line(line)
        self._mark_asked(line)

    def _show_kept(self, tensors: Arrays) -> None:
        """What the layer keeps for the way back, in place of what it gives, if that is chosen."""
        self.bar.setVisible(bool(tensors))
        self.bar.offer({"y": _OUTPUT_HELP, **{name: KEPT[name] for name in tensors}})
        if self.choice not in tensors:
            self.choice = "y"
            self.bar.choose("y")
            return
        values = tensors[self.choice]
        per_sample = values.ndim > 1
        preferred = self.document.sample if per_sample and not self.document.whole_batch else None
        self.values.set_values(values, self.choice, "forward", "one", preferred)
        data = self.values.distribution()
        self.values_facts.setText(_facts(values, data) if per_sample else _ends(data, shape_text(values.shape)))

    def _show_line(self, shown: Inside | None) -> None:
        """What a line of the calculation gives, in the place of what it leads to."""
        self.values_line.setVisible(shown is not None and shown.about_values)
        self.gradients_line.setVisible(shown is not None and not shown.about_values)
        if shown is None:
            return
        view, facts, line = (
            (self.values, self.values_facts, self.values_line)
            if shown.about_values
            else (self.gradients, self.gradients_facts, self.gradients_line)
        )
        values = shown.line.tensor
        view.set_values(values, shown.line.name, shown.color, "one" if shown.line.result else "")
        data = view.distribution()
        facts.setText(_facts(values, data) if shown.line.per_sample else _ends(data, shape_text(values.shape)))
        line.setText(shown.words)

    def _mark_asked(self, line: Inside | None) -> None:
        """Mark the bar of the entry that is being explained, whoever asked for it."""
        place = self.document.questions.current
        for view, gradient in ((self.values, False), (self.gradients, True)):
            if view.message():
                continue
            if line is not None and line.about_values != gradient:
                view.show_entry(line.index_of(place))
            else:
                is_asked = place is not None and place == self._place(place.index, gradient=gradient)
                view.show_entry(place.index if place is not None and is_asked else None)

    def _ask_value(self, index: tuple[int, ...]) -> None:
        self._ask(index, gradient=False)

    def _ask_gradient(self, index: tuple[int, ...]) -> None:
        self._ask(index, gradient=True)

    def _ask(self, index: tuple[int, ...], *, gradient: bool) -> None:
        document, layer = self.document, self.document.selected_layer
        shown = inside(document, layer)
        if shown is not None and not shown.parameter and shown.about_values != gradient:
            document.questions.ask(Place(shown.place, shown.line.result, index))
        else:
            document.questions.ask(self._place(index, gradient=gradient))

    def _place(self, index: tuple[int, ...], *, gradient: bool) -> Place:
        """Where an entry of what is shown stands on the tape."""
        step = self.document.step
        assert step
        place = output_place(step, self.document.selected_layer, index, gradient=gradient)
        return place if gradient or self.choice == "y" else dataclasses.replace(place, tensor=self.choice)

    def _saturated(self, y: Array, index: int) -> str:
        step = self.document.step
        count = saturated(step.layers[index], y) if step and 0 <= index < len(step.layers) else None
        if count is None:
            return ""
        return f" · {format_share(count, y.size)} saturated (slope below a tenth of the steepest)"


def kept(document: Document, index: int) -> Arrays:
    """What a layer keeps for the way back beside its input and output, once its forward is reached."""
    record = document.tape.find("forward", index, document.cursor) if document.tape else None
    return {name: record.cache[name] for name in KEPT if name in record.cache} if record else {}


def _show(
    view: HistogramView,
    facts: QLabel,
    values: Array | str,
    name: str,
    color: str,
    preferred: int | None,
) -> None:
    if isinstance(values, str):
        view.set_message(values)
        facts.clear()
    else:
        view.set_values(values, name, color, "one", preferred)
        facts.setText(_facts(values, view.distribution()))


def _facts(values: Array, data: Distribution) -> str:
    """The size of the heap and its ends; the histogram itself says mean, deviation and zeros."""
    each = f" × {shape_text(values.shape[1:])}" if values.ndim > 1 else ""
    return _ends(data, f"{format_count(len(values))} samples{each}")


def _ends(data: Distribution, size: str) -> str:
    if not data.finite:
        return size
    ends = f"{format_number(data.low, 3)} … {format_number(data.high, 3)}"
    return f"{size} · {ends}" if size else ends
