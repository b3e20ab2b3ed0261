"""Sample pictures with what they are and what the network takes them for; the wrong ones stand out.

Wrong is said three times (frame, ✗, the class it was taken for), so that nobody has to rely on a colour.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.plots.base import MARGIN, PaintedView, draw_line, line_height
from app.plots.color_maps import finite_range, gray_images
from app.plots.mosaic import mosaic_columns
from app.plots.numbers import format_count, format_number, format_share
from app.theme import current_theme, readable
from core.types import Array

PROVENANCE = "{} is what the loss reads the network's output as; click selects the sample, it stands on the Loss card."

_SMALLEST = 66.0
_LARGEST = 96.0
_GAP = 5.0


class PredictionsView(PaintedView):
    """Shows pictures (N, H, W) with true and predicted classes."""

    sample_clicked = Signal(int)
    """Number of the sample that was clicked or chosen with Enter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Predictions", parent)
        self._images: Array = np.zeros((0, 1, 1))
        self._true: Array = np.zeros(0, dtype=int)
        self._predicted: Array = np.zeros(0, dtype=int)
        self._strength: Array = np.zeros(0)
        self._quantity = "p"
        self._names: tuple[str, ...] = ()
        self._range = (0.0, 1.0)
        self._pictures: dict[int, QImage] = {}  # of the samples that are shown
        self._columns: tuple[tuple[float, ...], int] = ((), 1)
        self._pointed: int | None = None
        self._selected: int | None = None
        self.set_message("No predictions yet")

    def set_samples(
        self,
        images: Array,
        true: Array,
        predicted: Array,
        strength: Array,
        class_names: Sequence[str] = (),
        *,
        quantity: Literal["p", "score"] = "p",
    ) -> None:
        """Show samples; `strength` is the probability or the score the network gives to the class it predicts.

        Shapes: images (N, H, W) or (N, 1, H, W); true, predicted (N,) class numbers; strength (N,)
        """
        self._images = np.array(images[:, 0] if images.ndim == 4 else images)
        self._true, self._predicted = np.array(true, dtype=int), np.array(predicted, dtype=int)
        self._strength, self._quantity, self._names = np.array(strength), quantity, tuple(class_names)
        self._range = finite_range(self._images)
        self._pictures = {}
        if self._selected is not None and self._selected >= len(images):
            self._selected = None
        self._pointed = None
        self.set_message("" if len(images) else "No samples")
        self.setAccessibleDescription(self.summary())

    def select(self, index: int | None) -> None:
        """Frame a sample; None frames nothing."""
        if index != self._selected:
            self._selected = index
            self.update()

    def wrong(self) -> Array:
        """Which samples are taken for something else (N,)."""
        return np.asarray(self._true != self._predicted)

    def summary(self) -> str:
        """`3 of 24 wrong`, and how many are not shown for want of room."""
        count, shown = len(self._images), self.shown_count()
        text = f"{format_count(int(self.wrong().sum()))} of {format_count(count)} wrong"
        if shown >= count:
            return text
        first = self._first()
        which = (
            f"{format_count(first)} to {format_count(first + shown - 1)}"
            if first
            else f"the first {format_count(shown)}"
        )
        return f"{text} · {which} shown"

    def hover_text(self) -> str:
        """`sample 5: 8, taken for 3 with p = 0.640 ✗`."""
        index = self._selected if self._pointed is None else self._pointed
        if index is None or index >= len(self._images) or self._message:
            return ""
        true, guess = self._class_name(int(self._true[index])), self._class_name(int(self._predicted[index]))
        strength = f"{self._quantity} = {format_number(float(self._strength[index]), 3)}"
        if true == guess:
            return f"sample {index}: {true}, recognised with {strength} ✓"
        return f"sample {index}: {true}, taken for {guess} with {strength} ✗"

    def tool_tip_text(self) -> str:
        """The words below, where p comes from, and what a click does."""
        words = self.hover_text()
        return f"{words}\n{PROVENANCE.format(self._quantity)}" if words else ""

    def caption(self, index: int) -> str:
        """The words under a picture: `8 · 99 %`, or `✗ 8→3 64 %`; a score is no share and stands as it is."""
        true, guess = self._class_name(int(self._true[index])), self._class_name(int(self._predicted[index]))
        strength = float(self._strength[index])
        is_share = self._quantity == "p" and np.isfinite(strength)
        shown = format_share(round(strength * 10_000), 10_000) if is_share else format_number(strength, 3)
        return f"{true} · {shown}" if true == guess else f"✗ {true}→{guess} {shown}"

    def columns(self) -> int:
        """How many samples lie side by side."""
        room, count, line = self._room(), max(len(self._images), 1), line_height()
        key = (count, line, room.width(), room.height())
        if self._columns[0] != key:
            # Every number of columns is tried, and every cell asks: so it is done once for each size.
            columns = mosaic_columns(count, round(_SMALLEST + line), round(_SMALLEST), room.width(), room.height())
            self._columns = (key, max(1, min(columns, int((room.width() + _GAP) / (_SMALLEST + _GAP)))))
        return self._columns[1]

    def shown_count(self) -> int:
        """How many samples there is room for."""
        rows = int((self._room().height() + _GAP) / (self._side() + line_height() + _GAP))
        return min(len(self._images), max(rows, 1) * self.columns())

    def cell_rect(self, index: int) -> QRectF:
        """The place of one sample with its caption."""
        room, side, columns = self._room(), self._side(), self.columns()
        height = side + line_height()
        row, column = divmod(index - self._first(), columns)
        return QRectF(room.left() + column * (side + _GAP), room.top() + row * (height + _GAP), side, height)

    def restyle(self) -> None:
        """Make the pictures again in the colours of the theme."""
        self._pictures = {}
        super().restyle()

    def paint_content(self, painter: QPainter) -> None:
        """Pictures, captions, frames, and a strip of words where a low panel has room for them below the pictures."""
        shown = self._shown()
        if not self._pictures.keys() >= set(shown):
            images = gray_images(self._images[shown.start : shown.stop], *self._range)
            self._pictures = dict(zip(shown, images, strict=True))
        for index in shown:
            self._paint_sample(painter, index, self._pictures[index])
        strip = QRectF(self.rect()).adjusted(MARGIN + 2, 0, -MARGIN - 2, -MARGIN)
        strip.setTop(strip.bottom() - line_height())
        if not shown or self.cell_rect(shown[-1]).bottom() <= strip.top():
            draw_line(painter, strip, self.hover_text() or self.summary(), current_theme().text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the pointer."""
        self._pointed = self._index_at(event.position())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self._pointed = None
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click chooses a sample."""
        index = self._index_at(event.position())
        if index is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows choose the neighbour, Enter or Space says it again."""
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self.columns(),
            Qt.Key.Key_Down: self.columns(),
            Qt.Key.Key_Return: 0,
            Qt.Key.Key_Space: 0,
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None or self._message:
            super().keyPressEvent(event)
            return
        index = 0 if self._selected is None else self._selected + step
        if 0 <= index < len(self._images):
            self._choose(index)

    def sizeHint(self) -> QSize:
        """Room for about three rows."""
        return QSize(320, 250)

    def _shown(self) -> range:
        """The samples that are shown."""
        return range(self._first(), self._first() + self.shown_count())

    def _first(self) -> int:
        """The first sample that is shown: the pages turn with the selected one, and the last page is full."""
        shown = self.shown_count()
        if self._selected is None or not shown:
            return 0
        return min(self._selected // shown * shown, len(self._images) - shown)

    def _choose(self, index: int) -> None:
        self._selected = index
        self.update()
        self.sample_clicked.emit(index)

    def _class_name(self, index: int) -> str:
        return self._names[index] if 0 <= index < len(self._names) else str(index)

    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(MARGIN + 2, MARGIN + 2, -MARGIN - 2, -MARGIN - line_height() - 2)

    def _side(self) -> float:
        room, columns = self._room(), self.columns()
        rows = -(-max(len(self._images), 1) // columns)
        across = (room.width() + _GAP) / columns - _GAP
        down = (room.height() + _GAP) / rows - _GAP - line_height()
        return min(max(min(across, down), _SMALLEST), _LARGEST)

    def _index_at(self, point: QPointF) -> int | None:
        if self._message:
            return None
        return next((i for i in self._shown() if self.cell_rect(i).contains(point)), None)

    def _paint_sample(self, painter: QPainter, index: int, picture: QImage) -> None:
        theme, cell = current_theme(), self.cell_rect(index)
        square = QRectF(cell.left(), cell.top(), cell.width(), cell.width())
        size = picture.size().scaled(square.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRectF(0, 0, size.width(), size.height())
        target.moveCenter(square.center())
        painter.drawImage(target, picture)
        wrong = bool(self._true[index] != self._predicted[index])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.backward if wrong else theme.border), 2.0 if wrong else 1.0))
        painter.drawRect(square)
        if index == self._selected:
            painter.setPen(QPen(QColor(theme.accent), 2.0))
            painter.drawRect(square.adjusted(-2, -2, 2, 2))
        caption = QRectF(cell.left() - _GAP / 2, square.bottom(), cell.width() + _GAP, line_height())
        text = QFontMetricsF(painter.font()).elidedText(
            self.caption(index), Qt.TextElideMode.ElideRight, caption.width()
        )
        painter.setPen(readable(theme.backward) if wrong else QColor(theme.muted))
        painter.drawText(caption, int(Qt.AlignmentFlag.AlignCenter), text)
