"""The arrows between two cards: forward in the upper row, backward in the lower one, with the shape that travels."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.network_view.style import font, metrics, text_color
from app.theme import current_theme

_SIZES = (7.5, 7.0, 6.5)
_BELOW = 6.0
_MARGIN = 6.0  # the frame of a selected card reaches into the gap
_HEAD = 3.0
_REACH = 4.0
_NEAR = 9.0


@dataclass(frozen=True)
class Arrow:
    """One arrow: where it is, and what travels on it once the tape has come there."""

    centre: QPointF
    direction: int  # 1 forward, −1 backward
    travelled: bool
    shape: str  # "8×13×13"
    words: str  # for the tool tip
    above: bool = False  # the shape stands above the arrow, where links run below it

    def place(self) -> QRectF:
        """Where the pointer finds it: the arrow and its shape."""
        length = metrics(_SIZES[-1]).horizontalAdvance(self.shape)
        around = QRectF(self.centre.x() - _NEAR, self.centre.y() - _NEAR, 2 * _NEAR, 2 * _NEAR)
        return around.adjusted(0, -length, 0, 0) if self.above else around.adjusted(0, 0, 0, length)

    def paint(self, painter: QPainter, gap: QRectF) -> None:
        """The arrow in the colour of its direction, and its shape where there is room: across, or else downwards."""
        theme = current_theme()
        color = theme.forward if self.direction > 0 else theme.backward
        self._paint_arrow(painter, color if self.travelled else theme.border)
        painter.setPen(text_color(color) if self.travelled else QColor(theme.muted))
        points = next((p for p in _SIZES if metrics(p).horizontalAdvance(self.shape) <= gap.width() - _MARGIN), None)
        painter.setFont(font(points or _SIZES[-1]))
        measure = metrics(points or _SIZES[-1])
        length, height = measure.horizontalAdvance(self.shape) + 1, measure.height()
        long = height if points else length
        top = self.centre.y() - _BELOW - long if self.above else self.centre.y() + _BELOW
        middle = int(Qt.AlignmentFlag.AlignCenter)
        if points:
            painter.drawText(QRectF(self.centre.x() - length / 2, top, length, height), middle, self.shape)
        elif gap.top() <= top and top + length <= gap.bottom():
            painter.save()
            painter.translate(self.centre.x(), top + length / 2)
            painter.rotate(90)
            painter.drawText(QRectF(-length / 2, -height / 2, length, height), middle, self.shape)
            painter.restore()

    def _paint_arrow(self, painter: QPainter, color: str) -> None:
        painter.setPen(QPen(QColor(color), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        reach = _REACH * self.direction
        tip = QPointF(self.centre.x() + reach, self.centre.y())
        painter.drawLine(QPointF(self.centre.x() - reach, self.centre.y()), tip)
        for side in (-_HEAD, _HEAD):
            painter.drawLine(tip, QPointF(tip.x() - _HEAD * self.direction, tip.y() + side))
