"""The share of every sample of the batch in a gradient, as bars; a click selects the sample."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.plots.base import PaintedView, draw_line, line_height
from app.plots.numbers import format_number
from app.theme import current_theme
from core.types import Array

_HEIGHT = 84


class SharesView(PaintedView):
    """Bars above and below zero, one a sample."""

    sample_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Shares by sample", parent)
        self._shares: Array = np.empty(0)
        self._selected = -1
        self._pointer: QPointF | None = None
        self.setFixedHeight(_HEIGHT)
        self.setMouseTracking(True)

    def set_shares(self, shares: Array, selected: int) -> None:
        """Show the shares (N,) with one sample marked."""
        self._shares, self._selected = shares, selected
        self.set_message("")

    def hover_text(self) -> str:
        """The sample under the pointer and its share."""
        sample = self._sample_at(self._pointer) if self._pointer else None
        shown = self._selected if sample is None else sample
        if not 0 <= shown < len(self._shares):
            return ""
        return f"sample {shown} adds {format_number(float(self._shares[shown]))}"

    def bar_rect(self, sample: int) -> QRectF:
        """The column of a sample."""
        width = self.width() / max(1, len(self._shares))
        return QRectF(sample * width, 0, width, self.height() - line_height())

    def paint_content(self, painter: QPainter) -> None:
        """Bars, zero line, and the words for one of them."""
        theme = current_theme()
        room = QRectF(0, 0, self.width(), self.height() - line_height())
        largest = max(1e-30, float(np.nanmax(np.abs(self._shares), initial=0.0)))
        painter.setPen(Qt.PenStyle.NoPen)
        for sample, share in enumerate(self._shares):
            column = self.bar_rect(sample)
            length = float(share) / largest * room.height() / 2
            bar = QRectF(column.left() + 0.5, room.center().y(), max(1.0, column.width() - 1), -length).normalized()
            painter.setBrush(QColor(theme.positive if share > 0 else theme.negative))
            painter.drawRect(bar)
            if sample == self._selected:
                painter.save()
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(theme.text), 1))
                painter.drawRect(column.adjusted(0, 0, -1, -1))
                painter.restore()
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(QPointF(room.left(), room.center().y()), QPointF(room.right(), room.center().y()))
        line = QRectF(0, room.bottom(), self.width(), line_height())
        draw_line(painter, line, self.hover_text(), theme.text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what the bar under the pointer is."""
        self._pointer = event.position()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click selects the sample."""
        sample = self._sample_at(event.position())
        if sample is not None:
            self.sample_clicked.emit(sample)

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, _HEIGHT)

    def _sample_at(self, point: QPointF) -> int | None:
        sample = int(point.x() / max(1, self.width()) * len(self._shares))
        return sample if 0 <= sample < len(self._shares) else None
