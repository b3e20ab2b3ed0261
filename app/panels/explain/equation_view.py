"""Draws an equation: the factors' pictures, the signs between them, and the numbers that meet where one points."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.panels.explain.equation import Equation
from app.panels.explain.pointed import Cell, PointedView
from app.plots.base import draw_line, draw_title, line_height
from app.plots.color_maps import diverging_image, finite_limit
from app.plots.numbers import format_number
from app.theme import current_theme

_SIGN = 16.0  # room for × and =
_PICTURE = 76.0  # most height of a picture
_GAP = 6.0  # above the words
_STRIP = 22.0  # height of a picture that is one row


class EquationView(PointedView):
    """Draws an equation; pointing tells the numbers that meet, a click asks for one of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Products", parent)
        self._equation: Equation | None = None

    def set_equation(self, shown: Equation) -> None:
        """Show an equation."""
        self._equation = shown
        rows, _ = shown.pictures[0].shape
        pictures = _STRIP if rows == 1 else _PICTURE
        self.forget_pointed()
        self.setFixedHeight(int(pictures + _GAP + 3 * line_height()))
        self.set_message("")
        self.setAccessibleDescription(", ".join(shown.words))

    def hover_text(self) -> str:
        """The factors and the product that are pointed at, or what all of them add up to."""
        if self._equation is None:
            return ""
        pointed = self.pointed()
        if pointed is None:
            words = (*self._equation.words, "Point to read a product, click to follow it.")
            return "\n".join(words[:2])
        cell = (pointed[1], pointed[2])
        values = [format_number(float(picture[cell])) for picture in self._equation.pictures]
        return f"{self._equation.names(cell)}\n{' × '.join(values[:-1])} = {values[-1]}"

    def tool_tip_text(self) -> str:
        """The same, below the titles, which may be cut short."""
        if self._equation is None:
            return ""
        *factors, products = self._equation.titles
        return f"{' × '.join(factors)} = {products}\n{self.hover_text()}"

    def paint_content(self, painter: QPainter) -> None:
        """Pictures, the signs between them, and the words."""
        if self._equation is None:
            return
        theme, rooms = current_theme(), self._rooms()
        pointed, step = self.pointed(), (self.width() + _SIGN) / len(rooms)
        for position, (title, picture) in enumerate(zip(self._equation.titles, self._equation.pictures, strict=True)):
            room = rooms[position]
            above = QRectF(room.center().x() - step / 2, 0, step, line_height())
            draw_title(painter, above, title, self.width())
            painter.drawImage(room, diverging_image(picture, finite_limit(picture)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawRect(room)
            if pointed is not None:
                painter.setPen(QPen(QColor(theme.text), 1.5))
                painter.drawRect(self.cell_rect(position, pointed[1], pointed[2]))
            if position:
                sign = "=" if position == len(rooms) - 1 else "×"
                between = QRectF(room.left() - _SIGN, room.top(), _SIGN, room.height())
                painter.setPen(QColor(theme.text))
                painter.drawText(between, int(Qt.AlignmentFlag.AlignCenter), sign)
        line = QRectF(0, self.height() - 2 * line_height(), self.width(), line_height())
        for text in self.hover_text().splitlines():
            draw_line(painter, line, text, theme.text)
            line.translate(0, line_height())

    def cell_rect(self, picture: int, row: int, column: int) -> QRectF:
        """Where a cell of a picture lies."""
        assert self._equation
        room, (rows, columns) = self._rooms()[picture], self._equation.pictures[picture].shape
        width, height = room.width() / columns, room.height() / rows
        return QRectF(room.left() + column * width, room.top() + row * height, width, height)

    def cell_at(self, point: QPointF) -> Cell | None:
        """Picture, row and column."""
        if self._equation is None:
            return None
        rows, columns = self._equation.pictures[0].shape
        for picture, room in enumerate(self._rooms()):
            if room.contains(point):
                row = int((point.y() - room.top()) / room.height() * rows)
                column = int((point.x() - room.left()) / room.width() * columns)
                return picture, min(row, rows - 1), min(column, columns - 1)
        return None

    def cell_beside(self, cell: Cell | None, down: int, right: int) -> Cell | None:
        """The next cell of the same picture."""
        if self._equation is None or cell is None:
            return None if self._equation is None else (0, 0, 0)
        rows, columns = self._equation.pictures[0].shape
        row, column = cell[1] + down, cell[2] + right
        return (cell[0], row, column) if 0 <= row < rows and 0 <= column < columns else None

    def activate(self, cell: Cell) -> None:
        """Ask for the factor."""
        if self._equation and (place := self._equation.place(cell[0], (cell[1], cell[2]))) is not None:
            self.place_asked.emit(place)

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, int(_PICTURE + 3 * line_height()))

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
