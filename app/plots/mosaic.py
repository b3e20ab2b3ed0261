"""Many small maps in one image: one picture paints several times faster than many, and hovering stays simple.

Knows no Qt: arrays in, arrays and positions out.
"""

import math
from typing import NamedTuple

import numpy as np

from core.types import Array


class MosaicPlace(NamedTuple):
    """One entry of a stack of maps: map number, row and column inside the map."""

    map: int
    row: int
    column: int


def mosaic_columns(count: int, height: int, width: int, room_width: float, room_height: float, *, gap: int = 1) -> int:
    """How many columns let `count` maps of height × width appear largest in a room of room_width × room_height."""

    def scale(columns: int) -> float:
        rows = math.ceil(count / columns)
        return min(
            room_width / (columns * (width + gap) - gap),
            room_height / (rows * (height + gap) - gap),
        )

    # max keeps the first of equals; fewer columns leave fewer empty places.
    return max(range(1, max(count, 1) + 1), key=scale)


def mosaic(maps: Array, columns: int | None = None, gap: int = 1) -> Array:
    """One image with the maps row by row; gaps and empty places are NaN.

    Shapes: maps (K, H, W) -> (rows·(H + gap) − gap, columns·(W + gap) − gap); columns defaults to about √K
    """
    count, height, width = maps.shape
    columns = columns or max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / columns))
    dtype = maps.dtype if np.issubdtype(maps.dtype, np.floating) else np.dtype(np.float64)
    image = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan, dtype=dtype)
    for index in range(count):
        top, left = mosaic_corner(index, height, width, columns, gap)
        image[top : top + height, left : left + width] = maps[index]
    return image


def gap_mask(count: int, height: int, width: int, columns: int, gap: int = 1) -> Array:
    """Where the mosaic of such maps has a gap or an empty place: tells a gap from a NaN among the values."""
    return np.asarray(np.isnan(mosaic(np.zeros((count, height, width), dtype=np.float32), columns, gap)))


def mosaic_corner(index: int, height: int, width: int, columns: int, gap: int = 1) -> tuple[int, int]:
    """Row and column of the first pixel of map `index` in the mosaic."""
    return (index // columns) * (height + gap), (index % columns) * (width + gap)


def mosaic_place(row: int, column: int, shape: tuple[int, int, int], columns: int, gap: int = 1) -> MosaicPlace | None:
    """The entry of a stack of `shape` (K, H, W) that lies at a pixel of the mosaic; None in a gap."""
    count, height, width = shape
    if row < 0 or column < 0:
        return None
    tile_row, inner_row = divmod(row, height + gap)
    tile_column, inner_column = divmod(column, width + gap)
    index = tile_row * columns + tile_column
    if inner_row >= height or inner_column >= width or tile_column >= columns or index >= count:
        return None
    return MosaicPlace(index, inner_row, inner_column)
