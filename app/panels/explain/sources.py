"""The tensors a number was made from, beside each other, with the entries that contribute framed."""

import dataclasses
import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.plots.base import PaintedView, line_height
from app.plots.color_maps import diverging_image, finite_limit
from app.theme import current_theme
from core.explain.protocol import Explanation, Places, Region
from core.explain.scene import Step
from core.types import Array

MOST = 3
"""Source tensors that are shown."""

_GAP = 10.0
_HEIGHT = 118
_STRIP = 14.0  # height of a row that is stretched
_FRAME = 2.0  # room for the frame around entries at the edge


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """A plane cut out of a tensor, and the box of entries in it that contribute."""

    title: str
    values: Array  # (rows, columns)
    limit: float
    box: tuple[int, int, int, int]  # first and last row, first and last column


def sources(step: Step, explanation: Explanation) -> list[Source]:
    """The source tensors of an explanation, the largest term's plane of each."""
    # All are cut where the largest term has its factors, so that the pictures belong together.
    largest = {
        (factor.place.record, factor.place.tensor): factor.place.index
        for term in explanation.largest(1)
        for factor in term.factors
        if factor.place
    }
    found: dict[tuple[int | None, str], Source] = {}
    for region in explanation.regions:
        key = (region.record, region.tensor)
        tensor = step.tensor(*key)
        if key not in found and tensor.ndim:
            found[key] = _cut(tensor, region, largest.get(key))
    return list(found.values())[:MOST]


def _cut(tensor: Array, region: Places | Region, through: tuple[int, ...] | None) -> Source:
    """The plane of a tensor's last two axes through one entry, by default the largest that contributes."""
    marked = np.zeros(tensor.shape, dtype=bool)
    marked[region.index] = True
    entry = np.unravel_index(int(np.argmax(np.where(marked, np.abs(tensor), -1))), tensor.shape)
    leading = tuple(int(i) for i in (through or entry)[:-2])
    plane, mask = np.atleast_2d(tensor[leading]), np.atleast_2d(marked[leading])
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    # "0.weight" belongs to layer 1, which the heading names already.
    own = region.tensor.partition(".")[2] or region.tensor
    name = f"{own}[{', '.join([*map(str, leading), ':'][: tensor.ndim])}]" if leading else own
    box = (int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1]))
    return Source(name, plane, finite_limit(tensor), box)


def _size(source: Source, room: QSizeF) -> QSizeF:
    """How large a picture is drawn: long rows are stretched to be seen, others keep their shape."""
    rows, columns = source.values.shape
    side = min(room.width() / columns, room.height() / rows)
    if max(rows, columns) > 4 * min(rows, columns):
        return QSizeF(room.width(), min(room.height(), max(side * rows, _STRIP)))
    return QSizeF(side * columns, side * rows)


class SourcesView(PaintedView):
    """Draws the sources of one explanation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Source tensors", parent)
        self._sources: list[Source] = []
        self.setFixedHeight(_HEIGHT)

    def set_sources(self, found: list[Source]) -> None:
        """Show these."""
        self._sources = found
        self.setVisible(bool(found))
        self._fit_height()
        names = ", ".join(source.title for source in found)
        self.set_message("")
        self.setAccessibleDescription(f"Made from {names}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A wider picture is a higher one."""
        super().resizeEvent(event)
        self._fit_height()

    def paint_content(self, painter: QPainter) -> None:
        """Title, picture and frame of each."""
        if not self._sources:
            return
        width = self._width()
        for position, source in enumerate(self._sources):
            self._paint(painter, source, QRectF(position * (width + _GAP), 0, width, self.height()))

    def _width(self) -> float:
        """What each source has."""
        return (self.width() - _GAP * (len(self._sources) - 1)) / max(1, len(self._sources))

    def _fit_height(self) -> None:
        """No higher than the highest picture: long rows are low."""
        room = QSizeF(self._width() - 2 * _FRAME, _HEIGHT - line_height() - _FRAME)
        highest = max((_size(source, room).height() for source in self._sources), default=room.height())
        self.setFixedHeight(math.ceil(line_height() + highest + _FRAME))

    def _paint(self, painter: QPainter, source: Source, room: QRectF) -> None:
        theme = current_theme()
        painter.setPen(QColor(theme.muted))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop), source.title)
        room = room.adjusted(_FRAME, line_height(), -_FRAME, -_FRAME)
        rows, columns = source.values.shape
        size = _size(source, room.size())
        width, height = size.width(), size.height()
        place = QRectF(QPointF(room.center().x() - width / 2, room.top()), size)
        painter.drawImage(place, diverging_image(source.values, source.limit))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawRect(place)
        top, bottom, left, right = source.box
        across, down = width / columns, height / rows
        frame = QRectF(place.left() + left * across, place.top() + top * down, 0, 0)
        frame.setSize(QRectF(0, 0, (right - left + 1) * across, (bottom - top + 1) * down).size())
        painter.setPen(QPen(QColor(theme.backward), 2))
        painter.drawRect(frame.adjusted(-1, -1, 1, 1))

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, _HEIGHT)
