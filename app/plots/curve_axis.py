"""An axis that can be linear or logarithmic and writes its numbers the way the rest of the window does.

The curves hold log₁₀ of their values where the axis is logarithmic; only the labels know the values again.
"""

import math
from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg

from app.plots.base import line_height
from app.plots.numbers import format_count, format_number
from core.words import NARROW_SPACE, trimmed

_LEVELS = (1, 2, 5), (1, 3), (1,)
"""Which values of a decade have a label, the most first."""

_MOST_LABELS = 9
_FEWEST_LABELS = 4
"""Fewer than four labels might be only one, by which no scale can be told."""

_PERCENT_STEPS = 0.2, 0.5, 1.0

_FEWEST_DIGITS, _MOST_DIGITS = 3, 16
_LARGEST_COUNT = 1e7
"""From here on a tick is written with a power of ten: a loss on its way to infinity has thirty digits."""

_NOISE = 1e-12
"""What the arithmetic of ticks leaves behind, as a share of the largest."""

_EDGE = 1
"""Pixels between the last label and the edge of the plot."""

_APART = 6.0
"""Pixels between two labels beside one another: "800" and "1 000" without them read as one number."""


class ValueAxis(pg.AxisItem):
    """The left or bottom axis of the curves."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.logarithmic = False

    def tickValues(self, minVal: float, maxVal: float, size: float) -> Any:
        """1, 2, 5, 10, … on a logarithmic axis, fewer or only powers of ten where there are many decades."""
        if not self.logarithmic:
            return super().tickValues(minVal, maxVal, size)
        ticks = log_ticks(minVal, maxVal, max(_FEWEST_LABELS, min(size / line_height(), _MOST_LABELS)))
        if len(ticks) > 1:
            return [(1.0, ticks)]
        # So short a piece is nearly linear: round values again, not round logarithms.
        levels = super().tickValues(10.0**minVal, 10.0**maxVal, size)
        return [(spacing, [math.log10(value) for value in values if value > 0]) for spacing, values in levels]

    def generateDrawSpecs(self, p: Any) -> Any:
        """As ever, but a label below the end of the axis moves to where all of it can be seen, and none covers another.

        Where there is no room for two of them the one of the coarser ticks stays.
        """
        specs = super().generateDrawSpecs(p)
        views = self.scene().views() if self.scene() else []
        if specs and views and self.orientation == "bottom":
            edge = self.mapFromScene(float(views[0].width() - _EDGE), 0.0).x()
            for rect, _, _ in specs[2]:
                rect.moveRight(min(rect.right(), edge))
        if specs:
            specs[2][:] = self._apart(specs[2])
        return specs

    def _apart(self, labels: list[Any]) -> list[Any]:
        # The rectangles are a little higher than the figures in them.
        beside, below = (_APART, 0.0) if self.orientation == "bottom" else (0.0, -1.0)
        kept: list[Any] = []
        for label in labels:
            reach = label[0].adjusted(-beside, -below, beside, below)
            if not any(reach.intersects(rect) for rect, _, _ in kept):
                kept.append(label)
        return kept

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Labels as values, not as logarithms."""
        shown = [10.0**value if self.logarithmic else value * scale for value in values]
        digits = digits_of(shown)
        return [tick_text(value, digits) for value in shown]


class PercentAxis(pg.AxisItem):
    """The right axis: shares from 0 to 1 written as percent."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> Any:
        """As many of them as have room above one another."""
        fitting = (step for step in _PERCENT_STEPS if (maxVal - minVal) / step <= size / line_height())
        step = next(fitting, _PERCENT_STEPS[-1])
        return [(step, [step * index for index in range(round(1 / step) + 1)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """`50 %`."""
        return [f"{value * 100:.0f}{NARROW_SPACE}%" for value in values]


def log_ticks(low: float, high: float, most: float = _MOST_LABELS) -> list[float]:
    """Logarithms of round values between two logarithms, about `most` of them: 1, 2, 5 per decade, 1 and 3, or 1."""
    decades = high - low
    levels = next((levels for levels in _LEVELS if len(levels) * decades <= most), _LEVELS[-1])
    every = max(1, math.ceil(decades / most))
    return [
        math.log10(level) + decade
        for decade in range(math.floor(low), math.ceil(high) + 1)
        if decade % every == 0
        for level in levels
        if low <= math.log10(level) + decade <= high
    ]


def digits_of(values: Sequence[float]) -> int:
    """How many digits write all of these round values as they are, and so tell them from any others on their axis."""
    noise = _NOISE * max(map(abs, values), default=0.0)
    wordings = range(_FEWEST_DIGITS, _MOST_DIGITS)
    exact = (d for d in wordings if all(abs(float(f"{value:.{d - 1}e}") - value) <= noise for value in values))
    return next(exact, _MOST_DIGITS)


def tick_text(value: float, digits: int = _FEWEST_DIGITS) -> str:
    """A tick without the rounding noise and the trailing zeros a measured value would keep."""
    if 1000 <= abs(value) < _LARGEST_COUNT and value == round(value):
        return format_count(round(value))
    return trimmed(format_number(value, digits))
