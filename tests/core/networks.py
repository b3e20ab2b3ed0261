"""Whole networks for the tests: small, but with everything a real one has."""

import dataclasses
from typing import Any

import numpy as np

from core.layers import layer_from_spec
from core.losses import loss_from_spec
from core.network import Network
from core.types import Array, Shape
from tests.core.cases import frozen

Specs = tuple[dict[str, Any], ...]


@dataclasses.dataclass(frozen=True)
class Net:
    """A network as plain data, the shape of one sample and the number of samples."""

    name: str
    layers: Specs
    loss: dict[str, Any]
    in_shape: Shape
    outputs: int
    batch: int

    def unbuilt(self) -> Network:
        return Network([layer_from_spec(spec) for spec in self.layers], loss_from_spec(self.loss))

    def network(self, dtype: Any = np.float64, seed: int = 5) -> Network:
        network = self.unbuilt()
        network.build(self.in_shape, seed, dtype)
        return network

    def x(self, dtype: Any = np.float64) -> Array:
        x = np.random.default_rng(6).normal(size=(self.batch, *self.in_shape))
        return frozen(x.astype(dtype))

    def target(self, dtype: Any = np.float64) -> Array:
        rng = np.random.default_rng(7)
        labels = rng.integers(0, max(self.outputs, 2), self.batch)
        match self.loss["kind"]:
            case "cross_entropy" | "negative_log_likelihood":
                return frozen(labels)
            case "bce_with_logits":
                return frozen(labels[:, None].astype(dtype))
            case _:
                return frozen(rng.normal(size=(self.batch, self.outputs)).astype(dtype))


def layer(kind: str, **options: Any) -> dict[str, Any]:
    return {"kind": kind, **options}


def _conv(*between: dict[str, Any]) -> Specs:
    return (
        layer("conv2d", filters=4, kernel_size=3, padding=1),
        *between,
        layer("relu"),
        layer("max_pool2d", kernel_size=2),
        layer("conv2d", filters=6, kernel_size=3),
        layer("relu"),
        layer("max_pool2d", kernel_size=2),
        layer("flatten"),
        layer("dense", units=5),
    )


def network_of(*specs: dict[str, Any], loss: str = "mse") -> Network:
    return Network([layer_from_spec(spec) for spec in specs], loss_from_spec({"kind": loss}))


CROSS_ENTROPY = {"kind": "cross_entropy"}

XOR = Net(
    "xor",
    (layer("dense", units=8), layer("tanh"), layer("dense", units=3), layer("tanh"), layer("dense", units=1)),
    {"kind": "bce_with_logits"},
    (2,),
    1,
    10,
)
DENSE = Net(
    "dense",
    (
        layer("flatten"),
        layer("dense", units=17),
        layer("relu"),
        layer("dense", units=11),
        layer("relu"),
        layer("dense", units=10),
    ),
    CROSS_ENTROPY,
    (1, 9, 8),
    10,
    16,
)
REGRESSION = Net(
    "regression", (layer("dense", units=7), layer("sigmoid"), layer("dense", units=2)), {"kind": "mse"}, (3,), 2, 9
)
SOFTMAX = Net(
    "softmax",
    (layer("dense", units=6), layer("tanh"), layer("dense", units=4), layer("softmax")),
    {"kind": "mse"},
    (3,),
    4,
    5,
)
CONV = Net("conv", _conv(), CROSS_ENTROPY, (2, 10, 13), 5, 7)
BATCH_NORM = Net(
    "conv-batch-norm",
    (
        layer("conv2d", filters=4, kernel_size=3, padding=1),
        layer("batch_norm"),
        layer("relu"),
        layer("avg_pool2d", kernel_size=2),
        layer("flatten"),
        layer("dense", units=9),
        layer("batch_norm", momentum=0.3),
        layer("leaky_relu"),
        layer("dense", units=5),
    ),
    CROSS_ENTROPY,
    (2, 6, 9),
    5,
    8,
)
DROPOUT = Net(
    "conv-dropout",
    (*_conv(layer("batch_norm"), layer("dropout", p=0.25))[:-1], layer("dropout"), layer("dense", units=5)),
    CROSS_ENTROPY,
    (2, 10, 13),
    5,
    7,
)

NETS = (XOR, DENSE, REGRESSION, SOFTMAX, CONV, BATCH_NORM, DROPOUT)
