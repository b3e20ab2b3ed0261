"""Layers that only rearrange numbers."""

import dataclasses
import math
from typing import ClassVar

import numpy as np

from core.layers.base import Layer
from core.options import option
from core.types import Array, Arrays, Shape, shape_text


@dataclasses.dataclass(eq=False)
class Flatten(Layer):
    """Lays the values of a sample out as one vector, channel by channel and row by row.

    Shapes:   x (N, C, H, W), y (N, C·H·W)
    Formula:  y[n, (c·H + i)·W + j] = x[n, c, i, j]
    Gradient: dx[n, c, i, j] = dy[n, (c·H + i)·W + j]
    Source:   `torch.nn.Flatten`
    """

    kind: ClassVar[str] = "flatten"
    title: ClassVar[str] = "Flatten"
    output: ClassVar[str] = "as given"

    def out_shape(self, in_shape: Shape) -> Shape:
        return (math.prod(in_shape),)

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        return x.reshape(len(x), math.prod(self.in_shape)), {}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        if not need_dx:
            return None, {}
        self._check_gradients(dy)
        return dy.reshape(len(dy), *self.in_shape), {}


@dataclasses.dataclass(eq=False)
class Reshape(Layer):
    """Gives the values of a sample the shape of an image, in the order in which Flatten lays one out.

    Shapes:   x (N, ...) with C·H·W values a sample, y (N, C, H, W)
    Formula:  y[n, c, i, j] = x[n, (c·H + i)·W + j]
    Gradient: dx[n, (c·H + i)·W + j] = dy[n, c, i, j]
    Errors:   ShapeError when the numbers of values differ
    Source:   `torch.nn.Unflatten`
    """

    kind: ClassVar[str] = "reshape"
    title: ClassVar[str] = "Reshape"
    output: ClassVar[str] = "as given"

    channels: int = option(minimum=1, help="How many channels the image has.")
    height: int = option(minimum=1, help="How many rows the image has.")
    width: int = option(minimum=1, help="How many columns the image has.")

    def out_shape(self, in_shape: Shape) -> Shape:
        shape = (self.channels, self.height, self.width)
        if math.prod(in_shape) != math.prod(shape):
            raise self._refuse(f"{math.prod(shape)} values for a shape of {shape_text(shape)}", in_shape)
        return shape

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        return x.reshape(len(x), self.channels, self.height, self.width), {}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        if not need_dx:
            return None, {}
        self._check_gradients(dy)
        return dy.reshape(len(dy), *self.in_shape), {}
