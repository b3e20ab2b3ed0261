"""The fully connected layer."""

import dataclasses
from typing import ClassVar

import numpy as np

from core.layers.base import Layer
from core.options import option
from core.types import Array, Arrays, Shape


@dataclasses.dataclass(eq=False)
class Dense(Layer):
    """Fully connected layer: every output is a weighted sum of all inputs, plus a bias.

    Shapes:   x (N, in), weight (out, in), bias (out,), y (N, out)
    Formula:  y[n, o] = Σᵢ x[n, i] · weight[o, i] + bias[o]
    Gradient: dx = dy · weight;  d_weight = dyᵀ · x;  d_bias = Σₙ dy
    Errors:   ShapeError when a sample is not a vector
    Source:   `torch.nn.Linear`; Rumelhart, Hinton and Williams 1986
    """

    kind: ClassVar[str] = "dense"
    title: ClassVar[str] = "Dense"

    units: int = option(minimum=1, help="How many outputs the layer has.")

    def out_shape(self, in_shape: Shape) -> Shape:
        if len(in_shape) != 1:
            raise self._refuse("a vector", in_shape)
        return (self.units,)

    def param_shapes(self, in_shape: Shape) -> dict[str, Shape]:
        return {"weight": (self.units, in_shape[0]), "bias": (self.units,)}

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        # y[n, o] = Σᵢ x[n, i] weight[o, i] + bias[o]
        y = x.dot(self.params["weight"].T)
        y += self.params["bias"]
        return y, {"x": x}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        x, weight, out = cache["x"], self.params["weight"], out or {}
        self._check_gradient(dy, (len(x), self.units))
        # d_weight[o, i] = Σₙ dy[n, o] x[n, i]
        d_weight = dy.T.dot(x, out=out.get("weight"))
        # d_bias[o] = Σₙ dy[n, o]
        d_bias = np.add.reduce(dy, axis=0, out=out.get("bias"))
        # dx[n, i] = Σₒ dy[n, o] weight[o, i]
        dx = None
        if need_dx:
            # In the memory order of x: after Flatten the batch is the fastest axis, and the image layers keep it so.
            dx = dy.dot(weight) if x.flags.c_contiguous else weight.T.dot(dy.T).T
        return dx, {"weight": d_weight, "bias": d_bias}
