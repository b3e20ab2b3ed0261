"""The share of every sample of the batch in a gradient, as bars; a click selects the sample."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.panels.explain.pointed import Cell, PointedView
from app.plots.base import draw_line, line_height
from app.plots.numbers import format_number
from app.theme import current_theme
from core.types import Array

_HEIGHT = 84


class SharesView(PointedView):
    """Bars above and below zero, one a sample."""

    sample_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Shares by sample", parent)
        self._shares: Array = np.empty(0)
        self._order: Array = np.empty(0, np.int64)
        self._selected = -1
        self._verb = "adds"
        self.setFixedHeight(_HEIGHT)

    def set_shares(self, shares: Array, selected: int, order: Array | None = None, verb: str = "adds") -> None:
        """Show a share for every sample, with one sample marked.

        Shapes: shares (N,); order (N,) the sample each share belongs to, as they come unless given
        """
        self._shares, self._verb = shares, verb
        self._order = np.arange(len(shares)) if order is None else order
        self.forget_pointed()
        self._selected = next(iter(np.flatnonzero(self._order == selected).tolist()), -1)
        self.set_message("")

    def hover_text(self) -> str:
        """The sample under the pointer and its share."""
        pointed = self.pointed()
        shown = self._selected if pointed is None else pointed[0]
        if not 0 <= shown < len(self._shares):
            return ""
        return f"sample {self._order[shown]} {self._verb} {format_number(float(self._shares[shown]))}"

    def bar_rect(self, place: int) -> QRectF:
        """The column of the share at a place."""
        width = self.width() / max(1, len(self._shares))
        return QRectF(place * width, 0, width, self.height() - line_height())

    def paint_content(self, painter: QPainter) -> None:
        """Bars, zero line, and the words for one of them."""
        theme = current_theme()
        room = QRectF(0, 0, self.width(), self.height() - line_height())
        largest = max(1e-30, float(np.nanmax(np.abs(self._shares), initial=0.0)))
        # What is never negative, such as a loss, has the whole height.
        signed = bool((self._shares < 0).any())
        zero, reach = (room.center().y(), room.height() / 2) if signed else (room.bottom() - 1, room.height() - 2)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, share in enumerate(self._shares):
            column = self.bar_rect(place)
            length = float(share) / largest * reach
            bar = QRectF(column.left() + 0.5, zero, max(1.0, column.width() - 1), -length).normalized()
            painter.setBrush(QColor(theme.positive if share > 0 else theme.negative))
            painter.drawRect(bar)
            if place == self._selected:
                painter.save()
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(theme.text), 1))
                painter.drawRect(column.adjusted(0, 0, -1, -1))
                painter.restore()
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(QPointF(room.left(), zero), QPointF(room.right(), zero))
        line = QRectF(0, room.bottom(), self.width(), line_height())
        draw_line(painter, line, self.hover_text(), theme.text)

    def cell_at(self, point: QPointF) -> Cell | None:
        """The number of the bar."""
        place = int(point.x() / max(1, self.width()) * len(self._shares))
        return (place,) if 0 <= place < len(self._shares) else None

    def cell_beside(self, cell: Cell | None, down: int, right: int) -> Cell | None:
        """The next bar."""
        place = max(0, self._selected) if cell is None else cell[0] + right
        return (place,) if 0 <= place < len(self._shares) else None

    def activate(self, cell: Cell) -> None:
        """Select the sample."""
        self.sample_clicked.emit(int(self._order[cell[0]]))

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, _HEIGHT)
