"""The words every other file uses: arrays, shapes, and the errors a person can cause.

Everything a person can do wrong raises a `ChainruleError` whose text is one or two plain sentences (what happened,
where, what to do), so that a window or a command line can show it as it is. Any other exception is our own mistake.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.words import count, said

Array = NDArray[Any]
"""A NumPy array; the docstring that mentions one names its axes."""

Arrays = dict[str, Array]
"""Arrays by name, for example `{"weight": ..., "bias": ...}`."""

Shape = tuple[int, ...]
"""Sizes of the axes of one sample, without the batch axis: `(2,)` or `(1, 28, 28)`."""

Spec = Mapping[str, Any]
"""Plain JSON data that describes one configured thing: `{"kind": "dense", "units": 8}`."""


LARGEST_WHOLE = 1_000_000_000
"""The largest whole number that a person may choose for anything, and the most values a sample can have."""

LARGEST_COUNT = 2**63 - 1
"""The most steps that can have been made; powers of more could not be computed in floating point."""

SMALLEST_EPS = 1e-30
"""The smallest number that keeps a denominator above 0; below float32's smallest it would be 0, and 0/0 is NaN."""


class ChainruleError(ValueError):
    """Something a person can cause and mend; the text is written for that person."""


class ShapeError(ChainruleError):
    """The shape that arrives is not one the layer, loss or data set can take."""


class OptionError(ChainruleError):
    """An option has a value that makes no sense; the text names the option, its range and the value."""


class DataError(ChainruleError):
    """Data, or the file or folder they come from, are missing, damaged or of the wrong kind."""


class StateError(ChainruleError):
    """A saved state (weights, optimizer memory) does not fit the network it is loaded into."""


def shape_text(shape: Shape) -> str:
    """A shape as people write it: `(1, 28, 28)` becomes `1×28×28`, `(10,)` becomes `10`."""
    return "×".join(str(size) for size in shape)


def checked_shape(shape: Any, owner: str) -> Shape:
    """The sizes of a sample, as Python's own numbers; `owner` is the name the sentence starts with.

    Errors: ShapeError when it is no tuple of whole numbers of at least 1, or when no memory could hold such a sample
    """
    if not isinstance(shape, tuple) or not shape or not all(map(_is_size, shape)) or math.prod(shape) > LARGEST_WHOLE:
        raise ShapeError(
            f"{owner} needs the shape of a sample as a tuple of whole numbers of at least 1, such as (2,) or "
            f"(1, 28, 28), with at most {count(LARGEST_WHOLE)} values together, not {said(shape)}."
        )
    return tuple(map(int, shape))


def checked_dtype(dtype: Any, owner: str) -> np.dtype[Any]:
    """float32 or float64; `owner` is the name the sentence starts with. Errors: OptionError for every other type."""
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if isinstance(dtype, str | type | np.dtype) and known == dtype:  # np.dtype(None) would be float64
            return known
    raise OptionError(f"{owner} computes in float32 or float64, not in {said(dtype)}.")


def check_is(given: Any, wanted: type, owner: str, example: str) -> None:
    """Raise `OptionError` unless `given` is one of these; `owner` is what the sentence starts with."""
    if not isinstance(given, wanted):
        raise OptionError(f"{owner} must be {example}, not {said(given)}.")


def is_count(given: Any) -> bool:
    """Whether this can be a number of steps that were made."""
    return isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= LARGEST_COUNT


def _is_size(size: Any) -> bool:
    return isinstance(size, int | np.integer) and not isinstance(size, bool) and bool(size >= 1)


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """How many positions a sliding window takes along one axis: ⌊(size + 2·padding − kernel)/stride⌋ + 1."""
    return (size + 2 * padding - kernel) // stride + 1
