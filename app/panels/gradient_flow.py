"""Whether the gradients arrive: for every parameter the size of its gradient and how far the update moves it."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.document.document import Document
from app.document.names import layer_title
from app.panels.flow_bars import FlowBars, FlowRow
from app.panels.reached import parameter_gradient, parameter_ratio, update_record
from app.view import HISTOGRAMS, View
from core.norms import norm
from core.tape import Tape

NOTE = "‖dW‖ and update/weight per layer"
EMPTY = "The backward pass has not reached a layer with weights yet: press Next layer."
_LETTERS = {"weight": "W", "bias": "b"}


class Flow:
    """The rows of a document; a number that was computed for a record of the tape is not computed again."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._tape: Tape | None = None
        self._known: dict[tuple[str, str], float | None] = {}

    def rows(self) -> list[FlowRow]:
        """All parameters in the order of the network, with what the cursor has reached of each."""
        document, rows = self._document, []
        if document.tape is not self._tape:
            self._tape, self._known = document.tape, {}
        for name in document.parameters():
            layer, parameter = name.split(".")
            label = f"{layer_title(document, int(layer))} {_LETTERS.get(parameter, parameter)}"
            rows.append(FlowRow(name, int(layer), label, self._gradient(name), self._ratio(name)))
        return rows

    def _gradient(self, name: str) -> float | None:
        gradient = parameter_gradient(self._document, name)
        return None if isinstance(gradient, str) else self._once("gradient", name, lambda: norm(gradient))

    def _ratio(self, name: str) -> float | None:
        if update_record(self._document, name) is None:
            return None
        return self._once("ratio", name, lambda: parameter_ratio(self._document, name))

    def _once(self, what: str, name: str, compute: Callable[[], float | None]) -> float | None:
        if (what, name) not in self._known:
            self._known[what, name] = compute()
        return self._known[what, name]


class GradientFlow(View):
    """The bars of all parameters; a click on one selects its layer and asks to see its gradients."""

    gradients_wanted = Signal()
    """The numbers behind a bar were asked for; its layer is selected."""

    title = "Gradient flow"
    interval = HISTOGRAMS

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.bars = FlowBars()
        self._flow = Flow(document)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.bars)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)
        self.bars.row_chosen.connect(self._choose)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)

    def refresh(self) -> None:
        """The rows at the cursor."""
        self.note_changed.emit(NOTE)
        rows = self._flow.rows()
        self.bars.set_rows(rows, self.document.selected_layer)
        if self.document.tape is None:
            self.bars.set_message(self.document.problem)
        elif not rows:
            self.bars.set_message("This network has no weights: add Dense.")
        elif all(row.gradient is None for row in rows):
            self.bars.set_message(EMPTY)

    def _choose(self, row: FlowRow) -> None:
        self.document.select_layer(row.layer)
        self.gradients_wanted.emit()
