"""The lines inside a layer's backward: the gradients of its parameters, then the way to dx.

dx has no lines where nothing before the layer learns and it was never computed.
"""

import dataclasses
from collections.abc import Callable
from functools import partial, singledispatch

import numpy as np

from core.layers.activations import Softmax
from core.layers.base import Layer
from core.layers.conv import Conv2D
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.normalization import BatchNorm, LayerNorm
from core.layers.pooling import AvgPool2D, GlobalAvgPool2D, MaxPool2D
from core.layout import sample_means
from core.slopes import SLOPES, slope_words
from core.substeps.forward import by_channel
from core.substeps.substep import SubStep, given
from core.substeps.windows import Slid, conv_windows, gone_back, pool_places, routed, spread
from core.tape import Record
from core.types import Array, Arrays

Make = Callable[[], Array]


def backward_substeps(layer: Layer, params: Arrays, record: Record) -> list[SubStep]:
    """The sub-steps of a backward record; `params` as they stood then."""
    steps = [*_parameter_steps(layer, params, record)]
    if "dx" in record.tensors:
        steps += _dx_steps(layer, params, record)
    return [dataclasses.replace(step, backward=True) for step in steps]


@singledispatch
def _parameter_steps(layer: Layer, params: Arrays, record: Record) -> list[SubStep]:
    """One for each gradient of a parameter, with its formula."""
    return [_gradient(layer, record, name) for name in ("d_weight", "d_bias") if name in record.tensors]


@_parameter_steps.register
def _(layer: Conv2D, params: Arrays, record: Record) -> list[SubStep]:
    dy, cache, windows = record.tensors["dy"], record.cache, conv_windows(layer)

    def so_far(slid: Slid) -> Array:
        return gone_back(layer, params, dy, cache, slid)[1]["weight"]

    steps = [
        SubStep(
            f"d_weight to [{slid.where}]",
            f"d_weight[f, c, i, j] ← d_weight + {over} dy[n, f, {slid.where}] · x[n, c, {slid.inputs}]",
            f"{slid.words} adds its inputs, each times the dy of its output ({number} of {len(windows)}).",
            given(record.tensors["d_weight"]) if number == len(windows) else partial(so_far, slid),
            "d_weight" if number == len(windows) else "",
            per_sample=False,
            like="d_weight",
        )
        for number, slid in enumerate(windows, 1)
        for over in ["Σₙ Σₛ" if slid.where.endswith("s") else "Σₙ"]
    ]
    return [*steps, _gradient(layer, record, "d_bias")]


def _gradient(layer: Layer, record: Record, name: str) -> SubStep:
    """The gradient of a parameter in one line."""
    whose = name.removeprefix("d_")
    words = f"How much the loss changes per unit of each {whose}, added up over the batch."
    return SubStep(name, _FORMULAS[type(layer)][name], words, given(record.tensors[name]), name, per_sample=False)


_NORM = {"d_weight": "d_weight = Σ dy · x̂", "d_bias": "d_bias = Σ dy"}
_FORMULAS: dict[type[Layer], dict[str, str]] = {
    Dense: {"d_weight": "d_weight[o, i] = Σₙ dy[n, o] · x[n, i]", "d_bias": "d_bias[o] = Σₙ dy[n, o]"},
    Conv2D: {"d_bias": "d_bias[f] = Σₙ Σ_r Σ_s dy[n, f, r, s]"},
    BatchNorm: _NORM,
    LayerNorm: _NORM,
}


@singledispatch
def _dx_steps(layer: Layer, params: Arrays, record: Record) -> list[SubStep]:
    return []


@_dx_steps.register
def _(layer: Dense, params: Arrays, record: Record) -> list[SubStep]:
    words = "Every input hears from all outputs it went into, each times its weight."
    return [SubStep("dx", "dx[n, i] = Σₒ dy[n, o] · weight[o, i]", words, given(record.tensors["dx"]), "dx")]


@_dx_steps.register
def _(layer: Conv2D, params: Arrays, record: Record) -> list[SubStep]:
    dy, cache, windows = record.tensors["dy"], record.cache, conv_windows(layer)

    def so_far(slid: Slid) -> Array:
        return gone_back(layer, params, dy, cache, slid)[0]

    return [
        SubStep(
            f"dx to [{slid.where}]",
            f"dx[n, c, {slid.inputs}] ← dx + Σ_f dy[n, f, {slid.where}] · weight[f, c, i, j]",
            f"{slid.words} gets its dy back through the weights it went through ({number} of {len(windows)}).",
            given(record.tensors["dx"]) if number == len(windows) else partial(so_far, slid),
            "dx" if number == len(windows) else "",
            like="dx",
        )
        for number, slid in enumerate(windows, 1)
    ]


@_dx_steps.register
def _(layer: MaxPool2D, params: Arrays, record: Record) -> list[SubStep]:
    x, y, dy = record.cache["x"], record.cache["y"], record.tensors["dy"]
    places = pool_places(layer, x.shape[2:], y.shape[2:])
    return [
        SubStep(
            f"dx to {place.where}",
            f"dx ← dx + dy where x at {place.where} is the window's first maximum",
            f"{place.words} of every window gets the gradient if it was the first largest ({number} of {len(places)}).",
            given(record.tensors["dx"]) if number == len(places) else routed(x, y, dy, places[:number]),
            "dx" if number == len(places) else "",
            like="dx",
        )
        for number, place in enumerate(places, 1)
    ]


