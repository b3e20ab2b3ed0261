"""A stack of maps (filters, activations, gradients) as one picture, with the entry under the pointer in words.

All maps share one scale, up to the largest magnitude among them; the legend says which.
"""

from typing import Literal

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.plots.base import MARGIN, line_height
from app.plots.color_maps import (
    diverging_image,
    diverging_table,
    finite_limit,
    gray_image,
)
from app.plots.grid_view import PIXEL_LARGEST, PIXEL_LEGIBLE, GridView
from app.plots.grid_viewport import GridViewport
from app.plots.mosaic import MosaicPlace, gap_mask, mosaic, mosaic_columns, mosaic_corner, mosaic_place
from app.plots.non_finite import non_finite_words
from app.plots.numbers import MINUS, format_number
from app.theme import current_theme
from core.types import Array

MosaicStyle = Literal["diverging", "gray"]
_GAP = 1


def mosaic_image(
    maps: Array, columns: int, *, low: float, high: float, style: MosaicStyle = "diverging", gap: int = _GAP
) -> QImage:
    """The maps in one picture with transparent gaps, one pixel an entry.

    Shapes: maps (K, H, W)
    Range: diverging colours end at ±high, ink goes from low to high
    """
    count, height, width = maps.shape
    values, blank = mosaic(maps, columns, gap), gap_mask(count, height, width, columns, gap)
    if style == "diverging":
        return diverging_image(values, high, blank)
    return gray_image(values, low, high, blank)


class MosaicView(GridView):
    """Shows a stack of maps."""

    map_clicked = Signal(int, int, int)
    """Map, row and column of the entry that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Maps", GridViewport(PIXEL_LARGEST, PIXEL_LEGIBLE, square=True), parent)
        self._maps: Array = np.zeros((0, 0, 0))
        self._columns = 1
        self._fixed_columns: int | None = None
        self._limit = 0.0
        self._name = "y"
        self._warning = ""
        self._chosen: int | None = None
        self.set_message("Nothing to show")

    def set_maps(
        self,
        maps: Array,
        *,
        name: str = "y",
        columns: int | None = None,
    ) -> None:
        """Show maps; `columns` comes from the room there is unless given.

        Shapes: maps (K, H, W), or (H, W) for a single one
        """
        self._maps = np.array(maps[np.newaxis] if maps.ndim == 2 else maps)
        if self._maps.size == 0:
            self.set_message(f"{name} is empty")
            return
        self._name, self._fixed_columns, self._limit = name, columns, finite_limit(self._maps)
        self._warning = non_finite_words(self._maps)
        self.setAccessibleName(f"{name}, {self._maps.shape[0]} maps of {self._maps.shape[1]} by {self._maps.shape[2]}")
        self._arrange()

    def select_map(self, index: int | None) -> None:
        """Frame one map; None frames nothing."""
        self._chosen = index
        self.update()

    def reveal_entry(self, place: MosaicPlace) -> None:
        """Mark an entry and bring it into view."""
        _, height, width = self._maps.shape
        top, left = mosaic_corner(place.map, height, width, self._columns, _GAP)
        self.reveal(top + place.row, left + place.column)

    def place_at(self, row: int, column: int) -> MosaicPlace | None:
        """The entry shown at a pixel of the picture; None in a gap."""
        count, height, width = self._maps.shape
        return mosaic_place(row, column, (count, height, width), self._columns, _GAP)

    def hover_text(self) -> str:
        """`y[3, 12, 14] = 0.3412`."""
        cell = self.current_cell()
        place = None if cell is None or self._message else self.place_at(*cell)
        if place is None:
            return ""
        value = format_number(self._maps[place])
        return f"{self._name}[{place.map}, {place.row}, {place.column}] = {value}"

    def make_image(self) -> QImage:
        """All maps, gaps transparent."""
        return mosaic_image(self._maps, self._columns, low=0.0, high=self._limit)

    def legend(self) -> tuple[Array, str, str]:
        """The ends of the scale."""
        text = format_number(self._limit, 3)
        return diverging_table(), f"{MINUS}{text}" if self._limit else text, text

    def warning(self) -> str:
        """Entries that are not finite."""
        return self._warning

    def cell_exists(self, row: int, column: int) -> bool:
        """Gaps are not entries."""
        return super().cell_exists(row, column) and self.place_at(row, column) is not None

    def cell_activated(self, row: int, column: int) -> None:
        """Pass the entry on."""
        place = self.place_at(row, column)
        if place is not None:
            self._chosen = place.map
            self.map_clicked.emit(*place)

    def lay_out(self) -> None:
        """A new size of the widget may want another number of columns."""
        if self._columns != self._best_columns():
            self._arrange()
        super().lay_out()

    def paint_over(self, painter: QPainter) -> None:
        """The frame of the chosen map."""
        if self._chosen is None or not 0 <= self._chosen < len(self._maps):
            return
        _, height, width = self._maps.shape
        top, left = mosaic_corner(self._chosen, height, width, self._columns, _GAP)
        rect = self.viewport.cell_rect(top, left).united(self.viewport.cell_rect(top + height - 1, left + width - 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(current_theme().accent), 2))
        painter.drawRect(rect)

    def _best_columns(self) -> int:
        if self._fixed_columns is not None:
            return self._fixed_columns
        room = (self.width() - 2 * MARGIN, self.height() - 2 * MARGIN - line_height() - 2)
        count, height, width = self._maps.shape
        return mosaic_columns(count, height, width, *room)

    def _arrange(self) -> None:
        self._columns = self._best_columns()
        count, height, width = self._maps.shape
        rows = -(-count // self._columns)
        self.data_changed(rows * (height + _GAP) - _GAP, self._columns * (width + _GAP) - _GAP)
