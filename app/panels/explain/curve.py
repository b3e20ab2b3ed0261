"""An activation's curve with the unit's point on it, its slope, and how the layer's inputs are spread below it."""

import dataclasses

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.panels.explain.pointed import Cell, PointedView
from app.plots.base import draw_line, line_height
from app.plots.numbers import format_count, format_number
from app.theme import current_theme
from core.explain import Place
from core.layers.base import Layer
from core.types import Array

_HEIGHT = 130
_SAMPLES = 201
_BINS = 60


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """An elementwise layer, all its inputs, and the entry that is explained."""

    layer: Layer
    inputs: Array
    place: Place

    def at(self, x: Array) -> tuple[Array, Array]:
        """The curve and its slope at some inputs (K,), as the layer's own forward and backward give them."""
        column = x[:, np.newaxis]
        y, cache = self.layer.forward(column, False, None)
        slope, _ = self.layer.backward(np.ones_like(column), cache)
        assert slope is not None
        return y[:, 0], slope[:, 0]

    def point(self) -> tuple[float, float, float]:
        """Input, output and slope of the entry."""
        x = self.inputs[self.place.index]
        y, slope = self.at(np.asarray(x).reshape(1))
        return float(x), float(y[0]), float(slope[0])

    def nearest(self, x: float) -> Place:
        """The same tensor's entry whose input is nearest to x."""
        found = np.unravel_index(int(np.nan_to_num(np.abs(self.inputs - x), nan=np.inf).argmin()), self.inputs.shape)
        return dataclasses.replace(self.place, index=tuple(int(axis) for axis in found))


class CurveView(PointedView):
    """Draws y over x; pointing reads it elsewhere, a click asks for the unit that lies nearest there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Curve of the activation", parent)
        self._curve: Curve | None = None
        self._x, self._y, self._slopes = (np.zeros(1) for _ in range(3))
        self._bars: Array = np.zeros(0)
        self._point, self._slope = (0.0, 0.0), 0.0
        self.setFixedHeight(_HEIGHT)

    def set_curve(self, curve: Curve) -> None:
        """Show the curve over the range of its inputs, a histogram of them, and the entry's point."""
        x, y, self._slope = curve.point()
        self._curve, self._point = curve, (x, y)
        reach = max(2.0, float(np.nanmax(np.abs(curve.inputs), initial=0.0)), abs(x))
        self._x = np.linspace(-reach, reach, _SAMPLES).astype(curve.inputs.dtype)
        self._y, self._slopes = curve.at(self._x)
        self._bars = np.histogram(curve.inputs, bins=_BINS, range=(-reach, reach))[0]
        self.forget_pointed()
        self.setAccessibleDescription(self.hover_text())
        self.set_message("")

    def hover_text(self) -> str:
        """The entry's point and its slope in words, or those where one points."""
        x, y, slope = (format_number(value, 3) for value in self.shown())
        text, cell = f"y({x}) = {y}, slope {slope}", self.pointed()
        if cell is None:
            return text
        count = int(self._bars[min(cell[0] * _BINS // _SAMPLES, _BINS - 1)])
        return f"{text}; {format_count(count)} unit{'s' if count != 1 else ''} around here"

    def shown(self) -> tuple[float, float, float]:
        """Where the tangent lies: input, output and slope where one points, else of the entry."""
        if (cell := self.pointed()) is None:
            return *self._point, self._slope
        x, y, slope = (float(values[cell[0]]) for values in (self._x, self._y, self._slopes))
        return x, y, slope

    def paint_content(self, painter: QPainter) -> None:
        """Histogram, axes, curve, tangent, point, words."""
        theme = current_theme()
        room = self._room()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_bars(painter, room)
        painter.setPen(QPen(QColor(theme.border), 1))
        zero = self._place(0.0, 0.0, room)
        painter.drawLine(QPointF(room.left(), zero.y()), QPointF(room.right(), zero.y()))
        painter.drawLine(QPointF(zero.x(), room.top()), QPointF(zero.x(), room.bottom()))
        painter.setPen(QPen(QColor(theme.forward), 2))
        pairs = zip(self._x.tolist(), self._y.tolist(), strict=True)
        painter.drawPolyline(QPolygonF([self._place(x, y, room) for x, y in pairs]))
        shown = self.shown()
        self._paint_tangent(painter, *shown)
        painter.setPen(QPen(QColor(theme.panel), 1))
        for (x, y), color in ((shown[:2], theme.text), (self._point, theme.backward)):
            painter.setBrush(QColor(color))
            painter.drawEllipse(self._place(x, y, room), 4, 4)
        draw_line(painter, QRectF(0, room.bottom() + 2, self.width(), line_height()), self.hover_text(), theme.text)

    def cell_at(self, point: QPointF) -> Cell | None:
        """The number of the sample of the curve above or below."""
        share = point.x() / max(1.0, float(self.width()))
        return (min(int(share * _SAMPLES), _SAMPLES - 1),) if self._curve and 0 <= share < 1 else None

    def cell_beside(self, cell: Cell | None, down: int, right: int) -> Cell | None:
        """Along the curve."""
        if cell is None:
            return (int(np.argmin(np.abs(self._x - self._point[0]))),)
        return (cell[0] + right,) if 0 <= cell[0] + right < _SAMPLES else None

    def activate(self, cell: Cell) -> None:
        """Ask for the unit whose input is nearest."""
        if self._curve is not None:
            self.place_asked.emit(self._curve.nearest(float(self._x[cell[0]])))

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, _HEIGHT)

    def _room(self) -> QRectF:
        return QRectF(0, 2, self.width(), self.height() - line_height() - 4)

    def _paint_tangent(self, painter: QPainter, x: float, y: float, slope: float) -> None:
        room, step = self._room(), float(self._x[-1]) / 4
        painter.setPen(QPen(QColor(current_theme().backward), 1.5, Qt.PenStyle.DashLine))
        start, end = (self._place(x + sign * step, y + sign * step * slope, room) for sign in (-1, 1))
        painter.save()
        painter.setClipRect(room)
        painter.drawLine(start, end)
        painter.restore()

    def _place(self, x: float, y: float, room: QRectF) -> QPointF:
        low, high = float(min(self._y.min(), 0)), float(max(self._y.max(), 0.1))
        reach = float(self._x[-1])
        across, up = (x + reach) / (2 * reach), (y - low) / (high - low)
        return QPointF(room.left() + across * room.width(), room.bottom() - up * room.height())

    def _paint_bars(self, painter: QPainter, room: QRectF) -> None:
        color = QColor(current_theme().muted)
        color.setAlphaF(0.25)
        width, most = room.width() / _BINS, max(1, int(self._bars.max(initial=1)))
        for position, count in enumerate(self._bars):
            height = room.height() * 0.6 * count / most
            painter.fillRect(QRectF(room.left() + position * width, room.bottom() - height, width - 1, height), color)
