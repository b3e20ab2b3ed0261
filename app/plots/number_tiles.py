"""Numbers in the cells of a grid, painted in blocks that are kept: dragging the grid only moves them about.

Painting a thousand numbers takes longer than a frame may; of a grid that is dragged, only those that come into view are
painted anew.
"""

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter

from app.plots.grid_viewport import GridViewport

_ROWS, _COLUMNS = 8, 4
_MOST_PIXELS = 16_000_000  # of all blocks that are kept, 64 MB

Paint = Callable[[QPainter, range, range], None]
"""Paints the cells of these rows and columns; the first one has its corner at the origin."""


class NumberTiles:
    """The blocks of one grid."""

    def __init__(self, viewport: GridViewport) -> None:
        self._viewport = viewport
        self._tiles: dict[tuple[int, int], QImage] = {}
        self._key: tuple[float, ...] = ()
        self._pixels = 0

    def clear(self) -> None:
        """The numbers or their colours have changed."""
        self._tiles, self._pixels = {}, 0

    def draw(self, painter: QPainter, paint: Paint) -> None:
        """All blocks of which something is seen; `paint` makes those that are not there yet."""
        rows, columns = self._viewport.visible()
        cell, content = self._viewport.cell_size(), self._viewport.content()
        ratio = painter.device().devicePixelRatio()
        key = (cell.width(), cell.height(), ratio)
        if key != self._key or self._pixels > _MOST_PIXELS:
            self._key = key
            self.clear()
        for row in range(rows.start - rows.start % _ROWS, rows.stop, _ROWS):
            for column in range(columns.start - columns.start % _COLUMNS, columns.stop, _COLUMNS):
                corner = QPointF(content.left() + column * cell.width(), content.top() + row * cell.height())
                # On whole pixels, or the numbers would be blurred.
                painter.drawImage(corner.toPoint(), self._tile(row, column, ratio, paint))

    def _tile(self, row: int, column: int, ratio: float, paint: Paint) -> QImage:
        tile = self._tiles.get((row, column))
        if tile is None:
            cell = self._viewport.cell_size()
            width, height = round(_COLUMNS * cell.width() * ratio), round(_ROWS * cell.height() * ratio)
            tile = QImage(width + 1, height + 1, QImage.Format.Format_ARGB32_Premultiplied)
            tile.setDevicePixelRatio(ratio)
            tile.fill(Qt.GlobalColor.transparent)
            rows = range(row, min(row + _ROWS, self._viewport.rows))
            painter = QPainter(tile)
            paint(painter, rows, range(column, min(column + _COLUMNS, self._viewport.columns)))
            painter.end()
            self._tiles[row, column] = tile
            self._pixels += tile.width() * tile.height()
        return tile
