"""A histogram that does not mislead: exact zeros have a bar of their own, what is not finite is said in words."""

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.plots.base import MARGIN, PaintedView, draw_line, draw_warning, line_height
from app.plots.distribution import Distribution, distribution
from app.plots.numbers import format_count, format_number, format_share
from app.theme import current_theme, theme_color
from core.types import Array

_ZERO_WIDTH = 3.0
_STEP_WITH_GAP = 4.0


class HistogramView(PaintedView):
    """Shows how values are distributed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Histogram", parent)
        self._distribution: Distribution = distribution(np.zeros(0))
        self._label = ""
        self._color = "accent"
        self._pointer: QPointF | None = None
        self.set_message("No values yet")

    def set_values(self, values: Array, label: str, color: str = "accent") -> None:
        """Show values of any shape; the colour is a field of the theme, such as `"backward"`, or any other colour."""
        self._distribution = distribution(values)
        self._label, self._color = label, color
        words = f"{label}: {self._distribution.words()}"
        warning = self._distribution.warning()
        self.setAccessibleName(f"Histogram of {label}")
        self.set_message("" if self._distribution.total else f"{label} has no values")
        self.setAccessibleDescription(f"{words}, {warning}" if warning else words)

    def distribution(self) -> Distribution:
        """The numbers the picture is made of."""
        return self._distribution

    def hover_text(self) -> str:
        """The bin under the pointer: `−0.10 … −0.05: 312 of 12 544 (2.5 %)`, or the zeros."""
        data = self._distribution
        if self._pointer is None or self._message or data.finite == 0:
            return ""
        area = self._area()
        if not area.left() <= self._pointer.x() <= area.right():
            return ""
        if data.zeros and abs(self._pointer.x() - self._x_of(0.0)) <= _ZERO_WIDTH:
            return f"exactly 0: {self._part(data.zeros)}"
        share = (self._pointer.x() - area.left()) / area.width()
        index = min(int(share * len(data.counts)), len(data.counts) - 1)
        low, high = format_number(data.edges[index], 3), format_number(data.edges[index + 1], 3)
        return f"{low} … {high}: {self._part(int(data.counts[index]))}"

    def tool_tip_text(self) -> str:
        """All there is to say, for a narrow view."""
        return self.accessibleDescription() + (f"\n{self.hover_text()}" if self.hover_text() else "")

    def paint_content(self, painter: QPainter) -> None:
        """Words above, bars, axis with its ends below."""
        theme, data, area = current_theme(), self._distribution, self._area()
        head = QRectF(MARGIN + 2, MARGIN, self.width() - 2 * MARGIN - 4, line_height())
        painter.setPen(QColor(theme.text))
        painter.drawText(head, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), self._label)
        head.setLeft(head.left() + QFontMetricsF(painter.font()).horizontalAdvance(self._label) + 10)
        head.setLeft(head.left() + draw_warning(painter, head, data.warning()))
        draw_line(painter, head, self.hover_text() or data.words(), theme.text if self.hover_text() else theme.muted)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(QLineF(area.bottomLeft(), area.bottomRight()))
        if data.finite:
            self._paint_bars(painter, area)
            self._paint_axis(painter, area)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the bin under the pointer."""
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Back to the words about all values."""
        self._pointer = None
        self.update()

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(280, 110)

    def _part(self, count: int) -> str:
        total = self._distribution.total
        return f"{format_count(count)} of {format_count(total)} ({format_share(count, total)})"

    def _area(self) -> QRectF:
        lines = line_height()
        return QRectF(self.rect()).adjusted(MARGIN + 2, MARGIN + lines + 2, -MARGIN - 2, -MARGIN - lines)

    def _x_of(self, value: float) -> float:
        area, edges = self._area(), self._distribution.edges
        return area.left() + area.width() * (value - float(edges[0])) / float(edges[-1] - edges[0])

    def _paint_bars(self, painter: QPainter, area: QRectF) -> None:
        theme, data = current_theme(), self._distribution
        tallest = int(data.counts.max())
        step = area.width() / len(data.counts)
        color = theme_color(self._color)
        for index, count in enumerate(data.counts):
            if count:
                # At least a pixel: a bin that is not empty must not look empty.
                height = max(1.0, area.height() * float(count) / tallest)
                left, right = round(area.left() + index * step), round(area.left() + (index + 1) * step)
                gap = 1 if step >= _STEP_WITH_GAP else 0
                painter.fillRect(QRectF(left, area.bottom() - height, max(right - left - gap, 1), height), color)
        if data.zeros:
            height = area.height() * (min(1.0, data.zeros / tallest) if tallest else 1.0)
            bar = QRectF(self._x_of(0.0) - _ZERO_WIDTH / 2, area.bottom() - height, _ZERO_WIDTH, height)
            painter.fillRect(bar, QColor(theme.text))

    def _paint_axis(self, painter: QPainter, area: QRectF) -> None:
        data = self._distribution
        painter.setPen(QColor(current_theme().muted))
        below = QRectF(area.left(), area.bottom() + 1, area.width(), line_height())
        low, high = format_number(float(data.edges[0]), 3), format_number(float(data.edges[-1]), 3)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft) | middle, low)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignRight) | middle, high)
        metrics, zero = QFontMetricsF(painter.font()), self._x_of(0.0)
        ends = metrics.horizontalAdvance(low) + 8, metrics.horizontalAdvance(high) + 8
        if area.left() + ends[0] < zero < area.right() - ends[1]:
            painter.drawText(QRectF(zero - 10, below.top(), 20, below.height()), int(Qt.AlignmentFlag.AlignCenter), "0")
