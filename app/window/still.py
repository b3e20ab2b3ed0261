"""A frame between a widget and the window: neither need lay itself out anew whenever the other does."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.window.stretched import Stretched


class Still(QWidget):
    """Holds one widget on a ground of the palette, and tells the window only when that needs another least room.

    A layout passes every new text on to the window, which then lays out all docks anew though nothing has moved.
    """

    def __init__(self, content: QWidget, ground: QPalette.ColorRole, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = content
        content.setParent(self)
        # A ground of its own, or else Qt paints the window behind it again with whatever changes inside.
        self.setAutoFillBackground(True)
        self.setBackgroundRole(ground)
        self.setSizePolicy(content.sizePolicy())
        self._picture: Stretched | None = None
        self._hints: tuple[QSize, QSize] | None = None  # least and best, which Qt asks for a dozen times a layout

    def sizeHint(self) -> QSize:
        """What the content wants."""
        return self._known_hints()[1]

    def minimumSizeHint(self) -> QSize:
        """The least room of the content, also where that was set by hand."""
        return self._known_hints()[0]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The content has all of the room; its picture, while it is held."""
        (self._picture or self.content).setGeometry(self.rect())

    def hold(self) -> None:
        """Show the content as it is now, stretched to the room there is, until `let_go`."""
        if self._picture is None:
            self._picture = Stretched(self)

    def let_go(self) -> None:
        """Show the content itself again."""
        if self._picture is not None:
            self._picture.deleteLater()
            self._picture.hide()
            self._picture = None
            self.content.setGeometry(self.rect())

    def event(self, event: QEvent) -> bool:
        """What a content without a layout around it sends when its text or its children change."""
        if event.type() == QEvent.Type.LayoutRequest:
            before, self._hints = self._hints, None
            if before is None or before[0] != self.minimumSizeHint():
                self.updateGeometry()
        return super().event(event)

    def _known_hints(self) -> tuple[QSize, QSize]:
        if self._hints is None:
            least = self.content.minimumSizeHint().expandedTo(self.content.minimumSize())
            self._hints = least, self.content.sizeHint()
        return self._hints
