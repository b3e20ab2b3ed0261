"""Neurons as small heat maps of their output over the plane, and where on a card they lie.

The places are known before the pictures are, so that the links to a card end at its neurons from the start.
"""

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.network_view.pictures import Picture, Scale, each_on_its_own
from app.plots.color_maps import diverging_images
from app.plots.numbers import format_number
from app.theme import current_theme
from core.datasets.planes import EXTENT
from core.types import Array

LARGEST_NEURONS = 16
"""Layers with more units are shown as vectors of the sample."""

_GAP = 3.0
_COMFORTABLE = 24.0
_DOT = 2.6


def neuron_rects(count: int, rect: QRectF) -> list[QRectF]:
    """Where the neurons of a layer lie, one below the other; many of them in a zigzag, so that each has its own height.

    The places fill the height; a single column is used as long as its squares are of a comfortable size.
    """
    sides = [_side(count, columns, rect) for columns in range(1, count + 1)]
    columns = next((c for c, side in enumerate(sides, 1) if side >= _COMFORTABLE), sides.index(max(sides)) + 1)
    side = sides[columns - 1]
    left = rect.center().x() - (columns * (side + _GAP) - _GAP) / 2
    step = (rect.height() - side) / (count - 1) if count > 1 else 0.0
    # A few neurons stay together in the middle rather than drift apart.
    step = min(step, (side + 14) / columns)
    top = rect.center().y() - (step * (count - 1) + side) / 2
    return [QRectF(left + i % columns * (side + _GAP), top + i * step, side, side) for i in range(count)]


def _side(count: int, columns: int, rect: QRectF) -> float:
    """The largest squares with `columns` beside each other and, below each other, a step that leaves a gap."""
    across = (rect.width() - (columns - 1) * _GAP) / columns
    if count <= columns:
        return min(across, rect.height() / 2 if count > 1 else rect.height())
    # columns · (height − side)/(count − 1) = side + gap
    down = (columns * rect.height() / (count - 1) - _GAP) / (1 + columns / (count - 1))
    return max(1.0, min(across, down))


class Planes(Picture):
    """The neurons of one layer over the plane, with the selected sample as a dot.

    Shapes: values (units,) of the sample, planes (units, H, W), point (2,)
    """

    def __init__(self, name: str, values: Array, planes: Array, point: Array, scale: Scale, note: str) -> None:
        super().__init__(name, values, scale, note)
        self.planes = planes
        self.point = point
        self._theme = ""
        self._images: list[QImage] = []

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        theme = current_theme()
        if theme.name != self._theme:
            self._theme, self._images = theme.name, self._made()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for image, place in zip(self._images, neuron_rects(len(self.planes), rect), strict=True):
            painter.drawImage(place, image)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawRect(place)
            self._paint_point(painter, place)

    def entry_at(self, point: QPointF, rect: QRectF) -> tuple[int, ...] | None:
        places = enumerate(neuron_rects(len(self.planes), rect))
        return next(((index,) for index, place in places if place.contains(point)), None)

    def hover_text(self, point: QPointF, rect: QRectF) -> str:
        index = self.entry_at(point, rect)
        return self._words(index[0], point, neuron_rects(len(self.planes), rect)[index[0]]) if index else ""

    def _words(self, index: int, point: QPointF, place: QRectF) -> str:
        """The value of the sample, and the value of the cell under the pointer with the point it was computed for."""
        height, width = self.planes[index].shape
        row = min(height - 1, int((point.y() - place.top()) / place.height() * height))
        column = min(width - 1, int((point.x() - place.left()) / place.width() * width))
        here = ((column + 0.5) / width * 2 * EXTENT - EXTENT, EXTENT - (row + 0.5) / height * 2 * EXTENT)
        value = format_number(self.planes[index][row, column])
        where = ", ".join(format_number(coordinate, 3) for coordinate in here)
        whose = "over the batch" if math.isnan(float(self.point[0])) else "for the selected sample"
        return f"{self.entry_words(index)} {whose}\n{value} at the point ({where})"

    def _made(self) -> list[QImage]:
        own = self.scale.per_unit
        images = diverging_images(each_on_its_own(self.planes) if own else self.planes, 1.0 if own else self.scale.high)
        # Twice as fine before it is shrunk onto the card: a smooth boundary instead of steps.
        size, smooth = images[0].size() * 2, Qt.TransformationMode.SmoothTransformation
        return [image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth) for image in images]

    def _paint_point(self, painter: QPainter, place: QRectF) -> None:
        x, y = (float(value) for value in self.point)
        if not (math.isfinite(x) and math.isfinite(y) and max(abs(x), abs(y)) <= EXTENT):
            return
        where = QPointF(
            place.left() + (x + EXTENT) / (2 * EXTENT) * place.width(),
            place.top() + (EXTENT - y) / (2 * EXTENT) * place.height(),
        )
        painter.setPen(QPen(QColor(current_theme().panel), 1))
        painter.setBrush(QColor(current_theme().text))
        painter.drawEllipse(where, _DOT, _DOT)
