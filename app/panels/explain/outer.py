"""The outer product of two vectors: dy down the side, x along the top, and between them all their products.

Pointing at a product moves the frame over it and its two factors; a click asks for the weight it belongs to.
"""

import dataclasses

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.panels.explain.pointed import Cell, PointedView
from app.plots.base import draw_line, line_height, outline
from app.plots.color_maps import diverging_image, finite_limit
from app.plots.numbers import format_number
from app.theme import current_theme
from core.explain import Place
from core.types import Array

_BAND = 14.0  # thickness of the two vectors
_GAP = 5.0
_LEAST, _MOST = 60.0, 130.0  # height of the products
_CELL = 16.0


@dataclasses.dataclass(frozen=True, eq=False)
class Outer:
    """The gradient (O,) and the input (I,) of one sample, the weight that is asked for, and where that stands."""

    dy: Array
    x: Array
    asked: tuple[int, int]
    sample: int
    place: Place


class OuterView(PointedView):
    """Draws an outer product."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Outer product", parent)
        self._outer: Outer | None = None
        self._products: Array = np.zeros((1, 1))

    def set_outer(self, outer: Outer) -> None:
        """Show one."""
        if self._outer is None or outer.asked != self._outer.asked:
            self.forget_pointed()
        self._outer = outer
        self._products = np.multiply.outer(outer.dy, outer.x)
        height = min(_MOST, max(_LEAST, _CELL * len(outer.dy)))
        self.setFixedHeight(int(height + _BAND + _GAP + 3 * line_height() + 4))
        self.setAccessibleDescription(self.hover_text())
        self.set_message("")

    def hover_text(self) -> str:
        """The product that is pointed at, else the one of the weight that was asked for."""
        if self._outer is None:
            return ""
        (o, i), n = self._shown(), self._outer.sample
        dy, x, product = (float(v) for v in (self._outer.dy[o], self._outer.x[i], self._products[o, i]))
        return f"dy[{n}, {o}] × x[{n}, {i}]\n{format_number(dy)} × {format_number(x)} = {format_number(product)}"

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a product lies."""
        room, (rows, columns) = self._room(), self._products.shape
        width, height = room.width() / columns, room.height() / rows
        return QRectF(room.left() + column * width, room.top() + row * height, width, height)

    def paint_content(self, painter: QPainter) -> None:
        """The two vectors, their products, the frames, and the words below."""
        if self._outer is None:
            return
        theme, room, outer = current_theme(), self._room(), self._outer
        side = QRectF(room.left() - _BAND - _GAP, room.top(), _BAND, room.height())
        top = QRectF(room.left(), room.top() - _BAND - _GAP, room.width(), _BAND)
        pictures = ((side, outer.dy[:, None]), (top, outer.x[None, :]), (room, self._products))
        for rect, values in pictures:
            painter.drawImage(rect, diverging_image(values, finite_limit(values)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawRect(rect)
        n = outer.sample
        heading = QRectF(0, 0, self.width(), line_height())
        draw_line(painter, heading, f"dy[{n}, :] at the side × x[{n}, :] at the top")
        self._frame(painter, outer.asked, theme.accent, side, top)
        if self._shown() != outer.asked:
            self._frame(painter, self._shown(), theme.text, side, top)
        line = QRectF(0, self.height() - 2 * line_height(), self.width(), line_height())
        for text in self.hover_text().splitlines():
            draw_line(painter, line, text, theme.text)
            line.translate(0, line_height())

    def cell_at(self, point: QPointF) -> Cell | None:
        """The product under a point."""
        room, (rows, columns) = self._room(), self._products.shape
        if self._outer is None or not room.contains(point):
            return None
        row = int((point.y() - room.top()) / room.height() * rows)
        column = int((point.x() - room.left()) / room.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def cell_beside(self, cell: Cell | None, down: int, right: int) -> Cell | None:
        """The product beside it; the walk begins at the one that was asked for."""
        if self._outer is None:
            return None
        start, (rows, columns) = cell or self._outer.asked, self._products.shape
        row, column = start[0] + down, start[1] + right
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def activate(self, cell: Cell) -> None:
        """Ask for the weight."""
        if self._outer is not None:
            self.place_asked.emit(dataclasses.replace(self._outer.place, index=cell))

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, self.height())

    def _shown(self) -> tuple[int, int]:
        assert self._outer
        pointed = self.pointed()
        return self._outer.asked if pointed is None else (pointed[0], pointed[1])

    def _room(self) -> QRectF:
        left, above = _BAND + _GAP + 1, line_height() + _BAND + _GAP
        return QRectF(left, above, self.width() - left - 2, self.height() - above - 2 * line_height() - 4)

    def _frame(self, painter: QPainter, at: tuple[int, int], color: str, side: QRectF, top: QRectF) -> None:
        cell = self.cell_rect(*at)
        for rect in (
            cell,
            QRectF(side.left(), cell.top(), side.width(), cell.height()),
            QRectF(cell.left(), top.top(), cell.width(), top.height()),
        ):
            outline(painter, rect, color, 1.5)
