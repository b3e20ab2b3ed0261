"""The one table of layers to prove right: every layer with its options and shapes that would betray a mistake.

All sizes of a case differ where they can, so that swapped axes fail; inputs are distinct and keep away from zero, so
that no kink of ReLU or max pooling lies near.
"""

import dataclasses
from typing import Any

import numpy as np

from core.initializers import Normal
from core.layers import layer_from_spec
from core.layers.base import Layer
from core.types import Array, Arrays, Shape


@dataclasses.dataclass(frozen=True)
class Case:
    """A layer, the shape of one sample and the number of samples."""

    name: str
    kind: str
    options: dict[str, Any]
    in_shape: Shape
    batch: int

    def unbuilt(self) -> Layer:
        return layer_from_spec({"kind": self.kind, **self.options})

    def layer(self, dtype: Any = np.float64) -> Layer:
        """Built, and no parameter or buffer has a value (0 or 1) at which a mistake could hide."""
        layer = self.unbuilt()
        layer.build(self.in_shape, np.random.default_rng(11), dtype, Normal(std=0.5))
        rng = np.random.default_rng(12)
        for array in (*layer.params.values(), *layer.buffers.values()):
            array[...] = rng.uniform(0.4, 1.6, array.shape)
        if "weight" in layer.params and not layer.buffers:
            layer.params["weight"] *= rng.choice([-1.0, 1.0], layer.params["weight"].shape)
        return layer

    def x(self, dtype: Any = np.float64, seed: int = 1) -> Array:
        """Inputs (batch, *in_shape), read-only."""
        return frozen(spread((self.batch, *self.in_shape), seed).astype(dtype))

    def dy(self, dtype: Any = np.float64, seed: int = 2) -> Array:
        """A random gradient of the outputs, read-only."""
        shape = (self.batch, *self.unbuilt().out_shape(self.in_shape))
        return frozen(np.random.default_rng(seed).normal(size=shape).astype(dtype))


def spread(shape: Shape, seed: int) -> Array:
    """Distinct values of both signs, none nearer to 0 than 0.1, in random order."""
    size = int(np.prod(shape))
    values = np.linspace(-2, 2, size) if size > 1 else np.array([0.7])
    values = values + np.where(values < 0, -0.1, 0.1)
    return np.random.default_rng(seed).permutation(values).reshape(shape)


def frozen(array: Array) -> Array:
    """The array itself, made read-only."""
    array.flags.writeable = False
    return array


def batch_last(array: Array) -> Array:
    """Equal values, in memory with the batch as the fastest axis."""
    return frozen(np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 0, -1)), -1, 0))


def run(layer: Layer, x: Array, dy: Array, training: bool = True, seed: int = 3) -> tuple[Array, Array, Arrays]:
    """Forward and backward: y, dx and the gradients of the parameters."""
    y, cache = layer.forward(x, training, np.random.default_rng(seed))
    dx, grads = layer.backward(dy, cache)
    assert dx is not None
    return y, dx, grads


def _case(kind: str, detail: str, in_shape: Shape, batch: int, **options: Any) -> Case:
    return Case(f"{kind}-{detail}", kind, options, in_shape, batch)


_ELEMENTWISE = ("relu", "leaky_relu", "elu", "silu", "gelu", "sigmoid", "tanh", "softplus")

