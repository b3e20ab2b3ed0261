"""The tape of the current batch as a bar: one segment a record, a handle that can be dragged, and what just happened.

The bar only ever asks the document and its walk to go somewhere; where the cursor is, is theirs to say.
"""

from functools import partial

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QHideEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from app.document.document import Document
from app.network_view.ahead import Ahead
from app.network_view.marks import paint_dot
from app.network_view.play_control import PlayControl
from app.network_view.player import Player
from app.network_view.segments import paint_segments, paint_substeps, segment_label, segment_rects, substep_rects
from app.network_view.tape_lines import paint_text, text_height
from app.network_view.tape_words import memory_words, substep_words, tape_words
from app.plots.kept import Kept
from app.theme import current_theme, theme_changed
from app.view import TEXT, View
from core.words import layer_words

_MARGIN = 10
_OVERHANG = 5.0
_BAR_HEIGHT = 24.0
_SUBSTEPS_HEIGHT = 17.0
_SUBSTEPS_GAP = 1.0
_GRIP = 7.0
_CONTROL_GAP = 12
_NARROW = 420
"""Below this width the text needs all the room."""


class TapeBar(View):
    """Shows the records of the tape and where the cursor is; click and drag move it, a right click sets a breakpoint.

    Inside of a record its sub-steps stand below it as smaller segments.
    """

    title = "Tape"
    interval = TEXT

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._labels: list[tuple[str, ...]] = []
        self._text = ""
        self._full, self._pale = Kept(), Kept()
        self._dragging = False
        self._pressed_at = 0.0
        self.player = Player(document, self)
        self.ahead = Ahead(document, self)
        self.control = PlayControl(document, self.player, self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Tape of the batch")
        theme_changed.connect(self.update)
        document.walk.breakpoints.changed.connect(self.invalidate)
        for signal in (
            document.position_changed,
            document.selection_changed,
            document.experiment_changed,
            document.data_changed,
            document.running_changed,
            document.walk.changed,
        ):
            signal.connect(self.invalidate)

    @property
    def text(self) -> str:
        """The line below the bar: which record was done last, and what it did."""
        return self._text

    @property
    def labels(self) -> list[str]:
        """The full labels of the segments."""
        return [wordings[0] for wordings in self._labels]

    def refresh(self) -> None:
        """Show the tape and the cursor."""
        tape = self.document.tape
        self._labels = [segment_label(record) for record in tape.records] if tape else []
        self._text = tape_words(self.document)
        self.setAccessibleDescription(self._text)
        if self.minimumHeight() != self._height():
            self.setMinimumHeight(self._height())
            self.updateGeometry()
            self._place_control()
        # Not the buttons, which no step changes.
        self.update(QRegion(self.rect()) - QRegion(self.control.geometry()))

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(820, self._height())

    def minimumSizeHint(self) -> QSize:
        """The height changes with Step into and Step out alone, whatever the account says."""
        return QSize(200, self._height())

    def segment_rect(self, index: int) -> QRectF:
        """Where the segment of a record is."""
        return self._rects()[index]

    def substep_rect(self, index: int) -> QRectF:
        """Where the segment of a sub-step is."""
        return self._substep_rects()[index]

    def cursor_x(self, cursor: int) -> float:
        """Where the handle stands when so many records are done."""
        rects = self._rects()
        return rects[cursor - 1].right() if cursor and rects else self._bar().left()

    def hover_text(self, point: QPointF) -> str:
        """The account of the record under a point, or the whole text below the bar and what the tapes take."""
        tape, walk = self.document.tape, self.document.walk
        if tape is None:
            return ""
        for index, rect in enumerate(self._substep_rects()):
            if rect.contains(point):
                return substep_words(walk.substeps, index)
        if point.y() > self._bar().bottom() + _OVERHANG:
            return f"{self._text}\n{memory_words(self.document)}"
        index_ = self._segment_at(point.x())
        if index_ is None:
            return ""
        record = tape.records[index_]
        layer = "" if record.phase in ("loss", "update") else f", {layer_words(record.index)}"
        return f"{index_ + 1} of {len(tape)}{layer} · {record.account}"

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Segments, breakpoints, handle, sub-steps, text."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tape = self.document.tape
        if tape is not None:
            rects = self._rects()
            self._paint_segments(painter, rects)
            for record, rect in zip(tape.records, rects, strict=True):
                if self.document.walk.breakpoints.is_at(record):
                    paint_dot(painter, rect.left() + 6, rect.top() + 6)
            self._paint_handle(painter)
            self._paint_substeps(painter)
        paint_text(painter, self._text, self._text_room())
        painter.end()

    def _paint_segments(self, painter: QPainter, rects: list[QRectF]) -> None:
        """All in full colour up to the cursor, all pale behind it; a step only moves the border between the two."""
        tape = self.document.tape
        assert tape
        bar, x = self._bar().toAlignedRect(), self.cursor_x(self.document.cursor)
        labels, phases = self._labels, [record.phase for record in tape.records]
        sides = (
            (self._full, len(tape), QRectF(0, 0, x, self.height())),
            (self._pale, 0, QRectF(x, 0, self.width() - x, self.height())),
        )
        for kept, cursor, side in sides:
            painter.setClipRect(side)
            paint = partial(paint_segments, rects=rects, phases=phases, labels=labels, cursor=cursor)
            kept.draw(painter, bar, (rects, labels), paint)
        painter.setClipping(False)

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

    def _paint_substeps(self, painter: QPainter) -> None:
        walk, record = self.document.walk, self.document.record
        if walk.substeps and record:
            names = [step.name for step in walk.substeps]
            paint_substeps(painter, self._substep_rects(), names, record.phase, walk.position)

    # Places

    def _height(self) -> int:
        inside = _SUBSTEPS_HEIGHT + 2 * _SUBSTEPS_GAP if self.document.walk.substeps else 0
        return int(2 * _OVERHANG + _BAR_HEIGHT + inside + 1 + text_height())

    def _bar(self) -> QRectF:
        return QRectF(_MARGIN, _OVERHANG, max(1.0, self.width() - 2 * _MARGIN), _BAR_HEIGHT)

    def _text_room(self) -> QRectF:
        left = self.control.geometry().right() + _CONTROL_GAP if self.control.isVisibleTo(self) else _MARGIN
        below = self._bar().bottom() + _OVERHANG + 1
        if self.document.walk.substeps:
            below += _SUBSTEPS_HEIGHT + 2 * _SUBSTEPS_GAP
        top = below if self.document.tape else 4
        return QRectF(left, top, self.width() - _MARGIN - left, self.height() - top)

    def _rects(self) -> list[QRectF]:
        tape = self.document.tape
        return segment_rects([record.phase for record in tape.records], self._bar()) if tape else []

    def _substep_rects(self) -> list[QRectF]:
        document, bar = self.document, self._bar()
        if not document.walk.substeps or not document.cursor:
            return []
        room = QRectF(bar.left(), bar.bottom() + _OVERHANG + _SUBSTEPS_GAP, bar.width(), _SUBSTEPS_HEIGHT)
        return substep_rects(len(document.walk.substeps), self._rects()[document.cursor - 1], room)

    def _segment_at(self, x: float) -> int | None:
        rects = self._rects()
        inside = (index for index, rect in enumerate(rects) if x < rect.right())
        return next(inside, len(rects) - 1) if rects and x >= rects[0].left() else None

    def _nearest_cursor(self, x: float) -> int:
        return min(range(len(self._rects()) + 1), key=lambda cursor: abs(self.cursor_x(cursor) - x))

    def _place_control(self) -> None:
        self.control.setVisible(self.width() >= _NARROW)
        self.control.adjustSize()
        middle = self._height() - text_height() / 2
        self.control.move(_MARGIN - 4, round(middle - self.control.height() / 2))

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The play control stays at the left, below the bar."""
        super().resizeEvent(event)
        self._place_control()

    def hideEvent(self, event: QHideEvent) -> None:
        """What is not seen does not play."""
        super().hideEvent(event)
        self.player.stop()
        self.ahead.stop()

    def event(self, event: QEvent) -> bool:
        """The tool tip says what a record did."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.hover_text(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle, jump behind the segment, or set a breakpoint at it; below, show a sub-step."""
        point, tape = event.position(), self.document.tape
        if tape is None:
            return
        if point.y() > self._bar().bottom() + _OVERHANG:
            for index, rect in enumerate(self._substep_rects()):
                if rect.contains(point) and event.button() == Qt.MouseButton.LeftButton:
                    self.document.walk.go_to_substep(index)
        elif event.button() == Qt.MouseButton.RightButton:
            segment = self._segment_at(point.x())
            if segment is not None:
                self.document.walk.breakpoints.toggle(tape.records[segment])
        elif event.button() == Qt.MouseButton.LeftButton:
            self._press(point.x())

    def _press(self, x: float) -> None:
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
