"""The two views of weights that know what their axes mean: the bias as a strip, convolution filters as a mosaic."""

import numpy as np
from PySide6.QtWidgets import QWidget

from app.plots.image_mosaic_view import MosaicView
from app.plots.matrix_view import MatrixView
from app.plots.numbers import format_number
from core.types import Array


class VectorView(MatrixView):
    """A parameter with one entry an output, lying or standing; standing, its entries stand beside a matrix's rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vector_shown: Array = np.zeros(0)
        self._called = ""

    def set_vector(self, array: Array, name: str, standing: bool, limit: float | None = None) -> None:
        """Show entries.

        Shapes: array (outputs,)
        """
        self._vector_shown, self._called = array, name
        if standing:
            self.set_matrix(array[:, np.newaxis], limit, column_names=(name,), name=name)
        else:
            self.set_matrix(array, limit, column_names=[f"{i}" for i in range(len(array))], name=name)

    def hover_text(self) -> str:
        """`bias[3] = −0.01874`, whichever way the strip lies."""
        cell = self.current_cell()
        if cell is None or self.message():
            return ""
        index = max(cell)  # the other one is 0
        return f"{self._called}[{index}] = {format_number(self._vector_shown[index])}"


class FilterView(MosaicView):
    """Convolution filters: a row of maps a filter, a map an input channel; a single channel's maps fill the room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filters: Array = np.zeros((0, 1, 1, 1))
        self._called = ""

    def set_filters(self, array: Array, name: str) -> None:
        """Show filters.

        Shapes: array (filters, channels, kh, kw)
        """
        self._filters, self._called = array, name
        channels = array.shape[1]
        maps = array.reshape(-1, *array.shape[2:])
        self.set_maps(maps, name=name, columns=channels if channels > 1 else None)

    def hover_text(self) -> str:
        """`weight[3, 0, 1, 2] = −0.01874  (filter 3, channel 0, row 1, column 2)`."""
        cell = self.current_cell()
        place = None if cell is None or self.message() else self.place_at(*cell)
        if place is None:
            return ""
        at, channel = divmod(place.map, self._filters.shape[1])
        value = format_number(self._filters[at, channel, place.row, place.column])
        return (
            f"{self._called}[{at}, {channel}, {place.row}, {place.column}] = {value}"
            f"  (filter {at}, channel {channel}, row {place.row}, column {place.column})"
        )
