"""What a record of the tape did, in one sentence a student can read.

One function for each direction, with a version for every layer that has more to say than its shapes. They run in
recorded steps only, and look through each tensor a few times at most.
"""

import math
from functools import singledispatch

import numpy as np

from core.layers.activations import Sigmoid, Softmax, Tanh
from core.layers.base import Layer
from core.layers.conv import Conv2D
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.normalization import BatchNorm, LayerNorm
from core.layers.pooling import AvgPool2D, GlobalAvgPool2D, MaxPool2D
from core.layers.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus
from core.layers.shape import Flatten, Reshape
from core.losses import Loss
from core.penalties import Penalty
from core.types import Array, Arrays, shape_text
from core.words import chosen, count, every, number, parameter_words, plural


@singledispatch
def forward_account(layer: Layer, x: Array, y: Array, cache: Arrays) -> str:
    """What the layer made of its input."""
    return f"{layer.title} forward: {shape_text(x.shape[1:])} in, {shape_text(y.shape[1:])} out."


@forward_account.register
def _(layer: Dense, x: Array, y: Array, cache: Arrays) -> str:
    products = f"{plural(x.shape[1], 'product')} input × weight"
    return f"Dense forward: {every(y.shape[1], 'output')} is a sum of {products}, plus a bias."


@forward_account.register
def _(layer: Conv2D, x: Array, y: Array, cache: Arrays) -> str:
    kernel, (filters, *places) = layer.kernel_size, y.shape[1:]
    patch = f"{kernel}×{kernel} patches of {plural(x.shape[1], 'channel')}"
    return (
        f"Conv2D forward: {plural(filters, 'filter')} over {patch}, at {shape_text(tuple(places))} places; "
        f"each output is a sum of {plural(layer.params['weight'][0].size, 'product')}, plus a bias."
    )


@forward_account.register(MaxPool2D)
@forward_account.register(AvgPool2D)
def _(layer: MaxPool2D | AvgPool2D, x: Array, y: Array, cache: Arrays) -> str:
    kernel = layer.kernel_size
    kept = "the largest" if isinstance(layer, MaxPool2D) else "the mean"
    return (
        f"{layer.title} forward: {kept} of each {kernel}×{kernel} window makes "
        f"{shape_text(y.shape[1:])} values out of {shape_text(x.shape[1:])}."
    )


@forward_account.register
def _(layer: GlobalAvgPool2D, x: Array, y: Array, cache: Arrays) -> str:
    channels = every(x.shape[1], "channel")
    return f"GlobalAvgPool2D forward: {channels} becomes one number, the mean of its {shape_text(x.shape[2:])} values."


@forward_account.register
def _(layer: Flatten, x: Array, y: Array, cache: Arrays) -> str:
    return f"Flatten forward: {shape_text(x.shape[1:])} values are laid out as a vector of {count(y.shape[1])}."


@forward_account.register
def _(layer: Reshape, x: Array, y: Array, cache: Arrays) -> str:
    return f"Reshape forward: {shape_text(x.shape[1:])} values become an image of {shape_text(y.shape[1:])}."


@forward_account.register
def _(layer: BatchNorm, x: Array, y: Array, cache: Arrays) -> str:
    if "mean" not in cache:
        return "BatchNorm forward: each channel is scaled and shifted by its running mean and variance."
    mean, spread = cache["mean"], np.sqrt(cache["variance"])
    return (
        f"BatchNorm forward: {every(len(mean), 'channel')} is brought to mean 0 and variance 1 over this batch "
        f"(before: means {_span(mean)}, deviations {_span(spread)}), then scaled and shifted."
    )


@forward_account.register
def _(layer: LayerNorm, x: Array, y: Array, cache: Arrays) -> str:
    return (
        f"LayerNorm forward: the {plural(math.prod(x.shape[1:]), 'value')} of {every(len(x), 'sample')} are brought to "
        f"mean 0 and variance 1 together, then scaled and shifted."
    )


@forward_account.register
def _(layer: Dropout, x: Array, y: Array, cache: Arrays) -> str:
    if not cache:
        return "Dropout forward: every value passes unchanged; values are dropped in training only."
    dropped = _nonzero(cache["mask"] == 0)
    return f"Dropout forward: {dropped} of {count(y.size)} values are dropped{_rest(layer)}."


@forward_account.register
def _(layer: ReLU, x: Array, y: Array, cache: Arrays) -> str:
    return f"ReLU forward: {_nonzero(y)} of {count(y.size)} values are positive and pass, the rest are 0."


