"""The loss of every step in bounded memory: a training may run for a billion steps, a screen has a thousand columns.

The first million losses are kept one by one. After that neighbouring steps share a range from their lowest to their
highest loss, 2 steps to a range, then 4, and so on; the newest steps are always exact.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from core.types import Array

CHUNK = 1024
"""Ranges that are stored together; a chunk never changes, so copies of a history share it."""

MOST_CHUNKS = 1024
"""When there are that many chunks, two neighbouring ranges become one."""

_GROUP = 32
"""Ranges that a chunk also knows as one, so that drawing everything looks at few numbers."""


class _Chunk(NamedTuple):
    """Lowest and highest loss of each range, (CHUNK,), and of each group of ranges, (CHUNK / _GROUP,)."""

    low: Array
    high: Array
    group_low: Array
    group_high: Array


class Reading(NamedTuple):
    """What is known of a curve at a step: its value, or the range of the values around it."""

    step: float
    low: float
    high: float


class Losses(Sequence[float]):
    """Losses by position: that of step 1 stands at 0."""

    def __init__(self, values: Sequence[float] | Array = ()) -> None:
        self._span = 1  # steps in a range
        self._chunks: list[_Chunk] = []
        self._tail = array("d")  # the losses after those in chunks, one by one
        self._exact_after = 0  # up to this step the tail holds what is left of ranges, not losses
        self._first_bad: tuple[int, float] | None = None
        self.extend(values)

    def __len__(self) -> int:
        return self._steps_in_chunks() + len(self._tail)

    def __getitem__(self, index: int) -> float:  # type: ignore[override]
        """One loss. Errors: IndexError beyond the ends; LookupError where only a range is known."""
        step = (index + len(self) if index < 0 else index) + 1
        if not 1 <= step <= len(self):
            raise IndexError(f"There is no loss of step {step}.")
        loss = self.at(step)
        if loss is None:
            raise LookupError(f"Of the loss of step {step} only a range is known.")
        return loss

    def __iter__(self) -> Iterator[float]:
        return (self[index] for index in range(len(self)))

    @property
    def span(self) -> int:
        """Steps that share a range where losses are no longer known one by one; 1 while all are."""
        return self._span

    @property
    def bytes(self) -> int:
        """Memory taken, counting chunks that copies share as well."""
        return len(self._tail) * 8 + sum(array.nbytes for chunk in self._chunks for array in chunk)

    def at(self, step: int) -> float | None:
        """The loss of a step; None where there is none or only a range is known."""
        position = step - 1 - self._steps_in_chunks()
        if position >= 0:
            return self._tail[position] if position < len(self._tail) and step > self._exact_after else None
        if step < 1 or self._span > 1:
            return None
        return float(self._chunks[(step - 1) // CHUNK].low[(step - 1) % CHUNK])

    def extend(self, values: Sequence[float] | Array) -> None:
        """Add the losses of the steps that follow."""
        new = np.asarray(values, dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(new))
        if bad.size and self._first_bad is None:
            self._first_bad = len(self) + int(bad[0]) + 1, float(new[bad[0]])
        self._tail.frombytes(new.tobytes())
        while len(self._tail) >= CHUNK * self._span:
            size = CHUNK * self._span
            self._chunks.append(_chunk(*_ranges(np.array(self._tail[:size]), self._span)))
            del self._tail[:size]
            if len(self._chunks) == MOST_CHUNKS:
                self._halve()

    def truncate(self, steps: int) -> None:
        """Forget every loss after that many steps."""
        if steps >= len(self):
            return
        if self._first_bad and self._first_bad[0] > steps:
            self._first_bad = None
        complete, rest = divmod(steps, CHUNK * self._span)
        if complete < len(self._chunks):
            cut = self._chunks[complete]
            self._tail = array("d", _spelled_out(cut, self._span)[:rest])
            if self._span > 1:
                self._exact_after = steps
            del self._chunks[complete:]
        else:
            del self._tail[rest:]
            self._exact_after = min(self._exact_after, steps)

    def copy(self) -> Losses:
        """A copy that does not change with this one."""
        made = Losses()
        made._span, made._exact_after, made._first_bad = self._span, self._exact_after, self._first_bad
        made._chunks, made._tail = list(self._chunks), array("d", self._tail)
        return made

    def ranges(self) -> tuple[Array, Array, Array]:
        """Last step, lowest and highest loss of every range; where losses are known one by one, both are the loss."""
        low, high = self._level(0, len(self._chunks), grouped=False)
        return np.minimum(np.arange(1, len(low) + 1) * self._span, len(self)), low, high

    # As a curve

    def ends(self) -> tuple[float, float] | None:
        """The first and the last step."""
        return (1.0, float(len(self))) if len(self) else None

    def first_bad(self) -> tuple[int, float] | None:
        """The first step whose loss is not finite, and that loss."""
        return self._first_bad

    def near(self, step: float) -> Reading | None:
        """What is known at the step that lies nearest."""
        if not len(self):
            return None
        nearest = min(max(round(step), 1), len(self))
        loss = self.at(nearest)
        if loss is not None:
            return Reading(nearest, loss, loss)
        index = (nearest - 1) // self._span
        low, high = self._level(index // CHUNK, index // CHUNK + 1, grouped=False)
        return Reading(nearest, float(low[index % CHUNK]), float(high[index % CHUNK]))

    def polyline(self, first: float, last: float, columns: int) -> tuple[Array, Array]:
        """A line that looks on so many columns of pixels, for the steps from `first` to `last`, like all losses would.

        Shapes: x, y (points,), at most about two points a column
        """
        first, last = max(first, 1.0), min(last, float(len(self)))
        if last < first:
            return np.empty(0), np.empty(0)
        # Ranges double from one to the next: bounds that lie on fixed steps do not flicker while the training goes on.
        width = self._span
        while (last - first) / width > columns:
            width *= 2
        grouped = width >= _GROUP * self._span
        unit = self._span * (_GROUP if grouped else 1)  # steps in one entry of the level that is read
        size = CHUNK * self._span
        start = int(first - 1) // size
        low, high = self._level(start, int(last - 1) // size + 1, grouped=grouped)
        begin = max(int(first - 1) // width - 1, 0) * width - start * size
        begin = max(begin, 0) // unit
        end = (int(last - 1) // width + 2) * width - start * size
        low, high = low[begin : end // unit], high[begin : end // unit]
        edges = np.arange(0, len(low), width // unit)
        low, high = np.minimum.reduceat(low, edges), np.maximum.reduceat(high, edges)
        left = start * size + begin * unit + np.arange(len(low)) * width + 1.0
        if width == 1:
            return left, low
        middle = (left + np.minimum(left + width - 1, len(self))) / 2
        return np.repeat(middle, 2), np.stack([high, low], axis=1).ravel()

    def _steps_in_chunks(self) -> int:
        return len(self._chunks) * CHUNK * self._span

    def _level(self, start: int, stop: int, *, grouped: bool) -> tuple[Array, Array]:
        """Lowest and highest loss of each range, or group of ranges, of some chunks; past them comes the tail."""
        chunks = self._chunks[start:stop]
        lows = [chunk.group_low if grouped else chunk.low for chunk in chunks]
        highs = [chunk.group_high if grouped else chunk.high for chunk in chunks]
        if stop >= len(self._chunks) and self._tail:
            low, high = _ranges(np.array(self._tail), self._span * (_GROUP if grouped else 1))
            lows.append(low)
            highs.append(high)
        if not lows:
            return np.empty(0), np.empty(0)
        return np.concatenate(lows), np.concatenate(highs)

    def _halve(self) -> None:
        """Let two neighbouring ranges become one."""
        self._span *= 2
        pairs = zip(self._chunks[::2], self._chunks[1::2], strict=True)
        self._chunks = [
            _chunk(_pairwise(np.minimum, a.low, b.low), _pairwise(np.maximum, a.high, b.high)) for a, b in pairs
        ]


def _ranges(values: Array, span: int) -> tuple[Array, Array]:
    if span == 1:
        return values, values
    edges = np.arange(0, len(values), span)
    return np.minimum.reduceat(values, edges), np.maximum.reduceat(values, edges)


def _pairwise(pick: np.ufunc, first: Array, second: Array) -> Array:
    both = np.concatenate([first, second])
    return pick(both[::2], both[1::2])


def _chunk(low: Array, high: Array) -> _Chunk:
    return _Chunk(low, high, low.reshape(-1, _GROUP).min(axis=1), high.reshape(-1, _GROUP).max(axis=1))


def _spelled_out(chunk: _Chunk, span: int) -> Array:
    """Values that have the ranges of a chunk: the lowest first, so that a range cut to one step keeps that."""
    values = np.repeat(chunk.high, span)
    values[::span] = chunk.low
    return values
