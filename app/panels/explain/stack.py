"""A sum as a stack of bars, each beginning where the one above ended: the parts of an update, the paths of a gradient.

The bars have a scale of their own, from the smallest to the largest sum on the way; what the whole sum is added to (the
weight before) would dwarf them and is only written.
"""

import dataclasses
import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.panels.explain.pointed import Cell, PointedView
from app.plots.base import draw_line, line_height, number_metrics, small_font
from app.plots.numbers import format_number, format_signed
from app.theme import blend, current_theme, mono_font, theme_color
from core.explain import Place

_PAD = 4.0
_LABEL_SHARE = 0.48  # most of the width that labels may take
_THIN = 2.0  # a part that is 0 is still seen


@dataclasses.dataclass(frozen=True)
class Bar:
    """One part: what it is called, what it adds, what lies behind it, and the theme's colour for it."""

    label: str
    value: float
    place: Place | None
    color: str


@dataclasses.dataclass(frozen=True)
class Stack:
    """Parts in order, what their sum is called, and its colour."""

    bars: tuple[Bar, ...]
    total_label: str
    total_color: str
    zero: str = "the dotted line is 0"  # what the beginning of the first bar stands for

    @property
    def total(self) -> float:
        """What the parts add up to."""
        return math.fsum(bar.value for bar in self.bars)

    def ends(self) -> list[float]:
        """Where each bar ends: the sum of the parts so far; what is not finite counts as nothing here."""
        sums, so_far = [], 0.0
        for bar in self.bars:
            so_far += bar.value if math.isfinite(bar.value) else 0.0
            sums.append(so_far)
        return sums


class StackView(PointedView):
    """Draws a stack, a row a part, and their sum below; a click asks for what is behind a part."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Parts that add up", parent)
        self._stack = Stack((), "", "text")

    def set_stack(self, stack: Stack) -> None:
        """Show these parts."""
        self._stack = stack
        self.forget_pointed()
        self.setFixedHeight(math.ceil((len(stack.bars) + 2) * self._row_height() + 2 * _PAD))
        numbers = (f"{bar.label} {format_number(bar.value)}" for bar in stack.bars)
        self.setAccessibleDescription(f"{stack.total_label} {format_number(stack.total)} = {', '.join(numbers)}")
        self.set_message("")

    def stack(self) -> Stack:
        """What is shown."""
        return self._stack

    def hover_text(self) -> str:
        """The part that is pointed at, and that it can be clicked; else where the bars begin."""
        cell = self.pointed()
        if cell is None:
            return self._stack.zero
        bar = self._stack.bars[cell[0]]
        more = ": click to see what is behind it" if bar.place else ""
        return f"{bar.label} {format_number(bar.value)}{more}"

    def bar_rect(self, number: int) -> QRectF:
        """Where a part is drawn; after the last one follows their sum."""
        ends = [0.0, *self._stack.ends()]
        start, end = (0.0, ends[-1]) if number == len(self._stack.bars) else (ends[number], ends[number + 1])
        low, high = min(ends), max(ends)
        room, reach = self._bars_room(number), (high - low) or 1.0
        left, right = (room.left() + (at - low) / reach * room.width() for at in sorted((start, end)))
        if right - left < _THIN:
            left = min(left, room.right() - _THIN)
            right = left + _THIN
        return QRectF(left, room.top() + 3, right - left, room.height() - 6)

    def paint_content(self, painter: QPainter) -> None:
        """A row a part: label, bar, number; the sum; words."""
        theme, stack = current_theme(), self._stack
        if not stack.bars:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pointed = self.pointed()
        for number, bar in enumerate((*stack.bars, Bar(stack.total_label, stack.total, None, stack.total_color))):
            row, is_total = self._row(number), number == len(stack.bars)
            if pointed == (number,):
                painter.fillRect(row, QColor(theme.selected))
            if is_total:
                painter.setPen(QPen(QColor(theme.border), 1))
                painter.drawLine(row.topLeft(), row.topRight())
            self._paint_words(painter, row, bar)
            finite = math.isfinite(bar.value)
            painter.fillRect(self.bar_rect(number), bar_color(bar.color) if finite else QColor(theme.not_finite))
        self._paint_joints(painter)
        line = self._row(len(stack.bars) + 1)
        draw_line(painter, line, self.hover_text(), theme.text if pointed else theme.muted)

    def cell_at(self, point: QPointF) -> Cell | None:
        """The part whose row is there."""
        return next(((n,) for n in range(len(self._stack.bars)) if self._row(n).contains(point)), None)

    def cell_beside(self, cell: Cell | None, down: int, right: int) -> Cell | None:
        """The part above or below."""
        number = 0 if cell is None else cell[0] + down
        return (number,) if 0 <= number < len(self._stack.bars) else None

    def activate(self, cell: Cell) -> None:
        """Ask for what is behind the part."""
        if (place := self._stack.bars[cell[0]].place) is not None:
            self.place_asked.emit(place)

    def sizeHint(self) -> QSize:
        """As wide as the tab, as high as its rows."""
        return QSize(280, self.minimumHeight())

    def _row_height(self) -> float:
        return line_height() + 3.0

    def _row(self, number: int) -> QRectF:
        return QRectF(0, _PAD + number * self._row_height(), self.width(), self._row_height())

    def _columns(self) -> tuple[float, float]:
        """The widths of labels and numbers."""
        bars = (*self._stack.bars, Bar(self._stack.total_label, self._stack.total, None, ""))
        metrics, numbers = QFontMetricsF(small_font()), number_metrics()
        labels = max(metrics.horizontalAdvance(bar.label) for bar in bars) + 2 * _PAD
        widest = max(numbers.horizontalAdvance(format_signed(bar.value)) for bar in bars) + 2 * _PAD
        return min(labels, _LABEL_SHARE * self.width()), widest

    def _bars_room(self, number: int) -> QRectF:
        labels, numbers = self._columns()
        return self._row(number).adjusted(labels, 0, -numbers, 0)

    def _paint_words(self, painter: QPainter, row: QRectF, bar: Bar) -> None:
        labels, numbers = self._columns()
        name = QRectF(row.left() + _PAD, row.top(), labels - _PAD, row.height())
        draw_line(painter, name, bar.label, current_theme().text)
        painter.setFont(mono_font())
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(
            QRectF(row.right() - numbers, row.top(), numbers - _PAD, row.height()), right, format_signed(bar.value)
        )
        painter.setFont(small_font())

    def _paint_joints(self, painter: QPainter) -> None:
        """Where the sum stands between two rows, and the line where it begins."""
        ends, first = [0.0, *self._stack.ends()], self._bars_room(0)
        low, reach = min(ends), (max(ends) - min(ends)) or 1.0
        pen = QPen(QColor(current_theme().muted), 1, Qt.PenStyle.DotLine)
        painter.setPen(pen)
        zero, bottom = first.left() + (0 - low) / reach * first.width(), self._row(len(self._stack.bars)).bottom()
        painter.drawLine(QPointF(zero, first.top()), QPointF(zero, bottom))
        for number, end in enumerate(ends[1:]):
            x = first.left() + (end - low) / reach * first.width()
            rows = self.bar_rect(number), self.bar_rect(number + 1)
            painter.drawLine(QPointF(x, rows[0].bottom()), QPointF(x, rows[1].top()))


def bar_color(name: str) -> QColor:
    """A colour of the theme; `"update:50"` is half of it and half the panel."""
    field, _, percent = name.partition(":")
    color = theme_color(field)
    return blend(color, current_theme().panel, int(percent) / 100) if percent else color
