"""The places in a sliding window one after the other: what a convolution or a pooling has after so many of them."""

import copy
import dataclasses
from collections.abc import Callable
from types import EllipsisType

import numpy as np

from core.layers.conv import Conv2D
from core.layers.pooling import Pool2D
from core.layout import taps
from core.types import Array, Arrays, Shape

_PLACES_SHOWN = 25
"""Kernels with more places are gone through row by row."""


@dataclasses.dataclass(frozen=True)
class Place:
    """One place in the window; the indices name the outputs that see something there, and the inputs they see."""

    where: str  # "(0, 1)"
    words: str  # "The pixel in row 1, column 2"
    outputs: tuple[EllipsisType, slice, slice]
    inputs: tuple[EllipsisType, slice, slice]


def conv_places(layer: Conv2D) -> list[tuple[str, str, Array]]:
    """For each place (or row) of the kernel: where it is, in words, and a mask (kh, kw) of all places up to it."""
    kernel = layer.kernel_size
    by_row = kernel**2 > _PLACES_SHOWN
    found = []
    for last in range(kernel - 1 if by_row else 0, kernel**2, kernel if by_row else 1):
        row, column = divmod(last, kernel)
        mask = (np.arange(kernel**2) <= last).reshape(kernel, kernel)
        words = f"Row {row + 1}" if by_row else _pixel(row, column)
        found.append((f"({row}, :)" if by_row else f"({row}, {column})", words, mask))
    return found


def conv_with(layer: Conv2D, weight: Array, x: Array) -> Callable[[], Array]:
    """What the layer's own forward gives with other weights and without its bias."""
    return lambda: _twin(layer, weight).forward(x, True, None)[0]


def conv_back_with(layer: Conv2D, weight: Array, dy: Array, cache: Arrays) -> Callable[[], Array]:
    """The dx of the layer's own backward with other weights."""

    def make() -> Array:
        dx, _ = _twin(layer, weight).backward(dy, cache)
        assert dx is not None
        return dx

    return make


def _twin(layer: Conv2D, weight: Array) -> Conv2D:
    twin = copy.copy(layer)
    twin.params = {"weight": np.ascontiguousarray(weight), "bias": np.zeros(len(weight), weight.dtype)}
    return twin


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
    return f"The pixel in row {row + 1}, column {column + 1}"
