"""Lets the window of a convolution or a pooling slide: pointer or arrow keys move it, a click asks for the entry.

Only the entry that is pointed at is explained anew; the two maps are pictures made once.
"""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.panels.explain.pointed import Cell, PointedView
from app.panels.explain.slides import Plane, Slide, Tile, slide_at, slides
from app.panels.explain.sliding_words import Line, number_line, sum_lines, tile_line
from app.panels.explain.tiles import (
    GAP,
    cell_in,
    entry_at,
    fitted,
    paint_bars,
    paint_border,
    paint_lines,
    paint_tile,
    paint_title,
)
from app.plots.base import line_height, outline
from app.plots.color_maps import diverging_image, finite_limit
from app.plots.numbers import format_number
from app.theme import current_theme
from core.explain import Place, Step
from core.types import Array

_SIGN = 14.0  # room for × and =
_MAP = 150.0  # most height of a map
_TILE = 84.0  # height of the tiles
_BARS = 40.0
_FRAME = 2.0
_ON_MAP, _ON_BAR, _ON_SOURCE, _ON_TILE = range(4)  # what a cell is in; of a tile also which one


class SlidingView(PointedView):
    """The map slid over, the tiles that meet, the sums by channel, the map of results."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The window that slides", parent)
        self._step: Step | None = None
        self._pinned: Place | None = None
        self._channel = 0
        self._slide: Slide | None = None
        self._images: dict[tuple[Plane, str], QImage] = {}
        self._longest_bar = 0.0
        self.hide()

    def show_for(self, step: Step, place: Place, sample: int) -> bool:
        """Show the window that made a number, or hide; of a filter's gradient the part of one sample.

        Returns whether there is such a window.
        """
        if not slides(step, place):
            self.hide()
            return False
        anew = self._step is None or self._step.tape is not step.tape
        if anew or self._pinned is None or _plane_of(self._pinned) != _plane_of(place):
            self._images.clear()
            self._longest_bar = 0.0
            self._channel = slide_at(step, place, None).channel
        if place.tensor == "d_weight":
            self._channel = sample
        if anew or place != self._pinned:
            self.forget_pointed()
        self._step, self._pinned, self._slide = step, place, None
        self._fit_height()
        self.set_message("")
        self.setAccessibleDescription(self.hover_text())
        self.show()
        return True

    # What is shown

    def shown(self) -> Slide:
        """The window where it is now: at the entry that is pointed at, else at the one that was asked for."""
        assert self._pinned
        place, channel, cell = self._pinned, self._channel, self.pointed()
        if cell is not None and cell[0] == _ON_MAP:
            place = _plane_of(place).at((cell[1], cell[2]))
        elif cell is not None and cell[0] == _ON_BAR:
            channel = cell[1]
        return self._slide_of(place, channel)

    def lines(self) -> list[Line]:
        """The sum, line by line; the first line is about what is pointed at, if that is a number behind the sum."""
        assert self._step
        slide, cell = self.shown(), self.pointed()
        behind = None
        if cell is not None and cell[0] == _ON_SOURCE:
            behind = number_line(self._step, slide.source.at((cell[1], cell[2])))
        elif cell is not None and cell[0] == _ON_TILE and cell[1] < len(slide.tiles):
            behind = tile_line(self._step, slide, cell[1], (cell[2], cell[3]))
        return sum_lines(slide, behind, hint="" if slide.place == self._pinned else " · click to explain it")

    def hover_text(self) -> str:
        """The sum in words."""
        return "\n".join(f"{line.words}: {format_number(line.value)}" for line in self.lines()) if self._pinned else ""

    def tool_tip_text(self) -> str:
        """The sum, and how to move the window."""
        return (
            f"{self.hover_text()}\n\nMove over the right map, or with the arrow keys, to slide the window; "
            "click or press Enter to explain the number there."
        )

    # Where things are

    def map_rects(self) -> tuple[QRectF, QRectF]:
        """Where the map that is slid over and the map of results are."""
        slide = self._last()
        width = (self.width() - 2 * _FRAME - GAP) / 2
        rooms = (QRectF(_FRAME + at * (width + GAP), line_height(), width, self._map_height()) for at in (0, 1))
        source, target = (
            fitted(room, self._values(plane).shape)
            for room, plane in zip(rooms, (slide.source, slide.target), strict=True)
        )
        return source, target

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where an entry of the map of results is."""
        rows, columns = self._values(self._last().target).shape
        return cell_in(self.map_rects()[1], (rows, columns), row, column)

    def bar_rect(self, channel: int) -> QRectF:
        """The column of a channel's sum."""
        width = (self.width() - 2 * _FRAME) / max(1, len(self._sums()))
        return QRectF(_FRAME + channel * width, self._bars_top(), width, _BARS)

    def tile_rects(self) -> list[QRectF]:
        """Where the tiles are."""
        tiles = self._last().tiles
        top = 2 * line_height() + self._map_height() + _FRAME
        width = (self.width() - 2 * _FRAME - _SIGN * (len(tiles) - 1)) / max(1, len(tiles))
        rooms = (QRectF(_FRAME + at * (width + _SIGN), top, width, _TILE) for at in range(len(tiles)))
        return [fitted(room, tile.values.shape) for room, tile in zip(rooms, tiles, strict=True)]

    def cell_at(self, point: QPointF) -> Cell | None:
        """The entry of a map or a tile, or the channel, under a point."""
        if self._step is None or self._pinned is None:
            return None
        slide, (source, target) = self._last(), self.map_rects()
        if target.contains(point):
            return _ON_MAP, *entry_at(target, self._values(slide.target).shape, point)
        if source.contains(point):
            return _ON_SOURCE, *entry_at(source, self._values(slide.source).shape, point)
        for number, (rect, tile) in enumerate(zip(self.tile_rects(), slide.tiles, strict=True)):
            if rect.contains(point):
                return _ON_TILE, number, *entry_at(rect, tile.values.shape, point)
        channels = range(len(self._sums()))
        return next(((_ON_BAR, channel) for channel in channels if self.bar_rect(channel).contains(point)), None)

    def cell_beside(self, cell: Cell | None, down: int, right: int) -> Cell | None:
        """The neighbour on the map of results; the walk begins at the entry that was asked for."""
        if self._pinned is None:
            return None
        row, column = (cell[1], cell[2]) if cell is not None and cell[0] == _ON_MAP else self._pinned.index[-2:]
        rows, columns = self._values(_plane_of(self._pinned)).shape
        row, column = row + down, column + right
        return (_ON_MAP, row, column) if 0 <= row < rows and 0 <= column < columns else None

    def activate(self, cell: Cell) -> None:
        """Ask for the entry, follow it where it lies behind the one that is shown, or keep the channel."""
        kind, *at = cell
        slide, place = self.shown(), None
        if kind == _ON_BAR:
            self._channel = at[0]
            self.update()
        elif kind == _ON_MAP:
            place = slide.target.at((at[0], at[1]))
        elif kind == _ON_SOURCE:
            place = slide.source.at((at[0], at[1]))
        elif at[0] < len(slide.tiles) and slide.tiles[at[0]].has((at[1], at[2])):
            place = slide.tiles[at[0]].place_at(at[1], at[2])
        if place is not None:
            self.place_asked.emit(place)

    # Painting

    def paint_content(self, painter: QPainter) -> None:
        """Maps, tiles, bars, sum."""
        if self._pinned is None:
            return
        slide, theme = self.shown(), current_theme()
        maps = self.map_rects()
        for plane, rect in zip((slide.source, slide.target), maps, strict=True):
            paint_title(painter, rect, plane.title())
            painter.drawImage(rect, self._image(plane))
            paint_border(painter, rect)
        if slide.box is not None:
            shape, (top, bottom, left, right) = self._values(slide.source).shape, slide.box
            corners = (cell_in(maps[0], shape, *corner) for corner in ((top, left), (bottom, right)))
            first, last = corners
            outline(painter, first.united(last), theme.backward)
        self._paint_cells(painter, slide)
        self._paint_tiles(painter, slide.tiles)
        if len(sums := self._sums()):
            # The longest so far sets the scale: bars grow and shrink as the window moves, and do not jump.
            self._longest_bar = max(self._longest_bar, finite_limit(sums))
            rects = [self.bar_rect(channel) for channel in range(len(sums))]
            paint_bars(painter, rects, sums, self._longest_bar, slide.channel)
        lines = self.lines()
        top = self.height() - len(lines) * line_height()
        paint_lines(painter, QRectF(_FRAME, top, self.width() - 2 * _FRAME, line_height()), lines)

    def _paint_cells(self, painter: QPainter, slide: Slide) -> None:
        assert self._pinned
        theme = current_theme()
        row, column = self._pinned.index[-2:]
        outline(painter, self.cell_rect(row, column), theme.accent)
        if slide.place != self._pinned:
            outline(painter, self.cell_rect(*slide.cell), theme.text, 1.5)

    def _paint_tiles(self, painter: QPainter, tiles: tuple[Tile, ...]) -> None:
        cell = self.pointed()
        # A window alone, or before the products, stands for itself.
        signs = ["", "", "×", "="][-len(tiles) :] if len(tiles) > 1 else [""]
        marked = (cell[2], cell[3]) if cell is not None and cell[0] == _ON_TILE else None
        for sign, tile, rect in zip(signs, tiles, self.tile_rects(), strict=False):
            paint_title(painter, rect, tile.title)
            paint_tile(painter, tile, rect)
            if sign:
                painter.setPen(QColor(current_theme().text))
                beside = QRectF(rect.left() - _SIGN, rect.top(), _SIGN, rect.height())
                painter.drawText(beside, int(Qt.AlignmentFlag.AlignCenter), sign)
            if marked is not None and tile.has(marked):
                outline(painter, cell_in(rect, tile.values.shape, *marked), current_theme().text, 1.5)

    def _image(self, plane: Plane) -> QImage:
        key = plane, current_theme().name
        if key not in self._images:
            values = self._values(plane)
            self._images[key] = diverging_image(values, finite_limit(values))
        return self._images[key]

    # Sizes

    def _last(self) -> Slide:
        """The window that was looked at last: what is pointed at depends on where things are, not the other way."""
        return self._slide or self._slide_of(self._pinned, self._channel)

    def _slide_of(self, place: Place | None, channel: int) -> Slide:
        assert self._step and place
        if self._slide is None or (self._slide.place, self._slide.channel) != (place, channel):
            self._slide = slide_at(self._step, place, channel)
        return self._slide

    def _values(self, plane: Plane) -> Array:
        assert self._step
        return plane.values(self._step)

    def _sums(self) -> Array:
        """The sums that have bars: those of channels, not those of samples, which have a view of their own."""
        slide = self._slide
        bars = slide is not None and slide.channel_word in ("channel", "filter") and len(slide.sums) > 1
        return slide.sums if slide is not None and bars else np.zeros(0)

    def _map_height(self) -> float:
        return min(_MAP, (self.width() - 2 * _FRAME - GAP) / 2)

    def _bars_top(self) -> float:
        return 3 * line_height() + self._map_height() + _TILE + _FRAME

    def _fit_height(self) -> None:
        lines = self.lines()
        height = self._bars_top() - line_height() + 2 * _FRAME + len(lines) * line_height()
        if len(self._sums()):
            height += _BARS + line_height()
        self.setFixedHeight(math.ceil(height))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wider maps are higher ones."""
        super().resizeEvent(event)
        if self._pinned is not None:
            self._fit_height()

    def sizeHint(self) -> QSize:
        """As wide as the tab, as high as it has to be."""
        return QSize(280, self.height())


def _plane_of(place: Place) -> Plane:
    return Plane(place.record, place.tensor, place.index[:-2])
