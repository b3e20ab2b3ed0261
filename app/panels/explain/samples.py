"""How the samples of a batch look beside their shares: as their images, or as dots in the plane."""

import dataclasses
from functools import cached_property

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.plots.base import line_height, outline
from app.plots.color_maps import finite_limit, finite_range, gray_image
from app.plots.numbers import format_number
from app.theme import current_theme
from core.datasets.planes import EXTENT
from core.types import Array

_SIDE = 44.0  # of an image
_GAP = 6.0
_PLANE = 84.0
_DOTS = (1.5, 4.5)  # smallest and largest radius
_MOST_VALUES = 4  # of a sample that is neither an image nor in the plane


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """The inputs of a batch: (N, C, H, W) images, (N, 2) points of a plane, or anything else."""

    x: Array

    @property
    def is_image(self) -> bool:
        """Whether each is a picture."""
        return self.x.ndim == 4

    @property
    def is_plane(self) -> bool:
        """Whether each is a point of the plane."""
        return self.x.shape[1:] == (2,)

    @property
    def height(self) -> float:
        """The room their pictures take below the bars."""
        if self.is_image:
            return _SIDE + 2 * line_height() + _GAP
        return _PLANE + _GAP if self.is_plane else 0.0

    def words(self, sample: int) -> str:
        """Where in the plane a sample lies, or its few values: ` (0.41, −0.93)`."""
        values = self.x[sample]
        if values.ndim > 1 or len(values) > _MOST_VALUES:
            return ""
        return f" ({', '.join(format_number(float(value), 3) for value in values)})"

    def image(self, sample: int) -> QImage:
        """A sample in ink, all of them on one scale."""
        return gray_image(self.x[sample].mean(axis=0), *self._range)

    @cached_property
    def _range(self) -> tuple[float, float]:
        # The whole batch is looked at, and every picture is painted again as the pointer moves.
        return finite_range(self.x)


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    """The samples that are shown below the bars, by their place among the shares; the one that is spoken of first."""

    places: tuple[int, ...]
    room: QRectF

    def rect(self, number: int) -> QRectF:
        """Where an image lies."""
        return QRectF(number * (_SIDE + _GAP) + 1, self.room.top() + line_height(), _SIDE, _SIDE)

    def place_at(self, point: QPointF) -> int | None:
        """The share whose sample's image lies under a point."""
        rects = ((self.rect(number), place) for number, place in enumerate(self.places))
        return next((place for rect, place in rects if rect.contains(point)), None)


def image_row(shares: Array, shown: int, room: QRectF) -> Row:
    """The sample that is spoken of, then as many of the largest shares as there is room for."""
    count = max(1, int((room.width() + _GAP) // (_SIDE + _GAP)))
    largest = np.argsort(-np.abs(np.nan_to_num(shares)), kind="stable").tolist()
    first = [shown] if 0 <= shown < len(shares) else []
    return Row(tuple((first + [place for place in largest if place != shown])[:count]), room)


def paint_row(painter: QPainter, row: Row, samples: Samples, order: Array, shares: Array, shown: int) -> None:
    """The images, above each its sample, below each its share."""
    theme = current_theme()
    for number, place in enumerate(row.places):
        rect, sample = row.rect(number), int(order[place])
        painter.drawImage(rect, samples.image(sample))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawRect(rect)
        if place == shown:
            outline(painter, rect, theme.accent)
        painter.setPen(QColor(theme.muted))
        middle = int(Qt.AlignmentFlag.AlignCenter)
        painter.drawText(rect.adjusted(-_GAP, -line_height(), _GAP, -rect.height()), middle, str(sample))
        share = QRectF(rect.left() - _GAP, rect.bottom() + 1, rect.width() + 2 * _GAP, line_height())
        painter.setPen(QColor(theme.text))
        painter.drawText(share, middle, format_number(float(shares[place]), 2))


def plane_rect(room: QRectF) -> QRectF:
    """Where the plane lies."""
    return QRectF(room.left() + 1, room.top(), _PLANE, _PLANE)


def dot_at(samples: Samples, order: Array, room: QRectF, point: QPointF) -> int | None:
    """The share whose dot lies nearest to a point of the plane."""
    if not plane_rect(room).contains(point):
        return None
    dots = [_dot(samples, int(sample), room) for sample in order]
    return int(np.argmin([(dot - point).manhattanLength() for dot in dots])) if dots else None


def paint_plane(painter: QPainter, room: QRectF, samples: Samples, order: Array, shares: Array, shown: int) -> None:
    """Every sample as a dot whose size is its share and whose colour is the share's sign."""
    theme, rect = current_theme(), plane_rect(room)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.border), 1))
    painter.drawRect(rect)
    painter.drawLine(QPointF(rect.left(), rect.center().y()), QPointF(rect.right(), rect.center().y()))
    painter.drawLine(QPointF(rect.center().x(), rect.top()), QPointF(rect.center().x(), rect.bottom()))
    largest, (small, large) = finite_limit(shares) or 1.0, _DOTS
    for place, (sample, share) in enumerate(zip(order, np.nan_to_num(shares).tolist(), strict=True)):
        radius = small + (large - small) * abs(share) / largest
        painter.setPen(QPen(QColor(theme.panel), 0.5))
        painter.setBrush(QColor(theme.positive if share > 0 else theme.negative))
        dot = _dot(samples, int(sample), room)
        painter.drawEllipse(dot, radius, radius)
        if place == shown:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawEllipse(dot, large + 2, large + 2)


def _dot(samples: Samples, sample: int, room: QRectF) -> QPointF:
    rect = plane_rect(room)
    right, up = ((float(value) + EXTENT) / (2 * EXTENT) for value in samples.x[sample])
    return QPointF(rect.left() + right * rect.width(), rect.bottom() - up * rect.height())
