"""Counting and naming what is not finite, so that NaN and infinity are said in words wherever numbers are shown."""

import numpy as np

from app.plots.numbers import format_count
from core.types import Array


def non_finite_counts(values: Array) -> tuple[int, int]:
    """How many NaN and how many infinite entries there are."""
    if values.size == 0 or np.isfinite(values).all():
        return 0, 0
    nans = int(np.count_nonzero(np.isnan(values)))
    return nans, int(np.count_nonzero(~np.isfinite(values))) - nans


def non_finite_words(values: Array) -> str:
    """`3 NaN`, `3 NaN, 1 infinite`, or nothing if every entry is finite."""
    return words_of_counts(*non_finite_counts(values))


def words_of_counts(nans: int, infinite: int) -> str:
    """The same of so many NaN and so many infinite entries."""
    parts = [f"{format_count(nans)} NaN"] if nans else []
    parts += [f"{format_count(infinite)} infinite"] if infinite else []
    return ", ".join(parts)
