"""An axis that can be linear or logarithmic and writes its numbers the way the rest of the window does.

The curves hold log₁₀ of their values where the axis is logarithmic; only the labels know the values again.
"""

import math
from typing import Any

import pyqtgraph as pg

from app.plots.numbers import format_count, format_number
from core.words import NARROW_SPACE, trimmed

# Where a decade is wide enough for three labels, where for one.
_FINE_DECADES = 3.0
_LEVELS_FINE = (1, 2, 5)

_FEWEST_DIGITS, _MOST_DIGITS = 3, 16
_LARGEST_COUNT = 1e7
"""From here on a tick is written with a power of ten: a loss on its way to infinity has thirty digits."""

_EDGE = 1
"""Pixels between the last label and the edge of the plot."""


class ValueAxis(pg.AxisItem):
    """The left or bottom axis of the curves."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.logarithmic = False

    def tickValues(self, minVal: float, maxVal: float, size: float) -> Any:
        """1, 2, 5, 10, … on a logarithmic axis, or only the powers of ten where there are many."""
        if not self.logarithmic:
            return super().tickValues(minVal, maxVal, size)
        ticks = log_ticks(minVal, maxVal)
        return [(1.0, ticks)] if len(ticks) > 1 else super().tickValues(minVal, maxVal, size)

    def generateDrawSpecs(self, p: Any) -> Any:
        """As ever, but a label below the end of the axis moves to where all of it can be seen."""
        specs = super().generateDrawSpecs(p)
        views = self.scene().views() if self.scene() else []
        if specs and views and self.orientation == "bottom":
            edge = self.mapFromScene(float(views[0].width() - _EDGE), 0.0).x()
            for rect, _, _ in specs[2]:
                rect.moveRight(min(rect.right(), edge))
        return specs

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Labels as values, not as logarithms."""
        shown = [10.0**value if self.logarithmic else value * scale for value in values]
        # As few digits as tell the ticks from one another.
        wordings = ([tick_text(value, digits) for value in shown] for digits in range(_FEWEST_DIGITS, _MOST_DIGITS))
        return next((texts for texts in wordings if len(set(texts)) == len(texts)), [tick_text(v) for v in shown])


class PercentAxis(pg.AxisItem):
    """The right axis: shares from 0 to 1 written as percent."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """`50 %`."""
        return [f"{value * 100:.0f}{NARROW_SPACE}%" for value in values]


def log_ticks(low: float, high: float) -> list[float]:
    """Logarithms of the round values between two logarithms: 1, 2, 5 per decade, or 1 where there are many decades."""
    decades = high - low
    levels = _LEVELS_FINE if decades <= _FINE_DECADES else (1,)
    every = max(1, math.ceil(decades / 8))
    return [
        math.log10(level) + decade
        for decade in range(math.floor(low), math.ceil(high) + 1)
        if decade % every == 0
        for level in levels
        if low <= math.log10(level) + decade <= high
    ]


def tick_text(value: float, digits: int = _FEWEST_DIGITS) -> str:
    """A tick without the rounding noise and the trailing zeros a measured value would keep."""
    if 1000 <= abs(value) < _LARGEST_COUNT and value == round(value):
        return format_count(round(value))
    return trimmed(format_number(value, digits))
