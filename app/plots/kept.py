"""What takes long to paint, kept as it was painted last."""

from collections.abc import Callable

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter, QPixmap

from app.theme import current_theme


class Kept:
    """A part of a widget on the ground of a panel; it is painted again only once its size, its theme or its key differ.

    A widget is painted for many reasons, most of which have nothing to do with the part.
    """

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._pixmap = QPixmap()

    def draw(self, painter: QPainter, rect: QRect, key: tuple[object, ...], paint: Callable[[QPainter], None]) -> None:
        """Draw it into a rectangle of the painter's widget, in whose coordinates `paint` paints it.

        The key names everything that is painted; objects in it are compared by their own equality.
        """
        ratio, theme = painter.device().devicePixelRatioF(), current_theme()
        full = (ratio, theme, rect, *key)
        if full != self._key:
            pixmap = QPixmap(rect.size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(QColor(theme.panel))
            inside = QPainter(pixmap)
            inside.setRenderHints(painter.renderHints())
            inside.setFont(painter.font())
            inside.translate(-rect.topLeft())
            paint(inside)
            inside.end()
            self._key, self._pixmap = full, pixmap
        painter.drawPixmap(rect.topLeft(), self._pixmap)
