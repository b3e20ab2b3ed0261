"""Names along an edge of a grid: measured once, and thinned out where they do not all fit."""

import math
from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtGui import QFontMetricsF

from app.plots.base import small_font

PAD = 6.0
_ROUND = (1, 2, 5)


class EdgeNames:
    """One name a row or column: words, which are shown if all of them fit, or numbers (a range), of which some do."""

    def __init__(self, names: Sequence[str] | range = ()) -> None:
        self._names = names if isinstance(names, range) else tuple(names)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> str:
        return str(self._names[index])

    @property
    def numbered(self) -> bool:
        """Whether they are numbers, so that one knows those that are left out."""
        return isinstance(self._names, range)

    def widest(self) -> float:
        """The room the widest name takes, with a gap."""
        if isinstance(self._names, range):
            # Digits are all of one width: the last number is the widest.
            return _widest((str(self._names[-1]),)) if self._names else 0.0
        return _widest(self._names)

    def every(self, needed: float, cell: float) -> int:
        """How many cells of this size share a name that needs so much room: a round number, 1 where all fit."""
        least = max(1, math.ceil(needed / max(cell, 1e-9)))
        power = 10 ** math.floor(math.log10(least))
        return next(step * power for step in (*_ROUND, 10) if step * power >= least)


@lru_cache(maxsize=32)
def _widest(names: tuple[str, ...]) -> float:
    metrics = QFontMetricsF(small_font())
    return max((metrics.horizontalAdvance(name) for name in names), default=0.0) + PAD
