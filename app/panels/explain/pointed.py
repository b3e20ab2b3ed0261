"""What the pictures of the Explain tab share: pointer or arrow keys point at an entry, a click or Enter asks for it.

The pointer is kept as a point and looked up while painting, so that the words stay true when new data arrives under a
pointer that rests.
"""

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from app.plots.base import ARROWS, PaintedView, is_plain, moved_far

Cell = tuple[int, ...]
"""An entry of a picture, in whatever coordinates the picture has."""

_ASK = {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}


class PointedView(PaintedView):
    """A painted view of entries; subclasses say where they lie and what asking for one means."""

    place_asked = Signal(object)
    """The place of the entry that was clicked."""

    def __init__(self, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(accessible_name, parent)
        self._pointer: QPointF | None = None
        self._walked: Cell | None = None
        self._press: QPointF | None = None

    # What subclasses say.

    def cell_at(self, point: QPointF) -> Cell | None:
        """The entry under a point."""
        raise NotImplementedError

    def cell_beside(self, cell: Cell | None, down: int, right: int) -> Cell | None:
        """Where an arrow key leads from an entry, or from none; None where there is nothing."""
        raise NotImplementedError

    def activate(self, cell: Cell) -> None:
        """An entry was clicked, or Enter was pressed on it."""
        raise NotImplementedError

    # What subclasses ask.

    def pointed(self) -> Cell | None:
        """The entry under the pointer, else the one the arrow keys went to."""
        return self.cell_at(self._pointer) if self._pointer is not None else self._walked

    def forget_pointed(self) -> None:
        """Other entries are shown: where the arrow keys were means nothing any more."""
        self._walked = None

    # Pointer and keys.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the pointer, and show that it can be clicked."""
        self._pointer = event.position()
        over = self.cell_at(self._pointer) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self._pointer = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The start of a click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press that did not move is a click."""
        press, self._press = self._press, None
        if event.button() != Qt.MouseButton.LeftButton or press is None or moved_far(press, event.position()):
            return
        if (cell := self.cell_at(event.position())) is not None:
            self.activate(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk through the entries, Enter or Space asks for one; where none is pointed at, all begin a walk."""
        key, cell = Qt.Key(event.key()), self.pointed()
        if key in _ASK and cell is not None:
            self.activate(cell)
        elif _is_own(event):
            self._pointer = None
            self._walked = self.cell_beside(cell, *ARROWS.get(key, (0, 0))) or cell
            self.update()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """The keys that walk here neither step through the tape nor start a training meanwhile."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_own(event):
            event.accept()
            return True
        return super().event(event)


def _is_own(event: QKeyEvent) -> bool:
    """Whether a key is one of those that walk and ask; with Shift or Control it is somebody else's."""
    return is_plain(event) and (event.key() in ARROWS or event.key() in _ASK)
