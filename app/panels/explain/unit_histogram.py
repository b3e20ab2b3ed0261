"""A histogram with the place of one value in it; a bar that is clicked asks for the value that lies nearest."""

import dataclasses

import numpy as np
from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.plots.histogram import HistogramView
from app.plots.numbers import format_number
from app.theme import current_theme
from core.explain import Places
from core.types import Array

_HEIGHT = 104
_TIP = 4.0


@dataclasses.dataclass(frozen=True, eq=False)
class Units:
    """Entries of a tensor that belong together, such as a channel, and perhaps one of them."""

    values: Array  # (K,)
    places: Places
    value: float | None = None  # of the one


class UnitHistogram(HistogramView):
    """Shows how units are spread, and where one of them lies."""

    place_asked = Signal(object)
    """The place of the unit nearest to the click."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._units: Units | None = None
        self.setFixedHeight(_HEIGHT)
        self.entry_chosen.connect(self._ask)

    def set_units(self, units: Units, label: str) -> None:
        """Show these."""
        self._units = units
        self.set_values(units.values, label, "forward", "one of them")

    def mark(self) -> QPointF:
        """The upper end of the unit's mark."""
        value = self._units.value if self._units else None
        return QPointF(self._x_of(value or 0.0), self._area().top())

    def paint_content(self, painter: QPainter) -> None:
        """The histogram, then the mark of the unit."""
        super().paint_content(painter)
        value = self._units.value if self._units else None
        if value is None or not np.isfinite(value) or not self._distribution.finite:
            return
        top, color = self.mark(), QColor(current_theme().backward)
        painter.setPen(QPen(color, 1.5))
        painter.drawLine(top, QPointF(top.x(), self._area().bottom()))
        painter.setBrush(color)
        tip = [top + QPointF(0, _TIP), top + QPointF(-_TIP, -1), top + QPointF(_TIP, -1)]
        painter.drawPolygon(QPolygonF(tip))

    def tool_tip_text(self) -> str:
        """The unit's own value as well."""
        own = f"\nthis one: {format_number(self._units.value)}" if self._units and self._units.value is not None else ""
        return super().tool_tip_text() + own

    def _ask(self, index: tuple[int, ...]) -> None:
        if self._units is not None:
            self.place_asked.emit(self._units.places.at(index[0]))
