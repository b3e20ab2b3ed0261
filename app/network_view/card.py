"""One card of the network: title, shape, what went forward above, the gradient that came back below."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from app.network_view.card_content import CardContent, Row
from app.network_view.planes import neuron_rects
from app.network_view.style import draw_fitting, fitting, font, metrics, mixed, phase_color, text_color
from app.plots.kept import Kept
from app.theme import current_theme, theme_changed
from core.types import Array

HALO = 4.0
TITLE_HEIGHT = 54
"""The height down to the first row: all that is left of a card when there is no tape."""

_PAD = 7.0
_LABEL = 17.0
_BETWEEN = 5.0
_TALL_SHARE = 0.64
_VALUE_POINTS = 10.0
_RADIUS = 6.0
_SHORT = {
    "Mean squared error": "MSE",
    "Mean absolute error": "MAE",
    "Binary cross-entropy": "BCE",
    "Negative log-likelihood": "NLL",
}
_EMPTY = Row("", "ahead")
_NOTHING = CardContent(-1, "", ("",), _EMPTY, _EMPTY)


class Card(QWidget):
    """Paints a content; `chosen` is sent when it is clicked or Enter is pressed on it."""

    chosen = Signal(int)
    asked = Signal(int, str, object)
    """Where does this number come from: the card's index, the row ("top", "bottom"), the index within the sample.

    The number beside the title is the row "value", and its index is empty.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = _NOTHING
        self._titles_only = False
        self._top_picture, self._bottom_picture = Kept(), Kept()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme_changed.connect(self.update)

    def set_content(self, content: CardContent, titles_only: bool = False) -> None:
        """Show it; nothing is painted again if it is what was shown already."""
        if content == self._content and titles_only == self._titles_only:
            return
        self._content, self._titles_only = content, titles_only
        selected = ", selected" if content.selected else ""
        value = f", {content.value[0]}" if content.value else ""
        self.setAccessibleName(content.name + value + selected)
        rows = (f"{row.name} {_row_note(row)}".rstrip() for row in (content.top, content.bottom) if row.name)
        explains = ("Enter explains the loss",) if content.value and content.selected else ()
        self.setAccessibleDescription("; ".join((*rows, *explains)))
        self.update()

    @property
    def content(self) -> CardContent:
        """What is shown."""
        return self._content

    @property
    def index(self) -> int:
        """The layer's index: −1 the input, the number of layers the loss."""
        return self.content.index

    @property
    def shown_y(self) -> Array | None:
        """The selected sample's values in the top row; None while it is empty."""
        return self.content.top.picture.values if self.content.top.picture else None

    @property
    def shown_dy(self) -> Array | None:
        """The selected sample's values in the bottom row; None while it is empty or not needed."""
        return self.content.bottom.picture.values if self.content.bottom.picture else None

    def top_rect(self) -> QRectF:
        """Where the upper picture is."""
        return self._picture_rects()[0]

    def bottom_rect(self) -> QRectF:
        """Where the lower picture is."""
        return self._picture_rects()[1]

    def neuron_rects(self) -> list[QRectF]:
        """Where the heat maps of the neurons are, or will be."""
        return neuron_rects(self.content.neurons, self.top_rect()) if self.content.neurons else []

    def subtitle_wordings(self) -> tuple[str, ...]:
        """From the longest to the shortest; the size alone, or an abbreviation, rather than words cut short."""
        shorter = self.content.shape or _SHORT.get(self.content.subtitles[-1], "")
        return (*self.content.subtitles, shorter) if shorter else self.content.subtitles

    def value_text(self) -> str:
        """The number beside the title, with fewer digits where there is no room for as many as are set."""
        measure = metrics(_VALUE_POINTS, True).horizontalAdvance
        room = self._inner().width() - measure(f"{self.content.title} ")
        return next((text for text in self.content.value if measure(text) <= room), "".join(self.content.value[-1:]))

    def value_rect(self) -> QRectF:
        """Where the number beside the title is; empty without one."""
        if not self.content.value:
            return QRectF()
        inner, width = self._inner(), metrics(_VALUE_POINTS, True).horizontalAdvance(self.value_text())
        return QRectF(inner.right() - width - 2, inner.top(), width + 4, 20)

    def hover_text(self, point: QPointF) -> str:
        """What lies under a point of the card, in words."""
        if self.value_rect().contains(point):
            return f"loss of this batch: {self.content.value[0]} · click explains it"
        for row, rect in ((self.content.top, self.top_rect()), (self.content.bottom, self.bottom_rect())):
            if row.picture and rect.contains(point):
                words = row.picture.hover_text(point, rect)
                return f"{words}\n{row.hint}" if words and row.hint else words
            label = QRectF(rect.left(), rect.top() - _LABEL, rect.width(), _LABEL)
            if label.contains(point) and not self._titles_only:
                return _row_words(row)
        if point.y() < HALO + TITLE_HEIGHT:
            return f"{self.content.title}\n{self.content.subtitles[0]}"
        return ""

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(120, 300)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, words, both rows."""
        content = self.content
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_frame(painter)
        inner = self._inner()
        painter.setPen(QColor(current_theme().text))
        draw_fitting(
            painter, QRectF(inner.left(), inner.top(), inner.width(), 20), (content.title,), (10, 9, 8.5), True
        )
        if content.value:
            painter.setFont(font(_VALUE_POINTS, True))
            painter.setPen(text_color(phase_color("loss")))
            align = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), 20), align, self.value_text())
        painter.setPen(QColor(current_theme().muted))
        line = QRectF(inner.left(), inner.top() + 20, inner.width(), 17)
        draw_fitting(painter, line, self.subtitle_wordings(), (8.5, 7.5, 7))
        if not self._titles_only:
            theme = current_theme()
            upper, lower = self._picture_rects()
            self._paint_row(painter, content.top, upper, theme.forward, self._top_picture)
            self._paint_row(painter, content.bottom, lower, theme.backward, self._bottom_picture)
        painter.end()

    def _paint_frame(self, painter: QPainter) -> None:
        theme, content = current_theme(), self.content
        frame = QRectF(self.rect()).adjusted(HALO, HALO, -HALO, -HALO)
        color = phase_color(content.active) if content.active else theme.accent
        if content.selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(mixed(color, 0.18))
            painter.drawRoundedRect(frame.adjusted(-HALO, -HALO, HALO, HALO), _RADIUS + HALO, _RADIUS + HALO)
        painter.setBrush(QColor(theme.panel))
        if content.active:
            painter.setPen(QPen(QColor(color), 2))
            painter.drawRoundedRect(frame.adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)
        else:
            painter.setPen(QPen(mixed(theme.accent, 0.5) if content.selected else QColor(theme.border), 1))
            painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.text), 1, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(frame.adjusted(3.5, 3.5, -3.5, -3.5), _RADIUS - 2, _RADIUS - 2)

    def _paint_row(self, painter: QPainter, row: Row, rect: QRectF, color: str, kept: Kept) -> None:
        label = QRectF(rect.left(), rect.top() - _LABEL, rect.width(), _LABEL - 2)
        middle = Qt.AlignmentFlag.AlignVCenter
        name, points = fitting((row.name,), (8.5, 7.5), label.width())
        painter.setFont(font(points))
        painter.setPen(text_color(phase_color(row.phase) if row.phase else color))
        painter.drawText(label, int(Qt.AlignmentFlag.AlignLeft | middle), name)
        room = label.width() - metrics(points).horizontalAdvance(name) - 4
        note, points = fitting((row.note, ""), (8.5, 7.5), room)
        painter.setFont(font(points))
        painter.drawText(label, int(Qt.AlignmentFlag.AlignRight | middle), note)
        if (picture := row.picture) is not None:
            framed = rect.toRect().adjusted(-1, -1, 1, 1)
            kept.draw(painter, framed, (picture,), lambda inside: picture.paint(inside, rect))
        else:
            self._paint_placeholder(painter, row, rect)

    def _paint_placeholder(self, painter: QPainter, row: Row, rect: QRectF) -> None:
        theme = current_theme()
        pen = QPen(QColor(theme.border), 1, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        hatched = row.state == "not needed"
        painter.setBrush(QBrush(QColor(theme.border), Qt.BrushStyle.BDiagPattern) if hatched else Qt.BrushStyle.NoBrush)
        places = self.neuron_rects() if row is self.content.top else []
        for place in places or [rect]:
            painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)

    def _inner(self) -> QRectF:
        return QRectF(self.rect()).adjusted(HALO + _PAD, HALO + _PAD, -HALO - _PAD, -HALO - _PAD)

    def _picture_rects(self) -> tuple[QRectF, QRectF]:
        inner = self._inner()
        top = HALO + TITLE_HEIGHT - _PAD + _LABEL
        height = max(2.0, inner.bottom() - top - _BETWEEN - _LABEL)
        # Whole pixels keep the cells of a picture sharp.
        share = round(height * (_TALL_SHARE if self.content.tall_top else 0.5))
        left, width = round(inner.left()), round(inner.width())
        upper = QRectF(left, round(top), width, share)
        lower = QRectF(left, round(upper.bottom() + _BETWEEN + _LABEL), width, round(height - share))
        return upper, lower

    # Pointer and keys

    def event(self, event: QEvent) -> bool:
        """The tool tip names the entry under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.hover_text(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Once a tool tip is open it follows from entry to entry."""
        if QToolTip.isVisible():
            QToolTip.showText(event.globalPosition().toPoint(), self.hover_text(event.position()), self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose it; on a picture, ask for the number under the pointer too."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.chosen.emit(self.index)
        if self.value_rect().contains(event.position()):
            self.asked.emit(self.index, "value", ())
        for name, row, rect in (
            ("top", self.content.top, self.top_rect()),
            ("bottom", self.content.bottom, self.bottom_rect()),
        ):
            # A sub-step's picture shows numbers that stand in no record.
            entry = row.picture.asked_at(event.position(), rect) if row.picture and row.phase is None else None
            if entry:
                self.asked.emit(self.index, name, entry)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter or Space choose it, and ask for the number beside its title; the arrow keys belong to the tape."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self.content.selected and self.content.value:
                self.asked.emit(self.index, "value", ())
            self.chosen.emit(self.index)
        else:
            event.ignore()


def _row_note(row: Row) -> str:
    return row.note if row.picture or row.note else "not reached yet"


def _row_words(row: Row) -> str:
    if row.state == "not needed":
        return f"{row.name}: not needed, because nothing before this learns"
    if row.picture is None:
        return f"{row.name}: not reached yet"
    return row.picture.label_words()
