"""Numerical gradient checks: is the hand-written backward the derivative of forward?

Central differences in float64, with a random upstream gradient: a plain sum of the outputs would be blind for Softmax
and BatchNorm, whose outputs always sum to the same.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from core import reading
from core.layers.base import Layer
from core.layers.conv import Conv2D
from core.layers.normalization import BatchNorm, LayerNorm
from core.layers.pooling import MaxPool2D
from core.layers.rectifiers import ELU, LeakyReLU, ReLU
from core.losses import MAE, Hinge, Huber, Loss
from core.network import Network
from core.types import Array, Arrays

Verdict = Literal["pass", "fail", "inconclusive"]


_STEP = 1e-5
_NOISE = 8 * np.finfo(np.float64).eps / _STEP  # how far rounding alone may move a central difference of size 1


@dataclasses.dataclass(frozen=True)
class Check:
    """The comparison for one tensor: analytic against numerical gradient."""

    name: str
    analytic: Array
    numeric: Array  # NaN where a kink was crossed, infinite where the function is not finite
    tolerance: float
    noise: float = 0.0  # differences up to this size are rounding, not a mistake

    @property
    def kinks(self) -> int:
        """Entries left out because the function has a kink between x − h and x + h."""
        return int(np.isnan(self.numeric).sum())

    @property
    def error(self) -> float:
        """The largest relative error |a − n| / max(|a|, |n|, 1e-8) over all entries without a kink.

        From |a − n| the rounding noise of the central difference is taken away: it is all there is where the gradient
        is 0, as that of a bias before BatchNorm.
        """
        if np.isinf(self.numeric).any() or not np.isfinite(self.analytic).all():
            return math.inf
        difference = np.maximum(np.abs(self.analytic - self.numeric) - self.noise, 0)
        scale = np.maximum(np.maximum(np.abs(self.analytic), np.abs(self.numeric)), 1e-8)
        return float(np.max(np.nan_to_num(difference / scale, nan=0.0), initial=0.0))

    @property
    def verdict(self) -> Verdict:
        """Pass or fail; inconclusive when there is no entry, or every entry has a kink."""
        if self.analytic.shape != self.numeric.shape or self.error > self.tolerance:
            return "fail"
        return "inconclusive" if self.kinks == self.numeric.size else "pass"


def numerical_gradient(f: Callable[[], float | Array], x: Array, side: Callable[[], bytes] | None = None) -> Array:
    """Central differences of `f` by every entry of `x`, which is changed in place and put back: step 1e-5·max(1, |x|).

    Where `f` gives an array, its sum is meant: what does not depend on the entry then cancels without a rounding
    error. `side` is asked after `f` and says on which side of its kinks `f` is; where x − h and x + h lie on different
    sides there is no derivative to compare with, and the entry becomes NaN. Where `f` is not finite it is ∞.
    """
    gradient = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        h = _STEP * max(1.0, abs(float(old)))
        x[index] = old + h
        above, reached_above, side_above = f(), x[index], side() if side else b""
        x[index] = old - h
        below, reached_below, side_below = f(), x[index], side() if side else b""
        x[index] = old
        difference = float(np.sum(np.subtract(above, below)))
        slope = difference / (reached_above - reached_below) if math.isfinite(difference) else np.inf
        gradient[index] = np.nan if side_above != side_below else slope
    return gradient


def check_layer(
    layer: Layer, x: Array, seed: int = 0, tolerance: float | None = None, training: bool = True
) -> list[Check]:
    """Check `dx` and the gradient of every parameter of a layer built with dtype float64.

    Shapes:   x (N, *layer.in_shape), float64
    """
    rng = np.random.default_rng(seed)
    x = x.copy()
    tolerance = _tolerance(layer) if tolerance is None else tolerance

    def forward() -> Array:
        # The same generator state every time: Dropout has to drop the same values.
        return layer.forward(x, training, np.random.default_rng(seed))[0]

    y, cache = layer.forward(x.copy(), training, np.random.default_rng(seed))
    upstream = rng.normal(size=y.shape)
    dx, grads = layer.backward(upstream.copy(), cache)
    assert dx is not None
    checks, noise = [], _NOISE * float(np.abs(y * upstream).max())
    for name, analytic, tensor in [("x", dx, x), *((name, grads[name], p) for name, p in layer.params.items())]:
        numeric = numerical_gradient(lambda: forward() * upstream, tensor, lambda: layer_side(layer, x))
        checks.append(Check(name, analytic, numeric, tolerance, noise))
    return checks


def check_loss(loss: Loss, prediction: Array, target: Array, tolerance: float = 1e-6) -> Check:
    """Check the gradient of a loss by the prediction (float64)."""
    prediction = prediction.copy()
    value, analytic = loss.value_and_gradient(prediction, target)
    numeric = numerical_gradient(
        lambda: loss.value_and_gradient(prediction, target)[0],
        prediction,
        lambda: loss_side(loss, prediction, target),
    )
    return Check("prediction", analytic, numeric, tolerance, _NOISE * abs(value))


def check_network(
    network: Network, x: Array, target: Array, seed: int = 0, tolerance: float | None = None
) -> list[Check]:
    """Check the gradient of every parameter of a network built with dtype float64; leaves the network as it was."""
    kinks = _Kinks(network)
    if tolerance is None:
        kinked = any(isinstance(thing, _KINKED) for thing in (*network.layers, network.loss))
        tolerance = 1e-4 if kinked else 1e-5

    def loss() -> float:
        kinks.sides.clear()
        return network.loss_and_gradients(x, target, np.random.default_rng(seed), kinks)[0]

    gradients_before = network.flat_grads.copy()
    buffers_before = {name: buffer.copy() for name, buffer in network.buffers().items()}
    noise = _NOISE * abs(loss())
    analytic = {name: gradient.copy() for name, gradient in network.grads.items()}
    checks = []
    for name, param in network.parameters().items():
        numeric = numerical_gradient(loss, param, lambda: b"".join(kinks.sides))
        checks.append(Check(name, analytic[name], numeric, tolerance, noise))
    network.flat_grads[...] = gradients_before
    for name, buffer in network.buffers().items():
        buffer[...] = buffers_before[name]
    return checks


_KINKED = (ReLU, LeakyReLU, ELU, MaxPool2D, MAE, Huber, Hinge)


def _tolerance(layer: Layer) -> float:
    # Long sums that nearly cancel cost a digit.
    return 1e-6 if isinstance(layer, Conv2D | BatchNorm | LayerNorm) else 1e-7


def layer_side(layer: Layer, x: Array) -> bytes:
    """On which side of its kinks a layer is: the signs of its inputs, or which entry of each window is the largest."""
    if isinstance(layer, ReLU | LeakyReLU | ELU):
        return _bits(x > 0)
    if isinstance(layer, MaxPool2D):
        kernel, padding, stride = layer.kernel_size, layer.padding, layer.stride or layer.kernel_size
        padded = reading.pad(x, kernel, padding, value=-np.inf)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))
        largest: bytes = windows[:, :, ::stride, ::stride].reshape(-1, kernel * kernel).argmax(axis=1).tobytes()
        return largest
    return b""


def loss_side(loss: Loss, prediction: Array, target: Array) -> bytes:
    """On which side of its kinks a loss is: of the target, of the limit of the square, or of the margin."""
    if isinstance(loss, MAE):
        return _bits(prediction > target)
    if isinstance(loss, Huber):
        return _bits(np.abs(prediction - target) > loss.delta)
    if isinstance(loss, Hinge):
        true = np.take_along_axis(prediction, target[:, None], axis=1)
        return _bits(prediction > true - loss.margin)
    return b""


def _bits(choices: Array) -> bytes:
    packed: bytes = np.packbits(choices).tobytes()
    return packed


class _Kinks:
    """Watches a pass through a network and notes on which side of its kinks every layer is."""

    def __init__(self, network: Network) -> None:
        self.sides: list[bytes] = []
        self._layers, self._loss = network.layers, network.loss

    def forward(self, index: int, x: Array, y: Array, cache: Arrays) -> None:
        self.sides.append(layer_side(self._layers[index], x))

    def loss(self, prediction: Array, target: Array, value: float, gradient: Array) -> None:
        self.sides.append(loss_side(self._loss, prediction, target))

    def backward(self, index: int, dy: Array, dx: Array | None, grads: Arrays, cache: Arrays) -> None:
        pass
