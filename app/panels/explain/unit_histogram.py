"""A histogram with the place of one value in it; a bar that is clicked asks for the value that lies nearest.

Two of them that show the same entries before and after a layer move together: what is pointed at in one is marked in
both.
"""

import dataclasses

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.plots.histogram import HistogramView
from app.plots.numbers import format_number
from app.theme import current_theme
from core.explain import Places
from core.explain.notation import entry
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

    unit_pointed = Signal(object)
    """The number of the unit nearest to the pointer, or on which the arrow keys stand; None where there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._units: Units | None = None
        self._pointed: int | None = None  # the unit that is pointed at, here or in the histogram beside
        self.setFixedHeight(_HEIGHT)
        self.entry_chosen.connect(self._ask)

    def set_units(self, units: Units, label: str) -> None:
        """Show these."""
        self._units, self._pointed = units, None
        self.set_values(units.values, label, "forward", "one of them")

    def point_at(self, number: int | None) -> None:
        """Mark a unit that is pointed at."""
        self._pointed = number
        self.update()

    def pointed_value(self) -> float | None:
        """The value of the unit that is pointed at."""
        return None if self._units is None or self._pointed is None else float(self._units.values[self._pointed])

    def mark(self) -> QPointF:
        """The upper end of the mark of the one unit."""
        value = self._units.value if self._units else None
        return QPointF(self._x_of(value or 0.0), self._area().top())

    def hover_text(self) -> str:
        """The bar; where the pointer is in the histogram beside, the same unit here: `y[3, 2] = 0.1234`."""
        text, value = super().hover_text(), self.pointed_value()
        if text or value is None:
            return text
        assert self._units and self._pointed is not None
        place = self._units.places.at(self._pointed)
        return f"{entry(place.tensor, *place.index)} = {format_number(value)}"

    def paint_content(self, painter: QPainter) -> None:
        """The histogram, then the marks of the one unit and of the one that is pointed at."""
        super().paint_content(painter)
        theme = current_theme()
        self._paint_mark(painter, self._units.value if self._units else None, QColor(theme.backward))
        self._paint_mark(painter, self.pointed_value(), QColor(theme.accent))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which unit is pointed at, beside reading its bar."""
        super().mouseMoveEvent(event)
        self._tell()

    def leaveEvent(self, event: QEvent) -> None:
        """The unit is let go, or that of the arrow keys is back."""
        super().leaveEvent(event)
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrow keys point at units too."""
        super().keyPressEvent(event)
        self._tell()

    def _tell(self) -> None:
        bar, found = self._current(), None
        if bar is not None and bar in self._bars():
            wanted = self._middle(bar) if self._pointer is None else self._value_at(self._pointer.x())
            found = self._nearest(bar, wanted)[0]
        self.unit_pointed.emit(found)

    def _paint_mark(self, painter: QPainter, value: float | None, color: QColor) -> None:
        if value is None or not np.isfinite(value) or not self._distribution.finite:
            return
        top = QPointF(self._x_of(value), self._area().top())
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
