"""A picture made of cells that can be pointed at, clicked, walked through with the arrow keys, zoomed and dragged.

The picture is painted from one image whatever its size; subclasses say how the image is made, what stands in the strip
below it, and what a cell means.
"""

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.plots.base import ARROWS, MARGIN, PaintedView, draw_line, draw_warning, line_height, moved_far, outline
from app.plots.grid_viewport import GridViewport
from app.plots.legend import draw_legend, legend_width
from app.theme import current_theme
from core.types import Array

_WHEEL_STEP = 120.0


class GridView(PaintedView):
    """The base of views whose picture is a grid; row and column are those of the picture."""

    def __init__(self, accessible_name: str, viewport: GridViewport, parent: QWidget | None = None) -> None:
        super().__init__(accessible_name, parent)
        self.viewport = viewport
        self._image: QImage | None = None
        self._scaled: tuple[tuple[object, ...], QImage] | None = None
        self._pointed: tuple[int, int] | None = None
        self._selected: tuple[int, int] | None = None
        self._to_reveal: tuple[int, int] | None = None  # done when painted: only then the room is known for sure
        self._press: QPointF | None = None
        self._last: QPointF | None = None
        self._dragged = False

    # What subclasses say.

    def make_image(self) -> QImage:
        """The picture, one pixel a cell, in the colours of the current theme."""
        raise NotImplementedError

    def legend(self) -> tuple[Array, str, str]:
        """Colour table, word at its low end, word at its high end."""
        raise NotImplementedError

    def warning(self) -> str:
        """What has to be said all the time, such as `3 NaN`."""
        return ""

    def cell_exists(self, row: int, column: int) -> bool:
        """Whether a cell means something (a gap between maps does not)."""
        return 0 <= row < self.viewport.rows and 0 <= column < self.viewport.columns

    def pointed_changed(self, cell: tuple[int, int] | None) -> None:
        """The pointer or the arrow keys went to another cell."""

    def cell_activated(self, row: int, column: int) -> None:
        """A cell was clicked, or Enter was pressed on it."""

    def gutter(self, room: QRectF) -> tuple[float, float]:
        """How much of the room is kept free for names at the left and at the top."""
        return 0.0, 0.0

    def paint_over(self, painter: QPainter) -> None:
        """Paint what lies above the picture, such as numbers."""

    # What everybody may ask.

    def show_cell(self, row: int, column: int) -> None:
        """Mark a cell as the selected one and bring it into view; a cell that does not exist clears the mark."""
        self._selected = (row, column) if self.cell_exists(row, column) else None
        if self._selected is not None:
            self.lay_out()
            self.viewport.bring_into_view(row, column)
        self.update()

    def reveal(self, row: int, column: int) -> None:
        """Mark a cell, and zoom and scroll until it can be seen what stands there."""
        self.show_cell(row, column)
        self._to_reveal = self._selected
        self.update()

    def current_cell(self) -> tuple[int, int] | None:
        """The cell the words below speak of: under the pointer, else selected."""
        return self._pointed or self._selected

    def data_changed(self, rows: int, columns: int) -> None:
        """Subclasses call this after new data; the same shape keeps zoom, pointer and selection."""
        self._message = ""
        if (rows, columns) != (self.viewport.rows, self.viewport.columns):
            self._pointed = self._selected = self._to_reveal = None
        self.viewport.set_grid(rows, columns)
        self.restyle()

    def restyle(self) -> None:
        """Colours or values changed: make the image again when it is next painted."""
        self._image = self._scaled = None
        self.update()

    def lay_out(self) -> None:
        """Give the viewport the room that names, margins and the strip leave."""
        strip = line_height() + 2
        whole = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN - strip)
        self.viewport.set_room(whole.adjusted(*self.gutter(whole), 0, 0))

    def paint_content(self, painter: QPainter) -> None:
        """Image, frame, what lies above, marks, strip."""
        self.lay_out()
        if self._to_reveal is not None:
            self.viewport.reveal(*self._to_reveal)
            self._to_reveal = None
        if self._image is None:
            self._image = self.make_image()
        painter.save()
        painter.setClipRect(self.viewport.room.adjusted(-1, -1, 1, 1))
        self._paint_image(painter, self._image)
        painter.setPen(QPen(QColor(current_theme().border), 1))
        painter.drawRect(self.viewport.content())
        self.paint_over(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._selected is not None:
            outline(painter, self.viewport.cell_rect(*self._selected), current_theme().accent)
        if self._pointed is not None and self._pointed != self._selected:
            outline(painter, self.viewport.cell_rect(*self._pointed), current_theme().text, 1.5)
        painter.restore()
        self._paint_strip(painter)

    def _paint_image(self, painter: QPainter, image: QImage) -> None:
        rows, columns = self.viewport.visible()
        if rows and columns:
            target = self.viewport.cells_rect(rows, columns)
            seen = QRect(columns[0], rows[0], len(columns), len(rows))
            cell = self.viewport.cell_size()
            if min(cell.width(), cell.height()) < 1:
                painter.drawImage(target, self._shrunk(image, seen, target))
            else:
                painter.drawImage(target, image, QRectF(seen))

    def _shrunk(self, image: QImage, seen: QRect, target: QRectF) -> QImage:
        """The part that is seen where several cells share a pixel: their average, not whichever happens to be hit."""
        ratio = self.devicePixelRatioF()
        # Enlarging can wait until it is painted; here it would only cost time.
        width = min(seen.width(), max(1, round(target.width() * ratio)))
        height = min(seen.height(), max(1, round(target.height() * ratio)))
        key = (seen.getRect(), width, height)
        if self._scaled is None or self._scaled[0] != key:
            part = image if seen == image.rect() else image.copy(seen)
            smooth = Qt.TransformationMode.SmoothTransformation
            made = part.scaled(width, height, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
            self._scaled = (key, made)
        return self._scaled[1]

    def _paint_strip(self, painter: QPainter) -> None:
        strip = QRectF(self.rect()).adjusted(MARGIN + 2, 0, -MARGIN - 2, -MARGIN)
        strip.setTop(strip.bottom() - line_height())
        strip.setLeft(strip.left() + draw_warning(painter, strip, self.warning()))
        text = self.hover_text()
        table, low, high = self.legend()
        room = legend_width(painter, low, high)
        words = painter.fontMetrics().horizontalAdvance(text) + 8 if text else 0
        if words + room <= strip.width():
            draw_legend(painter, strip, table, low, high)
            strip.setRight(strip.right() - room)
        draw_line(painter, strip, text, current_theme().text)

    # Pointer and keys.

    def _point_at(self, cell: tuple[int, int] | None) -> None:
        if cell is not None and not self.cell_exists(*cell):
            cell = None
        if cell != self._pointed:
            self._pointed = cell
            self.pointed_changed(cell)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag when pressed, else tell what is under the pointer."""
        if self._press is not None and self._last is not None:
            self._dragged = self._dragged or moved_far(self._press, event.position())
            if self._dragged:
                self.viewport.pan(event.position() - self._last)
                self._last = event.position()
                self.update()
                return
        self._point_at(None if self._message else self.viewport.cell_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The start of a click or a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = self._last = event.position()
            self._dragged = False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press that did not move is a click."""
        if event.button() != Qt.MouseButton.LeftButton or self._press is None:
            return
        self._press = self._last = None
        cell = None if self._message or self._dragged else self.viewport.cell_at(event.position())
        if cell is not None and self.cell_exists(*cell):
            self._selected = cell
            self.update()
            self.cell_activated(*cell)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the whole picture."""
        self.viewport.reset()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self._point_at(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer; a picture that is legible as it is leaves the wheel to the scroll area around it."""
        factor = 1.25 ** (event.angleDelta().y() / _WHEEL_STEP)
        if not self._message and self.viewport.zoom_at(event.position(), factor):
            self._point_at(self.viewport.cell_at(event.position()))
            self.update()
            event.accept()
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk through the cells, Enter or Space clicks, Home shows the whole picture."""
        key = Qt.Key(event.key())
        if self._message or not self.viewport.rows:
            super().keyPressEvent(event)
        elif key in ARROWS:
            self._walk(*ARROWS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.current_cell() is not None:
            row, column = self.current_cell() or (0, 0)
            self._selected = (row, column)
            self.cell_activated(row, column)
            self.update()
        elif key == Qt.Key.Key_Home:
            self.viewport.reset()
            self.update()
        else:
            super().keyPressEvent(event)

    def _walk(self, down: int, right: int) -> None:
        start = self.current_cell()
        row, column = (0, 0) if start is None else (start[0] + down, start[1] + right)
        # A gap is stepped over; at the edge of the picture the walk ends where it was.
        while not self.cell_exists(row, column):
            row, column = row + down, column + right
            if not (0 <= row < self.viewport.rows and 0 <= column < self.viewport.columns):
                return
        self._point_at((row, column))
        self.viewport.bring_into_view(row, column)
        self.update()


PIXEL_LARGEST = QSizeF(24, 24)
PIXEL_LEGIBLE = QSizeF(24, 24)
