"""A weight matrix as a heat map: colours centred at zero, numbers in the cells where they fit, the entry under the
pointer in words.

Rows are outputs, columns are inputs, as the weights are stored. A vector is shown as one row.
"""

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from app.plots.base import number_metrics, small_font
from app.plots.color_maps import diverging_image, diverging_index, diverging_table, finite_limit
from app.plots.grid_view import GridView
from app.plots.grid_viewport import GridViewport
from app.plots.non_finite import non_finite_words
from app.plots.numbers import MINUS, format_number
from app.theme import current_theme, mono_font, text_on
from core.types import Array

_LARGEST = QSizeF(76, 40)
_LEGIBLE = QSizeF(64, 22)
_CELL_PAD = 6.0
_SHORTEST = 4
_NAME_PAD = 6.0
_NAME_SHARE = 0.35


class MatrixView(GridView):
    """Shows one matrix or vector."""

    cell_clicked = Signal(int, int)
    """Row and column of the entry that was clicked."""

    hovered = Signal(int, int)
    """Row and column under the pointer or keyboard; −1, −1 when there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Matrix", GridViewport(_LARGEST, _LEGIBLE), parent)
        self._array: Array = np.zeros((0, 0))
        self._vector = False
        self._limit = 0.0
        self._row_names: tuple[str, ...] = ()
        self._column_names: tuple[str, ...] = ()
        self._name = "weight"
        self._warning = ""
        self._gutter = (0.0, 0.0)
        self._numbers: tuple[tuple[range, range, float], list[list[str]]] | None = None
        self.set_message("Nothing to show")

    def set_matrix(
        self,
        array: Array,
        limit: float | None = None,
        row_names: Sequence[str] | None = None,
        column_names: Sequence[str] | None = None,
        name: str = "weight",
    ) -> None:
        """Show a matrix; the colours end at ±limit (the largest magnitude unless given).

        Shapes: array (outputs, inputs), or (n,) shown as one row
        """
        self._vector = array.ndim == 1
        self._array = np.array(array[np.newaxis] if self._vector else array)
        if self._array.size == 0:
            self.set_message(f"{name} is empty")
            return
        self._limit = finite_limit(self._array) if limit is None else limit
        self._row_names = tuple(row_names or ())
        self._column_names = tuple(column_names or ())
        self._name = name
        self._warning = non_finite_words(self._array)
        self.setAccessibleName(f"{name}, {self._array.shape[0]} by {self._array.shape[1]}")
        self.data_changed(*self._array.shape)

    def select(self, row: int, column: int) -> None:
        """Mark an entry; (−1, −1) clears the mark."""
        self.show_cell(row, column)

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
        names = [names[i] for names, i in ((self._row_names, row), (self._column_names, column)) if i < len(names)]
        tail = f"  ({' ← '.join(names)})" if names else ""
        return f"{self._name}[{where}] = {format_number(self._array[row, column])}{tail}"

    def numbers_shown(self) -> list[list[str]]:
        """The numbers written in the visible cells, row by row, with as many digits as fit; empty if none fit."""
        cell, metrics = self.viewport.cell_size(), number_metrics()
        room = (cell.width() - _CELL_PAD) / metrics.horizontalAdvance("0")
        rows, columns = self.viewport.visible()
        if self._message or cell.height() < metrics.height() or room < _SHORTEST or not rows or not columns:
            return []
        key = (rows, columns, room)
        if self._numbers is None or self._numbers[0] != key:
            shown = self._array[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            self._numbers = (key, _fitting_numbers(shown, room))
        return self._numbers[1]

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

    def pointed_changed(self, cell: tuple[int, int] | None) -> None:
        """Pass it on."""
        self.hovered.emit(*(cell or (-1, -1)))

    def cell_activated(self, row: int, column: int) -> None:
        """Pass it on."""
        self.cell_clicked.emit(row, column)

    def restyle(self) -> None:
        """Values or colours changed."""
        self._numbers = None
        super().restyle()

    def gutter(self, room: QRectF) -> tuple[float, float]:
        """Names are shown beside the picture if all of them fit while the whole matrix is seen; of numbers, some do."""
        metrics, fit = QFontMetricsF(small_font()), self.viewport.fit_size(room)
        left = top = 0.0
        if self._row_names and fit.height() >= metrics.height():
            left = max(metrics.horizontalAdvance(name) for name in self._row_names) + _NAME_PAD
            left = left if left <= _NAME_SHARE * room.width() else 0.0
        width = self.viewport.fit_size(room.adjusted(left, 0, 0, 0)).width()
        # Numbers that do not fit are thinned out: so a matrix keeps its rows beside those of a bias that has a name.
        numbered = all(name.isdigit() for name in self._column_names)
        if self._column_names and (numbered or self._widest_name() <= width):
            top = metrics.height() + 2
        self._gutter = (left, top)
        return left, top

    def named_columns(self) -> int:
        """How many columns share a name above them: 1 where all names fit."""
        return max(1, math.ceil(self._widest_name() / max(1.0, self.viewport.cell_size().width())))

    def _widest_name(self) -> float:
        metrics = QFontMetricsF(small_font())
        return max((metrics.horizontalAdvance(name) for name in self._column_names), default=0.0) + _NAME_PAD

    def paint_content(self, painter: QPainter) -> None:
        """The picture, then the names beside it."""
        super().paint_content(painter)
        painter.setPen(QColor(current_theme().muted))
        rows, columns = self.viewport.visible()
        room, content, (left, top) = self.viewport.room, self.viewport.content(), self._gutter
        seen = content.intersected(room)
        if left:
            align = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            painter.setClipRect(QRectF(0, seen.top(), seen.left(), seen.height()))
            for row in rows[: len(self._row_names)]:
                cell = self.viewport.cell_rect(row, 0)
                beside = QRectF(seen.left() - left, cell.top(), left - _NAME_PAD, cell.height())
                painter.drawText(beside, align, self._row_names[row])
        if top:
            align = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
            every, over = self.named_columns(), self._widest_name()
            painter.setClipRect(QRectF(seen.left() - over / 2, 0, seen.width() + over, seen.top()))
            for column in columns[: len(self._column_names)]:
                if column % every:
                    continue
                cell = self.viewport.cell_rect(0, column)
                place = QRectF(cell.center().x() - over / 2, seen.top() - top, over, top - 2)
                painter.drawText(place, align, self._column_names[column])
        painter.setClipping(False)

    def paint_over(self, painter: QPainter) -> None:
        """The numbers of the cells that are seen."""
        numbers = self.numbers_shown()
        if not numbers:
            return
        rows, columns = self.viewport.visible()
        shown = self._array[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        grounds = diverging_table()[diverging_index(shown, self._limit)]
        painter.save()
        painter.setFont(mono_font())
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                painter.setPen(text_on(QColor(*(int(channel) for channel in grounds[i, j]))))
                painter.drawText(self.viewport.cell_rect(row, column), int(Qt.AlignmentFlag.AlignCenter), numbers[i][j])
        painter.restore()


def _fitting_numbers(values: Array, room: float) -> list[list[str]]:
    """The values in words with the most digits that keep every one within `room` characters; else nothing."""
    for digits in (4, 3, 2):
        numbers = [[format_number(value, digits) for value in row] for row in values]
        if max(len(number) for row in numbers for number in row) <= room:
            return numbers
    return []
