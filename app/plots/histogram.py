"""A histogram that does not mislead: exact zeros have a bar of their own, what is not finite is said in words.

Every bar can be clicked, or reached with the arrow keys: that chooses one of the entries it counts.
"""

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.plots.base import MARGIN, PaintedView, draw_line, draw_warning, line_height, outline
from app.plots.distribution import Distribution, bin_of, distribution
from app.plots.numbers import format_count, format_number, format_share
from app.theme import current_theme, theme_color
from core.types import Array

_ZERO_WIDTH = 3.0
_STEP_WITH_GAP = 4.0
_ZEROS = -1  # the bar of the exact zeros, where bins are numbered

_ENDS = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}
_WAYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_CHOICE = {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}
_KEYS = {*_ENDS, *_WAYS, *_CHOICE}


class HistogramView(PaintedView):
    """Shows how values are distributed."""

    entry_chosen = Signal(object)
    """The index of an entry that lies in the bar that was clicked, or on which Enter was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Histogram", parent)
        self._values: Array = np.zeros(0)
        self._explains = ""
        self._preferred: int | None = None
        self._distribution: Distribution = distribution(self._values)
        self._label = ""
        self._color = "accent"
        self._pointer: QPointF | None = None
        self._walked: int | None = None  # the bar the keyboard stands on
        self._marked: int | None = None  # the bar of the entry that was shown last
        self.set_message("No values yet")

    def set_values(
        self, values: Array, label: str, color: str = "accent", explains: str = "", preferred: int | None = None
    ) -> None:
        """Show values of any shape; the colour is a field of the theme, such as `"backward"`, or any other colour.

        A bar can be clicked where `explains` says what that explains ("one"); of the entries it counts one of
        `values[preferred]` is then chosen, if there is one.
        """
        self._values, self._explains, self._preferred = values, explains, preferred
        self._distribution = distribution(values)
        self._label, self._color = label, color
        self.setAccessibleName(f"Histogram of {label}")
        self.set_message("" if self._distribution.total else f"{label} has no values")
        self.setAccessibleDescription(self._summary())
        if self._walked is not None and self._walked not in self._bars():
            self._walked = None

    def show_entry(self, index: tuple[int, ...] | None) -> None:
        """Mark the bar that counts an entry; with None that mark goes, unless the keyboard has walked on from it."""
        if index is None:
            if self._walked == self._marked:
                self._walked = None
            self._marked = None
            self.update()
            return
        value, edges = float(self._values[index]), self._distribution.edges
        at = min(int(np.searchsorted(edges, value, "right")) - 1, len(edges) - 2)
        bar = _ZEROS if value == 0 else at
        self._walked = self._marked = bar if bar in self._bars() else None
        self.update()

    def distribution(self) -> Distribution:
        """The numbers the picture is made of."""
        return self._distribution

    def hover_text(self) -> str:
        """The bar under the pointer or the keyboard: `−0.10 … −0.05: 312 of 12 544 (2.5 %)`, or the zeros."""
        bar = self._current()
        if bar is None:
            return ""
        data = self._distribution
        if bar == _ZEROS:
            return f"exactly 0: {self._part(data.zeros)}"
        low, high = format_number(data.edges[bar], 3), format_number(data.edges[bar + 1], 3)
        return f"{low} … {high}: {self._part(int(data.counts[bar]))}"

    def hint(self) -> str:
        """What a click or Enter would do here; empty where nothing lies."""
        if self._current() not in self._bars():
            return ""
        return f"{'Enter' if self._pointer is None else 'click'} explains {self._explains}"

    def tool_tip_text(self) -> str:
        """All there is to say, for a narrow view."""
        return "\n".join(text for text in (self._summary(), self.hover_text(), self.hint()) if text)

    def paint_content(self, painter: QPainter) -> None:
        """Words above, bars, axis with its ends below."""
        theme, data, area = current_theme(), self._distribution, self._area()
        head = QRectF(MARGIN + 2, MARGIN, self.width() - 2 * MARGIN - 4, line_height())
        metrics = QFontMetricsF(painter.font())
        painter.setPen(QColor(theme.text))
        painter.drawText(head, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), self._label)
        head.setLeft(head.left() + metrics.horizontalAdvance(self._label) + 10)
        head.setLeft(head.left() + draw_warning(painter, head, data.warning()))
        words, hint = self.hover_text(), self.hint()
        if hint and metrics.horizontalAdvance(f"{words} · {hint}") <= head.width():
            words = f"{words} · {hint}"
        draw_line(painter, head, words or data.words(), theme.text if words else theme.muted)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(QLineF(area.bottomLeft(), area.bottomRight()))
        if data.finite:
            self._paint_bars(painter, area)
            self._paint_axis(painter, area)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the bar under the pointer."""
        self._pointer = event.position()
        can_click = bool(self.hint())
        self.setCursor(Qt.CursorShape.PointingHandCursor if can_click else Qt.CursorShape.ArrowCursor)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Back to the words about all values."""
        self._pointer = None
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the entry of the bar whose value lies nearest to the place that was clicked."""
        bar = self._bar_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and bar in self._bars():
            self._walked = bar
            self._choose(bar, self._value_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go from bar to bar, Home and End to the outermost ones, Enter chooses."""
        key, bars = Qt.Key(event.key()), self._bars()
        if key not in _KEYS or not bars:
            super().keyPressEvent(event)
            return
        self._pointer = None
        if key in _CHOICE:
            if self._walked is not None:
                self._choose(self._walked, self._middle(self._walked))
        elif key in _ENDS or self._walked is None:
            self._walked = bars[_ENDS.get(key, 0)]
        else:
            at = bars.index(self._walked) + _WAYS[key]
            self._walked = bars[max(0, min(at, len(bars) - 1))]
        self.setAccessibleDescription(self.hover_text())
        self.update()

    def event(self, event: QEvent) -> bool:
        """The keys that walk here do not step through the tape meanwhile."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in _KEYS
            and self._bars()
        ):
            event.accept()
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(280, 110)

    # Bars: the bins that hold something, and the exact zeros

    def _bars(self) -> list[int]:
        """All bars that can be chosen, from left to right."""
        if self._message or not self._explains:
            return []
        bars = [int(bar) for bar in np.flatnonzero(self._distribution.counts)]
        if self._distribution.zeros:
            bars.append(_ZEROS)
        return sorted(bars, key=self._middle)

    def _middle(self, bar: int) -> float:
        edges = self._distribution.edges
        return 0.0 if bar == _ZEROS else float(edges[bar] / 2 + edges[bar + 1] / 2)

    def _current(self) -> int | None:
        """The bin or bar that is spoken of: under the pointer, else where the keyboard stands."""
        return self._walked if self._pointer is None else self._bar_at(self._pointer)

    def _bar_at(self, point: QPointF) -> int | None:
        data, area = self._distribution, self._area()
        if self._message or data.finite == 0 or not area.left() <= point.x() <= area.right():
            return None
        if data.zeros and abs(point.x() - self._x_of(0.0)) <= _ZERO_WIDTH:
            return _ZEROS
        share = (point.x() - area.left()) / area.width()
        return min(int(share * len(data.counts)), len(data.counts) - 1)

    def _value_at(self, x: float) -> float:
        area, edges = self._area(), self._distribution.edges
        share = (x - area.left()) / area.width()
        return float(edges[0]) * (1 - share) + float(edges[-1]) * share

    def _choose(self, bar: int, wanted: float) -> None:
        self.entry_chosen.emit(self._nearest(bar, wanted))

    def _nearest(self, bar: int, wanted: float) -> tuple[int, ...]:
        """The index of the entry of a bar whose value lies nearest to the one that is wanted."""
        flat = np.ravel(self._values)
        inside = flat == 0 if bar == _ZEROS else bin_of(flat, bar)
        if self._preferred is not None:
            own = np.zeros(self._values.shape, dtype=bool)
            own[self._preferred] = True
            inside = own.ravel() & inside if (own.ravel() & inside).any() else inside
        places = np.flatnonzero(inside)
        with np.errstate(over="ignore"):
            nearest = places[np.abs(flat[places].astype(np.float64) - wanted).argmin()]
        return tuple(int(axis) for axis in np.unravel_index(nearest, self._values.shape))

    def _summary(self) -> str:
        words, warning = f"{self._label}: {self._distribution.words()}", self._distribution.warning()
        return self._message or (f"{words}, {warning}" if warning else words)

    def _part(self, count: int) -> str:
        total = self._distribution.total
        return f"{format_count(count)} of {format_count(total)} ({format_share(count, total)})"

    # Painting

    def _area(self) -> QRectF:
        lines = line_height()
        return QRectF(self.rect()).adjusted(MARGIN + 2, MARGIN + lines + 2, -MARGIN - 2, -MARGIN - lines)

    def _x_of(self, value: float) -> float:
        area, edges = self._area(), self._distribution.edges
        return area.left() + area.width() * (value - float(edges[0])) / float(edges[-1] - edges[0])

    def _paint_bars(self, painter: QPainter, area: QRectF) -> None:
        theme, data = current_theme(), self._distribution
        tallest = int(data.counts.max())
        step = area.width() / len(data.counts)
        color, current = theme_color(self._color), self._current()
        for index, count in enumerate(data.counts):
            if count:
                # At least a pixel: a bin that is not empty must not look empty.
                height = max(1.0, area.height() * float(count) / tallest)
                left, right = round(area.left() + index * step), round(area.left() + (index + 1) * step)
                gap = 1 if step >= _STEP_WITH_GAP else 0
                bar = QRectF(left, area.bottom() - height, max(right - left - gap, 1), height)
                painter.fillRect(bar, color)
                if index == current:
                    self._mark(painter, bar)
        if data.zeros:
            height = area.height() * (min(1.0, data.zeros / tallest) if tallest else 1.0)
            bar = QRectF(self._x_of(0.0) - _ZERO_WIDTH / 2, area.bottom() - height, _ZERO_WIDTH, height)
            painter.fillRect(bar, QColor(theme.text))
            if current == _ZEROS:
                self._mark(painter, bar)

    def _mark(self, painter: QPainter, bar: QRectF) -> None:
        if self._explains:
            outline(painter, bar, current_theme().text, 1.0)

    def _paint_axis(self, painter: QPainter, area: QRectF) -> None:
        data = self._distribution
        painter.setPen(QColor(current_theme().muted))
        below = QRectF(area.left(), area.bottom() + 1, area.width(), line_height())
        low, high = format_number(float(data.edges[0]), 3), format_number(float(data.edges[-1]), 3)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft) | middle, low)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignRight) | middle, high)
        metrics, zero = QFontMetricsF(painter.font()), self._x_of(0.0)
        ends = metrics.horizontalAdvance(low) + 8, metrics.horizontalAdvance(high) + 8
        if area.left() + ends[0] < zero < area.right() - ends[1]:
            painter.drawText(QRectF(zero - 10, below.top(), 20, below.height()), int(Qt.AlignmentFlag.AlignCenter), "0")
