"""A sum of products as a picture: first factor ⊙ second factor = products, cut where the products weigh most."""

import dataclasses

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.plots.base import PaintedView, draw_line, line_height
from app.plots.color_maps import diverging_image, finite_limit
from app.plots.numbers import format_count, format_number
from app.theme import current_theme
from core.explain import Explanation, Part
from core.explain.protocol import Factor
from core.types import Array, Shape

_SIGN = 16.0  # room for × and =
_PICTURE = 76.0  # most height of a picture
_GAP = 6.0  # above the words
_STRIP = 22.0  # height of a picture that is one row


@dataclasses.dataclass(frozen=True, eq=False)
class Equation:
    """Pictures of one slice of the terms: the factors and their products, all (rows, columns)."""

    titles: tuple[str, ...]
    pictures: tuple[Array, ...]
    words: tuple[str, ...]  # a line each


def equation(explanation: Explanation) -> Equation | None:
    """The largest part of an explanation as an equation; None where it is not a sum of at least two products."""
    parts = [part for part in explanation.parts if len(part) > 1 and len(part.factors) > 1]
    if not parts:
        return None
    part = max(parts, key=len)
    layout = _layout(part)
    if layout is None:
        return None
    shape, order = layout
    grids = [_grid(factor.values, shape, order) for factor in part.factors] + [_grid(part.values, shape, order)]
    planes = [grid.reshape(-1, *_last_two(shape)) for grid in grids]
    best = int(np.argmax(np.abs(planes[-1].sum(axis=(1, 2)))))
    here = float(planes[-1][best].sum())
    words = [f"these {format_count(planes[-1][best].size)} products add up to {format_number(here)}"]
    if len(planes[-1]) > 1:
        total = format_number(float(part.values.sum()))
        words.append(f"the {format_count(len(planes[-1]))} such pictures together add up to {total}")
    shown = np.ravel_multi_index(order[:-2], shape[:-2]) == best if len(shape) > 2 else np.ones(len(part), dtype=bool)
    titles = (*(_title(factor, shown) for factor in part.factors), "products")
    return Equation(titles, tuple(plane[best] for plane in planes), tuple(words))


def _title(factor: Factor, shown: Array) -> str:
    """A factor with the indices that all its shown entries have in common: `dy[104, 6, :, :]`."""
    if factor.places is None:
        return factor.label
    axes = [np.unique(axis[shown]) for axis in factor.places.index]
    if all(len(axis) > 1 for axis in axes):
        return factor.label
    return f"{factor.label}[{', '.join(':' if len(axis) > 1 else str(axis[0]) for axis in axes)}]"


def _layout(part: Part) -> tuple[Shape, tuple[Array, ...]] | None:
    """A grid on which every term has a place of its own: the axes along which a factor's places differ."""
    for factor in part.factors:
        if factor.places is None:
            continue
        axes = [axis for axis in map(_ranks, factor.places.index) if axis[1] > 1]
        if int(np.prod([size for _, size in axes])) == len(part):
            return tuple(size for _, size in axes), tuple(ranks for ranks, _ in axes)
    return None


def _ranks(axis: Array) -> tuple[Array, int]:
    values, ranks = np.unique(axis, return_inverse=True)
    return ranks, len(values)


def _grid(values: Array, shape: Shape, order: tuple[Array, ...]) -> Array:
    grid = np.zeros(shape)
    grid[order] = values
    return grid


def _last_two(shape: Shape) -> Shape:
    return shape[-2:] if len(shape) > 1 else (1, *shape)


class EquationView(PaintedView):
    """Draws an equation; hovering tells the numbers that meet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Products", parent)
        self._equation: Equation | None = None
        self._pointer: QPointF | None = None

    def set_equation(self, shown: Equation) -> None:
        """Show an equation."""
        self._equation = shown
        rows, _ = shown.pictures[0].shape
        pictures = _STRIP if rows == 1 else _PICTURE
        self.setFixedHeight(int(pictures + _GAP + (1 + len(shown.words)) * line_height()))
        self.set_message("")
        self.setAccessibleDescription(", ".join(shown.words))

    def hover_text(self) -> str:
        """The factors and the product under the pointer, or what all of them add up to."""
        if self._equation is None:
            return ""
        cell = self._cell_at(self._pointer) if self._pointer else None
        if cell is None:
            return "\n".join(self._equation.words)
        values = [format_number(float(picture[cell])) for picture in self._equation.pictures]
        return f"{' × '.join(values[:-1])} = {values[-1]}"

    def paint_content(self, painter: QPainter) -> None:
        """Pictures, the signs between them, and the words."""
        if self._equation is None:
            return
        theme, rooms = current_theme(), self._rooms()
        cell = self._cell_at(self._pointer) if self._pointer else None
        for position, (title, picture) in enumerate(zip(self._equation.titles, self._equation.pictures, strict=True)):
            room = rooms[position]
            painter.setPen(QColor(theme.muted))
            above = QRectF(room.left() - _SIGN, 0, room.width() + 2 * _SIGN, line_height())
            painter.drawText(above, int(Qt.AlignmentFlag.AlignHCenter), title)
            painter.drawImage(room, diverging_image(picture, finite_limit(picture)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawRect(room)
            if cell is not None:
                rows, columns = picture.shape
                width, height = room.width() / columns, room.height() / rows
                painter.setPen(QPen(QColor(theme.text), 1.5))
                painter.drawRect(QRectF(room.left() + cell[1] * width, room.top() + cell[0] * height, width, height))
            if position:
                sign = "=" if position == len(rooms) - 1 else "×"
                between = QRectF(room.left() - _SIGN, room.top(), _SIGN, room.height())
                painter.setPen(QColor(theme.text))
                painter.drawText(between, int(Qt.AlignmentFlag.AlignCenter), sign)
        line = QRectF(0, self.height() - len(self._equation.words) * line_height(), self.width(), line_height())
        for text in self.hover_text().splitlines():
            draw_line(painter, line, text, theme.text)
            line.translate(0, line_height())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the products under the pointer."""
        self._pointer = event.position()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, int(_PICTURE + 2 * line_height()))

    def _rooms(self) -> list[QRectF]:
        assert self._equation
        count = len(self._equation.pictures)
        rows, columns = self._equation.pictures[0].shape
        # The pen of the last frame is half outside its rectangle.
        width = (self.width() - 1 - _SIGN * (count - 1)) / count
        height = _PICTURE
        side = min(width / columns, height / rows)
        stretched = rows == 1
        size = QRectF(0, 0, width if stretched else side * columns, _STRIP if stretched else side * rows).size()
        rooms = []
        for position in range(count):
            left = position * (width + _SIGN) + (width - size.width()) / 2
            rooms.append(QRectF(QPointF(left, line_height() + 2), size))
        return rooms

    def _cell_at(self, point: QPointF) -> tuple[int, int] | None:
        assert self._equation
        rows, columns = self._equation.pictures[0].shape
        for room in self._rooms():
            if room.contains(point):
                row = int((point.y() - room.top()) / room.height() * rows)
                column = int((point.x() - room.left()) / room.width() * columns)
                return min(row, rows - 1), min(column, columns - 1)
        return None
