"""The share of every sample of the batch in a number, as bars, with their pictures; a click selects the sample."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.panels.explain.pointed import Cell, PointedView
from app.panels.explain.samples import Row, Samples, dot_at, image_row, paint_plane, paint_row, plane_rect
from app.plots.base import draw_line, line_height
from app.plots.numbers import format_number
from app.theme import current_theme
from core.types import Array

_BARS = 68.0


class SharesView(PointedView):
    """Bars above and below zero, one a sample; below them what the samples look like."""

    sample_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Shares by sample", parent)
        self._shares: Array = np.empty(0)
        self._order: Array = np.empty(0, np.int64)
        self._samples = Samples(np.empty((0, 0)))
        self._selected = -1
        self._verb = "adds"
        self._fit_height()

    def set_shares(
        self, shares: Array, samples: Samples, selected: int, order: Array | None = None, verb: str = "adds"
    ) -> None:
        """Show a share for every sample, with one sample marked.

        Shapes: shares (N,); order (N,) the sample each share belongs to, as they come unless given
        """
        self._shares, self._samples, self._verb = shares, samples, verb
        self._order = np.arange(len(shares)) if order is None else order
        self.forget_pointed()
        self._selected = next(iter(np.flatnonzero(self._order == selected).tolist()), -1)
        self._fit_height()
        self.setAccessibleDescription(self.hover_text())
        self.set_message("")

    def hover_text(self) -> str:
        """The sample under the pointer and its share."""
        shown = self._shown()
        if not 0 <= shown < len(self._shares):
            return ""
        sample = int(self._order[shown])
        share = format_number(float(self._shares[shown]))
        return f"sample {sample}{self._samples.words(sample)} {self._verb} {share}"

    def bar_rect(self, place: int) -> QRectF:
        """The column of the share at a place."""
        width = self.width() / max(1, len(self._shares))
        return QRectF(place * width, 0, width, _BARS)

    def row(self) -> Row:
        """The images that are shown: of the selected sample, and of those with the largest shares."""
        return image_row(self._shares, self._selected, self._pictures_room())

    def paint_content(self, painter: QPainter) -> None:
        """Bars, zero line, the words for one of them, pictures."""
        shown = self._shown()
        self._paint_bars(painter, shown)
        line = QRectF(0, _BARS, self.width(), line_height())
        draw_line(painter, line, self.hover_text(), current_theme().text)
        if self._samples.is_image:
            row = self.row()
            if shown >= 0 and shown not in row.places:  # the one that is pointed at takes the first place meanwhile
                row = Row((shown, *row.places[1:]), row.room)
            paint_row(painter, row, self._samples, self._order, self._shares, shown)
        elif self._samples.is_plane:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            room = self._pictures_room()
            paint_plane(painter, room, self._samples, self._order, self._shares, shown)
            beside = QRectF(plane_rect(room).right() + 10, room.top(), self.width(), line_height())
            for text in ("Each sample where it lies:", "the larger, the more it adds;", "the colour is the sign."):
                draw_line(painter, beside, text)
                beside.translate(0, line_height())

    def cell_at(self, point: QPointF) -> Cell | None:
        """The number of the bar, also of the one whose picture is there."""
        if point.y() <= _BARS:
            place = int(point.x() / max(1, self.width()) * len(self._shares))
            return (place,) if 0 <= place < len(self._shares) else None
        found: int | None = None
        if self._samples.is_image:
            found = self.row().place_at(point)
        elif self._samples.is_plane:
            found = dot_at(self._samples, self._order, self._pictures_room(), point)
        return None if found is None else (found,)

    def cell_beside(self, cell: Cell | None, down: int, right: int) -> Cell | None:
        """The next bar; the walk begins beside the selected one."""
        place = max(0, self._selected + right) if cell is None else cell[0] + right
        return (place,) if 0 <= place < len(self._shares) else None

    def activate(self, cell: Cell) -> None:
        """Select the sample."""
        self.sample_clicked.emit(int(self._order[cell[0]]))

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, self.height())

    def _shown(self) -> int:
        """The share that is spoken of: the one that is pointed at, else the selected sample's."""
        pointed = self.pointed()
        return self._selected if pointed is None else pointed[0]

    def _pictures_room(self) -> QRectF:
        return QRectF(0, _BARS + line_height() + 2, self.width(), self._samples.height)

    def _fit_height(self) -> None:
        self.setFixedHeight(math.ceil(_BARS + line_height() + 2 + self._samples.height))

    def _paint_bars(self, painter: QPainter, shown: int) -> None:
        theme, room = current_theme(), QRectF(0, 0, self.width(), _BARS)
        largest = max(1e-30, float(np.nanmax(np.abs(self._shares), initial=0.0)))
        # What is never negative, such as a loss, has the whole height.
        signed = bool((self._shares < 0).any())
        zero, reach = (room.center().y(), room.height() / 2) if signed else (room.bottom() - 1, room.height() - 2)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, share in enumerate(self._shares):
            column = self.bar_rect(place)
            length = float(share) / largest * reach
            bar = QRectF(column.left() + 0.5, zero, max(1.0, column.width() - 1), -length).normalized()
            painter.setBrush(QColor(theme.positive if share > 0 else theme.negative))
            painter.drawRect(bar)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for place, color in ((self._selected, theme.accent), (shown, theme.text)):
            if place >= 0:
                painter.setPen(QPen(QColor(color), 1))
                painter.drawRect(self.bar_rect(place).adjusted(0, 0, -1, -1))
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(QPointF(room.left(), zero), QPointF(room.right(), zero))
