"""Pictures of tensors that belong to no sample: a weight's gradient, an optimizer's memory, a mean of every channel."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from app.network_view.bars import Bars
from app.network_view.pictures import Cells, Maps, Picture, Raster, Scale
from app.network_view.style import limit_words, range_words
from app.plots.color_maps import diverging_image, finite_limit, finite_range
from core.explain.notation import entry
from core.types import Array

LONGEST_BARS = 16
"""Longer vectors are shown as cells."""


class Matrix(Raster):
    """One cell an entry, rows below one another.

    Shapes: values (rows, columns)
    """

    def cells(self, rect: QRectF) -> tuple[int, int]:
        rows, columns = self.values.shape
        return rows, columns

    def make_image(self, rect: QRectF) -> QImage:
        return diverging_image(self.values, self.scale.high)

    def entry_at(self, point: QPointF, rect: QRectF) -> tuple[int, ...] | None:
        return self.cell_at(point, rect)


class Kernels(Maps):
    """The kernels of a convolution, filter by filter.

    Shapes: values (F, C, kh, kw)
    """

    def __init__(self, name: str, values: Array, scale: Scale, note: str) -> None:
        super().__init__(name, values.reshape(-1, *values.shape[2:]), scale, note)
        self._channels = values.shape[1]

    def entry_words(self, *index: int) -> str:
        map_, row, column = index
        place = (*divmod(map_, self._channels), row, column)
        _, _, value = super().entry_words(*index).rpartition(" = ")
        return f"{entry(self.name, *place)} = {value}"


def tensor_picture(name: str, values: Array, whole: Array | None = None) -> Picture:
    """A tensor of any shape, on a scale of its own that has its centre at zero where there are negative values.

    With `whole` the scale is one for both: what `values` are on the way to, so that colours stay as they become it.
    """
    values = np.atleast_1d(values)
    scaled = values if whole is None else np.concatenate([np.ravel(values), np.ravel(whole)])
    high, (low, _) = finite_limit(scaled), finite_range(scaled)
    if values.ndim == 1 and len(values) <= LONGEST_BARS:
        return Bars(name, values, Scale(-high, high, True), range_words(scaled))
    signed = low < 0 or values.ndim in (2, 4)
    scale, note = Scale(-high if signed else 0.0, high, signed), limit_words(scaled) if signed else range_words(scaled)
    match values.ndim:
        case 1:
            return Cells(name, values, scale, note)
        case 2:
            return Matrix(name, values, scale, note)
        case 3:
            return Maps(name, values, scale, note)
        case _:
            return Kernels(name, values, scale, note)
