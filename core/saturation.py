"""How much of a layer is saturated: lies where its curve is so flat that hardly any gradient passes."""

import numpy as np

from core.layers.activations import Sigmoid, Tanh
from core.layers.base import Layer
from core.types import Array

FLAT = 0.1
"""The share of the steepest slope below which a curve counts as flat."""


def saturated(layer: Layer, y: Array) -> int | None:
    """How many outputs of a sigmoid or tanh lie where the slope is below a tenth of the steepest; None for the others.

    Shapes: y (N, ...), what the layer gave
    """
    if not isinstance(layer, (Sigmoid, Tanh)):
        return None
    # The slope is what the layer's own backward makes of ones; it is steepest at x = 0.
    slope, _ = layer.backward(np.ones_like(y), {"y": y})
    middle, _ = layer.forward(np.zeros_like(y[:1]), training=False, rng=None)
    steepest, _ = layer.backward(np.ones_like(middle), {"y": middle})
    assert slope is not None and steepest is not None
    return int(np.count_nonzero(slope < FLAT * steepest.max()))
