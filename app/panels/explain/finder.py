"""Reaches any number of the selected layer by its tensor and its index, for those who type rather than point."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QWidget

from app.document.document import Document
from app.forms.combo import Combo
from app.layouts import fill, label, row
from core.explain import Place, Step
from core.explain.words import tensor_title
from core.types import Array, shape_text

NOTHING = "not reached yet"
_GO = 40
"""Pixels."""


class Finder(QWidget):
    """Offers the tensors of the selected layer that the tape has reached."""

    asked = Signal(object)
    """The place that was typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tensors: list[tuple[int | None, str, Array]] = []
        self._asked: Place | None = None
        self.tensor, self.index = Combo(), QLineEdit()
        self.tensor.setAccessibleName("Tensor")
        self.tensor.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.tensor.activated.connect(self._forget)
        self.index.setAccessibleName("Index of the entry")
        self.index.returnPressed.connect(self.ask)
        self.go = QPushButton("Go")  # as short as can be: tensors have long names, and images four indices
        self.go.setFixedWidth(_GO)
        self.go.setAccessibleName("Explain the entry")
        self.go.setToolTip("Explain the entry with this index (Enter)")
        self.go.clicked.connect(self.ask)
        self.error = label(role="error", wrap=True)
        self.error.hide()
        line = row(self.tensor, self.index, self.go, spacing=4)
        line.setStretch(0, 5)
        line.setStretch(1, 4)
        fill(self, line, self.error, spacing=2)

    def show_tensors(self, document: Document, step: Step) -> None:
        """Offer the tensors of the selected layer; the one that is asked about is chosen, its other entries near."""
        chosen = self._chosen()
        self._tensors = _tensors(document, step)
        names = [_title(step, at, name) for at, name, _ in self._tensors]
        if names != [self.tensor.itemText(i) for i in range(self.tensor.count())]:
            self.tensor.clear()
            self.tensor.addItems(names)
        if not self._choose(chosen):
            self._forget()
        for control in (self.tensor, self.index, self.go):
            control.setEnabled(bool(names))
        place = document.questions.current
        # Once: then a person may choose another one.
        if place != self._asked and (place is None or self._choose((place.record, place.tensor))):
            self._asked = place
            self._forget()
        self._hint()

    def _chosen(self) -> tuple[int | None, str] | None:
        """Record and name of the tensor that is chosen."""
        return self._tensors[self.tensor.currentIndex()][:2] if self._tensors else None

    def _choose(self, wanted: tuple[int | None, str] | None) -> bool:
        """Choose a tensor, if it is offered."""
        offered = [(record, name) for record, name, _ in self._tensors]
        if wanted in offered:
            self.tensor.setCurrentIndex(offered.index(wanted))
        return wanted in offered

    def ask(self) -> None:
        """Ask for the entry that is typed, or say what is wrong with the index."""
        if not self._tensors:
            return
        record, name, array = self._tensors[self.tensor.currentIndex()]
        parts = self.index.text().replace("[", " ").replace("]", " ").replace(",", " ").split()
        index = tuple(int(part) for part in parts if part.isdecimal())
        fits = len(index) == len(parts) == array.ndim and all(i < n for i, n in zip(index, array.shape, strict=True))
        if not fits:
            self.error.setText(f"“{self.index.text()}” is no index of this tensor: {_entries(array)}.")
            self.error.show()
            return
        self.error.hide()
        self.asked.emit(Place(record, name, index))

    def _forget(self) -> None:
        """What was typed for another tensor, and what was wrong with it."""
        self.index.clear()
        self.error.hide()
        self._hint()

    def _hint(self) -> None:
        if self._tensors:
            shape, asked = self._tensors[self.tensor.currentIndex()][2].shape, self._asked
            here = asked is not None and (asked.record, asked.tensor) == self._chosen()
            index = asked.index if asked is not None and here else (0,) * len(shape)
            self.index.setPlaceholderText(", ".join(map(str, index)) or "no index")
            self.tensor.setToolTip(self.tensor.currentText())
            self.index.setToolTip(f"The tensor has the shape {shape_text(shape) or 'of one number'}, counted from 0.")
        else:
            self.index.setPlaceholderText(NOTHING)
            self.index.setToolTip("The tape has not reached this layer yet: press Next layer.")


def _entries(array: Array) -> str:
    """Which entries there are: "its entries go from 0, 0 to 7, 24"."""
    if not array.ndim:
        return "it is one number and has no index"
    first, last = (", ".join(map(str, ends)) for ends in ([0] * array.ndim, [size - 1 for size in array.shape]))
    return f"its entries go from {first} to {last}"


def _title(step: Step, position: int | None, name: str) -> str:
    """`weight (before)`, `y (forward)`, `weight after (update)`; the layer is the one that is selected.

    The penalty belongs to the loss and speaks of the weights of all layers: `d_2 · Dense.weight (penalty)`.
    """
    if position is None:
        parameter = name.partition(".")[2]
        return f"{parameter} (before)" if parameter else name
    record = step.tape.records[position]
    if position == step.penalty_position:
        gradient = "d_" if name.startswith("d_") else ""
        return f"{gradient}{tensor_title(step, name.removeprefix('d_'))} (penalty)"
    owner = f"{record.name.partition('.')[2]} " if record.phase == "update" else ""
    return f"{owner}{name} ({record.phase})"


def _tensors(document: Document, step: Step) -> list[tuple[int | None, str, Array]]:
    layer, tape = document.selected_layer, step.tape
    if layer < 0:
        return [(None, "x", tape.x)]
    before = tape.params_before | tape.buffers_before
    found: list[tuple[int | None, str, Array]] = []
    found += [(None, name, array) for name, array in before.items() if name.startswith(f"{layer}.")]
    for position, record in enumerate(tape.records[: document.cursor]):
        if record.index == layer:
            found += [(position, name, step.tensor(position, name)) for name in step.tensors_of(position)]
    return found
