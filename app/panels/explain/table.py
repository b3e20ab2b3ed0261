"""A small table of numbers with colours behind them: the classes of a softmax, a Jacobian, a window, a mask.

Unlike a weight matrix its columns may be of different kinds, each with colours of its own (which the legend says), and
rows or cells that matter are framed.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.plots.base import MARGIN, draw_title, line_height, number_metrics, small_font
from app.plots.color_maps import colored_image, diverging_index, diverging_table, finite_limit
from app.plots.edge_names import EdgeNames
from app.plots.grid_view import GridView
from app.plots.grid_viewport import GridViewport
from app.plots.numbers import FEWEST_DIGITS, MINUS, Precision, format_number
from app.theme import current_theme, mono_font, text_on
from core.explain import Place
from core.explain.notation import entry
from core.types import Array

_LARGEST, _LEGIBLE = QSizeF(96, 20), QSizeF(56, 20)
_MOST_HEIGHT = 220.0  # of all rows
_CELL_PAD = 2.0
_NAME_PAD = 6.0
_SHORTEST = 3  # characters

Places = Callable[[int, int], Place | None]
Box = tuple[int, int, int, int]
"""First row, first column, last row, last column."""


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """Numbers (rows, columns) with their names, and for every cell the place it came from."""

    name: str
    values: Array
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    places: Places
    asked: tuple[int, int] | None = None  # the cell that stands for the number that is explained
    frames: tuple[Box, ...] = ()  # what contributes to it
    title: str = ""  # above
    named: bool = True  # whether the places are entries of what the name says
    by_column: bool = False  # whether every column has a colour scale of its own
    moves: bool = False  # whether what is framed and said follows the pointer
    sums: int = 0  # how many rows at the end are sums: without colours, empty where they are NaN

    def limits(self) -> Array:
        """Where the colours of each column end."""
        body = self.values[: len(self.values) - self.sums]
        if not self.by_column:
            return np.full(self.values.shape[1], finite_limit(body))
        return np.array([finite_limit(column) for column in body.T])


class TableView(GridView):
    """Draws a table; a click asks for the place behind a cell."""

    place_asked = Signal(object)
    """The place of the cell that was clicked."""

    place_pointed = Signal(object)
    """The place of the cell that is pointed at, or None, where the table moves with the pointer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Table", GridViewport(_LARGEST, _LEGIBLE), parent)
        self._table = Table("", np.zeros((0, 0)), (), (), lambda row, column: None)
        self._grounds: Array = np.zeros((0, 0), np.uint8)
        self._gutter = (0.0, 0.0)

    def set_table(self, table: Table) -> None:
        """Show a table."""
        self._table = table
        limits = table.limits()
        self._grounds = diverging_index(table.values / np.where(limits > 0, limits, 1.0), 1.0)
        rows, columns = table.values.shape
        self.setAccessibleName(f"{table.name}, {rows} by {columns}")
        self.data_changed(rows, columns)
        # As high as its rows, so that a cell is not lower than its number unless there are very many.
        height = min(rows * _LARGEST.height(), _MOST_HEIGHT) + self._head() + 2 * MARGIN + line_height() + 4
        self.setFixedHeight(int(height))
        self.show_cell(*(table.asked or (-1, -1)))

    def table(self) -> Table:
        """What is shown."""
        return self._table

    def hover_text(self) -> str:
        """The cell in words."""
        cell = self.current_cell()
        if cell is None or self._message:
            return ""
        table, (row, column) = self._table, cell
        value = format_number(float(table.values[cell]))
        if table.by_column:
            return f"{table.columns[column]} of {table.rows[row]}: {value}"
        # A place says exactly which entry this is; what has none is only named.
        place = table.places(row, column)
        index = place.index if place and table.named else (row, column)
        text = f"{entry(table.name, *index)} = {value}"
        # In a narrow table the number is what counts; where it stands can be seen.
        fits = QFontMetricsF(small_font()).horizontalAdvance(text) <= self.width() - 2 * MARGIN - 4
        return text if fits else f"{table.name} = {value}"

    def tool_tip_text(self) -> str:
        """The same, below the title, which may be cut short."""
        return "\n".join(filter(None, (self._table.title, self.hover_text())))

    def make_image(self) -> QImage:
        """Signed colours; sums have none."""
        blank = np.zeros(self._table.values.shape, dtype=bool)
        blank[len(blank) - self._table.sums :] = True
        return colored_image(self._grounds, diverging_table(), blank)

    def legend(self) -> tuple[Array, str, str]:
        """The two limits, or that every column has its own."""
        if self._table.by_column:
            return diverging_table(), MINUS, "+ each column by itself"
        text = format_number(float(self._table.limits()[0]), 3)
        return diverging_table(), f"{MINUS}{text}", text

    def cell_exists(self, row: int, column: int) -> bool:
        """An empty cell of a row of sums is nothing."""
        if not super().cell_exists(row, column):
            return False
        is_sum = row >= len(self._table.values) - self._table.sums
        return not (is_sum and np.isnan(self._table.values[row, column]))

    def pointed_changed(self, cell: tuple[int, int] | None) -> None:
        """Tell what the pictures are to be of."""
        if self._table.moves:
            self.place_pointed.emit(None if cell is None else self._table.places(*cell))

    def cell_activated(self, row: int, column: int) -> None:
        """Ask for what is behind it."""
        if (place := self._table.places(row, column)) is not None:
            self.place_asked.emit(place)

    def gutter(self, room: QRectF) -> tuple[float, float]:
        """Names of rows at the left, title and names of columns above."""
        metrics = QFontMetricsF(small_font())
        left = max((metrics.horizontalAdvance(name) for name in self._table.rows), default=0.0)
        self._gutter = (left + _NAME_PAD if left else 0.0, self._head())
        return self._gutter

    def paint_content(self, painter: QPainter) -> None:
        """The picture, then the title and the names beside it."""
        super().paint_content(painter)
        room, left, line = self.viewport.content(), self._gutter[0], line_height()
        if self._table.title:
            draw_title(painter, QRectF(MARGIN, MARGIN, self.width() - 2 * MARGIN, line), self._table.title)
        cell, names = self.viewport.cell_size(), EdgeNames(self._table.columns)
        # Numbers are thinned out where they do not fit, names are needed each.
        every = 1 if self._table.by_column else names.every(names.widest(), cell.width())
        for column in range(0, len(names), every):
            wide = cell.width() * every
            at = QRectF(self.viewport.cell_rect(0, column).center().x() - wide / 2, room.top() - line, wide, line)
            draw_title(painter, at, names[column], self.width())
        every = names.every(painter.fontMetrics().height(), cell.height())
        painter.setPen(QColor(current_theme().muted))
        for row, name in enumerate(self._table.rows):
            if row % every == 0:
                at = self.viewport.cell_rect(row, 0)
                beside = QRectF(room.left() - left, at.center().y() - line / 2, left - _NAME_PAD, line)
                painter.drawText(beside, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), name)

    def paint_over(self, painter: QPainter) -> None:
        """The numbers where they fit, and the frames."""
        painter.save()
        painter.setFont(mono_font())
        for column, numbers in enumerate(self.numbers_shown()):
            for row, number in enumerate(numbers):
                painter.setPen(self._ink(row, column))
                painter.drawText(self.viewport.cell_rect(row, column), int(Qt.AlignmentFlag.AlignCenter), number)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(current_theme().backward), 2))
        for top, left, bottom, right in self._table.frames:
            corner, end = self.viewport.cell_rect(top, left), self.viewport.cell_rect(bottom, right)
            painter.drawRect(corner.united(end).adjusted(1, 1, -1, -1))
        painter.restore()

    def numbers_shown(self) -> list[list[str]]:
        """The numbers of every column with as many digits as fit; none where its cells are too small for them.

        Columns of different kinds have as many as fit each; of one picture all have the same, or none.
        """
        cell, metrics = self.viewport.cell_size(), number_metrics()
        room = (cell.width() - _CELL_PAD) / metrics.horizontalAdvance("0")
        if cell.height() < metrics.height() or room < _SHORTEST:
            return []
        columns = range(self._table.values.shape[1])
        groups = [[column] for column in columns] if self._table.by_column else [[*columns]]
        return [numbers for group in groups for numbers in self._fitting(group, room)]

    def _fitting(self, columns: list[int], room: float) -> list[list[str]]:
        """The numbers of some columns, all with as many digits as fit into each of their cells."""
        # A column of its own kind would be missed; of a picture the colours say as much as a single digit.
        fewest = 1 if self._table.by_column else FEWEST_DIGITS
        for digits in range(Precision.digits, fewest - 1, -1):
            numbers = [
                [
                    format_number(value, digits) if self.cell_exists(row, column) else ""
                    for row, value in enumerate(self._table.values[:, column])
                ]
                for column in columns
            ]
            if max(len(number) for column in numbers for number in column) <= room:
                return numbers
        return [[] for _ in columns]

    def _ink(self, row: int, column: int) -> QColor:
        if row >= len(self._table.values) - self._table.sums:
            return QColor(current_theme().text)
        ground = diverging_table()[self._grounds[row, column]]
        return text_on(QColor(*(int(channel) for channel in ground)))

    def _head(self) -> float:
        return float((bool(self._table.title) + bool(self._table.columns)) * line_height())
