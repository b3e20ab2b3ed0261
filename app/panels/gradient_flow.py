"""Whether the gradients arrive: for every parameter the size of its gradient and how far the update moves it."""

import math
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.document.document import Document
from app.panels.reached import norm, parameter_gradient, update_ratio, update_record
from app.plots.base import PaintedView, line_height, small_font
from app.plots.numbers import MINUS, format_number
from app.theme import current_theme
from app.view import HISTOGRAMS, View
from core.tape import Tape

NOTE = "‖dW‖ and update/weight per layer"
EMPTY = "The backward pass has not reached a layer with weights yet: press Next layer."
DECADES = (-5, 1)
"""The powers of ten the axis spans; it grows where a value lies outside, so that it stands still while one steps."""

_SMALLEST_ROW, _LARGEST_ROW = 30.0, 64.0
_MARGIN = 10.0
_LETTERS = {"weight": "W", "bias": "b"}


class FlowRow(NamedTuple):
    """One parameter; a number is None until its record is reached."""

    name: str
    layer: int
    label: str
    gradient: float | None
    ratio: float | None


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
            assert document.network
            title = document.network.layers[int(layer)].title
            label = f"{int(layer) + 1} · {title} {_LETTERS.get(parameter, parameter)}"
            rows.append(FlowRow(name, int(layer), label, self._gradient(name), self._ratio(name)))
        return rows

    def _gradient(self, name: str) -> float | None:
        gradient = parameter_gradient(self._document, name)
        return None if isinstance(gradient, str) else self._once("gradient", name, lambda: norm(gradient))

    def _ratio(self, name: str) -> float | None:
        if update_record(self._document, name) is None:
            return None
        return self._once("ratio", name, lambda: update_ratio(self._document, name))

    def _once(self, what: str, name: str, compute: Callable[[], float | None]) -> float | None:
        if (what, name) not in self._known:
            self._known[what, name] = compute()
        return self._known[what, name]


class FlowBars(PaintedView):
    """Horizontal bars on one logarithmic axis: vermilion the norm of the gradient, green update/weight."""

    layer_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Gradient flow", parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._rows: list[FlowRow] = []
        self._selected = -1
        self._pointer: QPointF | None = None

    def set_rows(self, rows: list[FlowRow], selected_layer: int) -> None:
        """Show rows; those of the selected layer stand out."""
        self._rows, self._selected = rows, selected_layer
        self.setMinimumHeight(int(_SMALLEST_ROW * len(rows) + 2 * _MARGIN + line_height()))
        self.set_message("")
        self.setAccessibleDescription("; ".join(_words(row) for row in rows if row.gradient is not None))

    def rows(self) -> list[FlowRow]:
        """The rows that are shown."""
        return self._rows

    def decades(self) -> tuple[int, int]:
        """The powers of ten at the ends of the axis."""
        logs = [math.log10(v) for row in self._rows for v in row[3:] if v and math.isfinite(v)]
        low, high = DECADES
        return min([low, *(math.floor(x) for x in logs)]), max([high, *(math.ceil(x) for x in logs)])

    def hover_text(self) -> str:
        """The row under the pointer in full."""
        row = self._row_at(self._pointer) if self._pointer and not self._message else None
        return _words(row) if row else ""

    def paint_content(self, painter: QPainter) -> None:
        """Grid, then a row a parameter."""
        metrics = QFontMetricsF(small_font())
        left = _MARGIN + max((metrics.horizontalAdvance(row.label) for row in self._rows), default=0.0) + 12
        room = metrics.horizontalAdvance("update/weight 0.0000") + 8
        axis = QRectF(left, _MARGIN, max(20.0, self.width() - left - room), self._row_height() * len(self._rows))
        self._paint_grid(painter, axis)
        for index, row in enumerate(self._rows):
            self._paint_row(painter, axis, axis.top() + index * self._row_height(), row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The tool tip speaks of the row under the pointer."""
        self._pointer = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click selects the row's layer."""
        row = self._row_at(event.position())
        if row and event.button() == Qt.MouseButton.LeftButton and not self._message:
            self.layer_clicked.emit(row.layer)

    def sizeHint(self) -> QSize:
        """As high as its rows are at ease."""
        return QSize(360, int(_LARGEST_ROW * max(len(self._rows), 4) + 2 * _MARGIN))

    def _row_height(self) -> float:
        free = self.height() - 2 * _MARGIN - line_height()
        return min(max(free / max(len(self._rows), 1), _SMALLEST_ROW), _LARGEST_ROW)

    def _row_at(self, point: QPointF) -> FlowRow | None:
        index = math.floor((point.y() - _MARGIN) / self._row_height())
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def _paint_grid(self, painter: QPainter, axis: QRectF) -> None:
        theme, (low, high) = current_theme(), self.decades()
        every = max(1, math.ceil((high - low) * 42 / axis.width()))
        for decade in range(high, low - 1, -every):
            x = axis.left() + axis.width() * (decade - low) / (high - low)
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawLine(QLineF(x, axis.top(), x, axis.bottom()))
            painter.setPen(QColor(theme.muted))
            label = QRectF(x - 30, axis.bottom() + 2, 60, line_height())
            painter.drawText(label, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop), _power(decade))

    def _paint_row(self, painter: QPainter, axis: QRectF, top: float, row: FlowRow) -> None:
        theme, height = current_theme(), self._row_height()
        thick = 0.26 * height
        painter.setPen(QColor(theme.text if row.gradient is not None else theme.muted))
        font = small_font()
        font.setBold(row.layer == self._selected)
        painter.setFont(font)
        beside = QRectF(_MARGIN, top, axis.left() - _MARGIN - 8, height)
        painter.drawText(beside, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), row.label)
        painter.setFont(small_font())
        if row.gradient is not None:
            bar = QRectF(axis.left(), top + 0.18 * height, axis.width(), thick)
            self._paint_bar(painter, bar, row.gradient, theme.backward, "")
        if row.ratio is not None:
            bar = QRectF(axis.left(), top + 0.56 * height, axis.width(), 0.65 * thick)
            self._paint_bar(painter, bar, row.ratio, theme.update, f"update/{row.name.split('.')[1]} ")

    def _paint_bar(self, painter: QPainter, room: QRectF, value: float, color: str, words: str) -> None:
        theme, (low, high) = current_theme(), self.decades()
        length = 0.0
        if math.isfinite(value) and value > 0:
            length = room.width() * max(0.0, math.log10(value) - low) / (high - low)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        shade = QColor(color)
        shade.setAlphaF(0.85)
        painter.setBrush(shade)
        painter.drawRoundedRect(QRectF(room.left(), room.top(), length, room.height()), 2, 2)
        painter.setPen(QColor(theme.muted if math.isfinite(value) else theme.not_finite))
        text = QRectF(room.left() + length + 5, room.center().y() - 10, 200, 20)
        painter.drawText(
            text, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), words + format_number(value, 2)
        )


class GradientFlow(View):
    """The bars of all parameters; a click on one selects its layer."""

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
        self.bars.layer_clicked.connect(document.select_layer)
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


def _words(row: FlowRow) -> str:
    gradient = "not reached yet" if row.gradient is None else format_number(row.gradient)
    text = f"{row.label}: norm of the gradient {gradient}"
    return (
        text if row.ratio is None else f"{text}, norm of the update / norm of the parameter {format_number(row.ratio)}"
    )


def _power(decade: int) -> str:
    """A tick: exact, so without the digits that a measured value has."""
    return f"{10.0**decade:g}" if -4 < decade < 5 else f"1e{decade}".replace("-", MINUS)
