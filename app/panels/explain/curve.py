"""An activation's curve with the unit's point on it, its slope, and how the layer's inputs are spread below it."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.plots.base import PaintedView, draw_line, line_height
from app.plots.numbers import format_number
from app.theme import current_theme
from core.layers.base import Layer
from core.types import Array

_HEIGHT = 130
_SAMPLES = 201
_BINS = 60


class CurveView(PaintedView):
    """Draws y over x for an elementwise layer, computed by the layer itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Curve of the activation", parent)
        self._x, self._y = np.zeros(1), np.zeros(1)
        self._bars: Array = np.zeros(0)
        self._point = (0.0, 0.0)
        self._slope = 0.0
        self.setFixedHeight(_HEIGHT)

    def set_point(self, layer: Layer, inputs: Array, x: float) -> None:
        """Show the curve over the range of `inputs`, a histogram of them, and the point at `x`."""
        reach = max(2.0, float(np.nanmax(np.abs(inputs), initial=0.0)), abs(x))
        dtype = inputs.dtype
        self._x = np.linspace(-reach, reach, _SAMPLES).astype(dtype)
        self._y = layer.forward(self._x[:, np.newaxis], False, None)[0][:, 0]
        at = np.array([[x]], dtype)
        y, cache = layer.forward(at, False, None)
        dx, _ = layer.backward(np.ones_like(at), cache)
        assert dx is not None
        self._point, self._slope = (x, float(y[0, 0])), float(dx[0, 0])
        self._bars = np.histogram(inputs, bins=_BINS, range=(-reach, reach))[0]
        self.setAccessibleDescription(self.hover_text())
        self.set_message("")

    def hover_text(self) -> str:
        """The point and its slope in words."""
        x, y = self._point
        return (
            f"y({format_number(x, 3)}) = {format_number(y, 3)}, slope {format_number(self._slope, 3)}: "
            f"{100 * self._slope:.0f} % of dy passes"
        )

    def paint_content(self, painter: QPainter) -> None:
        """Histogram, axes, curve, tangent, point, words."""
        theme = current_theme()
        room = QRectF(0, 2, self.width(), self.height() - line_height() - 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_bars(painter, room)
        painter.setPen(QPen(QColor(theme.border), 1))
        for (x0, y0), (x1, y1) in (((-1e9, 0.0), (1e9, 0.0)), ((0.0, -1e9), (0.0, 1e9))):
            painter.drawLine(self._place(x0, y0, room), self._place(x1, y1, room))
        painter.setPen(QPen(QColor(theme.forward), 2))
        pairs = zip(self._x.tolist(), self._y.tolist(), strict=True)
        painter.drawPolyline(QPolygonF([self._place(x, y, room) for x, y in pairs]))
        x, y = self._point
        step = float(self._x[-1]) / 4
        painter.setPen(QPen(QColor(theme.backward), 1.5, Qt.PenStyle.DashLine))
        start, end = (self._place(x + sign * step, y + sign * step * self._slope, room) for sign in (-1, 1))
        painter.drawLine(start, end)
        painter.setPen(QPen(QColor(theme.panel), 1))
        painter.setBrush(QColor(theme.backward))
        painter.drawEllipse(self._place(x, y, room), 4, 4)
        draw_line(painter, QRectF(0, room.bottom() + 2, self.width(), line_height()), self.hover_text(), theme.text)

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, _HEIGHT)

    def _place(self, x: float, y: float, room: QRectF) -> QPointF:
        low, high = float(min(self._y.min(), 0)), float(max(self._y.max(), 0.1))
        reach = float(self._x[-1])
        across = (min(max(x, -reach), reach) + reach) / (2 * reach)
        up = (min(max(y, low), high) - low) / (high - low)
        return QPointF(room.left() + across * room.width(), room.bottom() - up * room.height())

    def _paint_bars(self, painter: QPainter, room: QRectF) -> None:
        color = QColor(current_theme().muted)
        color.setAlphaF(0.25)
        width, most = room.width() / _BINS, max(1, int(self._bars.max(initial=1)))
        for position, count in enumerate(self._bars):
            height = room.height() * 0.6 * count / most
            painter.fillRect(QRectF(room.left() + position * width, room.bottom() - height, width - 1, height), color)
