"""How a backward pass is broken on purpose, and the wrong formulas people write."""

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


def wrong_dx(case: str, mistake: str, wrong: Callable[[Step], Array]) -> Broken:
    """Only dx is wrong."""
    return Broken(_case(case), mistake, lambda step: (wrong(step), step.grads), ("x",))


def wrong_grad(case: str, param: str, mistake: str, wrong: Callable[[Step], Array]) -> Broken:
    """Only the gradient of one parameter is wrong."""
    return Broken(_case(case), mistake, lambda step: (step.dx, {**step.grads, param: wrong(step)}), (param,))


def weight_of(step: Step) -> Array:
    return step.layer.params["weight"]


def centered(step: Step) -> tuple[Array, Array, tuple[int, ...]]:
    """x̂, 1/σ and the axes a normalising layer takes its means over, computed anew."""
    if step.layer.kind == "batch_norm":
        axes: tuple[int, ...] = (0, *range(2, step.x.ndim))
    else:
        axes = tuple(range(1, step.x.ndim))
    eps = step.layer.spec()["eps"]
    inv_std = 1 / np.sqrt(step.x.var(axis=axes, keepdims=True) + eps)
    return (step.x - step.x.mean(axis=axes, keepdims=True)) * inv_std, inv_std, axes


def scaled_dy(step: Step) -> Array:
    """dy · weight, the weight laid out along the channels of a batch norm or the samples of a layer norm."""
    weight = weight_of(step)
    if step.layer.kind == "batch_norm":
        weight = weight.reshape(-1, *(1,) * (step.x.ndim - 2))
    return step.dy * weight


def normalized(step: Step, mean_term: bool = True, x_hat_term: bool = True, inv_std_factor: bool = True) -> Array:
    x_hat, inv_std, axes = centered(step)
    g = scaled_dy(step)
    dx = g - mean_term * g.mean(axis=axes, keepdims=True)
    dx = dx - x_hat_term * x_hat * (g * x_hat).mean(axis=axes, keepdims=True)
    return dx * inv_std if inv_std_factor else dx


def summed(step: Step, products: Array) -> Array:
    """Summed over what shares one weight."""
    return products.sum(axis=(0, *range(2, products.ndim)) if step.layer.kind == "batch_norm" else 0)


def conv_gradients(step: Step, **changed: Array) -> tuple[Array, Array]:
    """dx and d_weight by the loops, with some of their inputs exchanged."""
    spec = step.layer.spec()
    inputs = {"dy": step.dy, "x": step.x, "weight": weight_of(step)} | changed
    dx, d_weight, _ = reading.conv2d_backward(**inputs, stride=spec["stride"], padding=spec["padding"])
    return dx, d_weight


def spread_over_window(step: Step, share: float) -> Array:
    spec = step.layer.spec()
    kernel, stride = spec["kernel_size"], spec["stride"] or spec["kernel_size"]
    return share * kernel**2 * reading.avg_pool2d_backward(step.dy, step.x, kernel, stride, spec["padding"])


def overwritten(step: Step) -> Array:
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


def without_last_sample(array: Array) -> Array:
    return np.concatenate([array[:-1], np.zeros_like(array[-1:])])


def sigmoid_gelu(step: Step) -> Array:
    """The slope of x·σ(1.702 x), the other approximation of GELU."""
    gate = sigma(1.702 * step.x)
    return step.dy * gate * (1 + 1.702 * step.x * (1 - gate))


def x_hat(step: Step) -> Array:
    """The normalised input."""
    return centered(step)[0]


def flipped(step: Step) -> Array:
    return weight_of(step)[:, :, ::-1, ::-1]


def transposed(step: Step) -> Array:
    return weight_of(step).swapaxes(2, 3)


def last_filter_zero(dy: Array) -> Array:
    """The gradient without what the last filter gave."""
    dy = dy.copy()
    dy[:, -1] = 0
    return dy


def last_row_zero(dy: Array) -> Array:
    dy = dy.copy()
    dy[:, :, -1] = 0
    return dy


def first_entry(step: Step) -> Array:
    dx = np.zeros_like(step.x)
    dx[:, :, ::2, ::2] = step.dy
    return dx


def count_without_border(step: Step) -> Array:
    spec = step.layer.spec()
    kernel, stride, padding = spec["kernel_size"], spec["stride"], spec["padding"]
    inside = reading.avg_pool2d_forward(np.ones_like(step.x), kernel, stride, padding)
    return reading.avg_pool2d_backward(step.dy / inside, step.x, kernel, stride, padding)


def means_over(step: Step, axis: int) -> Array:
    x_hat, inv_std, _ = centered(step)
    g = scaled_dy(step)
    mean = g.mean(axis=axis, keepdims=True)
    return inv_std * (g - mean - x_hat * (g * x_hat).mean(axis=axis, keepdims=True))


def without_weight(step: Step) -> Array:
    x_hat, inv_std, axes = centered(step)
    g = step.dy
    return inv_std * (g - g.mean(axis=axes, keepdims=True) - x_hat * (g * x_hat).mean(axis=axes, keepdims=True))


def sigma(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))