@forward_account.register(LeakyReLU)
@forward_account.register(ELU)
def _(layer: LeakyReLU | ELU, x: Array, y: Array, cache: Arrays) -> str:
    passed, how = _nonzero(x > 0), "bent towards −alpha"
    if isinstance(layer, LeakyReLU):
        how = f"multiplied by {chosen(layer.negative_slope)}"
    return f"{layer.title} forward: {passed} of {count(x.size)} values are positive and pass, the rest are {how}."


@forward_account.register(SiLU)
@forward_account.register(GELU)
def _(layer: SiLU | GELU, x: Array, y: Array, cache: Arrays) -> str:
    gate = "its own sigmoid" if isinstance(layer, SiLU) else "½ (1 + t)"
    values = plural(x.size, "value")
    return f"{layer.title} forward: {values} multiplied by a gate between 0 and 1, {gate}, each by itself."


@forward_account.register
def _(layer: Softplus, x: Array, y: Array, cache: Arrays) -> str:
    return f"Softplus forward: {plural(x.size, 'value')} made positive by a smooth bend at 0, each by itself."


@forward_account.register(Sigmoid)
@forward_account.register(Tanh)
def _(layer: Layer, x: Array, y: Array, cache: Arrays) -> str:
    span = "between 0 and 1" if isinstance(layer, Sigmoid) else "between −1 and 1"
    return f"{layer.title} forward: {plural(y.size, 'value')} squashed to {span}, each by itself."


@forward_account.register
def _(layer: Softmax, x: Array, y: Array, cache: Arrays) -> str:
    values = plural(y.shape[1], "value")
    return f"Softmax forward: the {values} of {every(len(y), 'sample')} become probabilities that add up to 1."


@singledispatch
def backward_account(layer: Layer, dy: Array, dx: Array | None, cache: Arrays) -> str:
    """How the layer passed the gradient on."""
    return f"{layer.title} backward: the gradient of {shape_text(dy.shape[1:])} outputs goes back to its inputs."


@backward_account.register
def _(layer: Dense, dy: Array, dx: Array | None, cache: Arrays) -> str:
    text = (
        f"Dense backward: {every(layer.params['weight'].size, 'weight')} collects "
        f"{plural(len(dy), 'product')} input × dy, one a sample"
    )
    return text + _further(dx, f"each input gets back {plural(dy.shape[1], 'product')} weight × dy")


@backward_account.register
def _(layer: Conv2D, dy: Array, dx: Array | None, cache: Arrays) -> str:
    products = plural(len(dy) * math.prod(dy.shape[2:]), "product")
    text = (
        f"Conv2D backward: {every(layer.params['weight'].size, 'weight')} collects {products} input × dy, one for "
        f"every place and sample"
    )
    return text + _further(dx, "each dy goes back through its filter to the patch it came from")


@backward_account.register
def _(layer: MaxPool2D, dy: Array, dx: Array | None, cache: Arrays) -> str:
    if dx is None:
        return "MaxPool2D backward: nothing before it learns, so no gradient goes further."
    return (
        f"MaxPool2D backward: {every(dy.size, 'gradient')} goes to the largest value of its window; every other input "
        f"gets 0."
    )


@backward_account.register(AvgPool2D)
@backward_account.register(GlobalAvgPool2D)
def _(layer: AvgPool2D | GlobalAvgPool2D, dy: Array, dx: Array | None, cache: Arrays) -> str:
    shares = layer.kernel_size**2 if isinstance(layer, AvgPool2D) else math.prod(layer.in_shape[1:])
    inputs = "input of its window" if isinstance(layer, AvgPool2D) else "pixel of its channel"
    return f"{layer.title} backward: {every(dy.size, 'gradient')} is shared out, 1/{shares} of it to every {inputs}."


@backward_account.register(Flatten)
@backward_account.register(Reshape)
def _(layer: Layer, dy: Array, dx: Array | None, cache: Arrays) -> str:
    values = plural(math.prod(dy.shape[1:]), "gradient")
    return f"{layer.title} backward: the {values} of a sample go back to their places in {shape_text(layer.in_shape)}."


