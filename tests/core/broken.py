"""Backward passes with one mistake each, of the kind people make: the gradient check has to reject every one.

`python -c "from tests.core.broken import BROKEN; print(len(BROKEN))"` counts them.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from core import reading
from core.layers.base import Layer
from core.types import Array, Arrays
from tests.core.cases import CASES, Case


@dataclasses.dataclass(frozen=True)
class Step:
    """One use of a layer, as a mistake sees it: what went in, what came out, and the right gradients."""

    layer: Layer
    x: Array
    y: Array
    dy: Array
    dx: Array
    grads: Arrays


Mistake = Callable[[Step], "tuple[Array, Arrays]"]


@dataclasses.dataclass(frozen=True)
class Broken:
    """A layer of the table with a mistake in its backward, and the tensors whose gradients are wrong by it."""

    case: Case
    mistake: str
    backward: Mistake
    fails: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.case.name}: {self.mistake}"

    def layer(self) -> Layer:
        """The layer, built, with the broken backward in place of its own."""
        layer = self.case.layer()
        forward, backward = layer.forward, layer.backward

        def broken_forward(x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
            y, cache = forward(x, training, rng)
            return y, {**cache, "broken x": x, "broken y": y}

        def broken_backward(dy: Array, cache: Arrays) -> tuple[Array, Arrays]:
            own = {name: array for name, array in cache.items() if not name.startswith("broken")}
            dx, grads = backward(dy, own)
            assert dx is not None
            return self.backward(Step(layer, cache["broken x"], cache["broken y"], dy, dx, grads))

        layer.__dict__.update(forward=broken_forward, backward=broken_backward)
        return layer


def _case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def _dx(case: str, mistake: str, wrong: Callable[[Step], Array]) -> Broken:
    """Only dx is wrong."""
    return Broken(_case(case), mistake, lambda step: (wrong(step), step.grads), ("x",))


def _grad(case: str, param: str, mistake: str, wrong: Callable[[Step], Array]) -> Broken:
    """Only the gradient of one parameter is wrong."""
    return Broken(_case(case), mistake, lambda step: (step.dx, {**step.grads, param: wrong(step)}), (param,))


def _weight(step: Step) -> Array:
    return step.layer.params["weight"]


def _centered(step: Step) -> tuple[Array, Array, tuple[int, ...]]:
    """x̂, 1/σ and the axes a normalising layer takes its means over, computed anew."""
    if step.layer.kind == "batch_norm":
        axes: tuple[int, ...] = (0, *range(2, step.x.ndim))
    else:
        axes = tuple(range(1, step.x.ndim))
    eps = step.layer.spec()["eps"]
    inv_std = 1 / np.sqrt(step.x.var(axis=axes, keepdims=True) + eps)
    return (step.x - step.x.mean(axis=axes, keepdims=True)) * inv_std, inv_std, axes


def _scaled(step: Step) -> Array:
    """dy · weight, the weight laid out along the channels of a batch norm or the samples of a layer norm."""
    weight = _weight(step)
    if step.layer.kind == "batch_norm":
        weight = weight.reshape(-1, *(1,) * (step.x.ndim - 2))
    return step.dy * weight


def _normalized(step: Step, mean_term: bool = True, x_hat_term: bool = True, inv_std_factor: bool = True) -> Array:
    x_hat, inv_std, axes = _centered(step)
    g = _scaled(step)
    dx = g - mean_term * g.mean(axis=axes, keepdims=True)
    dx = dx - x_hat_term * x_hat * (g * x_hat).mean(axis=axes, keepdims=True)
    return dx * inv_std if inv_std_factor else dx


def _summed(step: Step, products: Array) -> Array:
    """Summed over what shares one weight."""
    return products.sum(axis=(0, *range(2, products.ndim)) if step.layer.kind == "batch_norm" else 0)


def _conv(step: Step, **changed: Array) -> tuple[Array, Array]:
    """dx and d_weight by the loops, with some of their inputs exchanged."""
    spec = step.layer.spec()
    inputs = {"dy": step.dy, "x": step.x, "weight": _weight(step)} | changed
    dx, d_weight, _ = reading.conv2d_backward(**inputs, stride=spec["stride"], padding=spec["padding"])
    return dx, d_weight


def _spread_over_window(step: Step, share: float) -> Array:
    spec = step.layer.spec()
    kernel, stride = spec["kernel_size"], spec["stride"] or spec["kernel_size"]
    return share * kernel**2 * reading.avg_pool2d_backward(step.dy, step.x, kernel, stride, spec["padding"])


def _overwritten(step: Step) -> Array:
    """Max pooling in which the last window that chose an entry wins, instead of the sum over all."""
    spec = step.layer.spec()
    kernel, stride, padding = spec["kernel_size"], spec["stride"], spec["padding"]
    padded = reading.pad(step.x, kernel, padding, value=-np.inf)
    d_padded = np.zeros_like(padded)
    for n, c, i, j in np.ndindex(step.dy.shape):
        window = padded[n, c, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
        u, v = divmod(int(window.argmax()), kernel)
        d_padded[n, c, i * stride + u, j * stride + v] = step.dy[n, c, i, j]
    return reading.crop(d_padded, step.x, kernel, padding)


def _without_last_sample(array: Array) -> Array:
    return np.concatenate([array[:-1], np.zeros_like(array[-1:])])


_DENSE = (
    _dx("dense-plain", "dx with the wrong sign", lambda s: -s.dx),
    _dx("dense-plain", "dx lacks the last unit", lambda s: s.dy[:, :-1] @ _weight(s)[:-1]),
    _dx("dense-plain", "dx divided by the batch", lambda s: s.dx / len(s.x)),
    _dx("dense-plain", "dx ignores the sign of the weights", lambda s: s.dy @ abs(_weight(s))),
    _grad("dense-plain", "weight", "d_weight with the wrong sign", lambda s: -s.grads["weight"]),
    _grad("dense-plain", "weight", "d_weight divided by the batch", lambda s: s.grads["weight"] / len(s.x)),
    _grad("dense-plain", "weight", "d_weight lacks the last sample", lambda s: s.dy[:-1].T @ s.x[:-1]),
    _grad("dense-plain", "weight", "d_weight pairs the wrong samples", lambda s: s.dy.T @ s.x[::-1]),
    _grad("dense-plain", "bias", "d_bias is the mean, not the sum", lambda s: s.dy.mean(axis=0)),
    _grad("dense-plain", "bias", "d_bias with the wrong sign", lambda s: -s.grads["bias"]),
    _grad("dense-plain", "bias", "d_bias is the first sample's", lambda s: s.dy[0]),
)

_CONV = (
    _dx("conv2d-plain", "dx with the wrong sign", lambda s: -s.dx),
    _dx("conv2d-plain", "dx with the kernel flipped", lambda s: _conv(s, weight=_weight(s)[:, :, ::-1, ::-1])[0]),
    _dx("conv2d-plain", "dx with the kernel transposed", lambda s: _conv(s, weight=_weight(s).swapaxes(2, 3))[0]),
    _dx("conv2d-plain", "dx lacks the last filter", lambda s: _conv(s, dy=s.dy * (np.arange(4) < 3)[:, None, None])[0]),
    _dx("conv2d-plain", "dx mixes up the channels", lambda s: s.dx[:, ::-1]),
    _dx("conv2d-padding1", "dx cut out one pixel off", lambda s: np.roll(s.dx, 1, axis=2)),
    _dx("conv2d-same4", "dx with the odd pixel on the other side", lambda s: np.roll(s.dx, 1, axis=(2, 3))),
    _dx("conv2d-stride2", "dx lacks the last row of windows", lambda s: _conv(s, dy=_last_row_zero(s.dy))[0]),
    _grad("conv2d-plain", "weight", "d_weight with the wrong sign", lambda s: -s.grads["weight"]),
    _grad("conv2d-plain", "weight", "d_weight divided by the batch", lambda s: s.grads["weight"] / len(s.x)),
    _grad("conv2d-plain", "weight", "d_weight flipped", lambda s: s.grads["weight"][:, :, ::-1, ::-1]),
    _grad("conv2d-plain", "weight", "d_weight transposed", lambda s: s.grads["weight"].swapaxes(2, 3)),
    _grad("conv2d-plain", "weight", "d_weight lacks the last sample",
          lambda s: _conv(s, dy=_without_last_sample(s.dy))[1]),
    _grad("conv2d-stride2", "weight", "d_weight lacks the last row of windows",
          lambda s: _conv(s, dy=_last_row_zero(s.dy))[1]),
    _grad("conv2d-plain", "bias", "d_bias is the mean over the places", lambda s: s.dy.mean(axis=(2, 3)).sum(axis=0)),
    _grad("conv2d-plain", "bias", "d_bias is the mean over the batch", lambda s: s.dy.sum(axis=(2, 3)).mean(axis=0)),
    _grad("conv2d-plain", "bias", "d_bias lacks the last place", lambda s: s.dy.sum(axis=(0, 2, 3)) - s.dy[:, :, -1, -1].sum(axis=0)),
)  # fmt: skip


def _last_row_zero(dy: Array) -> Array:
    dy = dy.copy()
    dy[:, :, -1] = 0
    return dy


_POOLING = (
    _dx("max_pool2d-plain", "dx with the wrong sign", lambda s: -s.dx),
    _dx("max_pool2d-plain", "the mask is missing: the whole window gets dy", lambda s: _spread_over_window(s, 1)),
    _dx("max_pool2d-plain", "shared out as in average pooling", lambda s: _spread_over_window(s, 1 / 4)),
    _dx("max_pool2d-plain", "every window hands it to its first entry", lambda s: _first_entry(s)),
    _dx("max_pool2d-overlap", "overlapping windows overwrite each other", _overwritten),
    _dx("max_pool2d-overlap-padding", "cut out one pixel off", lambda s: np.roll(s.dx, 1, axis=3)),
    _dx("avg_pool2d-plain", "dx with the wrong sign", lambda s: -s.dx),
    _dx("avg_pool2d-plain", "not divided by the window", lambda s: 4 * s.dx),
    _dx("avg_pool2d-plain", "divided by the kernel's width only", lambda s: 2 * s.dx),
    _dx("avg_pool2d-overlap-padding", "the border does not count", lambda s: _count_without_border(s)),
    _dx("avg_pool2d-overlap-padding", "cut out one pixel off", lambda s: np.roll(s.dx, 1, axis=3)),
    _dx("global_avg_pool2d-plain", "dx with the wrong sign", lambda s: -s.dx),
    _dx("global_avg_pool2d-plain", "not divided by the area", lambda s: 20 * s.dx),
    _dx("global_avg_pool2d-plain", "divided by the height only", lambda s: 4 * s.dx),
    _dx("global_avg_pool2d-plain", "the channels swapped", lambda s: s.dx[:, ::-1]),
)


def _first_entry(step: Step) -> Array:
    dx = np.zeros_like(step.x)
    dx[:, :, ::2, ::2] = step.dy
    return dx


def _count_without_border(step: Step) -> Array:
    spec = step.layer.spec()
    kernel, stride, padding = spec["kernel_size"], spec["stride"], spec["padding"]
    inside = reading.avg_pool2d_forward(np.ones_like(step.x), kernel, stride, padding)
    return reading.avg_pool2d_backward(step.dy / inside, step.x, kernel, stride, padding)


_NORMALIZATION = tuple(
    broken
    for case in ("batch_norm-vector", "batch_norm-image", "layer_norm-vector", "layer_norm-image")
    for broken in (
        _dx(case, "dx with the wrong sign", lambda s: -s.dx),
        _dx(case, "the statistics taken for constants", lambda s: _normalized(s, mean_term=False, x_hat_term=False)),
        _dx(case, "the term of the mean is missing", lambda s: _normalized(s, mean_term=False)),
        _dx(case, "the term of the variance is missing", lambda s: _normalized(s, x_hat_term=False)),
        _dx(case, "1/σ is missing", lambda s: _normalized(s, inv_std_factor=False)),
        _dx(case, "dx divided by the batch", lambda s: s.dx / len(s.x)),
        _grad(case, "weight", "d_weight with the wrong sign", lambda s: -s.grads["weight"]),
        _grad(case, "weight", "d_weight from x, not x̂", lambda s: _summed(s, s.dy * s.x)),
        _grad(case, "weight", "d_weight divided by the batch", lambda s: s.grads["weight"] / len(s.x)),
        _grad(case, "bias", "d_bias divided by the batch", lambda s: s.grads["bias"] / len(s.x)),
        _grad(case, "bias", "d_bias with the wrong sign", lambda s: -s.grads["bias"]),
    )
) + (
    _dx("batch_norm-vector", "the formula of the evaluation with the running variance",
        lambda s: s.dy * _weight(s) / np.sqrt(s.layer.buffers["running_var"] + 1e-5)),
    _dx("batch_norm-vector", "weight is missing", lambda s: s.dx / _weight(s)),
    _dx("batch_norm-vector", "means over the wrong axis", lambda s: _means_over(s, 1)),
    _dx("layer_norm-vector", "weight is missing", lambda s: _without_weight(s)),
    _dx("layer_norm-vector", "means over the wrong axis", lambda s: _means_over(s, 0)),
    _grad("batch_norm-image", "weight", "d_weight of the first pixel", lambda s: (s.dy * _centered(s)[0])[:, :, 0, 0].sum(axis=0)),
)  # fmt: skip


def _means_over(step: Step, axis: int) -> Array:
    x_hat, inv_std, _ = _centered(step)
    g = _scaled(step)
    mean = g.mean(axis=axis, keepdims=True)
    return inv_std * (g - mean - x_hat * (g * x_hat).mean(axis=axis, keepdims=True))


def _without_weight(step: Step) -> Array:
    x_hat, inv_std, axes = _centered(step)
    g = step.dy
    return inv_std * (g - g.mean(axis=axes, keepdims=True) - x_hat * (g * x_hat).mean(axis=axes, keepdims=True))


def _sigma(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


_SLOPES = tuple(
    broken
    for kind in ("relu", "leaky_relu", "elu", "silu", "gelu", "sigmoid", "tanh", "softplus")
    for broken in (
        _dx(f"{kind}-image", "dx with the wrong sign", lambda s: -s.dx),
        _dx(f"{kind}-image", "the slope is missing", lambda s: s.dy),
        _dx(f"{kind}-image", "dx divided by the batch", lambda s: s.dx / len(s.x)),
        _dx(f"{kind}-image", "dy is missing", lambda s: s.dx / s.dy),
    )
) + (
    _dx("relu-vector", "the mask turned round", lambda s: np.where(s.x < 0, s.dy, 0)),
    _dx("relu-vector", "the mask taken from dy", lambda s: np.where(s.dy > 0, s.dy, 0)),
    _dx("leaky_relu-slope", "0 on the negative side", lambda s: np.where(s.x > 0, s.dy, 0)),
    _dx("leaky_relu-slope", "the default slope instead of one's own", lambda s: np.where(s.x > 0, s.dy, 0.01 * s.dy)),
    _dx("elu-vector", "0 on the negative side", lambda s: np.where(s.x > 0, s.dy, 0)),
    _dx("elu-vector", "y instead of y + 1", lambda s: np.where(s.x > 0, s.dy, s.dy * s.y)),
    _dx("sigmoid-vector", "1 − y is missing", lambda s: s.dy * s.y),
    _dx("sigmoid-vector", "x taken for y", lambda s: s.dy * s.x * (1 - s.x)),
    _dx("tanh-vector", "y instead of y²", lambda s: s.dy * (1 - s.y)),
    _dx("tanh-vector", "the slope of the sigmoid", lambda s: s.dy * s.y * (1 - s.y)),
    _dx("silu-vector", "only σ(x): the product rule forgotten", lambda s: s.dy * _sigma(s.x)),
    _dx("gelu-vector", "only the probability: the product rule forgotten", lambda s: s.dy * s.y / s.x),
    _dx("gelu-vector", "the slope of the sigmoid form", lambda s: s.dy * _sigma(1.702 * s.x) * (1 + 1.702 * s.x * (1 - _sigma(1.702 * s.x)))),
    _dx("softplus-vector", "σ(−x)", lambda s: s.dy * _sigma(-s.x)),
)  # fmt: skip

_SOFTMAX = (
    _dx("softmax-plain", "dx with the wrong sign", lambda s: -s.dx),
    _dx("softmax-plain", "elementwise y(1 − y)", lambda s: s.dy * s.y * (1 - s.y)),
    _dx("softmax-plain", "the sum over the outputs is missing", lambda s: s.dy * s.y),
    _dx("softmax-plain", "the sum not weighted by y", lambda s: s.y * (s.dy - s.dy.sum(axis=1, keepdims=True))),
    _dx("softmax-plain", "the sum over the batch", lambda s: s.y * (s.dy - (s.dy * s.y).sum(axis=0))),
    _dx("softmax-plain", "dx divided by the batch", lambda s: s.dx / len(s.x)),
)

_DROPOUT = (
    _dx("dropout-half", "dx with the wrong sign", lambda s: -s.dx),
    _dx("dropout-half", "the mask is missing", lambda s: 2 * s.dy),
    _dx("dropout-half", "the scale is missing", lambda s: np.where(s.y == 0, 0, s.dy)),
    _dx("dropout-half", "another mask than forward", lambda s: s.dy * 2 * (np.random.default_rng(0).random(s.x.shape) < 0.5)),
    _dx("dropout-image", "scaled by p instead of 1 − p", lambda s: np.where(s.y == 0, 0, s.dy / 0.3)),
    _dx("dropout-image", "one mask for all samples", lambda s: s.dy * (s.y[:1] != 0) / 0.7),
)  # fmt: skip

_ORDER = (
    _dx("reshape-image", "dx with the wrong sign", lambda s: -s.dx),
    _dx("reshape-image", "laid out by columns", lambda s: s.dy.swapaxes(2, 3).reshape(s.x.shape)),
    _dx("reshape-image", "channels last", lambda s: np.moveaxis(s.dy, 1, -1).reshape(s.x.shape)),
    _dx("flatten-image", "dx with the wrong sign", lambda s: -s.dx),
    _dx("flatten-image", "laid out by columns", lambda s: s.dy.reshape(4, 2, 5, 3).swapaxes(2, 3)),
    _dx("flatten-image", "channels last", lambda s: np.moveaxis(s.dy.reshape(4, 3, 5, 2), -1, 1)),
    _dx("flatten-image", "the batch as the fastest axis", lambda s: s.dy.reshape(s.x.shape, order="F")),
)

BROKEN: tuple[Broken, ...] = (
    *_DENSE,
    *_CONV,
    *_POOLING,
    *_NORMALIZATION,
    *_SLOPES,
    *_SOFTMAX,
    *_DROPOUT,
    *_ORDER,
)
