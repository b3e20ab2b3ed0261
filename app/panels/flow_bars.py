"""Horizontal bars on a logarithmic axis: for every parameter the norm of its gradient and how far its update goes."""

import math
from typing import NamedTuple

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.panels.reached import NORM_HELP, RATIO_HELP
from app.plots.base import PaintedView, is_plain, line_height, outline, small_font
from app.plots.numbers import MINUS, format_number
from app.theme import current_theme

DECADES = (-5, 1)
"""The powers of ten the axis spans; it grows where a value lies outside, so that it stands still while one steps."""

_SMALLEST_ROW, _LARGEST_ROW = 30.0, 64.0
_MARGIN = 10.0
_LEAST_AXIS = 60.0  # before it gets shorter, numbers lose the words before them
_WAYS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_CHOICE = {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}


class FlowRow(NamedTuple):
    """One parameter; a number is None until its record is reached."""

    name: str
    layer: int
    label: str
    gradient: float | None
    ratio: float | None


class FlowBars(PaintedView):
    """Horizontal bars on one logarithmic axis: vermilion the norm of the gradient, green update/weight."""

    row_chosen = Signal(object)
    """The row that was clicked, or on which Enter was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Gradient flow", parent)
        self._rows: list[FlowRow] = []
        self._selected = -1
        self._pointer: QPointF | None = None
        self._walked: int | None = None  # the row the keyboard stands on

    def set_rows(self, rows: list[FlowRow], selected_layer: int) -> None:
        """Show rows; those of the selected layer stand out."""
        self._rows, self._selected = rows, selected_layer
        if self._walked is not None and self._walked >= len(rows):
            self._walked = None
        self.setMinimumHeight(int(_SMALLEST_ROW * len(rows) + 2 * _MARGIN + line_height()))
        self.set_message("")
        self.setAccessibleDescription("; ".join(_words(row) for row in rows if row.gradient is not None))

    def rows(self) -> list[FlowRow]:
        """The rows that are shown."""
        return self._rows

    def decades(self) -> tuple[int, int]:
        """The powers of ten at the ends of the axis."""
        sizes = [value for row in self._rows for value in (row.gradient, row.ratio)]
        logs = [math.log10(size) for size in sizes if size and math.isfinite(size)]
        low, high = DECADES
        return min([low, *(math.floor(x) for x in logs)]), max([high, *(math.ceil(x) for x in logs)])

    def hover_text(self) -> str:
        """The row under the pointer or the keyboard in full."""
        row = self._current()
        return _words(row) if row else ""

    def tool_tip_text(self) -> str:
        """Where its numbers come from, too, and what a click does."""
        row = self._current()
        if row is None or row.gradient is None:
            return self.hover_text()
        ratio = () if row.ratio is None else (RATIO_HELP,)
        return "\n".join((_words(row), NORM_HELP, *ratio, "click shows its numbers under Gradients"))

    def paint_content(self, painter: QPainter) -> None:
        """Grid, then a row a parameter."""
        metrics = QFontMetricsF(small_font())
        left = _MARGIN + max((metrics.horizontalAdvance(row.label) for row in self._rows), default=0.0) + 12
        number, words = map(metrics.horizontalAdvance, ("0.0000", "update/weight "))
        free = self.width() - left - number - 8
        has_words = free - words >= _LEAST_AXIS
        length = max(20.0, free - words if has_words else free)
        axis = QRectF(left, _MARGIN, length, self._row_height() * len(self._rows))
        self._paint_grid(painter, axis)
        for index, row in enumerate(self._rows):
            self._paint_row(painter, axis, axis.top() + index * self._row_height(), row, has_words=has_words)
            if index == self._walked and self.hasFocus():
                place = QRectF(2, axis.top() + index * self._row_height(), self.width() - 4, self._row_height())
                outline(painter, place.adjusted(2, 2, -2, -2), current_theme().text, 1.0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The tool tip speaks of the row under the pointer."""
        self._pointer = event.position()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self._pointer = None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click chooses the row."""
        row = self._row_at(event.position())
        if row and event.button() == Qt.MouseButton.LeftButton and not self._message:
            self.row_chosen.emit(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go from row to row, Enter chooses."""
        key = Qt.Key(event.key())
        if not self._takes(event):
            super().keyPressEvent(event)
        elif key in _WAYS:
            at = 0 if self._walked is None else self._walked + _WAYS[key]
            self._walked = max(0, min(at, len(self._rows) - 1))
            self.setAccessibleDescription(_words(self._rows[self._walked]))
            self.update()
        else:
            assert self._walked is not None
            self.row_chosen.emit(self._rows[self._walked])

    def event(self, event: QEvent) -> bool:
        """The keys that walk here do not step through the tape meanwhile."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and self._takes(event):
            event.accept()
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        """As high as its rows are at ease."""
        return QSize(360, int(_LARGEST_ROW * max(len(self._rows), 4) + 2 * _MARGIN))

    def _takes(self, event: QKeyEvent) -> bool:
        """Whether a key means something here; a choice does only where the keyboard stands at a row."""
        if not self._rows or self._message or not is_plain(event):
            return False
        return event.key() in _WAYS or (event.key() in _CHOICE and self._walked is not None)

    def _current(self) -> FlowRow | None:
        """The row that is spoken of: under the pointer, else where the keyboard stands."""
        if self._message:
            return None
        if self._pointer is not None:
            return self._row_at(self._pointer)
        return None if self._walked is None else self._rows[self._walked]

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

    def _paint_row(self, painter: QPainter, axis: QRectF, top: float, row: FlowRow, *, has_words: bool) -> None:
        theme, height = current_theme(), self._row_height()
        thick = 0.26 * height
        painter.setPen(QColor(theme.text if row.gradient is not None else theme.muted))
        font = QFont(small_font())
        font.setWeight(QFont.Weight.DemiBold if row.layer == self._selected else QFont.Weight.Normal)
        painter.setFont(font)
        beside = QRectF(_MARGIN, top, axis.left() - _MARGIN - 8, height)
        painter.drawText(beside, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), row.label)
        painter.setFont(small_font())
        if row.gradient is not None:
            bar = QRectF(axis.left(), top + 0.18 * height, axis.width(), thick)
            self._paint_bar(painter, bar, row.gradient, theme.backward, "")
        if row.ratio is not None:
            bar = QRectF(axis.left(), top + 0.56 * height, axis.width(), 0.65 * thick)
            words = f"update/{row.name.split('.')[1]} " if has_words else ""
            self._paint_bar(painter, bar, row.ratio, theme.update, words)

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


def _words(row: FlowRow) -> str:
    gradient = "not reached yet" if row.gradient is None else format_number(row.gradient)
    text = f"{row.label}: norm of the gradient {gradient}"
    return (
        text if row.ratio is None else f"{text}, norm of the update / norm of the parameter {format_number(row.ratio)}"
    )


def _power(decade: int) -> str:
    """A tick: exact, so without the digits that a measured value has."""
    return f"{10.0**decade:g}" if -4 < decade < 5 else f"1e{decade}".replace("-", MINUS)