@backward_account.register(BatchNorm)
@backward_account.register(LayerNorm)
def _(layer: Layer, dy: Array, dx: Array | None, cache: Arrays) -> str:
    group = "channel" if isinstance(layer, BatchNorm) else "sample"
    if isinstance(layer, BatchNorm) and "mean" not in cache:
        return f"BatchNorm backward: {every(dy.size, 'gradient')} is scaled as its channel was."
    text = f"{layer.title} backward: weight and bias collect dy · x̂ and dy"
    return text + _further(
        dx, f"from each gradient its {group}'s mean and its share along x̂ are taken away, then scaled"
    )


@backward_account.register
def _(layer: Dropout, dy: Array, dx: Array | None, cache: Arrays) -> str:
    if not cache:
        return "Dropout backward: every gradient passes unchanged; values are dropped in training only."
    dropped = _nonzero(cache["mask"] == 0)
    return f"Dropout backward: the same {dropped} of {count(dy.size)} gradients are dropped{_rest(layer)}."


@backward_account.register
def _(layer: ReLU, dy: Array, dx: Array | None, cache: Arrays) -> str:
    passed = _nonzero(cache["y"])
    return f"ReLU backward: {passed} of {count(dy.size)} values are positive: their gradients pass, the rest are 0."


@backward_account.register
def _(layer: LeakyReLU, dy: Array, dx: Array | None, cache: Arrays) -> str:
    passed, slope = _nonzero(cache["x"] > 0), chosen(layer.negative_slope)
    return (
        f"LeakyReLU backward: {passed} of {count(dy.size)} values are positive: their gradients pass, the rest are "
        f"multiplied by {slope}."
    )


@backward_account.register(Sigmoid)
@backward_account.register(Tanh)
def _(layer: Layer, dy: Array, dx: Array | None, cache: Arrays) -> str:
    slope = cache["y"] * (1 - cache["y"]) if isinstance(layer, Sigmoid) else 1 - cache["y"] ** 2
    return (
        f"{layer.title} backward: each gradient is multiplied by the slope of the curve there, "
        f"{number(slope.mean(), 3)} on average."
    )


@backward_account.register(ELU)
@backward_account.register(SiLU)
@backward_account.register(GELU)
@backward_account.register(Softplus)
def _(layer: Layer, dy: Array, dx: Array | None, cache: Arrays) -> str:
    return f"{layer.title} backward: {every(dy.size, 'gradient')} is multiplied by the slope of the curve at its input."


@backward_account.register
def _(layer: Softmax, dy: Array, dx: Array | None, cache: Arrays) -> str:
    return (
        "Softmax backward: raising one output lowers the others, so every input hears from all outputs of its sample."
    )


def _further(dx: Array | None, how: str) -> str:
    """The end of a backward sentence: how the gradient goes on, or that it does not."""
    return f"; {how}." if dx is not None else "; nothing before it learns, so no gradient goes further."


def _nonzero(values: Array) -> str:
    # Counting truths is several times faster than counting numbers.
    return count(int(np.count_nonzero(values != 0)))


def _rest(layer: Dropout) -> str:
    return f", the rest multiplied by {number(1 / (1 - layer.p), 3)}" if layer.p < 1 else ""


def _span(values: Array) -> str:
    low, high = float(values.min()), float(values.max())
    return number(low, 2) if len(values) == 1 else f"{number(low, 2)} to {number(high, 2)}"


def loss_account(loss: Loss, prediction: Array, target: Array, value: float) -> str:
    """How wrong the batch was."""
    per_sample = loss.per_sample(prediction, target)
    return (
        f"{loss.title}: {number(value)}, the mean over {plural(len(per_sample), 'sample')}; "
        f"the worst one has {number(per_sample.max())}."
    )


def penalty_account(penalty: Penalty, amount: float, weights: int) -> str:
    """What the penalty costs and does."""
    return f"{penalty.title}: {number(amount)}, from {plural(weights, 'weight')}; it pulls each of them towards 0."


def clipping_account(raw: Array, clipped: Array) -> str:
    """What clipping did to a gradient."""
    largest, now = (number(np.abs(gradient).max(), 2) for gradient in (raw, clipped))
    return f"Clipping came first: the largest gradient was {largest}, now {now}."


def update_account(name: str, before: Array, after: Array, learning_rate: float) -> str:
    """How far a parameter moved."""
    change = np.abs(after - before)
    most = f" on average, {number(change.max(), 2)} at most" if change.size > 1 else ""
    return (
        f"Update of {parameter_words(name)}: {plural(before.size, 'value')} moved by "
        f"{number(change.mean(), 2)}{most} (learning rate {chosen(learning_rate, 4)})."
    )
