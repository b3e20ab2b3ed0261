"""Reaches any number of the selected layer by its tensor and its index, for those who type rather than point."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QWidget

from app.document.document import Document
from app.forms.combo import Combo
from app.layouts import fill, label, row
from core.explain import Place, Step
from core.types import Array, shape_text

NOTHING = "not reached yet"


class Finder(QWidget):
    """Offers the tensors of the selected layer that the tape has reached."""

    asked = Signal(object)
    """The place that was typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tensors: list[tuple[int | None, str, Array]] = []
        self.tensor, self.index = Combo(), QLineEdit()
        self.tensor.setAccessibleName("Tensor")
        self.tensor.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.tensor.activated.connect(self._forget)
        self.index.setAccessibleName("Index of the entry")
        self.index.returnPressed.connect(self.ask)
        self.go = QPushButton("Explain")
        self.go.clicked.connect(self.ask)
        self.error = label(role="error", wrap=True)
        self.error.hide()
        line = row(self.tensor, self.index, self.go, spacing=4)
        line.setStretch(0, 1)
        line.setStretch(1, 1)
        fill(self, line, self.error, spacing=2)

    def show_tensors(self, document: Document, step: Step) -> None:
        """Offer the tensors of the selected layer."""
        found = [*_tensors(document, step)]
        names = [name for _, name, _ in self._named(step, found)]
        self._tensors = found
        if names != [self.tensor.itemText(i) for i in range(self.tensor.count())]:
            self.tensor.clear()
            self.tensor.addItems(names)
            self._forget()
        for control in (self.tensor, self.index, self.go):
            control.setEnabled(bool(names))
        self._hint()

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
            shape = self._tensors[self.tensor.currentIndex()][2].shape
            self.index.setPlaceholderText(", ".join("0" for _ in shape) or "no index")
            self.index.setToolTip(f"The tensor has the shape {shape_text(shape) or 'of one number'}, counted from 0.")
        else:
            self.index.setPlaceholderText(NOTHING)
            self.index.setToolTip("The tape has not reached this layer yet: press Next layer.")

    def _named(self, step: Step, found: list[tuple[int | None, str, Array]]) -> list[tuple[int | None, str, Array]]:
        return [(at, _title(step, at, name), array) for at, name, array in found]


def _entries(array: Array) -> str:
    """Which entries there are: "its entries go from 0, 0 to 7, 24"."""
    if not array.ndim:
        return "it is one number and has no index"
    first, last = (", ".join(map(str, ends)) for ends in ([0] * array.ndim, [size - 1 for size in array.shape]))
    return f"its entries go from {first} to {last}"


def _title(step: Step, position: int | None, name: str) -> str:
    """`weight (before)`, `y (forward)`, `weight after (update)`; the layer is the one that is selected."""
    if position is None:
        parameter = name.partition(".")[2]
        return f"{parameter} (before)" if parameter else name
    record = step.tape.records[position]
    owner = f"{record.name.partition('.')[2]} " if record.phase == "update" else ""
    return f"{owner}{name} ({record.phase})"


def _tensors(document: Document, step: Step) -> list[tuple[int | None, str, Array]]:
    layer, tape = document.selected_layer, step.tape
    found: list[tuple[int | None, str, Array]] = []
    if layer < 0:
        return [(None, "x", tape.x)]
    found += [(None, name, array) for name, array in tape.params_before.items() if name.startswith(f"{layer}.")]
    for position, record in enumerate(tape.records[: document.cursor]):
        if record.index == layer:
            found += [(position, name, array) for name, array in record.tensors.items()]
            if record.phase == "loss" and position != step.penalty_position:
                found += [(position, name, step.tensor(position, name)) for name in step.of_loss]
    return found
