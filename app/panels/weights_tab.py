"""The weights of the selected layer as they stand at the cursor, their gradient, and what this step changes in them."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document.document import Document
from app.panels.reached import (
    nothing_to_learn,
    parameter_change,
    parameter_gradient,
    parameter_names,
    parameter_place,
)
from app.panels.weight_views import FilterView, VectorView
from app.plots.color_maps import finite_limit
from app.plots.matrix_view import MatrixView
from app.view import View
from core.types import Array
from core.words import plural

CHOICES = ("Value", "Gradient", "Change")
_TIPS = (
    "The weights as they stand at the cursor",
    "The gradient of the loss by each weight",
    "What this step's update adds to each weight: after − before",
)
_MOST_STANDING = 20
_STRIP_WIDTH, _STRIP_HEIGHT = 92, 76
_NAMES = 48  # pixels that the names and the line below a matrix take
_UNLIMITED = 16_777_215  # Qt's own bound of a widget's size


class WeightsTab(View):
    """Weight matrix with its bias beside it, or filters with their gradients below."""

    title = "Weights"

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.choice = CHOICES[0]
        self.matrix, self.bias = MatrixView(), VectorView()
        self.filters, self.filter_gradients = FilterView(), FilterView()
        self.sentence = QLabel()
        self.sentence.setProperty("role", "muted")
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.caption, self.bias_caption, self.gradient_caption = _caption(), _caption(), _caption()
        self._arrange()
        self.matrix.cell_clicked.connect(self._ask_weight)
        self.bias.cell_clicked.connect(self._ask_bias)
        self.filters.map_clicked.connect(self._ask_filter)
        self.filter_gradients.map_clicked.connect(self._ask_filter_gradient)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)

    def choose(self, choice: str) -> None:
        """Show "Value", "Gradient" or "Change"."""
        self.choice = choice
        self._buttons[choice].setChecked(True)
        self.invalidate()

    def refresh(self) -> None:
        """The parameters of the selected layer."""
        names = parameter_names(self.document, self.document.selected_layer)
        self._bar.setVisible(bool(names))
        shown = self._show(names) if names else self._say(nothing_to_learn(self.document, self.document.selected_layer))
        # Hidden only at the end: a view that is hidden for a moment loses the keyboard.
        for widget in self._contents:
            widget.setVisible(widget in shown)

    def _show(self, names: list[str]) -> set[QWidget]:
        """Fill the views with the parameters; returns those that are to be seen."""
        weight, *others = (self._array(name) for name in names)
        if isinstance(weight, str):
            return self._say(weight)
        title = names[0].split(".")[1]
        if weight.ndim == 4:
            shown = self._show_filters(weight, names[0])
        else:
            shown = self._show_matrix(weight, others[0] if others and not isinstance(others[0], str) else None, title)
        if others:
            shown |= self._show_bias(others[0], names[1].split(".")[1], weight)
        return shown | {self.caption}

    def _array(self, name: str) -> Array | str:
        if self.choice == "Gradient":
            return parameter_gradient(self.document, name)
        if self.choice == "Change":
            return parameter_change(self.document, name)
        return self.document.parameters()[name]

    # Questions: where does this number come from?

    def _ask_weight(self, row: int, column: int) -> None:
        weight = self.document.parameters()[self._name(0)]
        self._ask(self._name(0), (row, column) if weight.ndim == 2 else (max(row, column),), self.choice)

    def _ask_bias(self, row: int, column: int) -> None:
        # Of row and column one is 0, and which one depends on how the strip lies.
        self._ask(self._name(1), (max(row, column),), self.choice)

    def _ask_filter(self, place: int, row: int, column: int) -> None:
        self._ask(self._name(0), self._filter_index(place, row, column), self.choice)

    def _ask_filter_gradient(self, place: int, row: int, column: int) -> None:
        self._ask(self._name(0), self._filter_index(place, row, column), "Gradient")

    def _name(self, number: int) -> str:
        return parameter_names(self.document, self.document.selected_layer)[number]

    def _filter_index(self, place: int, row: int, column: int) -> tuple[int, ...]:
        channels = self.document.parameters()[self._name(0)].shape[1]
        return (*divmod(place, channels), row, column)

    def _ask(self, name: str, index: tuple[int, ...], choice: str) -> None:
        place = parameter_place(self.document, name, index, gradient=choice == "Gradient")
        self.document.questions.ask(place)

    def _prefix(self) -> str:
        return {"Value": "", "Gradient": "d_", "Change": "change of "}[self.choice]

    def _say(self, sentence: str) -> set[QWidget]:
        self.sentence.setText(sentence)
        return {self.sentence}

    def _show_matrix(self, weight: Array, bias: Array | None, name: str) -> set[QWidget]:
        standing = self._standing(weight)
        limit = max(finite_limit(weight), finite_limit(bias)) if standing and bias is not None else None
        words = zip(weight.shape, ("output", "input") if weight.ndim == 2 else ("value",), strict=True)
        self.caption.setText(f"{self._prefix()}{name} · {' × '.join(plural(*size) for size in words)}")
        if weight.ndim == 1:
            self.matrix.set_matrix(weight, name=self._prefix() + name)
        else:
            rows, columns = ([f"{i}" for i in range(size)] for size in weight.shape)
            self.matrix.set_matrix(weight, limit, rows, columns, self._prefix() + name)
        most = self.matrix.viewport.largest
        # A small matrix stays at the top, close to its bias, instead of floating in the middle of the tab.
        width = int(weight.shape[1] * most.width()) + _NAMES if standing else _UNLIMITED
        height = int((weight.shape[0] if weight.ndim == 2 else 1) * most.height()) + _NAMES
        self.matrix.setMaximumSize(width, height)
        return {self.matrix}

    def _show_bias(self, bias: Array | str, name: str, weight: Array) -> set[QWidget]:
        standing = self._standing(weight)
        directions = QBoxLayout.Direction
        self._pair.setDirection(directions.LeftToRight if standing else directions.TopToBottom)
        height = self.matrix.maximumHeight() if standing else _STRIP_HEIGHT
        self.bias.setMinimumSize(_STRIP_WIDTH if standing else 0, 0 if standing else _STRIP_HEIGHT)
        self.bias.setMaximumSize(_STRIP_WIDTH if standing else _UNLIMITED, height)
        self.bias_caption.setText(f"{self._prefix()}{name} · {plural(weight.shape[0], 'value')}")
        if isinstance(bias, str):
            self.bias.set_message(bias)
        else:
            limit = max(finite_limit(weight), finite_limit(bias)) if standing else None
            self.bias.set_vector(bias, self._prefix() + name, standing, limit)
        return {self.bias} if standing else {self.bias, self.bias_caption}

    def _standing(self, weight: Array) -> bool:
        """Whether the bias fits beside the rows of the weight, so that a row reads as one output's sum."""
        return weight.ndim == 2 and max(weight.shape) <= _MOST_STANDING

    def _show_filters(self, weight: Array, name: str) -> set[QWidget]:
        each = "a row a filter, a picture an input channel" if weight.shape[1] > 1 else "a picture a filter"
        self.caption.setText(f"{self._prefix()}weight · {each}")
        self.filters.set_filters(weight, self._prefix() + "weight")
        if self.choice != "Value":
            return {self.filters}
        gradient = parameter_gradient(self.document, name)
        if isinstance(gradient, str):
            self.gradient_caption.setText(f"d_weight · {gradient}")
            return {self.filters, self.gradient_caption}
        self.gradient_caption.setText("d_weight · the gradient of the loss by each of them")
        self.filter_gradients.set_filters(gradient, "d_weight")
        return {self.filters, self.gradient_caption, self.filter_gradients}

    def _arrange(self) -> None:
        self._bar = QWidget()
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        for choice, tip in zip(CHOICES, _TIPS, strict=True):
            button = QToolButton()
            button.setText(choice)
            button.setCheckable(True)
            button.setToolTip(tip)
            self._buttons[choice] = button
            self._group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        self._buttons[self.choice].setChecked(True)
        self._group.buttonClicked.connect(self._clicked)
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
            *(self.sentence, self.caption, self.matrix, self.filters),
            *(self.gradient_caption, self.filter_gradients, self.bias_caption, self.bias),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 6)
        column.setSpacing(6)
        column.addWidget(self._bar)
        column.addWidget(self.sentence, 1)
        column.addWidget(self.caption)
        column.addLayout(self._pair, 1)
        column.addStretch(0)

    def _clicked(self, button: QToolButton) -> None:
        self.choose(button.text())


def _caption() -> QLabel:
    label = QLabel()
    label.setProperty("role", "note")
    label.setWordWrap(True)
    return label
