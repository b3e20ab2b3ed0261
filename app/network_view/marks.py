"""Small icons that no file holds: the dot of a breakpoint, and an icon looking the other way."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QTransform

from app.icons import icon
from app.theme import current_theme

DOT_RADIUS = 3.6
_SIZE = 32


def paint_dot(painter: QPainter, x: float, y: float, radius: float = DOT_RADIUS) -> None:
    """A breakpoint's dot, with a rim that sets it off from any ground."""
    theme = current_theme()
    painter.setPen(QPen(QColor(theme.panel), radius / 2.5))
    painter.setBrush(QColor(theme.text))
    painter.drawEllipse(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))


def dot_icon(filled: bool) -> QIcon:
    """The dot as an icon; an empty ring where nothing is set."""
    theme = current_theme()
    pixmap = QPixmap(_SIZE, _SIZE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.text if filled else theme.muted), 4))
    painter.setBrush(QColor(theme.text) if filled else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QRectF(8, 8, _SIZE - 16, _SIZE - 16))
    painter.end()
    return QIcon(pixmap)


def mirrored_icon(name: str, color: str) -> QIcon:
    """An icon of the files seen in a mirror."""
    made, flip = QIcon(), QTransform().scale(-1, 1)
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled):
        made.addPixmap(icon(name, color).pixmap(_SIZE, _SIZE, mode).transformed(flip), mode)
    return made
