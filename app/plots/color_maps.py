"""From arrays to pictures: signed values and ink, each with one colour map in light and one in dark.

Tables have 256 rows: row 0 stands for what is not finite and has a colour that no map contains, so that NaN never
passes for a value; rows 1 to 255 are the map, and row 128 of a signed map is exactly its centre, zero.
"""

from functools import lru_cache

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QImage

from app.theme import DARK, LIGHT, Theme, current_theme, rgb, text_on
from core.types import Array

CENTRE = 128
_STEPS = 127
_LAST = 255
_FLOAT32_SCALES = (1e-30, 1e30)


def diverging_table() -> Array:
    """The map of signed values, 256×4 RGBA; row 128 is zero, rows 1 and 255 are the two limits."""
    return _diverging_table(current_theme().name)


def diverging_text() -> tuple[QColor, ...]:
    """The colour that text has on each row of the map of signed values."""
    return _diverging_text(current_theme().name)


def gray_table() -> Array:
    """The map of images, 256×4 RGBA: ink on white in light, white on black in dark."""
    return _gray_table(current_theme().name)


def class_table() -> Array:
    """The map between the first two class colours, 256×4 RGBA; row 128 is undecided."""
    return _class_table(current_theme().name)


def diverging_index(array: Array, limit: float) -> Array:
    """Rows of a signed table for values: 128 at zero, 255 from +limit on, 1 from −limit down, 0 where not finite.

    A limit that is not positive (all values are zero) counts as 1.
    """
    scale = float(limit) if np.isfinite(limit) and limit > 0 else 1.0
    return _index(array, 0.0, scale, CENTRE, _STEPS)


def sequential_index(array: Array, low: float, high: float) -> Array:
    """Rows of a one-sided table for values: 1 up to low, 255 from high on, 0 where not finite."""
    span = float(high) - float(low)
    scale = span if np.isfinite(span) and span > 0 else 1.0
    return _index(array, float(low), scale, 1, _LAST - 1)


def colored_image(index: Array, table: Array, blank: Array | None = None) -> QImage:
    """A picture with a private copy of its pixels; `blank` marks pixels that stay transparent.

    Shapes: index (H, W) rows of table (256, 4); blank (H, W) of bool
    """
    pixels = np.take(_screen_colors(table.tobytes()), index)
    if blank is not None:
        pixels[blank] = 0
    height, width = index.shape
    format_ = QImage.Format.Format_RGB32 if blank is None else QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, 4 * width, format_).copy()


def diverging_image(array: Array, limit: float, blank: Array | None = None) -> QImage:
    """Signed values (H, W) as a picture, zero at the centre of the map, ±limit at its ends."""
    return colored_image(diverging_index(array, limit), diverging_table(), blank)


def diverging_images(arrays: Array, limit: float) -> list[QImage]:
    """Several arrays of signed values (N, H, W), as `diverging_image` makes one."""
    table = diverging_table()
    return [colored_image(index, table) for index in diverging_index(arrays, limit)]


def gray_image(array: Array, low: float, high: float, blank: Array | None = None) -> QImage:
    """An image (H, W) in ink: `low` is the ground, `high` the full stroke."""
    return colored_image(sequential_index(array, low, high), gray_table(), blank)


def gray_images(images: Array, low: float, high: float) -> list[QImage]:
    """Several images (N, H, W) in ink, as `gray_image` makes one."""
    table = gray_table()
    return [colored_image(index, table) for index in sequential_index(images, low, high)]


def class_image(probabilities: Array) -> QImage:
    """Class colours mixed by probability.

    Shapes: probabilities (K, H, W), each pixel adding up to 1
    """
    theme = current_theme()
    colors = np.array([rgb(theme.class_color(k)) for k in range(len(probabilities))], dtype=np.float64)
    finite = np.isfinite(probabilities).all(axis=0)
    weight = np.where(finite, probabilities, 0.0)
    # index: rgb[y, x, c] = Σ_k weight[k, y, x]·colors[k, c], pulled towards the panel so that points stand out
    mixed = np.tensordot(weight, colors, axes=(0, 0))
    panel = np.array(rgb(theme.panel), dtype=np.float64)
    rgba = np.full((*finite.shape, 4), 255, dtype=np.uint8)
    rgba[..., :3] = np.clip(0.55 * mixed + 0.45 * panel, 0, 255).round()
    rgba[~finite, :3] = rgb(theme.not_finite)
    height, width = finite.shape
    return QImage(rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied).copy()


def finite_limit(array: Array) -> float:
    """The largest magnitude among the finite values; 0 where there is none."""
    return finite_range(np.abs(array))[1]


def finite_range(array: Array) -> tuple[float, float]:
    """The smallest and the largest finite value; (0, 0) where there is none."""
    if array.size == 0:
        return 0.0, 0.0
    low, high = float(array.min()), float(array.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _index(array: Array, zero: float, scale: float, origin: int, steps: int) -> Array:
    """origin + round((array − zero)/scale·steps) within 1..255, and 0 where the array is not finite."""
    # For 255 colours single precision is exact enough, and many times as fast; scales beyond its range need double.
    single = array.dtype == np.float32 and _FLOAT32_SCALES[0] < scale < _FLOAT32_SCALES[1]
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.subtract(array, zero, dtype=np.float32 if single else np.float64)
        found = found / scale * steps
        finite = np.isfinite(array)
        if not finite.all():
            found = np.where(finite, found, 0.0)
        index = np.clip(np.rint(found) + origin, 1, _LAST).astype(np.uint8)
    index[~finite] = 0
    return index


@lru_cache(maxsize=16)
def _screen_colors(table: bytes) -> Array:
    """The colours of a table as screens have them, 0xAARRGGBB: looking up one number is ten times as fast as four."""
    red, green, blue, alpha = np.frombuffer(table, np.uint8).reshape(-1, 4).astype(np.uint32).T
    return alpha << 24 | red << 16 | green << 8 | blue


def _theme(name: str) -> Theme:
    return DARK if name == "dark" else LIGHT


def _table(colors: Array, theme: Theme) -> Array:
    """Rows 1 to 255 from (255, 3) colours, row 0 for what is not finite; nobody may write into it."""
    table = np.full((256, 4), 255, dtype=np.uint8)
    table[1:, :3] = np.clip(np.rint(colors), 0, 255)
    table[0, :3] = rgb(theme.not_finite)
    table.setflags(write=False)
    return table


def _between(stops: list[str]) -> Array:
    """(255, 3) colours evenly through the stops."""
    colors = np.array([rgb(stop) for stop in stops], dtype=np.float64)
    where = np.linspace(0, len(stops) - 1, _LAST)
    return np.stack([np.interp(where, np.arange(len(stops)), colors[:, c]) for c in range(3)], axis=1)


@lru_cache(maxsize=2)
def _diverging_table(name: str) -> Array:
    theme = _theme(name)
    return _table(np.asarray(pg.colormap.get(theme.diverging).getLookupTable(0.0, 1.0, _LAST))[:, :3], theme)


@lru_cache(maxsize=2)
def _diverging_text(name: str) -> tuple[QColor, ...]:
    return tuple(text_on(QColor(*channels)) for channels in _diverging_table(name)[:, :3].tolist())


@lru_cache(maxsize=2)
def _gray_table(name: str) -> Array:
    theme = _theme(name)
    return _table(_between([theme.ink_low, theme.ink_high]), theme)


@lru_cache(maxsize=2)
def _class_table(name: str) -> Array:
    theme = _theme(name)
    return _table(_between([theme.classes[0], theme.panel, theme.classes[1]]), theme)
