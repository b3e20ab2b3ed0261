"""The numbers behind a histogram: bins over the finite values, exact zeros and what is not finite counted apart.

Half of all activations behind a ReLU are exactly zero; in one bin with the small values they would hide the rest.
"""

import sys
from dataclasses import dataclass

import numpy as np

from app.plots.non_finite import non_finite_counts, words_of_counts
from app.plots.numbers import format_count, format_number, format_share
from core.types import Array

BINS = 60


@dataclass(frozen=True)
class Distribution:
    """What is known of a heap of values.

    Shapes: counts (B,) of the finite values that are not exactly zero, edges (B + 1,)
    """

    total: int
    zeros: int
    nans: int
    infinite: int
    low: float
    high: float
    mean: float
    std: float
    counts: Array
    edges: Array

    @property
    def finite(self) -> int:
        """How many values are finite, zeros included."""
        return self.total - self.nans - self.infinite

    def words(self) -> str:
        """Mean, standard deviation and the share of exact zeros."""
        if self.total == 0:
            return "no values"
        if self.finite == 0:
            return "no finite value"
        if self.low == self.high:
            return f"all {format_count(self.finite)} finite values are {format_number(self.low)}"
        text = f"mean {format_number(self.mean, 3)} ± {format_number(self.std, 3)}"
        return f"{text} · zeros {format_share(self.zeros, self.total)}" if self.zeros else text

    def warning(self) -> str:
        """What is not finite, as counts."""
        return words_of_counts(self.nans, self.infinite)


def distribution(values: Array, bins: int = BINS) -> Distribution:
    """Count values of any shape.

    Formula: mean and std are those of the finite values, zeros included; std is √(mean of squared differences)
    """
    flat = np.ravel(values, order="K")  # as it lies in memory: nothing is copied
    nans, infinite = non_finite_counts(flat)
    finite = flat[np.isfinite(flat)] if nans or infinite else flat
    if finite.size == 0:
        return Distribution(flat.size, 0, nans, infinite, 0.0, 0.0, 0.0, 0.0, np.zeros(0, int), np.zeros(1))
    low, high = float(finite.min()), float(finite.max())
    # Measured in units of the largest magnitude nothing overflows, not even what is about to become infinite.
    peak = max(abs(low), abs(high)) or 1.0
    unit = finite.astype(np.float64) / peak
    rest = np.compress(unit != 0, unit)  # a quarter of the time that unit[unit != 0] takes
    counts, edges = np.histogram(rest, bins=bins, range=_wide(low / peak, high / peak))
    with np.errstate(over="ignore"):
        edges = np.clip(edges * peak, -sys.float_info.max, sys.float_info.max)
    return Distribution(
        total=flat.size,
        zeros=finite.size - rest.size,
        nans=nans,
        infinite=infinite,
        low=low,
        high=high,
        mean=float(unit.mean()) * peak,
        std=float(unit.std()) * peak,
        counts=counts,
        edges=edges,
    )


def bin_of(values: Array, number: int, bins: int = BINS) -> Array:
    """Which of the values `distribution` counts in bin number `number`; exact zeros are in none.

    Shapes: values (N,), the result (N,)
    """
    values = values.astype(np.float64)
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return np.zeros(len(values), dtype=bool)
    low, high = float(finite.min()), float(finite.max())
    peak = max(abs(low), abs(high)) or 1.0
    edges = np.histogram_bin_edges(finite / peak, bins=bins, range=_wide(low / peak, high / peak))
    unit = values / peak
    # The last bin holds its upper end too.
    below = unit <= edges[number + 1] if number == bins - 1 else unit < edges[number + 1]
    return np.asarray((unit >= edges[number]) & below & (values != 0))


def _wide(low: float, high: float) -> tuple[float, float]:
    """The range of the bins: the values' own, unless it is too narrow to be divided into bins of some width."""
    if high - low > 1e-6:
        return low, high
    return low - 0.5, high + 0.5
