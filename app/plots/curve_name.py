"""The words at the end of a curve, on a ground that lets them be read where another curve goes on beneath.

Not pyqtgraph's text item: that draws its ground where it would be on the screen, also into a picture of another size.
"""

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsSimpleTextItem, QStyleOptionGraphicsItem, QWidget

from app.plots.base import small_font
from app.theme import current_theme

_GROUND = 210
"""How much of what lies behind a name is covered, of 255: a past run may go on beneath it."""


class CurveName(QGraphicsSimpleTextItem):
    """A line of words as large as its ground."""

    def __init__(self) -> None:
        super().__init__()
        self._ground = QColor()

    def restyle(self, color: QColor) -> None:
        """Take a colour, and the font and the ground of the current theme."""
        self.setFont(small_font())
        self.setBrush(color)
        self._ground = QColor(current_theme().panel)
        self._ground.setAlpha(_GROUND)

    def place(self, left: float, middle: float) -> None:
        """Begin at `left`, as far above `middle` as below it."""
        self.setPos(QPointF(left, middle - self.boundingRect().height() / 2))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Ground and words."""
        painter.fillRect(self.boundingRect(), self._ground)
        super().paint(painter, option, widget)  # type: ignore[arg-type]  # none in a picture, which Qt allows
