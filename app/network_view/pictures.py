"""Pictures of one tensor of one sample, by its shape: maps, cells of a long vector, bars of a short one.

A picture is made once for a record and painted many times; its image is kept for the size and theme it was last
painted in. It can say which entry lies under a point.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from app.network_view.style import ends_words
from app.plots.color_maps import diverging_image, finite_limit, gray_image
from app.plots.image_mosaic_view import MosaicStyle, mosaic_image
from app.plots.mosaic import mosaic_columns, mosaic_place
from app.plots.numbers import format_number
from app.theme import current_theme
from core.explain.notation import entry
from core.types import Array

_CRISP = 3
_STRIPES = 64


@dataclass(frozen=True)
class Scale:
    """Which values the colours end at: signed ones at ±high with zero in the middle, else ink from low to high."""

    low: float
    high: float
    signed: bool
    per_unit: bool = False  # every map and neuron on a scale of its own; low and high do not count

    def words(self) -> str:
        """What a tool tip says of it."""
        return "every unit on its own scale" if self.per_unit else f"colours from {ends_words(self.low, self.high)}"


class Picture:
    """The base of all pictures; `values` are the tape's own, `note` is the range that is shown above."""

    def __init__(self, name: str, values: Array, scale: Scale, note: str) -> None:
        self.name = name
        self.values = values
        self.scale = scale
        self.note = note

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        """Paint it into a rectangle."""
        raise NotImplementedError

    def entry_at(self, point: QPointF, rect: QRectF) -> tuple[int, ...] | None:
        """The index of the entry of `values` under a point of that rectangle."""
        raise NotImplementedError

    def asked_at(self, point: QPointF, rect: QRectF) -> tuple[int, ...] | None:
        """The index in the record's tensor of what a click there asks for; usually that of the entry itself."""
        return self.entry_at(point, rect)

    def hover_text(self, point: QPointF, rect: QRectF) -> str:
        """What lies under a point of that rectangle, in words: `y[3, 12, 7] = 0.0231`."""
        index = self.entry_at(point, rect)
        return self.entry_words(*index) if index else ""

    def label_words(self) -> str:
        """What the label above the picture says at length."""
        return f"{self.name}: {self.note}\n{self.scale.words()}"

    def entry_words(self, *index: int) -> str:
        """One entry by its index."""
        return f"{entry(self.name, *index)} = {format_number(self.values[index])}"


class Raster(Picture):
    """The base of pictures made of cells, each one pixel of an image that is scaled up."""

    def __init__(self, name: str, values: Array, scale: Scale, note: str) -> None:
        super().__init__(name, values, scale, note)
        self._key: tuple[object, ...] = ()
        self._scaled = QImage()

    def cells(self, rect: QRectF) -> tuple[int, int]:
        """Rows and columns of the image in a rectangle."""
        raise NotImplementedError

    def make_image(self, rect: QRectF) -> QImage:
        """The image in the colours of the current theme."""
        raise NotImplementedError

    def content(self, rect: QRectF) -> QRectF:
        """The part of the rectangle that the image fills."""
        return rect

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        ratio = painter.device().devicePixelRatio()
        content = self.content(rect)
        size = QSize(max(1, round(content.width() * ratio)), max(1, round(content.height() * ratio)))
        key = (current_theme().name, size.width(), size.height())
        if key != self._key:
            self._key, self._scaled = key, scaled(self.make_image(rect), size)
        painter.drawImage(content, self._scaled)

    def cell_at(self, point: QPointF, rect: QRectF) -> tuple[int, int] | None:
        """Row and column of the image under a point."""
        content = self.content(rect)
        if not content.contains(point):
            return None
        rows, columns = self.cells(rect)
        row = int((point.y() - content.top()) / content.height() * rows)
        column = int((point.x() - content.left()) / content.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)


