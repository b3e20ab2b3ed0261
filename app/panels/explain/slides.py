"""A window that slides over an image, at one of its places: what it sees, what that is multiplied with, what comes out.

Convolution and pooling, forward and backward, are the same picture: a map to slide over, a box in it, tiles of what
meets there, sums by channel, and a map to which the result goes. All numbers are those of the explanation or the tape.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from app.plots.color_maps import finite_limit
from core.explain import Explanation, Part, Place, Region, Step, explain
from core.explain.notation import entry
from core.explain.protocol import Factor
from core.layers.conv import Conv2D
from core.layers.pooling import AvgPool2D, MaxPool2D
from core.types import Array, Shape

Cell = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Plane:
    """The last two axes of a tensor of the tape, cut at the indices before them."""

    record: int | None
    tensor: str
    leading: tuple[int, ...]

    def values(self, step: Step) -> Array:
        """The map (rows, columns)."""
        return np.asarray(step.tensor(self.record, self.tensor)[self.leading])

    def title(self) -> str:
        """`x[3, 4, :, :]`; of "0.weight" the layer is known."""
        name = self.tensor.rpartition(".")[2]
        return entry(name, *self.leading, ":", ":")

    def at(self, cell: Cell) -> Place:
        """One of its entries."""
        return Place(self.record, self.tensor, (*self.leading, *cell))


@dataclasses.dataclass(frozen=True, eq=False)
class Tile:
    """A small grid of numbers; `there` is False where the window sees nothing (outside of the image)."""

    title: str
    values: Array
    there: Array
    limit: float
    place_at: Callable[[int, int], Place | None]  # where the number of a cell stands on the tape, if it stands there
    marked: Cell | None = None

    def has(self, cell: Cell) -> bool:
        """Whether the window sees something there; tiles of one window may have other shapes."""
        rows, columns = self.values.shape
        return cell[0] < rows and cell[1] < columns and bool(self.there[cell])


@dataclasses.dataclass(frozen=True, eq=False)
class Slide:
    """The window at one place."""

    place: Place
    value: float
    source: Plane
    box: tuple[int, int, int, int] | None  # first and last row, first and last column; None where it meets nothing
    tiles: tuple[Tile, ...]
    channel: int  # which of the sums the tiles belong to
    sums: Array  # (channels,); a single one where channels are not added up
    channel_word: str  # "channel", "filter", "sample"
    bias: float | None = None

    @property
    def target(self) -> Plane:
        """The map the number stands in."""
        return Plane(self.place.record, self.place.tensor, self.place.index[:-2])

    @property
    def cell(self) -> Cell:
        """Where in the target."""
        row, column = self.place.index[-2:]
        return row, column


def slides(step: Step, place: Place) -> bool:
    """Whether a number comes about by a window that slides."""
    if place.record is None or len(place.index) != 4:
        return False
    record = step.tape.records[place.record]
    if record.phase not in ("forward", "backward"):
        return False
    layer = step.layers[record.index]
    if isinstance(layer, Conv2D):
        return place.tensor in ("y", "dx", "d_weight")
    return isinstance(layer, MaxPool2D | AvgPool2D) and place.tensor in ("y", "dx")


def slide_at(step: Step, place: Place, channel: int | None) -> Slide:
    """The window at a place for which `slides` holds; `channel` by default is the one that weighs most."""
    assert place.record is not None
    layer, explanation = step.layers[step.tape.records[place.record].index], explain(step, place)
    if isinstance(layer, Conv2D):
        return _convolution(step, layer, explanation, channel)
    if isinstance(layer, MaxPool2D):
        return _largest(step, explanation) if place.tensor == "y" else _routed(step, explanation)
    return _average(step, explanation)


def _convolution(step: Step, layer: Conv2D, explanation: Explanation, channel: int | None) -> Slide:
    place, part = explanation.place, explanation.parts[0]
    kernel, stride = layer.kernel_size, layer.stride
    match place.tensor:
        case "y":
            (over, fixed), axis, word, shape = part.factors, 1, "channel", (kernel, kernel)
            cells = _entries(fixed, 2), _entries(fixed, 3)
        case "dx":
            # A pixel went through the kernel's last weights to the first outputs: seen from it the kernel is flipped.
            (over, fixed), axis, word, shape = part.factors, 1, "filter", (-(-kernel // stride),) * 2
            cells = (kernel - 1 - _entries(fixed, 2)) // stride, (kernel - 1 - _entries(fixed, 3)) // stride
        case _:
            (fixed, over), axis, word = part.factors, 0, "sample"
            assert fixed.places is not None
            shape = step.tensor(fixed.places.record, fixed.places.tensor).shape[2:]
            cells = _entries(fixed, 2), _entries(fixed, 3)
    assert over.places is not None and fixed.places is not None
    groups = _entries(over, axis)
    count = step.tensor(over.places.record, over.places.tensor).shape[axis]
    sums = np.bincount(groups, part.values, count)
    chosen = int(np.argmax(np.abs(sums))) if channel is None else min(channel, count - 1)
    source, fixed_plane = _plane(over, step, axis, chosen), _plane(fixed, step, _group_axis(place), chosen)
    mine = groups == chosen
    limits = finite_limit(source.values(step)), finite_limit(fixed_plane.values(step))
    titles = "window", "kernel, flipped" if place.tensor == "dx" else fixed_plane.title()
    tiles = _products(part, (over, fixed), mine, (cells[0][mine], cells[1][mine]), shape, titles, limits)
    bias = float(explanation.parts[1].values[0]) if len(explanation.parts) > 1 else None
    box = _box(_entries(over, 2)[mine], _entries(over, 3)[mine])
    return Slide(place, explanation.value, source, box, tiles, chosen, sums, word, bias)


def _group_axis(place: Place) -> int:
    """The axis of the second factor that runs along the channels which are added up: filters and samples are first."""
    return 1 if place.tensor == "y" else 0


def _largest(step: Step, explanation: Explanation) -> Slide:
    """The first largest input of a window."""
    place, factor = explanation.place, explanation.parts[0].factors[0]
    region = factor.depends[0]
    assert isinstance(region, Region) and factor.places is not None
    source = Plane(region.record, region.tensor, place.index[:2])
    box = _bounds(region)
    winner = factor.places.at(0).index
    tile = _window(step, source, box, (winner[2] - box[0], winner[3] - box[2]))
    return Slide(place, explanation.value, source, box, (tile,), 0, np.array([explanation.value]), "")


def _routed(step: Step, explanation: Explanation) -> Slide:
    """The windows an input was in, and whether it was the first largest there; before them one of these windows."""
    place = explanation.place
    source = Plane(place.record, "dy", place.index[:2])
    if not explanation.parts:
        return Slide(place, explanation.value, source, None, (), 0, np.zeros(1), "")
    part = explanation.parts[0]
    passed, won = part.factors
    rows, columns = _entries(passed, 2), _entries(passed, 3)
    shown = int(np.argmax(won.values))
    region = won.depends[shown]
    assert isinstance(region, Region)
    images, box = Plane(region.record, region.tensor, place.index[:2]), _bounds(region)
    window = _window(step, images, box, (place.index[2] - box[0], place.index[3] - box[2]))
    limits = finite_limit(source.values(step)), 1.0
    shape = (int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1)
    cells = rows - rows.min(), columns - columns.min()
    every = np.ones(len(part), bool)
    products = _products(part, (passed, won), every, cells, shape, ("dy", "1 if it won"), limits)
    value, box_of_dy = float(part.values.sum()), _box(rows, columns)
    return Slide(place, explanation.value, source, box_of_dy, (window, *products), 0, np.array([value]), "")


def _average(step: Step, explanation: Explanation) -> Slide:
    """Equal shares of the inputs of a window, or of the gradients of the windows an input was in."""
    place = explanation.place
    part = explanation.parts[0]
    over, share = part.factors
    assert over.places is not None
    source = Plane(over.places.record, over.places.tensor, place.index[:2])
    if not len(part):
        return Slide(place, explanation.value, source, None, (), 0, np.zeros(1), "")
    rows, columns = _entries(over, 2), _entries(over, 3)
    shape = (int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1)
    limits = finite_limit(source.values(step)), 1.0
    cells = rows - rows.min(), columns - columns.min()
    title = "window" if place.tensor == "y" else "dy"
    every = np.ones(len(part), bool)
    tiles = _products(part, (over, share), every, cells, shape, (title, f"× {share.label}"), limits)
    sums = np.array([float(part.values.sum())])
    return Slide(place, explanation.value, source, _box(rows, columns), tiles, 0, sums, "")


def _products(
    part: Part,
    factors: tuple[Factor, Factor],
    mine: Array,
    cells: tuple[Array, Array],
    shape: Shape,
    titles: tuple[str, str],
    limits: tuple[float, float],
) -> tuple[Tile, ...]:
    """The two factors and their products, each number in the cell where it meets the others."""
    terms = np.full(shape, -1)
    terms[cells] = np.flatnonzero(mine)

    def tile(title: str, values: Array, limit: float, factor: Factor | None = None) -> Tile:
        grid = np.zeros(shape)
        grid[cells] = values

        def place_at(row: int, column: int) -> Place | None:
            term = int(terms[row, column])
            return factor.places.at(term) if factor and factor.places and term >= 0 else None

        return Tile(title, grid, terms >= 0, limit, place_at)

    first, second = (
        tile(title, factor.values[mine], limit, factor)
        for title, factor, limit in zip(titles, factors, limits, strict=True)
    )
    # No product of two such numbers is larger: the same colour means the same wherever the window is.
    return first, second, tile("products", part.values[mine], limits[0] * limits[1])


def _window(step: Step, plane: Plane, box: tuple[int, int, int, int], marked: Cell) -> Tile:
    top, bottom, left, right = box
    whole = plane.values(step)
    values = whole[top : bottom + 1, left : right + 1]
    there, limit = np.ones(values.shape, bool), finite_limit(whole)
    title = f"{plane.tensor} window"
    return Tile(title, values, there, limit, lambda row, column: plane.at((top + row, left + column)), marked)


def _plane(factor: Factor, step: Step, axis: int, chosen: int) -> Plane:
    """The plane of a factor's tensor for the chosen channel; along the other leading axis all terms agree."""
    assert factor.places is not None
    other = int(_entries(factor, 1 - axis)[0]) if len(factor.values) else 0
    leading = (other, chosen) if axis == 1 else (chosen, other)
    return Plane(factor.places.record, factor.places.tensor, leading)


def _entries(factor: Factor, axis: int) -> Array:
    assert factor.places is not None
    return factor.places.index[axis]


def _box(rows: Array, columns: Array) -> tuple[int, int, int, int] | None:
    if not len(rows):
        return None
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())


def _bounds(region: Region) -> tuple[int, int, int, int]:
    rows, columns = region.index[2:]
    assert isinstance(rows, slice) and isinstance(columns, slice)
    return rows.start, rows.stop - 1, columns.start, columns.stop - 1
