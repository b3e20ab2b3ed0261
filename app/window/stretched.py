"""A picture of a widget in front of it, stretched to whatever room there is."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget


class Stretched(QWidget):
    """Shows a widget as it was when this was made; what lies behind is neither laid out nor painted meanwhile."""

    def __init__(self, widget: QWidget) -> None:
        picture = widget.grab()
        super().__init__(widget)
        self._picture = picture
        # Without it Qt would paint what lies behind as well.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setGeometry(widget.rect())
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """As large as this is now."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self.rect(), self._picture)
        painter.end()
