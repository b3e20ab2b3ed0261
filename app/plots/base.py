"""What all painted views share: repainting on a new theme, the empty-state text, the line of words, the focus ring.

A view keeps its data; words about what is under the pointer are made while painting, so that they stay true when new
data arrives under a pointer that rests.
"""

import math
from functools import cache

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QFontMetricsF, QHelpEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from app.theme import SMALL_POINT_SIZE, current_theme, mono_font, theme_changed, ui_font

MARGIN = 4
LINE_GAP = 3
ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
"""The keys that go to the cell beside, and by how many rows and columns."""


class PaintedView(QWidget):
    """A widget that paints arrays; subclasses paint in `paint_content` and describe in `hover_text`."""

    def __init__(self, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._message = ""
        self.setAccessibleName(accessible_name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Without it Qt paints everything that lies behind again, up to the window, with every frame.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme_changed.connect(self.restyle)

    def set_message(self, message: str) -> None:
        """Show a sentence in place of the picture, for example `Flatten has no weights`."""
        if message and message == self._message:
            return
        self._message = message
        self.setAccessibleDescription(message)
        self.update()

    def message(self) -> str:
        """The sentence shown in place of a picture; empty while there is a picture."""
        return self._message

    def hover_text(self) -> str:
        """What is under the pointer or selected by the keyboard, in words; empty if nothing is."""
        return ""

    def tool_tip_text(self) -> str:
        """The tool tip; the same words as the line under the picture unless a view has more to say."""
        return self.hover_text()

    def restyle(self) -> None:
        """The theme has changed."""
        self.update()

    def paint_content(self, painter: QPainter) -> None:
        """Paint the picture; called only while there is no message."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Message or picture, then the ring that shows the keyboard focus."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(current_theme().panel))
        painter.setFont(small_font())
        if self._message:
            draw_message(painter, self.rect(), self._message)
        else:
            self.paint_content(painter)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(current_theme().accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75), 4, 4)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """The tool tip says the same as the line under the picture, which may be cut short."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tool_tip_text(), self)
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        """A comfortable size for a panel."""
        return QSize(280, 200)

    def minimumSizeHint(self) -> QSize:
        """The smallest size that still tells something."""
        return QSize(80, 60)


@cache
def small_font() -> QFont:
    """The font of labels in pictures."""
    return ui_font(SMALL_POINT_SIZE)


@cache
def line_height() -> int:
    """The height of the line of words under a picture."""
    return QFontMetrics(small_font()).height() + LINE_GAP


@cache
def number_metrics() -> QFontMetricsF:
    """Measures of the font of numbers in pictures."""
    return QFontMetricsF(mono_font())


def draw_message(painter: QPainter, rect: QRect, message: str) -> None:
    """A muted sentence in the middle."""
    painter.setFont(ui_font())
    painter.setPen(QColor(current_theme().muted))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(rect.adjusted(8, 4, -8, -4), int(flags), message)
    painter.setFont(small_font())


def draw_line(painter: QPainter, rect: QRectF, text: str, color: QColor | str | None = None) -> None:
    """One line of words, left in its rectangle, cut short with … where it does not fit."""
    painter.setPen(QColor(color or current_theme().muted))
    shown = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)


def draw_title(painter: QPainter, rect: QRectF, text: str, view_width: float = math.inf) -> None:
    """A name at the top of its rectangle, as near to its middle as the view has room, cut short as a line is."""
    metrics = QFontMetricsF(painter.font())
    width = min(rect.width(), metrics.horizontalAdvance(text) + 1)
    left = max(0.0, min(rect.center().x() - width / 2, view_width - width))
    draw_line(painter, QRectF(left, rect.top(), width, metrics.height()), text)


def draw_warning(painter: QPainter, rect: QRectF, text: str) -> float:
    """A warning with a chip in the colour of values that are not finite; returns the width it took."""
    if not text:
        return 0.0
    theme = current_theme()
    side = 8.0
    painter.fillRect(QRectF(rect.left(), rect.center().y() - side / 2, side, side), QColor(theme.not_finite))
    width = QFontMetricsF(painter.font()).horizontalAdvance(text) + side + 6
    painter.setPen(QColor(theme.text))
    painter.drawText(
        rect.adjusted(side + 4, 0, 0, 0), int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text
    )
    return width + 8


def outline(painter: QPainter, rect: QRectF, color: str, width: float = 2.0) -> None:
    """A frame around a cell with a thin contrasting line inside, visible on every colour of a map."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(current_theme().panel), 1))
    painter.drawRect(rect)
    painter.setPen(QPen(QColor(color), width))
    painter.drawRect(rect.adjusted(-width / 2, -width / 2, width / 2, width / 2))


def is_plain(event: QKeyEvent) -> bool:
    """Whether a key was pressed by itself; with Shift, Control and the like it may be a command of the window."""
    return event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier


def moved_far(start: QPointF, end: QPointF) -> bool:
    """Whether a press and a release lie so far apart that it was a drag, not a click."""
    return (end - start).manhattanLength() > 4
