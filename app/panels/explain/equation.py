"""A sum of products as a picture: first factor ⊙ second factor = products, cut where the products weigh most."""

import dataclasses

import numpy as np

from app.panels.explain.heaviest import Heaviest
from app.plots.numbers import format_count, format_number
from core.explain import Explanation, Part, Place
from core.explain.notation import entry
from core.explain.protocol import Factor
from core.types import Array, Shape


@dataclasses.dataclass(frozen=True, eq=False)
class Equation:
    """Pictures of one slice of the terms: the factors and their products, all (rows, columns)."""

    titles: tuple[str, ...]
    pictures: tuple[Array, ...]
    words: tuple[str, ...]  # a line each
    factors: tuple[Factor, ...]
    terms: Array  # (rows, columns): the number of the term at each place
    heaviest: Heaviest | None = None  # the sample whose slice it is, in a sum over those of all samples

    def place(self, picture: int, cell: tuple[int, int]) -> Place | None:
        """The entry shown at a cell of a factor's picture; of a product, that of its first factor that has one."""
        factors = self.factors[picture : picture + 1] or self.factors
        places = next((factor.places for factor in factors if factor.places is not None), None)
        return None if places is None else places.at(int(self.terms[cell]))

    def names(self, cell: tuple[int, int]) -> str:
        """The factors that meet at a cell, with their indices: `dy[17, 3] × x[17, 407]`."""
        return " × ".join(_name(factor, int(self.terms[cell])) for factor in self.factors)


def equation(explanation: Explanation, heaviest: Heaviest | None = None) -> Equation | None:
    """The largest part of an explanation as an equation; None where it is not a sum of at least two products.

    Of a sum over the batch that has no room in one picture it is the slice of the sample that weighs most.
    """
    parts = [part for part in explanation.parts if len(part) > 1 and len(part.factors) > 1]
    if not parts:
        return None
    part = max(parts, key=len)
    layout = _layout(part)
    if layout is None:
        return None
    shape, order = layout
    grids = [_grid(factor.values, shape, order) for factor in part.factors] + [_grid(part.values, shape, order)]
    planes = [grid.reshape(-1, *_last_two(shape)) for grid in grids]
    plane_of = np.ravel_multi_index(order[:-2], shape[:-2]) if len(shape) > 2 else np.zeros(len(part), np.int64)
    if heaviest is not None and (heaviest.part is not part or len(planes[-1]) == 1):
        heaviest = None
    largest = int(np.argmax(np.abs(planes[-1].sum(axis=(1, 2)))))
    best = largest if heaviest is None else int(plane_of[heaviest.number])
    here = float(planes[-1][best].sum())
    words = [f"sum of these {format_count(planes[-1][best].size)} products: {format_number(here)}"]
    if len(planes[-1]) > 1:
        total = format_number(float(part.values.sum()))
        words.append(f"sum of all {format_count(len(planes[-1]))} such pictures: {total}")
    titles = (*(_title(factor, plane_of == best) for factor in part.factors), "products")
    terms = _grid(np.arange(len(part)), shape, order).reshape(planes[0].shape)[best].astype(np.int64)
    pictures = tuple(plane[best] for plane in planes)
    return Equation(titles, pictures, tuple(words), part.factors, terms, heaviest)


def _title(factor: Factor, shown: Array) -> str:
    """A factor with the indices that all its shown entries have in common: `dy[104, 6, :, :]`."""
    if factor.places is None:
        return factor.label
    axes = [np.unique(axis[shown]) for axis in factor.places.index]
    if all(len(axis) > 1 for axis in axes):
        return factor.label
    return f"{factor.label}[{', '.join(':' if len(axis) > 1 else str(axis[0]) for axis in axes)}]"


def _name(factor: Factor, term: int) -> str:
    if factor.places is None:
        return factor.label
    return entry(factor.label, *factor.places.at(term).index)


def _layout(part: Part) -> tuple[Shape, tuple[Array, ...]] | None:
    """A grid on which every term has a place of its own: the axes along which a factor's places differ."""
    for factor in part.factors:
        if factor.places is None:
            continue
        axes = [axis for axis in map(_ranks, factor.places.index) if axis[1] > 1]
        if int(np.prod([size for _, size in axes])) == len(part):
            return tuple(size for _, size in axes), tuple(ranks for ranks, _ in axes)
    return None


def _ranks(axis: Array) -> tuple[Array, int]:
    values, ranks = np.unique(axis, return_inverse=True)
    return ranks, len(values)


def _grid(values: Array, shape: Shape, order: tuple[Array, ...]) -> Array:
    grid = np.zeros(shape)
    grid[order] = values
    return grid


def _last_two(shape: Shape) -> Shape:
    return shape[-2:] if len(shape) > 1 else (1, *shape)
