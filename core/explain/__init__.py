"""Where a number comes from: for every entry of every tensor of the tape the terms it is the sum of.

`explain(Step.of(tape, trainer), Place(record, tensor, index))` gives an `Explanation`; each factor of its terms has a
place of its own that can be explained in turn, until the trail ends at data, parameters, or the optimizer's memory.
"""

from core.explain import (  # importing a family registers its answers
    activations,
    conv,
    dense,
    dropout,
    losses,
    normalization,
    penalties,
    pooling,
    shape,
    updates,
)
from core.explain.protocol import Explanation, Factor, Part, Place, PlaceError, Places, Region, Term, TermFactor
from core.explain.questions import by_sample, explain
from core.explain.scene import Step

FAMILIES = (dense, activations, conv, pooling, normalization, dropout, shape, losses, updates, penalties)
"""The files that hold the answers, in the order in which a person meets them."""

__all__ = [
    "FAMILIES",
    "Explanation",
    "Factor",
    "Part",
    "Place",
    "PlaceError",
    "Places",
    "Region",
    "Step",
    "Term",
    "TermFactor",
    "by_sample",
    "explain",
]
