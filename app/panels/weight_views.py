"""The two views of weights that know what their axes mean: the bias as a strip, convolution filters as a mosaic."""

import numpy as np
from PySide6.QtWidgets import QWidget

from app.plots.image_mosaic_view import MosaicView
from app.plots.matrix_view import MatrixView
from app.plots.mosaic import MosaicPlace
from core.types import Array


class VectorView(MatrixView):
    """A parameter with one entry an output, lying or standing; standing, its entries stand beside a matrix's rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._called = ""

    def set_vector(self, array: Array, name: str, standing: bool, limit: float | None = None) -> None:
        """Show entries.

        Shapes: array (outputs,)
        """
        self._called = name
        if standing:
            self.set_matrix(array[:, np.newaxis], limit, column_names=(name,), name=name)
        else:
            self.set_matrix(array, limit, column_names=range(len(array)), name=name)

    def cell_of(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Row and column, whichever way the strip lies."""
        return (0, index[0]) if self._vector else (index[0], 0)

    def hover_text(self) -> str:
        """`bias[3] = −0.01874`, whichever way the strip lies."""
        cell, value = self.current_cell(), _value(super().hover_text())
        # Of row and column one is 0, and which one depends on how the strip lies.
        return f"{self._called}[{max(cell)}] = {value}" if cell and value else ""


class FilterView(MosaicView):
    """Convolution filters: a row of maps a filter, a map an input channel; a single channel's maps fill the room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._called, self._channels = "", 1
        self._marked: MosaicPlace | None = None
        self._a_number_a_pixel = False

    def set_filters(self, array: Array, name: str) -> None:
        """Show filters, or parameters with a number for every pixel of an image.

        Shapes: array (filters, channels, kh, kw) or (channels, H, W)
        """
        self._a_number_a_pixel = array.ndim == 3
        array = array[:, np.newaxis] if self._a_number_a_pixel else array
        self._called, self._channels = name, array.shape[1]
        maps = array.reshape(-1, *array.shape[2:])
        self.set_maps(maps, name=name, columns=self._channels if self._channels > 1 else None)

    def mark_entry(self, index: tuple[int, ...] | None) -> None:
        """Mark an entry by its index in the array, and show where it is; None clears the mark."""
        place = None
        if index is not None:
            at = index[0] if self._a_number_a_pixel else index[0] * self._channels + index[1]
            place = MosaicPlace(at, *index[-2:])
        if place == self._marked:
            return  # a person may have scrolled or zoomed elsewhere since
        self._marked = place
        if place is None:
            self.select_map(None)
            self.show_cell(-1, -1)
        else:
            self.reveal_entry(place)

    def hover_text(self) -> str:
        """`weight[3, 0, 1, 2] = −0.01874  (filter 3, channel 0, row 1, column 2)`."""
        cell, value = self.current_cell(), _value(super().hover_text())
        place = self.place_at(*cell) if cell and value else None
        if place is None:
            return ""
        at, channel = divmod(place.map, self._channels)
        if self._a_number_a_pixel:
            return f"{self._called}[{at}, {place.row}, {place.column}] = {value}"
        return (
            f"{self._called}[{at}, {channel}, {place.row}, {place.column}] = {value}"
            f"  (filter {at}, channel {channel}, row {place.row}, column {place.column})"
        )


def _value(text: str) -> str:
    """What a view says of the value, without the place, which it names in its own way."""
    return text.partition(" = ")[2].partition("  ")[0]
