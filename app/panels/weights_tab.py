"""The weights of the selected layer as they stand at the cursor, their gradient, and what this step changes in them.

Inside of the record that makes a gradient or an update, the lines of that calculation stand in their place.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.document.document import Document
from app.document.shown import NOT_RECORDED
from app.panels.optimizer_memory import memory_slots
from app.panels.reached import (
    Inside,
    inside,
    nothing_to_learn,
    parameter_gradient,
    parameter_names,
)
from app.panels.switch_bar import SwitchBar
from app.panels.weight_choice import BUFFERS, BUFFERS_HELP, CHOICES, SLOTS
from app.panels.weight_places import array_at_cursor, buffer_names, called, parameter_at, shown_array, shown_place
from app.panels.weight_views import FilterView, VectorView
from app.plots.color_maps import finite_limit
from app.plots.matrix_view import MatrixView
from app.view import View
from core.explain.protocol import Place
from core.types import Array
from core.words import plural

_MOST_STANDING = 20
_STRIP_WIDTH, _STRIP_HEIGHT = 92, 76
_NAMES = 48  # pixels that the names and the line below a matrix take
_UNLIMITED = 16_777_215  # Qt's own bound of a widget's size


class WeightsTab(View):
    """Weight matrix with its bias beside it, or filters with their gradients below.

    `choice` is "Value", "Gradient", "Change", a slot of the optimizer's memory, such as "m", or "Running".
    """

    title = "Weights"

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.choice = "Value"
        self._inside: Inside | None = None
        self._names: list[str] = []  # of the parameters that are shown
        self._is_asked = False  # whether the marks here are those of a question
        self.matrix, self.bias = MatrixView(), VectorView()
        self.filters, self.filter_gradients = FilterView(), FilterView()
        self.sentence = QLabel()
        self.sentence.setProperty("role", "muted")
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.caption, self.bias_caption, self.gradient_caption = _caption(), _caption(), _caption()
        self.line = _caption()
        self._arrange()
        self.matrix.cell_clicked.connect(self._ask_weight)
        self.bias.cell_clicked.connect(self._ask_bias)
        self.filters.map_clicked.connect(self._ask_filter)
        self.filter_gradients.map_clicked.connect(self._ask_lower)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)
        document.walk.changed.connect(self.invalidate)
        document.questions.changed.connect(self.invalidate)

    def choose(self, choice: str) -> None:
        """Show something else of the parameters."""
        self.choice = choice
        self.bar.choose(choice)
        self.invalidate()

    def refresh(self) -> None:
        """The parameters of the selected layer."""
        document, layer = self.document, self.document.selected_layer
        names = parameter_names(document, layer)
        if names:
            self._offer(memory_slots(document, names), bool(buffer_names(document, layer)))
        self._names = buffer_names(document, layer) if self.choice == BUFFERS else names
        self._inside = self._shown_line(names)
        self.bar.setVisible(bool(names))
        shown = self._show(self._names) if names else self._say(nothing_to_learn(document, layer))
        # Hidden only at the end: a view that is hidden for a moment loses the keyboard.
        for widget in self._contents:
            widget.setVisible(widget in shown)
        self._mark_asked()

    def _offer(self, slots: tuple[str, ...], with_buffers: bool) -> None:
        """Also what the optimizer of this batch remembers; another one may have no such thing as the one chosen."""
        offered = CHOICES | {slot: SLOTS[slot] for slot in slots} | ({BUFFERS: BUFFERS_HELP} if with_buffers else {})
        self.bar.offer(offered)
        if self.choice not in offered:
            self.choice = "Value"
            self.bar.choose(self.choice)

    def _mark_asked(self) -> None:
        """Mark the entry that is being explained, whoever asked for it."""
        place, was_asked = self.document.questions.current, self._is_asked
        name = None if place is None else parameter_at(self.document, place)
        self._is_asked = name in self._names
        if not self._is_asked and not was_asked:
            return  # what is marked is where a person walked
        for number, shown in enumerate(self._names):
            index = place.index if place is not None and shown == name else None
            for view in self._views_of(number):
                view.mark_entry(index)

    def _views_of(self, number: int) -> tuple[MatrixView | FilterView, ...]:
        """Where the entries of the first or the second parameter can be seen."""
        dimensions = array_at_cursor(self.document, self._names[0]).ndim
        if dimensions == 4 and number == 0:
            return self.filters, self.filter_gradients
        if dimensions == 3:
            return (self.filters, self.filter_gradients)[number : number + 1]
        return (self.bias,) if number else (self.matrix,)

    def _show(self, names: list[str]) -> set[QWidget]:
        """Fill the views with the parameters; returns those that are to be seen."""
        weight, *others = (self._array(name) for name in names)
        if isinstance(weight, str):
            return self._say(weight)
        limit = self._common_limit(weight, *others)
        if weight.ndim == 4:
            shown = self._show_filters(weight, names[0])
        elif weight.ndim == 3:
            return self._show_maps(weight, others[0], names) | {self.caption}
        else:
            shown = self._show_matrix(weight, limit, self._called(names[0]))
        if others:
            shown |= self._show_bias(others[0], self._called(names[1]), weight, limit)
        if self._inside is not None:
            self.line.setText(self._inside.words)
            shown |= {self.line}
        return shown | {self.caption}

    def _shown_line(self, names: list[str]) -> Inside | None:
        """The sub-step that is shown, if it gives a number for every entry of one of the parameters."""
        shown = inside(self.document, self.document.selected_layer)
        if shown is None or shown.parameter not in names:
            return None
        return shown if shown.line.tensor.shape == self.document.parameters()[shown.parameter].shape else None

    def _line_of(self, name: str) -> Inside | None:
        return self._inside if self._inside is not None and self._inside.parameter == name else None

    def _array(self, name: str) -> Array | str:
        shown = self._line_of(name)
        return shown_array(self.document, name, self.choice) if shown is None else shown.line.tensor

    # Questions: where does this number come from?

    def _ask_weight(self, row: int, column: int) -> None:
        weight = array_at_cursor(self.document, self._name(0))
        self._ask(self._name(0), (row, column) if weight.ndim == 2 else (max(row, column),), self.choice)

    def _ask_bias(self, row: int, column: int) -> None:
        # Of row and column one is 0, and which one depends on how the strip lies.
        self._ask(self._name(1), (max(row, column),), self.choice)

    def _ask_filter(self, place: int, row: int, column: int) -> None:
        self._ask(self._name(0), self._filter_index(place, row, column), self.choice)

    def _ask_lower(self, place: int, row: int, column: int) -> None:
        """A number of the lower pictures: the gradient of a filter, or the bias of a layer with a number a pixel."""
        if array_at_cursor(self.document, self._name(0)).ndim == 3:
            self._ask(self._name(1), (place, row, column), self.choice)
        else:
            self._ask(self._name(0), self._filter_index(place, row, column), "Gradient")

    def _name(self, number: int) -> str:
        return self._names[number]

    def _filter_index(self, place: int, row: int, column: int) -> tuple[int, ...]:
        shape = array_at_cursor(self.document, self._name(0)).shape
        return (*divmod(place, shape[1]), row, column) if len(shape) == 4 else (place, row, column)

    def _ask(self, name: str, index: tuple[int, ...], choice: str) -> None:
        shown = self._line_of(name)
        if shown is None:
            place = shown_place(self.document, name, index, choice)
        else:
            # A line on the way stands nowhere on the tape: what it leads to does, and has the same index.
            place = Place(shown.place, shown.line.leads_to or "after", index)
        if place is not None:
            self.document.questions.ask(place)
        elif self.document.batch_waits:
            self.document.failed.emit(f"Numbers are explained by the batch they stand in. {NOT_RECORDED}")

    def _called(self, name: str) -> str:
        """What is shown of a parameter: "weight", "d_weight", "change of weight", or the line of the calculation."""
        shown = self._line_of(name)
        return called(name, self.choice) if shown is None else shown.line.name

    def _say(self, sentence: str) -> set[QWidget]:
        self.sentence.setText(sentence)
        return {self.sentence}

    def _common_limit(self, weight: Array, *others: Array | str) -> float | None:
        """One scale for a matrix and the bias beside it, as long as they are numbers of one kind."""
        found = [finite_limit(array) for array in others if not isinstance(array, str)]
        together = found and self._standing(weight) and self._inside is None
        return max(finite_limit(weight), *found) if together else None

    def _show_matrix(self, weight: Array, limit: float | None, name: str) -> set[QWidget]:
        standing = self._standing(weight)
        words = zip(weight.shape, ("output", "input") if weight.ndim == 2 else ("value",), strict=True)
        self.caption.setText(f"{name} · {' × '.join(plural(*size) for size in words)}")
        rows = range(weight.shape[0]) if weight.ndim == 2 else ()
        self.matrix.set_matrix(weight, limit if weight.ndim == 2 else None, rows, range(weight.shape[-1]), name)
        most = self.matrix.viewport.largest
        # A small matrix stays at the top, close to its bias, instead of floating in the middle of the tab.
        width = int(weight.shape[1] * most.width()) + _NAMES if standing else _UNLIMITED
        height = int((weight.shape[0] if weight.ndim == 2 else 1) * most.height()) + _NAMES
        self.matrix.setMaximumSize(width, height)
        return {self.matrix}

    def _show_bias(self, bias: Array | str, name: str, weight: Array, limit: float | None) -> set[QWidget]:
        standing = self._standing(weight)
        directions = QBoxLayout.Direction
        self._pair.setDirection(directions.LeftToRight if standing else directions.TopToBottom)
        height = self.matrix.maximumHeight() if standing else _STRIP_HEIGHT
        self.bias.setMinimumSize(_STRIP_WIDTH if standing else 0, 0 if standing else _STRIP_HEIGHT)
        self.bias.setMaximumSize(_STRIP_WIDTH if standing else _UNLIMITED, height)
        self.bias_caption.setText(f"{name} · {plural(weight.shape[0], 'value')}")
        if isinstance(bias, str):
            self.bias.set_message(bias)
        else:
            self.bias.set_vector(bias, name, standing, limit)
        return {self.bias} if standing else {self.bias, self.bias_caption}

    def _standing(self, weight: Array) -> bool:
        """Whether the bias fits beside the rows of the weight, so that a row reads as one output's sum."""
        return weight.ndim == 2 and max(weight.shape) <= _MOST_STANDING

    def _show_filters(self, weight: Array, name: str) -> set[QWidget]:
        each = "a row a filter, a picture an input channel" if weight.shape[1] > 1 else "a picture a filter"
        self.caption.setText(f"{self._called(name)} · {each}")
        self.filters.set_filters(weight, self._called(name))
        if self.choice != "Value" or self._line_of(name):
            return {self.filters}
        gradient = parameter_gradient(self.document, name)
        if isinstance(gradient, str):
            self.gradient_caption.setText(f"d_weight · {gradient}")
            return {self.filters, self.gradient_caption}
        self.gradient_caption.setText("d_weight · the gradient of the loss by each of them")
        self.filter_gradients.set_filters(gradient, "d_weight")
        return {self.filters, self.gradient_caption, self.filter_gradients}

    def _show_maps(self, weight: Array, bias: Array | str, names: list[str]) -> set[QWidget]:
        """Weight and bias with a number for every pixel, as LayerNorm has them for images."""
        self.caption.setText(f"{self._called(names[0])} · a picture a channel")
        self.filters.set_filters(weight, self._called(names[0]))
        words = bias if isinstance(bias, str) else "a picture a channel"
        self.gradient_caption.setText(f"{self._called(names[1])} · {words}")
        if isinstance(bias, str):
            return {self.filters, self.gradient_caption}
        self.filter_gradients.set_filters(bias, self._called(names[1]))
        return {self.filters, self.gradient_caption, self.filter_gradients}

    def _arrange(self) -> None:
        self.bar = SwitchBar()
        self.bar.offer(CHOICES)
        self.bar.choose(self.choice)
        self.bar.chosen.connect(self.choose)
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._pair.setSpacing(4)
        self._pair.addWidget(self.matrix, 1)
        self._pair.addWidget(self.filters, 1)
        self._pair.addWidget(self.gradient_caption)
        self._pair.addWidget(self.filter_gradients, 1)
        self._pair.addWidget(self.bias_caption)
        self._pair.addWidget(self.bias, 1)
        self._pair.addStretch(0)
        self._contents: tuple[QWidget, ...] = (
            *(self.sentence, self.line, self.caption, self.matrix, self.filters),
            *(self.gradient_caption, self.filter_gradients, self.bias_caption, self.bias),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 6)
        column.setSpacing(6)
        column.addWidget(self.bar)
        column.addWidget(self.sentence, 1)
        column.addWidget(self.line)
        column.addWidget(self.caption)
        column.addLayout(self._pair, 1)
        column.addStretch(0)


def _caption() -> QLabel:
    label = QLabel()
    label.setProperty("role", "note")
    label.setWordWrap(True)
    return label