@_dx_steps.register
def _(layer: AvgPool2D, params: Arrays, record: Record) -> list[SubStep]:
    dx, dy, area = record.tensors["dx"], record.tensors["dy"], layer.kernel_size**2
    share, places = dy / area, pool_places(layer, dx.shape[2:], dy.shape[2:])
    parts = [
        SubStep(
            f"dx to {place.where}",
            f"dx ← dx + share at {place.where} of the window",
            f"{place.words} of every window gets its share ({number} of {len(places)}).",
            spread(share, dx.shape, places[:number]),
            "dx" if number == len(places) else "",
            like="dx",
        )
        for number, place in enumerate(places, 1)
    ]
    words = f"Every gradient is cut into {area} equal parts."
    return [SubStep("share", f"dy / {area}", words, given(share), like="dy"), *parts]


@_dx_steps.register
def _(layer: GlobalAvgPool2D, params: Arrays, record: Record) -> list[SubStep]:
    dx, dy = record.tensors["dx"], record.tensors["dy"]
    area = dx.shape[2] * dx.shape[3]
    return [
        SubStep("share", f"dy / {area}", f"Every gradient is cut into {area} equal parts.", lambda: dy / area),
        SubStep("dx", "dx[n, c, i, j] = share[n, c]", "Every pixel of the channel gets one.", given(dx), "dx"),
    ]


@_dx_steps.register
def _(layer: BatchNorm, params: Arrays, record: Record) -> list[SubStep]:
    dy, x_hat, tensors = record.tensors["dy"], record.cache["x_hat"], record.tensors
    scale, count = by_channel(params["weight"] * record.cache["inv_std"], dy), dy.size // dy.shape[1]

    def through_mean() -> Array:
        return -scale * by_channel(tensors["d_bias"] / count, dy) * np.ones_like(dy)

    def through_variance() -> Array:
        return -scale * x_hat * by_channel(tensors["d_weight"] / count, dy)

    root = "weight / √(var + eps)"
    return _paths(record, "dy", root, lambda: scale * dy, through_mean, through_variance)


@_dx_steps.register
def _(layer: LayerNorm, params: Arrays, record: Record) -> list[SubStep]:
    x_hat, inv_std = record.cache["x_hat"], record.cache["inv_std"]
    g = record.tensors["dy"] * params["weight"]

    def through_mean() -> Array:
        return -inv_std * sample_means(g) * np.ones_like(g)

    def through_variance() -> Array:
        return -inv_std * x_hat * sample_means(g * x_hat)

    first = SubStep("g", "g = weight · dy", "The gradient of x̂.", given(g))
    root = "1 / √(var + eps)"
    return [first, *_paths(record, "g", root, lambda: inv_std * g, through_mean, through_variance)]


def _paths(
    record: Record, g: str, scale: str, direct: Make, through_mean: Make, through_variance: Make
) -> list[SubStep]:
    """The three ways from an x to the loss through a normalisation, which add up to dx; `g` is the gradient used."""
    return [
        SubStep(
            "direct",
            f"s · {g}, with s = {scale}",
            "The first path: x is divided by the deviation, as if mean and variance were constants.",
            direct,
        ),
        SubStep(
            "by the mean",
            f"−s · mean({g})",
            "The second path: raising one x raises the mean, which lowers all others.",
            through_mean,
        ),
        SubStep(
            "by the variance",
            f"−s · x̂ · mean({g} · x̂)",
            "The third path: moving x outwards raises the variance, which draws all values in.",
            through_variance,
        ),
        SubStep("dx", "dx = the three paths together", "Their sum.", given(record.tensors["dx"]), "dx"),
    ]


@_dx_steps.register
def _(layer: Softmax, params: Arrays, record: Record) -> list[SubStep]:
    y, dy, dx = record.cache["y"], record.tensors["dy"], record.tensors["dx"]

    def total() -> Array:
        return (dy * y).sum(axis=1)

    return [
        SubStep("dy·y", "dy[n, c] · y[n, c]", "Every gradient times its probability.", lambda: dy * y),
        SubStep(
            "Σ dy·y", "Σₖ dy[n, k] · y[n, k]", "Their sum in each sample: the mean gradient, weighted by y.", total
        ),
        SubStep(
            "dy − Σ",
            "dy[n, c] − Σₖ dy[n, k] · y[n, k]",
            "Taken away: raising all inputs together changes no probability.",
            lambda: dy - total()[:, None],
        ),
        SubStep("dx", "dx = y · (dy − Σ)", "Times the probability.", given(dx), "dx"),
    ]


@_dx_steps.register
def _(layer: Dropout, params: Arrays, record: Record) -> list[SubStep]:
    return [
        SubStep("mask", "the mask of the way forward", "Which values stayed.", given(record.cache["mask"]), "mask"),
        SubStep("dx", "dx = dy · mask", "Only those let the gradient through.", given(record.tensors["dx"]), "dx"),
    ]


def _elementwise(layer: Layer, params: Arrays, record: Record) -> list[SubStep]:
    """Every value by itself: the slope of the curve, and the product with it."""
    dy = record.tensors["dy"]

    def slope() -> Array:
        # The layer's own backward of a gradient of 1 everywhere.
        found, _ = layer.backward(np.ones_like(dy), record.cache)
        assert found is not None
        return found

    return [
        SubStep("slope", slope_words(layer), "How steep the curve is at each input.", slope),
        SubStep("dx", "dx = dy · slope", "Every gradient times its slope.", given(record.tensors["dx"]), "dx"),
    ]


for _kind in SLOPES:
    _dx_steps.register(_kind, _elementwise)
