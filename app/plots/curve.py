"""One named curve: its data, how it is drawn, and what it says in words."""

from typing import Any, Literal

import numpy as np
import pyqtgraph as pg

from app.plots.base import small_font
from app.plots.numbers import format_count, format_number
from app.theme import blend, current_theme, readable, theme_color
from core.types import Array

Axis = Literal["left", "right"]
_PALE = 0.45
_MANY_POINTS = 1000


class Curve:
    """A curve on the left axis (values) or on the right one (shares from 0 to 1).

    Shapes: x (N,) rising steps; y (N,) values; shown (N,) their places on the axis, NaN where there is none
    """

    def __init__(self, name: str, axis: Axis) -> None:
        self.name = name
        self.axis = axis
        self.x: Array = np.zeros(0)
        self.y: Array = np.zeros(0)
        self.shown: Array = np.zeros(0)
        self.color = "text"
        self.width = 2.0
        self.pale = False
        self.item: Any = pg.PlotDataItem(connect="finite", antialias=True)
        self.item.setDownsampling(auto=True, method="peak")
        self.item.setClipToView(True)
        self.label: Any = pg.TextItem(anchor=(0, 0.5))

    def place(self, logarithmic: bool) -> None:
        """Compute where the values lie on the axis and draw them there."""
        # A private array, because the plot keeps it; infinity has no place on any axis.
        shown = np.where(np.isfinite(self.y), self.y, np.nan)
        if logarithmic and self.axis == "left":
            shown = np.log10(shown, out=np.full(shown.shape, np.nan), where=shown > 0)
        self.shown = shown
        # One thick path through much noise takes Qt twenty times longer than its lines one by one.
        self.item.curve.setSegmentedLineMode("on" if self.x.size > _MANY_POINTS else "off")
        self.item.setData(self.x, self.shown)
        self.label.setText(self.words())

    def restyle(self) -> None:
        """Take the colours and fonts of the current theme."""
        color = theme_color(self.color)
        # Pale is mixed, not transparent: where a line crosses itself it must not get darker.
        pen_color = blend(color, current_theme().panel, _PALE) if self.pale else color
        self.item.setPen(pg.mkPen(pen_color, width=self.width))
        self.item.setZValue(-1 if self.pale else 0)
        self.label.setColor(readable(color))
        self.label.setFont(small_font())

    def words(self) -> str:
        """The name, and where the curve stopped being finite."""
        bad = np.flatnonzero(~np.isfinite(self.y))
        if bad.size == 0:
            return self.name
        return f"{self.name}: {format_number(self.y[bad[0]])} at step {format_count(round(self.x[bad[0]]))}"

    def value_words(self, index: int) -> str:
        """Name and value of one entry: `test loss 0.1064`, `test accuracy 97.6 %`."""
        value = float(self.y[index])
        if self.axis == "right" and np.isfinite(value):
            return f"{self.name} {100 * value:.1f} %"
        return f"{self.name} {format_number(value)}"

    def end(self) -> tuple[float, float] | None:
        """Step and place of the last entry that is drawn; None if nothing is."""
        drawn = np.flatnonzero(np.isfinite(self.shown))
        return (float(self.x[drawn[-1]]), float(self.shown[drawn[-1]])) if drawn.size else None
