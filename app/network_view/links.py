"""One weight drawn as a line between two neurons: its curve, for painting and for finding it under the pointer."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath


@dataclass(frozen=True)
class Link:
    """The weight [row, column] between the neurons `column` before and `row` after."""

    row: int
    column: int
    start: QPointF
    end: QPointF
    value: float

    def height_at(self, x: float) -> float:
        """Where the link is at a horizontal place: it leaves and arrives level."""
        u = min(1.0, max(0.0, (x - self.start.x()) / (self.end.x() - self.start.x())))
        return self.start.y() + (self.end.y() - self.start.y()) * u * u * (3 - 2 * u)

    def path(self) -> QPainterPath:
        """The same curve: controls at the thirds make x go evenly and y as in `height_at`."""
        third = (self.end.x() - self.start.x()) / 3
        path = QPainterPath(self.start)
        path.cubicTo(
            QPointF(self.start.x() + third, self.start.y()), QPointF(self.end.x() - third, self.end.y()), self.end
        )
        return path
