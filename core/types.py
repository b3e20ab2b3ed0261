"""The words every other file uses: arrays, shapes, and the errors a person can cause.

Everything a person can do wrong raises a `ChainruleError` whose text is one or two plain sentences (what happened,
where, what to do), so that a window or a command line can show it as it is. Any other exception is our own mistake.
"""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

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


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """How many positions a sliding window takes along one axis: ⌊(size + 2·padding − kernel)/stride⌋ + 1."""
    return (size + 2 * padding - kernel) // stride + 1
