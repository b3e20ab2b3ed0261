"""One named curve: its data, how it is drawn, and what it says in words."""

import dataclasses
from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QGraphicsItem

from app.plots.curve_axis import tick_text
from app.plots.curve_data import PointSeries, Series
from app.plots.curve_name import CurveName
from app.plots.numbers import format_count, format_number
from app.theme import blend, current_theme, readable, theme_color
from core.types import Array

Axis = Literal["left", "right", "own"]
"""Values, shares from 0 to 1, or values on a scale of their own, which the name at the end tells."""

_PALE = 0.45
"""Share of the full colour of curves that lie beneath the others."""

_LONGEST = 24
"""Letters of a name at the end of a curve; that of a past run may tell a dozen changes."""

_DOT = 5.0
_MOST_DOTS = 12
"""Values of a curve up to which each is a dot on its line."""

_LOOKS = 50
"""Steps between two at which a line is looked for."""

_OWN_TOP = 0.85
"""How high the highest value on a scale of its own stands, as a share of the height."""


@dataclasses.dataclass(frozen=True)
class CurveStyle:
    """How a curve looks; the colour is a field of the theme such as `"forward"`, or any other colour.

    A pale curve lies below the rest; one that is not `named` has no words at its end and is not read out.
    """

    color: str = "text"
    axis: Axis = "left"
    width: float = 2.0
    pale: bool = False
    named: bool = True


class Curve:
    """A curve in the plot; `shown` are the places on the axis of what is drawn, NaN where there is none."""

    def __init__(self, name: str, style: CurveStyle) -> None:
        self.name = name
        self.style = style
        self.series: Series = PointSeries(np.empty(0), np.empty(0))
        self.shown: Array = np.empty(0)
        self.top = 1.0  # the highest value, which a scale of its own ends with
        self.item: Any = pg.PlotCurveItem(connect="finite")
        # Most curves grow once an evaluation, and are drawn again with every frame of the batch loss.
        self.item.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        # One thick path through much noise takes Qt twenty times longer than its lines one by one.
        self.item.setSegmentedLineMode("on" if style.width > 1 else "off")
        self.dot: Any = pg.ScatterPlotItem(size=_DOT, pen=None)
        self.label = CurveName()
        self._drawn: tuple[Array, Array] = np.empty(0), np.empty(0)

    def place(self, first: float, last: float, columns: int, *, logarithmic: bool) -> None:
        """Draw what lies between two steps, on so many columns of pixels."""
        # A thin line may fill its columns; a thick one covers more of them, and takes longer to draw.
        x, y = self.series.polyline(first, last, columns if self.style.width <= 1 else columns // 2)
        # Infinity has no place on any axis.
        shown = np.where(np.isfinite(y), y, np.nan)
        if self.style.axis == "own":
            self.top = float(np.nanmax(shown, initial=0.0)) or 1.0
            shown = shown / self.top * _OWN_TOP
        elif logarithmic and self.style.axis == "left":
            shown = np.log10(shown, out=np.full(shown.shape, np.nan), where=shown > 0)
        self.shown = shown
        # What is as it was is not told to Qt, which then takes the picture it keeps.
        if not all(np.array_equal(old, new, equal_nan=True) for old, new in zip(self._drawn, (x, shown), strict=True)):
            self._draw(x, shown)
        self.write_label()

    def _draw(self, x: Array, shown: Array) -> None:
        self._drawn = x, shown
        self.item.setData(x, shown)
        finite = np.isfinite(shown)
        # A single value has no line to be seen by, and few values are no line that was measured.
        dotted = 1 <= int(finite.sum()) <= (1 if self.style.width <= 1 else _MOST_DOTS)
        self.dot.setVisible(dotted)
        if dotted:
            self.dot.setData(x[finite], shown[finite])

    def write_label(self) -> None:
        """Let the label say what there is to say."""
        if self.label.text() != (words := self.words()):
            self.label.setText(words)

    def restyle(self) -> None:
        """Take the colours and fonts of the current theme."""
        color = theme_color(self.style.color)
        # Pale is mixed, not transparent: where a line crosses itself it must not get darker.
        pen_color = blend(color, current_theme().panel, _PALE if self.style.pale else 1.0)
        self.item.setPen(pg.mkPen(pen_color, width=self.style.width))
        # A smooth edge shows on a smooth curve only, and costs as much as the rest.
        self.item.opts["antialias"] = not self.style.pale
        self.dot.setBrush(pg.mkBrush(pen_color))
        depth = -2 if not self.style.named else -1 if self.style.pale else 0
        for item in (self.item, self.dot):
            item.setZValue(depth)
        self.label.restyle(readable(color))

    def words(self) -> str:
        """The name, where it stopped being finite, and which scale it has if that is its own."""
        words = self.name if len(self.name) <= _LONGEST else f"{self.name[: _LONGEST - 1].rstrip()}…"
        if self.style.axis == "own":
            words += f" 0 … {tick_text(self.top)}"
        if bad := self.series.first_bad():
            words += f": {format_number(bad[1])} at step {format_count(round(bad[0]))}"
        return words

    def value_words(self, step: float) -> str:
        """Name and value near a step: `test loss 0.1064`, `test accuracy 97.6 %`; empty where there are no values."""
        reading = self.series.near(step)
        if reading is None:
            return ""
        low, high = self._value(reading.low), self._value(reading.high)
        return f"{self.name} {low}" if low == high else f"{self.name} {low} … {high}"

    def end(self) -> tuple[float, float] | None:
        """Step and place of the last entry that is drawn; None if nothing is."""
        x, shown = self._drawn
        drawn = np.flatnonzero(np.isfinite(shown))
        return (float(x[drawn[-1]]), float(shown[drawn[-1]])) if drawn.size else None

    def crosses(self, steps: tuple[float, float], places: tuple[float, float]) -> bool:
        """Whether what is drawn passes between two steps at a place between two others."""
        x, shown = self._drawn
        if not x.size:
            return False
        # A line may pass between two values that lie far apart.
        between = np.interp(np.linspace(*steps, _LOOKS), x, shown, left=np.nan, right=np.nan)
        met = np.concatenate([between, shown[(x >= steps[0]) & (x <= steps[1])]])
        return bool(((met >= places[0]) & (met <= places[1])).any())

    def _value(self, value: float) -> str:
        if self.style.axis == "right" and np.isfinite(value):
            return f"{100 * value:.1f} %"
        return format_number(value)
