"""Normalisation: brings values to mean 0 and variance 1, over the batch or within each sample."""

import dataclasses
import math
from typing import Any, ClassVar

import numpy as np

from core.initializers import Initializer
from core.layers.base import Layer
from core.layout import batch_first, batch_last, sample_means
from core.options import option
from core.types import SMALLEST_EPS, Array, Arrays, Shape, ShapeError


class Normalization(Layer):
    """What both share: a weight that starts at 1 and a bias that starts at 0, whatever the initialiser."""

    eps: float

    def build(
        self,
        in_shape: Shape,
        rng: np.random.Generator,
        dtype: Any = np.float32,
        initializer: Initializer | None = None,
    ) -> None:
        self._prepare(in_shape, dtype)
        shapes = self.param_shapes(self.in_shape)
        self.params = {"weight": np.ones(shapes["weight"], dtype), "bias": np.zeros(shapes["bias"], dtype)}


@dataclasses.dataclass(eq=False)
class BatchNorm(Normalization):
    """Normalises each feature (of vectors) or channel (of images) over the batch, then scales and shifts it.

    Shapes:   x, y (N, C) or (N, C, H, W); weight, bias, running_mean, running_var (C,)
    Formula:  y = weight · x̂ + bias, x̂ = (x − mean) / √(var + eps); training: mean and (biased) variance of the batch
              per channel, evaluation: the running ones.
              running ← (1 − momentum) · running + momentum · batch, with the unbiased variance
    Gradient: d_weight = Σ dy · x̂;  d_bias = Σ dy;  dx = weight / √(var + eps) · (dy − mean(dy) − x̂ · mean(dy · x̂)),
              in evaluation only weight / √(var + eps) · dy; sums and means per channel
    Errors:   ShapeError when a sample is neither a vector nor an image, and for a training batch with one value per
              channel, which has no variance
    Source:   `torch.nn.BatchNorm1d`, `torch.nn.BatchNorm2d`; Ioffe and Szegedy 2015
    """

    kind: ClassVar[str] = "batch_norm"
    title: ClassVar[str] = "BatchNorm"
    never_negative: ClassVar[frozenset[str]] = frozenset({"running_var"})

    momentum: float = option(0.1, minimum=0, maximum=1, help="Share of the new batch in the running mean and variance.")
    eps: float = option(
        1e-5,
        minimum=SMALLEST_EPS,
        maximum=1,
        advanced=True,
        label="ε",
        help="Added to the variance so that the root is never zero.",
    )

    def out_shape(self, in_shape: Shape) -> Shape:
        if len(in_shape) not in {1, 3}:
            raise self._refuse("a vector or an image (channels × height × width)", in_shape)
        return in_shape

    def param_shapes(self, in_shape: Shape) -> dict[str, Shape]:
        return {"weight": in_shape[:1], "bias": in_shape[:1]}

    def fewest_samples(self, in_shape: Shape) -> int:
        # A single value has no variance.
        return 2 if math.prod(in_shape[1:]) == 1 else 1

    def build(
        self,
        in_shape: Shape,
        rng: np.random.Generator,
        dtype: Any = np.float32,
        initializer: Initializer | None = None,
    ) -> None:
        super().build(in_shape, rng, dtype, initializer)
        channels = self.in_shape[0]
        self.buffers = {"running_mean": np.zeros(channels, dtype), "running_var": np.ones(channels, dtype)}

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        values = _by_channel(x)
        if not training:
            inv_std = 1 / np.sqrt(self.buffers["running_var"] + self.eps)
            x_hat = (values - self.buffers["running_mean"][:, None]) * inv_std[:, None]
            return self._scaled(x_hat, x.shape), {"x_hat": _as_samples(x_hat, x.shape), "inv_std": inv_std}
        count = values.shape[1]
        if count < 2:
            raise ShapeError(
                f"BatchNorm has {'only one' if count else 'no'} value per channel in this batch, which has no "
                f"variance: every batch needs at least 2 samples, the last one of an epoch too."
            )
        mean = _row_sums(values) / count
        x_hat = values - mean[:, None]
        variance = np.vecdot(x_hat, x_hat) / count
        inv_std = 1 / np.sqrt(variance + self.eps)
        x_hat *= inv_std[:, None]
        cache = {"x_hat": _as_samples(x_hat, x.shape), "inv_std": inv_std, "mean": mean, "variance": variance}
        return self._scaled(x_hat, x.shape), cache

    def _scaled(self, x_hat: Array, shape: Shape) -> Array:
        y = x_hat * self.params["weight"][:, None]
        y += self.params["bias"][:, None]
        return _as_samples(y, shape)

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        self._check_gradient(dy, cache["x_hat"].shape)
        grads = out or {name: np.empty_like(param) for name, param in self.params.items()}
        values, x_hat = _by_channel(dy), _by_channel(cache["x_hat"])
        np.vecdot(values, x_hat, out=grads["weight"])
        grads["bias"][...] = _row_sums(values)
        if not need_dx:
            return None, grads
        scale = (self.params["weight"] * cache["inv_std"])[:, None]
        if "mean" not in cache:
            return _as_samples(values * scale, dy.shape), grads
        # The batch mean and variance depend on every x of the channel: hence the two means that are taken away.
        count = values.shape[1]
        dx = x_hat * (-grads["weight"] / count)[:, None]
        dx += values
        dx -= (grads["bias"] / count)[:, None]
        dx *= scale
        return _as_samples(dx, dy.shape), grads

    def absorb(self, cache: Arrays) -> None:
        """Move the running mean and variance towards those of the training batch."""
        if "mean" not in cache:
            return
        count = cache["x_hat"].size // len(cache["mean"])
        new = {"running_mean": cache["mean"], "running_var": cache["variance"] * (count / (count - 1))}
        for name, running in self.buffers.items():
            running[...] = (1 - self.momentum) * running + self.momentum * new[name]


