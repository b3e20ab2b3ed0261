"""What a curve is drawn from: anything that can say how it looks on so many columns of pixels, however long it is."""

from typing import NamedTuple, Protocol

import numpy as np

from core.types import Array


class Reading(Protocol):
    """What is known of a curve at a step: its value, or the range of the values around it."""

    @property
    def step(self) -> float:
        """The step that was asked for, or the nearest one there is."""

    @property
    def low(self) -> float:
        """The value, or the lowest of the range."""

    @property
    def high(self) -> float:
        """The value, or the highest of the range."""


class Series(Protocol):
    """Values over rising steps."""

    def ends(self) -> tuple[float, float] | None:
        """The first and the last step; None while there are none."""

    def first_bad(self) -> tuple[float, float] | None:
        """The first step whose value is not finite, and that value."""

    def near(self, step: float) -> Reading | None:
        """What is known at the step that lies nearest."""

    def polyline(self, first: float, last: float, columns: int) -> tuple[Array, Array]:
        """A line that looks on so many columns of pixels, for the steps from `first` to `last`, like all values would.

        Shapes: x, y (points,), at most a few points a column; y is NaN where there is a gap
        """


class _Value(NamedTuple):
    step: float
    low: float
    high: float


class PointSeries:
    """Values that are all at hand.

    Shapes: x (N,) rising steps; y (N,)
    """

    def __init__(self, x: Array, y: Array) -> None:
        self.x = np.array(x, dtype=np.float64)
        self.y = np.array(y, dtype=np.float64)

    def ends(self) -> tuple[float, float] | None:
        """The first and the last step."""
        return (float(self.x[0]), float(self.x[-1])) if self.x.size else None

    def first_bad(self) -> tuple[float, float] | None:
        """The first step whose value is not finite, and that value."""
        bad = np.flatnonzero(~np.isfinite(self.y))
        return (float(self.x[bad[0]]), float(self.y[bad[0]])) if bad.size else None

    def near(self, step: float) -> Reading | None:
        """The value at the step that lies nearest."""
        if not self.x.size:
            return None
        index = int(np.abs(self.x - step).argmin())
        return _Value(float(self.x[index]), float(self.y[index]), float(self.y[index]))

    def polyline(self, first: float, last: float, columns: int) -> tuple[Array, Array]:
        """All points, or the lowest and the highest of as many neighbours as share a column."""
        begin, end = np.searchsorted(self.x, [first, last], side="left")
        # A power of two, and from the first point on: bounds that stay do not flicker when points are added.
        together = 1
        while (end - begin) / together > columns:
            together *= 2
        begin = max(int(begin) // together - 1, 0) * together
        x, y = self.x[begin : end + together], self.y[begin : end + together]
        if together == 1:
            return x, y
        edges = np.arange(0, len(x), together)
        middle = (x[edges] + x[np.minimum(edges + together, len(x)) - 1]) / 2
        # fmin and fmax: a value that is not finite leaves a gap only where it has no finite neighbour.
        finite = np.where(np.isfinite(y), y, np.nan)
        ranges = np.fmax.reduceat(finite, edges), np.fmin.reduceat(finite, edges)
        return np.repeat(middle, 2), np.stack(ranges, axis=1).ravel()
