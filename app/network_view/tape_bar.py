"""The tape of the current batch as a bar: one segment a record, a handle that can be dragged, and what just happened.

The bar only ever asks the document to go somewhere; where the cursor is, is the document's to say.
"""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from app.document.document import Document
from app.network_view.segments import paint_segments, segment_label, segment_rects
from app.network_view.style import font, metrics
from app.plots.numbers import format_count
from app.theme import current_theme, theme_changed
from app.view import TEXT, View

_MARGIN = 10
_OVERHANG = 5.0
_BAR_HEIGHT = 24.0
_LINES = 2
_GRIP = 7.0
_TEXT_POINTS = 9.0


class TapeBar(View):
    """Shows the records of the tape and where the cursor is; click, drag and keys move it."""

    title = "Tape"
    interval = TEXT

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._labels: list[tuple[str, str]] = []
        self._text = ""
        self._dragging = False
        self._pressed_at = 0.0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Tape of the batch")
        theme_changed.connect(self.update)
        for signal in (
            document.position_changed,
            document.selection_changed,
            document.experiment_changed,
            document.data_changed,
            document.running_changed,
        ):
            signal.connect(self.invalidate)

    @property
    def text(self) -> str:
        """The line below the bar: which record was done last, and what it did."""
        return self._text

    @property
    def labels(self) -> list[str]:
        """The full labels of the segments."""
        return [f"{sign} {name}".strip() for sign, name in self._labels]

    def refresh(self) -> None:
        """Show the tape and the cursor."""
        tape = self.document.tape
        self._labels = [segment_label(record) for record in tape.records] if tape else []
        self._text = self._words()
        self.setAccessibleDescription(self._text)
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(820, self._height())

    def minimumSizeHint(self) -> QSize:
        """The height never changes, whatever the account says."""
        return QSize(200, self._height())

    def segment_rect(self, index: int) -> QRectF:
        """Where the segment of a record is."""
        return self._rects()[index]

    def cursor_x(self, cursor: int) -> float:
        """Where the handle stands when so many records are done."""
        rects = self._rects()
        return rects[cursor - 1].right() if cursor and rects else self._bar().left()

    def hover_text(self, point: QPointF) -> str:
        """The account of the record under a point, or the whole text below the bar."""
        tape = self.document.tape
        if tape is None:
            return ""
        if point.y() > self._bar().bottom() + _OVERHANG:
            return self._text
        index = self._segment_at(point.x())
        return "" if index is None else f"{index + 1} of {len(tape)}: {tape.records[index].account}"

    def paintEvent(self, event: QPaintEvent) -> None:
        """Segments, handle, text."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tape = self.document.tape
        if tape is not None:
            records = [record.phase for record in tape.records]
            paint_segments(painter, self._rects(), records, self._labels, self.document.cursor)
            self._paint_handle(painter)
        self._paint_text(painter)
        painter.end()

    def _words(self) -> str:
        document, tape = self.document, self.document.tape
        if tape is None:
            return "There is no batch to step through yet."
        if document.running:
            return "Training runs. Pause to step through a batch."
        if document.record is None:
            return f"Start of batch {format_count(tape.step)}: press Next layer."
        return f"step {document.cursor} of {len(tape)} · {document.record.account}"

    def _paint_handle(self, painter: QPainter) -> None:
        theme, bar = current_theme(), self._bar()
        x = self.cursor_x(self.document.cursor)
        line = QRectF(x - 1.5, bar.top() - _OVERHANG, 3, bar.height() + 2 * _OVERHANG)
        painter.setPen(QPen(QColor(theme.panel), 1))
        painter.setBrush(QColor(theme.accent if self.hasFocus() else theme.text))
        painter.drawRoundedRect(line.adjusted(-0.5, -0.5, 0.5, 0.5), 2, 2)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 1.5))
            painter.drawRoundedRect(bar.adjusted(-3, -3, 3, 3), 6, 6)

    def _paint_text(self, painter: QPainter) -> None:
        top = self._bar().bottom() + _OVERHANG + 1 if self.document.tape else 4
        painter.setFont(font(_TEXT_POINTS))
        painter.setPen(QColor(current_theme().muted))
        height = metrics(_TEXT_POINTS).height()
        for number, line in enumerate(self._text_lines()):
            rect = QRectF(_MARGIN, top + number * height, self.width() - 2 * _MARGIN, height)
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), line)

    def _text_lines(self) -> list[str]:
        """The text in one line, or in two of about the same length, cut short if need be."""
        measure, room = metrics(_TEXT_POINTS), self.width() - 2 * _MARGIN
        if measure.horizontalAdvance(self._text) <= room:
            return [self._text]
        words = self._text.split(" ")
        halves = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))] or [(self._text, "")]
        best = min(halves, key=lambda half: max(measure.horizontalAdvance(line) for line in half))
        return [measure.elidedText(line, Qt.TextElideMode.ElideRight, room) for line in best]

    def _height(self) -> int:
        return int(2 * _OVERHANG + _BAR_HEIGHT + 1 + _LINES * metrics(_TEXT_POINTS).height() + 4)

    def _bar(self) -> QRectF:
        return QRectF(_MARGIN, _OVERHANG, max(1.0, self.width() - 2 * _MARGIN), _BAR_HEIGHT)

    def _rects(self) -> list[QRectF]:
        tape = self.document.tape
        return segment_rects([record.phase for record in tape.records], self._bar()) if tape else []

    def _segment_at(self, x: float) -> int | None:
        rects = self._rects()
        inside = (index for index, rect in enumerate(rects) if x < rect.right())
        return next(inside, len(rects) - 1) if rects and x >= rects[0].left() else None

    def _nearest_cursor(self, x: float) -> int:
        return min(range(len(self._rects()) + 1), key=lambda cursor: abs(self.cursor_x(cursor) - x))

    # Pointer and keys

    def event(self, event: QEvent) -> bool:
        """The tool tip says what a record did."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.hover_text(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle, or jump behind the segment."""
        x, tape = event.position().x(), self.document.tape
        if event.button() != Qt.MouseButton.LeftButton or tape is None:
            return
        if event.position().y() > self._bar().bottom() + _OVERHANG:
            return
        self._dragging, self._pressed_at = True, x
        if abs(x - self.cursor_x(self.document.cursor)) > _GRIP:
            index = self._segment_at(x)
            self.document.go_to(0 if index is None else index + 1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The handle follows to the nearest place between two records."""
        x = event.position().x()
        if self._dragging and abs(x - self._pressed_at) > 3:
            self._pressed_at = -1e9  # from here on every move counts
            cursor = self._nearest_cursor(x)
            if cursor != self.document.cursor:
                self.document.go_to(cursor)
        near = abs(x - self.cursor_x(self.document.cursor)) <= _GRIP
        self.setCursor(Qt.CursorShape.SizeHorCursor if near or self._dragging else Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the handle go."""
        self._dragging = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right step, Home and End go to the ends."""
        tape, cursor = self.document.tape, self.document.cursor
        places = {
            Qt.Key.Key_Left: max(0, cursor - 1),
            Qt.Key.Key_Right: cursor + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(tape) if tape else 0,
        }
        if tape is not None and event.key() in places:
            self.document.go_to(places[Qt.Key(event.key())])
        else:
            event.ignore()
