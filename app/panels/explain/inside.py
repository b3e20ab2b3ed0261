"""The lines of calculation inside the record that was stepped into, with the number that was asked for in each of them.

So a calculation reads from top to bottom with one's own numbers, as far as each line has one for that entry.
"""

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.document.document import Document
from app.layouts import fill, label
from app.panels.explain.words import place_name, record_name
from app.plots.base import PaintedView, draw_line, line_height, number_metrics, small_font
from app.plots.numbers import Precision, format_number
from app.theme import current_theme, mono_font, theme_color
from core.explain.scene import Step
from core.substeps import SubStep
from core.substeps.entries import entry_of

_WITH_FORMULAS = 10
"""Records with more lines (a convolution's windows) have formulas that are alike; they show the marked line's only."""

_PAD = 5.0
_BAR = 3.0
_KEYS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class InsideView(QWidget):
    """Follows the walk into a record; takes no room outside of records.

    The tab it is part of says when to draw: what takes no room cannot be seen, and would never draw itself again.
    """

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.heading, self.lines, self.words = label(role="note", wrap=True), LinesView(), label(role="note", wrap=True)
        fill(self, self.heading, self.lines, self.words, spacing=4)
        self.lines.line_chosen.connect(document.walk.go_to_substep)
        document.running_changed.connect(self._leave)

    def refresh(self) -> None:
        """The lines of the record, or nothing."""
        walk, record = self.document.walk, self.document.record
        line = walk.substep
        for widget in (self.heading, self.lines, self.words):
            widget.setVisible(line is not None)
        asked, step = self.document.questions.current, self.document.step
        if line is None or record is None or step is None:
            return
        numbers = self._numbers(step)
        count = len(walk.substeps)
        heading = f"Inside of {record_name(step, self.document.cursor - 1)}: {count} sub-step{'s' * (count != 1)}"
        if asked is not None and any(number is not None for number in numbers):
            heading += f", with the number at {place_name(step, asked)}"
        else:
            heading += ". Click a number of this record to follow it through them."
        self.heading.setText(heading)
        self.lines.set_lines(walk.substeps, numbers, walk.position, record.phase)
        formula = "" if self.lines.has_formulas else f"{line.formula}\n"
        self.words.setText(f"{formula}{line.words}")

    def _leave(self) -> None:
        """A training that begins to run ends the walk at once; the clock redraws only what goes on changing."""
        for widget in (self.heading, self.lines, self.words):
            widget.hide()

    def _numbers(self, step: Step) -> list[float | None]:
        """What every line gives at the entry that was asked for."""
        walk, asked = self.document.walk, self.document.questions.current
        if asked is None:
            return [None] * len(walk.substeps)
        position = self.document.cursor - 1
        indices = (entry_of(step, position, line, asked) for line in walk.substeps)
        return [
            None if index is None else float(line.tensor[index])
            for line, index in zip(walk.substeps, indices, strict=True)
        ]


