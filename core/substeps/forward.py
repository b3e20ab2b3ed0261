"""The lines inside a layer's forward."""

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
from core.layers.rectifiers import GELU, SiLU
from core.layout import sample_means
from core.substeps.substep import SubStep, given
from core.substeps.windows import averaged, conv_windows, pool_places, pooled, until
from core.tape import Record
from core.types import Array, Arrays
from core.words import chosen


@singledispatch
def forward_substeps(layer: Layer, params: Arrays, record: Record) -> list[SubStep]:
    """The sub-steps of a forward record; `params` as they stood then. Most layers do it in one line."""
    return []


@forward_substeps.register
def _(layer: Dense, params: Arrays, record: Record) -> list[SubStep]:
    x, y = record.tensors["x"], record.tensors["y"]
    return [
        SubStep(
            "Σ x·w",
            "Σᵢ x[n, i] · weight[o, i]",
            "Every input times its weight, added up for each output.",
            lambda: x.dot(params["weight"].T),
        ),
        SubStep("y", "y = Σ x·w + bias[o]", "The bias of each output is added.", given(y), "y"),
    ]


@forward_substeps.register
def _(layer: Conv2D, params: Arrays, record: Record) -> list[SubStep]:
    y, windows = record.tensors["y"], conv_windows(layer)
    return [
        SubStep(
            f"y to [{slid.where}]",
            f"y[n, f, {slid.where}] = Σ_c Σᵢ Σⱼ x[n, c, {slid.inputs}] · weight[f, c, i, j] + bias[f]",
            f"{slid.words} times each filter gives its part of every output map ({number} of {len(windows)}).",
            given(y) if number == len(windows) else partial(until, slid, y),
            "y" if number == len(windows) else "",
            like="y",
        )
        for number, slid in enumerate(windows, 1)
    ]


@forward_substeps.register
def _(layer: MaxPool2D, params: Arrays, record: Record) -> list[SubStep]:
    x, y = record.tensors["x"], record.tensors["y"]
    places = pool_places(layer, x.shape[2:], y.shape[2:])
    return [
        SubStep(
            f"max to {place.where}",
            f"y ← max(y, x at {place.where} of the window)",
            f"{place.words} of every window is compared with the largest so far ({number} of {len(places)}).",
            pooled(x, y.shape, places[:number]),
            "y" if number == len(places) else "",
        )
        for number, place in enumerate(places, 1)
    ]


@forward_substeps.register
def _(layer: AvgPool2D, params: Arrays, record: Record) -> list[SubStep]:
    x, y = record.tensors["x"], record.tensors["y"]
    places, area = pool_places(layer, x.shape[2:], y.shape[2:]), layer.kernel_size**2
    sums = [
        SubStep(
            f"Σ to {place.where}",
            f"s ← s + x at {place.where} of the window",
            f"{place.words} of every window is added ({number} of {len(places)}).",
            averaged(x, y.shape, places[:number]),
        )
        for number, place in enumerate(places, 1)
    ]
    return [*sums, SubStep("y", f"y = s / {area}", f"Every sum is divided by {area}.", given(y), "y")]


@forward_substeps.register
def _(layer: GlobalAvgPool2D, params: Arrays, record: Record) -> list[SubStep]:
    x, y = record.tensors["x"], record.tensors["y"]
    area = x.shape[2] * x.shape[3]
    return [
        SubStep("Σ x", "s[n, c] = Σᵢ Σⱼ x[n, c, i, j]", "All values of a channel are added.", lambda: x.sum((2, 3))),
        SubStep("y", f"y = s / {area}", f"Every sum is divided by the {area} values of a channel.", given(y), "y"),
    ]


@forward_substeps.register
def _(layer: BatchNorm, params: Arrays, record: Record) -> list[SubStep]:
    x, y, cache = record.tensors["x"], record.tensors["y"], record.cache
    mean, variance, x_hat = cache["mean"], cache["variance"], cache["x_hat"]
    count = x.size // len(mean)
    return [
        SubStep(
            "mean",
            "mean[c] = Σ x / m",
            f"The mean of each channel over its m = {count} values in the batch.",
            given(mean),
            "mean",
            per_sample=False,
        ),
        SubStep(
            "x − mean",
            "x − mean[c]",
            "The mean is taken away: each channel now lies around 0.",
            lambda: x - by_channel(mean, x),
        ),
        SubStep(
            "var",
            "var[c] = Σ (x − mean)² / m",
            "The mean of the squares, with m and not m − 1 below.",
            given(variance),
            "variance",
            per_sample=False,
        ),
        SubStep(
            "x̂",
            f"x̂ = (x − mean) / √(var + {chosen(layer.eps)})",
            "Divided by the deviation: each channel now has mean 0 and variance 1.",
            given(x_hat),
            "x_hat",
        ),
        SubStep(
            "γ·x̂",
            "weight[c] · x̂",
            "Each channel is stretched by its weight, often written γ.",
            lambda: by_channel(params["weight"], x) * x_hat,
        ),
        SubStep("y", "y = weight[c] · x̂ + bias[c]", "Its bias, often written β, is added.", given(y), "y"),
    ]