class Maps(Raster):
    """A stack of maps as one mosaic, its pixels square.

    Shapes: values (C, H, W)
    """

    def cells(self, rect: QRectF) -> tuple[int, int]:
        count, height, width = self._shape()
        columns = self._columns(rect)
        return math.ceil(count / columns) * (height + 1) - 1, columns * (width + 1) - 1

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        # The gaps of the mosaic are transparent; this makes them lines.
        if len(self.values) > 1:
            painter.fillRect(self.content(rect), QColor(current_theme().border))
        super().paint(painter, rect)

    def content(self, rect: QRectF) -> QRectF:
        return square_cells(rect, *self.cells(rect))

    def make_image(self, rect: QRectF) -> QImage:
        maps, low, high = self.values, self.scale.low, self.scale.high
        if self.scale.per_unit:
            maps, low, high = each_on_its_own(maps), 0.0, 1.0
        style: MosaicStyle = "diverging" if self.scale.signed else "gray"
        return mosaic_image(maps, self._columns(rect), low=low, high=high, style=style)

    def entry_at(self, point: QPointF, rect: QRectF) -> tuple[int, ...] | None:
        cell = self.cell_at(point, rect)
        return mosaic_place(*cell, self._shape(), self._columns(rect)) if cell else None

    def _columns(self, rect: QRectF) -> int:
        count, height, width = self._shape()
        return mosaic_columns(count, height, width, rect.width(), rect.height())

    def _shape(self) -> tuple[int, int, int]:
        count, height, width = self.values.shape
        return count, height, width


class Cells(Raster):
    """A long vector: stripes one below the other, or, beyond 64 values, cells row by row.

    `columns` are given where the vector was an image just before, so that one can still see it.

    Shapes: values (n,)
    """

    def __init__(self, name: str, values: Array, scale: Scale, note: str, columns: int | None = None) -> None:
        super().__init__(name, values, scale, note)
        self._columns = columns

    def cells(self, rect: QRectF) -> tuple[int, int]:
        size = len(self.values)
        if size <= _STRIPES:
            return size, 1
        if self._columns:
            return math.ceil(size / self._columns), self._columns
        wanted = math.sqrt(size * rect.width() / max(rect.height(), 1.0))
        # A divisor leaves no place empty; it is taken if it lies near the number that fills the room with squares.
        columns = min((d for d in range(1, size + 1) if size % d == 0), key=lambda d: abs(math.log(d / wanted)))
        if not 0.8 <= columns / wanted <= 1.25:
            columns = max(1, round(wanted))
        return math.ceil(size / columns), columns

    def content(self, rect: QRectF) -> QRectF:
        rows, columns = self.cells(rect)
        return rect if columns == 1 else square_cells(rect, rows, columns)

    def make_image(self, rect: QRectF) -> QImage:
        shape = self.cells(rect)
        grid = np.full(shape, np.nan)
        grid.ravel()[: len(self.values)] = self.values
        blank = (np.arange(grid.size) >= len(self.values)).reshape(shape)
        if self.scale.signed:
            return diverging_image(grid, self.scale.high, blank)
        return gray_image(grid, self.scale.low, self.scale.high, blank)

    def entry_at(self, point: QPointF, rect: QRectF) -> tuple[int, ...] | None:
        cell = self.cell_at(point, rect)
        index = cell[0] * self.cells(rect)[1] + cell[1] if cell else len(self.values)
        return (index,) if index < len(self.values) else None


def square_cells(rect: QRectF, rows: int, columns: int) -> QRectF:
    """The largest rectangle in the middle of another one in which so many rows and columns have square cells."""
    side = min(rect.width() / columns, rect.height() / rows)
    width, height = max(1, round(side * columns)), max(1, round(side * rows))
    return QRectF(rect.left() + (rect.width() - width) // 2, rect.top() + (rect.height() - height) // 2, width, height)


def scaled(image: QImage, size: QSize) -> QImage:
    """The image in another size: sharp cells where there is room for them, an average where several share a pixel."""
    stretch = Qt.AspectRatioMode.IgnoreAspectRatio
    smooth = Qt.TransformationMode.SmoothTransformation
    if size.width() < image.width() or size.height() < image.height():
        return image.scaled(size, stretch, smooth)
    if min(size.width() / image.width(), size.height() / image.height()) < _CRISP:
        # At 1.5 pixels a cell, nearest neighbours would make some cells twice as wide as others.
        image = image.scaled(image.size() * _CRISP, stretch, Qt.TransformationMode.FastTransformation)
        return image.scaled(size, stretch, smooth)
    return image.scaled(size, stretch, Qt.TransformationMode.FastTransformation)


def each_on_its_own(maps: Array) -> Array:
    """Every map divided by its own largest magnitude.

    Shapes: maps (K, H, W), the result likewise
    """
    limits: Sequence[float] = [finite_limit(map_) or 1.0 for map_ in maps]
    return maps / np.asarray(limits, dtype=np.float64)[:, np.newaxis, np.newaxis]
