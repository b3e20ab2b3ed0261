"""Adam, a velocity with a step size for each parameter, and AdamW, with another weight decay."""

import dataclasses
import math
from typing import ClassVar

import numpy as np

from core.optimizers.base import Optimizer
from core.options import option
from core.types import Array

# A step size below this moves nothing, and its reciprocal would be infinite in float32.
_SMALLEST_SIZE = 1e-30
# Divided by the largest step size there is (1e6 / 1.1e-16) it is still above 0 in float32, where 0/0 would be NaN.
_SMALLEST_EPS = 1e-20


@dataclasses.dataclass(eq=False)
class Adam(Optimizer):
    """Adam: momentum, with each parameter's step scaled by how large its gradients have been.

    Formula:  g ← g + weight_decay · θ;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;
              θ ← θ − learning_rate · (m/(1−β₁ᵗ)) / (√v/√(1−β₂ᵗ) + eps)
    Source:   Kingma and Ba 2015; `torch.optim.Adam`
    """

    kind: ClassVar[str] = "adam"
    title: ClassVar[str] = "Adam"

    learning_rate: float = option(1e-3, minimum=0, maximum=1e6, help="About how far one step changes a parameter.")
    beta1: float = option(0.9, minimum=0, below=1, advanced=True, label="β₁", help="How slowly the mean forgets.")
    beta2: float = option(
        0.999, minimum=0, below=1, advanced=True, label="β₂", help="How slowly the mean of squares forgets."
    )
    eps: float = option(
        1e-8, minimum=_SMALLEST_EPS, maximum=1, advanced=True, label="ε", help="Keeps the denominator above 0."
    )
    weight_decay: float = option(0.0, minimum=0, maximum=1e3, help="Added to the gradient as weight_decay · parameter.")

    slots: ClassVar[tuple[str, ...]] = ("m", "v")
    never_negative: ClassVar[frozenset[str]] = frozenset({"v"})

    def _update_one(self, name: str, param: Array, grad: Array, scratch: Array) -> None:
        if self.weight_decay:
            grad = self._decay(name, param, grad)
        m, v = self.memory["m"][name], self.memory["v"][name]
        # m ← β₁ m + (1 − β₁) g, written m + (1 − β₁)(g − m) if it forgets slowly and g − β₁(g − m) if quickly: the
        # other way round, rounding would lose a gradient that is much smaller than those before it.
        np.subtract(grad, m, out=scratch)
        if self.beta1 > 0.5:
            scratch *= 1 - self.beta1
            m += scratch
        else:
            scratch *= self.beta1
            np.subtract(grad, scratch, out=m)
        # v ← β₂ v + (1 − β₂) g², written v + (1 − β₂)(g² − v) if it forgets slowly, which is a little faster
        np.multiply(grad, grad, out=scratch)
        if self.beta2 > 0.5:
            scratch -= v
            scratch *= 1 - self.beta2
        else:
            scratch *= 1 - self.beta2
            v *= self.beta2
        v += scratch
        # θ ← θ − size · m / (√v/√(1 − β₂ᵗ) + eps) with size = learning_rate/(1 − β₁ᵗ), which is divided into the
        # denominator's two numbers to save a pass over memory. eps joins after the bias correction, as in the paper.
        size = self.learning_rate / (1 - self.beta1**self.steps)
        if abs(size) > _SMALLEST_SIZE:
            np.sqrt(v, out=scratch)
            scratch *= 1 / (math.sqrt(1 - self.beta2**self.steps) * size)
            scratch += self.eps / size
            np.divide(m, scratch, out=scratch)
            param -= scratch

    def _decay(self, name: str, param: Array, grad: Array) -> Array:
        return self._add_decay(name, param, grad, self.weight_decay)


@dataclasses.dataclass(eq=False)
class AdamW(Adam):
    """AdamW: Adam whose weight decay shrinks the parameter itself and stays out of the moments.

    Formula:  θ ← θ (1 − learning_rate · weight_decay);  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;
              θ ← θ − learning_rate · (m/(1−β₁ᵗ)) / (√v/√(1−β₂ᵗ) + eps)
    Source:   Loshchilov and Hutter 2019; `torch.optim.AdamW`
    """

    kind: ClassVar[str] = "adamw"
    title: ClassVar[str] = "AdamW"

    weight_decay: float = option(
        0.01, minimum=0, maximum=1e3, help="Share of each parameter that a step of learning rate 1 takes off."
    )

    def _decay(self, name: str, param: Array, grad: Array) -> Array:
        # θ ← θ (1 − learning_rate · weight_decay); the gradient goes into the moments without it.
        param *= 1 - self.learning_rate * self.weight_decay
        return grad
