"""Where the cells of a grid lie on the screen: fitting, zooming about a point, panning, and from a point to a cell.

Plain arithmetic on rectangles, without a widget, so that it can be tested alone.
"""

import math
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSizeF

_SMALLEST_TOLD = 6.0  # pixels of a cell that can be told from its neighbours


@dataclass
class GridViewport:
    """A grid of rows × columns cells seen through `room`; the whole grid fits at zoom 1.

    Range: `largest` caps a cell when fitting, `legible` is the cell size that zooming in ends at; `square` keeps cells
    as high as they are wide (pixels of pictures).
    """

    largest: QSizeF
    legible: QSizeF
    square: bool = False
    rows: int = 0
    columns: int = 0
    room: QRectF = field(default_factory=QRectF)
    zoom: float = 1.0
    offset: QPointF = field(default_factory=lambda: QPointF(0, 0))

    def set_grid(self, rows: int, columns: int) -> None:
        """Another grid; a changed size goes back to the whole view."""
        if (rows, columns) != (self.rows, self.columns):
            self.rows, self.columns = rows, columns
            self.reset()

    def set_room(self, room: QRectF) -> None:
        """Another rectangle on the widget."""
        if room != self.room:
            self.room = room
            self._keep_inside()

    def reset(self) -> None:
        """Back to the whole grid."""
        self.zoom = 1.0
        self.offset = QPointF(0, 0)

    def fit_size(self, room: QRectF | None = None) -> QSizeF:
        """The size of a cell when the whole grid is seen in a room (the present one unless given)."""
        if self.rows == 0 or self.columns == 0:
            return QSizeF(0, 0)
        room = self.room if room is None else room
        width = min(max(room.width(), 1.0) / self.columns, self.largest.width())
        height = min(max(room.height(), 1.0) / self.rows, self.largest.height())
        if self.square:
            width = height = min(width, height)
        return QSizeF(width, height)

    def cell_size(self) -> QSizeF:
        """The size of a cell now; each side grows with the zoom until it is legible."""
        fit = self.fit_size()
        return QSizeF(
            min(fit.width() * self.zoom, max(fit.width(), self.legible.width())),
            min(fit.height() * self.zoom, max(fit.height(), self.legible.height())),
        )

    def largest_zoom(self) -> float:
        """The zoom at which both sides of a cell are legible; 1 if they are from the start."""
        fit = self.fit_size()
        if fit.width() <= 0 or fit.height() <= 0:
            return 1.0
        return max(1.0, self.legible.width() / fit.width(), self.legible.height() / fit.height())

    def content(self) -> QRectF:
        """The rectangle of the whole grid, partly outside the room when zoomed in."""
        cell = self.cell_size()
        size = QSizeF(cell.width() * self.columns, cell.height() * self.rows)
        left = self.room.left() + max(0.0, (self.room.width() - size.width()) / 2) - self.offset.x()
        top = self.room.top() + max(0.0, (self.room.height() - size.height()) / 2) - self.offset.y()
        return QRectF(QPointF(left, top), size)

    def zoom_at(self, point: QPointF, factor: float) -> bool:
        """Zoom so that the cell under the point stays there; False if nothing changed."""
        zoom = min(max(self.zoom * factor, 1.0), self.largest_zoom())
        if zoom == self.zoom:
            return False
        before = self.content()
        share_x = (point.x() - before.left()) / max(before.width(), 1e-9)
        share_y = (point.y() - before.top()) / max(before.height(), 1e-9)
        self.zoom = zoom
        after = self.content()
        self.pan(
            QPointF(
                point.x() - (after.left() + share_x * after.width()),
                point.y() - (after.top() + share_y * after.height()),
            )
        )
        return True

    def pan(self, move: QPointF) -> None:
        """Shift the grid by so many pixels, never past its edges."""
        self.offset -= move
        self._keep_inside()

    def cell_at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and column under a point of the widget; None beside the grid."""
        content = self.content()
        if not (self.room.contains(point) and content.contains(point)) or not self.rows:
            return None
        cell = self.cell_size()
        row = int((point.y() - content.top()) / cell.height())
        column = int((point.x() - content.left()) / cell.width())
        return min(row, self.rows - 1), min(column, self.columns - 1)

    def cell_rect(self, row: int, column: int) -> QRectF:
        """The rectangle of one cell on the widget."""
        content, cell = self.content(), self.cell_size()
        corner = QPointF(content.left() + column * cell.width(), content.top() + row * cell.height())
        return QRectF(corner, cell)

    def cells_rect(self, rows: range, columns: range) -> QRectF:
        """The rectangle of a block of cells, not empty, on the widget."""
        return self.cell_rect(rows[0], columns[0]).united(self.cell_rect(rows[-1], columns[-1]))

    def visible(self) -> tuple[range, range]:
        """The rows and columns that are seen at least in part."""
        content, cell = self.content(), self.cell_size()
        seen = content.intersected(self.room)
        if seen.isEmpty():
            return range(0), range(0)

        def span(start: float, end: float, size: float, count: int) -> range:
            return range(max(0, math.floor(start / size)), min(count, math.ceil(end / size - 1e-9)))

        return (
            span(seen.top() - content.top(), seen.bottom() - content.top(), cell.height(), self.rows),
            span(seen.left() - content.left(), seen.right() - content.left(), cell.width(), self.columns),
        )

    def bring_into_view(self, row: int, column: int) -> None:
        """Pan as little as needed until the cell is seen whole."""
        rect = self.cell_rect(row, column)
        dx = max(0.0, self.room.left() - rect.left()) - max(0.0, rect.right() - self.room.right())
        dy = max(0.0, self.room.top() - rect.top()) - max(0.0, rect.bottom() - self.room.bottom())
        if dx or dy:
            self.pan(QPointF(dx, dy))

    def reveal(self, row: int, column: int) -> None:
        """Bring a cell into view, zoomed in on it if it is too small to be told from its neighbours."""
        cell = self.cell_size()
        if min(cell.width(), cell.height()) < _SMALLEST_TOLD:
            self.zoom_at(self.cell_rect(row, column).center(), self.largest_zoom())
        self.bring_into_view(row, column)

    def _keep_inside(self) -> None:
        cell = self.cell_size()
        most_x = max(0.0, cell.width() * self.columns - self.room.width())
        most_y = max(0.0, cell.height() * self.rows - self.room.height())
        self.offset = QPointF(min(max(self.offset.x(), 0.0), most_x), min(max(self.offset.y(), 0.0), most_y))