class LinesView(PaintedView):
    """A row for each line: its name, its formula, its number; the shown one is marked."""

    line_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Sub-steps", parent)
        self._lines: tuple[SubStep, ...] = ()
        self._numbers: list[float | None] = []
        self._position = 0
        self._color = "forward"
        self._pointer: QPointF | None = None

    @property
    def has_formulas(self) -> bool:
        """Whether every line shows its formula."""
        return len(self._lines) <= _WITH_FORMULAS

    def set_lines(self, lines: tuple[SubStep, ...], numbers: list[float | None], position: int, color: str) -> None:
        """Show lines with the number of each, one of them marked, in the colour of a direction."""
        self._lines, self._numbers, self._position, self._color = lines, numbers, position, color
        self._fit_height()
        self.set_message("")
        self.setAccessibleDescription(f"{position + 1} of {len(lines)}: {self.line_words(position)}")

    def line_words(self, number: int) -> str:
        """All there is to say of a line: `x̂ = 0.5631, x̂ = (x − mean) / √(var + 1e-05). Divided by …`."""
        line, value = self._lines[number], self._numbers[number]
        given = "" if value is None else f" = {format_number(value)}"
        return f"{line.name}{given}\n{line.formula}\n{line.words}"

    def hover_text(self) -> str:
        """The line under the pointer, else the marked one."""
        number = self._line_at(self._pointer) if self._pointer is not None else None
        shown = self._position if number is None else number
        return self.line_words(shown) if self._lines else ""

    def line_rect(self, number: int) -> QRectF:
        """Where a line is."""
        column, row = divmod(number, self._rows())
        width = self.width() / self._columns()
        return QRectF(column * width, row * self._row_height(), width, self._row_height())

    def paint_content(self, painter: QPainter) -> None:
        """Rows; those up to the shown one have the full colour of the direction."""
        hovered = self._line_at(self._pointer) if self._pointer is not None else None
        for number in range(len(self._lines)):
            self._paint_line(painter, number, number == hovered)

    def _paint_line(self, painter: QPainter, number: int, hovered: bool) -> None:
        theme, line, value = current_theme(), self._lines[number], self._numbers[number]
        rect, marked = self.line_rect(number), number == self._position
        if marked or hovered:
            painter.fillRect(rect, QColor(theme.selected if marked else theme.hover))
        bar = theme_color(self._color)
        bar.setAlphaF(1.0 if number <= self._position else 0.25)
        painter.fillRect(QRectF(rect.left(), rect.top() + 1, _BAR, rect.height() - 2), bar)
        first = QRectF(rect.left() + _BAR + _PAD, rect.top(), rect.width() - _BAR - 2 * _PAD, line_height())
        font = QFont(small_font())
        font.setBold(marked)
        painter.setFont(font)
        draw_line(painter, first.adjusted(0, 0, -_number_room(), 0), line.name, theme.text)
        painter.setFont(mono_font())
        if value is not None:
            painter.setPen(QColor(theme.text))
            right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(first, right, format_number(value))
        if self.has_formulas:
            draw_line(painter, first.translated(0, line_height()), line.formula)
        painter.setFont(small_font())

    # Pointer and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show that lines can be clicked."""
        self._pointer = event.position()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self._pointer = None
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click goes to the line."""
        number = self._line_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and number is not None:
            self.line_chosen.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go from line to line."""
        move = _KEYS.get(Qt.Key(event.key()))
        if move is None:
            super().keyPressEvent(event)
        else:
            self.line_chosen.emit(self._position + move)

    def event(self, event: QEvent) -> bool:
        """Keys that go from line to line do nothing else; a tool tip tells what the line under the pointer does."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _KEYS:
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self._line_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if number is None else self.line_words(number), self)
            return True
        return super().event(event)

    # Sizes

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may want another number of columns."""
        super().resizeEvent(event)
        self._fit_height()

    def sizeHint(self) -> QSize:
        """As wide as the tab, as high as its lines."""
        return QSize(280, self.height())

    def _columns(self) -> int:
        if self.has_formulas:
            return 1
        words = QFontMetricsF(small_font())
        name = max(words.horizontalAdvance(line.name) for line in self._lines)
        return max(1, int(self.width() // (name + _number_room() + _BAR + 2 * _PAD)))

    def _rows(self) -> int:
        return max(1, math.ceil(len(self._lines) / self._columns()))

    def _row_height(self) -> float:
        return line_height() * (2 if self.has_formulas else 1) + (3 if self.has_formulas else 1)

    def _fit_height(self) -> None:
        self.setFixedHeight(math.ceil(self._rows() * self._row_height()))

    def _line_at(self, point: QPointF) -> int | None:
        return next((i for i in range(len(self._lines)) if self.line_rect(i).contains(point)), None)


def _number_room() -> float:
    """The width of the longest number with as many digits as are set, so that no name moves when numbers change."""
    return number_metrics().horizontalAdvance("0" * (Precision.digits + 5)) + _PAD
