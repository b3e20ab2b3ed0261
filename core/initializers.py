"""Start weights: how large the random numbers must be so that signals neither fade nor grow on their way.

`fan_in` counts the inputs that feed one output, `fan_out` the outputs one input feeds (for a convolution both times
the kernel's area).
"""

import dataclasses
import math
from typing import ClassVar

import numpy as np

from core.options import Configurable, from_spec, option
from core.types import Array, Shape, Spec


class Initializer(Configurable):
    """Draws the start values of one layer's weight and bias."""

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        """Start values of a weight, float64 of the given shape."""
        raise NotImplementedError

    def bias(self, rng: np.random.Generator, shape: Shape, fan_in: int) -> Array:
        """Start values of a bias: zero, unless the scheme says otherwise."""
        return np.zeros(shape)


@dataclasses.dataclass(frozen=True)
class TorchUniform(Initializer):
    """PyTorch's default for Linear and Conv2d: weight and bias are uniform, the narrower the more inputs there are.

    Formula:  weight, bias ~ U(−a, a), a = 1/√fan_in
    Source:   `torch.nn.Linear`, `reset_parameters`
    """

    kind: ClassVar[str] = "torch"
    title: ClassVar[str] = "PyTorch default"

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        limit = 1 / math.sqrt(fan_in)
        return rng.uniform(-limit, limit, shape)

    def bias(self, rng: np.random.Generator, shape: Shape, fan_in: int) -> Array:
        limit = 1 / math.sqrt(fan_in)
        return rng.uniform(-limit, limit, shape)


@dataclasses.dataclass(frozen=True)
class HeNormal(Initializer):
    """Normal, as wide as keeps the variance of signals on their way through ReLU layers.

    Formula:  weight ~ N(0, σ²), σ = √(2/fan_in);  bias = 0
    Source:   He et al. 2015, "Delving Deep into Rectifiers"
    """

    kind: ClassVar[str] = "he_normal"
    title: ClassVar[str] = "He normal"

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, math.sqrt(2 / fan_in), shape)


@dataclasses.dataclass(frozen=True)
class HeUniform(Initializer):
    """Uniform, with the variance of He normal.

    Formula:  weight ~ U(−a, a), a = √(6/fan_in);  bias = 0
    Source:   He et al. 2015, "Delving Deep into Rectifiers"
    """

    kind: ClassVar[str] = "he_uniform"
    title: ClassVar[str] = "He uniform"

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        limit = math.sqrt(6 / fan_in)
        return rng.uniform(-limit, limit, shape)


@dataclasses.dataclass(frozen=True)
class XavierNormal(Initializer):
    """Normal, as wide as keeps the variances through tanh layers, forward and backward.

    Formula:  weight ~ N(0, σ²), σ = √(2/(fan_in + fan_out));  bias = 0
    Source:   Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"
    """

    kind: ClassVar[str] = "xavier_normal"
    title: ClassVar[str] = "Xavier normal"

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, math.sqrt(2 / (fan_in + fan_out)), shape)


@dataclasses.dataclass(frozen=True)
class XavierUniform(Initializer):
    """Uniform, with the variance of Xavier normal.

    Formula:  weight ~ U(−a, a), a = √(6/(fan_in + fan_out));  bias = 0
    Source:   Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"
    """

    kind: ClassVar[str] = "xavier_uniform"
    title: ClassVar[str] = "Xavier uniform"

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        limit = math.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-limit, limit, shape)


@dataclasses.dataclass(frozen=True)
class LeCunNormal(Initializer):
    """Normal, as wide as keeps the variance of signals where an activation is nearly a line.

    Formula:  weight ~ N(0, σ²), σ = √(1/fan_in);  bias = 0
    Source:   LeCun et al. 1998, "Efficient BackProp"
    """

    kind: ClassVar[str] = "lecun_normal"
    title: ClassVar[str] = "LeCun normal"

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, math.sqrt(1 / fan_in), shape)


@dataclasses.dataclass(frozen=True)
class Normal(Initializer):
    """Normal with a standard deviation of your own, whatever the layer's size.

    Formula:  weight ~ N(0, std²);  bias = 0
    Source:   `torch.nn.init.normal_`
    """

    kind: ClassVar[str] = "normal"
    title: ClassVar[str] = "Normal"

    std: float = option(0.1, minimum=0, maximum=100, label="Std. deviation", help="Of the start weights.")

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, self.std, shape)


@dataclasses.dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform within a limit of your own, whatever the layer's size.

    Formula:  weight ~ U(−limit, limit);  bias = 0
    Source:   `torch.nn.init.uniform_`
    """

    kind: ClassVar[str] = "uniform"
    title: ClassVar[str] = "Uniform"

    limit: float = option(0.1, minimum=0, maximum=100, help="Start weights lie between −limit and +limit.")

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        return rng.uniform(-self.limit, self.limit, shape)


@dataclasses.dataclass(frozen=True)
class Constant(Initializer):
    """Every weight the same: all units of a layer then learn the same thing for ever.

    Formula:  weight = value;  bias = 0
    Source:   `torch.nn.init.constant_`
    """

    kind: ClassVar[str] = "constant"
    title: ClassVar[str] = "Constant"

    value: float = option(0.5, minimum=-100, maximum=100, help="The value of every start weight.")

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        return np.full(shape, float(self.value))


@dataclasses.dataclass(frozen=True)
class Zeros(Initializer):
    """Every weight zero: nothing tells the units of a layer apart, so a deep network cannot learn.

    Formula:  weight = 0;  bias = 0
    Source:   `torch.nn.init.zeros_`
    """

    kind: ClassVar[str] = "zeros"
    title: ClassVar[str] = "Zeros"

    def weight(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
        return np.zeros(shape)


_SCHEMES = (TorchUniform, HeNormal, HeUniform, XavierNormal, XavierUniform, LeCunNormal, Normal, Uniform, Constant)
INITIALIZERS: dict[str, type[Initializer]] = {scheme.kind: scheme for scheme in (*_SCHEMES, Zeros)}


def initializer_from_spec(spec: Spec) -> Initializer:
    """Rebuild an initialiser from its `spec()`."""
    return from_spec(INITIALIZERS, spec, "initialiser")
