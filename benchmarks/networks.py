"""The networks that are measured, and how much arithmetic one of their training steps takes."""

import dataclasses
import math
from typing import Any

from core.layers import layer_from_spec
from core.network import output_shapes
from core.types import Shape

Specs = tuple[dict[str, Any], ...]


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, what it is trained on, and the ratio to PyTorch that is aimed at."""

    network: str
    batch: int
    goal: float
    layers: Specs
    data: str = "mnist"


def dense(*widths: int, activation: str = "relu") -> Specs:
    """Dense layers of these widths with an activation between them."""
    layers: list[dict[str, Any]] = []
    for units in widths:
        layers += [{"kind": "dense", "units": units}, {"kind": activation}]
    return tuple(layers[:-1])


def mlp(hidden: int = 128) -> Specs:
    """784-hidden-hidden/2-10."""
    return ({"kind": "flatten"}, *dense(hidden, hidden // 2, 10))


def conv(channels: int = 8, extras: bool = False) -> Specs:
    """Two rounds of 3×3 convolution, ReLU and pooling, then Dense; with BatchNorm and Dropout if wanted."""
    layers: list[dict[str, Any]] = []
    for filters in (channels, 2 * channels):
        layers.append({"kind": "conv2d", "filters": filters, "kernel_size": 3, "padding": "same"})
        layers += [{"kind": "batch_norm"}] * extras
        layers += [{"kind": "relu"}, {"kind": "max_pool2d", "kernel_size": 2}]
    layers.append({"kind": "flatten"})
    layers += [{"kind": "dropout", "p": 0.5}] * extras
    return (*layers, {"kind": "dense", "units": 10})


LENET: Specs = (
    {"kind": "conv2d", "filters": 6, "kernel_size": 5, "padding": 2},
    {"kind": "relu"},
    {"kind": "max_pool2d", "kernel_size": 2},
    {"kind": "conv2d", "filters": 16, "kernel_size": 5},
    {"kind": "relu"},
    {"kind": "max_pool2d", "kernel_size": 2},
    {"kind": "flatten"},
    *dense(120, 84, 10),
)

CONV_NAME = "conv 8 – pool – conv 16 – pool – dense"

CASES = (
    Case("2-8-8-1 tanh", 10, 8.0, dense(8, 8, 1, activation="tanh"), "xor"),
    Case("784-128-64-10", 32, 1.8, mlp()),
    Case("784-128-64-10", 128, 1.5, mlp()),
    Case(CONV_NAME, 32, 1.4, conv()),
    Case(CONV_NAME, 128, 1.4, conv()),
    Case("LeNet-5", 64, 1.3, LENET),
    Case(f"{CONV_NAME}, BatchNorm, Dropout", 64, 1.3, conv(extras=True)),
)
"""Training steps, compared with PyTorch."""

EVALUATION = Case(f"{CONV_NAME}, evaluation of the test set", 10_000, 1.2, conv())

GROWTH = (
    *(Case("784-128-64-10", batch, 0.0, mlp()) for batch in (8, 32, 128, 512, 2048)),
    *(Case(f"784-{width}-{width // 2}-10", 128, 0.0, mlp(width)) for width in (32, 256, 512, 1024)),
    *(Case(CONV_NAME, batch, 0.0, conv()) for batch in (8, 32, 128, 512)),
    *(Case(f"conv {c} – pool – conv {2 * c} – pool – dense", 32, 0.0, conv(c)) for c in (16, 32)),
)
"""How the time of a step grows with the batch and the width."""


def matrix_flops(layers: Specs, input_shape: Shape, batch: int) -> int:
    """Floating-point operations of the matrix products in one training step: those no method can avoid.

    Each product of a layer is met three times, forward, for the weight and for dx; the first layer needs no dx.
    """
    built = [layer_from_spec(spec) for spec in layers]
    shape, products = input_shape, []
    for layer, out in zip(built, output_shapes(built, input_shape), strict=True):
        weight = layer.param_shapes(shape).get("weight", ())
        if len(weight) > 1:
            positions = math.prod(out[1:])
            products.append(math.prod(weight) * positions)
        shape = out
    return 2 * batch * (3 * sum(products) - products[0])
