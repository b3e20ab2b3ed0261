"""The contract of a layer.

A layer computes `forward` and `backward` and remembers nothing between the two: what backward needs is returned as a
cache. So a training step, a person stepping through it and a gradient check can use one layer at the same time.
"""

import math
from typing import Any, ClassVar

import numpy as np

from core.initializers import Initializer, TorchUniform
from core.options import Configurable
from core.types import Array, Arrays, Shape, ShapeError, shape_text


class Layer(Configurable):
    """One step of a network. Subclasses are dataclasses (`eq=False`) whose fields are the options a person chooses.

    Rules: `forward` and `backward` never change the layer or an array they did not allocate (`out` excepted);
    every result has the dtype the layer was built with.
    """

    output: ClassVar[str] = "values"
    """What the outputs are: "values", or "probabilities" for Sigmoid and Softmax. A loss asks for one or the other."""

    in_shape: Shape
    """Shape of one input sample; known after `build`."""

    params: Arrays
    """What the optimizer changes, by name."""

    buffers: Arrays
    """What is saved with the layer but not optimised, by name (running statistics)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.params = {}
        self.buffers = {}

    def out_shape(self, in_shape: Shape) -> Shape:
        """The shape of one output sample; raises `ShapeError` in plain words when the input cannot be taken."""
        return in_shape

    def param_shapes(self, in_shape: Shape) -> dict[str, Shape]:
        """The shapes of the parameters, known before anything is allocated."""
        return {}

    def build(
        self,
        in_shape: Shape,
        rng: np.random.Generator,
        dtype: Any = np.float32,
        initializer: Initializer | None = None,
    ) -> None:
        """Allocate parameters and buffers for inputs of `in_shape`; calling it again starts anew."""
        self.out_shape(in_shape)
        self.in_shape = in_shape
        initializer = initializer or TorchUniform()
        shapes = self.param_shapes(in_shape)
        if not shapes:
            return
        fan_in, fan_out = fans(shapes["weight"])
        self.params = {"weight": initializer.weight(rng, shapes["weight"], fan_in, fan_out).astype(dtype)}
        if "bias" in shapes:
            self.params["bias"] = initializer.bias(rng, shapes["bias"], fan_in).astype(dtype)

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        """`y` and the cache (named arrays, only what backward needs). The first axis of `x` and `y` is the batch."""
        raise NotImplementedError

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        """`dx` and the gradients of `params`, from the gradient of the loss by `y`.

        `dx` is None when it is not needed (nothing before this layer learns). `out` names arrays to write the gradients
        of the parameters into, as NumPy's own `out` does; they are then also what is returned.
        """
        raise NotImplementedError

    def absorb(self, cache: Arrays) -> None:
        """Take over what a training step learned about the data; only BatchNorm has something to take."""

    def _check_input(self, x: Array) -> None:
        if x.shape[1:] != self.in_shape:
            raise ShapeError(
                f"{self.title} was built for samples of shape {shape_text(self.in_shape)} and was given an array of "
                f"shape {shape_text(x.shape)}, whose first axis counts samples."
            )

    def _refuse(self, expected: str, got: Shape) -> ShapeError:
        return ShapeError(f"{self.title} needs {expected}, not {shape_text(got)}")


def fans(weight_shape: Shape) -> tuple[int, int]:
    """How many inputs feed one output and how many outputs one input feeds: (in·kh·kw, out·kh·kw)."""
    area = math.prod(weight_shape[2:])
    return weight_shape[1] * area, weight_shape[0] * area
