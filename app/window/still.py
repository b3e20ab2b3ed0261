"""A frame that keeps what happens inside from laying the whole window out anew."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QWidget


class Still(QWidget):
    """Holds one widget on a ground of the palette, and tells the window only when that needs another least room.

    A layout passes every new text on to the window, which then lays out all docks anew though nothing has moved.
    """

    def __init__(self, content: QWidget, ground: QPalette.ColorRole, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = content
        content.setParent(self)
        # A ground of its own, or else Qt paints the window behind it again with whatever changes inside.
        self.setAutoFillBackground(True)
        self.setBackgroundRole(ground)
        self.setSizePolicy(content.sizePolicy())
        self._hints: tuple[QSize, QSize] | None = None  # least and best, which Qt asks for a dozen times a layout

    def sizeHint(self) -> QSize:
        """What the content wants."""
        return self._known_hints()[1]

    def minimumSizeHint(self) -> QSize:
        """The least room of the content, also where that was set by hand."""
        return self._known_hints()[0]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The content has all of the room."""
        self._content.setGeometry(self.rect())

    def event(self, event: QEvent) -> bool:
        """What a content without a layout around it sends when its text or its children change."""
        if event.type() == QEvent.Type.LayoutRequest:
            before, self._hints = self._hints, None
            if before is None or before[0] != self.minimumSizeHint():
                self.updateGeometry()
        return super().event(event)

    def _known_hints(self) -> tuple[QSize, QSize]:
        if self._hints is None:
            least = self._content.minimumSizeHint().expandedTo(self._content.minimumSize())
            self._hints = least, self._content.sizeHint()
        return self._hints
