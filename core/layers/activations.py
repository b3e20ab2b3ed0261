"""Activations that squash: Sigmoid and Tanh, each value by itself, and Softmax over the values of one sample."""

import dataclasses
from typing import ClassVar

import numpy as np

from core.layers.base import Elementwise, Layer
from core.layers.constants import ONE, ZERO
from core.types import Array, Arrays, Shape


@dataclasses.dataclass(eq=False)
class Sigmoid(Elementwise):
    """Squashes every value into (0, 1).

    Shapes:   x, y (N, ...)
    Formula:  y = 1 / (1 + exp(−x))
    Gradient: dx = dy · y · (1 − y)
    Source:   `torch.nn.Sigmoid`
    """

    kind: ClassVar[str] = "sigmoid"
    title: ClassVar[str] = "Sigmoid"
    output: ClassVar[str] = "probabilities"

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        y = sigmoid(x)
        return y, {"y": y}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        if not need_dx:
            return None, {}
        y = cache["y"]
        self._check_gradient(dy, y.shape)
        return dy * (y * (ONE - y)), {}


@dataclasses.dataclass(eq=False)
class Tanh(Elementwise):
    """Squashes every value into (−1, 1), symmetric about zero.

    Shapes:   x, y (N, ...)
    Formula:  y = tanh(x)
    Gradient: dx = dy · (1 − y²)
    Source:   `torch.nn.Tanh`
    """

    kind: ClassVar[str] = "tanh"
    title: ClassVar[str] = "Tanh"

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        y = np.tanh(x)
        return y, {"y": y}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        if not need_dx:
            return None, {}
        y = cache["y"]
        self._check_gradient(dy, y.shape)
        return dy * (ONE - y * y), {}


@dataclasses.dataclass(eq=False)
class Softmax(Layer):
    """Turns the values of a sample into probabilities that add up to 1.

    Shapes:   x, y (N, classes)
    Formula:  y[n, c] = exp(x[n, c]) / Σₖ exp(x[n, k])
    Gradient: dx[n, c] = y[n, c] · (dy[n, c] − Σₖ dy[n, k] · y[n, k])
    Errors:   ShapeError when a sample is not a vector
    Source:   `torch.nn.Softmax(dim=1)`
    """

    kind: ClassVar[str] = "softmax"
    title: ClassVar[str] = "Softmax"
    output: ClassVar[str] = "probabilities"

    def out_shape(self, in_shape: Shape) -> Shape:
        if len(in_shape) != 1:
            raise self._refuse("a vector", in_shape)
        return in_shape

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        y = softmax(x)
        return y, {"y": y}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        if not need_dx:
            return None, {}
        y = cache["y"]
        self._check_gradient(dy, y.shape)
        # Row n of the Jacobian is diag(y) − y yᵀ, so dx = y ⊙ (dy − Σₖ dy[k] y[k]).
        return y * (dy - (dy * y).sum(axis=1, keepdims=True)), {}


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x)) without overflow, in the dtype of `x`."""
    return sigmoid_from(x, np.exp(-np.abs(x)))


def sigmoid_from(x: Array, e: Array) -> Array:
    """σ(x) where e = exp(−|x|) is known already; `e` is used up."""
    # exp of a negative number cannot overflow: σ(x) = 1/(1+e) for x ≥ 0 and e/(1+e) for x < 0, with e ≤ 1.
    y = np.maximum(e, x >= ZERO)
    e += ONE
    y /= e
    return y


def softmax(x: Array) -> Array:
    """exp(x) / Σ exp(x) along the last axis without overflow, in the dtype of `x`."""
    # Subtracting the row's maximum changes nothing, since the factor cancels, and keeps exp within range.
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e