@dataclasses.dataclass(eq=False)
class LayerNorm(Normalization):
    """Normalises all values of each sample together, then scales and shifts every one of them by itself.

    Shapes:   x, y (N, ...); weight, bias of the shape of a sample
    Formula:  y = weight · x̂ + bias, x̂ = (x − mean) / √(var + eps), mean and (biased) variance of each sample
    Gradient: d_weight = Σₙ dy · x̂;  d_bias = Σₙ dy;  with g = weight · dy:
              dx = (g − mean(g) − x̂ · mean(g · x̂)) / √(var + eps), means over the sample
    Source:   `torch.nn.LayerNorm` over the whole sample; Ba, Kiros and Hinton 2016
    """

    kind: ClassVar[str] = "layer_norm"
    title: ClassVar[str] = "LayerNorm"

    eps: float = option(
        1e-5,
        minimum=SMALLEST_EPS,
        maximum=1,
        advanced=True,
        label="ε",
        help="Added to the variance so that the root is never zero.",
    )

    def param_shapes(self, in_shape: Shape) -> dict[str, Shape]:
        return {"weight": in_shape, "bias": in_shape}

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        x_hat = x - sample_means(x)
        inv_std = 1 / np.sqrt(sample_means(x_hat * x_hat) + self.eps)
        x_hat *= inv_std
        y = x_hat * self.params["weight"]
        y += self.params["bias"]
        return y, {"x_hat": x_hat, "inv_std": inv_std}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        out, x_hat = out or {}, cache["x_hat"]
        self._check_gradient(dy, x_hat.shape)
        d_weight = np.add.reduce(dy * x_hat, axis=0, out=out.get("weight"))
        d_bias = np.add.reduce(dy, axis=0, out=out.get("bias"))
        dx = None
        if need_dx:
            # The mean and the variance of the sample depend on each of its values: hence the two means taken away.
            dx = dy * self.params["weight"]
            along = sample_means(dx * x_hat)
            dx -= sample_means(dx)
            dx -= x_hat * along
            dx *= cache["inv_std"]
        return dx, {"weight": d_weight, "bias": d_bias}


def _by_channel(x: Array) -> Array:
    """(N, C) or (N, C, H, W) seen as (C, values): one row a channel."""
    return x.T if x.ndim == 2 else batch_last(x).reshape(x.shape[1], -1)


def _as_samples(values: Array, shape: Shape) -> Array:
    """The inverse of `_by_channel`."""
    if len(shape) == 2:
        return values.T
    n, channels, height, width = shape
    return batch_first(values.reshape(channels, height, width, n))


def _row_sums(values: Array) -> Array:
    """Σ over each row; as a product with ones, because BLAS sums faster than NumPy."""
    return values @ np.ones(values.shape[1], values.dtype)