CASES: tuple[Case, ...] = (
    _case("dense", "plain", (5,), 4, units=3),
    _case("dense", "batch1", (4,), 1, units=6),
    _case("dense", "one-unit", (6,), 3, units=1),
    _case("dense", "one-input", (1,), 5, units=2),
    _case("conv2d", "plain", (2, 6, 7), 3, filters=4, kernel_size=3),
    _case("conv2d", "batch1", (3, 5, 6), 1, filters=2, kernel_size=2),
    _case("conv2d", "one-channel", (1, 4, 7), 3, filters=2, kernel_size=3),
    _case("conv2d", "one-filter", (3, 4, 5), 2, filters=1, kernel_size=2),
    _case("conv2d", "stride2", (2, 7, 9), 3, filters=4, kernel_size=3, stride=2),
    _case("conv2d", "stride2-leftover", (3, 8, 6), 2, filters=4, kernel_size=3, stride=2),
    _case("conv2d", "stride-over-kernel", (2, 7, 8), 3, filters=4, kernel_size=2, stride=3),
    _case("conv2d", "padding1", (2, 5, 4), 3, filters=4, kernel_size=3, padding=1),
    _case("conv2d", "padding-over-kernel", (3, 4, 5), 2, filters=1, kernel_size=2, padding=3),
    _case("conv2d", "padding2-stride3", (2, 6, 7), 3, filters=4, kernel_size=5, stride=3, padding=2),
    _case("conv2d", "same3", (2, 5, 6), 3, filters=4, kernel_size=3, padding="same"),
    _case("conv2d", "same4", (2, 6, 5), 3, filters=4, kernel_size=4, padding="same"),
    _case("conv2d", "same2", (3, 4, 5), 2, filters=1, kernel_size=2, padding="same"),
    _case("conv2d", "kernel1", (3, 5, 6), 2, filters=4, kernel_size=1),
    _case("conv2d", "kernel1-stride2", (3, 5, 6), 2, filters=4, kernel_size=1, stride=2),
    _case("conv2d", "kernel-is-image", (2, 3, 3), 4, filters=5, kernel_size=3),
    _case("conv2d", "kernel-over-image", (2, 3, 4), 5, filters=6, kernel_size=5, padding=1),
    _case("conv2d", "one-row", (2, 1, 9), 3, filters=4, kernel_size=3, padding=1),
    _case("conv2d", "large-batch", (1, 3, 4), 70, filters=2, kernel_size=2),
    _case("max_pool2d", "plain", (2, 6, 8), 3, kernel_size=2),
    _case("max_pool2d", "batch1", (3, 6, 4), 1, kernel_size=2),
    _case("max_pool2d", "leftover", (2, 7, 5), 3, kernel_size=2),
    _case("max_pool2d", "kernel3", (2, 9, 6), 4, kernel_size=3),
    _case("max_pool2d", "overlap", (2, 7, 9), 3, kernel_size=3, stride=2),
    _case("max_pool2d", "overlap-padding", (2, 6, 7), 3, kernel_size=3, stride=2, padding=1),
    _case("max_pool2d", "stride1", (3, 4, 5), 2, kernel_size=2, stride=1),
    _case("max_pool2d", "gaps", (2, 7, 8), 3, kernel_size=2, stride=3),
    _case("max_pool2d", "padding2", (2, 5, 7), 3, kernel_size=4, stride=3, padding=2),
    _case("avg_pool2d", "plain", (2, 6, 8), 3, kernel_size=2),
    _case("avg_pool2d", "batch1", (3, 6, 4), 1, kernel_size=2),
    _case("avg_pool2d", "leftover", (2, 7, 5), 3, kernel_size=2),
    _case("avg_pool2d", "overlap", (2, 7, 9), 3, kernel_size=3, stride=2),
    _case("avg_pool2d", "overlap-padding", (2, 6, 7), 3, kernel_size=3, stride=2, padding=1),
    _case("avg_pool2d", "stride1", (3, 4, 5), 2, kernel_size=2, stride=1),
    _case("avg_pool2d", "gaps", (2, 7, 8), 3, kernel_size=2, stride=3),
    _case("global_avg_pool2d", "plain", (2, 5, 4), 3),
    _case("global_avg_pool2d", "batch1", (3, 4, 7), 1),
    _case("flatten", "image", (2, 3, 5), 4),
    _case("flatten", "vector", (5,), 4),
    _case("flatten", "batch1", (3, 2, 4), 1),
    _case("reshape", "vector", (30,), 4, channels=2, height=3, width=5),
    _case("reshape", "image", (2, 3, 5), 3, channels=5, height=2, width=3),
    _case("reshape", "batch1", (24,), 1, channels=3, height=2, width=4),
    _case("batch_norm", "vector", (3,), 5),
    _case("batch_norm", "image", (2, 3, 4), 5),
    _case("batch_norm", "batch1", (3, 2, 4), 1),
    _case("batch_norm", "options", (3,), 7, momentum=0.3, eps=0.05),
    _case("layer_norm", "vector", (5,), 4),
    _case("layer_norm", "image", (2, 3, 5), 4),
    _case("layer_norm", "eps", (7,), 3, eps=0.05),
    _case("layer_norm", "batch1", (6,), 1),
    _case("dropout", "half", (7,), 5),
    _case("dropout", "image", (2, 3, 5), 4, p=0.3),
    _case("dropout", "nothing", (7,), 3, p=0.0),
    _case("dropout", "everything", (4,), 3, p=1.0),
    _case("dropout", "batch1", (2, 3, 4), 1),
    *(_case(kind, "vector", (5,), 4) for kind in _ELEMENTWISE),
    *(_case(kind, "image", (2, 3, 5), 4) for kind in _ELEMENTWISE),
    *(_case(kind, "batch1", (6,), 1) for kind in _ELEMENTWISE),
    _case("leaky_relu", "slope", (5,), 4, negative_slope=0.3),
    _case("elu", "alpha", (2, 3, 4), 5, alpha=0.3),
    _case("elu", "large-alpha", (5,), 4, alpha=2.5),
    _case("softmax", "plain", (5,), 4),
    _case("softmax", "batch1", (3,), 1),
    _case("softmax", "two", (2,), 5),
)
