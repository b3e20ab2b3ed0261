"""What a convolution has after so many of its windows, and a pooling after so many of the places in each of them."""

import copy
import dataclasses
from collections.abc import Callable
from types import EllipsisType

import numpy as np

from core.explain.notation import shifted
from core.layers.conv import Conv2D
from core.layers.pooling import Pool2D
from core.layout import taps
from core.types import Array, Arrays, Shape

_WINDOWS_SHOWN = 36
"""Maps with more windows are gone through row by row."""


@dataclasses.dataclass(frozen=True, eq=False)
class Slid:
    """How far filters have slid, and the window they came to last, or the row of windows."""

    where: str  # "2, 3", or "2, s" for a row
    inputs: str  # which inputs it sees at place (i, j) of the filter: "i + 2, j + 3"
    words: str  # "The window in row 2, column 3", "Row 2 of the windows"
    reached: Array  # (oh, ow), which windows are done


@dataclasses.dataclass(frozen=True)
class Place:
    """One place in the window; the indices name the outputs that see something there, and the inputs they see."""

    where: str  # "(0, 1)"
    words: str  # "The pixel in row 0, column 1"
    outputs: tuple[EllipsisType, slice, slice]
    inputs: tuple[EllipsisType, slice, slice]


def conv_windows(layer: Conv2D) -> list[Slid]:
    """The way of the filters over the image, window by window or, on large maps, row by row."""
    _, rows, columns = layer.out_shape(layer.in_shape)
    by_row = rows * columns > _WINDOWS_SHOWN
    (shift, _), stride = layer.paddings(), layer.stride
    found = []
    for last in range(columns - 1 if by_row else 0, rows * columns, columns if by_row else 1):
        row, column = divmod(last, columns)
        across = f"{shifted('s', -shift, stride)} + j" if by_row else shifted("j", column * stride - shift)
        found.append(
            Slid(
                f"{row}, {'s' if by_row else column}",
                f"{shifted('i', row * stride - shift)}, {across}",
                f"Row {row} of the windows" if by_row else f"The window in row {row}, column {column}",
                (np.arange(rows * columns) <= last).reshape(rows, columns),
            )
        )
    return found


def until(slid: Slid, images: Array) -> Array:
    """Values or gradients of outputs (N, F, oh, ow) as far as the filters have come, 0 at the windows to come."""
    return np.where(slid.reached, images, 0)


def gone_back(layer: Conv2D, params: Arrays, dy: Array, cache: Arrays, slid: Slid) -> tuple[Array, Arrays]:
    """What the layer's own backward makes of the gradients of the windows so far: dx, and those of the parameters."""
    own = copy.copy(layer)
    own.params = params
    dx, grads = own.backward(until(slid, dy), cache)
    assert dx is not None
    return dx, grads


def pool_places(layer: Pool2D, image: Shape, positions: Shape) -> list[Place]:
    """The places of a pooling window, row by row; indices into (N, C, H, W)."""
    kernel = layer.kernel_size
    rows, columns = (
        taps(size, kernel, layer.stride or kernel, layer.padding, count)
        for size, count in zip(image, positions, strict=True)
    )
    return [
        Place(f"({i}, {j})", _pixel(i, j), (..., out_rows, out_columns), (..., in_rows, in_columns))
        for i, (out_rows, in_rows) in enumerate(rows)
        for j, (out_columns, in_columns) in enumerate(columns)
    ]


def pooled(x: Array, shape: Shape, places: list[Place]) -> Callable[[], Array]:
    """The largest value each window has at these places; −∞ where it has seen nothing yet."""

    def make() -> Array:
        y = np.full(shape, -np.inf, x.dtype)
        for place in places:
            y[place.outputs] = np.maximum(y[place.outputs], x[place.inputs])
        return y

    return make


def averaged(x: Array, shape: Shape, places: list[Place]) -> Callable[[], Array]:
    """The sum each window has over these places."""

    def make() -> Array:
        total = np.zeros(shape, x.dtype)
        for place in places:
            total[place.outputs] += x[place.inputs]
        return total

    return make


def routed(x: Array, y: Array, dy: Array, places: list[Place]) -> Callable[[], Array]:
    """dx of a max pooling from these places: each dy goes to the first place that holds its window's maximum."""

    def make() -> Array:
        dx, taken = np.zeros_like(x), np.zeros(y.shape, bool)
        for place in places:
            wins = (x[place.inputs] == y[place.outputs]) & ~taken[place.outputs]
            dx[place.inputs] += np.where(wins, dy[place.outputs], 0)
            taken[place.outputs] |= wins
        return dx

    return make


def spread(share: Array, shape: Shape, places: list[Place]) -> Callable[[], Array]:
    """dx of a mean pooling from these places: each of them gets its window's share."""

    def make() -> Array:
        dx = np.zeros(shape, share.dtype)
        for place in places:
            dx[place.inputs] += share[place.outputs]
        return dx

    return make


def _pixel(row: int, column: int) -> str:
    return f"The pixel in row {row}, column {column}"
