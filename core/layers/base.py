"""The contract of a layer.

A layer computes `forward` and `backward` and remembers nothing between the two: what backward needs is returned as a
cache. So a training step, a person stepping through it and a gradient check can use one layer at the same time.
"""

import math
from typing import Any, ClassVar

import numpy as np

from core.initializers import Initializer, TorchUniform
from core.options import Configurable
from core.types import Array, Arrays, DataError, Shape, ShapeError, check_is, checked_dtype, checked_shape, shape_text
from core.words import said


class Layer(Configurable):
    """One step of a network. Subclasses are dataclasses (`eq=False`) whose fields are the options a person chooses.

    Rules: `forward` and `backward` never change the layer or an array they did not allocate (`out` excepted);
    every result has the dtype the layer was built with.
    """

    output: ClassVar[str] = "values"
    """What the outputs are: "values", "probabilities" for Sigmoid and Softmax, or "as given" for layers that only pass
    on what they are given. A loss asks for values or probabilities.
    """

    never_negative: ClassVar[frozenset[str]] = frozenset()
    """The names of buffers that cannot be negative."""

    in_shape: Shape
    """Shape of one input sample; known after `build`."""

    dtype: np.dtype[Any] | None
    """float32 or float64, of the parameters and of all arrays that come and go; known after `build`."""

    params: Arrays
    """What the optimizer changes, by name."""

    buffers: Arrays
    """What is saved with the layer but not optimised, by name (running statistics)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.in_shape = ()
        self.dtype = None
        self.params = {}
        self.buffers = {}

    def out_shape(self, in_shape: Shape) -> Shape:
        """The shape of one output sample; raises `ShapeError` in plain words when the input cannot be taken."""
        return in_shape

    def param_shapes(self, in_shape: Shape) -> dict[str, Shape]:
        """The shapes of the parameters, known before anything is allocated."""
        return {}

    def kept_values(self, in_shape: Shape) -> int:
        """About how many values of a sample `forward` keeps for backward, besides `x` and `y`."""
        return math.prod(self.out_shape(in_shape))

    def fewest_samples(self, in_shape: Shape) -> int:
        """How many samples a training batch must have at least."""
        return 1

    def build(
        self,
        in_shape: Shape,
        rng: np.random.Generator,
        dtype: Any = np.float32,
        initializer: Initializer | None = None,
    ) -> None:
        """Allocate parameters and buffers for inputs of `in_shape`; calling it again starts anew.

        Errors: ShapeError when the input cannot be taken; OptionError for a dtype other than float32 and float64, and
        for a generator or an initialiser that is none
        """
        initializer = TorchUniform() if initializer is None else initializer
        check_is(rng, np.random.Generator, f"{self.title}: rng", "a random generator of NumPy")
        check_is(initializer, Initializer, f"{self.title}: initializer", "an initialiser such as HeNormal()")
        self._prepare(in_shape, dtype)
        shapes = self.param_shapes(self.in_shape)
        if not shapes:
            return
        fan_in, fan_out = fans(shapes["weight"])
        self.params = {"weight": initializer.weight(rng, shapes["weight"], fan_in, fan_out).astype(dtype)}
        if "bias" in shapes:
            self.params["bias"] = initializer.bias(rng, shapes["bias"], fan_in).astype(dtype)

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        """`y` and the cache (named arrays, only what backward needs). The first axis of `x` and `y` is the batch.

        Errors: ShapeError or DataError when `x` is not what the layer was built for
        """
        raise NotImplementedError

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        """`dx` and the gradients of `params`, from the gradient of the loss by `y`.

        `dx` is None when it is not needed (nothing before this layer learns). `out` names arrays to write the gradients
        of the parameters into, as NumPy's own `out` does; they are then also what is returned.
        Errors: ShapeError or DataError when `dy` is not like the `y` it belongs to
        """
        raise NotImplementedError

    def absorb(self, cache: Arrays) -> None:
        """Take over what a training step learned about the data; only BatchNorm has something to take."""

    def _prepare(self, in_shape: Shape, dtype: Any) -> None:
        """Part of every build: what the layer is built for, if that makes sense."""
        in_shape, dtype = checked_shape(in_shape, self.title), checked_dtype(dtype, self.title)
        self.out_shape(in_shape)
        self.in_shape, self.dtype = in_shape, dtype

    # The next two are asked in every step: two quick comparisons where all is well. Equal dtypes are nearly always the
    # same object.

    def _check_input(self, x: Array) -> None:
        try:
            if x.shape[1:] == self.in_shape and x.dtype is self.dtype:
                return
        except AttributeError:
            pass  # no array at all
        self._check_array(x)
        if not self._takes(x.shape[1:]):
            raise ShapeError(
                f"{self.title} was built for samples of shape {shape_text(self.in_shape)} and was given an array of "
                f"shape {shape_text(x.shape) or '()'}, whose first axis counts samples."
            )

    def _check_gradient(self, dy: Array, shape: Shape) -> None:
        """`shape` is that of the `y` to which `dy` belongs."""
        try:
            if dy.shape == shape and dy.dtype is self.dtype:
                return
        except AttributeError:
            pass
        self._check_array(dy)
        if dy.shape != shape:
            raise ShapeError(
                f"{self.title} gave an array of shape {shape_text(shape)} and was given gradients of shape "
                f"{shape_text(dy.shape) or '()'} on the way back."
            )

    def _check_gradients(self, dy: Array) -> None:
        """The same where the cache does not tell how many samples there were."""
        self._check_array(dy)
        self._check_gradient(dy, (*dy.shape[:1], *self.out_shape(self.in_shape)))

    def _check_array(self, array: Any) -> None:
        if self.dtype is None:
            raise ShapeError(f"{self.title} is not built: build it with the shape of a sample before it computes.")
        if not isinstance(array, np.ndarray):
            raise DataError(f"{self.title} takes NumPy arrays of {self.dtype}, not {said(array)}.")
        if array.dtype != self.dtype:
            raise DataError(
                f"{self.title} was built for {self.dtype} and was given an array of {array.dtype}: convert it with "
                f"astype, or build for that type."
            )

    def _takes(self, shape: Shape) -> bool:
        return shape == self.in_shape

    def _refuse(self, expected: str, got: Shape) -> ShapeError:
        return ShapeError(f"{self.title} needs {expected}, not {shape_text(got)}.")


class Elementwise(Layer):
    """A layer that treats every value by itself; so it can also be asked about single values, (K, 1): its curve."""

    def _takes(self, shape: Shape) -> bool:
        return super()._takes(shape) or shape == (1,)


def fans(weight_shape: Shape) -> tuple[int, int]:
    """How many inputs feed one output and how many outputs one input feeds: (in·kh·kw, out·kh·kw)."""
    area = math.prod(weight_shape[2:])
    return weight_shape[1] * area, weight_shape[0] * area