@forward_substeps.register
def _(layer: LayerNorm, params: Arrays, record: Record) -> list[SubStep]:
    x, y, cache = record.tensors["x"], record.tensors["y"], record.cache

    def centred() -> Array:
        return x - sample_means(x)

    return [
        SubStep(
            "mean",
            "mean[n] = Σ x / m",
            f"The mean of the m = {x[0].size} values of each sample.",
            lambda: sample_means(x).reshape(-1),
        ),
        SubStep("x − mean", "x − mean[n]", "The mean is taken away: each sample now lies around 0.", centred),
        SubStep(
            "var",
            "var[n] = Σ (x − mean)² / m",
            "The mean of the squares.",
            lambda: sample_means(np.square(centred())).reshape(-1),
        ),
        SubStep(
            "x̂",
            f"x̂ = (x − mean) / √(var + {chosen(layer.eps)})",
            "Divided by the deviation: each sample now has mean 0 and variance 1.",
            given(cache["x_hat"]),
            "x_hat",
        ),
        SubStep("γ·x̂", "weight · x̂", "Every value has a weight of its own.", lambda: params["weight"] * cache["x_hat"]),
        SubStep("y", "y = weight · x̂ + bias", "And a bias of its own.", given(y), "y"),
    ]


@forward_substeps.register
def _(layer: Softmax, params: Arrays, record: Record) -> list[SubStep]:
    return softmax_substeps(record.tensors["x"], given(record.tensors["y"]), "y")


@forward_substeps.register
def _(layer: SiLU, params: Arrays, record: Record) -> list[SubStep]:
    gate = record.cache["gate"]
    return [
        SubStep(
            "σ(x)", "σ(x) = 1 / (1 + exp(−x))", "The gate: how far each value is let through.", given(gate), "gate"
        ),
        SubStep("y", "y = x · σ(x)", "Every value times its gate.", given(record.tensors["y"]), "y"),
    ]


@forward_substeps.register
def _(layer: GELU, params: Arrays, record: Record) -> list[SubStep]:
    t = record.cache["t"]
    return [
        SubStep("t", "t = tanh(√(2/π) (x + 0.044715 x³))", "How far each value is from 0, squashed.", given(t), "t"),
        SubStep("gate", "½ (1 + t)", "The gate: how far each value is let through.", lambda: 0.5 * (1 + t)),
        SubStep("y", "y = x · ½ (1 + t)", "Every value times its gate.", given(record.tensors["y"]), "y"),
    ]


@forward_substeps.register
def _(layer: Dropout, params: Arrays, record: Record) -> list[SubStep]:
    mask = record.cache["mask"]
    formula = f"0 with probability {chosen(layer.p)}, otherwise 1 / (1 − {chosen(layer.p)})"
    return [
        SubStep("mask", formula, "Which values stay.", given(mask), "mask"),
        SubStep("y", "y = x · mask", "Every value times its mask.", given(record.tensors["y"]), "y"),
    ]


def softmax_substeps(x: Array, probabilities: Callable[[], Array], result: str) -> list[SubStep]:
    """From values (N, classes) to the probabilities that were made of them, which are the tensor `result`."""

    def shifted() -> Array:
        return x - x.max(axis=1, keepdims=True)

    def exponentials() -> Array:
        return np.exp(shifted())

    return [
        SubStep(
            "x − max",
            "x[n, c] − max over k of x[n, k]",
            "The largest value of each sample is taken away, so that no exponential overflows; it cancels in the end.",
            shifted,
        ),
        SubStep("exp", "e[n, c] = exp(x − max)", "The exponentials: all positive, the largest is 1.", exponentials),
        SubStep("Σ exp", "s[n] = Σ_c e[n, c]", "Their sum in each sample.", lambda: exponentials().sum(axis=1)),
        SubStep(
            "p",
            "p[n, c] = e[n, c] / s[n]",
            "Divided by the sum: probabilities that add up to 1.",
            probabilities,
            result,
        ),
    ]


def by_channel(values: Array, like: Array) -> Array:
    """(C,) so that it broadcasts against (N, C) or (N, C, H, W)."""
    return values.reshape(-1, *[1] * (like.ndim - 2))
