"""What an answer to "where does this number come from?" looks like: parts, their terms, and the factors of a term.

A part is a table in columns, because a single weight of a convolution is the sum of tens of thousands of products; only
the largest of them are made into objects.
"""

import dataclasses
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from core.types import Array, ChainruleError, Shape

Index = tuple[int | slice | Array, ...]


class PlaceError(ChainruleError):
    """There is no such record, tensor or entry in the tape."""


@dataclasses.dataclass(frozen=True)
class Place:
    """One entry of one tensor.

    `record` is the position in `tape.records`. It is None for what comes from outside: "x" and "target" of the batch,
    and parameters and buffers as they were before the step, by name ("0.weight").
    """

    record: int | None
    tensor: str
    index: tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Places:
    """One entry of a tensor for each term: `index` has an array (K,) an axis, so `tensor[index]` are all of them."""

    record: int | None
    tensor: str
    index: tuple[Array, ...]

    def at(self, term: int) -> Place:
        """The entry of one term."""
        return Place(self.record, self.tensor, tuple(int(axis[term]) for axis in self.index))


@dataclasses.dataclass(frozen=True, eq=False)
class Region:
    """A part of a tensor that counts as a whole: `tensor[index]`, for example the row a softmax runs over."""

    record: int | None
    tensor: str
    index: Index

    def size(self, shape: Shape) -> int:
        """How many entries it has in a tensor of that shape."""
        return self._flat(shape).size

    def at(self, number: int, shape: Shape) -> Place:
        """One of its entries, in row-major order, in a tensor of that shape."""
        flat = self._flat(shape).ravel()[number]
        return Place(self.record, self.tensor, tuple(int(axis) for axis in np.unravel_index(flat, shape)))

    def _flat(self, shape: Shape) -> Array:
        return np.asarray(np.arange(int(np.prod(shape))).reshape(shape)[self.index])


@dataclasses.dataclass(frozen=True, eq=False)
class Factor:
    """One column of a part: a number for each term.

    With `places`, these are entries of a tensor, exactly as shown. Without, they are derived from what stands in
    `depends` (for example "1/√(variance + eps)"), or a constant of the formula that depends on nothing ("1/N").
    """

    label: str
    values: Array  # (K,)
    places: Places | None = None
    depends: tuple[Places | Region, ...] = ()
    labels: tuple[str, ...] = ()  # of each term, where they are called by what they depend on ("∂y[3, 0]/∂x[3, 2]")


@dataclasses.dataclass(frozen=True)
class TermFactor:
    """One factor of one term."""

    label: str
    value: float
    place: Place | None
    depends: tuple[Place | Region, ...]


@dataclasses.dataclass(frozen=True)
class Term:
    """One addend, and the factors whose product it is."""

    part: str
    value: float
    factors: tuple[TermFactor, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """Terms of one kind: "input × weight", "bias", "weight decay"; the product of the factors, one a row."""

    label: str
    factors: tuple[Factor, ...]

    def __len__(self) -> int:
        return len(self.factors[0].values)

    @cached_property
    def values(self) -> Array:
        """The terms (K,), in float64: a product of two float32 numbers is exact there."""
        product = self.factors[0].values.astype(np.float64)
        for factor in self.factors[1:]:
            product *= factor.values
        return product

    def term(self, number: int) -> Term:
        """One row as an object."""
        factors = tuple(
            TermFactor(
                factor.labels[number] if factor.labels else factor.label,
                float(factor.values[number]),
                None if factor.places is None else factor.places.at(number),
                tuple(given if isinstance(given, Region) else given.at(number) for given in factor.depends),
            )
            for factor in self.factors
        )
        return Term(self.label, float(self.values[number]), factors)


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """What a family of layers, losses or optimizers has to say about one entry; `end` where nothing lies behind it.

    `where` explains letters of the formula ("slope = 1 − y²"), so that the formula is what equals the number.
    """

    formula: str
    parts: Sequence[Part] = ()
    end: str = ""
    where: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Explanation:
    """Where one number comes from: it is the sum of the terms of all parts."""

    place: Place
    name: str
    formula: str
    value: float
    parts: tuple[Part, ...] = ()
    end: str = ""
    """In words where the trail ends here (data, target, parameter, memory, chance); otherwise empty."""
    where: str = ""
    """What letters of the formula stand for."""

    @property
    def is_end(self) -> bool:
        """Whether nothing in this step lies behind this number."""
        return bool(self.end)

    @cached_property
    def values(self) -> Array:
        """All terms, part after part."""
        return np.concatenate([np.empty(0), *(part.values for part in self.parts)])

    @property
    def total(self) -> float:
        """The sum of the terms: `value`, up to rounding."""
        return float(self.values.sum())

    @property
    def same_as(self) -> Place | None:
        """The place this number was only handed on from, if it was."""
        if len(self.parts) == 1 and len(self.parts[0]) == 1 and len(self.parts[0].factors) == 1:
            places = self.parts[0].factors[0].places
            return None if places is None else places.at(0)
        return None

    @property
    def regions(self) -> list[Places | Region]:
        """For each source tensor the entries that contribute: `tensor[region.index]`."""
        found: list[Places | Region] = []
        for part in self.parts:
            for factor in part.factors:
                found += [] if factor.places is None else [factor.places]
                found += factor.depends
        return found

    def largest(self, count: int) -> list[Term]:
        """The `count` terms that weigh most, the largest first; of equal ones the earlier."""
        sizes = -np.abs(self.values)
        if count < len(sizes):
            limit = np.partition(sizes, count)[count]
            candidates = np.flatnonzero(sizes <= limit)
        else:
            candidates = np.arange(len(sizes))
        order = candidates[np.argsort(sizes[candidates], kind="stable")][:count]
        return [self.term(int(number)) for number in order]

    def term(self, number: int) -> Term:
        """One term, counted through all parts."""
        for part in self.parts:
            if number < len(part):
                return part.term(number)
            number -= len(part)
        raise IndexError("There are fewer terms.")
