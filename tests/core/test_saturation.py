"""Saturated is where a curve is flat, by the slope that the layer's own backward has."""

import numpy as np
import pytest

from core.layers import layer_from_spec
from core.layers.base import Layer
from core.saturation import saturated


def built(kind: str) -> Layer:
    layer = layer_from_spec({"kind": kind})
    layer.build((1,), np.random.default_rng(0), np.float64)
    return layer


def test_saturated_counts_where_the_slope_is_below_a_tenth_of_the_steepest() -> None:
    x = np.linspace(-6, 6, 1001)[:, np.newaxis]
    assert saturated(built("tanh"), np.tanh(x)) == np.count_nonzero(1 / np.cosh(x) ** 2 < 0.1)
    y = 1 / (1 + np.exp(-x))
    assert saturated(built("sigmoid"), y) == np.count_nonzero(np.exp(-x) / (1 + np.exp(-x)) ** 2 < 0.025)


@pytest.mark.parametrize("kind", ["relu", "softmax", "flatten"])
def test_other_layers_do_not_saturate(kind: str) -> None:
    assert saturated(built(kind), np.ones((3, 1))) is None
