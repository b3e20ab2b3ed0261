"""A weight matrix as a heat map: colours centred at zero, numbers in the cells where they fit, the entry under the
pointer in words.

Rows are outputs, columns are inputs, as the weights are stored. A vector is shown as one row.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from app.plots.base import number_metrics, small_font
from app.plots.color_maps import diverging_image, diverging_index, diverging_table, diverging_text, finite_limit
from app.plots.edge_names import PAD, EdgeNames
from app.plots.grid_view import GridView
from app.plots.grid_viewport import GridViewport
from app.plots.non_finite import non_finite_words
from app.plots.number_tiles import NumberTiles
from app.plots.numbers import FEWEST_DIGITS, MINUS, Precision, format_number, longest
from app.theme import current_theme, mono_font
from core.types import Array

_LARGEST = QSizeF(76, 40)
_LEGIBLE_HEIGHT = 22.0
_CELL_PAD = 6.0
_SHORTEST = 4
_NAME_SHARE = 0.35
_MOST_NUMBERS = 1000  # more of them at once could neither be read nor painted within a frame
_SIGN_POINT_AND_EXPONENT = 6  # characters beside the digits, in "−1.234e−10"


class MatrixView(GridView):
    """Shows one matrix or vector."""

    cell_clicked = Signal(int, int)
    """Row and column of the entry that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Matrix", GridViewport(_LARGEST, QSizeF(_LARGEST.width(), _LEGIBLE_HEIGHT)), parent)
        self._array: Array = np.zeros((0, 0))
        self._vector = False
        self._limit = 0.0
        self._row_names, self._column_names = EdgeNames(), EdgeNames()
        self._name = "weight"
        self._warning = ""
        self._gutter = (0.0, 0.0)
        self._sizes: tuple[float, float] | None = (
            None  # the smallest and the largest magnitude, once they are asked for
        )
        self._tiles = NumberTiles(self.viewport)
        self.set_message("Nothing to show")

    def set_matrix(
        self,
        array: Array,
        limit: float | None = None,
        row_names: Sequence[str] | range = (),
        column_names: Sequence[str] | range = (),
        name: str = "weight",
    ) -> None:
        """Show a matrix; the colours end at ±limit (the largest magnitude unless given); a range numbers the edge.

        Shapes: array (outputs, inputs), or (n,) shown as one row
        """
        self._vector = array.ndim == 1
        self._array = np.array(array[np.newaxis] if self._vector else array)
        if self._array.size == 0:
            self.set_message(f"{name} is empty")
            return
        self._limit = finite_limit(self._array) if limit is None else limit
        self._row_names, self._column_names = EdgeNames(row_names), EdgeNames(column_names)
        self._name = name
        self._warning = non_finite_words(self._array)
        self.setAccessibleName(f"{name}, {self._array.shape[0]} by {self._array.shape[1]}")
        self.data_changed(*self._array.shape)

    def mark_entry(self, index: tuple[int, ...] | None) -> None:
        """Mark an entry by its index in the array, and show where it is; None clears the mark."""
        cell = (-1, -1) if index is None else self.cell_of(index)
        if cell != (self._selected or (-1, -1)):
            self.reveal(*cell)

    def cell_of(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Row and column of an entry."""
        return (0, index[0]) if self._vector else (index[0], index[1])

    def selected(self) -> tuple[int, int] | None:
        """The marked entry."""
        return self._selected

    def limit(self) -> float:
        """The magnitude at which the colours end."""
        return self._limit

    def hover_text(self) -> str:
        """`weight[3, 7] = −0.01874`, with the names of row and column where they have some."""
        cell = self.current_cell()
        if cell is None or self._message:
            return ""
        row, column = cell
        where = f"{column}" if self._vector else f"{row}, {column}"
        edges = ((self._row_names, row), (self._column_names, column))
        names = [names[i] for names, i in edges if i < len(names) and not names.numbered]
        tail = f"  ({' ← '.join(names)})" if names else ""
        return f"{self._name}[{where}] = {format_number(self._array[row, column])}{tail}"

    def numbers_shown(self) -> list[list[str]]:
        """The numbers written in the visible cells, row by row, with as many digits as fit; empty if none fit."""
        rows, columns = self.viewport.visible()
        digits = self._digits() if rows and columns else 0
        if not digits:
            return []
        return [[format_number(value, digits) for value in row] for row in self._block(rows, columns)]

    def _block(self, rows: range, columns: range) -> Array:
        return self._array[rows.start : rows.stop, columns.start : columns.stop]

    def _digits(self) -> int:
        """With how many digits all numbers of the matrix fit into its cells, at most as many as set; 0 if none fit."""
        cell, metrics = self.viewport.cell_size(), number_metrics()
        room = (cell.width() - _CELL_PAD) / metrics.horizontalAdvance("0")
        rows, columns = self.viewport.visible()
        too_many = len(rows) * len(columns) > _MOST_NUMBERS
        if self._message or cell.height() < metrics.height() or room < _SHORTEST or too_many:
            return 0
        if self._sizes is None:
            sizes = np.abs(self._array[np.isfinite(self._array) & (self._array != 0)])
            self._sizes = (float(sizes.min()), float(sizes.max())) if sizes.size else (1.0, 1.0)
        # Of all numbers, not only of those that are seen: so they keep their digits while the matrix is dragged.
        wanted = range(Precision.digits, FEWEST_DIGITS - 1, -1)
        return next((digits for digits in wanted if longest(*self._sizes, digits) <= room), 0)

    def make_image(self) -> QImage:
        """Signed colours."""
        return diverging_image(self._array, self._limit)

    def legend(self) -> tuple[Array, str, str]:
        """The two limits."""
        text = format_number(self._limit, 3)
        return diverging_table(), f"{MINUS}{text}" if self._limit else text, text

    def warning(self) -> str:
        """Entries that are not finite."""
        return self._warning

    def cell_activated(self, row: int, column: int) -> None:
        """Pass it on."""
        self.cell_clicked.emit(row, column)

    def restyle(self) -> None:
        """Values, colours or digits changed."""
        self._sizes = None
        self._tiles.clear()
        characters = Precision.digits + _SIGN_POINT_AND_EXPONENT
        width = max(_LARGEST.width(), characters * number_metrics().horizontalAdvance("0") + _CELL_PAD)
        self.viewport.largest = QSizeF(width, _LARGEST.height())
        self.viewport.legible = QSizeF(width, _LEGIBLE_HEIGHT)
        super().restyle()

    def gutter(self, room: QRectF) -> tuple[float, float]:
        """Words are shown beside the picture if all of them fit while the whole matrix is seen; of numbers, some do."""
        metrics, fit = QFontMetricsF(small_font()), self.viewport.fit_size(room)
        left = top = 0.0
        if len(self._row_names) and (self._row_names.numbered or fit.height() >= metrics.height()):
            left = self._row_names.widest()
            left = left if left <= _NAME_SHARE * room.width() else 0.0
        width = self.viewport.fit_size(room.adjusted(left, 0, 0, 0)).width()
        # Numbers that do not fit are thinned out: so a matrix keeps its rows beside those of a bias that has a name.
        if len(self._column_names) and (self._column_names.numbered or self._column_names.widest() <= width):
            top = metrics.height() + 2
        self._gutter = (left, top)
        return left, top

    def named_columns(self) -> int:
        """How many columns share a name above them: 1 where all names fit."""
        return self._column_names.every(self._column_names.widest(), self.viewport.cell_size().width())

    def named_rows(self) -> int:
        """How many rows share a name beside them."""
        return self._row_names.every(QFontMetricsF(small_font()).height(), self.viewport.cell_size().height())

    def paint_content(self, painter: QPainter) -> None:
        """The picture, then the names beside it."""
        super().paint_content(painter)
        painter.setPen(QColor(current_theme().muted))
        rows, columns = self.viewport.visible()
        content, cell, (left, top) = self.viewport.content(), self.viewport.cell_size(), self._gutter
        seen = content.intersected(self.viewport.room)
        if left:
            align = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            height = max(cell.height(), QFontMetricsF(small_font()).height())
            for row in _named(rows, len(self._row_names), self.named_rows()):
                middle = content.top() + (row + 0.5) * cell.height()
                if seen.top() <= middle <= seen.bottom():
                    place = QRectF(seen.left() - left, middle - height / 2, left - PAD, height)
                    painter.drawText(place, align, self._row_names[row])
        if top:
            align = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
            width = self._column_names.widest()
            for column in _named(columns, len(self._column_names), self.named_columns()):
                middle = content.left() + (column + 0.5) * cell.width()
                if seen.left() <= middle <= seen.right():
                    place = QRectF(middle - width / 2, seen.top() - top, width, top - 2)
                    painter.drawText(place, align, self._column_names[column])

    def paint_over(self, painter: QPainter) -> None:
        """The numbers of the cells that are seen."""
        if digits := self._digits():
            self._tiles.draw(painter, partial(self._paint_numbers, digits))

    def _paint_numbers(self, digits: int, painter: QPainter, rows: range, columns: range) -> None:
        """The numbers of a block of cells, whose corner is at the origin."""
        shown = self._block(rows, columns)
        colors, metrics = diverging_text(), number_metrics()
        cell, advance = self.viewport.cell_size(), metrics.horizontalAdvance("0")
        baseline = (cell.height() - metrics.height()) / 2 + metrics.ascent()
        painter.setFont(mono_font())
        # Placed by hand, which the font's even width makes easy: aligning every text takes twice as long.
        for i, grounds in enumerate(diverging_index(shown, self._limit).tolist()):
            for j, ground in enumerate(grounds):
                text = format_number(shown[i, j], digits)
                x = (j + 0.5) * cell.width() - len(text) * advance / 2
                painter.setPen(colors[ground])
                painter.drawText(QPointF(x, i * cell.height() + baseline), text)


def _named(seen: range, count: int, every: int) -> range:
    """The cells of which the names are written."""
    first = -(-seen.start // every) * every
    return range(first, min(seen.stop, count), every)
