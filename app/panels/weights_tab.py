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
)
from app.panels.weight_views import FilterView, VectorView
from app.plots.color_maps import finite_limit
from app.plots.matrix_view import MatrixView
from app.plots.numbers import format_count
from app.view import View
from core.types import Array

CHOICES = ("Value", "Gradient", "Change")
_TIPS = (
    "The weights as they stand at the cursor",
    "The gradient of the loss by each weight",
    "What this step's update adds to each weight: after − before",
)
_MOST_STANDING = 20
_STRIP_WIDTH, _STRIP_HEIGHT = 92, 62
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
        for widget in self._contents:
            widget.hide()
        if not names:
            self._say(nothing_to_learn(self.document, self.document.selected_layer))
            return
        weight, *others = (self._array(name) for name in names)
        if isinstance(weight, str):
            self._say(weight)
            return
        self.sentence.hide()
        self.caption.show()
        title = names[0].split(".")[1]
        if weight.ndim == 4:
            self.caption.setText(f"{self._prefix()}{title} · a row a filter, a picture an input channel")
            self._show_filters(weight, names[0])
        else:
            rows = (
                f"{weight.shape[0]} outputs × {weight.shape[1]} inputs" if weight.ndim == 2 else f"{len(weight)} values"
            )
            self.caption.setText(f"{self._prefix()}{title} · {rows}")
            self._show_matrix(weight, others[0] if others and not isinstance(others[0], str) else None, title)
        if others:
            self._show_bias(others[0], names[1].split(".")[1], weight)

    def _array(self, name: str) -> Array | str:
        if self.choice == "Gradient":
            return parameter_gradient(self.document, name)
        if self.choice == "Change":
            return parameter_change(self.document, name)
        return self.document.parameters()[name]

    def _prefix(self) -> str:
        return {"Value": "", "Gradient": "d_", "Change": "change of "}[self.choice]

    def _say(self, sentence: str) -> None:
        self.sentence.setText(sentence)
        self.sentence.show()

    def _show_matrix(self, weight: Array, bias: Array | None, name: str) -> None:
        standing = self._standing(weight)
        limit = max(finite_limit(weight), finite_limit(bias)) if standing and bias is not None else None
        if weight.ndim == 1:
            self.matrix.set_matrix(weight, name=self._prefix() + name)
        else:
            rows, columns = ([f"{i}" for i in range(size)] for size in weight.shape)
            self.matrix.set_matrix(weight, limit, rows, columns, self._prefix() + name)
        most = self.matrix.viewport.largest
        # A small matrix stays at the top, close to its bias, instead of floating in the middle of the tab.
        width = weight.shape[1] * most.width() + _NAMES if standing else _UNLIMITED
        height = weight.shape[0] * most.height() + _NAMES if standing else _UNLIMITED
        self.matrix.setMaximumSize(int(width), int(height))
        self.bias.setMaximumSize(_STRIP_WIDTH if standing else _UNLIMITED, int(height) if standing else _STRIP_HEIGHT)
        self.matrix.show()

    def _show_bias(self, bias: Array | str, name: str, weight: Array) -> None:
        standing = self._standing(weight)
        directions = QBoxLayout.Direction
        self._pair.setDirection(directions.LeftToRight if standing else directions.TopToBottom)
        self.bias.setMinimumSize(_STRIP_WIDTH if standing else 0, 0 if standing else _STRIP_HEIGHT)
        self.bias_caption.setText(f"{self._prefix()}{name} · {format_count(weight.shape[0])} values")
        self.bias_caption.setVisible(not standing)
        self.bias.show()
        if isinstance(bias, str):
            self.bias.set_message(bias)
            return
        limit = max(finite_limit(weight), finite_limit(bias)) if standing else None
        self.bias.set_vector(bias, self._prefix() + name, standing, limit)

    def _standing(self, weight: Array) -> bool:
        """Whether the bias fits beside the rows of the weight, so that a row reads as one output's sum."""
        return weight.ndim == 2 and max(weight.shape) <= _MOST_STANDING

    def _show_filters(self, weight: Array, name: str) -> None:
        self.filters.set_filters(weight, self._prefix() + "weight")
        self.filters.show()
        if self.choice != "Value":
            return
        gradient = parameter_gradient(self.document, name)
        self.gradient_caption.show()
        if isinstance(gradient, str):
            self.gradient_caption.setText(f"d_weight · {gradient}")
        else:
            self.gradient_caption.setText("d_weight · the gradient of the loss by each of them")
            self.filter_gradients.set_filters(gradient, "d_weight")
            self.filter_gradients.show()

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
        self._pair.setSpacing(2)
        self._pair.addWidget(self.matrix, 1)
        self._pair.addWidget(self.filters, 1)
        self._pair.addWidget(self.bias_caption)
        self._pair.addWidget(self.bias, 1)
        self._pair.addStretch(0)
        self._contents: tuple[QWidget, ...] = (
            *(self.caption, self.matrix, self.filters, self.bias_caption, self.bias),
            *(self.gradient_caption, self.filter_gradients),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 6)
        column.setSpacing(6)
        column.addWidget(self._bar)
        column.addWidget(self.sentence, 1)
        column.addWidget(self.caption)
        column.addLayout(self._pair, 1)
        column.addWidget(self.gradient_caption)
        column.addWidget(self.filter_gradients, 1)
        column.addStretch(0)

    def _clicked(self, button: QToolButton) -> None:
        self.choose(button.text())


def _caption() -> QLabel:
    label = QLabel()
    label.setProperty("role", "note")
    label.setWordWrap(True)
    return label
