"""How the pictures of a sliding window are drawn: maps and tiles in square cells, with their titles and frames."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.panels.explain.slides import Tile
from app.panels.explain.sliding_words import Line
from app.plots.base import draw_line, draw_title, line_height, number_metrics, outline, small_font
from app.plots.color_maps import diverging_image, diverging_index, diverging_table
from app.plots.numbers import format_number
from app.theme import current_theme, mono_font, text_on
from core.types import Array, Shape

GAP = 12.0
"""Between two maps."""


def entry_at(rect: QRectF, shape: Shape, point: QPointF) -> tuple[int, int]:
    """The entry under a point of a picture of that shape."""
    row = int((point.y() - rect.top()) / rect.height() * shape[0])
    column = int((point.x() - rect.left()) / rect.width() * shape[1])
    return min(row, shape[0] - 1), min(column, shape[1] - 1)


def fitted(room: QRectF, shape: Shape) -> QRectF:
    """Square cells as large as the room allows, in the middle of its top."""
    rows, columns = shape
    side = min(room.width() / columns, room.height() / rows)
    return QRectF(room.center().x() - side * columns / 2, room.top(), side * columns, side * rows)


def cell_in(rect: QRectF, shape: Shape, row: int, column: int) -> QRectF:
    """Where an entry lies in a picture of that shape."""
    width, height = rect.width() / shape[1], rect.height() / shape[0]
    return QRectF(rect.left() + column * width, rect.top() + row * height, width, height)


def paint_title(painter: QPainter, rect: QRectF, text: str) -> None:
    """A name above a picture."""
    above = QRectF(rect.left() - GAP / 2, rect.top() - line_height(), rect.width() + GAP, line_height())
    draw_title(painter, above, text)


def paint_border(painter: QPainter, rect: QRectF) -> None:
    """The thin frame around a picture."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(current_theme().border), 1))
    painter.drawRect(rect)


def paint_tile(painter: QPainter, tile: Tile, rect: QRectF) -> None:
    """The picture of a tile, its numbers where they fit, and the marked cell."""
    rows, columns = tile.values.shape
    painter.drawImage(rect, diverging_image(tile.values, tile.limit, ~tile.there))
    paint_border(painter, rect)
    texts = [[format_number(value, 3) for value in row] for row in tile.values.tolist()]
    widest = max(number_metrics().horizontalAdvance(text) for row in texts for text in row)
    if widest + 4 <= rect.width() / columns and line_height() <= rect.height() / rows:
        grounds = diverging_table()[diverging_index(tile.values, tile.limit)]
        painter.setFont(mono_font())
        for row, column in zip(*np.nonzero(tile.there), strict=True):
            painter.setPen(text_on(QColor(*(int(channel) for channel in grounds[row, column]))))
            cell = cell_in(rect, (rows, columns), row, column)
            painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), texts[row][column])
        painter.setFont(small_font())
    if tile.marked is not None:
        outline(painter, cell_in(rect, (rows, columns), *tile.marked), current_theme().accent)


def paint_bars(painter: QPainter, columns: list[QRectF], sums: Array, longest: float, marked: int) -> None:
    """A sum in each column, above or below the line in the middle; `longest` fills half of it."""
    theme = current_theme()
    for channel, (column, value) in enumerate(zip(columns, np.nan_to_num(sums).tolist(), strict=True)):
        length = value / (longest or 1.0) * (column.height() / 2 - 2)
        bar = QRectF(column.left() + 1, column.center().y(), max(1.0, column.width() - 2), -length).normalized()
        painter.fillRect(bar, QColor(theme.positive if value > 0 else theme.negative))
        if channel == marked:
            painter.setPen(QPen(QColor(theme.text), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(column.adjusted(0, 0, -1, -1))
    painter.setPen(QPen(QColor(theme.border), 1))
    middle = columns[0].center().y()
    painter.drawLine(QPointF(columns[0].left(), middle), QPointF(columns[-1].right(), middle))


def paint_lines(painter: QPainter, row: QRectF, lines: list[Line]) -> None:
    """Lines from a first row on downwards: words at the left, their number at the right."""
    theme = current_theme()
    for line in lines:
        text = format_number(line.value)
        room = number_metrics().horizontalAdvance(text) + 8
        draw_line(painter, row.adjusted(0, 0, -room, 0), line.words, theme.text if line.strong else theme.muted)
        painter.setFont(mono_font())
        painter.setPen(QColor(theme.text))
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
        painter.setFont(small_font())
        row.translate(0, line_height())
