"""The small colour bar under a picture that says what its colours mean in numbers."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen

from app.theme import current_theme
from core.types import Array

_BAR = 44.0
_PAD = 4.0


def legend_width(painter: QPainter, low: str, high: str) -> float:
    """The room a legend takes with these words at its ends."""
    metrics = QFontMetricsF(painter.font())
    return metrics.horizontalAdvance(low) + metrics.horizontalAdvance(high) + _BAR + 3 * _PAD


def draw_legend(painter: QPainter, strip: QRectF, table: Array, low: str, high: str) -> None:
    """Low word, colour bar, high word, at the right end of a strip.

    Shapes: table (256, 4), rows 1 to 255 are shown
    """
    metrics = QFontMetricsF(painter.font())
    theme = current_theme()
    left = strip.right() - legend_width(painter, low, high) + _PAD
    align = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    painter.setPen(QColor(theme.muted))
    painter.drawText(QRectF(left, strip.top(), strip.width(), strip.height()), align, low)
    bar = QRectF(left + metrics.horizontalAdvance(low) + _PAD, strip.center().y() - 3.5, _BAR, 7)
    row = table[1:]
    image = QImage(row.tobytes(), len(row), 1, 4 * len(row), QImage.Format.Format_RGBA8888)
    painter.drawImage(bar, image)
    painter.setPen(QPen(QColor(theme.border), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(bar)
    painter.setPen(QColor(theme.muted))
    painter.drawText(QRectF(bar.right() + _PAD, strip.top(), strip.width(), strip.height()), align, high)
