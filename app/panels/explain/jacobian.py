"""The Jacobian of a softmax for one sample, as the layer's own backward gives it."""

from collections.abc import Callable

import numpy as np

from app.panels.explain.table import Box, Table
from core.explain import Place
from core.layers.activations import Softmax
from core.types import Array


def jacobian(probabilities: Array) -> Array:
    """∂p[k]/∂x[i] in row i and column k, for probabilities (K,).

    It is what backward makes of a gradient of 1 by each p[k] in turn.
    """
    classes, layer = len(probabilities), Softmax()
    layer.build((classes,), np.random.default_rng(0), probabilities.dtype)
    ones = np.eye(classes, dtype=probabilities.dtype)
    by_output, _ = layer.backward(ones, {"y": np.tile(probabilities, (classes, 1))})
    assert by_output is not None
    return by_output.T


def jacobian_table(
    probabilities: Array,
    chosen: list[int],
    name: str,
    places: Callable[[int, int], Place | None],
    frames: tuple[Box, ...],
) -> Table:
    """The part of it that belongs to the chosen classes; `name` is what the probabilities are called."""
    classes = tuple(map(str, chosen))
    return Table(
        f"∂{name}/∂x",
        jacobian(probabilities)[np.ix_(chosen, chosen)],
        classes,
        classes,
        places,
        frames=frames,
        title=f"Jacobian: row i, column k is ∂{name}[k]/∂x[i]",
        named=False,
        moves=True,
    )
